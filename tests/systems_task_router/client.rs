//! A client of the router, as a user's would be.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{support::Server, systems_task_router::executor::Executor};

/// The settings under which executors may lie on loopback.
pub(crate) const HOME: (&str, &str) = ("MOTIA_OUTBOUND_PRIVATE", "true");

/// A running app and a client of it.
pub(crate) struct Client {
    pub(crate) server: Server,
    agent: ureq::Agent,
    url: String,
}

/// An answer: its status and its body.
pub(crate) type Answer = (u16, Value);

impl Client {
    pub(crate) fn start(settings: &[(&str, &str)]) -> Self {
        let mut server = Server::new();
        let url = server.start_with(settings);
        let config = ureq::Agent::config_builder().http_status_as_error(false);
        let agent = config.timeout_global(Some(Duration::from_secs(20))).build().into();
        Self { server, agent, url }
    }

    pub(crate) fn restart(&mut self, settings: &[(&str, &str)]) {
        self.url = self.server.start_with(settings);
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        read(self.agent.get(self.at(path)).call())
    }

    pub(crate) fn text(&self, path: &str) -> String {
        self.agent.get(self.at(path)).call().unwrap().body_mut().read_to_string().unwrap()
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        read(self.agent.post(self.at(path)).send_json(body))
    }

    /// The same, where the app may be gone.
    pub(crate) fn try_post(&self, path: &str, body: &Value) -> Option<Answer> {
        let mut answer = self.agent.post(self.at(path)).send_json(body).ok()?;
        let status = answer.status().as_u16();
        Some((status, answer.body_mut().read_json().ok()?))
    }

    pub(crate) fn put(&self, path: &str, body: &Value) -> Answer {
        read(self.agent.put(self.at(path)).send_json(body))
    }

    pub(crate) fn delete(&self, path: &str) -> Answer {
        read(self.agent.delete(self.at(path)).call())
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// Defines a task `echo` with these fields in the place of the plainest.
    pub(crate) fn define(&self, rest: &Value) -> Answer {
        self.post("/router/definitions", &definition(rest))
    }

    /// Registers an executor for `echo` at this place.
    pub(crate) fn register(&self, id: &str, executor: &Executor) {
        let new = json!({
            "id": id, "kind": "http", "url": executor.url(), "weight": 1, "capabilities": ["echo"],
        });
        let (status, answer) = self.post("/router/executors", &new);
        assert_eq!(status, 201, "{answer}");
    }

    /// Submits a task of `echo` and gives its id.
    pub(crate) fn submit(&self, input: &Value) -> String {
        let (status, task) =
            self.post("/router/tasks", &json!({ "taskId": "echo", "input": input }));
        assert_eq!(status, 202, "{task}");
        task["id"].as_str().unwrap().to_owned()
    }

    pub(crate) fn task(&self, id: &str) -> Value {
        let (status, task) = self.get(&format!("/router/tasks/{id}"));
        assert_eq!(status, 200, "{task}");
        task
    }

    /// Waits until a task is so.
    pub(crate) fn until(&self, id: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            let task = self.task(id);
            if holds(&task) {
                return task;
            }
            assert!(began.elapsed() < Duration::from_secs(40), "it is never so: {task}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn until_status(&self, id: &str, status: &str) -> Value {
        self.until(id, |task| {
            let over = ["completed", "failed", "cancelled"];
            let now = task["status"].as_str().unwrap();
            assert!(now == status || !over.contains(&now), "it ended otherwise: {task}");
            now == status
        })
    }
}

/// The plainest definition of `echo`, with these fields in the place of its own.
pub(crate) fn definition(rest: &Value) -> Value {
    let mut definition = json!({
        "taskId": "echo", "name": "Echo", "version": "1.0.0",
        "inputSchema": {
            "type": "object",
            "properties": { "text": { "type": "string" }, "ms": { "type": "integer" } },
            "required": ["text"],
        },
        "outputSchema": {
            "type": "object",
            "properties": { "text": { "type": "string" } },
            "required": ["text"],
        },
        "timeout": "10s",
        "retryPolicy": {
            "maxAttempts": 3, "backoffInitial": "10ms", "backoffMax": "100ms", "backoffFactor": 2.0,
        },
    });
    definition.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    definition
}

fn read(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Answer {
    let mut answer = answer.unwrap();
    let status = answer.status().as_u16();
    (status, answer.body_mut().read_json().unwrap_or(Value::Null))
}

/// The statuses of a task's lifecycle, in their order.
pub(crate) fn statuses(task: &Value) -> Vec<&str> {
    let stages = task["lifecycle"].as_array().unwrap();
    stages.iter().map(|stage| stage["status"].as_str().unwrap()).collect()
}

/// The pointers of a problem's errors, in order.
pub(crate) fn pointers(problem: &Value) -> Vec<&str> {
    let errors = problem["errors"].as_array().unwrap();
    errors.iter().map(|error| error["pointer"].as_str().unwrap()).collect()
}
