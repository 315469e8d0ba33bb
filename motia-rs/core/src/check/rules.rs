//! One function a rule.

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use crate::{
    config::path,
    metric::MetricDef,
    registry::{ApiStep, Kind, Registry, Source, Step},
    schedule::{InvalidSchedule, Schedule},
    schema::{SchemaFn, Schemas},
    store::Capabilities,
    topic::TopicDef,
};

/// The routes that the framework answers itself.
const RESERVED_PATHS: [&str; 5] = ["/__motia", "/livez", "/readyz", "/metrics", "/openapi.json"];

/// The metrics that the framework shows, beside those that begin with `motia_`.
const RESERVED_METRICS: [&str; 3] =
    ["possible_duplicate", "http_requests", "http_request_duration_seconds"];

pub(super) fn all(registry: &Registry, capabilities: &Capabilities) -> Vec<Finding> {
    let mut findings = Vec::new();
    nothing_registered(registry, &mut findings);
    same_name(registry, &mut findings);
    same_stream(registry, &mut findings);
    same_route(registry, &mut findings);
    reserved_route(registry, &mut findings);
    topics(registry, &mut findings);
    payload_types(registry, &mut findings);
    schedules(registry, &mut findings);
    schemas(registry, &mut findings);
    settings(registry, &mut findings);
    metrics(registry, &mut findings);
    panels(registry, &mut findings);
    capability(capabilities, &mut findings);
    findings
}

fn nothing_registered(registry: &Registry, findings: &mut Vec<Finding>) {
    if registry.steps.is_empty() {
        findings.push(Finding::error(
            "M001",
            "no step is registered",
            "name the crate that holds the steps, or the linker leaves it out: `use steps as _;`",
        ));
    }
}

fn same_name(registry: &Registry, findings: &mut Vec<Finding>) {
    let mut places: BTreeMap<&str, Vec<Source>> = BTreeMap::new();
    for step in &registry.steps {
        places.entry(step.name()).or_default().push(step.source);
    }
    for (name, places) in places.into_iter().filter(|(_, places)| places.len() > 1) {
        let message = format!("{} steps are called `{name}`", places.len());
        let help = "give each its own name: queues and locks go by it";
        findings.push(Finding::error("M002", message, help).at(places));
    }
}

fn same_stream(registry: &Registry, findings: &mut Vec<Finding>) {
    let mut places: BTreeMap<&str, Vec<Source>> = BTreeMap::new();
    for (stream, source) in &registry.streams {
        places.entry(stream.name).or_default().push(*source);
    }
    for (name, places) in places.into_iter().filter(|(_, places)| places.len() > 1) {
        let message = format!("the stream `{name}` is registered {} times", places.len());
        findings.push(
            Finding::error("M003", message, "register it once, where it is named").at(places),
        );
    }
}

fn settings(registry: &Registry, findings: &mut Vec<Finding>) {
    for group in registry.settings.chunk_by(|(one, _), (other, _)| one.name == other.name) {
        let [(first, place), others @ ..] = group else { continue };
        if others.iter().any(|(other, _)| !other.agrees_with(first)) {
            let message = format!("the setting `{}` is declared in two ways", first.name);
            let help = "declare it once and use that constant, or give each its own name";
            findings.push(
                Finding::error("M015", message, help).at(group.iter().map(|(_, place)| *place)),
            );
        }
        if let Err(why) = first.read(None) {
            let default = first.default.unwrap_or_default();
            let message =
                format!("the default of the setting `{}`, `{default}`, {why}", first.name);
            let help = "give it a default that its type can be read from";
            findings.push(Finding::error("M016", message, help).at([*place]));
        }
    }
}

fn metrics(registry: &Registry, findings: &mut Vec<Finding>) {
    let mut shown: BTreeMap<String, Vec<&(MetricDef, Source)>> = BTreeMap::new();
    for metric in &registry.metrics {
        for name in metric.0.shown() {
            shown.entry(name).or_default().push(metric);
        }
    }
    let mut told: BTreeSet<Vec<Source>> = BTreeSet::new();
    for (name, metrics) in &shown {
        let ours = RESERVED_METRICS.contains(&name.as_str());
        let differ = metrics.iter().any(|(other, _)| *other != metrics[0].0);
        let places: Vec<_> = metrics.iter().map(|(_, place)| *place).collect();
        if (ours || differ) && told.insert(places.clone()) {
            let message = match ours {
                true => format!("the metric `{name}` is one of the framework's"),
                false => format!("two metrics are shown as `{name}`"),
            };
            let help = "declare a metric once and use that constant, or give each its own name";
            findings.push(Finding::error("M017", message, help).at(places));
        }
    }
}

