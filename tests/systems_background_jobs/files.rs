//! Data jobs on real files.

use std::{fs, time::Instant};

use flows::background_jobs::{Code, JOBS, PROGRESS, Status, settings::FILES};
use motia::prelude::*;
use motia_testkit::TestApp;
use steps as _;

use super::client::App;

const PEOPLE: &str = "name,age,town\nann,30,Rome\nbob,,Oslo\nbroken\ncy,5,Rome\n";

fn data_job(kind: &str, from: &str, to: &str) -> Value {
    json!({ "processingType": kind, "dataSource": from, "outputDestination": to })
}

#[test]
fn rows_are_transformed_analyzed_imported_and_exported() {
    let app = App::start();
    app.put_file("people.csv", PEOPLE);

    // Transformed: chosen and changed, broken rows counted.
    let mut transform = data_job("transform", "people.csv", "out/romans.ndjson");
    transform["filters"] = json!([{ "op": "eq", "field": "town", "value": "Rome" }]);
    transform["transformations"] = json!([{ "do": "upper", "field": "name" },
        { "do": "cast", "field": "age", "to": "integer" },
        { "do": "select", "fields": ["name", "age"] }]);
    transform["batchSize"] = json!(2);
    let job = app.done("/data-jobs", &transform);
    assert_eq!(job["status"], "completed", "{job}");
    assert_eq!(
        fs::read_to_string(app.file("out/romans.ndjson")).unwrap(),
        "{\"name\":\"ANN\",\"age\":30}\n{\"name\":\"CY\",\"age\":5}\n"
    );
    let stats = &job["result"];
    assert_eq!((&stats["totalRecords"], &stats["batches"]), (&json!(4), &json!(2)));
    assert_eq!((&stats["processedRecords"], &stats["filteredRecords"]), (&json!(2), &json!(1)));
    assert_eq!((&stats["errorRecords"], &stats["errors"][0]["batch"]), (&json!(1), &json!(2)));
    assert!(stats["errors"][0]["messages"][0].as_str().unwrap().starts_with("row 3"), "{stats}");

    // Analyzed.
    let job = app.done("/data-jobs", &data_job("analyze", "people.csv", "people.json"));
    let age = &job["result"]["analysis"]["columns"]["age"];
    assert_eq!((&age["min"], &age["max"], &age["mean"]), (&json!(5.0), &json!(30.0), &json!(17.5)));
    let written: Value =
        serde_json::from_str(&fs::read_to_string(app.file("people.json")).unwrap()).unwrap();
    assert_eq!(&written["columns"]["age"], age);

    // Imported twice, which makes no more of it, and exported.
    for _ in 0..2 {
        let job = app.done("/data-jobs", &data_job("import", "people.csv", "people"));
        assert_eq!(job["result"]["processedRecords"], 3, "{job}");
    }
    app.put_file("fewer.csv", "name\nzoe\n");
    app.done("/data-jobs", &data_job("import", "fewer.csv", "people-2"));
    let job = app.done("/data-jobs", &data_job("export", "people", "back.csv"));
    assert_eq!(job["status"], "completed", "{job}");
    assert_eq!(
        fs::read_to_string(app.file("back.csv")).unwrap(),
        "name,age,town\nann,30,Rome\nbob,,Oslo\ncy,5,Rome\n"
    );

    // An import takes the place of what was in the data set.
    app.done("/data-jobs", &data_job("import", "fewer.csv", "people"));
    let export = json!({ "type": "data_export",
        "payload": { "dataSource": "people", "outputDestination": "back.csv" } });
    app.done("/jobs", &export);
    assert_eq!(fs::read_to_string(app.file("back.csv")).unwrap(), "name\nzoe\n");
}

