//! A client of the real binary, and the folders that it works in.

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::support::Server;

/// The app, and how to talk to it.
pub(crate) struct App {
    pub(crate) server: Server,
    pub(crate) url: String,
}

impl App {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    pub(crate) fn start_with(settings: &[(&str, &str)]) -> Self {
        let mut server = Server::new();
        let url = server.start_with(settings);
        Self { server, url }
    }

    /// A file of a data job.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder("files").join(name)
    }

    pub(crate) fn put_file(&self, name: &str, text: &str) {
        fs::create_dir_all(self.folder("files")).unwrap();
        fs::write(self.file(name), text).unwrap();
    }

    /// The letters in the outbox, by their names.
    pub(crate) fn letters(&self) -> Vec<(String, String)> {
        let Ok(folder) = fs::read_dir(self.folder("outbox")) else { return Vec::new() };
        let paths = folder.map(|entry| entry.unwrap().path());
        let letters = paths.filter(|path| path.extension().is_some_and(|end| end == "eml"));
        let name = |path: &PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
        letters.map(|path| (name(&path), fs::read_to_string(&path).unwrap())).collect()
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.server.data().join(name)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let answer = ureq::post(format!("{}{path}", self.url))
            .config()
            .http_status_as_error(false)
            .build()
            .send_json(body);
        let mut answer = answer.unwrap();
        (answer.status().as_u16(), answer.body_mut().read_json().unwrap())
    }

    pub(crate) fn get(&self, path: &str) -> (u16, Value) {
        let answer = ureq::get(format!("{}{path}", self.url))
            .config()
            .http_status_as_error(false)
            .build()
            .call();
        let mut answer = answer.unwrap();
        (answer.status().as_u16(), answer.body_mut().read_json().unwrap())
    }

    /// Posts a job, waits until it has ended, and gives it.
    pub(crate) fn done(&self, path: &str, body: &Value) -> Value {
        let (status, taken_in) = self.post(path, body);
        assert_eq!(status, 201, "{taken_in}");
        self.ended(taken_in["jobId"].as_str().unwrap())
    }

    /// Waits until a job has ended for good, and gives it.
    pub(crate) fn ended(&self, id: &str) -> Value {
        self.until(id, |job| match job["status"].as_str().unwrap() {
            "completed" | "timeout" => true,
            "failed" => job["retryAt"].is_null(),
            _ => false,
        })
    }

    /// Waits until a job is so, and gives it.
    pub(crate) fn until(&self, id: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            let (status, job) = self.get(&format!("/jobs/{id}"));
            assert_eq!(status, 200, "{job}");
            if is_so(&job) {
                return job;
            }
            assert!(began.elapsed() < Duration::from_secs(60), "it does not come so far: {job}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