fn panels(registry: &Registry, findings: &mut Vec<Finding>) {
    for group in registry.panels.chunk_by(|(one, _), (other, _)| one.name == other.name) {
        let name = group[0].0.name;
        if group.len() > 1 {
            let message = format!("{} panels are called `{name}`", group.len());
            let help = "give each its own name: it is where its files are served";
            let places = group.iter().map(|(_, place)| *place);
            findings.push(Finding::error("M018", message, help).at(places));
        }
        for (panel, place) in group {
            if let Some(fault) = panel.fault() {
                let message = format!("the panel `{name}` cannot be shown: {fault}");
                let help = "see docs/panels.md for what a panel is made of";
                findings.push(Finding::error("M018", message, help).at([*place]));
            }
        }
    }
}

fn api_steps(registry: &Registry) -> impl Iterator<Item = (&Step, &ApiStep)> {
    registry.steps.iter().filter_map(|step| match &step.kind {
        Kind::Api(api) => Some((&**step, api)),
        _ => None,
    })
}

/// The path with its parameters' names left out: what the router tells apart.
fn shape(path: &str) -> String {
    let plain = |segment: &str| match segment.strip_prefix('{') {
        Some(name) if name.starts_with('*') => "{*}".to_owned(),
        Some(_) => "{}".to_owned(),
        None => segment.to_owned(),
    };
    path.split('/').map(plain).collect::<Vec<_>>().join("/")
}

fn same_route(registry: &Registry, findings: &mut Vec<Finding>) {
    let mut routes: BTreeMap<(String, &str), Vec<&Step>> = BTreeMap::new();
    for (step, api) in api_steps(registry) {
        routes.entry((shape(api.path), api.method.as_str())).or_default().push(step);
    }
    for ((_, method), steps) in routes.iter().filter(|(_, steps)| steps.len() > 1) {
        let names: Vec<_> = steps.iter().map(|step| step.name()).collect();
        let path = api_steps(registry).find(|(step, _)| step.name() == names[0]);
        let path = path.map_or("", |(_, api)| api.path);
        let message = format!("{} answer the same route, {method} {path}", names.join(" and "));
        let help = "give one of them another path or method";
        findings.push(Finding::error("M004", message, help).at(steps.iter().map(|s| s.source)));
    }
    let shapes: BTreeSet<String> = api_steps(registry).map(|(_, api)| shape(api.path)).collect();
    for rest in shapes.iter().filter(|shape| shape.ends_with("{*}")) {
        let before = rest.trim_end_matches("{*}");
        let clash = |shape: &&String| {
            shape
                .strip_prefix(before)
                .is_some_and(|behind| behind == "{}" || behind.starts_with("{}/"))
        };
        for other in shapes.iter().filter(clash) {
            let both = [rest, other];
            let at = api_steps(registry).filter(|(_, api)| both.contains(&&shape(api.path)));
            let message = format!("the routes `{rest}` and `{other}` cannot be told apart");
            let help = "a path has either a parameter or a `{*rest}` at one place";
            findings
                .push(Finding::error("M004", message, help).at(at.map(|(step, _)| step.source)));
        }
    }
}

