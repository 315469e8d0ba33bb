//! An event that passed all checks, and where it goes.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::{
    EmitError, EmitOptions, Run,
    engine::{Route, Subscriber},
};
use crate::{
    event::{Event, EventId},
    json::JsonText,
    schema::Checker,
    secret::for_checks,
    store::{Lane, MAX_KEY, Target, Write, batch::Name},
    topic::Topic,
    trace::TraceContext,
};

/// An event that passed all checks.
#[derive(Debug)]
pub(super) struct Outgoing<'r> {
    topic: Name,
    payload: JsonText,
    /// Who hears it, if anybody does.
    route: Option<&'r Route>,
}

impl<'r> Outgoing<'r> {
    pub(super) fn typed<T: Topic>(run: &'r Run, event: &T) -> Result<Self, EmitError> {
        let topic = Name::Borrowed(T::NAME);
        let route = run.engine.route(T::NAME);
        // Shape and types are the compiler's; only rules beyond them are left to check.
        let constrained =
            |route: &&Route| route.checker.as_ref().is_some_and(Checker::is_constrained);
        if let Some(route) = route.filter(constrained) {
            checked(&topic, event, route)?;
        }
        Self::encoded(run, topic, event, route)
    }

    pub(super) fn raw<T: Serialize + ?Sized>(
        run: &'r Run,
        topic: &str,
        payload: &T,
    ) -> Result<Self, EmitError> {
        let Some(route) = run.engine.route(topic) else {
            let known = run.engine.topics().into_iter().map(str::to_owned).collect();
            return Err(EmitError::UnknownTopic { topic: topic.to_owned(), known });
        };
        let topic = Name::Borrowed(route.topic);
        let value = checked(&topic, payload, route)?;
        match route.mark {
            None => Self::encoded(run, topic, &value, Some(route)),
            Some(mark) => {
                let marked = mark(value)
                    .map_err(|source| EmitError::Encode { topic: topic.to_string(), source })?;
                Self::kept(run, topic, marked, Some(route))
            }
        }
    }

    fn encoded<T: Serialize + ?Sized>(
        run: &Run,
        topic: Name,
        payload: &T,
        route: Option<&'r Route>,
    ) -> Result<Self, EmitError> {
        let payload = JsonText::encode(payload)
            .map_err(|source| EmitError::Encode { topic: topic.to_string(), source })?;
        Self::kept(run, topic, payload, route)
    }

    fn kept(
        run: &Run,
        topic: Name,
        payload: JsonText,
        route: Option<&'r Route>,
    ) -> Result<Self, EmitError> {
        let (size, limit) = (payload.len(), run.engine.limits().payload);
        if size > limit {
            return Err(EmitError::TooLarge { topic: topic.into_owned(), size, limit });
        }
        Ok(Self { topic, payload, route })
    }

    /// The write that publishes it, and its id.
    pub(super) fn publish(
        self,
        run: &Run,
        options: &EmitOptions<'_>,
    ) -> Result<(EventId, Write), EmitError> {
        let Self { topic, payload, route } = self;
        for (what, key) in options.keys() {
            checked_key(what, key)?;
        }
        let now = run.engine.now();
        let due = options.due(now, run.engine.limits())?;
        let event = Arc::new(Event {
            priority: options.priority,
            expires_at: options.end(now, due)?,
            cancel_key: options.cancel_key.as_deref().map(Into::into),
            ..Event::new(topic, payload, TraceContext { parent: None, ..run.trace }, now)
        });

        let targets = match route {
            None => Arc::default(),
            Some(route) if route.subscribers.is_empty() && due.is_none() => route.targets.clone(),
            Some(route) => targets(route, &event, options.group.as_deref(), due)?,
        };
        Ok((event.id, Write::Publish { event, targets }))
    }
}

/// The payload as a tree, if it keeps every rule of the topic's schema.
fn checked<T: Serialize + ?Sized>(
    topic: &str,
    payload: &T,
    route: &Route,
) -> Result<Value, EmitError> {
    let value = for_checks(|| serde_json::to_value(payload))
        .map_err(|source| EmitError::Encode { topic: topic.to_owned(), source })?;
    match route.checker.as_ref().map(|checker| checker.check(&value)) {
        Some(Err(violations)) => Err(EmitError::Refused { topic: topic.to_owned(), violations }),
        Some(Ok(())) | None => Ok(value),
    }
}

fn checked_key(what: &'static str, key: &str) -> Result<(), EmitError> {
    let size = key.len();
    if (1..=MAX_KEY).contains(&size) { Ok(()) } else { Err(EmitError::Key { what, size }) }
}

/// Where an event goes that is delayed, or that a subscriber looks at first.
fn targets(
    route: &Route,
    event: &Event,
    group: Option<&str>,
    due: Option<Timestamp>,
) -> Result<Arc<[Target]>, EmitError> {
    if route.subscribers.is_empty() {
        return Ok(route.targets.iter().map(|target| Target { due, ..target.clone() }).collect());
    }
    let targets = route.subscribers.iter().map(|subscriber| target(subscriber, event, group, due));
    targets.filter_map(Result::transpose).collect()
}

fn target(
    subscriber: &Subscriber,
    event: &Event,
    group: Option<&str>,
    due: Option<Timestamp>,
) -> Result<Option<Target>, EmitError> {
    let Subscriber { step, queue, options, selector } = subscriber;
    let mut lane = None;
    if let Some(selector) = selector {
        let unselectable = |reason| EmitError::Unselectable { step, reason };
        // The functions are the user's code.
        let selected = catch_unwind(AssertUnwindSafe(|| selector.select(event)))
            .map_err(|_| unselectable("its key function or its filter panicked".to_owned()))?
            .map_err(|error| unselectable(error.to_string()))?;
        let Some(key) = selected else { return Ok(None) };

        if let Some(key) = group.filter(|_| key.is_some()).or(key.as_deref()) {
            checked_key("the key", key)?;
            lane = Some(Lane { key: key.into(), ordered: options.fifo });
        }
    }
    let least =
        options.delay.map(|delay| event.emitted_at.checked_add(delay).unwrap_or(Timestamp::MAX));
    Ok(Some(Target { queue: *queue, lane, due: due.max(least) }))
}
