//! How much of SQLite's own speed is left when events go through the store.
//!
//! Runs the bare thing and the store in turns and prints medians and their ratio, since only a ratio
//! within one run says anything on a machine that others use as well:
//!
//! ```text
//! cargo run --release -p motia-store --example throughput -- [rounds] [tasks] [seconds]
//! ```
//!
//! A fourth argument, `publish` or `pipeline`, measures that alone, for a profiler.

#![expect(clippy::unwrap_used, reason = "a measurement that fails may stop")]

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
        mpsc,
    },
    time::{Duration, Instant},
};

use jiff::Timestamp;
use motia_core::{
    event::Event,
    json::JsonText,
    store::{
        Arrival, Batch, Change, DeliveryId, Listener, Settlement, Store, Target, Token, Write,
    },
    trace::TraceContext,
};
use motia_store::{MemoryStore, SqliteOptions, SqliteStore};
use tokio::{sync::oneshot, task::JoinSet};

fn main() {
    let argument = |n, otherwise| {
        std::env::args().nth(n).map_or(otherwise, |text| text.parse().expect("a number"))
    };
    let (rounds, tasks, secs) = (argument(1, 5), argument(2, 64), argument(3, 2));
    let plan = Plan { tasks, time: Duration::from_secs(secs as u64) };

    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .unwrap();
    match std::env::args().nth(4).as_deref() {
        Some("publish") => return println!("{:.0}", runtime.block_on(publish(plan))),
        Some("pipeline") => return println!("{:.0}", runtime.block_on(pipeline(plan))),
        _ => {}
    }
    let mut rates: [Vec<f64>; 5] = Default::default();
    for _ in 0..rounds {
        runtime.block_on(async {
            rates[0].push(bare(plan, false).await);
            rates[1].push(publish(plan).await);
            rates[2].push(bare(plan, true).await);
            rates[3].push(pipeline(plan).await);
            rates[4].push(memory());
        });
    }

    let [put, publish, put_and_take, pipeline, memory] = rates.map(median);
    println!("{tasks} tasks, {rounds} rounds of {secs} s, medians per second");
    println!("  bare insert                    {put:>9.0}");
    println!("  publish                        {publish:>9.0}  {:.2} of bare", publish / put);
    println!("  bare insert, delete            {put_and_take:>9.0}");
    println!(
        "  publish, start, settle         {pipeline:>9.0}  {:.2} of bare",
        pipeline / put_and_take
    );
    println!("  publish, start, settle, memory {memory:>9.0}  one thread");
}

#[derive(Clone, Copy)]
struct Plan {
    tasks: usize,
    time: Duration,
}

impl Plan {
    /// Has all tasks do the same thing over and over, and says how often per second it was done.
    async fn run<F: Future<Output = ()> + Send + 'static>(
        self,
        act: impl Fn(usize) -> F + Clone + Send + 'static,
    ) -> f64 {
        let (done, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let mut tasks = JoinSet::new();
        for task in 0..self.tasks {
            let (done, stop, act) = (done.clone(), stop.clone(), act.clone());
            tasks.spawn(async move {
                while !stop.load(Relaxed) {
                    act(task).await;
                    done.fetch_add(1, Relaxed);
                }
            });
        }
        let started = Instant::now();
        tokio::time::sleep(self.time).await;
        let rate = done.load(Relaxed) as f64 / started.elapsed().as_secs_f64();
        stop.store(true, Relaxed);
        tasks.join_all().await;
        rate
    }
}

/// Publishers that wait, and as many handlers that are done at once.
struct Pipe {
    to_handlers: Vec<tokio::sync::mpsc::UnboundedSender<i64>>,
    settled: Arc<AtomicU64>,
}

