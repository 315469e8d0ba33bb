//! What a queue must do, in the simplest way that can be said: every event with how it stands, looked
//! through at each start.
//!
//! # Layout
//! - [`attempt`]: what the handler of the step does
//! - [`quiet`]: what a step promises that is debounced

mod attempt;
mod quiet;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use motia_core::{
    config::{Priority, event::Debounce},
    event::EventId,
    store::DeliveryId,
};
use parking_lot::Mutex;

use self::quiet::Standing;

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

/// How long what failed waits to be tried again.
pub(crate) const RETRY: Duration = Duration::from_millis(50);

/// What the step promises.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Promise {
    /// In order, by key.
    pub(crate) fifo: bool,
    /// By rank.
    pub(crate) ranked: bool,
    pub(crate) per_key: usize,
    pub(crate) at_once: usize,
    /// So many events in one attempt.
    pub(crate) together: usize,
    /// At least so long between two starts.
    pub(crate) pause: Duration,
    /// So many starts of a key in each span of [`WINDOW`].
    pub(crate) per_window: usize,
    /// Of each key the last one, once it is silent.
    pub(crate) debounce: Option<Debounce>,
    /// Whether all keys have room in memory, so that none waits for another.
    pub(crate) prompt: bool,
}

/// What the starts of a key are counted in, if they are.
pub(crate) const WINDOW: Duration = Duration::from_millis(100);

/// How an event stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Waiting,
    Running,
    Done,
    Dead,
    Cancelled,
    /// Not worth starting any more.
    Expired,
    /// A newer one took its place.
    Superseded,
}

/// An event as the model knows it.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) id: DeliveryId,
    pub(crate) event: EventId,
    pub(crate) state: State,
    rank: Timestamp,
    /// Until when it is worth starting.
    pub(crate) until: Timestamp,
    script: Vec<Turn>,
    /// Whether it lies in its place, and not among the delayed.
    in_place: bool,
    /// Whether no attempt was begun.
    fresh: bool,
    cancelling: bool,
    attempts: u32,
    /// Whether it failed, with others perhaps: it is tried alone then.
    failed: bool,
    /// The first of those that it was started with, itself perhaps.
    lead: u64,
    /// Whether its process died during its last attempt, so that it is given up when its turn comes.
    pub(crate) doomed: bool,
    standing: Standing,
}

impl Known {
    fn is_overdue(&self, now: Timestamp) -> bool {
        self.state == State::Waiting && self.until < now
    }

    /// How it may stand when all is over, if nothing newer took its place.
    fn ends_as(&self, now: Timestamp) -> Vec<State> {
        match (self.is_overdue(now), self.doomed) {
            // Its turn may have come before its end.
            (true, true) => vec![State::Expired, State::Dead],
            (true, false) => vec![State::Expired],
            (false, true) => vec![State::Dead],
            (false, false) => vec![self.state],
        }
    }
}

/// All events, by the numbers of their tasks, which rise in the order of the emits.
#[derive(Debug)]
pub(crate) struct World {
    promise: Promise,
    process: u32,
    pub(crate) known: BTreeMap<u64, Known>,
    /// The key and the instant of each start.
    starts: Vec<(u64, Timestamp)>,
    pub(crate) paused: bool,
    /// Since when another could be started, as far as those are concerned that run.
    pub(crate) room_since: Timestamp,
    /// What was not kept of the promise.
    pub(crate) broken: Vec<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct Model(Arc<Mutex<World>>);

impl Model {
    pub(crate) fn new(promise: Promise) -> Self {
        Self(Arc::new(Mutex::new(World {
            promise,
            process: 1,
            known: BTreeMap::new(),
            starts: Vec::new(),
            paused: false,
            room_since: Timestamp::MIN,
            broken: Vec::new(),
        })))
    }

    pub(crate) fn look<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        look(&mut self.0.lock())
    }
}

impl World {
    /// An event is about to be emitted.
    pub(crate) fn emitted(
        &mut self,
        n: u64,
        (priority, emitted_at): (Priority, Timestamp),
        (delay, ttl): (Option<Duration>, Option<Duration>),
        script: Vec<Turn>,
    ) {
        let known = Known {
            id: DeliveryId::default(),
            event: EventId::from_bytes([0; 16]),
            state: State::Waiting,
            rank: priority.rank(emitted_at),
            until: ttl.map_or(Timestamp::MAX, |ttl| emitted_at + ttl),
            script,
            in_place: delay.is_none(),
            fresh: delay.is_none(),
            cancelling: false,
            attempts: 0,
            failed: false,
            lead: n,
            doomed: false,
            standing: Standing::new(emitted_at, delay),
        };
        self.known.insert(n, known);
    }

    pub(crate) fn kept(&mut self, n: u64, event: EventId, id: DeliveryId) {
        let known = self.get(n);
        (known.event, known.id) = (event, id);
    }

    pub(crate) fn cancelling(&mut self, n: u64) -> DeliveryId {
        let known = self.get(n);
        known.cancelling = true;
        known.id
    }

    pub(crate) fn cancelled(&mut self, n: u64, ended: bool, now: Timestamp) {
        let outdone = self.is_outdone(n, now);
        let known = self.get(n);
        let may_have_ended = outdone || known.doomed || known.is_overdue(now);
        let state = known.state;
        known.cancelling = false;
        known.doomed &= !ended;
        if may_have_ended && !ended {
            return; // it was given up before, or had expired
        }
        if ended != matches!(state, State::Waiting | State::Running) {
            self.broken.push(format!("{n} was {state:?} when it was cancelled: {ended}"));
        } else if ended {
            known.state = State::Cancelled;
            self.room_since = now;
            self.forgets(n, outdone);
        }
    }

