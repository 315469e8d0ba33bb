//! Events from the store to the event steps.
//!
//! After each commit the store hands over what it put into queues; each [`queue`] keeps a bounded
//! part of it in memory and lets the rest wait in the store. Workers take from there, run the handler and
//! settle.
//!
//! # Layout
//! - [`queue`]: what may be taken now, and who works on it; `reader` reads on in the store
//! - `shelf`: what of a queue is in memory: a `line` without keys, or `lanes` of a `lane` for each key
//! - `share`: what of it that was tried before comes in between
//! - `worker`, `settle`: one attempt from its start to its end; `watch`: attempts that block their thread;
//!   `announce`: what is told of events that were not handled
//! - `postponed`: why handlers said that it is not the time; `backoff`: until when, if a queue is full
//! - `begun`: what the process before this one may have begun
//! - `gates`, [`circuit`], `rate`, `slots`, `depth`: what keeps work from starting, or from coming in
//! - [`reason`], [`explain`]: why something is not running; [`operate`], `cancel`: what people do about it,
//!   [`kept`]: of which the store keeps what must outlive the process
//! - `timer`: wakes queues whose time has come

mod announce;
mod at_work;
pub(crate) mod backoff;
mod begun;
pub(crate) mod cancel;
pub mod circuit;
mod debounced;
pub mod depth;
pub mod explain;
mod gates;
pub mod kept;
mod lane;
mod lanes;
mod line;
pub mod operate;
mod postponed;
pub mod queue;
mod rate;
mod reader;
pub mod reason;
mod settle;
mod share;
mod shelf;
mod slots;
mod strays;
mod timer;
mod watch;
mod worker;

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use foldhash::fast::RandomState;
use jiff::Timestamp;
use motia_core::{
    context::Engine,
    registry::{EventStep, Step},
    store::{Arrival, Delivery, QueueId, Store, StoreError, Token},
};
pub use queue::Queue;

use self::{depth::Depths, operate::OperateError, slots::Slots, watch::Watch};
use crate::{
    metrics::Metrics,
    pulse::Pulse,
    runs::observe::{Observer, Observers},
    settings::Settings,
    tasks::Tasks,
};

/// Queues by their ids, which the program makes up itself: it need not be hard to have them collide.
type Queues = HashMap<QueueId, Arc<Queue>, RandomState>;

/// All queues of an app.
pub struct Bus {
    queues: Queues,
    shared: Arc<Shared>,
    /// Held while something that people say is kept and then done, so that both are done in one order.
    operating: tokio::sync::Mutex<()>,
}

/// What all queues of an app share.
pub(crate) struct Shared {
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) tasks: Tasks,
    pub(crate) metrics: Metrics,
    pub(crate) pulse: Arc<Pulse>,
    depths: Arc<Depths>,
    timer: Arc<timer::Timer>,
    slots: Slots,
    watch: Watch,
    cancel_grace: Duration,
    epoch: u64,
    /// What was emitted, or due, before may have been begun by a process that died.
    started_at: Timestamp,
    /// Whether that process died.
    recovered: bool,
    attempts: AtomicU64,
}

impl Shared {
    fn store(&self) -> &Arc<dyn Store> {
        self.engine.store()
    }

    /// Whether a process before this one may have begun a delivery that was taken at this instant. One that
    /// was emitted later than that is from before the clock was set back.
    fn inherited(&self, delivery: &Delivery, taken_at: Timestamp) -> bool {
        let emitted_at = delivery.event.emitted_at;
        delivery.due.unwrap_or(emitted_at) <= self.started_at || emitted_at > taken_at
    }

    /// A fencing token higher than all before it: openings of the store, then attempts since.
    fn next_token(&self) -> Token {
        Token(self.epoch << 40 | self.attempts.fetch_add(1, Ordering::Relaxed))
    }
}

/// The event step that a queue feeds.
#[derive(Clone)]
pub(crate) struct Subscriber {
    pub(crate) step: Arc<Step>,
    pub(crate) observer: Observer,
}

impl Subscriber {
    pub(crate) fn event_step(&self) -> &EventStep {
        self.step.event().expect("a subscriber is an event step")
    }
}