impl Pipe {
    fn of<F: Future<Output = ()> + Send + 'static>(
        plan: Plan,
        handle: impl Fn(i64) -> F + Clone + Send + 'static,
    ) -> (Arc<Self>, JoinSet<()>) {
        let settled = Arc::new(AtomicU64::new(0));
        let mut handlers = JoinSet::new();
        let to_handlers = (0..plan.tasks).map(|_| {
            let (sender, mut ids) = tokio::sync::mpsc::unbounded_channel();
            let (settled, handle) = (settled.clone(), handle.clone());
            handlers.spawn(async move {
                while let Some(id) = ids.recv().await {
                    handle(id).await;
                    settled.fetch_add(1, Relaxed);
                }
            });
            sender
        });
        let to_handlers = to_handlers.collect();
        (Arc::new(Self { to_handlers, settled }), handlers)
    }

    fn send(&self, id: i64) {
        let _ = self.to_handlers[id as usize % self.to_handlers.len()].send(id);
    }
}

/// Group commit with nothing around it: one thread, one table, SQLite's own checkpoints.
async fn bare(plan: Plan, and_delete: bool) -> f64 {
    let folder = tempfile::tempdir_in(".").unwrap();
    let (jobs, waiting) = mpsc::channel();
    let path = folder.path().join("bare.db");
    let writer = std::thread::spawn(move || bare_writer(&path, &waiting));

    let started = Instant::now();
    let rate = if and_delete {
        let take = jobs.clone();
        let (pipe, handlers) = Pipe::of(plan, move |id| {
            let jobs = take.clone();
            async move {
                let _ = ask(&jobs, |answer| Bare::Take(id, answer)).await;
            }
        });
        let to = pipe.clone();
        plan.run(move |_| {
            let (jobs, to) = (jobs.clone(), to.clone());
            async move { to.send(ask(&jobs, Bare::Put).await) }
        })
        .await;
        let settled = pipe.settled.clone();
        drop(pipe);
        handlers.join_all().await;
        settled.load(Relaxed) as f64 / started.elapsed().as_secs_f64()
    } else {
        plan.run(move |_| {
            let jobs = jobs.clone();
            async move {
                let _ = ask(&jobs, Bare::Put).await;
            }
        })
        .await
    };
    writer.join().unwrap();
    rate
}

enum Bare {
    Put(oneshot::Sender<i64>),
    Take(i64, oneshot::Sender<i64>),
}

async fn ask(jobs: &mpsc::Sender<Bare>, job: impl FnOnce(oneshot::Sender<i64>) -> Bare) -> i64 {
    let (answer, answered) = oneshot::channel();
    jobs.send(job(answer)).unwrap();
    answered.await.unwrap()
}

fn bare_writer(path: &Path, jobs: &mpsc::Receiver<Bare>) {
    let db = rusqlite::Connection::open(path).unwrap();
    let setup = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16384;
        CREATE TABLE message (id INTEGER PRIMARY KEY, topic TEXT, payload TEXT) STRICT";
    db.execute_batch(setup).unwrap();
    let mut begin = db.prepare("BEGIN IMMEDIATE").unwrap();
    let mut commit = db.prepare("COMMIT").unwrap();
    let mut put = db.prepare("INSERT INTO message VALUES (?1, ?2, ?3)").unwrap();
    let mut take = db.prepare("DELETE FROM message WHERE id = ?1").unwrap();

    let mut next = 0;
    while let Ok(first) = jobs.recv() {
        begin.execute(()).unwrap();
        let mut answers = Vec::new();
        for job in std::iter::once(first).chain(jobs.try_iter().take(1023)) {
            match job {
                Bare::Put(answer) => {
                    next += 1;
                    put.execute((next, "order.placed", PAYLOAD)).unwrap();
                    answers.push((answer, next));
                }
                Bare::Take(id, answer) => {
                    take.execute((id,)).unwrap();
                    answers.push((answer, id));
                }
            }
        }
        commit.execute(()).unwrap();
        for (answer, id) in answers {
            let _ = answer.send(id);
        }
    }
}

/// 256 bytes of JSON.
const PAYLOAD: &str = concat!(
    r#"{"order":"0191d3a0-7c1e-7b7e-8f5e-000000000001","customer":"c-42","items":["#,
    r#"{"sku":"book-1","quantity":2,"price":1999},{"sku":"pen-7","quantity":1,"price":299}],"#,
    r#""note":"leave at the door, please, and ring twice; the dog is friendly but loud...........""#,
    r#"}"#
);

