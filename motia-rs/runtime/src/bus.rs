//! Events from the store to the event steps.
//!
//! After each commit the store hands over what it put into queues; each [`queue`] keeps a bounded
//! window of it in memory and lets the rest wait in the store. [`worker`]s take from the window, run
//! the handler and settle. [`timer`] wakes queues whose delayed deliveries fall due.

pub mod queue;
mod timer;
mod worker;

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use jiff::Timestamp;
use motia_core::{
    context::Engine,
    registry::{EventStep, Kind, Step},
    store::{Arrival, Listener, QueueId, Store, Token},
};
pub use queue::Queue;

use crate::{
    metrics::{Metrics, StepMetrics},
    settings::Settings,
    tasks::Tasks,
};

/// All queues of an app.
pub struct Bus {
    queues: HashMap<QueueId, Arc<Queue>>,
    timer: Arc<timer::Timer>,
}

/// What all queues of an app share.
pub(crate) struct Shared {
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) tasks: Tasks,
    pub(crate) metrics: Metrics,
    timer: Arc<timer::Timer>,
    epoch: u64,
    /// What was emitted, or due, before may have been begun by a process that died.
    started_at: Timestamp,
    attempts: AtomicU64,
}

impl Shared {
    fn store(&self) -> &Arc<dyn Store> {
        self.engine.store()
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
    pub(crate) metrics: StepMetrics,
}

impl Subscriber {
    pub(crate) fn event_step(&self) -> &EventStep {
        match &self.step.kind {
            Kind::Event(event) => event,
            _ => unreachable!("a subscriber is an event step"),
        }
    }
}

impl Bus {
    pub(crate) fn new(
        steps: &[(Arc<Step>, QueueId)],
        engine: Arc<dyn Engine>,
        tasks: &Tasks,
        metrics: &Metrics,
        settings: &Settings,
    ) -> Self {
        let timer = Arc::new(timer::Timer::default());
        let shared = Arc::new(Shared {
            epoch: engine.store().epoch(),
            started_at: engine.now(),
            engine,
            tasks: tasks.clone(),
            metrics: metrics.clone(),
            timer: timer.clone(),
            attempts: AtomicU64::new(1),
        });
        let queue = |(step, id): &(Arc<Step>, QueueId)| {
            let metrics = shared.metrics.step(step.name(), "event");
            let subscriber = Subscriber { step: step.clone(), metrics };
            (*id, Arc::new(Queue::new(*id, subscriber, shared.clone(), settings)))
        };
        let queues = steps.iter().map(queue).collect();
        Self { queues, timer }
    }

    /// Starts the timer and takes up what waits in the store.
    pub(crate) fn start(&self, tasks: &Tasks, engine: &Arc<dyn Engine>) {
        let queues = self.queues.clone();
        tasks.spawn(self.timer.clone().run(queues, engine.clone(), tasks.stopping().clone()));
        self.queues.values().for_each(Queue::take_up);
    }

    /// Takes no new work.
    pub(crate) fn stop(&self) {
        self.queues.values().for_each(|queue| queue.stop());
    }

    /// Attempts that run in this process, by step.
    pub fn running(&self) -> impl Iterator<Item = (&'static str, usize)> + '_ {
        self.queues.values().map(|queue| (queue.step_name(), queue.running()))
    }

    /// Whether nothing runs, nothing is ready, and nothing is being read from the store.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.queues.values().all(|queue| queue.is_quiet())
    }
}

impl Listener for Bus {
    fn committed(&self, arrivals: Vec<Arrival>) {
        // Mostly one queue's arrivals stand together; each run of them takes its lock once.
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
        Arrival::Due { id, .. } => id.queue,
    }
}

impl std::fmt::Debug for Bus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bus").field("queues", &self.queues.len()).finish_non_exhaustive()
    }
}
