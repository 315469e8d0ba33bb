//! Schedules, retries, timeouts and clean-up, in time that the test moves.

use flows::background_jobs::{
    Code, HealthReport, JOBS, JobCompleted, JobFailed, JobRetryScheduled, JobStarted,
    ProcessTimeout, Record, Status,
    settings::{FAILED_RETENTION, RETENTION, TIMEOUT},
    shelf::GIVEN_UP,
};
use motia::{event::EventId, prelude::*};
use motia_testkit::TestApp;
use steps as _;

one_of! {
    /// What is told of jobs.
    enum Told {
        Started(JobStarted),
        Completed(JobCompleted),
        Failed(JobFailed),
        Retried(JobRetryScheduled),
        Stopped(ProcessTimeout),
        Health(HealthReport),
    }
}

const TOLD: StateGroup<(String, Value)> = StateGroup::new("told");

const LISTENER: EventConfig<Told> = EventConfig::new("TestListener");

async fn listen(told: Told, ctx: Context) -> StepResult {
    let (topic, event) = match told {
        Told::Started(event) => ("job.started", json!(event)),
        Told::Completed(event) => ("job.completed", json!(event)),
        Told::Failed(event) => ("job.failed", json!(event)),
        Told::Retried(event) => ("job.retry.scheduled", json!(event)),
        Told::Stopped(event) => ("process.timeout", json!(event)),
        Told::Health(event) => ("process.status.updated", json!(event)),
    };
    let event_id = ctx.event_id().unwrap().to_string();
    ctx.state.set(TOLD, &event_id, &(topic.to_owned(), event)).await?;
    Ok(())
}

step!(LISTENER, listen);

/// What was told on a topic.
async fn told(app: &TestApp, topic: &str) -> Vec<Value> {
    let told = app.state.group(TOLD).limit(1000).await.unwrap().items;
    told.into_iter().filter(|(_, (name, _))| name == topic).map(|(_, (_, event))| event).collect()
}

async fn post(app: &TestApp, job: Value) -> String {
    let reply = app.post("/jobs").json(&job).send().await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    reply.value()["jobId"].as_str().unwrap().to_owned()
}

