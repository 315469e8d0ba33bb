//! The runs: what every step did, and how it ended.

mod as_test;

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, RawQuery, State, rejection::PathRejection},
};
use motia_core::{
    context::notes::What,
    registry::Step,
    store::{Page, PageRequest, WaitingFilter},
    trace::{SpanId, TraceId},
};
use motia_runtime::runs::{RunFilter, RunOutcome, RunRecord};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Desk, Refusal,
    input::{instant, query},
    operations::{Routes, does},
    paging::{Paging, by_number},
};

/// As many runs of one trace are shown.
const MOST_OF_A_TRACE: usize = 1000;

/// Which runs are wanted: those to which all that is said applies.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Wanted {
    step: Option<String>,
    flow: Option<String>,
    kind: Option<String>,
    outcome: Option<RunOutcome>,
    trace: Option<TraceId>,
    text: Option<String>,
    since: Option<String>,
    until: Option<String>,
    /// Only runs that begin a trace.
    #[serde(default)]
    roots: bool,
    /// At most so many items: 100 where nothing is said.
    #[schemars(range(min = 1, max = PageRequest::MAX))]
    limit: Option<usize>,
    cursor: Option<String>,
}

impl Wanted {
    fn filter(self, desk: &Desk) -> Result<(RunFilter, PageRequest), Refusal> {
        let Self { step, flow, kind, outcome, trace, text, since, until, roots, limit, cursor } =
            self;
        let request = by_number(Paging { limit, cursor })?;
        let steps = flow.map(|flow| steps_of(desk, &flow)).transpose()?;
        let (since, until) = (instant("since", since)?, instant("until", until)?);
        let filter =
            RunFilter { step, steps, kind, outcome, trace, since, until, text, only_roots: roots };
        Ok((filter, request))
    }
}

pub(crate) fn steps_of(desk: &Desk, flow: &str) -> Result<Vec<String>, Refusal> {
    let in_flow = |step: &&Arc<Step>| step.about.flows.iter().any(|each| each.name == flow);
    let steps = desk.registry().steps.iter().filter(in_flow);
    let names: Vec<_> = steps.map(|step| step.name().to_owned()).collect();
    if names.is_empty() {
        let told = format!("no flow `{flow}`: the command `flows`, or `/api/flows`, lists them");
        return Err(Refusal::missing(told));
    }
    Ok(names)
}

/// A run as it stands in a list.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct RunLine {
    id: String,
    trace_id: TraceId,
    span_id: SpanId,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<SpanId>,
    step: String,
    kind: String,
    attempt: u32,
    started_at: jiff::Timestamp,
    took_us: u64,
    outcome: RunOutcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// What it was asked for, of an API step; the topic, of an event step; of a cron step its schedule, or who had it
    /// run.
    #[serde(skip_serializing_if = "Option::is_none")]
    trigger: Option<String>,
    logs: usize,
    emits: usize,
    /// Of a replay, the run that it repeats.
    #[serde(skip_serializing_if = "Option::is_none")]
    replay_of: Option<String>,
}

impl RunLine {
    fn of(run: &RunRecord) -> Self {
        let input = run.input.as_ref();
        let trigger = input.and_then(|input| input.request.clone().or_else(|| input.topic.clone()));
        let count =
            |is: fn(&What) -> bool| run.noted.notes.iter().filter(|note| is(&note.what)).count();
        Self {
            id: run.id.to_string(),
            trace_id: run.trace_id,
            span_id: run.span_id,
            parent: run.parent,
            step: run.step.to_string(),
            kind: run.kind.to_string(),
            attempt: run.attempt,
            started_at: run.started_at,
            took_us: run.took_us,
            outcome: run.outcome,
            status: run.status,
            error: run.error.clone(),
            trigger,
            logs: count(|what| matches!(what, What::Log { .. })),
            emits: count(|what| matches!(what, What::Emit { .. })),
            replay_of: run.replay_of.map(|of| of.to_string()),
        }
    }
}

/// A trace: everything that one cause set going.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Trace {
    trace_id: TraceId,
    /// In the order in which they began.
    runs: Vec<Arc<RunRecord>>,
    /// Whether there are more runs than these.
    cut: bool,
    /// Deliveries of the trace that wait, or run just now.
    waiting: usize,
}

pub(crate) fn routes() -> Routes {
    Routes::default()
        .get(
            "/api/runs",
            list,
            does("Lists the runs of steps, the last first")
                .query::<Wanted>()
                .answers::<Page<RunLine>>(),
        )
        .get(
            "/api/runs/{id}",
            show,
            does("Shows a run with all that it did").answers::<RunRecord>(),
        )
        .get(
            "/api/runs/{id}/test",
            test,
            does("Gives a run as a test of its step").answers::<Test>(),
        )
        .get(
            "/api/traces/{trace}",
            trace,
            does("Shows all that one cause set going").answers::<Trace>(),
        )
}

