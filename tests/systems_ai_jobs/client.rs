//! Somebody who talks to the flow.

use std::{
    io::{BufRead as _, BufReader},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::support::Server;

/// How long anything may take that the test waits for.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server, and the address at which it answers.
pub(crate) struct Client {
    pub(crate) server: Server,
    pub(crate) url: String,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: ureq::http::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The places that are at fault.
    pub(crate) fn pointers(&self) -> Vec<String> {
        let errors = self.json()["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect()
    }
}

impl Client {
    /// A fresh app with these settings.
    pub(crate) fn of(settings: &[(&str, &str)]) -> Self {
        let mut server = Server::new();
        let url = server.start_with(settings);
        Self { server, url }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.get_as(path, "application/json")
    }

    pub(crate) fn get_as(&self, path: &str, accept: &str) -> Answer {
        let get = ureq::get(format!("{}{path}", self.url)).header("accept", accept);
        answer(get.config().http_status_as_error(false).build().call().unwrap())
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_as(path, body, "")
    }

    /// Posts in the name of a user.
    pub(crate) fn post_as(&self, path: &str, body: &Value, user: &str) -> Answer {
        let post = ureq::post(format!("{}{path}", self.url)).header("x-user-id", user);
        answer(post.config().http_status_as_error(false).build().send_json(body).unwrap())
    }

    /// Starts a job for a user of its own; gives its id.
    pub(crate) fn start(&self, user: &str) -> String {
        let started = self.post_as("/ai/start", &json!({ "prompt": "hello" }), user);
        assert_eq!(started.status, 201, "{}", started.text);
        started.json()["jobId"].as_str().unwrap().to_owned()
    }

    pub(crate) fn status(&self, job: &str) -> Value {
        self.get(&format!("/ai/status/{job}")).json()
    }

    /// Waits until the job is as wanted.
    pub(crate) fn wait(&self, job: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            let status = self.status(job);
            if wanted(&status) {
                return status;
            }
            assert!(began.elapsed() < PATIENCE, "it stays {status}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until the job is over.
    pub(crate) fn wait_over(&self, job: &str) -> Value {
        self.wait(job, |job| !matches!(job["status"].as_str(), Some("pending" | "processing")))
    }

    /// Follows the job to its end; gives the events' ids and data.
    pub(crate) fn follow(&self, job: &str, last_seen: &str) -> Vec<(String, Value)> {
        let follow = ureq::get(format!("{}/ai/events/{job}", self.url));
        let follow = follow.header("last-event-id", last_seen);
        let answer = follow.config().timeout_global(Some(PATIENCE)).build().call().unwrap();
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        let (mut events, mut id) = (Vec::new(), String::new());
        for line in BufReader::new(answer.into_body().into_reader()).lines() {
            let line = line.unwrap();
            if let Some(text) = line.strip_prefix("id: ") {
                text.clone_into(&mut id);
            } else if let Some(data) = line.strip_prefix("data: ") {
                events.push((id.clone(), serde_json::from_str(data).unwrap()));
            }
        }
        events
    }
}

fn answer(mut answer: ureq::http::Response<ureq::Body>) -> Answer {
    let text = answer.body_mut().read_to_string().unwrap();
    Answer { status: answer.status().as_u16(), headers: answer.headers().clone(), text }
}
