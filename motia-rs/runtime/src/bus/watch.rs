//! Keeps watch over attempts that have a timeout, on a thread of its own: a handler that blocks its thread
//! cannot be ended there, and its event must not wait for it.
//!
//! The right to settle a delivery is leased to an attempt until its timeout is over. Normally the attempt
//! ends by then. If its thread does not give back control, the watch ends the attempt in the store
//! as failed and lets another worker take its place; what comes of the handler after that is refused,
//! because its token is superseded.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock, Weak},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use motia_core::{
    circuit::Verdict,
    error::StepError,
    store::{CommitError, Token},
};
use parking_lot::{Condvar, Mutex};
use tokio::runtime::Handle;

use super::{
    Queue,
    at_work::{Deliveries, Place, Taken},
    settle::{self, Ended, Fate},
};
use crate::invoke::Interrupted;

/// How long a handler has, after its timeout, to give its thread back.
const GRACE: Duration = Duration::from_secs(1);

/// The watch over an app's attempts.
pub(super) struct Watch {
    leases: Arc<Leases>,
    thread: OnceLock<()>,
    handle: Handle,
}

#[derive(Default)]
struct Leases {
    by_end: Mutex<Ends>,
    changed: Condvar,
}

#[derive(Default)]
struct Ends {
    leases: BTreeMap<(Instant, u64), Leased>,
    next: u64,
    over: bool,
}

/// What is leased to an attempt.
struct Leased {
    queue: Weak<Queue>,
    place: Place,
    deliveries: Deliveries,
    token: Token,
    number: u32,
    started_at: Timestamp,
    timeout: Duration,
}

/// An attempt's lease; dropping it gives it back.
pub(super) struct Lease {
    leases: Arc<Leases>,
    name: (Instant, u64),
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.leases.by_end.lock().leases.remove(&self.name);
    }
}

impl Watch {
    /// A watch that commits on this runtime.
    pub(super) fn new(handle: Handle) -> Self {
        Self { leases: Arc::default(), thread: OnceLock::new(), handle }
    }

    /// Leases what was taken to an attempt, if it has a timeout.
    pub(super) fn lease(
        &self,
        queue: &Queue,
        taken: &Taken,
        (token, number): (Token, u32),
        started_at: Timestamp,
    ) -> Option<Lease> {
        let timeout = queue.subscriber.event_step().options.timeout?;
        self.thread.get_or_init(|| self.begin());
        let end = Instant::now().checked_add(timeout)?.checked_add(GRACE)?;
        let leased = Leased {
            queue: queue.weak(),
            place: taken.place,
            deliveries: taken.deliveries.clone(),
            token,
            number,
            started_at,
            timeout,
        };
        let mut ends = self.leases.by_end.lock();
        let name = ends.put(end, leased);
        if ends.leases.first_key_value().is_some_and(|(first, _)| *first == name) {
            self.leases.changed.notify_one();
        }
        Some(Lease { leases: self.leases.clone(), name })
    }

    fn begin(&self) {
        let (leases, handle) = (self.leases.clone(), self.handle.clone());
        let watch = move || {
            while let Some(leased) = leases.next_to_end() {
                if let Some(leased) = leased.end(&handle) {
                    leases.by_end.lock().put(Instant::now() + GRACE, leased);
                }
            }
        };
        if let Err(error) = std::thread::Builder::new().name("motia-watch".into()).spawn(watch) {
            tracing::error!(%error, "no thread: handlers that block theirs are not given up");
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.leases.by_end.lock().over = true;
        self.leases.changed.notify_one();
    }
}

impl Leases {
    /// Waits for a lease to end; `None` when the watch is over.
    fn next_to_end(&self) -> Option<Leased> {
        let mut ends = self.by_end.lock();
        loop {
            if ends.over {
                return None;
            }
            let now = Instant::now();
            match ends.leases.first_key_value().map(|(name, _)| *name) {
                None => self.changed.wait(&mut ends),
                Some((end, _)) if end > now => drop(self.changed.wait_until(&mut ends, end)),
                Some((end, _)) if now - end > GRACE => {
                    // The whole process stood still; the handlers did not even have their grace.
                    ends.postpone(now);
                }
                Some(name) => return ends.leases.remove(&name),
            }
        }
    }
}

impl Ends {
    fn put(&mut self, end: Instant, leased: Leased) -> (Instant, u64) {
        self.next += 1;
        let name = (end, self.next);
        self.leases.insert(name, leased);
        name
    }

    fn postpone(&mut self, now: Instant) {
        let later = self.leases.split_off(&(now, 0));
        let overdue = std::mem::replace(&mut self.leases, later);
        let postponed =
            overdue.into_iter().map(|((_, name), leased)| ((now + GRACE, name), leased));
        self.leases.extend(postponed);
    }
}

impl Leased {
    /// Ends an attempt in the store, and lets another worker take its place; gives it back if it is to be
    /// tried again, as the store failed.
    fn end(self, handle: &Handle) -> Option<Self> {
        let queue = self.queue.upgrade()?;
        tracing::error!(
            step = queue.step_name(),
            attempt = self.number,
            timeout = ?self.timeout,
            "the handler blocks its thread: its event is taken away from it"
        );
        let error = StepError::retry(Interrupted::Blocked(self.timeout));
        let at = queue.shared.engine.now();
        let (number, token, started_at) = (self.number, self.token, self.started_at);
        let ended = Ended { number, token, started_at, at };
        let fates = settle::by_result(&queue, &self.deliveries, &ended, &Err(error));
        let taken_away = match self.settle(&queue, handle, &fates) {
            Ok(taken_away) => taken_away,
            Err(error) => {
                tracing::error!(%error, "an attempt that blocks its thread could not be ended");
                return Some(self);
            }
        };
        if taken_away {
            queue.take_away(self.place, &self.deliveries, Verdict::Failed);
        } else if queue.ended(self.place).is_some() {
            // It was cancelled, and blocks its thread all the same.
            queue.take_away(self.place, &self.deliveries, Verdict::SaysNothing);
        }
        None
    }

    /// Settles in one commit what is not settled yet; says whether that was any.
    fn settle(&self, queue: &Queue, handle: &Handle, fates: &[Fate]) -> Result<bool, CommitError> {
        let (store, depths) = (queue.shared.store(), &queue.shared.depths);
        let commit = depths.commit_settlement(store, settle::batch(fates, self.token));
        match (handle.block_on(commit), fates) {
            (Ok(_), _) => {
                fates.iter().for_each(|fate| fate.settled(queue));
                Ok(true)
            }
            // It ended in time after all, or was cancelled.
            (Err(CommitError::Superseded(_)), [] | [_]) => Ok(false),
            // One of them was: the others are settled one by one.
            (Err(CommitError::Superseded(_)), several) => {
                let one = |fate| self.settle(queue, handle, std::slice::from_ref(fate));
                several.iter().try_fold(false, |any, fate| Ok(one(fate)? | any))
            }
            (Err(error), _) => Err(error),
        }
    }
}
