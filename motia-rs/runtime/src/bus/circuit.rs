//! Circuits: one per dependency, shared by the queues of all steps that name it.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, OnceLock, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use jiff::Timestamp;
use motia_core::config::CircuitBreaker;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::Queue;

/// One dependency's circuit.
pub struct Circuit {
    breaker: CircuitBreaker,
    state: Mutex<CircuitState>,
    trials: AtomicU64,
    users: OnceLock<Vec<Weak<Queue>>>,
}

/// Whether attempts are let through to a dependency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "state")]
pub enum CircuitState {
    /// They are.
    Closed {
        /// Failures since the last success.
        failures: u32,
    },
    /// They are not, until one is tried.
    Open {
        /// When one is tried.
        until: Timestamp,
    },
    /// One is being tried.
    HalfOpen,
    /// They are not, because somebody said so, until somebody resets it.
    Held {
        /// Who.
        by: String,
        /// When.
        since: Timestamp,
    },
}

impl CircuitState {
    /// Whether attempts are not let through.
    pub(super) fn keeps_out(&self, now: Timestamp) -> bool {
        match self {
            Self::Closed { .. } => false,
            Self::Open { until } => *until > now,
            Self::HalfOpen | Self::Held { .. } => true,
        }
    }
}

/// A circuit as people are shown it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CircuitInfo {
    /// The dependency.
    pub name: &'static str,
    /// How it stands.
    #[serde(flatten)]
    pub state: CircuitState,
    /// Failures in a row that open it.
    pub opens_after: u32,
    /// The steps that need it.
    pub steps: Vec<&'static str>,
}

/// How an attempt went, as far as its dependency is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Worked,
    Failed,
    /// It was cancelled, or the event was at fault.
    SaysNothing,
}

/// The number of an attempt that decides over an open circuit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Trial(u64);

