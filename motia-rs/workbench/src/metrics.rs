//! What is counted, as a document: the same figures as on the page that Prometheus reads.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json,
    extract::{RawQuery, State},
};
use motia_core::store::{Page, PageRequest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Desk, Refusal,
    input::query,
    operations::{Routes, does},
    paging::{Paging, strange},
};

/// Something that is counted.
#[derive(Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct MetricInfo {
    /// What it is called: of a counter, with the `_total` that its samples have.
    pub name: String,
    /// What it means.
    pub help: String,
    /// `counter`, `gauge`, `histogram` and so on.
    #[serde(rename = "type")]
    pub kind: String,
    /// One for each combination of labels.
    pub samples: Vec<Sample>,
}

/// What was counted under certain labels.
#[derive(Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Sample {
    /// The labels.
    pub labels: BTreeMap<String, String>,
    /// The number; of a histogram, none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// Of a histogram, how many were seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<f64>,
    /// Of a histogram, what they sum up to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sum: Option<f64>,
    /// Of a histogram, how many were seen up to each bound.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub buckets: Vec<(Bound, f64)>,
}

/// Up to where a bucket goes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Bound {
    /// Up to this.
    At(f64),
    /// To the end: `+Inf`.
    None(&'static str),
}

pub(crate) fn routes() -> Routes {
    Routes::default().get(
        "/api/metrics",
        list,
        does("Lists all that is counted, as `/metrics` shows it, in the order of that page")
            .query::<AtOnce>()
            .answers::<Page<MetricInfo>>(),
    )
}

/// Which metrics are asked for. There are as many as the app registers, so one page has them all by itself.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "MetricPaging")]
struct AtOnce {
    /// At most so many: 1000 where nothing is said.
    #[schemars(range(min = 1, max = PageRequest::MAX))]
    limit: Option<usize>,
    /// The `next` of the page before.
    cursor: Option<String>,
}

async fn list(
    State(desk): State<Arc<Desk>>,
    RawQuery(text): RawQuery,
) -> Result<Json<Page<MetricInfo>>, Refusal> {
    let AtOnce { limit, cursor } = query(text.as_deref())?;
    let limit = limit.or(Some(PageRequest::MAX));
    let request = Paging { limit, cursor }.request()?;
    let none = "no app runs, and what is counted is in the memory of its process";
    let runtime = desk.runtime().ok_or_else(|| Refusal::conflict(none))?;
    let items = read(&motia_runtime::metrics::page::page(runtime).await?);
    Ok(Json(page(items, &request)?))
}

/// Those behind the one that the cursor names.
fn page(mut items: Vec<MetricInfo>, request: &PageRequest) -> Result<Page<MetricInfo>, Refusal> {
    if let Some(last) = &request.after {
        let place = items.iter().position(|metric| metric.name == *last).ok_or_else(strange)?;
        items.drain(..=place);
    }
    let more = items.len() > request.limit;
    items.truncate(request.limit);
    let next = items.last().filter(|_| more).map(|last| last.name.clone());
    Ok(Page { items, next })
}

/// Reads OpenMetrics text: <https://prometheus.io/docs/specs/om/open_metrics_spec/>.
fn read(text: &str) -> Vec<MetricInfo> {
    let mut items: Vec<MetricInfo> = Vec::new();
    for line in text.lines() {
        let mut words = line.splitn(4, ' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("#"), Some("HELP"), Some(name), help) => {
                family(&mut items, name).help = unescaped(help.unwrap_or_default());
            }
            (Some("#"), Some("TYPE"), Some(name), kind) => {
                family(&mut items, name).kind = kind.unwrap_or_default().to_owned();
            }
            (Some("#"), ..) => {}
            _ => drop(sample(&mut items, line)),
        }
    }
    for counter in items.iter_mut().filter(|metric| metric.kind == "counter") {
        counter.name.push_str("_total");
    }
    items
}

/// The metric of this name, which is the last one or a new one.
fn family<'i>(items: &'i mut Vec<MetricInfo>, name: &str) -> &'i mut MetricInfo {
    if items.last().is_none_or(|last| last.name != name) {
        items.push(MetricInfo { name: name.to_owned(), ..MetricInfo::default() });
    }
    items.last_mut().expect("one was just put there")
}

/// Adds what a line says to the metric that it belongs to: the last one.
fn sample(items: &mut [MetricInfo], line: &str) -> Option<()> {
    let metric = items.last_mut()?;
    let (name, rest) = line.split_at(line.find(['{', ' '])?);
    let (mut labels, rest) = match rest.strip_prefix('{') {
        Some(rest) => labels(rest)?,
        None => (BTreeMap::new(), rest),
    };
    let value: f64 = rest.split_whitespace().next()?.parse().ok()?;
    let part = name.strip_prefix(&metric.name)?;
    let bound = if part == "_bucket" { labels.remove("le") } else { None };
    // The lines of a histogram follow each other.
    if metric.samples.last().is_none_or(|last| last.labels != labels || last.value.is_some()) {
        metric.samples.push(Sample { labels, ..Sample::default() });
    }
    let sample = metric.samples.last_mut()?;
    match part {
        "_bucket" => {
            let bound: Option<f64> = bound.and_then(|bound| bound.parse().ok());
            let bound = bound.filter(|it| it.is_finite()).map_or(Bound::None("+Inf"), Bound::At);
            sample.buckets.push((bound, value));
        }
        "_count" => sample.count = Some(value),
        "_sum" => sample.sum = Some(value),
        _ => sample.value = Some(value),
    }
    Some(())
}

