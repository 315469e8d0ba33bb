//! Whoever asks is answered at once, however many jobs are worked on.

use std::time::Duration;

use flows::ai_jobs::{JOBS, Status};
use motia_testkit::TestApp;
use serde_json::json;
use steps as _;

#[tokio::test(start_paused = true)]
async fn an_answer_waits_for_no_job() {
    const STARTED: usize = 100;
    let app = TestApp::start().await;

    for n in 0..STARTED {
        let (began, user) = (app.now(), format!("user-{n}"));
        let asked = app.post("/ai/start").header("x-user-id", &user);
        assert_eq!(asked.json(&json!({ "prompt": "hello" })).send().await.status, 201);
        // Time stands still while anything can be done: it goes on only where an answer waits for something.
        let took = app.now().duration_since(began).unsigned_abs();
        assert!(took < Duration::from_millis(10), "{took:?}");
    }

    app.advance(Duration::from_millis(100)).await;
    let jobs = app.state.group(JOBS).limit(1000).await.unwrap().items;
    let working = jobs.iter().filter(|(_, job)| job.status == Status::Processing).count();
    assert_eq!(working, STARTED);
}
