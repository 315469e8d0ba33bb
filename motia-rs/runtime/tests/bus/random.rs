//! Whatever happens, in whatever order, the queue does what the model does.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use jiff::Timestamp;
use motia_core::{
    config::{EventConfig, Priority, RateLimit, Retry, event::Debounce},
    context::{Cancel, EmitOptions},
    registry::Definition,
    store::Ending,
};
use motia_runtime::Settings;
use proptest::{
    prelude::*,
    test_runner::{FileFailurePersistence, TestError, TestRunner},
};

use super::{
    disk::{Disk, Process},
    model::{ATTEMPTS, KEYS, Model, Outcome, Promise, RETRY, State, Turn, WINDOW, World},
    stage::{Stage, Task, step},
};

/// What happens to a queue.
#[derive(Debug, Clone)]
enum Op {
    Emit(Emission),
    /// One of those that are emitted once is emitted once more.
    EmitAgain(usize),
    Wait(u64),
    Cancel(usize),
    Pause,
    Resume,
    Redrive(usize),
    RedriveAll,
    Restart,
    Crash,
}

#[derive(Debug, Clone)]
struct Emission {
    key: u64,
    level: i8,
    delay: Option<u64>,
    /// So long after its delay it is worth starting.
    worth: Option<u64>,
    once: bool,
    script: Vec<Turn>,
}

/// A queue, and what happens to it.
#[derive(Debug, Clone)]
struct Story {
    window: usize,
    concurrency: u32,
    per_key: u32,
    ops: Vec<Op>,
}

/// A kind of step, as it is configured and as the model knows it.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Fifo,
    PerKey,
    Ranked,
    Batch,
    Throttled,
    RatedPerKey,
    Debounced,
}

/// The events of a batch at most, and how long the first waits for the others.
const BATCH: (u32, Duration) = (3, Duration::from_millis(40));
const PAUSE: Duration = Duration::from_millis(20);
const PER_WINDOW: u32 = 2;
const DEBOUNCE: Debounce =
    Debounce { quiet: Duration::from_millis(60), at_most: Duration::from_millis(150) };

impl Kind {
    fn promise(self, story: &Story) -> Promise {
        let (at_once, per_key) = (story.concurrency as usize, story.per_key as usize);
        let all = Promise {
            fifo: false,
            ranked: false,
            per_key: usize::MAX,
            at_once,
            together: 1,
            pause: Duration::ZERO,
            per_window: usize::MAX,
            debounce: None,
            prompt: self.window(story) >= KEYS as usize,
        };
        match self {
            Self::Fifo => Promise { fifo: true, per_key: 1, ..all },
            Self::PerKey => Promise { per_key, ..all },
            Self::Ranked => Promise { ranked: true, ..all },
            Self::Batch => Promise { ranked: true, together: BATCH.0 as usize, ..all },
            Self::Throttled => Promise { ranked: true, pause: PAUSE, ..all },
            Self::RatedPerKey => Promise { per_window: PER_WINDOW as usize, ..all },
            Self::Debounced => Promise { debounce: Some(DEBOUNCE), ..all },
        }
    }

    /// The deliveries in memory. Half of those of a debounced step are to have room for all keys, mostly.
    fn window(self, story: &Story) -> usize {
        if matches!(self, Self::Debounced) { 2 * story.window } else { story.window }
    }

    fn step(self, story: &Story, model: &Model) -> Definition {
        let key = |task: &Task| (task.n % KEYS).to_string();
        let config = EventConfig::new("Step")
            .concurrency(story.concurrency)
            .retry(Retry::fixed(ATTEMPTS, RETRY).jitter(0));
        let (one, several) = (model.clone(), model.clone());
        let one = move |task, ctx| one.clone().handle(vec![task], ctx);
        let several = move |tasks, ctx| several.clone().handle(tasks, ctx);
        match self {
            Self::Fifo => step(config.fifo(key), one),
            Self::PerKey => step(config.key(key).concurrency_per_key(story.per_key), one),
            Self::Ranked => step(config, one),
            Self::Batch => config.batch(BATCH.0, BATCH.1).bind(several),
            Self::Throttled => step(config.throttle(PAUSE), one),
            Self::RatedPerKey => {
                let rate = RateLimit::fixed_window(PER_WINDOW, WINDOW);
                step(config.key(key).rate_limit_per_key(rate), one)
            }
            Self::Debounced => {
                let Debounce { quiet, at_most } = DEBOUNCE;
                step(config.key(key).debounce(quiet).debounce_at_most(at_most), one)
            }
        }
    }
}

fn turn() -> impl Strategy<Value = Turn> {
    let outcome =
        prop_oneof![6 => Just(Outcome::Ok), 3 => Just(Outcome::Fail), 1 => Just(Outcome::Fatal)];
    (outcome, 0..30_u64)
}

