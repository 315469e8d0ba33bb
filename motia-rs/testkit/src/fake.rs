//! A context for unit tests of handlers: no server, no sleep, and a probe that sees everything.
//!
//! # Layout
//! - `probe`: what a test sees of the handler; `engine`: what is beneath the context

mod engine;
mod probe;

use std::sync::{Arc, atomic::AtomicBool};

use jiff::Timestamp;
use motia_core::{
    circuit::Circuits,
    context::{Context, Limits, Memory, Run},
    setting::{Setting, Values},
    store::Token,
    trace::TraceContext,
};
use motia_store::MemoryStore;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use self::engine::{FakeEngine, SETTINGS, UNDER_TEST};
pub use self::probe::{Emission, LogLine, Probe};
use crate::measured::Measured;

/// A context on an empty store, and a probe that sees what the handler did with it.
///
/// ```
/// # use motia_core as motia;
/// # use motia_core::{context::{Context, StateGroup}, error::StepResult};
/// # use motia_testkit::fake;
/// # use schemars::JsonSchema;
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
/// # struct OrderPlaced { order_id: String }
/// # motia::topic!(OrderPlaced = "order.placed");
/// # const ORDERS: StateGroup<u64> = StateGroup::new("orders");
/// async fn handler(cents: u64, ctx: Context<(OrderPlaced,)>) -> StepResult {
///     ctx.state.set(ORDERS, "order-1", &cents).await?;
///     ctx.emit(OrderPlaced { order_id: "order-1".into() }).await?;
///     Ok(())
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let (ctx, probe) = fake();
///
/// handler(9_900, ctx).await.unwrap();
///
/// assert_eq!(probe.state.get(ORDERS, "order-1").await.unwrap(), Some(9_900));
/// assert_eq!(probe.emitted::<OrderPlaced>(), [OrderPlaced { order_id: "order-1".into() }]);
/// # });
/// ```
#[must_use]
pub fn fake<Emits>() -> (Context<Emits>, Probe) {
    Fake::default().build()
}

/// A context that is not the plainest.
///
/// ```
/// use motia_core::context::Context;
/// use motia_testkit::Fake;
///
/// let (ctx, _probe) = Fake::default().attempt(3).build::<()>();
/// assert_eq!(ctx.attempt(), 3);
/// ```
#[derive(Debug)]
#[must_use]
pub struct Fake {
    attempt: u32,
    now: Timestamp,
    cancelled: bool,
    handles_event: bool,
    settings: Values,
}

impl Default for Fake {
    fn default() -> Self {
        let settings = SETTINGS.clone();
        Self { attempt: 1, now: START, cancelled: false, handles_event: false, settings }
    }
}

/// What a test's clock reads at first: 1 January 2026, midnight UTC.
pub const START: Timestamp = Timestamp::constant(1_767_225_600, 0);

impl Fake {
    /// Which attempt it is, from 1.
    pub fn attempt(self, attempt: u32) -> Self {
        Self { attempt, ..self }
    }

    /// What the clock reads, until the probe moves it.
    pub fn now(self, now: Timestamp) -> Self {
        Self { now, ..self }
    }

    /// The attempt is cancelled already.
    pub fn cancelled(self) -> Self {
        Self { cancelled: true, ..self }
    }

    /// The handler handles an event, so that there is something for `commit_and_ack`.
    pub fn handling_an_event(self) -> Self {
        Self { handles_event: true, ..self }
    }

