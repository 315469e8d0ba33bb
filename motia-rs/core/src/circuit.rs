//! Circuits: one per dependency, shared by the steps and the handlers that name it.
//!
//! # Layout
//! - `all`: the circuits of an app, by name

mod all;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use jiff::Timestamp;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

pub use self::all::{Circuits, MOST};
use crate::config::CircuitBreaker;

/// The state group that circuits are kept in.
pub const KEPT_IN: &str = "__motia.circuits";

/// One dependency's circuit.
#[derive(Debug)]
pub struct Circuit {
    name: Arc<str>,
    breaker: CircuitBreaker,
    state: Mutex<CircuitState>,
    trials: AtomicU64,
}

/// Whether attempts are let through to a dependency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
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
    /// Attempts are let through, and none failed.
    pub const CLOSED: Self = Self::Closed { failures: 0 };

    /// Whether attempts are not let through.
    #[must_use]
    pub fn keeps_out(&self, now: Timestamp) -> bool {
        match self {
            Self::Closed { .. } => false,
            Self::Open { until } => *until > now,
            Self::HalfOpen | Self::Held { .. } => true,
        }
    }

    /// As it stands after a restart: a trial that was under way ended with its process.
    #[must_use]
    pub fn after_restart(self, now: Timestamp) -> Self {
        match self {
            Self::HalfOpen => Self::Open { until: now },
            state => state,
        }
    }
}

impl fmt::Display for CircuitState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed { .. } => f.write_str("closed"),
            Self::Open { until } => write!(f, "open until {until}"),
            Self::HalfOpen => f.write_str("half-open: one attempt is being tried"),
            Self::Held { by, .. } => write!(f, "held open by {by}"),
        }
    }
}

/// How an attempt went, as far as its dependency is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The dependency did its part.
    Worked,
    /// It did not.
    Failed,
    /// It was cancelled, or what was asked was at fault.
    SaysNothing,
}

/// The number of an attempt that decides over an open circuit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trial(u64);

/// How a circuit came to stand otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// By what came of an attempt; it is to be kept.
    ByAttempt,
    /// By hand; it is kept.
    ByHand,
}

impl Circuit {
    /// The dependency, with the key, where there is one: `executor:a`.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// When it opens.
    #[must_use]
    pub fn breaker(&self) -> CircuitBreaker {
        self.breaker
    }

    /// How it stands.
    #[must_use]
    pub fn state(&self) -> CircuitState {
        self.state.lock().clone()
    }

    /// Whether an attempt would be let through.
    ///
    /// # Errors
    /// How it stands, when not.
    pub fn admits(&self, now: Timestamp) -> Result<(), CircuitState> {
        let state = self.state.lock();
        if state.keeps_out(now) { Err(state.clone()) } else { Ok(()) }
    }

    /// Lets an attempt through; of an open circuit whose time is over, only one, the trial.
    ///
    /// # Errors
    /// How it stands, when it lets none through.
    pub fn enter(&self, now: Timestamp) -> Result<Option<Trial>, CircuitState> {
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

    /// Takes note of how an attempt went; says whether attempts are let through again, or no longer.
    #[must_use = "a circuit that turned is to be kept: `Circuits::turned`"]
    pub fn ended(&self, verdict: Verdict, trial: Option<Trial>, now: Timestamp) -> bool {
        let mut state = self.state.lock();
        let opened = || CircuitState::Open {
            until: now.checked_add(self.breaker.open_for).unwrap_or(Timestamp::MAX),
        };
        let (next, turned) = match (&*state, verdict) {
            (CircuitState::Closed { failures }, Verdict::Failed) => {
                let failures = failures.saturating_add(1);
                if failures < self.breaker.failures.get() {
                    (CircuitState::Closed { failures }, false)
                } else {
                    (opened(), true)
                }
            }
            (CircuitState::Closed { failures: 1.. }, Verdict::Worked) => {
                (CircuitState::CLOSED, false)
            }
            (CircuitState::HalfOpen, _) if !self.is_on_trial(trial) => return false,
            (CircuitState::HalfOpen, Verdict::Failed) => (opened(), true),
            (CircuitState::HalfOpen, Verdict::Worked) => (CircuitState::CLOSED, true),
            // Nothing was learned: the next one is the trial.
            (CircuitState::HalfOpen, Verdict::SaysNothing) => {
                (CircuitState::Open { until: now }, true)
            }
            _ => return false,
        };
        *state = next;
        turned
    }

    /// Sets how it stands; gives how it stood before.
    pub fn set(&self, state: CircuitState) -> CircuitState {
        std::mem::replace(&mut *self.state.lock(), state)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    pub(super) const BANK: CircuitBreaker =
        CircuitBreaker::new("bank").failures(2).open_for(Duration::from_secs(30));

    pub(super) fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + second).unwrap()
    }

    fn bank() -> Arc<Circuit> {
        Circuits::default().of(BANK)
    }

    pub(super) fn fail(bank: &Circuit, times: u32) {
        for _ in 0..times {
            let _ = bank.ended(Verdict::Failed, None, at(0));
        }
    }

    #[test]
    fn failures_in_a_row_open_it_and_a_success_between_them_does_not() {
        let bank = bank();
        for verdict in [Verdict::Failed, Verdict::Worked, Verdict::Failed] {
            assert!(!bank.ended(verdict, None, at(0)));
        }

        assert!(bank.ended(Verdict::Failed, None, at(0)));

        assert_eq!(bank.enter(at(29)), Err(CircuitState::Open { until: at(30) }));
    }

    #[test]
    fn one_attempt_is_tried_after_a_while_and_decides() {
        let bank = bank();
        fail(&bank, 2);

        let trial = bank.enter(at(30)).unwrap();
        assert_eq!(bank.enter(at(30)), Err(CircuitState::HalfOpen));
        assert!(bank.ended(Verdict::Failed, trial, at(31)));
        assert_eq!(bank.enter(at(60)), Err(CircuitState::Open { until: at(61) }));

        let trial = bank.enter(at(61)).unwrap();
        assert!(bank.ended(Verdict::Worked, trial, at(62)));
        assert_eq!((bank.enter(at(62)), bank.enter(at(62))), (Ok(None), Ok(None)));
    }

    #[test]
    fn a_trial_that_says_nothing_leaves_the_next_one_to_decide() {
        let bank = bank();
        fail(&bank, 2);
        let trial = bank.enter(at(30)).unwrap();

        assert!(bank.ended(Verdict::SaysNothing, trial, at(31)));

        assert!(bank.enter(at(31)).is_ok());
    }

    #[test]
    fn what_was_begun_before_it_opened_does_not_decide_for_the_trial() {
        let bank = bank();
        fail(&bank, 2);
        let trial = bank.enter(at(30)).unwrap();

        for verdict in [Verdict::Worked, Verdict::SaysNothing, Verdict::Failed] {
            assert!(!bank.ended(verdict, None, at(31)));
        }

        assert_eq!(bank.enter(at(31)), Err(CircuitState::HalfOpen));
        assert!(bank.ended(Verdict::Worked, trial, at(32)));
        assert_eq!(bank.enter(at(32)), Ok(None));
    }

    #[test]
    fn what_a_person_opened_stays_open_whatever_comes_back() {
        let bank = bank();
        let held = CircuitState::Held { by: "ana".into(), since: at(0) };
        bank.set(held.clone());

        assert!(!bank.ended(Verdict::Worked, None, at(1)));
        assert_eq!(bank.enter(at(1_000_000)), Err(held));
    }
}
