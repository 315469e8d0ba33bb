//! Tells of events that their step did not handle, in the same commit as their end.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use jiff::Timestamp;
use motia_core::{
    context::{Engine, Run},
    error::BoxError,
    registry::Step,
    store::{Batch, Delivery, Ending, Require, Token, Write},
};
use smallvec::smallvec;

/// No attempt has a higher token, so it holds a delivery for as long as that is not settled.
const WHOEVER_HAS_IT: Token = Token(i64::MAX as u64);

/// The batch that ends a delivery which is not settled, and tells of it if its step says so.
pub(super) fn end(
    engine: &Arc<dyn Engine>,
    step: Option<&Step>,
    delivery: &Delivery,
    (ending, at, note): (Ending, Timestamp, &str),
) -> Batch {
    let id = delivery.id;
    let mut batch = Batch::of(Write::End { delivery: id, ending, at, note: note.to_owned() });
    let Some((step, on_ended)) = step.and_then(|step| Some((step, step.event()?.on_ended?))) else {
        return batch;
    };
    let made = (Token::default(), delivery.attempts);
    let told = announcement(engine, step.name(), delivery, made, |run| {
        on_ended.write(run, &delivery.event, ending, note)
    });
    if let Some(told) = told {
        // Nothing is told of one that has been settled meanwhile.
        batch.requires.push(Require::Held { delivery: id, token: WHOEVER_HAS_IT });
        batch.writes.push(told);
    }
    batch
}

/// What is to be emitted of a delivery after so many attempts, the last of this token. Making it is the
/// user's code; the end of the delivery is kept whatever comes of it.
pub(super) fn announcement(
    engine: &Arc<dyn Engine>,
    step: &'static str,
    delivery: &Delivery,
    (token, attempts): (Token, u32),
    make: impl FnOnce(&Arc<Run>) -> Result<Write, BoxError>,
) -> Option<Write> {
    let event = &delivery.event;
    let run = Arc::new(Run {
        attempt: attempts,
        token,
        deliveries: smallvec![(event.id, delivery.id)],
        ..Run::new(engine.clone(), step, event.trace.child())
    });
    match catch_unwind(AssertUnwindSafe(|| make(&run))) {
        Ok(Ok(write)) => return Some(write),
        Ok(Err(error)) => {
            tracing::error!(step, delivery = %delivery.id, error, "nobody is told that it was not handled");
        }
        Err(_) => {
            tracing::error!(step, delivery = %delivery.id, "nobody is told that it was not handled: the announcement panicked");
        }
    }
    None
}
