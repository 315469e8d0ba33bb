//! Events published, handled, acknowledged.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use motia_runtime::Settings;
use tokio::runtime::Runtime;

use super::{class::Class, produce::produce, publish::payload, spawn};
use crate::{
    bare::sqlite::Bare,
    rounds::Effort,
    subject::{App, Job, Tick},
    table::{Goal, Row},
};

pub(super) fn durable_64(effort: &Effort) -> anyhow::Result<Row> {
    durable(effort, "durable pipeline, 64", 64)
}

pub(super) fn durable_256(effort: &Effort) -> anyhow::Result<Row> {
    durable(effort, "durable pipeline, 256", 256)
}

/// Producers that wait for each event to be kept, workers that wait for each ack to be kept.
fn durable(effort: &Effort, name: &'static str, workers: u32) -> anyhow::Result<Row> {
    let tokio = Runtime::new()?;
    let limit = |span| {
        let folder = tempfile::tempdir()?;
        let bare = Arc::new(Bare::open(folder.path())?);
        Ok(tokio.block_on(bare_pipeline(&bare, workers as usize, span)))
    };
    let compared =
        effort.compare(|span| tokio.block_on(jobs(Class::Durable, workers, span)), limit)?;
    let how = "sqlite, WAL, synchronous=FULL, put and ack both synced, payload of 256 B encoded, \
               decoded and handled, as many producers as workers; limit: put and delete of 256 B \
               over bare SQLite group commit, with a channel between";
    Ok(Row::compared(name, compared, "jobs/s", Goal::RatioAtLeast(0.70), how))
}

/// Jobs emitted, handled and acknowledged per second by as many producers as workers.
pub(super) async fn jobs(class: Class, workers: u32, span: Duration) -> anyhow::Result<f64> {
    jobs_with(class, workers, span, Settings::default()).await
}

/// The same with settings of its own.
pub(super) async fn jobs_with(
    class: Class,
    workers: u32,
    span: Duration,
    settings: Settings,
) -> anyhow::Result<f64> {
    let folder = tempfile::tempdir()?;
    let (store, work) = (class.open(folder.path())?, |_| std::future::ready(()));
    let app = Arc::new(App::start_set(store, workers, work, settings).await?);
    let rate = pipeline(&app, workers as usize, span, |app| async move {
        app.context().emit(Job::new(1)).await.expect("there is room");
    })
    .await;
    app.runtime.shutdown().await?;
    Ok(rate)
}

/// Put, handed to a worker by a channel, deleted.
async fn bare_pipeline(bare: &Arc<Bare>, workers: usize, span: Duration) -> f64 {
    let (jobs, waiting) = tokio::sync::mpsc::unbounded_channel::<i64>();
    let waiting = Arc::new(tokio::sync::Mutex::new(waiting));
    let done = Arc::new(AtomicU64::new(0));
    let consumers: Vec<_> = (0..workers)
        .map(|_| {
            let (bare, waiting, done) = (bare.clone(), waiting.clone(), done.clone());
            spawn(async move {
                loop {
                    let job = waiting.lock().await.recv().await;
                    let Some(job) = job else { return };
                    bare.delete(job).await;
                    done.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    let began = Instant::now();
    let (bare, payload) = (bare.clone(), payload());
    produce(workers, span, move || {
        let (bare, jobs, payload) = (bare.clone(), jobs.clone(), payload.clone());
        async move {
            let _closed = jobs.send(bare.put(payload).await);
        }
    })
    .await;
    for consumer in consumers {
        drop(consumer.await);
    }
    done.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64()
}

/// Producers that wait for nothing but memory.
pub(super) fn volatile(effort: &Effort) -> anyhow::Result<Row> {
    let tokio = Runtime::new()?;
    let ours = |span| {
        tokio.block_on(async {
            let folder = tempfile::tempdir()?;
            let app = Arc::new(App::start(Class::Volatile.open(folder.path())?, 16).await?);
            let rate = pipeline(&app, 8, span, |app| async move {
                app.context().emit(Tick { n: 1 }).await.expect("memory is there");
            })
            .await;
            app.runtime.shutdown().await?;
            Ok(rate)
        })
    };
    let how = "memory, nothing synced, payload of 7 B, 8 producers, 16 workers";
    let goal = Goal::AtLeast(1_000_000.0);
    Ok(Row::alone("volatile pipeline", effort.alone(ours)?, "events/s", goal, how))
}

/// Events handled per second, from the first emit until the last is handled.
async fn pipeline<F, Fut>(app: &Arc<App>, producers: usize, span: Duration, emit: F) -> f64
where
    F: Fn(Arc<App>) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let emitted = Arc::new(AtomicU64::new(0));
    let began = Instant::now();
    let (shared, count) = (app.clone(), emitted.clone());
    produce(producers, span, move || {
        let (app, count, emit) = (shared.clone(), count.clone(), emit.clone());
        async move {
            let ahead = count.fetch_add(1, Ordering::Relaxed);
            emit(app.clone()).await;
            // A backlog would measure the window, not the pipe.
            while ahead > app.handled() + 50_000 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    })
    .await;
    let emitted = emitted.load(Ordering::Relaxed);
    app.caught_up(emitted).await;
    emitted as f64 / began.elapsed().as_secs_f64()
}
