//! Runs sent again with what they were given: one, or all that a filter finds. What comes of it says which
//! run it repeats.
//!
//! The input of an event step is published once more, for that step alone. That of an API step goes through
//! its middleware and its checks as a request does.
//!
//! # Layout
//! - `request`: the request that an API step is called with again, and its headers

mod request;

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
};
use futures_util::{StreamExt as _, stream};
use http::HeaderMap;
use motia_core::{
    context::notes::Input,
    event::{Event, EventId},
    json::JsonText,
    registry::{EventStep, Kind, Step},
    store::{Batch, Lane, PageRequest, Target, WaitingFilter, Write},
    trace::{TraceContext, TraceId},
};
use motia_runtime::runs::{RunFilter, RunOutcome, RunRecord};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use self::request::Added;
use crate::{
    Desk, Refusal,
    audit::Deed,
    input::{Body, fields, instant, optional},
    operations::{Routes, does},
    runs::{find, steps_of},
    who,
};

/// As many are sent again at a time.
const AT_ONCE: usize = 16;

/// As many deliveries of a step are looked through for those that will be tried again anyway.
const LOOKED_THROUGH: usize = 10 * PageRequest::MAX;

/// A run was sent again.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Replayed {
    /// The new event, of an event step.
    event: Option<EventId>,
    /// What was answered, by an API step.
    status: Option<u16>,
    /// The trace that it continues.
    trace_id: TraceId,
    /// Names of headers that the request had and was sent again without, for they were not kept; `null` of an
    /// event step, and of a run of before headers were kept.
    headers_left_out: Option<Vec<String>>,
}

/// Who asks, and what a request is sent again with.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ReplayOne")]
struct Again {
    /// Who asks.
    by: Option<String>,
    /// Headers beside those that were kept of the request, and instead of those of the same name.
    headers: Option<Added>,
}

/// Which runs are sent again: those to which all that is said applies.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Replay")]
struct Wanted {
    /// Of this step.
    step: Option<String>,
    /// Of a step of this flow.
    flow: Option<String>,
    /// Ended so; `failed` where nothing is said.
    outcome: Option<RunOutcome>,
    /// Of this trace.
    trace: Option<TraceId>,
    /// Begun at this instant or later.
    since: Option<String>,
    /// Begun before this instant.
    until: Option<String>,
    /// With this text in the error, the request or a log line.
    text: Option<String>,
    /// At most so many runs are looked at, the last ones: 100 where nothing is said, 1000 at most.
    #[schemars(range(min = 1, max = PageRequest::MAX))]
    limit: Option<usize>,
    /// Headers of those of API steps, beside those that were kept, and instead of those of the same name.
    #[serde(skip_serializing)]
    headers: Option<Added>,
    /// Who asks.
    by: Option<String>,
}

/// What became of runs that were to be sent again.
#[derive(Debug, Serialize, JsonSchema)]
struct ReplayedAll {
    /// How many were.
    replayed: usize,
    /// Those that were not.
    refused: Vec<NotReplayed>,
    /// Names of headers that requests had and were sent again without, for they were not kept.
    #[serde(rename = "headersLeftOut", skip_serializing_if = "BTreeSet::is_empty")]
    headers_left_out: BTreeSet<String>,
}

/// A run that was not sent again.
#[derive(Debug, Serialize, JsonSchema)]
struct NotReplayed {
    /// The run.
    id: String,
    /// Why, and what to do.
    why: String,
}

pub(crate) fn routes() -> Routes {
    Routes::default()
        .post(
            "/api/runs/{id}/replay",
            replay,
            does("Sends a run again with what it was given").takes::<Again>().answers::<Replayed>(),
        )
        .post(
            "/api/runs/replay",
            replay_all,
            does("Sends all runs again that a filter finds, each event once")
                .takes::<Wanted>()
                .answers::<ReplayedAll>(),
        )
}

