//! The way of one signal to its collector: a thread that gathers runs, sends them, and tries again.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use motia_runtime::runs::RunRecord;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::{
    client::{Answer, Client},
    figures::{Figures, Why},
    queue::{Queue, Taken},
    settings::{Settings, Target},
    translate::Translator,
};

/// After the first failure it is tried again so much later; twice that after each other one.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// It is tried again no later than this, unless the collector says so.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What a collector can be asked to wait for at most is an hour.
const LONGEST_WISH: Duration = Duration::from_secs(3600);

/// How long a collector is left alone that says for how long: `Retry-After: 0` does not make the thread ask it
/// without a pause.
fn granted(wish: Duration) -> Duration {
    wish.clamp(FIRST_PAUSE, LONGEST_WISH)
}

/// What is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// What runs were.
    Spans,
    /// What they said.
    Logs,
}

impl Signal {
    /// Its name in metrics and messages.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Spans => "spans",
            Self::Logs => "logs",
        }
    }

    /// Where a collector takes it.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Spans => "v1/traces",
            Self::Logs => "v1/logs",
        }
    }

    /// The variable that says where it goes, or that it does not.
    const fn exporter(self) -> &'static str {
        match self {
            Self::Spans => "OTEL_TRACES_EXPORTER",
            Self::Logs => "OTEL_LOGS_EXPORTER",
        }
    }
}

/// What became of a part of a batch.
enum Sent {
    /// It was taken or dropped, and counted.
    Over,
    /// It is too large.
    InHalves,
    /// The app ended first.
    Unreached,
}

/// The way of one signal.
#[derive(Debug)]
pub(crate) struct Lane {
    signal: Signal,
    queue: Queue,
    client: Client,
    delay: Duration,
    translator: Arc<Translator>,
    figures: Figures,
    /// Whether it was said that the queue is full.
    told_full: AtomicBool,
    /// Whether it was said that a run is too large.
    told_large: AtomicBool,
    /// Whether it was said that the collector takes nothing.
    told_failing: AtomicBool,
    /// Resolves when the thread has ended.
    ended: Mutex<Option<oneshot::Receiver<()>>>,
}

impl Lane {
    pub(crate) fn new(
        signal: Signal,
        target: Target,
        settings: &Settings,
        translator: Arc<Translator>,
        figures: Figures,
    ) -> Arc<Self> {
        Arc::new(Self {
            signal,
            queue: Queue::new(settings.queue, settings.batch),
            client: Client::new(target),
            delay: settings.delay,
            translator,
            figures,
            told_full: AtomicBool::new(false),
            told_large: AtomicBool::new(false),
            told_failing: AtomicBool::new(false),
            ended: Mutex::default(),
        })
    }

    /// Starts its thread.
    pub(crate) fn begin(self: &Arc<Self>) {
        let (over, ended) = oneshot::channel();
        let lane = self.clone();
        let thread = thread::Builder::new().name(format!("otlp-{}", self.signal.name()));
        let started = thread.spawn(move || {
            lane.send_all();
            // Nobody may wait for it.
            let _ = over.send(());
        });
        match started {
            Ok(_) => *self.ended.lock() = Some(ended),
            Err(error) => {
                tracing::error!(%error, "no {} are exported: there is no thread", self.signal.name());
                self.queue.close();
            }
        }
    }

