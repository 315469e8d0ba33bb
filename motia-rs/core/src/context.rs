//! What a handler is handed beside its input.
//!
//! # Layout
//! - [`emit`]: events on their way out; [`options`]: how they are delivered; [`cancel`]: the way back
//! - [`state`], [`stream`]: what is kept between runs
//! - [`given_up`]: what is told of an event that no attempt could handle; [`unhandled`]: of one that ended before
//! - [`transaction`]: several of these at once, or none
//! - [`limit`]: how often something may be done; [`circuit`]: whether a dependency is to be left alone
//! - [`logger`]: what is told to people; [`metrics`]: what is counted for them
//! - [`blocking`]: work that would hold up a thread
//! - [`memory`]: what steps share while the app runs
//! - [`run`]: one attempt; [`notes`]: what it did, for those who look at it later
//! - [`engine`]: the port through which a context reaches the machine beneath it

pub mod blocking;
pub mod cancel;
pub mod circuit;
mod dedup;
pub mod emit;
pub mod engine;
pub mod given_up;
pub mod limit;
pub mod logger;
pub mod memory;
pub mod metrics;
pub mod notes;
pub mod options;
mod outgoing;
pub mod run;
pub mod state;
pub mod stream;
pub mod transaction;
pub mod unhandled;

use std::{
    fmt,
    marker::PhantomData,
    path::Path,
    sync::{Arc, atomic::Ordering},
};

pub use blocking::CutShort;
pub use cancel::{Cancel, CancelError};
pub use circuit::{Circuit, CircuitCall, CircuitOpen};
pub use emit::{Emit, EmitError, Receipt};
pub use engine::{Engine, Limits, Route};
pub use given_up::GivenUp;
use jiff::Timestamp;
pub use limit::{Limit, Taken};
pub use logger::{Level, Logger};
pub use memory::Memory;
pub use metrics::Metrics;
pub use notes::Notes;
pub use options::EmitOptions;
pub use run::Run;
use serde::Serialize;
pub use state::{State, StateError, StateGroup};
pub use stream::{Stream, Streams};
pub use transaction::{Transaction, TransactionError};
pub use unhandled::Unhandled;

use crate::{
    config::CircuitBreaker,
    event::EventId,
    flow::Flow,
    setting::Setting,
    store::{PageRequest, StoreError},
    topic::{MemberOf, Topic},
    trace::{TraceContext, TraceId},
};

/// What a handler is handed beside its input. `Emits` is the tuple of topics that its step declares;
/// no other can be emitted.
///
/// # Example: a handler that keeps and announces
/// ```
/// # use motia_core as motia;
/// # use motia_core::{context::{Context, StateGroup}, error::StepResult};
/// # use schemars::JsonSchema;
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Serialize, Deserialize, JsonSchema)]
/// # struct OrderPlaced { order_id: String }
/// # motia::topic!(OrderPlaced = "order.placed");
/// const ORDERS: StateGroup<u64> = StateGroup::new("orders");
///
/// async fn handler(cents: u64, ctx: Context<(OrderPlaced,)>) -> StepResult {
///     ctx.state.set(ORDERS, "order-1", &cents).await?;
///     ctx.emit(OrderPlaced { order_id: "order-1".into() }).await?;
///     Ok(())
/// }
/// ```
///
/// # Example: a topic that the step does not declare
/// ```compile_fail
/// # use motia_core as motia;
/// # use motia_core::{context::Context, error::StepResult};
/// # use schemars::JsonSchema;
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Serialize, Deserialize, JsonSchema)]
/// # struct OrderPlaced { order_id: String }
/// # motia::topic!(OrderPlaced = "order.placed");
/// async fn handler(ctx: Context) -> StepResult {
///     ctx.emit(OrderPlaced { order_id: "order-1".into() }).await?; // not among this step's emits
///     Ok(())
/// }
/// ```
pub struct Context<Emits = ()> {
    /// What is kept between runs.
    pub state: State,
    /// What is kept between runs and shown live.
    pub streams: Streams,
    /// What is told to people.
    pub logger: Logger,
    /// What is counted for those who watch the app.
    pub metrics: Metrics,
    run: Arc<Run>,
    emits: PhantomData<fn() -> Emits>,
}