/// Reads labels up to their `}`; gives what follows.
fn labels(mut text: &str) -> Option<(BTreeMap<String, String>, &str)> {
    let mut labels = BTreeMap::new();
    loop {
        text = text.trim_start_matches(',');
        if let Some(rest) = text.strip_prefix('}') {
            return Some((labels, rest));
        }
        let (name, rest) = text.split_once("=\"")?;
        let mut escaped = false;
        let end = rest.find(|letter| {
            let ends = letter == '"' && !escaped;
            escaped = letter == '\\' && !escaped;
            ends
        })?;
        labels.insert(name.to_owned(), unescaped(&rest[..end]));
        text = &rest[end + 1..];
    }
}

fn unescaped(text: &str) -> String {
    let mut letters = text.chars();
    let mut plain = String::with_capacity(text.len());
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some('n') => plain.push('\n'),
                other => plain.extend(other),
            },
            letter => plain.push(letter),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{at_rest, get, place, running};

    #[test]
    fn counters_gauges_and_histograms_are_read_with_their_labels() {
        let text = "# HELP failed Tasks that \\\"failed\\\".\n# TYPE failed counter\n\
            failed_total{task=\"a,b\",why=\"say \\\"no\\\" {1}\\n\"} 3\n\
            # HELP took How long.\n# TYPE took histogram\n\
            took_sum{task=\"a\"} 1.5\ntook_count{task=\"a\"} 2\n\
            took_bucket{le=\"0.5\",task=\"a\"} 1\ntook_bucket{le=\"+Inf\",task=\"a\"} 2\n\
            # HELP active Now.\n# TYPE active gauge\nactive 5.0\n# EOF\n";

        let list = serde_json::to_value(read(text)).unwrap();

        let failed = json!({
            "name": "failed_total", "help": "Tasks that \"failed\".", "type": "counter",
            "samples": [{ "labels": { "task": "a,b", "why": "say \"no\" {1}\n" }, "value": 3.0 }],
        });
        assert_eq!(list[0], failed);
        let took = json!({
            "labels": { "task": "a" }, "count": 2.0, "sum": 1.5,
            "buckets": [[0.5, 1.0], ["+Inf", 2.0]],
        });
        assert_eq!(list[1]["samples"], json!([took]));
        assert_eq!(list[2]["samples"], json!([{ "labels": {}, "value": 5.0 }]));
    }

    #[tokio::test]
    async fn the_figures_of_a_running_app_are_those_of_its_page() {
        let (api, runtime) = running().await;
        place(&api, json!({ "id": "o-1", "cents": 5 })).await;

        let (status, list) = get(&api, "/api/metrics").await;

        assert_eq!(status, 200);
        let page = motia_runtime::metrics::page::page(&runtime).await.unwrap();
        let named = page.lines().filter(|line| line.starts_with("# TYPE")).count();
        assert_eq!(list["items"].as_array().unwrap().len(), named);
        let of = |name: &str| {
            let all = list["items"].as_array().unwrap().iter();
            all.clone().find(|metric| metric["name"] == name).cloned().unwrap()
        };
        let emitted = json!([{ "labels": { "topic": "order.placed" }, "value": 1.0 }]);
        assert_eq!(of("motia_events_emitted_total")["samples"], emitted);
        assert_eq!(of("motia_queue_dead")["samples"][0]["labels"]["step"], json!("Charge"));
        runtime.shutdown().await.unwrap();
    }

    #[tokio::test]
    async fn pages_of_figures_join_up() {
        let (api, runtime) = running().await;
        let (_, whole) = get(&api, "/api/metrics").await;
        let (mut names, mut cursor) = (Vec::new(), String::new());
        loop {
            let (status, page) = get(&api, &format!("/api/metrics?limit=7{cursor}")).await;
            assert_eq!(status, 200, "{page}");
            names.extend(page["items"].as_array().unwrap().iter().map(|one| one["name"].clone()));
            let Some(next) = page["next"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }

        let all = whole["items"].as_array().unwrap().iter().map(|one| one["name"].clone());
        assert_eq!(names, all.collect::<Vec<_>>());
        assert!(names.len() > 7, "{names:?}");
        assert_eq!(get(&api, "/api/metrics?cursor=colour").await.0, 400);
        runtime.shutdown().await.unwrap();
    }

    #[tokio::test]
    async fn of_an_app_at_rest_nothing_is_counted() {
        assert_eq!(get(&at_rest().await, "/api/metrics").await.0, 409);
    }
}
