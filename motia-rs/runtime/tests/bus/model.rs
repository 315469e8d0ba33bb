//! What a queue must do, in the simplest way that can be said: every event with how it stands, looked
//! through at each start.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use motia_core::{
    config::Priority,
    context::Context,
    error::{StepError, StepResult},
    store::DeliveryId,
};
use parking_lot::Mutex;

use super::stage::Task;

/// Keys of the model, as a task's number tells them.
pub(crate) const KEYS: u64 = 8;

/// What an attempt comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Ok,
    Fail,
    Fatal,
}

/// One attempt: what it comes to, after so many milliseconds.
pub(crate) type Turn = (Outcome, u64);

/// Attempts that a step of the model makes.
pub(crate) const ATTEMPTS: u32 = 3;

/// What the step promises.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Promise {
    /// In order, by key.
    pub(crate) fifo: bool,
    /// By rank.
    pub(crate) ranked: bool,
    pub(crate) per_key: usize,
    pub(crate) at_once: usize,
}

/// How an event stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Waiting,
    Running,
    Done,
    Dead,
    Cancelled,
}

/// An event as the model knows it.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) id: DeliveryId,
    pub(crate) state: State,
    rank: Timestamp,
    script: Vec<Turn>,
    /// Whether it lies in its place, and not among the delayed.
    in_place: bool,
    /// Whether no attempt was begun.
    fresh: bool,
    cancelling: bool,
    attempts: u32,
    /// Whether its process died during its last attempt, so that it is given up when its turn comes.
    pub(crate) doomed: bool,
}

/// All events, by the numbers of their tasks, which rise in the order of the emits.
#[derive(Debug)]
pub(crate) struct World {
    promise: Promise,
    process: u32,
    pub(crate) known: BTreeMap<u64, Known>,
    /// What was not kept of the promise.
    pub(crate) broken: Vec<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct Model(Arc<Mutex<World>>);

impl Model {
    pub(crate) fn new(promise: Promise) -> Self {
        let world = World { promise, process: 1, known: BTreeMap::new(), broken: Vec::new() };
        Self(Arc::new(Mutex::new(world)))
    }

    pub(crate) fn look<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        look(&mut self.0.lock())
    }

    /// What the step's handler does.
    pub(crate) async fn handle(self, task: Task, ctx: Context) -> StepResult {
        let (process, (outcome, millis)) =
            self.look(|world| (world.process, world.start(task.n, ctx.attempt())));
        let mut running = Running { model: self, process, n: task.n, ended: false };
        tokio::time::sleep(std::time::Duration::from_millis(millis)).await;

        running.ended = true;
        running.look(|world| world.end(task.n, ctx.attempt(), outcome));
        match outcome {
            Outcome::Ok => Ok(()),
            Outcome::Fail => Err(StepError::retry("again")),
            Outcome::Fatal => Err(StepError::fatal("never")),
        }
    }
}

/// An attempt that may be stopped before it ends.
struct Running {
    model: Model,
    process: u32,
    n: u64,
    ended: bool,
}

impl Running {
    /// Tells the world, unless it has seen the process die.
    fn look(&self, tell: impl FnOnce(&mut World)) {
        self.model.look(|world| {
            if world.process == self.process {
                tell(world);
            }
        });
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.ended {
            self.look(|world| world.stopped(self.n));
        }
    }
}

impl World {
    /// An event is about to be emitted.
    pub(crate) fn emitted(
        &mut self,
        n: u64,
        (priority, emitted_at): (Priority, Timestamp),
        delayed: bool,
        script: Vec<Turn>,
    ) {
        let known = Known {
            id: DeliveryId::default(),
            state: State::Waiting,
            rank: priority.rank(emitted_at),
            script,
            in_place: !delayed,
            fresh: !delayed,
            cancelling: false,
            attempts: 0,
            doomed: false,
        };
        self.known.insert(n, known);
    }

