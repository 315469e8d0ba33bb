//! One function a rule.

mod names;
mod routes;
mod topics;

use super::Finding;
use crate::{
    registry::{Kind, Registry},
    schedule::{InvalidSchedule, Schedule},
    schema::{SchemaFn, Schemas},
    store::Capabilities,
};

pub(super) fn all(registry: &Registry, capabilities: &Capabilities) -> Vec<Finding> {
    let mut findings = Vec::new();
    nothing_registered(registry, &mut findings);
    names::same_name(registry, &mut findings);
    names::same_stream(registry, &mut findings);
    routes::same_route(registry, &mut findings);
    routes::reserved_route(registry, &mut findings);
    topics::topics(registry, &mut findings);
    topics::payload_types(registry, &mut findings);
    schedules(registry, &mut findings);
    schemas(registry, &mut findings);
    names::settings(registry, &mut findings);
    names::metrics(registry, &mut findings);
    names::panels(registry, &mut findings);
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
        metric::MetricDef,
        registry::{Definition, Source},
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
    fn panels_that_cannot_be_shown_are_found() {
        use crate::panel::{File, Panel};

        let found = |panels: &[Panel]| {
            let panels = panels.iter().map(|panel| (*panel, crate::source!()));
            let mut findings = Vec::new();
            super::names::panels(&Registry::default().with_panels(panels), &mut findings);
            findings.iter().map(|finding| (finding.code, finding.at.len())).collect::<Vec<_>>()
        };
        const FILES: &[File] = &[File::new("index.html", b"")];
        let (tasks, other) = (Panel::new("tasks", "Tasks"), Panel::new("tasks", "Other"));

        assert_eq!(found(&[tasks.files(FILES), Panel::new("shop", "Shop").at("/shop")]), []);
        assert_eq!(found(&[tasks.files(FILES), other.files(FILES)]), [("M018", 2)]);
        assert_eq!(found(&[tasks]), [("M018", 1)]);
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