    /// A dead letter is about to be redriven: it does well then.
    pub(crate) fn redriven(&mut self, n: u64, now: Timestamp) -> DeliveryId {
        let known = self.get(n);
        known.standing.falls_due(now);
        known.state = State::Waiting;
        known.script = vec![(Outcome::Ok, 1)];
        (known.in_place, known.fresh) = (true, false);
        (known.failed, known.doomed) = (false, false);
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

    /// How an event may stand when all is over.
    pub(crate) fn ends_as(&self, n: u64, now: Timestamp) -> Vec<State> {
        let outdone = self.is_outdone(n, now).then_some(State::Superseded);
        self.known[&n].ends_as(now).into_iter().chain(outdone).collect()
    }

    /// The numbers of those that stand so.
    pub(crate) fn all(&self, state: State) -> Vec<u64> {
        let all = self.known.iter().filter(|(_, known)| known.state == state);
        all.map(|(n, _)| *n).collect()
    }

    fn get(&mut self, n: u64) -> &mut Known {
        self.known.get_mut(&n).expect("only what was emitted is handled")
    }

    /// Events are started together, mostly one.
    fn start(&mut self, all: &[u64], attempt: u32, now: Timestamp) -> Turn {
        if self.is_full() || all.len() > self.promise.together {
            let running = self.all(State::Running);
            self.broken.push(format!("{all:?} were started while {running:?} ran"));
        }
        if all.len() > 1 && all.iter().any(|n| self.known[n].failed) {
            self.broken.push(format!("{all:?} were started together though one had failed"));
        }
        for n in all {
            self.start_one(*n, all[0], attempt, now);
        }
        let turn = usize::try_from(attempt - 1).unwrap_or(usize::MAX);
        self.get(all[0]).script.get(turn).copied().unwrap_or((Outcome::Ok, 1))
    }

    /// Whether as much runs as may run at once.
    fn is_full(&self) -> bool {
        let running = self.all(State::Running);
        let attempts: BTreeSet<u64> = running.iter().map(|n| self.known[n].lead).collect();
        attempts.len() >= self.promise.at_once
    }

    fn start_one(&mut self, n: u64, lead: u64, attempt: u32, now: Timestamp) {
        let (state, rank, until, was_fresh) = {
            let known = self.get(n);
            let before = (known.state, known.rank, known.until, known.fresh);
            known.fresh = false;
            before
        };
        let mut broken = Vec::new();
        if state != State::Waiting || until < now {
            broken.push(format!("{n} was started at {now} while it was {state:?}, until {until}"));
        }
        self.keeps_its_order(n, (rank, was_fresh), now, &mut broken);
        self.keeps_its_rate(n, now, &mut broken);
        self.keeps_its_quiet(n, now, &mut broken);
        self.broken.append(&mut broken);
        let known = self.get(n);
        (known.state, known.attempts, known.lead) = (State::Running, attempt, lead);
    }

    fn keeps_its_order(
        &self,
        n: u64,
        (rank, was_fresh): (Timestamp, bool),
        now: Timestamp,
        broken: &mut Vec<String>,
    ) {
        let Promise { fifo, ranked, per_key, .. } = self.promise;
        let running = self.all(State::Running);
        if running.iter().filter(|other| *other % KEYS == n % KEYS).count() >= per_key {
            broken.push(format!("{n} was started while {running:?} ran"));
        }
        for (other, known) in &self.known {
            let leaves = known.cancelling || known.doomed || known.is_overdue(now);
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
    }

    fn keeps_its_rate(&mut self, n: u64, now: Timestamp, broken: &mut Vec<String>) {
        let Promise { pause, per_window, .. } = self.promise;
        let window = |at: Timestamp| at.as_millisecond() / WINDOW.as_millis() as i64;
        let of_key = |(key, _): &&(u64, Timestamp)| *key == n % KEYS;
        let of_key = self.starts.iter().filter(of_key);
        if of_key.filter(|(_, at)| window(*at) == window(now)).count() >= per_window {
            broken.push(format!("{n} was started at {now}, when its key had used up its rate"));
        }
        if self.starts.last().is_some_and(|(_, last)| *last + pause > now) {
            broken.push(format!("{n} was started at {now}, too soon after {:?}", self.starts));
        }
        self.starts.push((n % KEYS, now));
    }

    /// An attempt is over.
    fn makes_room(&mut self, now: Timestamp) {
        if self.is_full() {
            self.room_since = now;
        }
    }

    fn end(&mut self, all: &[u64], attempt: u32, outcome: Outcome, now: Timestamp) {
        self.makes_room(now);
        for n in all {
            let known = self.get(*n);
            if known.state == State::Running {
                (known.in_place, known.failed) = (true, outcome != Outcome::Ok);
                known.state = match outcome {
                    Outcome::Ok => State::Done,
                    // Each is tried again alone.
                    _ if all.len() > 1 => State::Waiting,
                    Outcome::Fail if attempt < ATTEMPTS => State::Waiting,
                    Outcome::Fail | Outcome::Fatal => State::Dead,
                };
                if known.state == State::Waiting {
                    self.failed(*n, now + RETRY, now);
                }
            }
        }
    }

    /// Their attempt was stopped: they are given back, or its process died.
    fn stopped(&mut self, all: &[u64], now: Timestamp) {
        self.makes_room(now);
        for n in all {
            let known = self.get(*n);
            if known.state == State::Running {
                known.state = State::Waiting;
            }
        }
    }
}
