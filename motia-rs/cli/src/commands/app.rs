//! What the app is: its steps, flows, settings, mistakes and schedules.

use std::collections::BTreeMap;

use motia_core::{graph::Graph, registry::Registry};
use motia_http::HttpSettings;
use motia_workbench::{flows::FlowInfo, steps::StepInfo};
use serde_json::{Value, json};

use super::{Me, text, whole};
use crate::{
    Failure,
    args::Cron,
    ask::{App, segment},
    output::{Output, print},
    serve::boot,
    settings::{Own, Raw, SETTINGS, Settings, Source, own, table::Kind},
};

pub(super) fn check(
    registry: &Registry,
    settings: &Settings,
    output: Output,
) -> Result<(), Failure> {
    let findings = boot::findings(registry, settings);
    let (errors, warnings) = boot::count(&findings);
    let steps = registry.steps.len();
    if output.is_json() {
        output.document(&json!({
            "steps": steps, "errors": errors, "warnings": warnings, "findings": findings,
        }));
    } else if findings.is_empty() {
        print(&format!("{steps} steps, nothing to complain of"));
    } else {
        print(&format!("{}\n\n{}", boot::text(&findings), boot::summary(&findings)));
    }
    match errors {
        0 => Ok(()),
        _ => Err(Failure::unready("the app would not start").after_its_answer()),
    }
}

pub(super) fn steps(registry: &Registry, output: Output) {
    let steps: Vec<_> = registry.steps.iter().map(|step| StepInfo::of(step)).collect();
    let mut document = whole(&steps);
    for (item, step) in items(&mut document).zip(&registry.steps) {
        item["at"] = json!(step.source.to_string());
    }
    output.list(
        &document,
        &[
            ("STEP", "/name"),
            ("KIND", "/kind"),
            ("TRIGGER", "/trigger"),
            ("EMITS", "/emits"),
            ("AT", "/at"),
        ],
    );
}

pub(super) fn flows(
    registry: &Registry,
    mermaid: Option<Option<String>>,
    output: Output,
) -> Result<(), Failure> {
    let flows = FlowInfo::all(registry);
    let graph = Graph::of(registry);
    match mermaid {
        None => {
            let mut document = whole(&flows);
            for item in items(&mut document) {
                item["topics"] = json!(item["edges"].as_array().map_or(0, Vec::len));
                if !output.is_json() {
                    item["steps"] = json!(item["steps"].as_array().map_or(0, Vec::len));
                }
            }
            let columns = [
                ("FLOW", "/name"),
                ("STEPS", "/steps"),
                ("TOPICS BETWEEN", "/topics"),
                ("DESCRIPTION", "/description"),
            ];
            output.list(&document, &columns);
        }
        Some(None) => {
            let charts: BTreeMap<_, _> =
                flows.iter().map(|flow| (flow.name, graph.mermaid(flow.name))).collect();
            if output.is_json() {
                output.document(&json!(charts));
            } else {
                let chart = |(name, chart)| format!("## {name}\n\n```mermaid\n{chart}```\n");
                print(&charts.iter().map(chart).collect::<Vec<_>>().join("\n"));
            }
        }
        Some(Some(name)) => {
            if !flows.iter().any(|flow| flow.name == name) {
                let names = flows.iter().map(|flow| flow.name);
                let advice = crate::settings::advice(&name, names, "`flows` lists them");
                return Err(Failure::refused(format!("there is no flow `{name}`; {advice}")));
            }
            let chart = graph.mermaid(&name);
            if output.is_json() {
                output.document(&json!({ name: chart }));
            } else {
                print(&chart);
            }
        }
    }
    Ok(())
}

pub(super) fn openapi(registry: &Registry, http: &HttpSettings, output: Output) {
    output.document(&motia_http::openapi::document(registry, http));
}

pub(super) fn settings(raw: &Raw, output: Output) {
    let item = |setting: &crate::settings::Setting| {
        let given = raw.get(setting.name);
        let secret = setting.kind == Kind::Secret && !given.text.is_empty();
        let value = if secret { "(set)" } else { &given.text };
        let source = place(&given.source, given);
        json!({
            "name": setting.name, "value": value, "source": source, "env": setting.env,
            "help": setting.help,
        })
    };
    let own = |own: &Own| {
        let (env, help) = (own.setting.name, own.setting.help);
        let name = format!("{}.{}", own::TABLE, own.setting.name_in_file());
        json!({
            "name": name, "value": own.shown(), "source": place(&own.source, own), "env": env,
            "help": help,
        })
    };
    let items: Vec<Value> = SETTINGS.iter().map(item).chain(raw.own.iter().map(own)).collect();
    output.list(
        &whole(&items),
        &[
            ("SETTING", "/name"),
            ("VALUE", "/value"),
            ("SET BY", "/source"),
            ("VARIABLE", "/env"),
            ("WHAT IT DOES", "/help"),
        ],
    );
}

/// Where a setting was set, in a word.
fn place(source: &Source, given: &dyn std::fmt::Display) -> String {
    match source {
        Source::Default => "default".to_owned(),
        Source::File(path) => path.display().to_string(),
        Source::Flag | Source::Env => given.to_string(),
    }
}

pub(super) fn cron(app: &App, command: Cron, me: &Me, output: Output) -> Result<(), Failure> {
    match command {
        Cron::Ls => {
            let mut document = app.get("/api/cron?limit=1000")?;
            if !output.is_json() {
                for item in items(&mut document) {
                    for time in ["next", "lastFired"] {
                        if let Some(at) = item[time].as_str() {
                            item[time] = json!(me.clock.told(at));
                        }
                    }
                }
            }
            let columns = [
                ("STEP", "/step"),
                ("SCHEDULE", "/schedule"),
                ("TIME ZONE", "/timezone"),
                ("NEXT", "/next"),
                ("LAST", "/lastFired"),
                ("RUNNING", "/running"),
            ];
            output.list(&document, &columns);
        }
        Cron::Run { step } => {
            let answer = app.post(&format!("/api/cron/{}/run", segment(&step)), &Value::Null)?;
            let trace = text(&answer["traceId"]);
            output.done(&answer, &format!("{step} runs now, trace {trace}"));
        }
    }
    Ok(())
}

fn items(document: &mut Value) -> impl Iterator<Item = &mut Value> {
    document["items"].as_array_mut().into_iter().flatten()
}
