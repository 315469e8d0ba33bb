//! What a week of work leaves behind, written into an empty store before the app starts.

use std::sync::Arc;

use motia::{
    context::{
        Level,
        notes::{Input, Note, Noted, What},
    },
    event::Event,
    json::JsonText,
    prelude::*,
    runtime::runs::{self, RunOutcome, RunRecord},
    store::{Batch, Durability, PageRequest, Store, StoreError, Write},
    trace::{SpanId, TraceContext},
};

use crate::{Order, WAYS};

/// Of runs, and of entries of state.
const RUNS: usize = 100_000;
const ENTRIES: usize = 100_000;

/// Events that nobody can handle; each becomes a dead letter when the app has started.
const BROKEN: usize = 3_000;

/// Events that wait for a day that is far away.
const WAITING: usize = 5_000;

/// So many writes go into one batch.
const BATCH: usize = 2_000;

/// A week, less the hour that nothing expires in while somebody looks.
const SPAN: Duration = Duration::from_secs(7 * 24 * 3600 - 3600);

/// The store, with a past where it had none.
pub(crate) fn filled(store: Arc<dyn Store>) -> Arc<dyn Store> {
    let inner = store.clone();
    // A thread of its own: the one that asks is at work for tokio already.
    let thread = std::thread::spawn(move || {
        let tokio = tokio::runtime::Builder::new_current_thread().build();
        tokio.expect("a thread can wait").block_on(fill(&*inner))
    });
    thread.join().expect("it does not panic").expect("the store can be written");
    store
}

async fn fill(store: &dyn Store) -> Result<(), StoreError> {
    if !store.groups(PageRequest::first(1)).await?.items.is_empty() {
        return Ok(());
    }
    let now = now();
    write(store, (0..RUNS).filter_map(|n| runs::kept(&run(n, now)))).await?;
    write(store, (0..ENTRIES).map(entry)).await?;
    write(store, events(store, now).await?).await
}

/// The instant at which the past ends.
#[expect(clippy::disallowed_methods, reason = "there is no app yet whose clock could be asked")]
fn now() -> Timestamp {
    Timestamp::now()
}

async fn write(
    store: &dyn Store,
    writes: impl IntoIterator<Item = Write>,
) -> Result<(), StoreError> {
    let mut writes = writes.into_iter().peekable();
    while writes.peek().is_some() {
        let writes = writes.by_ref().take(BATCH).collect();
        let batch = Batch { writes, durability: Some(Durability::Relaxed), ..Batch::default() };
        store.commit(batch).await.map_err(|error| StoreError::Io(error.to_string()))?;
    }
    Ok(())
}

fn text(value: &impl Serialize) -> JsonText {
    JsonText::encode(value).expect("plain data")
}

fn order(n: usize) -> Order {
    Order {
        customer: format!("customer-{:05}", n % 20_000),
        pieces: 1 + n as u32 % 40,
        is_broken: false,
    }
}

fn entry(n: usize) -> Write {
    let (group, key) = ("orders".into(), format!("order-{n:06}"));
    Write::Set { group, key, value: text(&order(n)), expires_at: None }
}

/// Runs come by threes: an order is placed, checked and packed. Every twentieth order fails when it is packed.
fn run(n: usize, now: Timestamp) -> RunRecord {
    let (trace, place) = (n / 3, n % 3);
    let (step, kind) = [("Place", "api"), ("Check", "event"), ("Pack", "event")][place];
    let way = trace % WAYS;
    let has_failed = place == 2 && trace.is_multiple_of(20);
    let started_at = now - SPAN + (SPAN / RUNS as u32) * n as u32;

    let mut input = Input::of(&serde_json::to_value(order(trace)).expect("plain data"));
    match place {
        0 => input.request = Some(format!("POST /orders/{way:03}")),
        1 => input.topic = Some(format!("order-{way:03}.placed")),
        _ => input.topic = Some(format!("order-{way:03}.checked")),
    }
    let what = What::Log {
        level: Level::Info,
        target: None,
        message: format!("order number {trace}"),
        fields: json!({ "way": way }),
    };
    RunRecord {
        id: u64::try_from(started_at.as_microsecond()).unwrap_or_default(),
        trace_id: TraceId::from_bytes((trace as u128 + 1).to_be_bytes()),
        span_id: SpanId::from_bytes((n as u64 + 1).to_be_bytes()),
        parent: (place > 0).then(|| SpanId::from_bytes((n as u64).to_be_bytes())),
        step: format!("{step}{way:03}").into(),
        kind: kind.into(),
        attempt: 1,
        events: Vec::new(),
        started_at,
        took_us: 300 + (n as u64 * 7919) % 40_000,
        outcome: if has_failed { RunOutcome::Failed } else { RunOutcome::Ok },
        status: (place == 0).then_some(201),
        error: has_failed.then(|| format!("there is no box for order number {trace}")),
        input: Some(input),
        is_bare: false,
        replay_of: None,
        noted: Noted { notes: vec![Note { at: started_at, what }], left_out: 0 },
    }
}

/// Broken orders over all ways, and orders of next year on the first.
async fn events(store: &dyn Store, now: Timestamp) -> Result<Vec<Write>, StoreError> {
    let names: Vec<_> = (0..WAYS).map(|way| format!("Check{way:03}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let queues = store.queues(&names).await?;
    let publish = |way: usize, order: &Order, due| {
        let topic = format!("order-{way:03}.placed").into();
        let event = Event::new(topic, text(order), TraceContext::root(), now);
        let target = motia::store::Target { queue: queues[way], lane: None, due };
        Write::Publish { event: Arc::new(event), targets: Arc::new([target]) }
    };
    let broken =
        (0..BROKEN).map(|n| publish(n % WAYS, &Order { is_broken: true, ..order(n) }, None));
    let next_year = now + Duration::from_secs(365 * 24 * 3600);
    let waiting = (0..WAITING).map(|n| publish(0, &order(n), Some(next_year)));
    Ok(broken.chain(waiting).collect())
}
