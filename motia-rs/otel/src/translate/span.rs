//! A run as a span, with its own ids and times, and what libraries did in it as spans beneath.

use jiff::Timestamp;
use motia_core::{
    context::notes::{Note, What},
    trace::SpanId,
};
use motia_runtime::runs::RunRecord;
use opentelemetry_proto::tonic::{
    common::v1::KeyValue,
    trace::v1::{
        Span, Status,
        span::{Event, SpanKind},
        status::StatusCode,
    },
};

use super::{About, attribute::attribute};

/// The trace is sampled, in the flags of a `traceparent`.
const SAMPLED: u32 = 1;

/// What is said of an error of which only the text is known.
const OTHER: &str = "_OTHER";

/// The span of a run, and one for each span of a library in it.
#[must_use]
pub fn of(run: &RunRecord, about: &About, sampled: bool) -> Vec<Span> {
    let began = nanos(run.started_at);
    let ended = began.saturating_add(run.took_us.saturating_mul(1000));
    let failure = failure(run);
    let mut events: Vec<_> = run.noted.notes.iter().filter_map(event).collect();
    events.extend(failure.as_ref().map(|(_, why)| exception(why, ended)));
    let whole = Span {
        name: run.step.to_string(),
        kind: kind(run).into(),
        start_time_unix_nano: began,
        end_time_unix_nano: ended,
        parent_span_id: run.parent.map_or_else(Vec::new, |parent| parent.to_bytes().into()),
        attributes: attributes(run, about, failure.as_ref().map(|(class, _)| &**class)),
        events,
        dropped_events_count: run.noted.left_out,
        status: Some(failure.map_or_else(Status::default, |(_, message)| Status {
            message,
            code: StatusCode::Error.into(),
        })),
        ..bare(run, run.span_id, sampled)
    };
    let beneath = run.noted.notes.iter().filter_map(|note| inner(run, note, sampled));
    std::iter::once(whole).chain(beneath).collect()
}

/// How many spans there are.
pub(crate) fn count(run: &RunRecord) -> u64 {
    let inner = run.noted.notes.iter().filter(|note| matches!(note.what, What::Span { .. }));
    1 + inner.count() as u64
}

fn bare(run: &RunRecord, id: SpanId, sampled: bool) -> Span {
    Span {
        trace_id: run.trace_id.to_bytes().into(),
        span_id: id.to_bytes().into(),
        flags: flags(sampled),
        ..Span::default()
    }
}

/// The flags of a `traceparent`.
pub(super) fn flags(sampled: bool) -> u32 {
    if sampled { SAMPLED } else { 0 }
}

/// Nanoseconds since 1970; what was before is at its beginning.
pub(super) fn nanos(at: Timestamp) -> u64 {
    u64::try_from(at.as_nanosecond()).unwrap_or_default()
}

fn kind(run: &RunRecord) -> SpanKind {
    match &*run.kind {
        "api" => SpanKind::Server,
        "event" => SpanKind::Consumer,
        _ => SpanKind::Internal,
    }
}

/// What went wrong, its class first: a run that failed, and an answer that says so itself. A caller that was
/// blamed is no failure of the one who answers.
fn failure(run: &RunRecord) -> Option<(String, String)> {
    let status = run.status.filter(|status| *status >= 500);
    if !run.outcome.is_failure() && status.is_none() {
        return None;
    }
    let class = status.map_or_else(|| OTHER.to_owned(), |status| status.to_string());
    let why = run.error.clone().unwrap_or_else(|| format!("answered {class}"));
    Some((class, why))
}

fn exception(why: &str, at: u64) -> Event {
    let attributes = vec![attribute("exception.type", OTHER), attribute("exception.message", why)];
    let name = "exception".to_owned();
    Event { time_unix_nano: at, name, attributes, ..Event::default() }
}

fn attributes(run: &RunRecord, about: &About, class: Option<&str>) -> Vec<KeyValue> {
    let mut all = vec![
        attribute("motia.step", &*run.step),
        attribute("motia.kind", &*run.kind),
        attribute("motia.attempt", u64::from(run.attempt)),
        attribute("motia.outcome", run.outcome.name()),
        attribute("motia.run", run.id),
    ];
    if !about.flows.is_empty() {
        all.push(attribute("motia.flow", &*about.flows));
    }
    all.extend(run.replay_of.map(|of| attribute("motia.replay_of", of)));
    if run.is_bare {
        all.push(attribute("motia.is_bare", true));
    }
    all.extend(class.map(|class| attribute("error.type", class)));
    match &*run.kind {
        "api" => all.extend(of_http(run, about)),
        "event" => all.extend(of_messaging(run, about)),
        _ => {}
    }
    all
}