async fn replay(
    State(desk): State<Arc<Desk>>,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<(Deed, Json<Replayed>), Refusal> {
    let (Path(id), Again { by, headers: added }) = (id?, optional(&headers, &body?)?);
    let (by, added) = (who::name(&headers, by)?, added.unwrap_or_default().read()?);
    let run = find(&desk, &id).await?;
    if run.kind != "api" && !added.is_empty() {
        return Err(Refusal::bad("`headers` are for API steps: this run is of none"));
    }

    let replayed = again(&desk, &run, &added).await?;

    let deed = Deed::new("run.replay", format!("{id} of {}", run.step)).by(by).after(&replayed);
    Ok((deed, Json(replayed)))
}

async fn replay_all(
    State(desk): State<Arc<Desk>>,
    headers: HeaderMap,
    body: Body,
) -> Result<(Deed, Json<ReplayedAll>), Refusal> {
    let mut wanted: Wanted = fields(&headers, &body?)?;
    let by = who::name(&headers, wanted.by.take())?;
    let added = wanted.headers.take().unwrap_or_default().read()?;
    let said = json!(wanted);
    let (filter, limit) = wanted.filter(&desk)?;

    let found = desk.runs().await?.list(&filter, None, limit).items;
    let (chosen, mut refused) = chosen(&desk, found).await?;
    let (desk, added) = (&desk, &added);
    let sent =
        stream::iter(chosen)
            .map(|run| async move {
                again(desk, &run, added).await.map_err(|why| not(&run, &told(why)))
            })
            .buffered(AT_ONCE);
    let (mut replayed, mut headers_left_out) = (0, BTreeSet::new());
    for each in sent.collect::<Vec<_>>().await {
        match each {
            Ok(sent) => {
                replayed += 1;
                headers_left_out.extend(sent.headers_left_out.into_iter().flatten());
            }
            Err(why) => refused.push(why),
        }
    }

    let deed = Deed::new("run.replay", format!("{replayed} found")).by(by).before(&said);
    let deed = deed.nothing_if(replayed == 0);
    Ok((deed, Json(ReplayedAll { replayed, refused, headers_left_out })))
}

impl Wanted {
    fn filter(self, desk: &Desk) -> Result<(RunFilter, usize), Refusal> {
        let Self { step, flow, outcome, trace, since, until, text, limit, headers: _, by: _ } =
            self;
        let said = [&step, &flow, &since, &until, &text].into_iter().any(Option::is_some);
        if !said && outcome.is_none() && trace.is_none() {
            return Err(Refusal::bad(
                "say which runs: one of `step`, `flow`, `outcome`, `trace`, `since`, `until` and `text`",
            ));
        }
        if let Some(name) = &step
            && desk.registry().step(name).is_none()
        {
            return Err(Refusal::missing(format!(
                "no step `{name}`: the command `steps`, or `/api/steps`, lists them"
            )));
        }
        let limit = limit.unwrap_or(PageRequest::DEFAULT);
        if !(1..=PageRequest::MAX).contains(&limit) {
            return Err(Refusal::bad(format!(
                "`limit` is a number from 1 to {}",
                PageRequest::MAX
            )));
        }
        let (since, until) = (instant("since", since)?, instant("until", until)?);
        let filter = RunFilter {
            step,
            steps: flow.map(|flow| steps_of(desk, &flow)).transpose()?,
            outcome: outcome.or(Some(RunOutcome::Failed)),
            trace,
            since,
            until,
            text,
            ..RunFilter::default()
        };
        Ok((filter, limit))
    }
}

fn not(run: &RunRecord, why: &str) -> NotReplayed {
    NotReplayed { id: run.id.to_string(), why: why.to_owned() }
}

/// What a refusal says.
fn told(Refusal(problem): Refusal) -> String {
    problem.detail.unwrap_or_else(|| problem.status.to_string())
}

/// Those of the runs that are to be sent again: of the attempts of an event only the last, unless it will be
/// tried again anyway; and those that are not.
async fn chosen(
    desk: &Desk,
    found: Vec<Arc<RunRecord>>,
) -> Result<(Vec<Arc<RunRecord>>, Vec<NotReplayed>), Refusal> {
    let mut last: HashMap<(String, EventId), u64> = HashMap::new();
    for run in desk.runs().await?.list(&RunFilter::default(), None, usize::MAX).items {
        for event in &run.events {
            last.entry((run.step.to_string(), *event)).or_insert(run.id);
        }
    }
    let found_ids: HashSet<u64> = found.iter().map(|run| run.id).collect();
    let mut waiting: HashMap<String, HashSet<EventId>> = HashMap::new();
    let (mut chosen, mut refused) = (Vec::new(), Vec::new());
    for run in found {
        let later = run.events.iter().find_map(|event| {
            let last = last.get(&(run.step.to_string(), *event))?;
            (*last != run.id).then_some(*last)
        });
        if let Some(later) = later {
            if !found_ids.contains(&later) {
                refused.push(not(&run, &format!("run {later} is a later attempt of its event")));
            }
            continue;
        }
        if !waiting.contains_key(&*run.step) {
            waiting.insert(run.step.to_string(), waits(desk, &run.step).await?);
        }
        if run.events.iter().any(|event| waiting[&*run.step].contains(event)) {
            refused.push(not(&run, "its event waits to be tried again"));
        } else {
            chosen.push(run);
        }
    }
    Ok((chosen, refused))
}

/// The events that wait for a step, the oldest of them.
async fn waits(desk: &Desk, step: &str) -> Result<HashSet<EventId>, Refusal> {
    let mut events = HashSet::new();
    let known = desk.registry().step(step).is_some_and(|step| step.event().is_some());
    if !known {
        return Ok(events);
    }
    let queue = desk.queue(step).await?.id;
    let filter = WaitingFilter { queue: Some(queue), ..WaitingFilter::default() };
    let mut request = PageRequest::first(PageRequest::MAX);
    loop {
        let page = desk.store().waiting(&filter, request.clone()).await?;
        events.extend(page.items.iter().map(|delivery| delivery.event.id));
        match page.next {
            next @ Some(_) if events.len() < LOOKED_THROUGH => request = request.after(next),
            _ => return Ok(events),
        }
    }
}

/// Sends a run again; `added` are headers for one of an API step.
async fn again(desk: &Desk, run: &RunRecord, added: &HeaderMap) -> Result<Replayed, Refusal> {
    let step = desk.registry().step(&run.step).cloned();
    let step = step.ok_or_else(|| Refusal::conflict(format!("no step `{}` any more", run.step)))?;
    match &step.kind {
        Kind::Event(event) => publish_again(desk, run, &step, event).await,
        Kind::Api(api) => request::call_again(desk, run, &step, api, added).await,
        Kind::Cron(_) => Err(Refusal::conflict(format!(
            "a cron step has no input: `cron run {}` runs it now",
            run.step
        ))),
        Kind::Noop => Err(Refusal::conflict(format!("`{}` does not run here", run.step))),
    }
}

/// What causes the replay: the run that it repeats.
fn cause(run: &RunRecord) -> TraceContext {
    TraceContext { trace_id: run.trace_id, span_id: run.span_id, sampled: true, parent: None }
}

fn whole(run: &RunRecord) -> Option<&Input> {
    run.input.as_ref().filter(|input| input.is_whole)
}

/// Publishes the event of a run once more, for its step alone.
async fn publish_again(
    desk: &Desk,
    run: &RunRecord,
    step: &Step,
    event_step: &EventStep,
) -> Result<Replayed, Refusal> {
    let input = whole(run).and_then(|input| Some((input, input.topic.clone()?)));
    let (input, topic) = input.ok_or_else(|| {
        Refusal::conflict(
            "the input of this run was not kept whole, for it was large or had secrets in it: \
             redrive its dead letter instead",
        )
    })?;
    let payload = JsonText::encode(&input.value)
        .map_err(|error| Refusal::conflict(format!("its input is no JSON: {error}")))?;
    let now = desk.engine().now();
    let event = Event::new(topic.into(), payload, cause(run), now);
    let queue = desk.store().queues(&[step.name()]).await?;
    let queue = *queue.first().ok_or_else(|| Refusal::missing("no such queue"))?;
    let unfit = |error: &dyn std::fmt::Display| {
        Refusal::conflict(format!("its input does not fit `{}` any more: {error}", run.step))
    };
    (event_step.decodes)(&event).map_err(|error| unfit(&error))?;
    let key = match &event_step.selector {
        Some(selector) => selector.select(&event).map_err(|error| unfit(&error))?.flatten(),
        None => None,
    };
    let ordered = event_step.options.fifo;
    let lane = key.map(|key| Lane { key: key.into(), ordered });
    let targets = [Target { lane, ..queue.into() }].into();
    let (event_id, trace_id) = (Some(event.id), run.trace_id);
    let replayed = Replayed { event: event_id, status: None, trace_id, headers_left_out: None };

    let mark = desk.runs().await?.replay(event.id, run.id, now);
    let mut batch = Batch::of(Write::Publish { event: Arc::new(event), targets });
    batch.writes.push(mark);
    desk.commit(batch).await?;
    Ok(replayed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{after_a_charge, after_failures, get, post};

    #[tokio::test]
    async fn a_run_is_replayed_in_its_own_trace_for_its_step_alone() {
        let (api, runtime, line) = after_a_charge().await;
        let mut runs = runtime.runs().watch();
        runs.mark_unchanged();

        let path = format!("/api/runs/{}/replay", line["id"].as_str().unwrap());
        let (status, replayed) = post(&api, &path, &json!({ "by": "ana" })).await;

        assert_eq!((status.as_u16(), &replayed["traceId"]), (200, &line["traceId"]));
        runs.changed().await.unwrap();
        let (_, again) = get(&api, "/api/runs?step=Charge").await;
        assert_eq!(again["items"].as_array().unwrap().len(), 2);
        assert_eq!(again["items"][0]["parent"], line["spanId"]);
    }

    #[tokio::test]
    async fn what_is_replayed_says_which_run_it_repeats() {
        let (api, runtime, line) = after_a_charge().await;
        let mut runs = runtime.runs().watch();
        runs.mark_unchanged();

        let path = format!("/api/runs/{}/replay", line["id"].as_str().unwrap());
        post(&api, &path, &json!(null)).await;
        runs.changed().await.unwrap();

        let (_, list) = get(&api, "/api/runs?step=Charge").await;
        assert_eq!(list["items"][0]["replayOf"], line["id"]);
        assert_eq!(list["items"][1]["replayOf"], json!(null));
    }

    #[tokio::test]
    async fn all_failed_runs_of_a_step_are_replayed_each_event_once() {
        let (api, runtime) = after_failures(3).await;
        let (_, failed) = get(&api, "/api/runs?outcome=failed").await;
        assert_eq!(failed["items"].as_array().unwrap().len(), 6, "two attempts each: {failed}");

        let wanted = json!({ "step": "Refuse", "by": "ana" });
        let (status, answer) = post(&api, "/api/runs/replay", &wanted).await;

        assert_eq!((status.as_u16(), &answer), (200, &json!({ "replayed": 3, "refused": [] })));
        let mut runs = runtime.runs().watch();
        let replays = loop {
            let (_, list) = get(&api, "/api/runs?step=Refuse").await;
            let items = list["items"].as_array().unwrap().clone();
            let replays: Vec<_> =
                items.into_iter().filter(|run| run["replayOf"].is_string()).collect();
            if replays.len() == 6 {
                break replays;
            }
            runs.changed().await.unwrap();
        };
        assert!(replays.iter().all(|run| run["outcome"] == "failed"));
        runtime.shutdown().await.unwrap();
    }

    #[tokio::test]
    async fn of_runs_that_are_not_replayed_each_says_why() {
        let (api, runtime, line) = after_a_charge().await;
        post(&api, "/api/queues/Charge/pause", &json!(null)).await;
        let path = format!("/api/runs/{}/replay", line["id"].as_str().unwrap());
        post(&api, &path, &json!(null)).await;

        let (_, none) = post(&api, "/api/runs/replay", &json!({ "step": "Charge" })).await;
        assert_eq!(none, json!({ "replayed": 0, "refused": [] }), "none failed");
        let all = json!({ "step": "Charge", "outcome": "ok", "limit": 5 });
        let (_, well) = post(&api, "/api/runs/replay", &all).await;
        assert_eq!(well["replayed"], json!(1));
        for wanted in [
            json!({}),
            json!({ "step": "Charge", "limit": 0 }),
            json!({ "step": "Charge", "limit": 1001 }),
            json!({ "since": "now" }),
        ] {
            let (status, problem) = post(&api, "/api/runs/replay", &wanted).await;
            assert_eq!(status, 400, "{problem}");
        }
        for unknown in [json!({ "flow": "nowhere" }), json!({ "step": "Chrage" })] {
            let (status, problem) = post(&api, "/api/runs/replay", &unknown).await;
            assert_eq!(status, 404, "{problem}");
            assert!(problem["detail"].as_str().unwrap().ends_with("lists them"), "{problem}");
        }
        runtime.shutdown().await.unwrap();
    }
}