    /// Lets a run wait to be sent.
    pub(crate) fn push(&self, run: &Arc<RunRecord>, sampled: bool) {
        let count = self.count(run);
        if count == 0 {
            return;
        }
        let Err(why) = self.queue.push(Taken { run: run.clone(), sampled }) else { return };
        self.figures.dropped(self.signal.name(), why, count);
        if why == Why::full && !self.told_full.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "too many runs wait to be exported as {}: more are dropped, and counted in \
                 motia_otel_dropped_total; OTEL_BSP_MAX_QUEUE_SIZE lets more wait",
                self.signal.name(),
            );
        }
    }

    /// Nothing more comes.
    pub(crate) fn close(&self) {
        self.queue.close();
    }

    /// Resolves when what waited was sent or given up, after [`close`](Self::close).
    pub(crate) async fn ended(&self) {
        let ended = self.ended.lock().take();
        if let Some(ended) = ended {
            // The thread is over, however it ended.
            let _ = ended.await;
        }
    }

    fn count(&self, run: &RunRecord) -> u64 {
        match self.signal {
            Signal::Spans => crate::translate::span::count(run),
            Signal::Logs => crate::translate::log::count(run),
        }
    }

    fn count_all(&self, batch: &[Taken]) -> u64 {
        batch.iter().map(|taken| self.count(&taken.run)).sum()
    }

    fn send_all(&self) {
        while let Some(batch) = self.queue.gather(self.delay) {
            self.send(&batch);
        }
    }

    /// Sends a batch, in halves where it is too large for the collector.
    fn send(&self, batch: &[Taken]) {
        let mut parts = vec![batch];
        while let Some(part) = parts.pop() {
            match self.send_part(part) {
                Sent::Over => {}
                Sent::InHalves => {
                    let (first, second) = part.split_at(part.len() / 2);
                    parts.extend([second, first]);
                }
                Sent::Unreached => {
                    let waiting = self.queue.clear();
                    parts.extend([part, &*waiting]);
                    return self.unreached(parts.iter().map(|part| self.count_all(part)).sum());
                }
            }
        }
    }

    /// Sends as much at once, and tries again until the collector takes or refuses it, or the app ends.
    fn send_part(&self, batch: &[Taken]) -> Sent {
        let (name, count) = (self.signal.name(), self.count_all(batch));
        let body = self.translator.request(self.signal, batch);
        let mut pause = FIRST_PAUSE;
        loop {
            let is_last = self.queue.is_closed();
            match self.client.post(&body) {
                Answer::Taken(answer) => {
                    self.taken(count, &answer);
                    return Sent::Over;
                }
                Answer::TooLarge(_) if batch.len() > 1 => return Sent::InHalves,
                Answer::TooLarge(why) => {
                    self.figures.dropped(name, Why::refused, count);
                    self.too_large(&why);
                    return Sent::Over;
                }
                Answer::Refused(why) => {
                    self.figures.dropped(name, Why::refused, count);
                    self.failing(&why);
                    return Sent::Over;
                }
                Answer::Later(why, _) if is_last => {
                    self.failing(&why);
                    return Sent::Unreached;
                }
                Answer::Later(why, after) => {
                    self.failing(&why);
                    let jittered = pause.mul_f64(rand::random_range(0.8..1.2));
                    self.queue.pause(after.map_or(jittered, granted));
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    /// Counts and says what was left when the app ended.
    fn unreached(&self, left: u64) {
        let name = self.signal.name();
        self.figures.dropped(name, Why::unreached, left);
        tracing::warn!("{left} {name} were not exported before the app ended");
    }

    fn taken(&self, count: u64, answer: &[u8]) {
        let name = self.signal.name();
        let (refused, why) = self.translator.refused(self.signal, answer);
        self.figures.exported(name, count.saturating_sub(refused));
        if refused > 0 {
            self.figures.dropped(name, Why::refused, refused);
            return self.failing(&format!("it refused {refused} of {count}: {why}"));
        }
        self.told_full.store(false, Ordering::Relaxed);
        if self.told_failing.swap(false, Ordering::Relaxed) {
            tracing::info!("{name} are taken again by {}", self.client.url());
        }
    }

    /// Says once that a run by itself is more than the collector takes.
    fn too_large(&self, why: &str) {
        if !self.told_large.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "the {} of one run are too large for {}: {why}; such runs are dropped, and counted in \
                 motia_otel_dropped_total; let the collector take larger requests",
                self.signal.name(),
                self.client.url(),
            );
        }
    }

    /// Says once that the collector takes nothing, until it does again.
    fn failing(&self, why: &str) {
        let (name, url) = (self.signal.name(), self.client.url());
        if self.told_failing.swap(true, Ordering::Relaxed) {
            tracing::debug!("{name} are still not taken by {url}: {why}");
        } else {
            let variable = self.signal.exporter();
            tracing::warn!("{name} are not taken by {url}: {why}; {variable}=none turns them off");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collector_is_left_alone_as_it_wishes_but_never_not_at_all_and_not_for_ever() {
        let seconds = [0, 7, 100_000].map(|seconds| granted(Duration::from_secs(seconds)));

        assert_eq!(seconds.map(|wait| wait.as_secs()), [1, 7, 3600]);
    }
}