fn of_http(run: &RunRecord, about: &About) -> Vec<KeyValue> {
    let mut all = Vec::new();
    if let Some((method, route)) = about.route {
        all.extend([attribute("http.request.method", method), attribute("http.route", route)]);
    }
    all.extend(run.status.map(|status| attribute("http.response.status_code", i64::from(status))));
    let asked = run.input.as_ref().and_then(|input| input.request.as_deref());
    if let Some((_, target)) = asked.and_then(|asked| asked.split_once(' ')) {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        all.push(attribute("url.path", path));
        if !query.is_empty() {
            all.push(attribute("url.query", query));
        }
    }
    all
}

fn of_messaging(run: &RunRecord, about: &About) -> Vec<KeyValue> {
    let mut all = vec![
        attribute("messaging.system", "motia"),
        attribute("messaging.operation.type", "process"),
        attribute("messaging.operation.name", "process"),
        attribute("messaging.consumer.group.name", &*run.step),
    ];
    let topic = run.input.as_ref().and_then(|input| input.topic.as_deref()).or(about.topic);
    all.extend(topic.map(|topic| attribute("messaging.destination.name", topic)));
    match &*run.events {
        [] => {}
        [one] => all.push(attribute("messaging.message.id", one.to_string())),
        several => {
            all.push(attribute("messaging.batch.message_count", several.len() as u64));
        }
    }
    all
}

/// What a run did, where that is no log line and took no time.
fn event(note: &Note) -> Option<Event> {
    let (name, attributes) = match &note.what {
        What::Emit { topic, event } => {
            let topic = attribute("messaging.destination.name", &**topic);
            ("emit".to_owned(), vec![topic, attribute("messaging.message.id", event.to_string())])
        }
        What::State { verb, group, key } => {
            let mut attributes = vec![attribute("motia.state.group", &**group)];
            attributes.extend(key.as_deref().map(|key| attribute("motia.state.key", key)));
            (format!("state.{verb}"), attributes)
        }
        What::Stream { verb, stream, key } => {
            let mut attributes = vec![attribute("motia.stream", stream.as_str())];
            attributes.extend(key.as_deref().map(|key| attribute("motia.stream.item", key)));
            (format!("stream.{verb}"), attributes)
        }
        _ => return None,
    };
    Some(Event { time_unix_nano: nanos(note.at), name, attributes, ..Event::default() })
}

/// The span of a library, under that of the run.
fn inner(run: &RunRecord, note: &Note, sampled: bool) -> Option<Span> {
    let What::Span { name, took_us } = &note.what else { return None };
    let ended = nanos(note.at);
    Some(Span {
        name: name.to_string(),
        kind: SpanKind::Internal.into(),
        parent_span_id: run.span_id.to_bytes().into(),
        start_time_unix_nano: ended.saturating_sub(took_us.saturating_mul(1000)),
        end_time_unix_nano: ended,
        attributes: vec![attribute("motia.step", &*run.step)],
        ..bare(run, SpanId::random(), sampled)
    })
}

#[cfg(test)]
mod tests {
    use motia_core::{context::notes::Input, event::EventId};
    use motia_runtime::runs::RunOutcome;
    use serde_json::Value;

    use super::*;
    use crate::translate::{
        attribute::Attribute,
        tests::{STARTED, run},
    };

    fn says(span: &Span, name: &str) -> Option<Attribute> {
        let found = span.attributes.iter().find(|each| each.key == name)?;
        found.value.clone().map(Attribute)
    }

    fn one(run: &RunRecord, about: &About) -> Span {
        of(run, about, true).remove(0)
    }

