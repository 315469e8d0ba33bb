//! The dashboard in the Workbench: served to those who may see it, and asking for nothing that is not there.

use serde_json::{Value, json};

use crate::client::App;

const PANEL: &str = "/__motia/panels/task-queue/";

/// What the dashboard asks, as `api.js` lists it: methods and paths.
fn routes(script: &str) -> Vec<(String, String)> {
    let lines = script.lines().filter_map(|line| line.trim().split_once(": [\""));
    let read = |(_, rest): (&str, &str)| {
        let (method, rest) = rest.split_once("\", \"")?;
        Some((method.to_lowercase(), rest.split_once('"')?.0.to_owned()))
    };
    lines.filter_map(read).collect()
}

#[test]
fn the_dashboard_is_listed_and_served_with_a_policy() {
    let app = App::offline();

    let panels = app.get("/__motia/api/app").body["panels"].clone();
    let listed = json!({ "name": "task-queue", "title": "Task queue", "href": PANEL });
    assert_eq!(panels, json!([listed]));

    let index = app.page(PANEL);
    assert_eq!(index.status, 200);
    let policy = index.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; script-src 'self'; "), "{policy}");
    assert_eq!(index.headers["x-frame-options"], "SAMEORIGIN");
    assert_eq!(index.headers["x-content-type-options"], "nosniff");
    for (file, kind) in [("main.js", "text/javascript"), ("panel.css", "text/css")] {
        let served = app.page(&format!("{PANEL}{file}"));
        let said = served.headers["content-type"].to_str().unwrap().to_owned();
        assert!(served.status == 200 && said.starts_with(kind), "{file}: {said}");
    }
}

#[test]
fn without_the_token_there_is_no_dashboard() {
    let app = App::with(&[("MOTIA_TOKEN", "a-token-that-is-long-enough")]);

    for file in ["", "main.js", "api.js"] {
        assert_eq!(app.page(&format!("{PANEL}{file}")).status, 401, "{file}");
    }
}

#[test]
fn every_route_that_the_dashboard_asks_is_there() {
    let app = App::offline();
    let asked = routes(&app.page(&format!("{PANEL}api.js")).text);
    assert!(asked.len() > 10, "{asked:?}");
    let (own, admin) = (app.get("/openapi.json").body, app.get("/__motia/api/openapi.json").body);

    for (method, path) in asked {
        let described = match path.strip_prefix("/__motia") {
            Some(path) => &admin["paths"][path][&method],
            None => &own["paths"][&path][&method],
        };
        assert_ne!(*described, Value::Null, "{method} {path}");
    }
}

#[test]
fn what_the_dashboard_reads_of_a_task_is_what_the_app_answers() {
    let app = App::offline();
    let task = app.summarize("The harbour bridge was closed.");
    app.until(&task, "COMPLETED");

    let status = app.get("/api/v1/queues/status").body;
    assert_eq!((&status["states"]["COMPLETED"], &status["queues"]["dlq"]), (&json!(1), &json!(0)));
    let worker = &app.get("/api/v1/workers/").body["worker_details"][0];
    assert!(worker["circuit_breaker"]["fail_max"].is_u64(), "{worker}");
    let list = app.get("/api/v1/tasks/summaries/?task_status=COMPLETED&page=1&page_size=20").body;
    assert_eq!((&list["total_pages"], &list["tasks"][0]["task_id"]), (&json!(1), &json!(task)));
    let events = app.get("/__motia/api/queues/ProcessTask").body;
    for number in ["waiting", "delayed", "held", "dead", "running"] {
        assert!(events[number].is_u64(), "{number}: {events}");
    }
}