fn event() -> Arc<Event> {
    let payload = JsonText::from_trusted(PAYLOAD);
    let trace = TraceContext::root();
    Event::new("order.placed".into(), payload, trace, Timestamp::UNIX_EPOCH).into()
}

fn published(event: &Arc<Event>, targets: &Arc<[Target]>) -> Batch {
    Batch::of(Write::Publish { event: event.clone(), targets: targets.clone() })
}

async fn publish(plan: Plan) -> f64 {
    let folder = tempfile::tempdir_in(".").unwrap();
    let store = Arc::new(SqliteStore::open(folder.path(), SqliteOptions::default()).unwrap());
    let queue = store.queues(&["ship"]).await.unwrap()[0];
    let targets = [queue.into()].into();
    let event = event();
    let rate = plan
        .run({
            let store = store.clone();
            move |_| {
                let commit = store.commit(published(&event, &targets));
                async { drop(commit.await.unwrap()) }
            }
        })
        .await;
    tell(&*store);
    store.close().await.unwrap();
    rate
}

async fn pipeline(plan: Plan) -> f64 {
    let folder = tempfile::tempdir_in(".").unwrap();
    let store = Arc::new(SqliteStore::open(folder.path(), SqliteOptions::default()).unwrap());
    let queue = store.queues(&["ship"]).await.unwrap()[0];
    let targets = [queue.into()].into();
    let (pipe, handlers) = Pipe::of(plan, {
        let (store, queue) = (store.clone(), queue);
        move |seq| {
            let id = DeliveryId { queue, seq: seq as u64 };
            drop(store.commit(start(id)));
            let done = store.commit(done(id));
            async { drop(done.await.unwrap()) }
        }
    });
    let settled = pipe.settled.clone();
    store.listen(Arc::new(Ears(pipe)));

    let started = Instant::now();
    let event = event();
    plan.run({
        let store = store.clone();
        move |_| {
            let commit = store.commit(published(&event, &targets));
            async { drop(commit.await.unwrap()) }
        }
    })
    .await;
    while store.depths(Timestamp::UNIX_EPOCH).await.unwrap()[0].waiting > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let rate = settled.load(Relaxed) as f64 / started.elapsed().as_secs_f64();
    tell(&*store);
    store.close().await.unwrap();
    handlers.join_all().await;
    rate
}

struct Ears(Arc<Pipe>);

impl Listener for Ears {
    fn changed(&self, _: Vec<Change>) {}

    fn committed(&self, arrivals: Vec<Arrival>) {
        for arrival in arrivals {
            if let Arrival::Ready(delivery) = arrival {
                self.0.send(delivery.id.seq as i64);
            }
        }
    }
}

fn start(delivery: DeliveryId) -> Batch {
    Batch::of(Write::Start { delivery, attempt: 1, token: Token(1) })
}

fn done(delivery: DeliveryId) -> Batch {
    Batch::of(Write::Settle { delivery, token: Token(1), settlement: Settlement::Done })
}

/// Events per second through the memory store, with 1000 of them waiting.
fn memory() -> f64 {
    const EVENTS: u64 = 1_000_000;
    let store = MemoryStore::new();
    let queue = futures_now(store.queues(&["ship"])).unwrap()[0];
    let targets = [queue.into()].into();
    let event = event();
    let started = Instant::now();
    for seq in 1..=EVENTS + 1000 {
        drop(store.commit(published(&event, &targets)));
        if let Some(seq) = seq.checked_sub(1000).filter(|seq| *seq > 0) {
            let id = DeliveryId { queue, seq };
            drop(store.commit(start(id)));
            drop(store.commit(done(id)));
        }
    }
    EVENTS as f64 / started.elapsed().as_secs_f64()
}

fn futures_now<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => panic!("the memory store never waits"),
    }
}

fn tell(store: &dyn Store) {
    let figures = store.figures().into_iter().map(|(name, value)| format!("{name} {value}"));
    eprintln!("    {}", figures.collect::<Vec<_>>().join(", "));
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}
