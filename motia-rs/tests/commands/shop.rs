//! The app under test: `examples/shop.rs`, in a folder of its own.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

/// What a test waits for at most.
const PATIENCE: Duration = Duration::from_secs(20);

/// A folder in which the app is run.
pub(super) struct Shop {
    folder: TempDir,
}

/// What a command wrote, and how it ended.
pub(super) struct Ended {
    pub(super) code: Option<i32>,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

/// A server that is killed when the test ends.
pub(super) struct Server {
    child: Child,
    pub(super) ready: Value,
}

impl Shop {
    pub(super) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.current_dir(self.path()).args(args);
        // Settings of whoever runs the tests are none of the shop's.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("MOTIA_") {
                command.env_remove(name);
            }
        }
        command
    }

    pub(super) fn run(&self, args: &[&str]) -> Ended {
        self.run_with(args, &[])
    }

    pub(super) fn run_with(&self, args: &[&str], env: &[(&str, &str)]) -> Ended {
        let output = self.command(args).envs(env.iter().copied()).output().unwrap();
        Ended::of(&output)
    }

    /// Runs a command that must go well, and reads the one JSON document that it writes.
    pub(super) fn json(&self, args: &[&str]) -> Value {
        let ended = self.run(&[args, &["--json"]].concat());
        assert_eq!(ended.code, Some(0), "{args:?}: {}", ended.stderr);
        serde_json::from_str(&ended.stdout).unwrap()
    }

    pub(super) fn serve(&self, args: &[&str]) -> Server {
        self.serve_with(args, &[])
    }

    pub(super) fn serve_with(&self, args: &[&str], env: &[(&str, &str)]) -> Server {
        let args = [&["serve", "--port", "0", "--json"], args].concat();
        let mut command = self.command(&args);
        command.envs(env.iter().copied()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Server { child, ready: serde_json::from_str(&line).unwrap() }
    }

    /// Asks again and again until the answer is as it should be.
    pub(super) fn until(&self, args: &[&str], good: impl Fn(&Ended) -> bool) -> Ended {
        let began = Instant::now();
        loop {
            let ended = self.run(args);
            if good(&ended) {
                return ended;
            }
            assert!(began.elapsed() < PATIENCE, "{args:?}: {} {}", ended.stdout, ended.stderr);
        }
    }
}

impl Ended {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Self {
            code: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    /// The one line of a failure.
    pub(super) fn one_line(&self) -> &str {
        let line = self.stderr.trim_end();
        assert_eq!(line.lines().count(), 1, "{line}");
        line
    }
}

impl Server {
    pub(super) fn url(&self) -> &str {
        self.ready["url"].as_str().unwrap()
    }

    pub(super) fn port(&self) -> &str {
        self.url().rsplit(':').next().unwrap()
    }

    pub(super) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    }

    pub(super) fn ended(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where cargo puts examples: beside the folder of the test's own program.
fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let program = test.parent().unwrap().parent().unwrap().join("examples/shop");
    assert!(
        program.exists(),
        "`cargo test` builds it; with `--test`, `cargo build --example shop` does"
    );
    program
}