    /// A setting of the app; the others have their defaults.
    pub fn setting<T: Send + Sync + 'static>(mut self, setting: Setting<T>, value: T) -> Self {
        self.settings.set(setting, value);
        self
    }

    /// The context and its probe.
    #[must_use]
    pub fn build<Emits>(self) -> (Context<Emits>, Probe) {
        let engine = Arc::new(FakeEngine {
            store: Arc::new(MemoryStore::new()),
            now: Mutex::new(self.now),
            limits: Limits::default(),
            circuits: Circuits::default(),
            settings: self.settings,
            memory: Memory::default(),
            measured: Measured::default(),
            emitted: Mutex::default(),
            sent: Mutex::default(),
            cancellations: Mutex::default(),
            logs: Mutex::default(),
        });
        engine.make_queues();
        let cancelled = Arc::new(CancellationToken::new());
        if self.cancelled {
            cancelled.cancel();
        }
        let delivery = self.handles_event.then(|| engine.put_an_event());
        let run = Run {
            attempt: self.attempt,
            token: Token(u64::from(self.attempt)),
            deliveries: delivery.into_iter().collect(),
            cancelled: cancelled.clone(),
            settled: AtomicBool::new(false),
            ..Run::new(engine.clone(), UNDER_TEST, TraceContext::root())
        };
        let ctx: Context<Emits> = Context::new(Arc::new(run));
        let (state, streams) = (ctx.state.clone(), ctx.streams.clone());
        (
            ctx,
            Probe { state, streams, metrics: engine.measured.clone(), engine, delivery, cancelled },
        )
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::FutureExt as _;
    use motia_core::{
        context::{Level, StateGroup},
        metric::{Counter, Gauge, Histogram},
    };

    use super::*;

    const COUNTS: StateGroup<i64> = StateGroup::new("counts");

    #[tokio::test]
    async fn a_transaction_that_acknowledges_settles_the_event() {
        let (ctx, probe) = Fake::default().handling_an_event().build::<()>();
        assert!(!probe.acknowledged());

        let mut tx = ctx.transaction();
        tx.increment(COUNTS, "handled", 1);
        tx.commit_and_ack().await.unwrap();

        assert!(probe.acknowledged());
        assert_eq!(probe.state.get(COUNTS, "handled").await.unwrap(), Some(1));
    }

    #[test]
    fn what_was_counted_is_seen_by_its_labels() {
        const SENT: Counter<1> = Counter::new("mails_sent_total", "Mails sent").labels(["kind"]);
        const OPEN: Gauge = Gauge::new("open_orders", "Orders that are open");
        const TOOK: Histogram = Histogram::new("mail_seconds", "How long a mail took");
        let (ctx, probe) = fake::<()>();

        ctx.metrics.inc(SENT, ["receipt"]);
        ctx.metrics.inc_by(SENT, ["receipt"], 2);
        ctx.metrics.set(OPEN, [], 5);
        ctx.metrics.add(OPEN, [], -2);
        ctx.metrics.observe(TOOK, [], Duration::from_millis(250));

        assert_eq!(probe.metrics.counter(SENT, ["receipt"]), 3);
        assert_eq!(probe.metrics.counter(SENT, ["reminder"]), 0);
        assert_eq!(probe.metrics.gauge(OPEN, []).to_string(), "3");
        assert_eq!(probe.metrics.histogram(TOOK, []), [0.25]);
    }

    #[test]
    fn a_setting_has_its_default_or_what_the_test_sets() {
        const WORKERS: Setting<u32> = Setting::new("TESTKIT_WORKERS", "4", "Workers at once");
        motia_core::setting!(WORKERS);

        let (plain, probe) = fake::<()>();
        let (set, _probe) = Fake::default().setting(WORKERS, 7).build::<()>();

        assert_eq!((plain.setting(WORKERS), set.setting(WORKERS)), (4, 7));
        assert!(probe.logs().is_empty());
    }

    #[test]
    fn a_setting_that_nobody_registered_has_its_default_with_a_warning() {
        const LOST: Setting<u32> = Setting::new("TESTKIT_LOST", "4", "Workers at once");
        let (ctx, probe) = fake::<()>();

        assert_eq!(ctx.setting(LOST), 4);

        assert!(probe.logs()[0].message.contains("`TESTKIT_LOST` cannot be set"));
    }

    #[tokio::test]
    async fn without_an_event_there_is_nothing_to_acknowledge() {
        let (ctx, _probe) = fake::<()>();

        let refused = ctx.transaction().commit_and_ack().await.unwrap_err();

        assert!(!refused.is_transient());
    }

    #[tokio::test]
    async fn a_broken_store_fails_every_write() {
        let (ctx, probe) = fake::<()>();
        probe.break_store().await;

        assert!(ctx.state.set(COUNTS, "a", &1).await.is_err());
    }

    #[tokio::test]
    async fn what_was_logged_is_seen_with_secrets_redacted() {
        let (ctx, probe) = fake::<()>();

        ctx.logger.warn("careful", serde_json::json!({ "password": "hunter2" }));

        let line = &probe.logs()[0];
        assert_eq!((line.level, line.message.as_str()), (Level::Warn, "careful"));
        assert_eq!(line.fields["password"], motia_core::redact::REDACTED);
    }

    #[tokio::test]
    async fn work_that_blocks_gives_its_result_and_its_panic_is_the_handlers() {
        let (ctx, _probe) = fake::<()>();
        assert_eq!(ctx.blocking(|| 2 + 2).await.unwrap(), 4);

        let panicking = std::panic::AssertUnwindSafe(ctx.blocking(|| panic!("on purpose")));
        let panic = panicking.catch_unwind().await.unwrap_err();

        assert_eq!(panic.downcast_ref::<&str>(), Some(&"on purpose"));
    }
}