async fn job(app: &TestApp, id: &str) -> Record {
    app.state.get(JOBS, id).await.unwrap().unwrap()
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn millis(from: Timestamp, to: Timestamp) -> i64 {
    to.as_millisecond() - from.as_millisecond()
}

#[tokio::test(start_paused = true)]
async fn a_job_for_later_is_started_when_its_time_has_come_and_once() {
    let app = TestApp::start().await;
    let at = app.now().checked_add(secs(25)).unwrap();
    let id = post(&app, json!({ "type": "report_generation", "delayUntil": at })).await;

    app.advance(secs(24)).await;
    assert_eq!(job(&app, &id).await.status, Status::Scheduled);
    app.advance(secs(7)).await;
    assert_eq!(job(&app, &id).await.status, Status::Completed);

    app.advance(secs(120)).await;
    assert_eq!(told(&app, "job.started").await.len(), 1);
    assert_eq!(told(&app, "job.completed").await[0]["jobId"], json!(id));
}

#[tokio::test(start_paused = true)]
async fn a_fault_that_passes_is_tried_again_after_delays_that_double() {
    let app = TestApp::start().await;
    let image = json!({ "type": "image_processing", "maxAttempts": 4, "payload": {
        "imageUrl": "x", "seconds": 0.1, "fail": { "code": "RATE_LIMIT", "times": 3 } } });

    let id = post(&app, image).await;
    app.advance(secs(90)).await;

    let done = job(&app, &id).await;
    assert_eq!((done.status, done.job.attempts, done.error), (Status::Completed, 4, None));
    let retries = told(&app, "job.retry.scheduled").await;
    assert_eq!(retries.len(), 3);
    for (n, retry) in retries.iter().enumerate() {
        let delay = retry["delay"].as_f64().unwrap() / 1000.0;
        let middle = f64::from(1 << n);
        assert_eq!(retry["attempt"], json!(n + 1));
        assert!((0.75 * middle..=1.25 * middle).contains(&delay), "attempt {n}: {delay} s");
    }
    assert_eq!(told(&app, "job.started").await.len(), 4);
    assert_eq!(told(&app, "job.failed").await.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_job_is_given_up_after_the_attempts_that_it_asked_for() {
    let app = TestApp::start().await;
    let image = json!({ "type": "image_processing", "maxAttempts": 2, "createdBy": "ann",
        "payload": { "imageUrl": "x", "seconds": 0, "fail": { "code": "NETWORK_ERROR" } } });

    let id = post(&app, image).await;
    app.advance(secs(600)).await;

    let failed = job(&app, &id).await;
    assert_eq!((failed.status, failed.job.attempts), (Status::Failed, 2));
    assert_eq!(failed.retry_at, None);
    let told = told(&app, "job.failed").await;
    assert_eq!(
        (told.len(), &told[0]["finalAttempt"], &told[0]["createdBy"]),
        (1, &json!(2), &json!("ann"))
    );
    assert_eq!(told[0]["error"]["code"], "NETWORK_ERROR");
    assert_eq!(app.dead_letters().await.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_fault_that_does_not_pass_is_not_tried_again() {
    let app = TestApp::start().await;
    let image = json!({ "type": "image_processing",
        "payload": { "imageUrl": "x", "seconds": 0, "fail": { "code": "MAIL_REFUSED" } } });

    let id = post(&app, image).await;
    app.advance(secs(60)).await;

    let failed = job(&app, &id).await;
    assert_eq!((failed.status, failed.job.attempts), (Status::Failed, 1));
    assert_eq!(told(&app, "job.retry.scheduled").await.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_runs_too_long_is_stopped_and_stays_so() {
    let app = TestApp::start().await;
    let image =
        json!({ "type": "image_processing", "payload": { "imageUrl": "x", "seconds": 7200 } });
    let id = post(&app, image).await;

    app.advance(secs(29 * 60)).await;
    let health = app.get("/jobs/health").send().await.value();
    assert_eq!(
        (&health["totalRunning"], &health["longestRunning"]["jobId"]),
        (&json!(1), &json!(id))
    );
    assert_eq!(health["byType"]["image_processing"]["count"], 1);

    app.advance(secs(2 * 60)).await;
    assert_eq!(job(&app, &id).await.status, Status::Timeout);
    let stopped = told(&app, "process.timeout").await;
    assert_eq!((stopped.len(), &stopped[0]["type"]), (1, &json!("image_processing")));
    assert!(stopped[0]["runningTime"].as_i64().unwrap() > 30 * 60 * 1000);
    app.quiet().await;
    assert!(app.now() < "2026-01-01T00:40:00Z".parse().unwrap(), "the attempt was not stopped");

    app.advance(secs(3 * 60 * 60)).await;
    assert_eq!(job(&app, &id).await.status, Status::Timeout);
    let health = app.get("/jobs/health").send().await.value();
    assert_eq!((&health["totalRunning"], &health["longestRunning"]), (&json!(0), &Value::Null));
    let reports = told(&app, "process.status.updated").await;
    assert!(reports.iter().any(|report| report["totalRunning"] == 1));
}

#[tokio::test(start_paused = true)]
async fn a_job_whose_event_somebody_cancels_has_failed_and_says_by_whom() {
    let app = TestApp::start().await;
    let image =
        json!({ "type": "image_processing", "payload": { "imageUrl": "x", "seconds": 60 } });
    let running = post(&app, image.clone()).await;
    app.advance(secs(1)).await;
    app.runtime().bus().pause("JobProcessor", "the test").await.unwrap();
    app.runtime().bus().pause("EmailProcessor", "the test").await.unwrap();
    let waiting = post(&app, image).await;
    let letter = json!({ "to": "ann@test.com", "subject": "Hi", "textContent": "Hi" });
    let letter = app.post("/emails").json(&letter).send().await.value()["jobId"].clone();
    let asked_for: EventId = serde_json::from_value(letter.clone()).unwrap();

    let meant = [Cancel::Key(&running), Cancel::Key(&waiting), Cancel::Event(asked_for)];
    for what in meant {
        assert_eq!(app.runtime().engine().cancel(what, "ana").await.unwrap(), 1);
    }
    app.advance(secs(120)).await;

    for id in [&*running, &*waiting, letter.as_str().unwrap()] {
        let job = job(&app, id).await;
        let error = job.error.unwrap();
        assert_eq!((job.status, error.code), (Status::Failed, Code::Cancelled), "{id}");
        assert_eq!((error.message.as_str(), job.retry_at), ("cancelled by ana", None));
    }
    assert_eq!(told(&app, "job.failed").await.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn jobs_that_have_ended_are_gone_after_their_time_completed_ones_before_others() {
    let hours = |hours: u64| Span(secs(hours * 60 * 60));
    let app = TestApp::builder().setting(RETENTION, hours(1)).setting(FAILED_RETENTION, hours(3));
    let app = app.setting(TIMEOUT, hours(1)).start().await;
    let slow =
        json!({ "type": "image_processing", "payload": { "imageUrl": "x", "seconds": 7200 } });
    let done = post(&app, json!({ "type": "report_generation" })).await;
    let failed = post(&app, json!({ "type": "make_coffee" })).await;
    let stopped = post(&app, slow).await;
    let listed = async || {
        let jobs = app.get("/jobs").send().await.value()["jobs"].clone();
        jobs.as_array().unwrap().iter().map(|job| job["jobId"].clone()).collect::<Vec<_>>()
    };

    app.advance(secs(59 * 60)).await;
    assert_eq!(listed().await, [&done, &failed, &stopped].map(|id| json!(id)));
    app.advance(secs(120)).await;
    assert_eq!(listed().await, [&failed, &stopped].map(|id| json!(id)));
    app.advance(secs(2 * 60 * 60)).await;
    assert_eq!(listed().await, [json!(stopped)]);
    app.advance(secs(60 * 60)).await;

    assert_eq!(listed().await, [Value::Null; 0]);
    assert_eq!(app.state.group(GIVEN_UP).await.unwrap().items, []);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_comes_twice_is_done_once() {
    let app = TestApp::start().await;
    let image = json!({ "type": "image_processing", "payload": { "imageUrl": "x", "seconds": 5 } });
    let id = post(&app, image).await;
    let again = flows::background_jobs::JobEnqueued(job(&app, &id).await.job);

    app.advance(secs(1)).await;
    app.emit(&again).await;
    app.advance(secs(10)).await;
    app.emit(&again).await;
    app.advance(secs(10)).await;

    let done = job(&app, &id).await;
    assert_eq!((done.status, done.job.attempts), (Status::Completed, 1));
    assert_eq!(millis(done.started_at.unwrap(), done.ended_at.unwrap()), 5000);
    assert_eq!(told(&app, "job.completed").await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_another_step_asks_for_is_done_or_kept_for_later() {
    let app = TestApp::start().await;
    let at = app.now().checked_add(secs(60)).unwrap();
    for (id, delay_until) in [("now", None), ("later", Some(at))] {
        let job = json!({ "jobId": id, "type": "report_generation", "payload": {}, "delayUntil": delay_until });
        app.emit(&serde_json::from_value::<flows::background_jobs::JobEnqueued>(job).unwrap())
            .await;
    }

    app.advance(secs(30)).await;
    assert_eq!(job(&app, "now").await.status, Status::Completed);
    assert_eq!(job(&app, "later").await.status, Status::Scheduled);
    app.advance(secs(41)).await;
    assert_eq!(job(&app, "later").await.status, Status::Completed);
}