async fn list(
    State(desk): State<Arc<Desk>>,
    RawQuery(text): RawQuery,
) -> Result<Json<Page<RunLine>>, Refusal> {
    let (filter, request) = query::<Wanted>(text.as_deref())?.filter(&desk)?;
    let before = request.after.and_then(|cursor| cursor.parse().ok());
    let Page { items, next } = desk.runs().await?.list(&filter, before, request.limit);
    Ok(Json(Page { items: items.iter().map(|run| RunLine::of(run)).collect(), next }))
}

pub(crate) async fn find(desk: &Desk, id: &str) -> Result<Arc<RunRecord>, Refusal> {
    let found = match id.parse() {
        Ok(id) => desk.runs().await?.get(id),
        Err(_) => None,
    };
    found.ok_or_else(|| Refusal::missing(format!("no run {id}; it may be too old to be kept")))
}

async fn show(
    State(desk): State<Arc<Desk>>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Arc<RunRecord>>, Refusal> {
    let Path(id) = id?;
    Ok(Json(find(&desk, &id).await?))
}

async fn trace(
    State(desk): State<Arc<Desk>>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Trace>, Refusal> {
    let Path(id) = id?;
    let missing = || Refusal::missing(format!("no trace {id}; it may be too old to be kept"));
    let trace_id: TraceId = id.parse().map_err(|_| missing())?;
    let mut runs = desk.runs().await?.trace(trace_id);
    let filter = WaitingFilter { trace: Some(trace_id), ..WaitingFilter::default() };
    let waiting = desk.store().waiting(&filter, PageRequest::first(PageRequest::MAX)).await?;
    let waiting = waiting.items.len();
    if runs.is_empty() && waiting == 0 {
        return Err(missing());
    }
    let cut = runs.len() > MOST_OF_A_TRACE;
    runs.truncate(MOST_OF_A_TRACE);
    Ok(Json(Trace { trace_id, runs, cut, waiting }))
}

/// A run as a test.
#[derive(Debug, Serialize, JsonSchema)]
struct Test {
    /// Where it belongs: the step's own file.
    file: String,
    /// Its text.
    test: String,
}

async fn test(
    State(desk): State<Arc<Desk>>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Test>, Refusal> {
    let Path(id) = id?;
    let run = find(&desk, &id).await?;
    let step = desk.registry().step(&run.step).cloned();
    let step = step.ok_or_else(|| Refusal::conflict(format!("no step `{}` any more", run.step)))?;
    Ok(Json(Test { file: step.source.file.to_owned(), test: as_test::text(&run)? }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{after_a_charge, at_rest, get};

    #[tokio::test]
    async fn a_run_is_listed_and_shown_with_what_it_was_given() {
        let (api, _runtime, line) = after_a_charge().await;
        assert_eq!((&line["outcome"], &line["trigger"]), (&json!("ok"), &json!("order.placed")));

        let id = line["id"].as_str().unwrap();
        let (status, run) = get(&api, &format!("/api/runs/{id}")).await;
        assert_eq!(status, 200);
        assert_eq!(run["input"]["value"], json!({ "id": "o-1", "cents": 5 }));

        let trace = line["traceId"].as_str().unwrap();
        let (_, trace) = get(&api, &format!("/api/traces/{trace}")).await;
        assert_eq!(trace["runs"].as_array().unwrap().len(), 1);
        for nothing in ["outcome=failed", "kind=cron", "text=unheard", "until=2020-01-01T00:00:00Z"]
        {
            let (_, list) = get(&api, &format!("/api/runs?{nothing}")).await;
            assert_eq!(list["items"], json!([]), "{nothing}");
        }
    }

    #[tokio::test]
    async fn a_run_reads_as_a_test_of_its_step() {
        let (api, _runtime, line) = after_a_charge().await;

        let path = format!("/api/runs/{}/test", line["id"].as_str().unwrap());
        let (_, test) = get(&api, &path).await;

        let text = test["test"].as_str().unwrap();
        assert!(text.contains("handler(input, ctx).await"), "{text}");
        assert!(text.contains(r#""cents": 5"#), "{text}");
    }

    #[tokio::test]
    async fn what_cannot_be_asked_is_refused() {
        let api = at_rest().await;
        for (path, expected) in [
            ("/api/runs/7", 404),
            ("/api/runs/nonsense", 404),
            ("/api/runs?limit=0", 400),
            ("/api/runs?cursor=x", 400),
            ("/api/runs?outcome=great", 400),
            ("/api/runs?since=yesterday", 400),
            ("/api/runs?flow=nowhere", 404),
            ("/api/traces/4bf92f3577b34da6a3ce929d0e0e4736", 404),
            ("/api/traces/x", 404),
        ] {
            let (status, problem) = get(&api, path).await;
            assert_eq!(status, expected, "{path}: {problem}");
        }
    }
}
