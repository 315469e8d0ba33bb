//! A client of the task queue, as there are some already.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{support::Server, upstream::Upstream};

/// The app, and a client of it.
pub(crate) struct App {
    pub(crate) server: Server,
    pub(crate) url: String,
    agent: ureq::Agent,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: ureq::http::HeaderMap,
    pub(crate) body: Value,
}

/// A file that was answered.
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) headers: ureq::http::HeaderMap,
    pub(crate) text: String,
}

impl App {
    /// The app without a key: it works offline.
    pub(crate) fn offline() -> Self {
        Self::with(&[])
    }

    /// The app, asking this provider.
    pub(crate) fn asking(upstream: &Upstream) -> Self {
        Self::asking_with(upstream, &[])
    }

    /// The same with some settings.
    pub(crate) fn asking_with(upstream: &Upstream, settings: &[(&str, &str)]) -> Self {
        let base = upstream.base();
        let asking = [
            ("OPENROUTER_API_KEY", "key"),
            ("OPENROUTER_BASE_URL", &*base),
            ("OPENROUTER_TIMEOUT", "1s"),
        ];
        Self::with(&[&asking, settings].concat())
    }

    pub(crate) fn with(settings: &[(&str, &str)]) -> Self {
        let mut server = Server::new();
        let url = server.start_with(settings);
        let agent = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0);
        Self { server, url, agent: agent.build().into() }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        Answer::of(self.agent.get(format!("{}{path}", self.url)).call().unwrap())
    }

    pub(crate) fn page(&self, path: &str) -> Page {
        let mut answer = self.agent.get(format!("{}{path}", self.url)).call().unwrap();
        let text = answer.body_mut().read_to_string().unwrap();
        Page { status: answer.status().as_u16(), headers: answer.headers().clone(), text }
    }

    pub(crate) fn delete(&self, path: &str) -> Answer {
        Answer::of(self.agent.delete(format!("{}{path}", self.url)).call().unwrap())
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.agent.post(format!("{}{path}", self.url)).send_json(body).unwrap())
    }

    pub(crate) fn send(&self, path: &str, content_type: &str, body: &[u8]) -> Answer {
        let post = self.agent.post(format!("{}{path}", self.url));
        Answer::of(post.header("content-type", content_type).send(body).unwrap())
    }

    /// Uploads a file as a form.
    pub(crate) fn upload(
        &self,
        content_type: &str,
        file: &[u8],
        fields: &[(&str, &str)],
    ) -> Answer {
        let mut form = Vec::new();
        for (name, value) in fields {
            let head = format!("--cut\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n");
            form.extend(head.bytes().chain(value.bytes()).chain(*b"\r\n"));
        }
        let head = format!(
            "--cut\r\ncontent-disposition: form-data; name=\"file\"; filename=\"news.pdf\"\r\n\
             content-type: {content_type}\r\n\r\n"
        );
        form.extend(head.bytes().chain(file.iter().copied()).chain(*b"\r\n--cut--\r\n"));
        self.send("/api/v1/tasks/pdfxtract", "multipart/form-data; boundary=cut", &form)
    }

    /// Has a text summarised; gives the task.
    pub(crate) fn summarize(&self, content: &str) -> String {
        let taken = self.post("/api/v1/tasks/summarize/", &json!({ "content": content }));
        assert_eq!((taken.status, &taken.body["state"]), (201, &json!("PENDING")), "{taken:?}");
        taken.body["task_id"].as_str().unwrap().to_owned()
    }

    pub(crate) fn task(&self, task_id: &str) -> Value {
        let told = self.get(&format!("/api/v1/tasks/{task_id}"));
        assert_eq!(told.status, 200, "{told:?}");
        told.body
    }

    /// Waits until a task is in this state; gives it.
    pub(crate) fn until(&self, task_id: &str, state: &str) -> Value {
        self.eventually(|| Some(self.task(task_id)).filter(|task| task["state"] == state))
    }

    pub(crate) fn eventually<T>(&self, look: impl Fn() -> Option<T>) -> T {
        let began = Instant::now();
        loop {
            if let Some(found) = look() {
                return found;
            }
            let status = || self.get("/api/v1/tasks/").body;
            assert!(began.elapsed() < Duration::from_secs(60), "it never is so: {:#}", status());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The queue of the step that works on tasks, as an operator sees it.
    pub(crate) fn worked_on(&self) -> Value {
        self.server.ask(["queues", "show", "ProcessTask"])
    }

    pub(crate) fn queues(&self) -> Value {
        self.get("/api/v1/queues/status").body
    }
}

impl Answer {
    fn of(mut answer: ureq::http::Response<ureq::Body>) -> Self {
        let text = answer.body_mut().read_to_string().unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Self { status: answer.status().as_u16(), headers: answer.headers().clone(), body }
    }
}
