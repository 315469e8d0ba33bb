//! Whose turn it is: by urgency, and once, however many instances there are.

use std::sync::Arc;

use flows::background_jobs::{JOBS, Status};
use motia::{
    prelude::*,
    registry::{Kind, Registry},
    store::{BoxFuture, Decorate, Entry, Store, StoreError},
    stores::MemoryStore,
};
use motia_testkit::TestApp;
use steps as _;

/// Attempts of one step that run at once.
const PLACES: usize = 16;

async fn post(app: &TestApp, priority: &str, seconds: u64) -> String {
    let job = json!({ "type": "image_processing", "priority": priority,
                      "payload": { "imageUrl": "x", "seconds": seconds } });
    let reply = app.post("/jobs").json(&job).send().await;
    reply.value()["jobId"].as_str().unwrap().to_owned()
}

async fn started(app: &TestApp, id: &str) -> i64 {
    let job: Value = json!(app.state.get(JOBS, id).await.unwrap().unwrap());
    let at: Timestamp = job["startedAt"].as_str().unwrap().parse().unwrap();
    at.as_millisecond()
}

#[tokio::test(start_paused = true)]
async fn an_urgent_job_starts_before_one_that_waited_longer() {
    let app = TestApp::start().await;
    post(&app, "medium", 10).await; // its place is the one that becomes free
    for _ in 1..PLACES {
        post(&app, "medium", 1000).await;
    }
    app.advance(Duration::from_secs(1)).await;

    let low = post(&app, "low", 1).await;
    let medium = post(&app, "medium", 1).await;
    let high = post(&app, "high", 1).await;
    app.empty().await;

    let (low, medium, high) =
        (started(&app, &low).await, started(&app, &medium).await, started(&app, &high).await);
    assert!(high < medium && medium < low, "high {high}, medium {medium}, low {low}");
}

#[tokio::test(start_paused = true)]
async fn a_job_that_nobody_waits_for_has_its_turn_when_it_has_waited_long_enough() {
    let app = TestApp::start().await;
    for n in 0..PLACES as u64 {
        post(&app, "medium", 1000 + n).await;
    }
    let low = post(&app, "low", 1).await;

    app.advance(Duration::from_secs(11 * 60)).await;
    let high = post(&app, "high", 1).await;
    app.empty().await;

    assert!(started(&app, &low).await < started(&app, &high).await);
}

/// A store that lets others in between each read and the write that follows from it.
struct Interleaved(MemoryStore);

impl Decorate for Interleaved {
    fn inner(&self) -> &dyn Store {
        &self.0
    }

    fn name(&self) -> &'static str {
        "interleaved"
    }

    fn get<'a>(
        &'a self,
        group: &'a str,
        key: &'a str,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<Entry>, StoreError>> {
        let kept = self.0.get(group, key, now);
        Box::pin(async move {
            let entry = kept.await;
            tokio::task::yield_now().await;
            entry
        })
    }
}

#[tokio::test(start_paused = true)]
async fn two_instances_that_look_at_the_same_moment_queue_each_job_once() {
    const JOBS_DUE: usize = 150;
    let store: Arc<dyn Store> = Arc::new(Interleaved(MemoryStore::new()));
    let one = TestApp::builder().store(store.clone()).start().await;
    let two = TestApp::builder().store(store.clone()).start().await;
    for app in [&one, &two] {
        app.runtime().bus().pause("JobProcessor", "the test").await.unwrap();
    }
    let at = one.now().checked_add(Duration::from_secs(5)).unwrap();
    for _ in 0..JOBS_DUE {
        let later = json!({ "type": "report_generation", "delayUntil": at });
        assert_eq!(one.post("/jobs").json(&later).send().await.status, 201);
    }
    one.advance(Duration::from_secs(6)).await;

    let registry = Registry::collect();
    let scheduler = registry.steps.iter().find(|step| step.name() == "JobScheduler").unwrap();
    let Kind::Cron(scheduler) = &scheduler.kind else { panic!("the scheduler is a cron step") };
    let run = |app: &TestApp| (scheduler.handler)(app.context::<()>() as Context);
    let (first, second) = tokio::join!(run(&one), run(&two));
    first.unwrap();
    second.unwrap();

    let queued = one.state.group(JOBS).limit(1000).await.unwrap().items;
    assert!(queued.iter().all(|(_, job)| job.status == Status::Queued));
    let depths = store.depths(one.now()).await.unwrap();
    let waiting: u64 = depths.iter().map(|queue| queue.waiting + queue.delayed).sum();
    assert_eq!(waiting, JOBS_DUE as u64);
}
