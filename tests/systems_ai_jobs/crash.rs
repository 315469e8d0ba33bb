//! What a `kill -9` leaves of a batch of jobs: everything, and no call twice that does not say so.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    client::Client,
    hook::{Call, Hook},
};

const JOBS: usize = 40;
const KILLS: u32 = 3;

#[test]
fn jobs_that_were_answered_come_to_an_end_however_often_the_app_is_killed() {
    let hook = Hook::answering(&[200]);
    let settings = [("MOTIA_DEMO_SPEED", "4"), ("MOTIA_OUTBOUND_PRIVATE", "true")];
    let mut client = Client::of(&settings);
    let asked = json!({ "prompt": "hello", "webhookUrl": hook.url });
    let jobs: Vec<String> = (0..JOBS)
        .map(|n| client.post_as("/ai/start", &asked, &format!("user-{n}")))
        .map(|started| started.json()["jobId"].as_str().unwrap().to_owned())
        .collect();

    // When it is killed at several moments: under the work, at its end, under the calls.
    for n in 1..=KILLS {
        std::thread::sleep(Duration::from_millis(170) * n);
        client.server.kill();
        client.url = client.server.start_with(&settings);
    }
    let ended: Vec<_> = jobs.iter().map(|job| client.wait_over(job)).collect();
    let called = |calls: &[Call], job: &str| calls.iter().any(|call| call.job["jobId"] == job);
    let began = Instant::now();
    while !jobs.iter().all(|job| called(&hook.calls(), job)) {
        assert!(began.elapsed() < Duration::from_secs(30), "{:?}", hook.calls());
        std::thread::sleep(Duration::from_millis(10));
    }

    // Then none is missing. One that the app died of in its last attempt has failed; the others completed.
    for job in &ended {
        let died = job["attempts"] == 3 && job["status"] == "failed";
        assert!(died || job["status"] == "completed", "{job}");
    }
    assert_eq!(client.get("/ai/jobs?limit=1").json()["total"], JOBS);
    // And each was called about once, or the call says that it may be a repetition.
    let mut by_job: BTreeMap<String, Vec<Call>> = BTreeMap::new();
    for call in hook.calls() {
        by_job.entry(call.job["jobId"].to_string()).or_default().push(call);
    }
    for calls in by_job.values() {
        assert!(calls.iter().skip(1).all(|call| call.possible_duplicate), "{calls:?}");
        assert!(calls.iter().all(|call| call.key == calls[0].key), "{calls:?}");
    }
}
