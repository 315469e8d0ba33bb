//! One attempt of one step, which its context and all that comes of it go by.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use jiff::Timestamp;
use smallvec::SmallVec;
use tokio_util::sync::CancellationToken;

use super::{Engine, Notes};
use crate::{
    event::EventId,
    flow::Flow,
    store::{DeliveryId, Token},
    trace::TraceContext,
};

/// One attempt of one step: what it is, and the machine it runs on.
pub struct Run {
    /// The machine.
    pub engine: Arc<dyn Engine>,
    /// The step's name.
    pub step: &'static str,
    /// The step's flows.
    pub flows: &'static [Flow],
    /// Run and span.
    pub trace: TraceContext,
    /// Which attempt it is, from 1.
    pub attempt: u32,
    /// Whether the event may have been handled before, in part or whole.
    pub possible_duplicate: bool,
    /// The attempt's fencing token; 0 where there is nothing to fence.
    pub token: Token,
    /// The events that are handled with their deliveries: one in an event step, several in a batch.
    pub deliveries: SmallVec<[(EventId, DeliveryId); 1]>,
    /// When the attempt is ended.
    pub deadline: Option<Timestamp>,
    /// Tells that the attempt should stop.
    pub cancelled: Arc<CancellationToken>,
    /// Whether the handler asked to be told, and is to be given time to clean up.
    pub heeds_cancel: AtomicBool,
    /// Whether the handler settled its delivery itself.
    pub settled: AtomicBool,
    /// What it notes down, if it is recorded.
    pub notes: Option<Box<Notes>>,
}

impl Run {
    /// A first attempt of `step`, of nothing in particular.
    pub fn new(engine: Arc<dyn Engine>, step: &'static str, trace: TraceContext) -> Self {
        Self::stopped_by(engine, step, trace, Arc::default())
    }

    /// The same, which should stop when `cancelled` says so.
    pub fn stopped_by(
        engine: Arc<dyn Engine>,
        step: &'static str,
        trace: TraceContext,
        cancelled: Arc<CancellationToken>,
    ) -> Self {
        Self {
            engine,
            step,
            flows: &[],
            trace,
            attempt: 1,
            possible_duplicate: false,
            token: Token(0),
            deliveries: SmallVec::new(),
            deadline: None,
            cancelled,
            heeds_cancel: AtomicBool::new(false),
            settled: AtomicBool::new(false),
            notes: None,
        }
    }

    /// Whether the handler settled its delivery itself, by
    /// [`commit_and_ack`](super::Transaction::commit_and_ack).
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.settled.load(Ordering::Acquire)
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run")
            .field("step", &self.step)
            .field("trace", &self.trace)
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}