fn op() -> impl Strategy<Value = Op> {
    let level = prop_oneof![3 => Just(0_i8), 1 => -3..=3_i8];
    let script = prop::collection::vec(turn(), 1..=3);
    let (delay, worth) =
        (prop::option::weighted(0.2, 0..300_u64), prop::option::weighted(0.2, 1..200_u64));
    let once = prop::bool::weighted(0.2);
    let emit = (0..KEYS / 2, level, delay, worth, once, script).prop_map(
        |(key, level, delay, worth, once, script)| {
            Op::Emit(Emission { key, level, delay, worth, once, script })
        },
    );
    prop_oneof![
        24 => emit,
        1 => any::<usize>().prop_map(Op::EmitAgain),
        8 => (0..120_u64).prop_map(Op::Wait),
        2 => any::<usize>().prop_map(Op::Cancel),
        1 => Just(Op::Pause),
        1 => Just(Op::Resume),
        1 => any::<usize>().prop_map(Op::Redrive),
        1 => Just(Op::RedriveAll),
        1 => Just(Op::Restart),
        1 => Just(Op::Crash),
    ]
}

fn story() -> impl Strategy<Value = Story> {
    (2..=8_usize, 1..=4_u32, 1..=2_u32, prop::collection::vec(op(), 1..80))
        .prop_map(|(window, concurrency, per_key, ops)| Story { window, concurrency, per_key, ops })
}

/// A story that is being told.
struct Telling {
    kind: Kind,
    story: Story,
    model: Model,
    disk: Disk,
    stage: Stage,
    process: Arc<Process>,
    next: u64,
    /// Those that are emitted once, however often it is tried.
    once: Vec<u64>,
}

impl Telling {
    async fn begin(kind: Kind, story: &Story) -> Self {
        let (model, disk) = (Model::new(kind.promise(story)), Disk::new());
        let (stage, process) = start(&disk, kind, story, &model).await;
        Self { kind, story: story.clone(), model, disk, stage, process, next: 1, once: Vec::new() }
    }

    async fn tell(&mut self, op: Op) {
        match op {
            Op::Emit(emission) => self.emit(emission).await,
            Op::EmitAgain(pick) => self.emit_again(pick).await,
            Op::Wait(millis) => tokio::time::sleep(Duration::from_millis(millis)).await,
            Op::Cancel(pick) => self.cancel(pick).await,
            Op::Pause => {
                self.model.look(|world| world.paused = true);
                self.stage.runtime.bus().pause("Step", "the test").await.unwrap();
            }
            Op::Resume => {
                let now = self.stage.now();
                self.model.look(|world| (world.paused, world.room_since) = (false, now));
                self.stage.runtime.bus().resume("Step").await.unwrap();
            }
            Op::Redrive(pick) => {
                let dead = self.model.look(|world| world.all(State::Dead));
                if let Some(n) = dead.get(pick % dead.len().max(1)) {
                    self.redrive(*n).await;
                }
            }
            Op::RedriveAll => {
                for n in self.model.look(|world| world.all(State::Dead)) {
                    self.redrive(n).await;
                }
            }
            Op::Restart => {
                let end = self.stage.now();
                self.stage.runtime.shutdown().await.unwrap();
                self.start(end).await;
            }
            Op::Crash => {
                let (process, stage) = (self.process.clone(), self.stage.clone());
                let end = self.stage.now();
                self.model.look(World::died);
                process.crash(stage).await;
                self.start(end).await;
            }
        }
        let now = self.stage.now();
        self.model.look(|world| world.look_for_late_ones(now));
    }

    /// Starts the app again, of which the last process ended.
    async fn start(&mut self, end: Timestamp) {
        let now = self.stage.now();
        self.model.look(|world| world.began_again(end, now));
        (self.stage, self.process) = start(&self.disk, self.kind, &self.story, &self.model).await;
    }

    async fn emit(&mut self, emission: Emission) {
        let Emission { key, level, delay, worth, once, script } = emission;
        let n = self.next * KEYS + key;
        self.next += 1;
        let (priority, name) = (Priority::try_new(level).unwrap(), n.to_string());
        let mut options = EmitOptions::new().priority(priority);
        let delay = delay.map(Duration::from_millis);
        if let Some(delay) = delay {
            options = options.delay(delay);
        }
        let ttl = worth.map(|worth| delay.unwrap_or_default() + Duration::from_millis(worth));
        if let Some(ttl) = ttl {
            options = options.ttl(ttl);
        }
        if once {
            options = options.dedup(&name);
            self.once.push(n);
        }
        let told = (priority, self.stage.now());
        self.model.look(|world| world.emitted(n, told, (delay, ttl), script));
        let event = self.stage.try_send(n, options).await.unwrap().id;
        let id = self.stage.delivery_of(event).await;
        self.model.look(|world| world.kept(n, event, id));
    }

