//! The circuits of an app, by name: as many as are named, and of those that keys make, as many as matter.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, OnceLock, atomic::AtomicU64},
};

use parking_lot::{Mutex, RwLock};

use super::{Circuit, CircuitState, Turn};
use crate::config::CircuitBreaker;

/// As many circuits are remembered, when keys make them; beyond it, those are forgotten through which
/// nothing failed since the last success: 10,000. Where that is not enough, the failures of those that are
/// closed are forgotten too; one that is open is not.
pub const MOST: usize = 10_000;

/// After it was looked through for what may be forgotten, so many more are let in.
const UNTIL_NEXT_LOOK: usize = MOST / 10;

type Listener = Box<dyn Fn(&Arc<Circuit>, Turn) + Send + Sync>;

/// All circuits of an app.
#[derive(Default)]
pub struct Circuits {
    known: RwLock<Known>,
    remembered: Mutex<BTreeMap<String, CircuitState>>,
    listener: OnceLock<Listener>,
}

/// Circuits by name.
#[derive(Default)]
struct Known {
    by_name: BTreeMap<Arc<str>, Arc<Circuit>>,
    /// With so many, it is looked for what may be forgotten.
    full_at: usize,
}

impl Known {
    /// Forgets what may be forgotten, if there are too many; not with every one that comes, for it looks at
    /// all of them.
    fn make_room(&mut self) {
        if self.by_name.len() < self.full_at.max(MOST) {
            return;
        }
        // One that somebody holds may be in use.
        self.by_name.retain(|_, circuit| {
            Arc::strong_count(circuit) > 1 || circuit.state() != CircuitState::CLOSED
        });
        if self.by_name.len() >= MOST {
            self.by_name.retain(|_, circuit| {
                let is_closed = matches!(circuit.state(), CircuitState::Closed { .. });
                Arc::strong_count(circuit) > 1 || !is_closed
            });
        }
        self.full_at = self.by_name.len() + UNTIL_NEXT_LOOK;
    }
}

impl Circuits {
    /// The circuit that a breaker names; the first that names it says how it behaves.
    pub fn of(&self, breaker: CircuitBreaker) -> Arc<Circuit> {
        self.named(breaker.name, breaker)
    }

    /// The circuit of one of the dependencies that a breaker stands for.
    pub fn of_key(&self, breaker: CircuitBreaker, key: &str) -> Arc<Circuit> {
        self.named(&format!("{}:{key}", breaker.name), breaker)
    }

    fn named(&self, name: &str, breaker: CircuitBreaker) -> Arc<Circuit> {
        if let Some(known) = self.known.read().by_name.get(name) {
            return known.clone();
        }
        let mut known = self.known.write();
        known.make_room();
        let name = Arc::<str>::from(name);
        let remembered = || self.remembered.lock().remove(&*name);
        let circuit = || {
            let state = Mutex::new(remembered().unwrap_or(CircuitState::CLOSED));
            Arc::new(Circuit { name: name.clone(), breaker, state, trials: AtomicU64::new(0) })
        };
        known.by_name.entry(name.clone()).or_insert_with(circuit).clone()
    }

    /// The circuit of this name, if anybody asked for it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Arc<Circuit>> {
        self.known.read().by_name.get(name).cloned()
    }

    /// All that anybody asked for, by name.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Circuit>> {
        self.known.read().by_name.values().cloned().collect()
    }

    /// Learns how a circuit stood when it was kept; one that nobody asked for yet stands so then.
    pub fn remember(&self, name: String, state: CircuitState) {
        match self.get(&name) {
            Some(circuit) => drop(circuit.set(state)),
            None => drop(self.remembered.lock().insert(name, state)),
        }
    }

    /// Has `listener` told when a circuit stands otherwise. There is one; later ones are not told.
    pub fn listen(&self, listener: impl Fn(&Arc<Circuit>, Turn) + Send + Sync + 'static) {
        let _ = self.listener.set(Box::new(listener));
    }

    /// Tells that a circuit stands otherwise.
    pub fn turned(&self, circuit: &Arc<Circuit>, turn: Turn) {
        if let Some(listener) = self.listener.get() {
            listener(circuit, turn);
        }
    }
}

impl fmt::Debug for Circuits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.all()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{BANK, at, fail},
        *,
    };

    #[test]
    fn each_key_has_a_circuit_of_its_own_and_stands_as_it_was_kept() {
        let circuits = Circuits::default();
        circuits.remember("bank:b".into(), CircuitState::Open { until: at(9) });

        fail(&circuits.of_key(BANK, "a"), 2);

        assert!(circuits.of_key(BANK, "a").admits(at(0)).is_err());
        assert!(circuits.of_key(BANK, "b").admits(at(0)).is_err());
        assert!(circuits.of_key(BANK, "c").admits(at(0)).is_ok());
        assert!(circuits.of(BANK).admits(at(0)).is_ok());
    }

    #[test]
    fn keys_that_never_fail_do_not_fill_the_memory_and_those_that_failed_are_not_forgotten() {
        let circuits = Circuits::default();
        fail(&circuits.of_key(BANK, "failing"), 1);

        for key in 0..2 * MOST {
            circuits.of_key(BANK, &key.to_string());
        }

        assert!(circuits.all().len() <= MOST);
        assert_eq!(
            circuits.get("bank:failing").unwrap().state(),
            CircuitState::Closed { failures: 1 }
        );
    }

    #[test]
    fn keys_that_failed_once_do_not_fill_the_memory_either_and_open_ones_stay() {
        let circuits = Circuits::default();
        fail(&circuits.of_key(BANK, "open"), 2);

        for key in 0..3 * MOST {
            fail(&circuits.of_key(BANK, &key.to_string()), 1);
            assert!(circuits.known.read().by_name.len() <= MOST + UNTIL_NEXT_LOOK);
        }

        assert!(circuits.get("bank:open").is_some_and(|open| open.admits(at(0)).is_err()));
    }

    #[test]
    fn it_is_not_looked_through_with_each_circuit_that_comes() {
        let circuits = Circuits::default();
        let open: Vec<_> = (0..MOST).map(|key| circuits.of_key(BANK, &key.to_string())).collect();

        circuits.of_key(BANK, "one more");
        let full_at = circuits.known.read().full_at;
        circuits.of_key(BANK, "and another");

        assert_eq!((open.len(), full_at), (MOST, MOST + UNTIL_NEXT_LOOK));
        assert_eq!(circuits.known.read().full_at, full_at);
        assert_eq!(circuits.all().len(), MOST + 2);
    }
}
