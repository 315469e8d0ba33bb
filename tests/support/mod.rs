//! The app's real binary, started, killed and asked.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

pub(crate) mod orders;

use std::{
    fs::{self, OpenOptions},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

#[cfg(target_os = "linux")]
use motia_testkit::disk::FaultyDisk;
use serde_json::Value;
use tempfile::TempDir;

/// A data folder, and the app over it.
pub(crate) struct Server {
    folder: TempDir,
    child: Option<Child>,
    #[cfg(target_os = "linux")]
    disk: Option<FaultyDisk>,
}

impl Server {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            child: None,
            #[cfg(target_os = "linux")]
            disk: None,
        }
    }

    /// The same, with its data on a disk that fails on command.
    #[cfg(target_os = "linux")]
    #[allow(dead_code, reason = "not every test needs it")]
    pub(crate) fn on_a_faulty_disk() -> Self {
        let mut server = Self::new();
        server.disk = Some(FaultyDisk::under(&server.data()));
        server
    }

    #[cfg(target_os = "linux")]
    #[allow(dead_code, reason = "not every test needs it")]
    pub(crate) fn disk(&self) -> &FaultyDisk {
        self.disk.as_ref().unwrap()
    }

    #[allow(dead_code, reason = "not every test needs it")]
    pub(crate) fn pid(&self) -> String {
        self.child.as_ref().unwrap().id().to_string()
    }

    /// The processes that it has started and not seen the end of, zombies among them.
    #[cfg(target_os = "linux")]
    #[allow(dead_code, reason = "not every test needs it")]
    pub(crate) fn children(&self) -> Vec<String> {
        let parent = self.pid();
        let is_child = |stat: &String| {
            let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
            rest.split_whitespace().nth(1) == Some(&*parent)
        };
        let processes = fs::read_dir("/proc").unwrap().flatten();
        let stats = processes.map(|entry| fs::read_to_string(entry.path().join("stat")));
        stats.filter_map(Result::ok).filter(is_child).collect()
    }

    /// Waits until nothing is left of what it started.
    #[cfg(target_os = "linux")]
    #[allow(dead_code, reason = "not every test needs it")]
    pub(crate) fn until_childless(&self) {
        let began = Instant::now();
        while !self.children().is_empty() {
            assert!(began.elapsed() < Duration::from_secs(5), "{:?}", self.children());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// `kill -SIGNAL`.
    #[allow(dead_code, reason = "not every test needs it")]
    pub(crate) fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.pid()]).status().unwrap();
        assert!(sent.success());
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Where everything that it logs is kept, across restarts.
    pub(crate) fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// Starts it and waits until it answers; gives its address.
    #[allow(dead_code, reason = "not every test needs it")]
    pub(crate) fn start(&mut self) -> String {
        self.start_with(&[])
    }

    /// The same, with some settings.
    pub(crate) fn start_with(&mut self, settings: &[(&str, &str)]) -> String {
        let log = OpenOptions::new().create(true).append(true).open(self.log()).unwrap();
        let mut serve = app(&self.data(), log, ["serve", "--port", "0"]);
        serve.envs(settings.iter().copied());
        #[cfg(target_os = "linux")]
        if let Some(disk) = &self.disk {
            serve = disk.beneath(serve);
        }
        let child = serve.spawn().unwrap();
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
        let mut child = app(&self.data(), Stdio::piped(), args).spawn().unwrap();
        let began = Instant::now();
        while child.try_wait().unwrap().is_none() {
            if began.elapsed() > Duration::from_secs(30) {
                child.kill().unwrap();
                panic!("{args:?} is not refused");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let output = child.wait_with_output().unwrap();
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
        self.signal("-TERM");
        let mut child = self.child.take().unwrap();
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
