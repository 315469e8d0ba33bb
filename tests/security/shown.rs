//! Secrets, planted wherever an app has some, and looked for in every answer of the admin API.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::{program::Running, wire::send};

/// A secret by its type, which stands nowhere else.
const PIN: &str = "plant-7f3a9c1e5b2-pin";
/// A secret by its name.
const PLANT: &str = "plant-7f3a9c1e5b2";
const JSON: &str = "content-type: application/json";

/// The example, in which somebody wanted to sign in with secrets; what came of it is there.
fn planted() -> Running {
    let app = Running::secrets(&[("MOTIA_LOG", "debug,json")]);
    let login = format!("{{\"user\":\"ana\",\"pin\":\"{PIN}\",\"password\":\"{PLANT}\"}}");
    let headers = [
        JSON,
        &format!("authorization: Bearer {PLANT}"),
        &format!("cookie: session={PLANT}"),
        &format!("x-api-key: {PLANT}"),
    ];
    let line = format!("POST /logins?api_key={PLANT}&page=1");
    let answer = send(&app.url, &line, &headers, &login);
    assert_eq!(answer.status, 202, "{answer:?}");
    assert!(answer.body.contains("[redacted]") && !answer.body.contains(PLANT), "{answer:?}");

    // From outside of any step: as an event that is cancelled, as state, by name and as a whole.
    let event = format!(
        "{{\"topic\":\"login.asked\",\"payload\":{login},\"cancelKey\":\"gone\",\"delay\":3600}}"
    );
    assert_eq!(send(&app.url, "POST /__motia/api/emit", &[JSON], &event).status, 202);
    let cancelled =
        send(&app.url, "POST /__motia/api/cancel", &[JSON], "{\"key\":\"gone\"}").json();
    assert_eq!(cancelled["cancelled"], 2, "{cancelled}");
    for place in ["vault/api-key", "secrets/x"] {
        let line = format!("PUT /__motia/api/state/{place}");
        assert_eq!(send(&app.url, &line, &[JSON], &format!("\"{PLANT}\"")).status, 204);
        // Once more, for what the audit log says was there before.
        assert_eq!(send(&app.url, &line, &[JSON], &format!("\"{PLANT}\"")).status, 204);
    }
    let began = Instant::now();
    while list(&app, "/api/dead").is_empty() {
        assert!(began.elapsed() < Duration::from_secs(10), "it does not die: {}", app.said());
        std::thread::sleep(Duration::from_millis(10));
    }
    app
}

fn list(app: &Running, path: &str) -> Vec<Value> {
    let answer = send(&app.url, &format!("GET /__motia{path}"), &[], "").json();
    answer["items"].as_array().unwrap_or_else(|| panic!("{path}: {answer}")).clone()
}

fn texts(items: &[Value], name: &str) -> Vec<String> {
    items.iter().filter_map(|item| item[name].as_str().map(str::to_owned)).collect()
}

/// What is there to be asked for.
struct Known {
    runs: Vec<Value>,
    dead: Vec<String>,
    deliveries: Vec<String>,
}

impl Known {
    fn of(app: &Running) -> Self {
        let dead = texts(&list(app, "/api/dead"), "id");
        let waiting = texts(&list(app, "/api/queues/Remind/waiting"), "id");
        let ended = texts(&list(app, "/api/ended"), "id");
        assert!(!dead.is_empty() && !waiting.is_empty() && !ended.is_empty());
        let deliveries = [dead.clone(), waiting, ended].concat();
        Self { runs: list(app, "/api/runs?limit=1000"), dead, deliveries }
    }