#[test]
fn what_cannot_be_read_fails_at_once_by_its_name_and_leaves_nothing() {
    let app = App::start();
    app.put_file("a.csv", "a\n1\n");
    app.put_file("a.txt", "a\n1\n");
    app.put_file("twice.csv", "a,a\n1,2\n");
    fs::write(app.file("../secret.csv"), "a\n1\n").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("../secret.csv", app.file("link.csv")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("..", app.file("up")).unwrap();

    for (kind, from, to, code) in [
        ("transform", "gone.csv", "out.csv", "SOURCE_NOT_FOUND"),
        ("transform", "a.txt", "out.csv", "UNSUPPORTED_FORMAT"),
        ("transform", "a.csv", "out.xml", "UNSUPPORTED_FORMAT"),
        ("transform", "twice.csv", "out.csv", "MALFORMED_SOURCE"),
        ("transform", "../secret.csv", "out.csv", "PATH_REFUSED"),
        ("transform", "/etc/passwd.csv", "out.csv", "PATH_REFUSED"),
        ("transform", "a.csv", "../out.csv", "PATH_REFUSED"),
        ("transform", "a.csv", "/tmp/out.csv", "PATH_REFUSED"),
        ("import", "a.csv", "people/other", "INVALID_PAYLOAD"),
        ("export", "nobody", "out.csv", "SOURCE_NOT_FOUND"),
        #[cfg(unix)]
        ("transform", "link.csv", "out.csv", "PATH_REFUSED"),
        #[cfg(unix)]
        ("transform", "a.csv", "up/out.csv", "PATH_REFUSED"),
    ] {
        let job = app.done("/data-jobs", &data_job(kind, from, to));
        assert_eq!(job["error"]["code"], code, "{from} to {to}: {job}");
        assert_eq!(job["attempts"], 1, "{job}");
    }
    assert!(!app.file("out.csv").exists() && !app.file("../out.csv").exists());
    let left = fs::read_dir(app.file("")).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(left.into_iter().all(|name| !name.to_str().unwrap().ends_with(".partial")));
}

#[test]
fn a_large_file_goes_through_in_batches_and_says_how_far_it_is() {
    let app = App::start();
    let rows: String = (0..50_000).map(|n| format!("{n},name {n}\n")).collect();
    app.put_file("large.csv", &format!("n,name\n{rows}"));
    let mut transform = data_job("transform", "large.csv", "large.ndjson");
    transform["batchSize"] = json!(500);

    let job = app.done("/data-jobs", &transform);

    assert_eq!(
        (&job["result"]["batches"], &job["result"]["processedRecords"]),
        (&json!(100), &json!(50_000))
    );
    assert_eq!(job["progress"]["batches"], 100);
    let written = fs::read_to_string(app.file("large.ndjson")).unwrap();
    assert_eq!(written.lines().count(), 50_000);
    assert_eq!(written.lines().last(), Some("{\"n\":\"49999\",\"name\":\"name 49999\"}"));
}

#[tokio::test]
async fn a_data_job_is_stopped_between_two_batches_and_leaves_nothing() {
    let files = tempfile::tempdir().unwrap();
    let rows: String = (0..500_000).map(|n| format!("{n}\n")).collect();
    fs::write(files.path().join("large.csv"), format!("n\n{rows}")).unwrap();
    let app = TestApp::builder().setting(FILES, files.path().to_owned()).start().await;
    let mut transform = data_job("transform", "large.csv", "out/large.csv");
    transform["batchSize"] = json!(100);

    let reply = app.post("/data-jobs").json(&transform).send().await.value();
    let id = reply["jobId"].as_str().unwrap();
    let began = Instant::now();
    while app.state.get(PROGRESS, id).await.unwrap().is_none() {
        assert!(began.elapsed() < Duration::from_secs(60), "it says nothing of its progress");
        app.advance(Duration::from_millis(1)).await;
    }
    assert_eq!(app.context::<()>().cancel(Cancel::Key(id)).await.unwrap(), 1);

    // The batch that was begun ends, and the draft goes with it.
    while fs::read_dir(files.path().join("out")).unwrap().next().is_some() {
        assert!(began.elapsed() < Duration::from_secs(60), "its draft is still there");
        app.advance(Duration::from_millis(1)).await;
    }
    let batches = app.state.get(PROGRESS, id).await.unwrap().unwrap()["batches"].clone();
    assert!(batches.as_u64().unwrap() < 5000, "it was not stopped: {batches}");
    let job = async || app.state.get(JOBS, id).await.unwrap().unwrap();
    while job().await.status == Status::Processing {
        assert!(began.elapsed() < Duration::from_secs(60), "nobody notes that it was cancelled");
        app.advance(Duration::from_millis(1)).await;
    }
    assert_eq!(job().await.error.unwrap().code, Code::Cancelled);
}
