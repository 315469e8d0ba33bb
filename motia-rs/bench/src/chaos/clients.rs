//! The connections that emit.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError, atomic::AtomicUsize},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use motia_testkit::history::{Answer, Name};

use super::{
    ORDER,
    app::{Placed, Way},
    sender::{PAUSE, Sender},
};

/// How long an answer may take before the run is given up.
const PATIENCE: Duration = Duration::from_secs(60);

/// The connections, each a thread with keys of its own.
pub(super) struct Clients {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<Vec<(Name, Answer)>>>,
}

struct Shared {
    address: Mutex<SocketAddr>,
    /// Events that were acknowledged.
    kept: AtomicUsize,
    wanted: usize,
}

impl Shared {
    fn address(&self) -> SocketAddr {
        *self.address.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clients {
    pub(super) fn start(
        connections: usize,
        keys: usize,
        wanted: usize,
        address: SocketAddr,
    ) -> Self {
        let (address, kept) = (Mutex::new(address), AtomicUsize::new(0));
        let shared = Arc::new(Shared { address, kept, wanted });
        let connection = |number| {
            let shared = shared.clone();
            std::thread::spawn(move || emit(&shared, number, keys))
        };
        let threads = (0..connections).map(connection).collect();
        Self { shared, threads }
    }

    /// Waits until so many events are acknowledged.
    pub(super) fn wait_for(&self, events: usize) -> anyhow::Result<()> {
        let (mut last, mut since) = (0, Instant::now());
        loop {
            let kept = self.shared.kept.load(ORDER);
            if kept >= events {
                return Ok(());
            }
            if kept > last {
                (last, since) = (kept, Instant::now());
            }
            anyhow::ensure!(since.elapsed() < PATIENCE, "nothing is acknowledged any more");
            std::thread::sleep(PAUSE);
        }
    }

    /// Where the app answers from now on.
    pub(super) fn send_to(&self, address: SocketAddr) {
        *self.shared.address.lock().unwrap_or_else(PoisonError::into_inner) = address;
    }

    /// Waits until all events are acknowledged; gives what came of each.
    pub(super) fn finish(self) -> Vec<(Name, Answer)> {
        let ended = self.threads.into_iter().map(JoinHandle::join);
        ended.flat_map(|emitted| emitted.expect("a connection does not panic")).collect()
    }
}

/// Emits the events of its keys in turn, until enough are acknowledged in all.
fn emit(shared: &Shared, connection: usize, keys: usize) -> Vec<(Name, Answer)> {
    let sender = Sender::default();
    let mut emitted = Vec::new();
    for n in 0.. {
        for key in 0..keys {
            if shared.kept.load(ORDER) >= shared.wanted {
                return emitted;
            }
            let key = format!("{connection}-{key}");
            let placed = Placed { key, n, way: Way::Ordered, planned: 0 };
            let answer = sender.send(&placed, || shared.address());
            if answer == Answer::Kept {
                shared.kept.fetch_add(1, ORDER);
            }
            emitted.push((Name { key: placed.key, n }, answer));
        }
    }
    emitted
}