    /// Every path of this pattern that leads to something.
    fn paths(&self, pattern: &str) -> Vec<String> {
        let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let groups = ["logins", "vault", "secrets", "bank", "__motia.runs", "__motia.audit"];
        let ids = match pattern.split('/').nth(2) {
            Some("runs") => texts(&self.runs, "id"),
            Some("dead") => self.dead.clone(),
            Some("deliveries") => self.deliveries.clone(),
            _ => named(&["ana"]),
        };
        let known: [(&str, Vec<String>); 8] = [
            ("{id}", ids),
            ("{step}", named(&["TakeLogin", "SignIn", "Remind"])),
            ("{flow}", Vec::new()),
            ("{trace}", texts(&self.runs, "traceId")),
            ("{group}", named(&groups)),
            ("{key}", named(&["ana", "api-key", "x"])),
            ("{name}", named(&["logins"])),
            ("{stream}", named(&["logins"])),
        ];
        let mut found = vec![pattern.to_owned()];
        for (name, values) in &known {
            let each = |path: String| -> Vec<String> {
                match path.contains(name) {
                    true => values.iter().map(|value| path.replace(name, value)).collect(),
                    false => vec![path],
                }
            };
            found = found.into_iter().flat_map(each).collect();
        }
        assert!(
            !found.iter().any(|path| path.contains('{')),
            "{pattern} is of a kind that is not known"
        );
        found
    }
}

#[test]
fn a_secret_is_in_no_answer_of_the_admin_api() {
    let app = planted();
    let known = Known::of(&app);
    let (mut asked, mut answered) = (0, 0);
    for (method, pattern, _) in app.operations(&[]) {
        if method != "GET" {
            continue;
        }
        for path in known.paths(&pattern) {
            let answer = send(&app.url, &format!("GET /__motia{path}"), &[], "");
            // What an app shows its own users may have a field called `password`.
            let plant = if path.starts_with("/streams/") { PIN } else { PLANT };
            assert!(!answer.body.contains(plant), "{path}: {}", answer.body);
            asked += 1;
            answered += usize::from(answer.status == 200);
        }
    }
    assert!(asked > 60 && answered > 45, "{answered} of {asked} answered");
    // It was looked for where it could have been.
    for (path, expected) in [
        ("/api/dead", "[redacted]"),
        ("/api/queues/Remind/waiting", "[redacted]"),
        ("/api/ended", "[redacted]"),
        ("/api/state/logins", "[redacted]"),
        ("/api/streams/logins/bank", "[redacted]"),
        ("/api/runs", "https://[redacted]@bank.example"),
        ("/api/logs", "password=[redacted]"),
        ("/api/audit", "[redacted]"),
    ] {
        let shown = send(&app.url, &format!("GET /__motia{path}"), &[], "").body;
        assert!(shown.contains(expected), "{path}: {shown}");
    }
}

#[test]
fn a_secret_is_delivered_whole_also_once_more() {
    let app = planted();
    let reason = |letter: &Value| letter["reason"].as_str().unwrap().to_owned();
    let letter = list(&app, "/api/dead").remove(0);
    assert!(reason(&letter).contains(&format!("a pin of {} digits", PIN.len())), "{letter}");

    let id = letter["id"].as_str().unwrap();
    send(&app.url, &format!("POST /__motia/api/dead/{id}/redrive"), &[], "");
    let began = Instant::now();
    let again = loop {
        match list(&app, "/api/dead").pop().filter(|again| again["diedAt"] != letter["diedAt"]) {
            Some(again) => break again,
            None => assert!(began.elapsed() < Duration::from_secs(10), "it does not die again"),
        }
    };
    assert!(reason(&again).contains(&format!("a pin of {} digits", PIN.len())), "{again}");
}

#[test]
fn a_secret_is_in_no_line_and_in_no_command() {
    let app = planted();
    let dead = texts(&list(&app, "/api/dead"), "id").remove(0);
    let run = texts(&list(&app, "/api/runs?step=SignIn"), "id").remove(0);

    assert!(app.said().contains("password=[redacted]"), "{}", app.said());
    assert!(!app.said().contains(PLANT), "{}", app.said());
    for command in [
        &["runs"][..],
        &["run", "show", &run],
        &["run", "test", &run],
        &["dlq", "ls"],
        &["dlq", "show", &dead],
        &["why", &dead],
        &["history"],
        &["queues", "waiting", "Remind"],
        &["state", "ls", "logins"],
        &["state", "get", "logins", "ana"],
        &["state", "get", "vault", "api-key"],
        &["logs"],
        &["audit"],
        &["settings"],
    ] {
        for json in [&[][..], &["--json"]] {
            let output = app.run(&[command, json].concat());
            let shown =
                String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
            assert!(!shown.contains(PLANT), "{command:?}: {shown}");
        }
    }
}
