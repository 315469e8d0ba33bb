//! Recorded runs in the words of OpenTelemetry.
//!
//! Source: <https://opentelemetry.io/docs/specs/semconv/>, where it has words: attributes that begin with
//! `motia.` are our own.

pub mod attribute;
pub mod log;
pub mod resource;
pub mod span;

use std::collections::HashMap;

use motia_core::registry::{Kind, Registry, Step};
use opentelemetry_proto::tonic::{
    collector::{
        logs::v1::{ExportLogsServiceRequest, ExportLogsServiceResponse},
        trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse},
    },
    common::v1::InstrumentationScope,
    logs::v1::{ResourceLogs, ScopeLogs},
    resource::v1::Resource,
    trace::v1::{ResourceSpans, ScopeSpans},
};
use prost::Message as _;

use crate::{lane::Signal, queue::Taken, settings::Settings};

/// Writes requests to a collector.
#[derive(Debug)]
pub(crate) struct Translator {
    resource: Resource,
    steps: HashMap<&'static str, About>,
}

/// What a step's config says that no run of it repeats.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// The flows that it belongs to.
    pub flows: Vec<&'static str>,
    /// The method and the path of an API step.
    pub route: Option<(&'static str, &'static str)>,
    /// The one topic of an event step that hears no other.
    pub topic: Option<&'static str>,
}

impl About {
    fn of(step: &Step) -> Self {
        let route = match &step.kind {
            Kind::Api(api) => Some((api.method.as_str(), api.path)),
            Kind::Event(_) | Kind::Cron(_) | Kind::Noop => None,
        };
        let topic = match &*step.subscribes {
            [topic] => Some(topic.name),
            _ => None,
        };
        Self { flows: step.about.flows.iter().map(|flow| flow.name).collect(), route, topic }
    }
}

impl Translator {
    pub(crate) fn new(registry: &Registry, settings: &Settings, version: Option<&str>) -> Self {
        let steps = registry.steps.iter().map(|step| (step.name(), About::of(step)));
        Self { resource: resource::of(settings, version), steps: steps.collect() }
    }

    /// The request that brings these runs to a collector.
    pub(crate) fn request(&self, signal: Signal, batch: &[Taken]) -> Vec<u8> {
        match signal {
            Signal::Spans => self.spans(batch).encode_to_vec(),
            Signal::Logs => self.logs(batch).encode_to_vec(),
        }
    }

    fn spans(&self, batch: &[Taken]) -> ExportTraceServiceRequest {
        let nothing = About::default();
        let spans = batch.iter().flat_map(|Taken { run, sampled }| {
            span::of(run, self.steps.get(&*run.step).unwrap_or(&nothing), *sampled)
        });
        let scope_spans =
            vec![ScopeSpans { scope: scope(), spans: spans.collect(), ..ScopeSpans::default() }];
        let resource = Some(self.resource.clone());
        let spans = ResourceSpans { resource, scope_spans, ..ResourceSpans::default() };
        ExportTraceServiceRequest { resource_spans: vec![spans] }
    }

    fn logs(&self, batch: &[Taken]) -> ExportLogsServiceRequest {
        let lines = batch.iter().flat_map(|Taken { run, sampled }| log::of(run, *sampled));
        let scope_logs = vec![ScopeLogs {
            scope: scope(),
            log_records: lines.collect(),
            ..ScopeLogs::default()
        }];
        let resource = Some(self.resource.clone());
        let logs = ResourceLogs { resource, scope_logs, ..ResourceLogs::default() };
        ExportLogsServiceRequest { resource_logs: vec![logs] }
    }

    /// How much of a request a collector refused that took the others, and why.
    pub(crate) fn refused(&self, signal: Signal, answer: &[u8]) -> (u64, String) {
        let refused = match signal {
            Signal::Spans => ExportTraceServiceResponse::decode(answer)
                .ok()
                .and_then(|answer| answer.partial_success)
                .map(|part| (part.rejected_spans, part.error_message)),
            Signal::Logs => ExportLogsServiceResponse::decode(answer)
                .ok()
                .and_then(|answer| answer.partial_success)
                .map(|part| (part.rejected_log_records, part.error_message)),
        };
        let (count, why) = refused.unwrap_or_default();
        (count.try_into().unwrap_or_default(), why)
    }
}

/// Who made the spans and the logs.
fn scope() -> Option<InstrumentationScope> {
    let (name, version) = ("motia-rs".to_owned(), env!("CARGO_PKG_VERSION").to_owned());
    Some(InstrumentationScope { name, version, ..InstrumentationScope::default() })
}

#[cfg(test)]
pub(crate) mod tests {
    use jiff::Timestamp;
    use motia_core::{context::notes::Noted, trace::TraceContext};
    use motia_runtime::runs::{RunOutcome, RunRecord};
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTracePartialSuccess;

    use super::*;

    pub(crate) const STARTED: Timestamp = Timestamp::constant(1_767_225_600, 5_000);

    /// A run of an event step that did nothing.
    pub(crate) fn run(step: &'static str) -> RunRecord {
        let trace = TraceContext::root();
        RunRecord {
            id: 7,
            trace_id: trace.trace_id,
            span_id: trace.span_id,
            parent: None,
            step: step.into(),
            kind: "event".into(),
            attempt: 1,
            events: Vec::new(),
            started_at: STARTED,
            took_us: 1500,
            outcome: RunOutcome::Ok,
            status: None,
            error: None,
            input: None,
            is_bare: false,
            replay_of: None,
            noted: Noted::default(),
        }
    }

    #[test]
    fn what_a_collector_refused_of_a_request_is_heard() {
        let translator = Translator { resource: Resource::default(), steps: HashMap::new() };
        let part = ExportTracePartialSuccess { rejected_spans: 2, error_message: "old".into() };
        let answer = ExportTraceServiceResponse { partial_success: Some(part) }.encode_to_vec();

        assert_eq!(translator.refused(Signal::Spans, &answer), (2, "old".to_owned()));
        for said_nothing in [&b""[..], b"<html>"] {
            assert_eq!(translator.refused(Signal::Logs, said_nothing).0, 0);
        }
    }
}