fn reserved_route(registry: &Registry, findings: &mut Vec<Finding>) {
    for (step, api) in api_steps(registry) {
        let taken = RESERVED_PATHS.iter().find(|reserved| {
            api.path
                .strip_prefix(**reserved)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        if let Some(reserved) = taken {
            let message =
                format!("{} answers `{}`, which the framework answers", step.name(), api.path);
            let help = format!("choose a path outside `{reserved}`");
            findings.push(Finding::error("M005", message, help).at([step.source]));
        }
        let names: Vec<_> = path::parameters(api.path).collect();
        let unique: BTreeSet<_> = names.iter().collect();
        if unique.len() < names.len() {
            let message = format!("{} has a path parameter twice: `{}`", step.name(), api.path);
            findings.push(
                Finding::error("M006", message, "give each parameter its own name")
                    .at([step.source]),
            );
        }
    }
}

fn topics(registry: &Registry, findings: &mut Vec<Finding>) {
    let named = |of: fn(&Step) -> &Vec<TopicDef>| {
        let mut topics: BTreeMap<&str, Vec<&Step>> = BTreeMap::new();
        for step in &registry.steps {
            for topic in of(step).iter().filter(|topic| !topic.name.starts_with('/')) {
                topics.entry(topic.name).or_default().push(step);
            }
        }
        topics
    };
    let emitted = named(|step| &step.emits);
    let heard = named(|step| &step.subscribes);
    for (topic, steps) in emitted.iter().filter(|(topic, _)| !heard.contains_key(*topic)) {
        let message = format!("topic `{topic}` is emitted by {} and heard by nobody", names(steps));
        let help = "subscribe a step to it, or a noop step that stands for whoever hears it; \
                    until then its events are dropped";
        findings.push(Finding::warning("M007", message, help).at(steps.iter().map(|s| s.source)));
    }
    for (topic, steps) in heard.iter().filter(|(topic, _)| !emitted.contains_key(*topic)) {
        let message = format!("topic `{topic}` is heard by {} and emitted by nobody", names(steps));
        let help = "declare it among a step's emits, in `emits_raw`, or on a noop step that stands \
                    for whoever emits it";
        findings.push(Finding::warning("M008", message, help).at(steps.iter().map(|s| s.source)));
    }
}

fn names(steps: &[&Step]) -> String {
    steps.iter().map(|step| step.name()).collect::<Vec<_>>().join(", ")
}

fn payload_types(registry: &Registry, findings: &mut Vec<Finding>) {
    let mut typed: BTreeMap<&str, BTreeMap<&str, Vec<&Step>>> = BTreeMap::new();
    for step in &registry.steps {
        let topics = step.emits.iter().chain(&step.subscribes);
        for topic in topics.filter(|topic| topic.type_id.is_some()) {
            let types = typed.entry(topic.name).or_default();
            types.entry(topic.type_name).or_default().push(step);
        }
    }
    for (topic, types) in typed.into_iter().filter(|(_, types)| types.len() > 1) {
        let list: Vec<_> = types.keys().map(|name| format!("`{name}`")).collect();
        let message =
            format!("topic `{topic}` has {} payload types: {}", list.len(), list.join(", "));
        let help = "name the topic once, next to one type, and use that type everywhere";
        let at = types.values().flatten().map(|step| step.source);
        findings.push(Finding::error("M009", message, help).at(at));
    }
}

fn schedules(registry: &Registry, findings: &mut Vec<Finding>) {
    for step in &registry.steps {
        let Kind::Cron(cron) = &step.kind else { continue };
        let Err(error) = Schedule::of(&cron.options) else { continue };
        let help = match error {
            InvalidSchedule::TimeZone(_) => "the zones of the IANA database are known here",
            _ => "five fields, or six with seconds first: `*/5 * * * *`, `0 0 * * MON`, `@daily`",
        };
        let message = format!("{} cannot be scheduled: {error}", step.name());
        findings.push(Finding::error("M010", message, help).at([step.source]));
    }
}

fn schemas(registry: &Registry, findings: &mut Vec<Finding>) {
    let mut schemas = Schemas::default();
    for step in &registry.steps {
        let topics = step.emits.iter().chain(&step.subscribes).filter_map(|topic| {
            topic.schema.map(|schema| (format!("topic `{}`", topic.name), schema))
        });
        let mut parts: Vec<(String, SchemaFn)> = topics.collect();
        if let Kind::Api(api) = &step.kind {
            let named =
                [("body", api.body), ("query", api.options.query), ("path", api.options.params)];
            parts.extend(
                named
                    .into_iter()
                    .filter_map(|(what, schema)| Some((format!("its {what}"), schema?))),
            );
        }
        for (what, schema) in parts {
            if let Err(why) = schemas.checker(schema) {
                let message =
                    format!("the schema of {what} in {} does not compile: {why}", step.name());
                let help = "patterns run in linear time, so they know no look-around and no \
                            back-references; references stay inside the app";
                findings.push(Finding::error("M011", message, help).at([step.source]));
            }
        }
    }
}

fn capability(capabilities: &Capabilities, findings: &mut Vec<Finding>) {
    let needed = [
        (capabilities.atomic_batches, "atomic batches, which state and queues are built on"),
        (capabilities.delay, "delayed deliveries, which retries are built on"),
        (capabilities.expiry, "entries with an end, which leases are built on"),
    ];
    for (_, what) in needed.iter().filter(|(has, _)| !has) {
        let message = format!("the store has no {what}");
        findings.push(Finding::error("M012", message, "choose another store: `--store sqlite`"));
    }
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::{
        config::{ApiConfig, CronConfig, EventConfig, NoopConfig},
        context::Context,
        error::StepResult,
        http::{ApiRequest, ApiResponse},
        registry::Definition,
        store::Durability,
    };

    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Placed;
    crate::topic!(Placed = "order.placed");

    #[derive(Serialize, Deserialize, JsonSchema)]
    struct AlsoPlaced;
    crate::topic!(AlsoPlaced = "order.placed");

    #[derive(Deserialize, JsonSchema)]
    struct LookAhead {
        #[schemars(regex(pattern = "^(?=a)a+$"))]
        #[expect(dead_code, reason = "only the schema is looked at")]
        text: String,
    }

    async fn answer<B, E>(_: ApiRequest<B>, _: Context<E>) -> StepResult<ApiResponse<()>> {
        Ok(ApiResponse::no_content())
    }

    async fn hear<T, E>(_: T, _: Context<E>) -> StepResult {
        Ok(())
    }

    async fn tick(_: Context) -> StepResult {
        Ok(())
    }

    fn get(name: &'static str, path: &'static str) -> Definition {
        ApiConfig::<(), ()>::get(name, path).bind(answer)
    }

    fn codes(steps: impl IntoIterator<Item = Definition>) -> Vec<&'static str> {
        let placed = steps.into_iter().map(|step| (step, crate::source!()));
        let capabilities = Capabilities::embedded(Durability::Volatile);
        let findings = super::super::run(&Registry::of(placed, []), &capabilities);
        findings.iter().map(|finding| finding.code).collect()
    }

    fn emits<E: crate::topic::TopicSet>(name: &'static str, path: &'static str) -> Definition {
        ApiConfig::<(), (), E>::get(name, path).bind(answer)
    }

    #[test]
    fn an_app_that_hangs_together_has_no_findings() {
        let hears = EventConfig::<Placed>::new("Hears").bind(hear);
        assert!(codes([emits::<(Placed,)>("Emits", "/"), hears]).is_empty());
    }

    #[test]
    fn an_app_without_steps_is_found() {
        assert_eq!(codes([]), ["M001"]);
    }

    #[test]
    fn two_steps_of_one_name_are_found() {
        assert_eq!(codes([get("Same", "/a"), get("Same", "/b")]), ["M002"]);
    }

    #[test]
    fn two_steps_on_one_route_are_found_whatever_their_parameters_are_called() {
        assert_eq!(codes([get("One", "/a/{id}"), get("Two", "/a/{x}")]), ["M004"]);
        assert_eq!(codes([get("One", "/a/{id}"), get("Two", "/a/{*rest}")]), ["M004"]);
        assert!(codes([get("One", "/a/{id}"), get("Two", "/a/b")]).is_empty());
    }

    #[test]
    fn routes_of_the_framework_are_kept_free() {
        assert_eq!(codes([get("Mine", "/__motia/mine")]), ["M005"]);
        assert!(codes([get("Mine", "/__motia_and_i")]).is_empty());
    }

    #[test]
    fn a_path_parameter_that_stands_twice_is_found() {
        assert_eq!(codes([get("Twice", "/{id}/{id}")]), ["M006"]);
    }

    #[test]
    fn topics_with_one_end_are_found_and_noop_steps_count_as_ends() {
        assert_eq!(codes([emits::<(Placed,)>("Emits", "/")]), ["M007"]);
        assert_eq!(codes([EventConfig::<Placed>::new("Hears").bind(hear)]), ["M008"]);
        let outside = NoopConfig::new("Outside").subscribes(&["order.placed"]).bind();
        assert!(codes([emits::<(Placed,)>("Emits", "/"), outside]).is_empty());
    }

    #[test]
    fn two_payload_types_on_one_topic_are_found() {
        let hears = EventConfig::<AlsoPlaced>::new("Hears").bind(hear);
        assert_eq!(codes([emits::<(Placed,)>("Emits", "/"), hears]), ["M009"]);
    }

    #[test]
    fn schedules_that_cannot_be_are_found() {
        let never = CronConfig::new("Never", "0 0 31 2 *").bind(tick);
        let nowhere = CronConfig::new("Nowhere", "@daily").timezone("Mars/Olympus").bind(tick);
        assert_eq!(codes([never, nowhere]), ["M010", "M010"]);
    }

    #[test]
    fn a_schema_that_does_not_compile_is_found() {
        let step = ApiConfig::<LookAhead, ()>::post("Patterned", "/").bind(answer);
        assert_eq!(codes([step]), ["M011"]);
    }

    #[test]
    fn settings_that_contradict_each_other_or_themselves_are_found() {
        use crate::setting::Setting;
        let found = |settings: Vec<crate::setting::SettingDef>| {
            let placed = settings.into_iter().map(|setting| (setting, crate::source!()));
            let steps = [(get("Any", "/"), crate::source!())];
            let registry = Registry::of(steps, []).with_settings(placed);
            let capabilities = Capabilities::embedded(Durability::Volatile);
            let findings = super::super::run(&registry, &capabilities);
            findings.iter().map(|finding| finding.code).collect::<Vec<_>>()
        };
        let four = || Setting::<u32>::new("WORKERS", "4", "Workers at once").describe();
        let five = Setting::<u32>::new("WORKERS", "5", "Workers at once").describe();
        let lots = Setting::<u32>::new("HANDS", "lots", "Hands at once").describe();

        assert!(found(vec![four(), four()]).is_empty());
        assert_eq!(found(vec![four(), five]), ["M015"]);
        assert_eq!(found(vec![lots]), ["M016"]);
    }

    #[test]
    fn metrics_that_would_be_shown_under_one_name_are_found() {
        use crate::metric::{Counter, Gauge, Histogram};
        let found = |metrics: Vec<MetricDef>| {
            let placed = metrics
                .into_iter()
                .zip(1..)
                .map(|(metric, line)| (metric, Source { line, ..crate::source!() }));
            let steps = [(get("Any", "/"), crate::source!())];
            let registry = Registry::of(steps, []).with_metrics(placed);
            let capabilities = Capabilities::embedded(Durability::Volatile);
            let findings = super::super::run(&registry, &capabilities);
            findings.into_iter().map(|finding| finding.message).collect::<Vec<_>>()
        };
        let jobs = || Counter::new("jobs_total", "Jobs").describe();
        let by_kind = Counter::new("jobs_total", "Jobs").labels(["kind"]).describe();
        let sum = Gauge::new("took_seconds_sum", "Together").describe();
        let took = Histogram::new("took_seconds", "Each").describe();
        let http = Counter::new("http_requests_total", "Requests").describe();

        assert!(found(vec![jobs(), jobs()]).is_empty(), "said twice in the same words");
        assert_eq!(found(vec![jobs(), by_kind]), ["two metrics are shown as `jobs`"]);
        assert_eq!(found(vec![sum, took]), ["two metrics are shown as `took_seconds_sum`"]);
        assert_eq!(found(vec![http]), ["the metric `http_requests` is one of the framework's"]);
    }

    #[test]
    fn a_store_that_cannot_do_what_is_needed_is_found() {
        let mut weak = Capabilities::embedded(Durability::Volatile);
        weak.delay = false;

        let registry = Registry::of([(get("Any", "/"), crate::source!())], []);
        let findings = super::super::run(&registry, &weak);

        assert_eq!(findings[0].code, "M012");
    }
}