impl Bus {
    pub(crate) fn new(
        steps: &[(Arc<Step>, QueueId)],
        engine: Arc<dyn Engine>,
        depths: Arc<Depths>,
        tasks: &Tasks,
        observers: &Observers,
        settings: &Settings,
    ) -> Self {
        let shared = Arc::new(Shared {
            epoch: engine.store().epoch(),
            started_at: engine.now(),
            recovered: engine.store().recovered(),
            engine,
            tasks: tasks.clone(),
            metrics: observers.metrics.clone(),
            pulse: observers.pulse.clone(),
            depths,
            timer: Arc::default(),
            slots: Slots::new(settings.process_concurrency.get()),
            watch: Watch::new(tasks.handle().clone()),
            cancel_grace: settings.cancel_grace,
            attempts: AtomicU64::new(1),
        });
        let queue = |(step, id): &(Arc<Step>, QueueId)| {
            let observer = observers.of(step.name(), "event");
            let subscriber = Subscriber { step: step.clone(), observer };
            let breaker = subscriber.event_step().options.circuit_breaker;
            let circuit = breaker.map(|breaker| shared.engine.circuits().of(breaker));
            (*id, Queue::new(*id, subscriber, shared.clone(), circuit, settings))
        };
        let queues: Queues = steps.iter().map(queue).collect();
        let bus = Self { queues, shared, operating: tokio::sync::Mutex::default() };
        bus.follow_circuits();
        bus
    }

    /// Starts the timer and takes up what waits in the store.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) async fn start(&self) -> Result<(), StoreError> {
        self.remember().await?;
        let (queues, Shared { timer, engine, tasks, .. }) = (self.queues.clone(), &*self.shared);
        tasks.spawn(timer.clone().run(queues, engine.clone(), tasks.stopping().clone()));
        self.queues.values().for_each(Queue::look);
        Ok(())
    }

    /// Takes no new work.
    pub(crate) fn stop(&self) {
        self.queues.values().for_each(|queue| queue.stop());
    }

    /// Ends what still runs: it is given back.
    pub(crate) fn give_up(&self) {
        self.queues.values().for_each(|queue| queue.give_up());
    }

    fn queue(&self, step: &str) -> Result<&Arc<Queue>, OperateError> {
        let queue = self.queues.values().find(|queue| queue.step_name() == step);
        queue.ok_or_else(|| OperateError::NoSuchStep(step.to_owned()))
    }

    /// Attempts that run in this process, by step.
    pub fn running(&self) -> impl Iterator<Item = (&'static str, usize)> + '_ {
        self.queues.values().map(|queue| (queue.step_name(), queue.running()))
    }

    /// Whether nothing runs, nothing may start, and nothing is being read from the store.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.queues.values().all(|queue| queue.is_quiet())
    }
}

impl Bus {
    /// Takes what was committed, in the order of the commits.
    pub fn committed(&self, arrivals: Vec<Arrival>) {
        // Mostly all of them are one queue's, and go on as they came.
        if let Some(id) = arrivals.first().map(queue_of)
            && arrivals.iter().all(|arrival| queue_of(arrival) == id)
        {
            if let Some(queue) = self.queues.get(&id) {
                queue.arrived(arrivals);
            }
            return;
        }
        // Otherwise each run of them takes its lock once.
        let mut arrivals = arrivals.into_iter().peekable();
        while let Some(first) = arrivals.next() {
            let id = queue_of(&first);
            let mut run = vec![first];
            while let Some(next) = arrivals.next_if(|next| queue_of(next) == id) {
                run.push(next);
            }
            // A queue without a step is that of a step that is gone: it waits in the store.
            if let Some(queue) = self.queues.get(&id) {
                queue.arrived(run);
            }
        }
    }
}

fn queue_of(arrival: &Arrival) -> QueueId {
    match arrival {
        Arrival::Ready(delivery) => delivery.id.queue,
        Arrival::Due { id, .. } | Arrival::Back { id, .. } | Arrival::Gone { id, .. } => id.queue,
    }
}

impl std::fmt::Debug for Bus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bus").field("queues", &self.queues.len()).finish_non_exhaustive()
    }
}