    async fn emit_again(&mut self, pick: usize) {
        if let Some(n) = self.once.get(pick % self.once.len().max(1)) {
            let options = EmitOptions::new();
            let receipt = self.stage.try_send(*n, options.dedup(n.to_string())).await.unwrap();
            let first = self.model.look(|world| world.known[n].event);
            assert_eq!((receipt.duplicate, receipt.id), (true, first), "{n} was emitted twice");
        }
    }

    async fn cancel(&mut self, pick: usize) {
        let known: Vec<u64> = self.model.look(|world| world.known.keys().copied().collect());
        if let Some(n) = known.get(pick % known.len().max(1)) {
            let id = self.model.look(|world| world.cancelling(*n));
            let ended = self.stage.cancel(Cancel::Delivery(id)).await;
            let now = self.stage.now();
            self.model.look(|world| world.cancelled(*n, ended == 1, now));
        }
    }

    async fn redrive(&mut self, n: u64) {
        let now = self.stage.now();
        let id = self.model.look(|world| world.redriven(n, now));
        self.stage.redrive(id).await;
    }

    /// Everything goes on, and comes to an end.
    async fn end(mut self) -> Result<(), TestCaseError> {
        self.tell(Op::Resume).await;
        for _ in 0..3_000 {
            if self.stage.depths().await.iter().all(|queue| queue.waiting + queue.delayed == 0) {
                break;
            }
            self.tell(Op::Wait(10)).await;
        }
        let depths = self.stage.depths().await;
        let stuck = depths.iter().any(|queue| queue.waiting + queue.delayed + queue.held > 0);
        prop_assert!(!stuck, "stuck: {depths:?}, {:?}", self.model);
        self.stage.quiet().await;

        let (letters, ended) = (self.stage.dead_letters().await, self.stage.ended().await);
        let now = self.stage.now();
        self.model.look(|world| {
            prop_assert!(world.broken.is_empty(), "{:?}", world.broken);
            for (n, known) in &world.known {
                let dead = letters.iter().any(|letter| letter.id == known.id);
                let ended = ended.iter().find(|ended| ended.id == known.id);
                let is = match ended.map(|ended| ended.ending) {
                    Some(Ending::Cancelled) => State::Cancelled,
                    Some(Ending::Expired) => State::Expired,
                    Some(Ending::Superseded) => State::Superseded,
                    Some(ending) => panic!("{n} ended as {ending:?}"),
                    None if dead => State::Dead,
                    None => State::Done,
                };
                let may_be = world.ends_as(*n, now);
                prop_assert!(may_be.contains(&is), "{n} is {is:?}, and not {may_be:?}");
                let too_soon = is == State::Expired && ended.is_some_and(|it| it.at <= known.until);
                prop_assert!(!too_soon, "{n} expired before {}", known.until);
            }
            Ok(())
        })?;
        self.stage.runtime.shutdown().await.unwrap();
        Ok(())
    }
}

async fn start(disk: &Disk, kind: Kind, story: &Story, model: &Model) -> (Stage, Arc<Process>) {
    let mut settings = Settings::default();
    settings.window = kind.window(story);
    settings.concurrency = NonZeroU32::new(story.concurrency).unwrap();
    disk.start(settings, [kind.step(story, model)]).await
}

/// Tells as many stories as `PROPTEST_CASES` says.
fn tell(kind: Kind) {
    let persistence = FileFailurePersistence::WithSource("regressions");
    let config = ProptestConfig {
        failure_persistence: Some(Box::new(persistence)),
        source_file: Some(file!()),
        max_shrink_iters: 1_000,
        ..ProptestConfig::default()
    };
    let told = TestRunner::new(config).run(&story(), |story| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut telling = Telling::begin(kind, &story).await;
            for op in story.ops {
                telling.tell(op).await;
            }
            telling.end().await
        })
    });
    match told {
        Ok(()) => {}
        Err(TestError::Fail(why, story)) => panic!("{why}\nin the shortest story: {story:?}"),
        Err(abort) => panic!("{abort}"),
    }
}

#[test]
fn a_queue_of_batches_hands_over_no_more_at_once_and_loses_nothing_whatever_happens() {
    tell(Kind::Batch);
}

#[test]
fn a_throttled_queue_never_starts_too_soon_and_loses_nothing_whatever_happens() {
    tell(Kind::Throttled);
}

#[test]
fn a_queue_whose_keys_have_a_rate_keeps_it_and_loses_nothing_whatever_happens() {
    tell(Kind::RatedPerKey);
}

#[test]
fn a_debounced_queue_handles_the_last_one_of_a_silent_key_and_loses_nothing_whatever_happens() {
    tell(Kind::Debounced);
}

#[test]
fn a_queue_in_order_keeps_it_and_loses_nothing_whatever_happens() {
    tell(Kind::Fifo);
}

#[test]
fn a_queue_with_keys_runs_no_more_of_one_than_it_may_and_loses_nothing_whatever_happens() {
    tell(Kind::PerKey);
}

#[test]
fn a_queue_without_keys_starts_what_is_urgent_first_and_loses_nothing_whatever_happens() {
    tell(Kind::Ranked);
}
