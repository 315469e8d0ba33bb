//! The SQLite store does what the memory store does, whatever is asked of them in whatever order.

#![expect(clippy::unwrap_used, reason = "all of this is test code")]

use std::{
    fmt::Debug,
    num::NonZeroUsize,
    sync::{Arc, Mutex},
};

use jiff::{SignedDuration, Timestamp};
use motia_core::{
    config::Priority,
    event::{Event, EventId},
    json::JsonText,
    store::{
        Arrival, Batch, BoxFuture, Change, DeadFilter, DeliveryId, Durability, EndedFilter, Ending,
        Failure, Lane, Listener, Page, PageRequest, Pull, PullLane, QueueId, Require, Settlement,
        Store, StoreError, Target, Token, WaitingFilter, Write, batch::Name, change::watched,
    },
    trace::TraceContext,
};
use motia_store::{MemoryStore, SqliteOptions, SqliteStore};
use proptest::{
    collection::vec,
    option,
    prelude::*,
    sample::{Index, select},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

/// One write of a batch, or a condition of it.
#[derive(Debug, Clone)]
enum Act {
    Set(usize, i64, Option<i64>),
    Delete(usize, i64),
    Increment(usize, i64),
    Clear,
    Expire(i64, usize),
    Require(usize, bool),
    Publish { to: Vec<(usize, Option<i64>)>, lane: usize, level: i8, end: Option<i64>, key: usize },
    Held(Index, u64),
    Start(Index, u32, u64),
    Settle(Index, u64, How),
    End(Index, usize, i64),
    Release(Index, i64),
    Prune(i64, u64, usize),
    Redrive(Index, i64),
    Purge(Index),
}

#[derive(Debug, Clone)]
enum How {
    Done,
    Retry(i64, u32),
    Dead(i64, Option<u32>),
    Return(i64, bool),
    Hold(u32),
}

const STEPS: [&str; 3] = ["ship", "bill", "mail"];
/// Keys of lanes; those in capitals are ordered.
const LANES: [&str; 4] = ["", "a", "A", "B"];
const KEYS: [&str; 3] = ["", "k", "l"];
const ENTRIES: [&str; 3] = ["x", "y", "z"];
const ENDINGS: [Ending; 3] = [Ending::Cancelled, Ending::Expired, Ending::Superseded];

fn acts() -> impl Strategy<Value = Act> {
    let token = || prop_oneof![1 => 1..10_u64, 3 => 10..60_u64];
    let how = prop_oneof![
        2 => Just(How::Done),
        3 => (nanos(), 1..4_u32).prop_map(|(due, attempt)| How::Retry(due, attempt)),
        2 => (nanos(), option::of(1..4_u32)).prop_map(|(at, attempt)| How::Dead(at, attempt)),
        1 => (nanos(), any::<bool>()).prop_map(|(now, begun)| How::Return(now, begun)),
        1 => (1..4_u32).prop_map(How::Hold),
    ];
    let to = vec((0..STEPS.len(), option::weighted(0.3, nanos())), 0..3);
    let level = prop_oneof![3 => Just(0_i8), 1 => -9..=9_i8];
    let publish = (to, 0..LANES.len(), level, option::weighted(0.2, micros()), 0..KEYS.len());
    let id = any::<Index>;
    prop_oneof![
        1 => (0..3_usize, 0..5_i64, option::of(nanos())).prop_map(|(n, value, end)| Act::Set(n, value, end)),
        1 => (0..3_usize, nanos()).prop_map(|(n, now)| Act::Delete(n, now)),
        1 => (0..3_usize, -3..3_i64).prop_map(|(n, by)| Act::Increment(n, by)),
        1 => Just(Act::Clear),
        1 => (nanos(), 0..3_usize).prop_map(|(now, limit)| Act::Expire(now, limit)),
        1 => (0..3_usize, any::<bool>()).prop_map(|(n, absent)| Act::Require(n, absent)),
        10 => publish.prop_map(|(to, lane, level, end, key)| Act::Publish { to, lane, level, end, key }),
        1 => (id(), token()).prop_map(|(id, token)| Act::Held(id, token)),
        4 => (id(), 1..4_u32, token()).prop_map(|(id, attempt, token)| Act::Start(id, attempt, token)),
        9 => (id(), token(), how).prop_map(|(id, token, how)| Act::Settle(id, token, how)),
        2 => (id(), 0..3_usize, nanos()).prop_map(|(id, ending, at)| Act::End(id, ending, at)),
        2 => (id(), nanos()).prop_map(|(id, now)| Act::Release(id, now)),
        1 => (nanos(), 0..6_u64, 0..4_usize).prop_map(|(at, keep, limit)| Act::Prune(at, keep, limit)),
        2 => (id(), nanos()).prop_map(|(id, now)| Act::Redrive(id, now)),
        1 => id().prop_map(Act::Purge),
    ]
}

/// Several that have nothing special, and are kept together.
fn together() -> impl Strategy<Value = Vec<Act>> {
    let to = vec((0..STEPS.len(), Just(None)), 1..3);
    let plain = to.prop_map(|to| Act::Publish { to, lane: 0, level: 0, end: None, key: 0 });
    vec(plain, 1..9)
}

/// Instants within a few microseconds, so that many fall together, and some too fine to be kept.
fn nanos() -> impl Strategy<Value = i64> {
    select(vec![-1_000, 0, 1, 999, 1_000, 1_500, 2_000, 3_000, 60_000_000_000])
}

fn micros() -> impl Strategy<Value = i64> {
    select(vec![0, 1_000, 2_000])
}

fn at(nanos: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_nanos(nanos)
}

/// Both stores, and all that they said.
struct Twins {
    stores: [Arc<dyn Store>; 2],
    heard: [Arc<Heard>; 2],
    queues: Vec<QueueId>,
    ids: Vec<DeliveryId>,
}

#[derive(Default)]
struct Heard(Mutex<Vec<Arrival>>, Mutex<Vec<Change>>);

impl Listener for Heard {
    fn committed(&self, arrivals: Vec<Arrival>) {
        self.0.lock().unwrap().extend(arrivals);
    }

    fn changed(&self, changes: Vec<Change>) {
        self.1.lock().unwrap().extend(changes);
    }
}

impl Twins {
    async fn new(sqlite: SqliteStore) -> Self {
        let stores: [Arc<dyn Store>; 2] = [Arc::new(MemoryStore::new()), Arc::new(sqlite)];
        let heard: [Arc<Heard>; 2] = Default::default();
        let mut queues = Vec::new();
        for (store, heard) in stores.iter().zip(&heard) {
            store.listen(heard.clone());
            queues = store.queues(&STEPS).await.unwrap();
        }
        // A refused batch would give back the block of numbers that it reserved, were it the first.
        let mut twins = Self { stores, heard, queues, ids: vec![DeliveryId::default()] };
        let first = Act::Publish { to: vec![(0, None)], lane: 0, level: 0, end: None, key: 0 };
        twins.commit(&[first], 0).await;
        twins
    }

    async fn commit(&mut self, acts: &[Act], n: usize) {
        let batch = self.batch(acts, n).await;
        let mut told = Vec::new();
        for (store, heard) in self.stores.iter().zip(&self.heard) {
            let result = store.commit(batch.clone()).await.map(|kept| kept.outcomes);
            let changes = std::mem::take(&mut *heard.1.lock().unwrap());
            let heard = std::mem::take(&mut *heard.0.lock().unwrap());
            told.push((result.map_err(|refused| refused.to_string()), changes, heard));
        }
        assert_eq!(told[0], told[1], "{acts:?}");

        let (.., heard) = told.remove(0);
        self.ids.extend(heard.iter().filter_map(|arrival| match arrival {
            Arrival::Ready(delivery) => Some(delivery.id),
            Arrival::Due { id, .. } => Some(*id),
            Arrival::Back { .. } | Arrival::Gone { .. } => None,
        }));
        self.ids.sort_unstable();
        self.ids.dedup();
    }

    async fn batch(&self, acts: &[Act], n: usize) -> Batch {
        let durability = [Some(Durability::Relaxed), None, Some(Durability::Volatile)][n % 3];
        let mut batch = Batch { durability, ..Batch::default() };
        for act in acts {
            match self.asked(act).await {
                Ok(write) => batch.writes.push(write),
                Err(require) => batch.requires.push(require),
            }
        }
        batch
    }

    async fn asked(&self, act: &Act) -> Result<Write, Require> {
        // The first entry lies in a group of its own, the others in one that is watched.
        let group = |n: &usize| if *n == 0 { "orders".into() } else { watched("feed", "g").into() };
        let now = at(1_000);
        let key = |n: &usize| ENTRIES[*n].to_owned();
        Ok(match act {
            Act::Set(n, value, end) => {
                let value = JsonText::from_trusted(value.to_string());
                Write::Set { group: group(n), key: key(n), value, expires_at: end.map(at) }
            }
            Act::Delete(n, now) => Write::Delete { group: group(n), key: key(n), now: at(*now) },
            Act::Increment(n, by) => {
                Write::Increment { group: group(n), key: key(n), by: *by, now }
            }
            Act::Clear => Write::Clear { group: group(&1) },
            Act::Expire(now, limit) => Write::Expire { now: at(*now), limit: *limit },
            Act::Require(n, absent) => {
                let key = key(n);
                let group: Name = group(n);
                let entry = self.stores[0].get(&group, &key, now).await.unwrap();
                let version = entry.map(|entry| entry.version).filter(|_| !absent);
                return Err(Require::Version { group, key, version, now });
            }
            Act::Publish { to, lane, level, end, key } => {
                let target = |(queue, due): &(usize, Option<i64>)| Target {
                    queue: self.queues[*queue],
                    lane: lane_of(LANES[*lane]),
                    due: due.map(at),
                };
                let payload = JsonText::from_trusted("{}");
                let event = Event {
                    priority: Priority::try_new(*level).unwrap(),
                    expires_at: end.map(at),
                    cancel_key: Some(KEYS[*key]).filter(|key| !key.is_empty()).map(Into::into),
                    ..Event::new("order.placed".into(), payload, TraceContext::root(), at(0))
                };
                Write::Publish { event: event.into(), targets: to.iter().map(target).collect() }
            }
            Act::Held(id, token) => {
                return Err(Require::Held { delivery: self.id(id), token: Token(*token) });
            }
            Act::Start(id, attempt, token) => {
                Write::Start { delivery: self.id(id), attempt: *attempt, token: Token(*token) }
            }
            Act::Settle(id, token, how) => Write::Settle {
                delivery: self.id(id),
                token: Token(*token),
                settlement: how.settlement(),
            },
            Act::End(id, ending, time) => Write::End {
                delivery: self.id(id),
                ending: ENDINGS[*ending],
                at: at(*time),
                note: "by chance".into(),
            },
            Act::Release(id, now) => Write::Release { delivery: self.id(id), now: at(*now) },
            Act::Prune(before, keep, limit) => {
                Write::Prune { before: at(*before), keep: *keep, limit: *limit }
            }
            Act::Redrive(id, now) => Write::Redrive { delivery: self.id(id), now: at(*now) },
            Act::Purge(id) => Write::Purge { delivery: self.id(id) },
        })
    }

    fn id(&self, index: &Index) -> DeliveryId {
        *index.get(&self.ids)
    }

    async fn compare(&self) {
        let memory = self.picture(&*self.stores[0]).await;
        let sqlite = self.picture(&*self.stores[1]).await;
        for (memory, sqlite) in memory.iter().zip(&sqlite) {
            assert_eq!(memory, sqlite);
        }
        assert_eq!(memory.len(), sqlite.len());
    }

    /// All that a store has to show, read in as many ways as there are.
    async fn picture(&self, store: &dyn Store) -> Vec<String> {
        let (mut picture, feed) = (Vec::new(), watched("feed", "g"));
        let mut note = |what: &dyn Debug| picture.push(format!("{what:?}"));
        for now in [0, 1_000, 2_000] {
            note(&store.depths(at(now)).await.unwrap());
            note(&pages(|page| store.page("orders", page, at(now))).await);
            note(&pages(|page| store.page(&feed, page, at(now))).await);
        }
        note(&pages(|page| store.groups(page)).await);
        note(&store.snapshot(&feed, None, 1).await.unwrap().items);

        let mut events = vec![(EventId::new(at(0)), TraceContext::root().trace_id)];
        for queue in &self.queues {
            for now in [at(1_000), Timestamp::MAX] {
                note(&pulled(store, *queue, now).await);
            }
            for lane in &LANES[1..] {
                for due_by in [None, Some(at(1_000)), Some(Timestamp::MAX)] {
                    let (queue, key) = (*queue, (*lane).into());
                    let pull = PullLane { queue, key, after: 3, due_by, limit: 4 };
                    note(&store.pull_lane(pull).await.unwrap());
                }
                let lane = Some((*lane).to_owned());
                let filter = WaitingFilter { queue: Some(*queue), lane, ..Default::default() };
                note(&pages(|page| store.waiting(&filter, page)).await);
            }
            let all = WaitingFilter { queue: Some(*queue), ..Default::default() };
            let waiting = pages(|page| store.waiting(&all, page)).await;
            let marks = |event: &Event| (event.id, event.trace.trace_id);
            events.extend(waiting.iter().take(1).map(|delivery| marks(&delivery.event)));
            note(&waiting);
        }
        for id in &self.ids {
            note(&(id, store.ahead(*id).await.unwrap(), store.dead_letter(*id).await.unwrap()));
        }

        for (event, trace) in events {
            let filters = [
                WaitingFilter { event: Some(event), ..Default::default() },
                WaitingFilter { trace: Some(trace), held: true, ..Default::default() },
                WaitingFilter { cancel_key: Some("k".into()), ..Default::default() },
                WaitingFilter { lane: Some("A".into()), held: true, ..Default::default() },
            ];
            for filter in filters {
                note(&pages(|page| store.waiting(&filter, page)).await);
            }
        }
        let filters = [
            DeadFilter::default(),
            DeadFilter::of("bill"),
            DeadFilter { lane: Some("A".into()), ..Default::default() },
            DeadFilter { since: Some(at(1)), until: Some(at(2_000)), ..Default::default() },
        ];
        for filter in filters {
            let dead = pages(|page| store.dead_letters(&filter, page)).await;
            assert_eq!(store.count_dead(&filter).await.unwrap(), dead.len() as u64);
            note(&dead);
        }
        for ending in [None, Some(Ending::Expired)] {
            let filter = EndedFilter { ending, ..Default::default() };
            note(&pages(|page| store.ended(&filter, page)).await);
        }
        picture
    }
}

impl How {
    fn settlement(&self) -> Settlement {
        match self {
            Self::Done => Settlement::Done,
            Self::Retry(due, attempt) => {
                Settlement::Retry { due: at(*due), failure: failure(*attempt).into() }
            }
            Self::Dead(time, attempt) => Settlement::Dead {
                reason: "by chance".into(),
                at: at(*time),
                failure: attempt.map(failure).map(Box::new),
            },
            Self::Return(now, begun) => Settlement::Return { now: at(*now), begun: *begun },
            Self::Hold(attempt) => Settlement::Hold { failure: failure(*attempt).into() },
        }
    }
}

fn lane_of(key: &str) -> Option<Lane> {
    let ordered = key.chars().all(char::is_uppercase);
    (!key.is_empty()).then(|| Lane { key: key.into(), ordered })
}

fn failure(attempt: u32) -> Failure {
    let class = (attempt == 2).then(|| "odd".into());
    Failure { attempt, started_at: at(0), ended_at: at(1_000), error: "bad luck".into(), class }
}

/// A list put together from small pages.
async fn pages<'s, T>(
    read: impl Fn(PageRequest) -> BoxFuture<'s, Result<Page<T>, StoreError>>,
) -> Vec<T> {
    let mut all = Vec::new();
    let mut request = PageRequest::first(3);
    loop {
        let page = read(request.clone()).await.unwrap();
        all.extend(page.items);
        match page.next {
            Some(next) => request = request.after(Some(next)),
            None => return all,
        }
    }
}

