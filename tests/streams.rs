//! Streams as Motia's published clients see them, unchanged, from a real process that is killed and comes
//! back.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{LazyLock, mpsc},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(30);

/// Where the clients are installed.
const CLIENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/streams");

/// Whether there is a node to run the clients with, and the clients. `.ci/run` sees to it that there are.
fn node_is_there() -> bool {
    let node = Command::new("node").arg("--version").output().is_ok();
    let installed = Path::new(CLIENTS).join("node_modules/@motiadev/stream-client-node").exists();
    if !(node && installed) {
        eprintln!("NOT TESTED: Motia's stream clients want node, and (cd tests/streams && npm ci)");
    }
    node && installed
}

/// The example `streams`, running.
struct App {
    folder: TempDir,
    child: Option<Child>,
    url: String,
}

impl App {
    fn start() -> Self {
        let mut app =
            Self { folder: tempfile::tempdir().unwrap(), child: None, url: String::new() };
        app.start_at("0");
        app
    }

    fn start_at(&mut self, port: &str) {
        let child = Command::new(&*EXAMPLE)
            .args(["serve", "--port", port, "--data-dir", "data"])
            .current_dir(self.folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let pid = child.id();
        self.child = Some(child);
        let began = Instant::now();
        loop {
            let text = fs::read_to_string(self.folder.path().join("data/server.json"));
            let record = text.ok().and_then(|text| serde_json::from_str::<Value>(&text).ok());
            if let Some(record) = record.filter(|record| record["pid"] == pid) {
                self.url = record["url"].as_str().unwrap().trim_end_matches('/').to_owned();
                return;
            }
            assert!(began.elapsed() < PATIENCE, "the example does not start");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// `kill -9`, and a start at the same port.
    fn kill_and_restart(&mut self, meanwhile: impl FnOnce()) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        meanwhile();
        let port = self.url.rsplit(':').next().unwrap().to_owned();
        self.start_at(&port);
    }

    fn ask(&self, method: &str, path: &str, body: &Value) {
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}/lists/home{path}", self.url))
            .header("content-type", "application/json")
            .body(if body.is_null() { String::new() } else { body.to_string() })
            .unwrap();
        let answer = ureq::agent().run(request).unwrap();
        assert!(answer.status().is_success(), "{method} {path}: {}", answer.status());
    }
}

impl Drop for App {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

/// `cargo test` builds examples as tests only, so this one is built here, once.
static EXAMPLE: LazyLock<PathBuf> = LazyLock::new(|| {
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--example", "streams", "--manifest-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .status()
        .unwrap();
    assert!(built.success(), "the example does not build");
    let deps = std::env::current_exe().unwrap();
    deps.ancestors().nth(2).unwrap().join("examples/streams")
});

/// One of Motia's clients, and what it is shown.
struct Client {
    child: Child,
    lines: mpsc::Receiver<Value>,
}

impl Client {
    fn of(kind: &str, app: &App) -> Self {
        let mut child = Command::new("node")
            .args(["clients.mjs", kind, &app.url.replace("http://", "ws://")])
            .current_dir(CLIENTS)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (line, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for text in output.lines().map_while(Result::ok) {
                let _ = line.send(serde_json::from_str(&text).unwrap_or(Value::String(text)));
            }
        });
        Self { child, lines }
    }

    /// Waits until it was shown this.
    fn sees(&self, what: &str, expected: &Value) {
        let mut seen = Vec::new();
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) if line[0] == what && line[1] == *expected => return,
                Ok(line) => seen.push(line),
                Err(_) => panic!("{what} {expected} was not shown, but {seen:#?}"),
            }
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn item(id: &str, text: &str, done: bool) -> Value {
    json!({ "id": id, "text": text, "done": done })
}

fn a_client_shows_the_list_as_it_changes(kind: &str) {
    if !node_is_there() {
        return;
    }
    let mut app = App::start();
    app.ask("POST", "", &json!({ "text": "milk" }));
    let client = Client::of(kind, &app);

    // What is there, and each change.
    client.sees("group", &json!([item("1", "milk", false)]));
    app.ask("POST", "", &json!({ "text": "tea" }));
    client.sees("group", &json!([item("1", "milk", false), item("2", "tea", false)]));
    app.ask("PUT", "/1", &json!({ "text": "milk", "done": true }));
    client.sees("item", &item("1", "milk", true));
    app.ask("POST", "/bell", &Value::Null);
    client.sees("bell", &json!("ding"));

    // What happened while the app was gone, and the client was not told of.
    app.kill_and_restart(|| {});
    app.ask("DELETE", "/2", &Value::Null);
    app.ask("PUT", "/1", &json!({ "text": "oats", "done": false }));
    client.sees("group", &json!([item("1", "oats", false)]));
    app.ask("DELETE", "/1", &Value::Null);
    client.sees("group", &json!([]));
}

#[test]
fn motias_node_client_shows_the_list_as_it_changes() {
    a_client_shows_the_list_as_it_changes("node");
}

#[test]
fn motias_browser_client_shows_the_list_as_it_changes() {
    a_client_shows_the_list_as_it_changes("browser");
}

#[test]
fn motias_react_hooks_show_the_list_as_it_changes() {
    a_client_shows_the_list_as_it_changes("react");
}

#[test]
fn motias_client_is_told_what_it_may_not_see() {
    if !node_is_there() {
        return;
    }
    let app = App::start();

    let client = Client::of("node", &app);

    let denied = json!({ "code": "STREAM_ACCESS_DENIED", "message": "Access denied" });
    client.sees("refused", &denied);
}
