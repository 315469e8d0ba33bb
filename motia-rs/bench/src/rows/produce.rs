//! Many tasks that do the same thing over and over, as producers do.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use super::spawn;

/// Runs `work` over and over in so many tasks for `span`; gives how often per second.
pub(super) async fn produce<F, Fut>(producers: usize, span: Duration, work: F) -> f64
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
