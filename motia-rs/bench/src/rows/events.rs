//! Events: published, handled, acknowledged.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use motia_store::{MemoryStore, SqliteOptions, SqliteStore};
use tokio::runtime::Runtime;

use super::spawn;
use crate::{
    bare::sqlite::Bare,
    rounds::Effort,
    subject::{App, Job, Tick},
    table::{Goal, Row},
};

const BODY: &[u8] = &[b'x'; 256];

/// 64 producers that wait for each event to be kept.
pub(crate) fn durable_publish(effort: &Effort) -> anyhow::Result<Row> {
    let tokio = Runtime::new()?;
    let ours = |span| {
        let folder = tempfile::tempdir()?;
        tokio.block_on(async {
            let store = Arc::new(SqliteStore::open(folder.path(), SqliteOptions::default())?);
            // Nobody hears of it but the store: this row is about keeping.
            let queue = motia_core::store::Store::queues(&*store, &["Nobody"]).await?[0];
            let publish = move || {
                let store = store.clone();
                async move { publish(&*store, queue).await }
            };
            Ok(produce(64, span, publish).await)
        })
    };
    let limit = |span| {
        let folder = tempfile::tempdir()?;
        let bare = Arc::new(Bare::open(folder.path())?);
        let put = move || {
            let bare = bare.clone();
            async move {
                bare.put(BODY).await;
            }
        };
        Ok(tokio.block_on(produce(64, span, put)))
    };
    let compared = effort.compare(ours, limit)?;
    let goal = Goal::RatioAtLeast(0.80);
    Ok(Row {
        name: "durable publish",
        ours: compared.ours,
        limit: Some(compared.limit),
        unit: "events/s",
        ratio: Some(compared.ratio),
        goal,
        met: goal.is_met(compared.ours, Some(compared.ratio)),
        how: "sqlite, WAL, synchronous=FULL, 256 B, 64 producers; limit: bare SQLite group commit",
    })
}

async fn publish(store: &dyn motia_core::store::Store, queue: motia_core::store::QueueId) {
    use motia_core::{
        event::{Event, EventId},
        json::JsonText,
        store::{Batch, Write},
        trace::TraceContext,
    };
    let emitted_at = motia_core::clock::Clock::now(&motia_runtime::clock::SystemClock);
    let event = Event {
        id: EventId::new(emitted_at),
        topic: "bench.job".into(),
        payload: JsonText::encode(&Job::new(1)).expect("a job serialises"),
        trace: TraceContext::root(),
        emitted_at,
    };
    let publish = Write::Publish { event: Arc::new(event), queues: [queue].into(), due: None };
    store.commit(Batch::of(publish)).await.expect("the disk is there");
}

pub(crate) fn durable_pipeline_64(effort: &Effort) -> anyhow::Result<Row> {
    durable_pipeline(effort, "durable pipeline, 64", 64)
}

pub(crate) fn durable_pipeline_256(effort: &Effort) -> anyhow::Result<Row> {
    durable_pipeline(effort, "durable pipeline, 256", 256)
}

/// Producers that wait for each event to be kept, workers that wait for each ack to be kept.
fn durable_pipeline(effort: &Effort, name: &'static str, workers: u32) -> anyhow::Result<Row> {
    let tokio = Runtime::new()?;
    let producers = workers as usize;
    let ours = |span| {
        let folder = tempfile::tempdir()?;
        tokio.block_on(async {
            let store = Arc::new(SqliteStore::open(folder.path(), SqliteOptions::default())?);
            let app = Arc::new(App::start(store, workers).await?);
            let rate = pipeline(&app, producers, span, |app| async move {
                app.context().emit(Job::new(1)).await.expect("the disk is there");
            })
            .await;
            app.runtime.shutdown().await?;
            Ok(rate)
        })
    };
    let limit = |span| {
        let folder = tempfile::tempdir()?;
        let bare = Arc::new(Bare::open(folder.path())?);
        Ok(tokio.block_on(bare_pipeline(&bare, producers, span)))
    };
    let compared = effort.compare(ours, limit)?;
    let goal = Goal::RatioAtLeast(0.70);
    Ok(Row {
        name,
        ours: compared.ours,
        limit: Some(compared.limit),
        unit: "jobs/s",
        ratio: Some(compared.ratio),
        goal,
        met: goal.is_met(compared.ours, Some(compared.ratio)),
        how: "sqlite, put and ack both synced, 256 B, as many producers as workers; \
              limit: the same pipe over bare SQLite",
    })
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
    let bare = bare.clone();
    produce(workers, span, move || {
        let (bare, jobs) = (bare.clone(), jobs.clone());
        async move {
            let _closed = jobs.send(bare.put(BODY).await);
        }
    })
    .await;
    for consumer in consumers {
        drop(consumer.await);
    }
    done.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64()
}

/// Producers that wait for nothing but memory.
pub(crate) fn volatile_pipeline(effort: &Effort) -> anyhow::Result<Row> {
    let tokio = Runtime::new()?;
    let ours = |span| {
        tokio.block_on(async {
            let app = Arc::new(App::start(Arc::new(MemoryStore::new()), 16).await?);
            let rate = pipeline(&app, 8, span, |app| async move {
                app.context().emit(Tick { n: 1 }).await.expect("memory is there");
            })
            .await;
            app.runtime.shutdown().await?;
            Ok(rate)
        })
    };
    let ours = effort.alone(ours)?;
    let goal = Goal::AtLeast(1_000_000.0);
    Ok(Row {
        name: "volatile pipeline",
        ours,
        limit: None,
        unit: "events/s",
        ratio: None,
        goal,
        met: goal.is_met(ours, None),
        how: "memory, 8 producers, 16 workers, small payload",
    })
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

/// Runs `work` over and over in so many tasks for `span`; gives how often per second.
async fn produce<F, Fut>(producers: usize, span: Duration, work: F) -> f64
where
    F: Fn() -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let stop = Arc::new(AtomicBool::new(false));
    let began = Instant::now();
    let tasks: Vec<_> = (0..producers)
        .map(|_| {
            let (stop, work) = (stop.clone(), work.clone());
            spawn(async move {
                let mut done = 0_u64;
                while !stop.load(Ordering::Relaxed) {
                    work().await;
                    done += 1;
                    if done.is_multiple_of(32) {
                        tokio::task::yield_now().await;
                    }
                }
                done
            })
        })
        .collect();
    tokio::time::sleep(span).await;
    stop.store(true, Ordering::Relaxed);
    let mut done = 0;
    for task in tasks {
        done += task.await.unwrap_or_default();
    }
    done as f64 / began.elapsed().as_secs_f64()
}
