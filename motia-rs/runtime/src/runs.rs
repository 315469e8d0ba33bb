//! What every run leaves: what it was, what it did, how it ended.
//!
//! The last runs are in memory, within bounds; a task beside the handlers keeps them in the store, so that
//! they are there after a restart. Nothing that answers or settles waits for either. Above a rate, runs
//! are counted and not recorded, but for those that fail.
//!
//! # Layout
//! - [`record`]: one run; `ring`: the last of them; [`filter`]: which of them are asked for
//! - `observe`: the beginning and the end of a recorded run; [`current`]: which one is at work
//! - `keep`: the way into the store and back; [`export`]: the port to who takes them out of the program
//! - `replays`: which events were sent again; [`logs`]: the last log lines

pub mod current;
pub mod export;
pub mod filter;
pub(crate) mod keep;
pub mod logs;
pub(crate) mod observe;
pub mod record;
mod replays;
mod ring;

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

pub use export::Export;
pub use filter::RunFilter;
use jiff::Timestamp;
pub use keep::kept;
use motia_core::{
    event::EventId,
    store::{Page, Store, StoreError, Write},
    trace::TraceId,
};
use parking_lot::Mutex;
pub use record::{RunOutcome, RunRecord};
use tokio::sync::watch;

use self::{replays::Replays, ring::Ring};

/// How much of the runs is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunSettings {
    /// As many runs are kept that ended well, and as many that failed: 5,000. None: no run is recorded.
    pub count: usize,
    /// As many bytes of each, about: 16 MiB.
    pub bytes: usize,
    /// For so long: 7 days.
    pub age: Duration,
    /// As many are recorded in a second; of those beyond it only the ones that fail: 200.
    pub rate: u32,
}

impl Default for RunSettings {
    fn default() -> Self {
        let age = Duration::from_secs(7 * 24 * 60 * 60);
        Self { count: 5_000, bytes: 16 * 1024 * 1024, age, rate: 200 }
    }
}

/// The runs of an app.
#[derive(Debug)]
pub struct Runs {
    settings: RunSettings,
    kept: Mutex<Kept>,
    sampler: Sampler,
    failures: Sampler,
    changed: watch::Sender<u64>,
    export: Option<Arc<dyn Export>>,
}

/// The last runs: those that ended well cannot push out those that failed.
#[derive(Debug, Default)]
struct Kept {
    well: Ring,
    badly: Ring,
    last: u64,
    /// What the store does not know yet.
    unwritten: Vec<Arc<RunRecord>>,
    /// What the store is to forget.
    dropped: Vec<u64>,
    replays: Replays,
}

impl Kept {
    fn ring(&mut self, failed: bool) -> &mut Ring {
        if failed { &mut self.badly } else { &mut self.well }
    }
}

/// Lets so many through in each second.
#[derive(Debug, Default)]
struct Sampler(AtomicU64);

impl Sampler {
    /// The second in the upper half, what was let through in it in the lower.
    fn lets_through(&self, now: Timestamp, rate: u32) -> bool {
        let second = (now.as_second() as u64) << 32;
        let mut seen = self.0.load(Ordering::Relaxed);
        loop {
            let so_far = if seen & !u64::from(u32::MAX) == second { seen } else { second };
            if (so_far & u64::from(u32::MAX)) >= u64::from(rate) {
                return false;
            }
            let next = so_far + 1;
            match self.0.compare_exchange_weak(seen, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => seen = now,
            }
        }
    }
}

impl Runs {
    /// No runs so far.
    #[must_use]
    pub fn new(settings: RunSettings) -> Self {
        Self {
            settings,
            kept: Mutex::default(),
            sampler: Sampler::default(),
            failures: Sampler::default(),
            changed: watch::channel(0).0,
            export: None,
        }
    }

    /// The same, handed on to `export`, too.
    pub(crate) fn exported_to(self, export: Option<Arc<dyn Export>>) -> Self {
        Self { export, ..self }
    }

