//! The examples, each started and asked what its first lines say.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::{
    fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::LazyLock,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tempfile::TempDir;

/// A running example over a folder of its own.
struct Example {
    child: Child,
    folder: TempDir,
    url: String,
}

impl Example {
    fn start(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let child = Command::new(binary(name))
            .args(["serve", "--port", "0", "--data-dir", "data"])
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut example = Self { child, folder, url: String::new() };
        example.url = example.announced();
        example
    }

    fn announced(&self) -> String {
        let began = Instant::now();
        loop {
            let text = fs::read_to_string(self.folder.path().join("data/server.json"));
            if let Some(server) =
                text.ok().and_then(|text| serde_json::from_str::<Value>(&text).ok())
            {
                return server["url"].as_str().unwrap().trim_end_matches('/').to_owned();
            }
            assert!(began.elapsed() < Duration::from_secs(30), "the example does not start");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn get(&self, path: &str, key: Option<&str>) -> (u16, String) {
        let mut request =
            ureq::get(format!("{}{path}", self.url)).config().http_status_as_error(false).build();
        if let Some(key) = key {
            request = request.header("x-api-key", key);
        }
        let mut answer = request.call().unwrap();
        (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
    }

    fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let request =
            ureq::post(format!("{}{path}", self.url)).config().http_status_as_error(false).build();
        let mut answer = request.send_json(body).unwrap();
        let text = answer.body_mut().read_to_string().unwrap();
        (answer.status().as_u16(), serde_json::from_str(&text).unwrap_or(Value::Null))
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The folder of the examples' binaries. `cargo test` builds them as tests only, so they are built
/// here, once.
static BINARIES: LazyLock<PathBuf> = LazyLock::new(|| {
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--examples", "--manifest-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .status()
        .unwrap();
    assert!(built.success(), "the examples do not build");
    let deps = std::env::current_exe().unwrap();
    deps.ancestors().nth(2).unwrap().join("examples")
});

fn binary(name: &str) -> PathBuf {
    BINARIES.join(name)
}

#[test]
fn hello_greets_by_name() {
    let hello = Example::start("hello");
    assert_eq!(hello.get("/hello/Ada", None), (200, "\"Hello Ada!\"".into()));
}

#[test]
fn middleware_lets_in_whoever_brings_the_key() {
    let middleware = Example::start("middleware");
    assert_eq!(middleware.get("/secret", None).0, 401);
    assert_eq!(middleware.get("/secret", Some("sesame")), (200, "\"the cat knows\"".into()));
}

#[test]
fn typed_errors_answer_as_their_contract_says() {
    let bank = Example::start("typed_errors");
    assert_eq!(bank.post("/withdraw", &json!({ "cents": 400 })), (200, json!({ "cents": 100 })));
    let overdrawn = json!({ "error": "not enough money", "missing": 800 });
    assert_eq!(bank.post("/withdraw", &json!({ "cents": 900 })), (402, overdrawn));
    assert_eq!(bank.post("/withdraw", &json!({ "cents": 0 })).0, 400);
}

#[test]
fn atomic_commit_moves_money_once() {
    let bank = Example::start("atomic_commit");
    let transfer = json!({ "from": "anna", "to": "bert", "cents": 500 });

    let (status, receipt) = bank.post("/transfers", &transfer);

    assert_eq!((status, &receipt["durability"]), (202, &json!("durable")));
    let began = Instant::now();
    loop {
        let output = Command::new(binary("atomic_commit"))
            .args(["state", "ls", "balances", "--json", "--data-dir", "data"])
            .current_dir(bank.folder.path())
            .output()
            .unwrap();
        let balances: Value = serde_json::from_slice(&output.stdout).unwrap();
        let items = balances["items"].as_array().unwrap();
        let found: Vec<_> = items.iter().map(|item| (&item["key"], &item["value"])).collect();
        if found == [(&json!("anna"), &json!(-500)), (&json!("bert"), &json!(500))] {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(10), "{balances}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn custom_store_counts_and_tells_of_slow_commits() {
    let store = Example::start("custom_store");
    assert_eq!(store.get("/count", None).1, "1");
    assert_eq!(store.get("/count", None).1, "2");
    assert!(store.get("/metrics", None).1.contains("slow_commits"), "its figure is shown");
}

#[test]
fn testing_takes_a_sign_up() {
    let app = Example::start("testing");
    assert_eq!(app.post("/sign-up", &json!({ "email": "ada@example.com" })).0, 204);
    assert_eq!(app.post("/sign-up", &json!({ "email": "ada" })).0, 400);
}
