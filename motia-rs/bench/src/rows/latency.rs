//! From the emit until the handler starts, under a load that does not wait for answers.
//!
//! The generator is an open loop: each emit has its instant, set beforehand, and latency counts from
//! that instant, whether or not the generator or the app was late. So a stall is seen by all events
//! that fell into it, and not by one (which is known as coordinated omission).

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::runtime::Runtime;

use super::{class::Class, pipeline};
use crate::{
    rounds::{Effort, millis},
    subject::{App, Job},
    table::{Goal, Row},
};

const WORKERS: u32 = 64;

/// Parts of the capacity, in percent.
const LOADS: [u32; 3] = [10, 50, 90];

/// Two rows for each class and load.
pub(super) fn emit_to_start(effort: &Effort) -> anyhow::Result<Vec<Row>> {
    let tokio = Runtime::new()?;
    let mut rows = Vec::new();
    for class in Class::ALL {
        let capacity = |span| tokio.block_on(pipeline::jobs(class, WORKERS, span));
        let capacity = effort.alone(capacity)?;
        for percent in LOADS {
            let per_second = capacity * f64::from(percent) / 100.0;
            let at = tokio.block_on(latencies(class, per_second, effort.span))?;
            for (name, part) in [("p50", 0.50), ("p99", 0.99)] {
                let budget = (name, percent) == ("p50", 50);
                let goal = if budget { Goal::AtMost(1.0) } else { Goal::Open };
                let how = format!(
                    "{}; payload of 256 B, open loop at {per_second:.0} emits/s, {percent} % of the \
                     {capacity:.0}/s that {WORKERS} producers and workers reach",
                    class.how()
                );
                let row = format!("emit to start, {}, {percent} %, {name}", class.name());
                rows.push(Row::alone(row, millis(&at, part), "ms", goal, how));
            }
        }
    }
    Ok(rows)
}

/// The latency of each event in nanoseconds, sorted.
async fn latencies(class: Class, per_second: f64, span: Duration) -> anyhow::Result<Vec<u64>> {
    let interval = Duration::from_secs_f64(1.0 / per_second);
    let events = (span.as_secs_f64() * per_second) as usize;
    let began = Instant::now();
    let started: Arc<[AtomicU64]> = (0..events).map(|_| AtomicU64::new(0)).collect();

    let folder = tempfile::tempdir()?;
    let starts = started.clone();
    let note = move |job: Job| {
        starts[job.n as usize].store(began.elapsed().as_nanos() as u64, Ordering::Relaxed);
        std::future::ready(())
    };
    let app = Arc::new(App::start_with(class.open(folder.path())?, WORKERS, note).await?);

    let first = began.elapsed();
    let generator = {
        let app = app.clone();
        std::thread::spawn(move || generate(&app, began + first, interval, events))
    };
    app.caught_up(events as u64).await;
    generator.join().expect("the generator does not panic");
    app.runtime.shutdown().await?;

    let latency = |(n, at): (usize, &AtomicU64)| {
        let planned = first + interval.mul_f64(n as f64);
        at.load(Ordering::Relaxed).saturating_sub(planned.as_nanos() as u64)
    };
    let mut latencies: Vec<_> = started.iter().enumerate().map(latency).collect();
    latencies.sort_unstable();
    Ok(latencies)
}

/// Emits each event at its instant, or at once if that is over, and waits for none.
fn generate(app: &App, first: Instant, interval: Duration, events: usize) {
    let context = app.context();
    let mut job = Job::new(0);
    for n in 0..events {
        if let Some(early) =
            (first + interval.mul_f64(n as f64)).checked_duration_since(Instant::now())
        {
            std::thread::sleep(early);
        }
        job.n = n as u64;
        // What is begun goes on without anyone who waits for it.
        drop(context.emit(job.clone()).into_future());
    }
}
