//! What was answered survives `kill -9` in the middle of it.

use std::{collections::BTreeSet, time::Duration};

use serde_json::json;

use super::client::App;

const ROUNDS: usize = 5;
const EACH: usize = 30;

#[test]
fn no_job_is_missing_after_kills_and_no_letter_is_there_twice() {
    let mut app = App::start();
    let rows: String = (0..20_000).map(|n| format!("{n}\n")).collect();
    app.put_file("rows.csv", &format!("n\n{rows}"));

    // When jobs of all kinds are posted and the app is killed while it does them.
    let (mut letters, mut others) = (BTreeSet::new(), BTreeSet::new());
    for round in 0..ROUNDS {
        for n in 0..EACH {
            let letter = json!({ "to": ["ann@test.com", "bob@test.com"], "subject": "Hi",
                                 "textContent": format!("{round}-{n}") });
            let (status, job) = app.post("/emails", &letter);
            assert_eq!(status, 201, "{job}");
            letters.insert(job["jobId"].as_str().unwrap().to_owned());
            let (path, other) = match n % 3 {
                0 => ("/jobs", json!({ "type": "report_generation", "maxAttempts": 20 })),
                1 => (
                    "/jobs",
                    json!({ "type": "image_processing", "maxAttempts": 20,
                    "payload": { "imageUrl": "x", "seconds": 0.05 } }),
                ),
                _ => (
                    "/jobs",
                    json!({ "type": "data_processing", "maxAttempts": 20, "payload": {
                    "processingType": "transform", "dataSource": "rows.csv",
                    "outputDestination": format!("out-{round}-{n}.csv") } }),
                ),
            };
            let (status, job) = app.post(path, &other);
            assert_eq!(status, 201, "{job}");
            others.insert(job["jobId"].as_str().unwrap().to_owned());
        }
        std::thread::sleep(Duration::from_millis(20 * round as u64));
        app.server.kill();
        app.url = app.server.start();
    }

    // Then each of them has an end, and the data jobs have whole files.
    for id in letters.iter().chain(&others) {
        let job = app.ended(id);
        assert_eq!(job["status"], "completed", "{job}");
    }
    let whole = format!("n\n{rows}");
    for round in 0..ROUNDS {
        for n in (2..EACH).step_by(3) {
            let written = std::fs::read_to_string(app.file(&format!("out-{round}-{n}.csv")));
            assert!(written.unwrap() == whole, "out-{round}-{n}.csv is not whole");
        }
    }

    // And each recipient has one letter of each job, and none of two names.
    let sent = app.letters();
    let names: BTreeSet<_> = sent.iter().map(|(name, _)| name.clone()).collect();
    let expected: BTreeSet<_> =
        letters.iter().flat_map(|id| [format!("{id}-0"), format!("{id}-1")]).collect();
    assert_eq!(names, expected);
    let words = |text: &str| {
        let to = text.lines().find(|line| line.starts_with("To: ")).unwrap().to_owned();
        (to, text.lines().rfind(|line| line.contains('-') && line.len() < 8).map(str::to_owned))
    };
    let distinct: BTreeSet<_> = sent.iter().map(|(_, text)| words(text)).collect();
    assert_eq!(distinct.len(), sent.len(), "two letters of other names say the same");
}

#[test]
fn a_job_whose_last_attempt_the_process_does_not_survive_is_given_up() {
    let mut app = App::start();
    let image = json!({ "type": "image_processing", "maxAttempts": 1,
                        "payload": { "imageUrl": "x", "seconds": 600 } });
    let (_, taken_in) = app.post("/jobs", &image);
    let id = taken_in["jobId"].as_str().unwrap();
    app.until(id, |job| job["status"] == "processing");

    app.server.kill();
    app.url = app.server.start();

    let job = app.ended(id);
    assert_eq!((&job["status"], &job["attempts"]), (&json!("failed"), &json!(1)));
    assert_eq!(job["error"]["code"], "INTERRUPTED", "{job}");
}