    #[test]
    fn a_run_of_an_api_step_is_a_server_span_with_its_own_ids_and_times() {
        let asked =
            Input { request: Some("POST /orders/7?dry=true".into()), ..Input::of(&Value::Null) };
        let run = RunRecord {
            kind: "api".into(),
            parent: Some(SpanId::from_bytes([9; 8])),
            status: Some(201),
            input: Some(asked),
            ..run("PlaceOrder")
        };
        let about =
            About { flows: vec!["shop"], route: Some(("POST", "/orders/{id}")), topic: None };

        let span = one(&run, &about);

        assert_eq!((span.name.as_str(), span.kind()), ("PlaceOrder", SpanKind::Server));
        assert_eq!(span.trace_id, run.trace_id.to_bytes());
        assert_eq!(
            (&*span.span_id, &*span.parent_span_id),
            (&run.span_id.to_bytes()[..], &[9; 8][..])
        );
        assert_eq!(span.start_time_unix_nano, 1_767_225_600_000_005_000);
        assert_eq!(span.end_time_unix_nano - span.start_time_unix_nano, 1_500_000);
        assert_eq!(says(&span, "http.request.method"), Some("POST".into()));
        assert_eq!(says(&span, "http.route"), Some("/orders/{id}".into()));
        assert_eq!(says(&span, "url.path"), Some("/orders/7".into()));
        assert_eq!(says(&span, "url.query"), Some("dry=true".into()));
        assert_eq!(says(&span, "http.response.status_code"), Some(201_i64.into()));
        assert_eq!(says(&span, "motia.flow"), Some((&["shop"][..]).into()));
        assert_eq!((span.status, span.events.len()), (Some(Status::default()), 0));
    }

    #[test]
    fn an_attempt_that_failed_is_a_consumer_span_with_its_exception() {
        let event = EventId::from_bytes([1; 16]);
        let run = RunRecord {
            attempt: 2,
            events: vec![event],
            outcome: RunOutcome::Failed,
            error: Some("no money: the bank is closed".into()),
            ..run("Pay")
        };
        let about = About { topic: Some("order.placed"), ..About::default() };

        let span = one(&run, &about);

        assert_eq!(span.kind(), SpanKind::Consumer);
        assert_eq!(says(&span, "messaging.system"), Some("motia".into()));
        assert_eq!(says(&span, "messaging.operation.type"), Some("process".into()));
        assert_eq!(says(&span, "messaging.destination.name"), Some("order.placed".into()));
        assert_eq!(says(&span, "messaging.message.id"), Some(event.to_string().into()));
        assert_eq!(says(&span, "motia.attempt"), Some(2_i64.into()));
        assert_eq!(says(&span, "error.type"), Some(OTHER.into()));
        let status = span.status.unwrap();
        assert_eq!(
            (status.code(), &*status.message),
            (StatusCode::Error, "no money: the bank is closed")
        );
        let exception = span.events.last().unwrap();
        assert_eq!(
            (&*exception.name, exception.time_unix_nano),
            ("exception", span.end_time_unix_nano)
        );
        let message = attribute("exception.message", "no money: the bank is closed");
        assert!(exception.attributes.contains(&message));
    }

    #[test]
    fn a_caller_that_is_blamed_is_no_error_and_an_answer_of_500_is_one() {
        let api = |outcome, status| RunRecord {
            kind: "api".into(),
            outcome,
            status: Some(status),
            ..run("PlaceOrder")
        };

        let blamed = one(&api(RunOutcome::Rejected, 404), &About::default());
        let broken = one(&api(RunOutcome::Ok, 503), &About::default());

        assert_eq!(blamed.status.clone().unwrap().code(), StatusCode::Unset);
        assert_eq!(says(&blamed, "error.type"), None);
        assert_eq!(broken.status.clone().unwrap().code(), StatusCode::Error);
        assert_eq!(says(&broken, "error.type"), Some("503".into()));
    }

    #[test]
    fn what_a_run_did_are_events_and_spans_of_libraries_are_spans_beneath() {
        let mut run = RunRecord { kind: "cron".into(), ..run("Count") };
        let note = |what| Note { at: STARTED, what };
        run.noted.left_out = 3;
        run.noted.notes = vec![
            note(What::Emit { topic: "t".into(), event: EventId::from_bytes([1; 16]) }),
            note(What::State { verb: "set".into(), group: "orders".into(), key: Some("1".into()) }),
            note(What::Stream { verb: "get".into(), stream: "feed/a".into(), key: None }),
            note(What::Span { name: "query".into(), took_us: 2 }),
        ];

        let spans = of(&run, &About::default(), false);

        let names: Vec<_> = spans[0].events.iter().map(|event| &*event.name).collect();
        assert_eq!(names, ["emit", "state.set", "stream.get"]);
        assert_eq!((spans[0].dropped_events_count, spans[0].flags), (3, 0));
        assert_eq!(spans[0].kind(), SpanKind::Internal);
        let [_, query] = &*spans else { panic!("two spans, and not {}", spans.len()) };
        assert_eq!((query.name.as_str(), count(&run)), ("query", 2));
        assert_eq!(query.parent_span_id, run.span_id.to_bytes());
        assert_eq!(query.end_time_unix_nano - query.start_time_unix_nano, 2000);
    }
}
