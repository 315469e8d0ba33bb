//! How the executors fare: what each runs now, whether it is well, how its last calls went. In memory:
//! a restart begins anew.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use motia::prelude::*;
use parking_lot::Mutex;

/// How many minutes back recent calls are counted.
const MINUTES: usize = 5;

/// How the executors and the definitions of an app fare.
#[derive(Debug, Default)]
pub struct Fleet {
    members: Mutex<HashMap<String, Member>>,
    tasks: Mutex<BTreeMap<String, Recent>>,
}

/// How one executor fares.
#[derive(Debug, Clone, Default)]
pub struct Member {
    /// Tasks that it runs now.
    pub running: u32,
    /// Tasks that it was given since the start.
    pub served: u64,
    /// What its last health check showed; none: there was none yet.
    pub health: Option<Health>,
    /// How its calls went of late.
    pub recent: Recent,
}

/// What a health check showed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// Whether it is well.
    pub healthy: bool,
    /// What is wrong, if it is not.
    pub detail: Option<String>,
    /// When it was looked at.
    pub checked_at: Timestamp,
}

/// Calls of the last minutes.
#[derive(Debug, Clone, Default)]
pub struct Recent([Minute; MINUTES]);

#[derive(Debug, Clone, Copy, Default)]
struct Minute {
    number: i64,
    succeeded: u64,
    failed: u64,
}

/// How calls went of late.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rates {
    /// Calls that worked out in the last five minutes.
    pub succeeded: u64,
    /// Calls that failed.
    pub failed: u64,
    /// The share that failed, from 0 to 1.
    pub error_rate: f64,
}

impl Recent {
    fn note(&mut self, succeeded: bool, now: Timestamp) {
        let number = now.as_second().div_euclid(60);
        let place = usize::try_from(number.rem_euclid(MINUTES as i64)).unwrap_or_default();
        let minute = &mut self.0[place];
        if minute.number != number {
            *minute = Minute { number, ..Minute::default() };
        }
        *(if succeeded { &mut minute.succeeded } else { &mut minute.failed }) += 1;
    }

    /// How calls went in the last minutes.
    #[must_use]
    pub fn rates(&self, now: Timestamp) -> Rates {
        let since = now.as_second().div_euclid(60) - MINUTES as i64;
        let counted = self.0.iter().filter(|minute| minute.number > since);
        let (succeeded, failed) = counted.fold((0, 0), |(succeeded, failed), minute| {
            (succeeded + minute.succeeded, failed + minute.failed)
        });
        let all = succeeded + failed;
        #[expect(clippy::cast_precision_loss, reason = "a share needs no more digits")]
        let error_rate = if all == 0 { 0.0 } else { failed as f64 / all as f64 };
        Rates { succeeded, failed, error_rate }
    }
}

/// A place at an executor, given back when it is dropped.
#[derive(Debug)]
pub struct Seat {
    fleet: Arc<Fleet>,
    executor: String,
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(member) = self.fleet.members.lock().get_mut(&self.executor) {
            member.running = member.running.saturating_sub(1);
        }
    }
}

impl Fleet {
    /// How an executor fares.
    #[must_use]
    pub fn member(&self, executor: &str) -> Member {
        self.members.lock().get(executor).cloned().unwrap_or_default()
    }

    /// Takes a place at an executor, if it runs less than `most`.
    #[must_use]
    pub fn seat(self: &Arc<Self>, executor: &str, most: u32) -> Option<Seat> {
        let mut members = self.members.lock();
        let member = members.entry(executor.to_owned()).or_default();
        if member.running >= most {
            return None;
        }
        member.running += 1;
        member.served += 1;
        Some(Seat { fleet: self.clone(), executor: executor.to_owned() })
    }

    /// Takes note of how a call went.
    pub fn note(&self, executor: &str, definition: &str, succeeded: bool, now: Timestamp) {
        let mut members = self.members.lock();
        members.entry(executor.to_owned()).or_default().recent.note(succeeded, now);
        drop(members);
        self.tasks.lock().entry(definition.to_owned()).or_default().note(succeeded, now);
    }

    /// Takes note of what a health check showed.
    pub fn checked(&self, executor: &str, health: Health) {
        self.members.lock().entry(executor.to_owned()).or_default().health = Some(health);
    }

    /// Forgets all executors but these, and those that run something still.
    pub fn keep_only<'e>(&self, executors: impl Iterator<Item = &'e str>) {
        let known: HashSet<_> = executors.collect();
        let mut members = self.members.lock();
        members.retain(|id, member| member.running > 0 || known.contains(id.as_str()));
    }

    /// Forgets how an executor that is registered anew was before; what it runs, it runs on.
    pub fn renewed(&self, executor: &str) {
        if let Some(member) = self.members.lock().get_mut(executor) {
            (member.health, member.recent) = (None, Recent::default());
        }
    }

    /// How the tasks of each definition went in the last minutes, where there were any.
    #[must_use]
    pub fn task_rates(&self, now: Timestamp) -> BTreeMap<String, Rates> {
        let mut tasks = self.tasks.lock();
        let rates = |recent: &Recent| recent.rates(now);
        tasks.retain(|_, recent| rates(recent).succeeded + rates(recent).failed > 0);
        tasks.iter().map(|(key, recent)| (key.clone(), rates(recent))).collect()
    }

    /// Tasks that run now, at all executors.
    #[must_use]
    pub fn running(&self) -> u32 {
        self.members.lock().values().map(|member| member.running).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_second(60_000 + secs).unwrap()
    }

    #[test]
    fn an_executor_has_so_many_seats_and_a_seat_that_is_left_is_free() {
        let fleet = Arc::new(Fleet::default());
        let first = fleet.seat("gpu", 2).unwrap();
        let _second = fleet.seat("gpu", 2).unwrap();
        assert!(fleet.seat("gpu", 2).is_none());

        drop(first);

        assert_eq!(fleet.member("gpu").running, 1);
        assert!(fleet.seat("gpu", 2).is_some());
    }

    #[test]
    fn who_is_gone_is_forgotten_when_it_runs_nothing_more() {
        let fleet = Arc::new(Fleet::default());
        let seat = fleet.seat("gone", 2).unwrap();
        drop(fleet.seat("here", 2).unwrap());

        fleet.keep_only(["here"].into_iter());
        assert_eq!((fleet.member("gone").served, fleet.member("here").served), (1, 1));
        drop(seat);
        fleet.keep_only(["here"].into_iter());

        assert_eq!((fleet.member("gone").served, fleet.member("here").served), (0, 1));
    }

    #[test]
    fn error_rates_are_those_of_the_last_minutes() {
        let fleet = Fleet::default();
        fleet.note("gpu", "summarize/1.0.0", false, at(0));
        fleet.note("gpu", "summarize/1.0.0", true, at(70));

        let rates = fleet.member("gpu").recent.rates(at(80));
        assert_eq!((rates.succeeded, rates.failed), (1, 1));
        assert!((rates.error_rate - 0.5).abs() < f64::EPSILON);

        assert_eq!(fleet.member("gpu").recent.rates(at(310)).failed, 0);
        assert!(fleet.task_rates(at(900)).is_empty());
    }
}