    /// The runs that an app left behind in its store.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn of(store: &dyn Store, now: Timestamp) -> Result<Self, StoreError> {
        let runs = Self::new(RunSettings::default());
        keep::read(&runs, store, now).await?;
        Ok(runs)
    }

    /// An event is about to be sent again with the input of a run: the runs that handle it are shown as
    /// replays. Gives the write that keeps this, for the batch that publishes the event.
    #[must_use]
    pub fn replay(&self, event: EventId, of: u64, now: Timestamp) -> Write {
        self.kept.lock().replays.add(event, of);
        replays::kept(event, of, now.checked_add(self.settings.age).ok())
    }

    /// Reads which events were sent again and may not have been handled yet.
    pub(crate) async fn recall_replays(
        &self,
        store: &dyn Store,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let known = replays::read(store, now).await?;
        let mut kept = self.kept.lock();
        known.into_iter().for_each(|(event, of)| kept.replays.add(event, of));
        Ok(())
    }

    /// When each step last began a run, of those runs that are kept.
    #[must_use]
    pub fn last_of_steps(&self) -> HashMap<String, Timestamp> {
        let mut last = HashMap::new();
        for run in self.snapshot() {
            if !last.contains_key(&*run.step) {
                last.insert(run.step.to_string(), run.started_at);
            }
        }
        last
    }

    /// How the last runs of each step of this kind ended, of those runs that are kept, the last one first:
    /// at most `most` of each.
    #[must_use]
    pub fn last_outcomes(&self, kind: &str, most: usize) -> HashMap<String, Vec<RunOutcome>> {
        let mut last: HashMap<String, Vec<RunOutcome>> = HashMap::new();
        for run in self.snapshot().iter().filter(|run| *run.kind == *kind) {
            match last.get_mut(&*run.step) {
                None => drop(last.insert(run.step.to_string(), vec![run.outcome])),
                Some(outcomes) if outcomes.len() < most => outcomes.push(run.outcome),
                Some(_) => {}
            }
        }
        last
    }

    /// Whether a run that begins now is to be recorded.
    #[must_use]
    pub fn samples(&self, now: Timestamp) -> bool {
        self.settings.count > 0 && self.sampler.lets_through(now, self.settings.rate)
    }

    /// Whether a run that failed and was not recorded is to leave at least how it ended.
    fn samples_failure(&self, now: Timestamp) -> bool {
        self.settings.count > 0 && self.failures.lets_through(now, self.settings.rate)
    }

    /// Takes in a run that ended; `sampled` is what the caller said of its trace.
    fn add(&self, mut run: RunRecord, sampled: bool, now: Timestamp) {
        let mut kept = self.kept.lock();
        // Rises by time across restarts, and is no one else's.
        let instant = u64::try_from(now.as_microsecond()).unwrap_or_default();
        kept.last = instant.max(kept.last + 1);
        run.id = kept.last;
        run.replay_of = run.replay_of.or_else(|| kept.replays.of_any(&run.events));
        let run = Arc::new(run);
        self.put(&mut kept, run.clone());
        kept.unwritten.push(run.clone());
        let last = kept.last;
        drop(kept);
        if let Some(export) = &self.export {
            export.take(&run, sampled);
        }
        self.changed.send_replace(last);
    }

    fn put(&self, kept: &mut Kept, run: Arc<RunRecord>) {
        let RunSettings { count, bytes, .. } = self.settings;
        let ring = kept.ring(run.outcome.is_failure());
        ring.push(run);
        let dropped = ring.shrink(count, bytes);
        kept.dropped.extend(dropped);
    }

    /// Takes in runs of before, in the order of their ids, ahead of those that ended since.
    fn put_before(&self, before: Vec<Arc<RunRecord>>) {
        let mut kept = self.kept.lock();
        kept.last = before.last().map_or(kept.last, |last| kept.last.max(last.id));
        let since = [std::mem::take(&mut kept.well), std::mem::take(&mut kept.badly)];
        let since = since.iter().flat_map(Ring::oldest).cloned();
        for run in before.into_iter().chain(since) {
            self.put(&mut kept, run);
        }
    }

    /// Forgets what is too old.
    pub(crate) fn expire(&self, now: Timestamp) {
        let Ok(oldest) = now.checked_sub(self.settings.age) else { return };
        let mut kept = self.kept.lock();
        let (well, badly) = (kept.well.expire(oldest), kept.badly.expire(oldest));
        kept.dropped.extend(well.into_iter().chain(badly));
    }

    /// Tells when there are new ones: the value is the last one's id.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// The runs that `filter` lets through, newest first, below the id `before`; at most `limit`.
    #[must_use]
    pub fn list(
        &self,
        filter: &RunFilter,
        before: Option<u64>,
        limit: usize,
    ) -> Page<Arc<RunRecord>> {
        let all = self.snapshot();
        let before = before.unwrap_or(u64::MAX);
        let mut found = all.into_iter().filter(|run| run.id < before && filter.passes(run));
        let items: Vec<_> = found.by_ref().take(limit).collect();
        let next = found.next().and(items.last()).map(|last| last.id.to_string());
        Page { items, next }
    }

    /// One run.
    #[must_use]
    pub fn get(&self, id: u64) -> Option<Arc<RunRecord>> {
        let kept = self.kept.lock();
        kept.well.get(id).or_else(|| kept.badly.get(id))
    }

    /// All recorded runs of one trace, in the order in which they began.
    #[must_use]
    pub fn trace(&self, trace: TraceId) -> Vec<Arc<RunRecord>> {
        let mut runs: Vec<_> =
            self.snapshot().into_iter().filter(|run| run.trace_id == trace).collect();
        runs.sort_by_key(|run| (run.started_at, run.id));
        runs
    }

    /// All of them, newest first. The lock is held for as long as pointers are copied.
    fn snapshot(&self) -> Vec<Arc<RunRecord>> {
        let kept = self.kept.lock();
        let (mut well, mut badly) = (kept.well.newest().peekable(), kept.badly.newest().peekable());
        let mut all = Vec::with_capacity(kept.well.len() + kept.badly.len());
        loop {
            let next = match (well.peek(), badly.peek()) {
                (Some(one), Some(other)) if one.id > other.id => well.next(),
                (_, Some(_)) => badly.next(),
                (_, None) => well.next(),
            };
            match next {
                Some(run) => all.push(run.clone()),
                None => return all,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{record::tests::run, *};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + second).unwrap()
    }

    fn settings(count: usize) -> RunSettings {
        RunSettings { count, rate: 3, ..RunSettings::default() }
    }

    #[test]
    fn so_many_are_recorded_in_each_second() {
        let runs = Runs::new(settings(10));

        let recorded = |second| (0..10).filter(|_| runs.samples(at(second))).count();

        assert_eq!((recorded(0), recorded(1)), (3, 3));
    }

    #[test]
    fn those_that_ended_well_do_not_push_out_those_that_failed() {
        let runs = Runs::new(settings(2));
        runs.add(run("Pay", RunOutcome::Failed), true, at(0));
        for n in 0..10 {
            runs.add(run("Ship", RunOutcome::Ok), true, at(n));
        }

        let page = runs.list(&RunFilter::default(), None, 100);

        let steps: Vec<_> = page.items.iter().map(|run| &*run.step).collect();
        assert_eq!(steps, ["Ship", "Ship", "Pay"]);
        assert_eq!(runs.kept.lock().dropped.len(), 8);
    }

    #[test]
    fn how_the_last_runs_of_each_step_ended_is_told_the_last_one_first() {
        let runs = Runs::new(settings(100));
        let outcomes = [RunOutcome::Ok, RunOutcome::Ok, RunOutcome::Failed];
        for (second, outcome) in (0..).zip(outcomes) {
            runs.add(run("Pay", outcome), true, at(second));
            runs.add(RunRecord { kind: "api".into(), ..run("Ask", outcome) }, true, at(second));
        }

        let last = runs.last_outcomes("event", 2);

        assert_eq!(last["Pay"], [RunOutcome::Failed, RunOutcome::Ok]);
        assert!(!last.contains_key("Ask"));
    }

    #[test]
    fn a_list_comes_in_pages_newest_first_and_none_twice() {
        let runs = Runs::new(settings(100));
        for n in 0..25 {
            let outcome = if n % 3 == 0 { RunOutcome::Failed } else { RunOutcome::Ok };
            runs.add(run("Pay", outcome), true, at(0));
        }

        let (mut seen, mut before) = (Vec::new(), None);
        loop {
            let page = runs.list(&RunFilter::default(), before, 10);
            seen.extend(page.items.iter().map(|run| run.id));
            match page.next {
                Some(next) => before = next.parse().ok(),
                None => break,
            }
        }

        assert_eq!(seen.len(), 25);
        assert!(seen.is_sorted_by(|newer, older| newer > older), "{seen:?}");
    }

    #[test]
    fn runs_of_before_come_ahead_of_those_that_ended_while_they_were_read() {
        let runs = Runs::new(settings(100));
        let outcomes = [RunOutcome::Ok, RunOutcome::Failed, RunOutcome::Ok];
        let before = (1..)
            .zip(outcomes)
            .map(|(id, outcome)| Arc::new(RunRecord { id, ..run("Before", outcome) }));
        runs.add(run("Since", RunOutcome::Ok), true, at(0));

        runs.put_before(before.collect());

        let page = runs.list(&RunFilter::default(), None, 100);
        let steps: Vec<_> = page.items.iter().map(|run| &*run.step).collect();
        assert_eq!(steps, ["Since", "Before", "Before", "Before"]);
        assert!(page.items.is_sorted_by(|newer, older| newer.id > older.id));
        assert!(runs.get(1).is_some() && runs.get(page.items[0].id).is_some());
    }

    #[test]
    fn what_is_too_old_is_forgotten() {
        let runs = Runs::new(settings(100));
        runs.add(run("Pay", RunOutcome::Ok), true, at(0));

        runs.expire(
            record::tests::STARTED.checked_add(Duration::from_secs(8 * 24 * 3600)).unwrap(),
        );

        assert!(runs.list(&RunFilter::default(), None, 10).items.is_empty());
    }
}
