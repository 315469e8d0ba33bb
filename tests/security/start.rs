//! What is said at the start, and what is not.

use crate::{program::Running, wire::send};

#[test]
fn an_address_that_others_reach_is_told_of_and_has_no_admin_api_without_a_token() {
    let app = Running::app(&[("MOTIA_HOST", "0.0.0.0")]);

    let said = app.said();
    assert!(said.contains("reached by anyone who can reach 0.0.0.0:"), "{said}");
    assert!(said.contains("the admin API is not served") && said.contains("MOTIA_TOKEN"), "{said}");
    for path in ["/__motia/", "/__motia/api/app", "/__motia/session", "/__motia/streams"] {
        assert_eq!(send(&app.url, &format!("GET {path}"), &[], "").status, 404, "{path}");
    }
    assert_eq!(send(&app.url, "GET /livez", &[], "").status, 200);
}

#[test]
fn with_a_token_it_is_served_there_and_a_short_one_is_told_of() {
    let app = Running::app(&[("MOTIA_HOST", "0.0.0.0"), ("MOTIA_TOKEN", "short")]);

    assert!(app.said().contains("the token is short"), "{}", app.said());
    assert_eq!(send(&app.url, "GET /__motia/api/app", &[], "").status, 401);
    let brought = ["authorization: Bearer short"];
    assert_eq!(send(&app.url, "GET /__motia/api/app", &brought, "").status, 200);
    assert_eq!(
        send(&app.url, "GET /__motia/api/app", &[brought[0], "host: evil.example"], "").status,
        421
    );
}

#[test]
fn on_this_machine_alone_it_says_so() {
    let app = Running::app(&[]);
    assert!(app.said().contains("reached by only this machine"), "{}", app.said());
    assert!(app.url.starts_with("http://127.0.0.1:"), "{}", app.url);
}

#[test]
fn a_token_is_in_no_log_and_in_no_output_that_is_kept() {
    let (operate, read) = ("operate-5f1c0ffee", "read-5f1c0ffee");
    let settings =
        [("MOTIA_TOKEN", operate), ("MOTIA_READ_TOKEN", read), ("MOTIA_LOG", "trace,json")];
    let mut app = Running::app(&settings);
    for token in [operate, read] {
        let bearer = format!("authorization: Bearer {token}");
        let session = send(&app.url, "POST /__motia/session", &[&bearer], "");
        let cookie = session.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        send(&app.url, "GET /__motia/api/app", &[&format!("cookie: {cookie}")], "");
        send(&app.url, "POST /__motia/api/queues/ProcessFoodOrder/pause", &[&bearer], "");
        send(&app.url, &format!("GET /__motia/api/app?token={token}"), &[], "");
        send(&app.url, &format!("GET /hello?token={token}"), &[&bearer], "");
        let logs = send(&app.url, "GET /__motia/api/logs?limit=1000", &[&bearer], "");
        assert_eq!(logs.status, 200);
        assert!(!logs.body.contains(token), "{}", logs.body);
        let runs = send(&app.url, "GET /__motia/api/runs", &[&bearer], "");
        assert!(!runs.body.contains(token), "{}", runs.body);
    }
    let settings = app.run(&["settings"]);
    app.stop();

    let said = app.said() + &String::from_utf8_lossy(&settings.stdout);
    assert!(said.contains("motia::audit"), "the log is there: {said}");
    assert!(!said.contains(operate) && !said.contains(read), "{said}");
}

#[test]
fn a_token_for_reading_alone_refuses_to_start() {
    let app = Running::app(&[]);
    let alone = app.run(&["settings", "--json"]);
    assert!(alone.status.success());
    let refused = std::process::Command::new(env!("CARGO_BIN_EXE_app"))
        .arg("check")
        .env("MOTIA_READ_TOKEN", "read-5f1c0ffee")
        .env_remove("MOTIA_TOKEN")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains("MOTIA_READ_TOKEN") && !said.contains("5f1c0ffee"), "{said}");
}
