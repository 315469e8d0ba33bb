//! How much may be asked, and how slowly.

use std::{
    io::{Read as _, Write as _},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    program::Running,
    wire::{connect, send},
};

const JSON: &str = "content-type: application/json";

/// Values for what stands in the paths of lists.
const IN_PATHS: [(&str, &str); 5] = [
    ("{step}", "ProcessFoodOrder"),
    ("{flow}", "basic-tutorial"),
    ("{name}", "any"),
    ("{group}", "orders"),
    ("{id}", "1-1"),
];

/// Whether an operation says that it answers with a list: `items`.
fn is_list(document: &Value, about: &Value) -> bool {
    let schema = &about["responses"]["200"]["content"]["application/json"]["schema"];
    let named = schema["$ref"].as_str().and_then(|name| document.pointer(&name[1..]));
    named.unwrap_or(schema)["properties"]["items"].is_object()
}

#[test]
fn every_list_is_bounded() {
    let app = Running::app(&[]);
    let document = send(&app.url, "GET /__motia/api/openapi.json", &[], "").json();
    let mut bounded = 0;
    for (method, path, about) in app.operations(&[]) {
        let parameters = about["parameters"].as_array().cloned().unwrap_or_default();
        let takes_limit = parameters.iter().any(|parameter| parameter["name"] == "limit");
        assert!(takes_limit || !is_list(&document, &about), "{path} is a list without a limit");
        if !takes_limit {
            continue;
        }
        let filled = |path: String, (name, value): &(&str, &str)| path.replace(name, value);
        let path = IN_PATHS.iter().fold(path, filled);
        assert!(!path.contains('{'), "say what stands in {path}");
        for limit in ["0", "1001", "100000000000", "-1", "many", "1&limit=2"] {
            // Whatever changes several asks which ones are meant.
            let meant = if method == "GET" { "" } else { "&all=true" };
            let line = format!("{method} /__motia{path}?limit={limit}{meant}");
            let refused = send(&app.url, &line, &["x-motia-workbench: 1"], "");
            assert_eq!(refused.status, 400, "{line}: {refused:?}");
            let told = refused.json()["detail"].as_str().unwrap_or_default().to_owned();
            assert!(told.contains("`limit`"), "{line}: {told}");
        }
        bounded += 1;
    }
    assert!(bounded >= 20, "only {bounded} operations take a limit");
}

#[test]
fn what_is_nested_too_deep_or_too_large_is_refused() {
    let app = Running::app(&[]);
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let emit = |payload: &str| format!("{{\"topic\":\"notification\",\"payload\":{payload}}}");

    for (path, body) in [
        ("/basic-tutorial", nested(100)),
        ("/basic-tutorial", nested(100_000)),
        ("/__motia/api/emit", emit(&nested(200))),
        ("/__motia/api/emit", emit(&nested(100_000))),
        ("/__motia/api/state/a/b", nested(100_000)),
    ] {
        let method = if path.contains("/state/") { "PUT" } else { "POST" };
        let refused = send(&app.url, &format!("{method} {path}"), &[JSON], &body);
        assert_eq!(refused.status, 400, "{path}: {refused:?}");
    }
    let large = format!("\"{}\"", "x".repeat(3 << 20));
    for path in ["/basic-tutorial", "/__motia/api/emit"] {
        let refused = send(&app.url, &format!("POST {path}"), &[JSON], &large);
        // What is refused while it is still sent may not be heard.
        assert!([413, 0].contains(&refused.status), "{path}: {refused:?}");
    }
    assert_eq!(send(&app.url, "GET /livez", &[], "").status, 200);
}

#[test]
fn a_head_that_does_not_come_is_not_waited_for_and_connections_beyond_the_cap_wait_their_turn() {
    let settings = [("MOTIA_HEADER_READ_TIMEOUT", "500ms"), ("MOTIA_MAX_CONNECTIONS", "2")];
    let app = Running::app(&settings);

    let mut slow: Vec<_> = (0..2).map(|_| connect(&app.url)).collect();
    for stream in &mut slow {
        stream.write_all(b"GET /livez HTTP/1.1\r\nhost: local").unwrap();
    }
    let began = Instant::now();
    // It has to wait until one of the two is given up.
    assert_eq!(send(&app.url, "GET /livez", &[], "").status, 200);
    let waited = began.elapsed();

    assert!(waited >= Duration::from_millis(400), "{waited:?}");
    for mut stream in slow {
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
    }
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
}

#[test]
fn whoever_takes_no_frames_holds_up_nobody_and_is_let_go() {
    let app = Running::secrets(&[("MOTIA_SOCKET_PATIENCE", "500ms"), ("MOTIA_MAX_WATCHERS", "2")]);
    let own = format!("host: {}", app.url.trim_start_matches("http://"));
    let mut watchers: Vec<_> = (0..2)
        .map(|_| {
            let mut stream = connect(&app.url);
            let ask = format!("GET /__motia/streams/logins/bank HTTP/1.1\r\n{own}\r\n\r\n");
            stream.write_all(ask.as_bytes()).unwrap();
            let mut first = [0; 64];
            assert!(stream.read(&mut first).unwrap() > 0);
            stream
        })
        .collect();

    let third = send(&app.url, "GET /__motia/streams/logins/bank", &[], "");
    assert_eq!(third.status, 503, "{third:?}");
    assert!(third.header("retry-after").is_some());
    // Neither takes anything from here on; who writes is not held up.
    let login =
        format!("{{\"user\":\"ana\",\"pin\":\"1\",\"password\":\"{}\"}}", "x".repeat(60_000));
    let began = Instant::now();
    for _ in 0..40 {
        assert_eq!(send(&app.url, "POST /logins", &[JSON], &login).status, 202);
    }
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    watchers.clear();
}

#[test]
fn what_a_caller_sends_can_neither_forge_a_line_nor_colour_one() {
    let app = Running::secrets(&[("MOTIA_LOG", "debug")]);
    let forged =
        r#"{"user":"ana\n{\"level\":\"error\"}\u001b[31m\u202e","pin":"1","password":"x"}"#;
    send(&app.url, "POST /logins", &[JSON], forged);
    let began = Instant::now();
    while !app.said().contains("given up") && began.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(10));
    }

    let said = app.said();
    assert!(said.contains("given up"), "{said}");
    for line in said.lines().filter(|line| line.starts_with('{')) {
        let line: Value = serde_json::from_str(line).unwrap();
        assert!(line["time"].is_string(), "a forged line: {line}");
    }
    assert!(!said.contains(['\u{1b}', '\u{202e}']), "{said:?}");
    for command in
        [&["logs"][..], &["runs"], &["dlq", "ls"], &["state", "ls", "logins"], &["audit"]]
    {
        let shown = app.run(command);
        let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
        assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{command:?}: {shown:?}");
    }
}