/// What is pulled with and without ranks, page by page.
async fn pulled(store: &dyn Store, queue: QueueId, now: Timestamp) -> String {
    let mut all = String::new();
    let first = (Timestamp::MIN, 0);
    let (mut ready, mut ranked, mut due) = (Some(0), Some(first), Some(first));
    while ready.is_some() || ranked.is_some() || due.is_some() {
        let after = ready.unwrap_or(u64::MAX);
        let ranked_after = Some(ranked.unwrap_or((Timestamp::MAX, u64::MAX)));
        let due_after = due.unwrap_or((Timestamp::MAX, u64::MAX));
        let pull = Pull { queue, after, ranked_after, due_after, now, limit: 3 };
        let pulled = store.pull(pull).await.unwrap();
        ready = pulled.ready.last().map(|last| last.id.seq);
        ranked = pulled.ranked.last().map(|last| (last.event.rank(), last.id.seq));
        due = pulled.due.last().map(|last| (last.due.unwrap(), last.id.seq));
        all += &format!("{pulled:?}\n");
    }
    let pull = Pull { queue, after: 2, ranked_after: None, due_after: first, now, limit: 5 };
    all + &format!("{:?}", store.pull(pull).await.unwrap())
}

#[test]
fn both_stores_do_the_same() {
    let config =
        Config { cases: 20, max_shrink_iters: 400, failure_persistence: None, ..Config::default() };
    let chance = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let batch = prop_oneof![5 => vec(acts(), 1..4), 1 => together()];
    let batches = vec(batch, 1..60);
    let segment_from = select(vec![1, 2, 16]);

    TestRunner::new_with_rng(config, chance)
        .run(&(batches, segment_from), |(batches, segment_from)| {
            let folder = tempfile::tempdir().unwrap();
            let segment_from = NonZeroUsize::new(segment_from).unwrap();
            let options = SqliteOptions { segment_from, ..SqliteOptions::default() };
            let open = || SqliteStore::open(folder.path(), options.clone()).unwrap();
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(async {
                let mut twins = Twins::new(open()).await;
                for (n, batch) in batches.iter().enumerate() {
                    twins.commit(batch, n).await;
                    if n % 10 == 0 {
                        twins.compare().await;
                    }
                }
                twins.compare().await;

                twins.stores[1].close().await.unwrap();
                twins.stores[1] = Arc::new(MemoryStore::new());
                let sqlite = open();
                sqlite.verify().await.unwrap();
                sqlite.queues(&STEPS).await.unwrap();
                twins.stores[1] = Arc::new(sqlite);
                twins.compare().await;
            });
            Ok(())
        })
        .unwrap();
}
