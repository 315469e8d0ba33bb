//! The app's real binary, started, killed and asked.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::{
    fs::{self, OpenOptions},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

/// A data folder, and the app over it.
pub(crate) struct Server {
    folder: TempDir,
    child: Option<Child>,
}

impl Server {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), child: None }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Where everything that it logs is kept, across restarts.
    pub(crate) fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// Starts it and waits until it answers; gives its address.
    pub(crate) fn start(&mut self) -> String {
        let log = OpenOptions::new().create(true).append(true).open(self.log()).unwrap();
        let child = app(&self.data(), log, ["serve", "--port", "0"]).spawn().unwrap();
        let pid = child.id();
        self.child = Some(child);
        let began = Instant::now();
        loop {
            if let Some(url) = self.announced(pid)
                && ureq::get(format!("{url}/readyz")).call().is_ok()
            {
                return url;
            }
            let log = || fs::read_to_string(self.log()).unwrap_or_default();
            assert!(began.elapsed() < Duration::from_secs(30), "it does not start:\n{}", log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn announced(&self, pid: u32) -> Option<String> {
        let text = fs::read_to_string(self.data().join("server.json")).ok()?;
        let server: Value = serde_json::from_str(&text).ok()?;
        (server["pid"] == pid).then(|| server["url"].as_str().unwrap().trim_end_matches('/').into())
    }

    /// Runs a command of the app over the same data that is to fail; gives its exit code and what it
    /// says.
    #[allow(dead_code, reason = "not every test needs it")]
    pub(crate) fn refused<const N: usize>(&self, args: [&str; N]) -> (Option<i32>, String) {
        let output = app(&self.data(), Stdio::piped(), args).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// `kill -9`.
    #[allow(dead_code, reason = "not every test needs it")]
    pub(crate) fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// `kill -TERM`, and its exit code.
    #[allow(dead_code, reason = "not every test needs it")]
    pub(crate) fn terminate(&mut self) -> Option<i32> {
        let mut child = self.child.take().unwrap();
        let sent = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        child.wait().unwrap().code()
    }

    /// Runs a command of the app over the same data; gives what it prints as JSON.
    #[allow(dead_code, reason = "not every test needs it")]
    pub(crate) fn ask<const N: usize>(&self, args: [&str; N]) -> Value {
        let output = app(&self.data(), Stdio::piped(), args).arg("--json").output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

/// The app's binary with these arguments, over this data folder.
pub(crate) fn app<const N: usize>(
    data: &Path,
    errors: impl Into<Stdio>,
    args: [&str; N],
) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_app"));
    command
        .args(args)
        .arg("--data-dir")
        .arg(data)
        .current_dir(data.parent().unwrap())
        .env("MOTIA_LOG", "json")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(errors);
    command
}