impl<Emits> Context<Emits> {
    /// The context of an attempt.
    #[must_use]
    pub fn new(run: Arc<Run>) -> Self {
        Self {
            state: State::new(run.clone()),
            streams: Streams::new(run.clone()),
            logger: Logger::new(run.clone()),
            metrics: Metrics::new(run.clone()),
            run,
            emits: PhantomData,
        }
    }

    /// Emits an event to every step that subscribes to its topic. Options ride on the result:
    /// `ctx.emit(event).delay(secs(5)).await?`.
    ///
    /// When the await returns, the event is kept as well as the receipt says. Nothing happens before
    /// it is awaited.
    #[expect(clippy::needless_pass_by_value, reason = "what is emitted is given away")]
    pub fn emit<T, At>(&self, event: T) -> Emit<'_>
    where
        T: Topic + MemberOf<Emits, At>,
    {
        Emit::typed(&self.run, &event)
    }

    /// Emits to a topic that is only known at run time. The payload is checked against the topic's
    /// schema and refused with every violation.
    pub fn emit_raw<T: Serialize + ?Sized>(&self, topic: &str, payload: &T) -> Emit<'_> {
        Emit::raw(&self.run, topic, payload)
    }

    /// Starts a list of writes that happen whole or not at all.
    pub fn transaction(&self) -> Transaction<Emits> {
        Transaction::new(self.run.clone())
    }

    /// The run that this attempt belongs to: the same in every step that an event passes.
    #[must_use]
    pub fn trace_id(&self) -> TraceId {
        self.run.trace.trace_id
    }

    /// What a setting was set to, or its default. One that is not registered with
    /// [`setting!`](crate::setting!) cannot be set: it has its default, with a warning.
    ///
    /// # Panics
    /// When it is not registered, and its default cannot be read.
    #[must_use]
    pub fn setting<T: Clone + 'static>(&self, setting: Setting<T>) -> T {
        self.run.engine.settings().get(setting).unwrap_or_else(|| {
            let name = setting.name();
            self.logger.warn(format!("`{name}` cannot be set: register it with `setting!`"), ());
            let default = setting.read(None);
            default.unwrap_or_else(|why| panic!("the default of `{name}` {why}"))
        })
    }

    /// Run and span, as a `traceparent` header carries them.
    #[must_use]
    pub fn trace(&self) -> TraceContext {
        self.run.trace
    }

    /// The step's name.
    #[must_use]
    pub fn step(&self) -> &'static str {
        self.run.step
    }

    /// The flows that the step belongs to.
    #[must_use]
    pub fn flows(&self) -> &'static [Flow] {
        self.run.flows
    }

    /// Which attempt this is, from 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.run.attempt
    }

    /// Whether the event may have been handled before, in part or whole: a handler was begun that failed,
    /// postponed it, was stopped with the app or with the batch that it was of, or was under way when the
    /// process before this one died. So does an event that was redriven, of which [`attempt`](Self::attempt)
    /// counts anew. Of a batch, whether one of its events may have been. False means that no handler was
    /// begun before: this is the first.
    #[must_use]
    pub fn possible_duplicate(&self) -> bool {
        self.run.possible_duplicate
    }

    /// A number that rises with every attempt and never repeats. Hand it to outside systems that
    /// refuse lower ones than they have seen, and no straggler overwrites a later attempt's work.
    #[must_use]
    pub fn fencing_token(&self) -> u64 {
        self.run.token.0
    }

    /// The event that an event step handles; of a batch, the first.
    #[must_use]
    pub fn event_id(&self) -> Option<EventId> {
        self.run.deliveries.first().map(|(event, _)| *event)
    }

    /// When this attempt is ended, if it has a timeout.
    #[must_use]
    pub fn deadline(&self) -> Option<Timestamp> {
        self.run.deadline
    }

    /// Cancels events wherever they are: those that wait, are delayed or to be tried again are never
    /// started, and running attempts are stopped. Each is noted in the history as cancelled. Gives how
    /// many deliveries were ended.
    ///
    /// # Errors
    /// When the store fails; some may be cancelled by then, and asking again cancels the others.
    pub async fn cancel(&self, what: Cancel<'_>) -> Result<u64, CancelError> {
        self.run.engine.cancel(what, self.run.step).await
    }

    /// Takes one of what `limit` allows to `key`: a user, a client. What is used up is refused, with the
    /// time after which it may be asked for again.
    ///
    /// # Errors
    /// When it is not written, or the key is empty or too long.
    pub async fn take(&self, limit: Limit, key: &str) -> Result<Taken, StateError> {
        limit::take(&self.run, limit, key).await
    }

    /// The circuit of a dependency, to be asked before it is called.
    #[must_use]
    pub fn circuit(&self, breaker: CircuitBreaker) -> Circuit<'_> {
        Circuit::new(&self.run, breaker)
    }

    /// How many deliveries of this kind are not settled: they wait, are delayed or to be tried again, or
    /// run. For those who mend what came apart: work without an event that leads to it.
    ///
    /// # Errors
    /// When what waits cannot be read.
    pub async fn under_way(&self, what: Cancel<'_>) -> Result<u64, StoreError> {
        let (filter, mut page) = (what.filter(), PageRequest::first(PageRequest::MAX));
        let mut count = 0;
        loop {
            let found = self.run.engine.store().waiting(&filter, page.clone()).await?;
            count += found.items.len() as u64;
            if found.next.is_none() {
                return Ok(count);
            }
            page = page.after(found.next);
        }
    }

    /// The folder that the app keeps its data in, for files of a step's own beside the store's. Whoever
    /// writes there makes a folder of its own within it.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        self.run.engine.data_dir()
    }

    /// Resolves when this attempt should stop: it was cancelled, or the app shuts down and its time to
    /// finish is over. A handler that awaits this is given a moment to clean up (`cancel_grace`, 5 s);
    /// one that does not is stopped at its next await.
    pub async fn cancelled(&self) {
        self.run.heeds_cancel.store(true, Ordering::Release);
        self.run.cancelled.cancelled().await;
    }

    /// Whether this attempt should stop; see [`cancelled`](Self::cancelled).
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.run.heeds_cancel.store(true, Ordering::Release);
        self.run.cancelled.is_cancelled()
    }

    /// The present instant, by the app's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.run.engine.now()
    }

    /// A value that all steps of the app share in memory while it runs, made by its `Default` when it
    /// is first asked for: caches, counts of what runs, connections. What must outlive the app belongs
    /// into [`state`](Self::state).
    ///
    /// ```
    /// # use motia_core::{context::Context, error::StepResult};
    /// # use std::sync::atomic::{AtomicU32, Ordering};
    /// #[derive(Default)]
    /// struct Calls(AtomicU32);
    ///
    /// async fn handler(ctx: Context) -> StepResult {
    ///     let calls = ctx.shared::<Calls>().0.fetch_add(1, Ordering::Relaxed) + 1;
    ///     ctx.logger.info("called", serde_json::json!({ "times": calls }));
    ///     Ok(())
    /// }
    /// ```
    #[must_use]
    pub fn shared<T: Default + Send + Sync + 'static>(&self) -> Arc<T> {
        self.run.engine.memory().get()
    }

    /// The same context, allowed to emit another set of topics.
    pub(crate) fn narrow<To>(self) -> Context<To> {
        let Self { state, streams, logger, metrics, run, emits: _ } = self;
        Context { state, streams, logger, metrics, run, emits: PhantomData }
    }
}

impl<Emits> Clone for Context<Emits> {
    fn clone(&self) -> Self {
        Self::new(self.run.clone())
    }
}

impl<Emits> fmt::Debug for Context<Emits> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Context").field(&self.run).finish()
    }
}
