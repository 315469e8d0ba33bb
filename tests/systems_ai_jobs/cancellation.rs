//! A cancelled job stops within a tenth of a second wherever it is; what is over is forgotten in time.

use std::time::Duration;

use flows::ai_jobs::{CHAOS, JOBS, Job, RETENTION, Status};
use motia::prelude::{Cancel, Span};
use motia_testkit::{Reply, TestApp};
use serde_json::json;
use steps as _;

const AT_ONCE: Duration = Duration::from_millis(100);

async fn start(app: &TestApp) -> String {
    let started = app.post("/ai/start").json(&json!({ "prompt": "hello" })).send().await;
    assert_eq!(started.status, 201);
    started.value()["jobId"].as_str().unwrap().to_owned()
}

async fn job(app: &TestApp, job: &str) -> Job {
    app.state.get(JOBS, job).await.unwrap().unwrap()
}

async fn cancel(app: &TestApp, job: &str) -> Reply {
    app.post("/ai/cancel").json(&json!({ "jobId": job })).send().await
}

/// Waiting and delayed events, and whether nothing runs.
async fn waits(app: &TestApp) -> (u64, bool) {
    let depths = app.runtime().store().depths(app.now()).await.unwrap();
    let waiting = depths.iter().map(|queue| queue.waiting + queue.delayed).sum();
    (waiting, app.runtime().bus().running().all(|(_, running)| running == 0))
}

/// Cancels it and looks a tenth of a second later: nothing of it is left, and nothing comes of it later.
async fn cancelled_at_once(app: &TestApp, id: &str) {
    assert_eq!(cancel(app, id).await.status, 200);
    app.advance(AT_ONCE).await;

    assert_eq!(waits(app).await, (0, true));
    let stopped = job(app, id).await;
    assert_eq!(stopped.status, Status::Cancelled);

    app.advance(Duration::from_secs(3600)).await;
    assert_eq!(job(app, id).await, stopped);
    assert!(app.dead_letters().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn while_it_waits_for_its_turn() {
    let app = TestApp::start().await;
    app.runtime().bus().pause("ProcessAIJob", "the test").await.unwrap();
    let id = start(&app).await;
    app.advance(Duration::from_secs(5)).await;
    assert_eq!(job(&app, &id).await.status, Status::Pending);

    cancelled_at_once(&app, &id).await;

    app.runtime().bus().resume("ProcessAIJob").await.unwrap();
    app.empty().await;
    assert_eq!(job(&app, &id).await.attempt.number, 0);
}

#[tokio::test(start_paused = true)]
async fn while_it_is_worked_on() {
    let app = TestApp::start().await;
    let id = start(&app).await;
    app.advance(Duration::from_millis(1500)).await;
    let working = job(&app, &id).await;
    assert_eq!((working.status, working.progress.unwrap().percent), (Status::Processing, 50));
    assert_eq!(waits(&app).await, (1, false));

    cancelled_at_once(&app, &id).await;
}

#[tokio::test(start_paused = true)]
async fn while_it_waits_to_be_tried_again() {
    let app = TestApp::builder().setting(CHAOS, 1.0).start().await;
    let id = start(&app).await;
    // The first attempt crashes after two seconds, and the next follows after 0.8 s at the soonest.
    app.advance(Duration::from_millis(2400)).await;
    assert_eq!(job(&app, &id).await.attempt.number, 1);
    assert_eq!(waits(&app).await, (1, true));

    cancelled_at_once(&app, &id).await;
}

#[tokio::test(start_paused = true)]
async fn by_an_operator_who_cancels_its_event_while_it_waits_or_is_worked_on() {
    let app = TestApp::start().await;
    for waits in [true, false] {
        if waits {
            app.runtime().bus().pause("ProcessAIJob", "the test").await.unwrap();
        }
        let id = start(&app).await;
        app.advance(Duration::from_millis(1500)).await;

        let ended = app.runtime().engine().cancel(Cancel::Key(&id), "ana").await.unwrap();
        app.advance(AT_ONCE).await;

        assert_eq!((ended, job(&app, &id).await.status), (1, Status::Cancelled));
        assert_eq!(cancel(&app, &id).await.status, 409);
        app.runtime().bus().resume("ProcessAIJob").await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn jobs_that_are_over_are_forgotten_after_their_time_and_counted_no_more() {
    let hour = Duration::from_secs(3600);
    let app = TestApp::builder().setting(RETENTION, Span(hour)).start().await;
    let (completed, cancelled) = (start(&app).await, start(&app).await);
    assert_eq!(cancel(&app, &cancelled).await.status, 200);
    app.empty().await;
    app.advance(Duration::from_secs(60)).await;
    app.runtime().bus().pause("ProcessAIJob", "the test").await.unwrap();
    let pending = start(&app).await;

    app.advance(hour).await;

    let list = app.get("/ai/jobs").send().await.value();
    assert_eq!((&list["total"], &list["jobs"][0]["jobId"]), (&json!(1), &json!(pending)));
    assert_eq!(app.get(&format!("/ai/status/{completed}")).send().await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_was_given_up_is_taken_up_again_when_its_dead_letter_is_put_back() {
    let app = TestApp::builder().setting(CHAOS, 1.0).start().await;
    let id = start(&app).await;
    app.empty().await;
    let failed = job(&app, &id).await;
    assert_eq!((failed.status, failed.attempt.number), (Status::Failed, 3));

    let letter = app.dead_letters().await[0].id;
    let now = app.now();
    let redrive = motia::store::Write::Redrive { delivery: letter, now };
    app.runtime().store().commit(motia::store::Batch::of(redrive)).await.unwrap();
    app.advance(Duration::from_millis(500)).await;

    let again = job(&app, &id).await;
    assert_eq!((again.status, again.attempt.number), (Status::Processing, 1));
    app.empty().await;
    assert_eq!(job(&app, &id).await.status, Status::Failed);
}