    pub(crate) fn kept(&mut self, n: u64, id: DeliveryId) {
        self.get(n).id = id;
    }

    pub(crate) fn cancelling(&mut self, n: u64) -> DeliveryId {
        let known = self.get(n);
        known.cancelling = true;
        known.id
    }

    pub(crate) fn cancelled(&mut self, n: u64, ended: bool) {
        let known = self.get(n);
        let (state, was_doomed) = (known.state, known.doomed);
        known.cancelling = false;
        known.doomed &= !ended;
        if was_doomed && !ended {
            return; // it was given up before
        }
        if ended != matches!(state, State::Waiting | State::Running) {
            self.broken.push(format!("{n} was {state:?} when it was cancelled: {ended}"));
        } else if ended {
            known.state = State::Cancelled;
        }
    }

    /// A dead letter is about to be redriven: it does well then.
    pub(crate) fn redriven(&mut self, n: u64) -> DeliveryId {
        let known = self.get(n);
        known.state = State::Waiting;
        known.script = vec![(Outcome::Ok, 1)];
        (known.in_place, known.fresh, known.doomed) = (true, false, false);
        known.id
    }

    /// The process dies.
    pub(crate) fn died(&mut self) {
        self.process += 1;
        for known in self.known.values_mut().filter(|known| known.state == State::Running) {
            known.state = State::Waiting;
            known.doomed = known.attempts >= ATTEMPTS;
        }
    }

    /// The numbers of those that stand so.
    pub(crate) fn all(&self, state: State) -> Vec<u64> {
        let all = self.known.iter().filter(|(_, known)| known.state == state);
        all.map(|(n, _)| *n).collect()
    }

    fn get(&mut self, n: u64) -> &mut Known {
        self.known.get_mut(&n).expect("only what was emitted is handled")
    }

    fn start(&mut self, n: u64, attempt: u32) -> Turn {
        let Promise { fifo, ranked, per_key, at_once } = self.promise;
        let (state, rank, was_fresh) = {
            let known = self.get(n);
            let before = (known.state, known.rank, known.fresh);
            known.fresh = false;
            before
        };
        let mut broken = Vec::new();
        if state != State::Waiting {
            broken.push(format!("{n} was started while it was {state:?}"));
        }
        let running = self.all(State::Running);
        let of_key = running.iter().filter(|other| *other % KEYS == n % KEYS).count();
        if of_key >= per_key || running.len() >= at_once {
            broken.push(format!("{n} was started while {running:?} ran"));
        }
        for (other, known) in &self.known {
            let leaves = known.cancelling || known.doomed;
            let waits = known.state == State::Waiting && !leaves;
            let before = *other < n && *other % KEYS == n % KEYS && known.in_place;
            if fifo && waits && before {
                broken.push(format!("{n} was started before {other}"));
            }
            let more_urgent = was_fresh && known.fresh && (known.rank, *other) < (rank, n);
            if ranked && waits && more_urgent {
                broken.push(format!("{n} was started before {other}, which is more urgent"));
            }
        }
        self.broken.append(&mut broken);
        let known = self.get(n);
        (known.state, known.attempts) = (State::Running, attempt);
        let turn = usize::try_from(attempt - 1).unwrap_or(usize::MAX);
        known.script.get(turn).copied().unwrap_or((Outcome::Ok, 1))
    }

    fn end(&mut self, n: u64, attempt: u32, outcome: Outcome) {
        let known = self.get(n);
        if known.state == State::Running {
            known.in_place = true;
            known.state = match outcome {
                Outcome::Ok => State::Done,
                Outcome::Fail if attempt < ATTEMPTS => State::Waiting,
                Outcome::Fail | Outcome::Fatal => State::Dead,
            };
        }
    }

    /// Its attempt was stopped: it is given back, or its process died.
    fn stopped(&mut self, n: u64) {
        let known = self.get(n);
        if known.state == State::Running {
            known.state = State::Waiting;
        }
    }
}