/// All circuits of an app, by name.
#[derive(Default)]
pub(super) struct Circuits(pub(super) BTreeMap<&'static str, Arc<Circuit>>);

impl Circuits {
    /// The circuit that a breaker names; the first that names it says how it behaves.
    pub(super) fn of(&mut self, breaker: CircuitBreaker) -> Arc<Circuit> {
        let circuit = || {
            let state = Mutex::new(CircuitState::Closed { failures: 0 });
            Arc::new(Circuit { breaker, state, trials: AtomicU64::new(0), users: OnceLock::new() })
        };
        self.0.entry(breaker.name).or_insert_with(circuit).clone()
    }
}

impl Circuit {
    pub(super) fn name(&self) -> &'static str {
        self.breaker.name
    }

    pub(super) fn serve(&self, users: Vec<Weak<Queue>>) {
        let _ = self.users.set(users);
    }

    /// Whether an attempt would be let through; otherwise how it stands.
    pub(super) fn admits(&self, now: Timestamp) -> Result<(), CircuitState> {
        let state = self.state.lock();
        if state.keeps_out(now) { Err(state.clone()) } else { Ok(()) }
    }

    /// Lets an attempt through; of an open circuit whose time is over, only one, the trial.
    pub(super) fn enter(&self, now: Timestamp) -> Result<Option<Trial>, CircuitState> {
        let mut state = self.state.lock();
        match &*state {
            CircuitState::Closed { .. } => Ok(None),
            CircuitState::Open { until } if *until <= now => {
                *state = CircuitState::HalfOpen;
                Ok(Some(Trial(self.trials.fetch_add(1, Ordering::Relaxed) + 1)))
            }
            closed => Err(closed.clone()),
        }
    }

    /// Whether an attempt is the trial that is under way. Those that began before the circuit opened
    /// decide nothing.
    fn is_on_trial(&self, trial: Option<Trial>) -> bool {
        trial == Some(Trial(self.trials.load(Ordering::Relaxed)))
    }

    /// Takes note of how an attempt went; gives the new state if attempts are let through again, or
    /// no longer.
    pub(super) fn ended(
        &self,
        verdict: Verdict,
        trial: Option<Trial>,
        now: Timestamp,
    ) -> Option<CircuitState> {
        let mut state = self.state.lock();
        let opened = || CircuitState::Open {
            until: now.checked_add(self.breaker.open_for).unwrap_or(Timestamp::MAX),
        };
        let next = match (&*state, verdict) {
            (CircuitState::Closed { failures }, Verdict::Failed) => {
                if failures + 1 < self.breaker.failures.get() {
                    *state = CircuitState::Closed { failures: failures + 1 };
                    return None;
                }
                opened()
            }
            (CircuitState::Closed { failures: 1.. }, Verdict::Worked) => {
                *state = CircuitState::Closed { failures: 0 };
                return None;
            }
            (CircuitState::HalfOpen, _) if !self.is_on_trial(trial) => return None,
            (CircuitState::HalfOpen, Verdict::Failed) => opened(),
            (CircuitState::HalfOpen, Verdict::Worked) => CircuitState::Closed { failures: 0 },
            // Nothing was learned: the next one is the trial.
            (CircuitState::HalfOpen, Verdict::SaysNothing) => CircuitState::Open { until: now },
            _ => return None,
        };
        *state = next.clone();
        Some(next)
    }

    /// Sets how it stands; gives how it stood before.
    pub(super) fn set(&self, state: CircuitState) -> CircuitState {
        std::mem::replace(&mut *self.state.lock(), state)
    }

    pub(super) fn state(&self) -> CircuitState {
        self.state.lock().clone()
    }

    pub(super) fn info(&self) -> CircuitInfo {
        let mut steps: Vec<_> = self.users().map(|queue| queue.step_name()).collect();
        steps.sort_unstable();
        CircuitInfo {
            name: self.name(),
            state: self.state(),
            opens_after: self.breaker.failures.get(),
            steps,
        }
    }

    /// Has its queues look again.
    pub(super) fn poke(&self) {
        self.users().for_each(|queue| queue.poke());
    }

    fn users(&self) -> impl Iterator<Item = Arc<Queue>> + '_ {
        self.users.get().into_iter().flatten().filter_map(Weak::upgrade)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const BANK: CircuitBreaker =
        CircuitBreaker::new("bank").failures(2).open_for(Duration::from_secs(30));

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + second).unwrap()
    }

    fn bank() -> Arc<Circuit> {
        Circuits::default().of(BANK)
    }

    #[test]
    fn failures_in_a_row_open_it_and_a_success_between_them_does_not() {
        let bank = bank();
        for verdict in [Verdict::Failed, Verdict::Worked, Verdict::Failed] {
            assert_eq!(bank.ended(verdict, None, at(0)), None);
        }

        assert!(matches!(
            bank.ended(Verdict::Failed, None, at(0)),
            Some(CircuitState::Open { .. })
        ));
        assert_eq!(bank.enter(at(29)), Err(CircuitState::Open { until: at(30) }));
    }

    #[test]
    fn one_attempt_is_tried_after_a_while_and_decides() {
        let bank = bank();
        bank.ended(Verdict::Failed, None, at(0));
        bank.ended(Verdict::Failed, None, at(0));

        let trial = bank.enter(at(30)).unwrap();
        assert_eq!(bank.enter(at(30)), Err(CircuitState::HalfOpen));
        bank.ended(Verdict::Failed, trial, at(31));
        assert_eq!(bank.enter(at(60)), Err(CircuitState::Open { until: at(61) }));

        let trial = bank.enter(at(61)).unwrap();
        bank.ended(Verdict::Worked, trial, at(62));
        assert_eq!((bank.enter(at(62)), bank.enter(at(62))), (Ok(None), Ok(None)));
    }

    #[test]
    fn a_trial_that_says_nothing_leaves_the_next_one_to_decide() {
        let bank = bank();
        bank.ended(Verdict::Failed, None, at(0));
        bank.ended(Verdict::Failed, None, at(0));
        let trial = bank.enter(at(30)).unwrap();

        bank.ended(Verdict::SaysNothing, trial, at(31));

        assert!(bank.enter(at(31)).is_ok());
    }

    #[test]
    fn what_was_begun_before_it_opened_does_not_decide_for_the_trial() {
        let bank = bank();
        bank.ended(Verdict::Failed, None, at(0));
        bank.ended(Verdict::Failed, None, at(0));
        let trial = bank.enter(at(30)).unwrap();

        for verdict in [Verdict::Worked, Verdict::SaysNothing, Verdict::Failed] {
            assert_eq!(bank.ended(verdict, None, at(31)), None);
        }

        assert_eq!(bank.enter(at(31)), Err(CircuitState::HalfOpen));
        bank.ended(Verdict::Worked, trial, at(32));
        assert_eq!(bank.enter(at(32)), Ok(None));
    }

    #[test]
    fn what_a_person_opened_stays_open_whatever_comes_back() {
        let bank = bank();
        let held = CircuitState::Held { by: "ana".into(), since: at(0) };
        bank.set(held.clone());

        assert_eq!(bank.ended(Verdict::Worked, None, at(1)), None);
        assert_eq!(bank.enter(at(1_000_000)), Err(held));
    }
}
