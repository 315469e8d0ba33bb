//! The app, started; and its example about secrets.

use std::{
    fs,
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    sync::LazyLock,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::wire::send;

/// A program that runs over a folder of its own; killed when the test ends.
pub(crate) struct Running {
    pub(crate) url: String,
    program: PathBuf,
    folder: TempDir,
    child: Child,
}

fn command(program: &PathBuf, folder: &TempDir, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(args).args(["--data-dir", "data"]).current_dir(folder.path()).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("MOTIA_") {
            command.env_remove(name);
        }
    }
    command
}

impl Running {
    /// The app itself, with these settings.
    pub(crate) fn app(settings: &[(&str, &str)]) -> Self {
        Self::start(env!("CARGO_BIN_EXE_app").into(), settings)
    }

    /// The example about secrets.
    pub(crate) fn secrets(settings: &[(&str, &str)]) -> Self {
        Self::start(EXAMPLE.clone(), settings)
    }

    fn start(program: PathBuf, settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| fs::File::create(folder.path().join(name)).unwrap();
        let child = command(&program, &folder, &["serve", "--port", "0"])
            .envs(settings.iter().copied())
            .stdout(file("stdout"))
            .stderr(file("stderr"))
            .spawn()
            .unwrap();
        let mut app = Self { url: String::new(), program, folder, child };
        let began = Instant::now();
        while app.url.is_empty() {
            assert!(began.elapsed() < Duration::from_secs(30), "it does not start: {}", app.said());
            std::thread::sleep(Duration::from_millis(5));
            let record = fs::read_to_string(app.folder.path().join("data/server.json"));
            let record: Value =
                serde_json::from_str(&record.unwrap_or_default()).unwrap_or_default();
            app.url = record["url"].as_str().unwrap_or_default().to_owned();
        }
        app
    }

    /// All that it has written so far.
    pub(crate) fn said(&self) -> String {
        let read = |name| fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
        read("stdout") + &read("stderr")
    }

    /// A command beside it.
    pub(crate) fn run(&self, args: &[&str]) -> Output {
        command(&self.program, &self.folder, args).output().unwrap()
    }

    pub(crate) fn stop(&mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.child.wait().unwrap();
    }

    /// The operations of its admin API, as it describes them: method, path, and what is said of each.
    pub(crate) fn operations(&self, headers: &[&str]) -> Vec<(String, String, Value)> {
        let document = send(&self.url, "GET /__motia/api/openapi.json", headers, "").json();
        let mut found = Vec::new();
        for (path, operations) in document["paths"].as_object().unwrap() {
            for (method, about) in operations.as_object().unwrap() {
                found.push((method.to_uppercase(), path.clone(), about.clone()));
            }
        }
        assert!(found.len() > 40, "the API describes itself: {document}");
        found
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// `cargo test` builds examples as tests only, so this one is built here, once.
static EXAMPLE: LazyLock<PathBuf> = LazyLock::new(|| {
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--example", "secrets", "--manifest-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .status()
        .unwrap();
    assert!(built.success(), "the example does not build");
    let deps = std::env::current_exe().unwrap();
    deps.ancestors().nth(2).unwrap().join("examples/secrets")
});
