//! What the store keeps of a cron step, so that a firing is made once, whoever else sees it fall due.
//!
//! One entry per step in the group `__motia.cron`. Every change goes through a compare-and-set of
//! that entry: who loses it reads again and finds the firing made.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use motia_core::{
    context::Engine,
    json::JsonText,
    store::{Batch, CommitError, Require, StoreError, Write},
};
use serde::{Deserialize, Serialize};

/// The state group of all cron steps.
pub(super) const GROUP: &str = "__motia.cron";

/// How long a run's lease lasts unless it is renewed: what a crash costs the other instances.
pub(super) const LEASE: Duration = Duration::from_secs(15);

/// A record of firings further ahead than this was written before the clock was set back. Clocks of
/// instances that share a store must agree better than this.
pub(super) const SET_BACK: Duration = Duration::from_secs(60);

/// What is kept of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Record {
    /// The schedule and time zone that the rest is about.
    pub(super) schedule: String,
    /// Firings up to here are made or left out for good.
    pub(super) settled: Timestamp,
    /// The last firing that was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) last_fired: Option<Timestamp>,
    /// Who runs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) lease: Option<Lease>,
}

/// The right to be the only one who runs a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Lease {
    holder: String,
    pub(super) until: Timestamp,
}

/// What came of asking for a firing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claim {
    /// It is the asker's to make.
    Ours,
    /// Another instance made it.
    Settled,
    /// Another instance runs the step.
    Held,
}

/// The entry of one step.
pub(super) struct Ledger {
    pub(super) engine: Arc<dyn Engine>,
    pub(super) step: &'static str,
    /// The schedule and time zone.
    pub(super) schedule: String,
    /// This instance, among those that share the store.
    pub(super) instance: Arc<str>,
    /// Whether runs need a lease: the step does not overlap, and others may serve from the store.
    pub(super) leased: bool,
}

impl Ledger {
    /// The instant up to which all firings are settled: from the store, or now for a step or a
    /// schedule that was not there before.
    pub(super) async fn open(&self) -> Result<Timestamp, StoreError> {
        self.change(|kept, now| match kept {
            Some(kept) if kept.schedule == self.schedule && !set_back(kept.settled, now) => {
                (None, kept.settled)
            }
            kept => {
                let mut record = self.fresh(now);
                if let Some(kept) = kept {
                    (record.last_fired, record.lease) = (kept.last_fired, kept.lease);
                }
                (Some(record), now)
            }
        })
        .await
    }

    /// Asks for the firing of `at`, or for a run of no firing.
    pub(super) async fn claim(&self, at: Option<Timestamp>) -> Result<Claim, StoreError> {
        if at.is_none() && !self.leased {
            return Ok(Claim::Ours);
        }
        self.change(|kept, now| {
            let mut record = kept.unwrap_or_else(|| self.fresh(Timestamp::UNIX_EPOCH));
            let ahead = set_back(record.settled, now);
            if at.is_some_and(|at| at <= record.settled) && !ahead {
                return (None, Claim::Settled);
            }
            if self.leased {
                if record.lease.as_ref().is_some_and(|lease| self.is_foreign(lease, now)) {
                    return (None, Claim::Held);
                }
                record.lease = Some(self.lease(now));
            }
            if let Some(at) = at {
                record.settled = at;
                record.last_fired = Some(at);
            }
            (Some(record), Claim::Ours)
        })
        .await
    }

    /// Keeps the lease for another while; `false` when another instance took it over.
    pub(super) async fn renew(&self) -> Result<bool, StoreError> {
        self.change(|kept, now| match kept {
            Some(record) if record.lease.as_ref().is_some_and(|l| l.holder == *self.instance) => {
                (Some(Record { lease: Some(self.lease(now)), ..record }), true)
            }
            _ => (None, false),
        })
        .await
    }

    /// Gives the lease back, and settles the firings up to `passed` that were left out meanwhile.
    pub(super) async fn release(&self, passed: Option<Timestamp>) -> Result<(), StoreError> {
        self.change(|kept, _| {
            let Some(was) = kept else { return (None, ()) };
            let mut record = was.clone();
            record.settled = passed.map_or(was.settled, |passed| was.settled.max(passed));
            record.lease.take_if(|lease| lease.holder == *self.instance);
            ((record != was).then_some(record), ())
        })
        .await
    }

    /// Whether another instance holds `lease`.
    pub(super) fn is_foreign(&self, lease: &Lease, now: Timestamp) -> bool {
        // A lease that lasts longer than leases do was given before the clock was set back.
        let lives = lease.until > now && lease.until <= later(now, LEASE + SET_BACK);
        lives && lease.holder != *self.instance
    }

    fn fresh(&self, settled: Timestamp) -> Record {
        Record { schedule: self.schedule.clone(), settled, last_fired: None, lease: None }
    }

    fn lease(&self, now: Timestamp) -> Lease {
        Lease { holder: self.instance.to_string(), until: later(now, LEASE) }
    }

    /// Reads, decides, and writes what was decided unless somebody else wrote meanwhile; then again.
    async fn change<T>(
        &self,
        decide: impl Fn(Option<Record>, Timestamp) -> (Option<Record>, T) + Send,
    ) -> Result<T, StoreError> {
        let store = self.engine.store();
        loop {
            let now = self.engine.now();
            let entry = store.get(GROUP, self.step, now).await?;
            let kept = entry.as_ref().and_then(|entry| self.decoded(&entry.value));
            let (record, decided) = decide(kept, now);
            let Some(record) = record else { return Ok(decided) };

            let set = Write::Set {
                group: GROUP.into(),
                key: self.step.to_owned(),
                value: JsonText::encode(&record)
                    .map_err(|error| StoreError::Io(error.to_string()))?,
                expires_at: None,
            };
            let unchanged = Require::Version {
                group: GROUP.into(),
                key: self.step.to_owned(),
                version: entry.map(|entry| entry.version),
                now,
            };
            match store.commit(Batch::of(set).requiring(unchanged)).await {
                Ok(_) => return Ok(decided),
                Err(CommitError::Conflict { .. }) => {}
                Err(CommitError::Store(error)) => return Err(error),
                Err(other) => return Err(StoreError::Io(other.to_string())),
            }
        }
    }

    fn decoded(&self, value: &JsonText) -> Option<Record> {
        let decoded = value.decode();
        if let Err(error) = &decoded {
            tracing::warn!(step = self.step, %error, "the entry in `{GROUP}` cannot be read; starting over");
        }
        decoded.ok()
    }
}

/// Whether `settled` was written before the clock was set back to `now`.
pub(super) fn set_back(settled: Timestamp, now: Timestamp) -> bool {
    settled > later(now, SET_BACK)
}

fn later(now: Timestamp, by: Duration) -> Timestamp {
    now.checked_add(by).unwrap_or(Timestamp::MAX)
}
