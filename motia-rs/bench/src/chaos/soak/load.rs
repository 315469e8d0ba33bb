//! Connections that emit by a plan, whether or not the app keeps up with it.
//!
//! Each emit has its instant, set beforehand, and its latency counts from then: a stall is seen by all
//! events that fell into it.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError, atomic::AtomicBool},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use motia_core::clock::Clock as _;
use motia_runtime::clock::SystemClock;
use motia_testkit::history::{Answer, Name};

use super::super::{
    CONNECTIONS, KEYS, ORDER,
    app::{Placed, Way},
    sender::Sender,
};

/// How long it is asked again for what must be emitted once.
const ASKED_AGAIN: Duration = Duration::from_secs(30);

/// What comes in turn on each connection: mostly ordered events.
const MIX: [Way; 20] = {
    use Way::{Alone, Brief, Later, Once, Ordered};
    [
        Ordered, Ordered, Alone, Ordered, Ordered, Once, Ordered, Ordered, Alone, Ordered, //
        Ordered, Brief, Ordered, Ordered, Alone, Ordered, Later, Ordered, Alone, Once,
    ]
};

/// When events are emitted.
#[derive(Debug, Clone, Copy)]
pub(super) enum Pace {
    /// One after the other, as fast as they are answered.
    Answered,
    /// So many per second, however they are answered.
    PerSecond(f64),
}

/// An event that was emitted, and what came of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Emitted {
    n: u64,
    pub(super) answer: Answer,
    /// When it was to be emitted, after the beginning.
    pub(super) planned: Duration,
    /// From then until the answer.
    pub(super) took: Duration,
}

impl Emitted {
    pub(super) fn name(&self, connection: usize) -> Name {
        Name { key: key(connection, self.n), n: self.n }
    }

    /// Whether it is meant to end without being handled.
    pub(super) fn is_brief(&self) -> bool {
        way(self.n) == Way::Brief
    }
}

fn way(n: u64) -> Way {
    MIX[(n % MIX.len() as u64) as usize]
}

fn key(connection: usize, n: u64) -> String {
    match way(n) {
        Way::Ordered => format!("{connection}-{}", n % KEYS as u64),
        Way::Alone | Way::Later | Way::Brief | Way::Once => format!("{connection}-of{n}"),
    }
}

/// The connections, each a thread with keys of its own.
pub(super) struct Load {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<Vec<Emitted>>>,
}

struct Shared {
    address: Mutex<SocketAddr>,
    over: AtomicBool,
    pace: Pace,
    began: Instant,
    /// The instant of the beginning, in microseconds of the system's clock.
    began_at: i64,
}

impl Load {
    /// Starts emitting; each connection goes on after `emitted`.
    pub(super) fn start(address: SocketAddr, pace: Pace, emitted: &[Vec<Emitted>]) -> Self {
        let shared = Arc::new(Shared {
            address: Mutex::new(address),
            over: AtomicBool::new(false),
            pace,
            began: Instant::now(),
            began_at: SystemClock.now().as_microsecond(),
        });
        let connection = |number: usize| {
            let shared = shared.clone();
            let from = emitted.get(number).map_or(0, |emitted| emitted.len() as u64);
            std::thread::spawn(move || shared.emit(number, from))
        };
        let threads = (0..CONNECTIONS).map(connection).collect();
        Self { shared, threads }
    }

    /// Where the app answers from now on.
    pub(super) fn send_to(&self, address: SocketAddr) {
        *self.shared.address.lock().unwrap_or_else(PoisonError::into_inner) = address;
    }

    pub(super) fn began(&self) -> Instant {
        self.shared.began
    }

    /// The beginning, in microseconds of the system's clock.
    pub(super) fn began_at(&self) -> i64 {
        self.shared.began_at
    }

    /// Stops emitting; gives what each connection emitted.
    pub(super) fn finish(self) -> Vec<Vec<Emitted>> {
        self.shared.over.store(true, ORDER);
        let ended = self.threads.into_iter().map(JoinHandle::join);
        ended.map(|emitted| emitted.expect("a connection does not panic")).collect()
    }
}

impl Shared {
    fn emit(&self, connection: usize, from: u64) -> Vec<Emitted> {
        let sender = Sender::default();
        let mut emitted = Vec::new();
        for turn in 0_u64.. {
            let planned = self.instant(connection, turn);
            if let Some(early) = planned.checked_sub(self.began.elapsed()) {
                std::thread::sleep(early);
            }
            if self.over.load(ORDER) {
                break;
            }
            let n = from + turn;
            let placed = Placed {
                key: key(connection, n),
                n,
                way: way(n),
                planned: self.began_at + planned.as_micros() as i64,
            };
            let answer = self.send(&sender, &placed);
            let took = self.began.elapsed().saturating_sub(planned);
            emitted.push(Emitted { n, answer, planned, took });
        }
        emitted
    }

    /// The instant of a connection's next emit, after the beginning.
    fn instant(&self, connection: usize, turn: u64) -> Duration {
        match self.pace {
            Pace::Answered => self.began.elapsed(),
            Pace::PerSecond(rate) => {
                let place = turn as f64 * CONNECTIONS as f64 + connection as f64;
                Duration::from_secs_f64(place / rate)
            }
        }
    }

    /// Emits an event; what is to be emitted once is asked for again where no answer comes.
    fn send(&self, sender: &Sender, placed: &Placed) -> Answer {
        let address = || *self.address.lock().unwrap_or_else(PoisonError::into_inner);
        let began = Instant::now();
        loop {
            let answer = sender.send(placed, address);
            let again = placed.way == Way::Once && answer == Answer::Unknown;
            if !again || began.elapsed() > ASKED_AGAIN {
                return answer;
            }
        }
    }
}
