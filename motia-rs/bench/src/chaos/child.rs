//! The process that is killed.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use motia_testkit::history::Name;
use serde_json::Value;

/// How long a start may take, recovery included.
const START: Duration = Duration::from_secs(30);

/// The app in a process of its own.
pub(super) struct Child {
    process: std::process::Child,
    address: SocketAddr,
    data: PathBuf,
    seed: u64,
}

impl Child {
    /// Starts the app, and waits until it answers.
    pub(super) fn start(data: &Path, seed: u64) -> anyhow::Result<Self> {
        let record = data.join("server.json");
        let _ = fs::remove_file(&record);
        let log = fs::OpenOptions::new().create(true).append(true).open(data.join("log"))?;
        let mut process = Command::new(std::env::current_exe()?)
            .args(["chaos-app", &seed.to_string()])
            .arg(data)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()?;
        let began = Instant::now();
        while began.elapsed() < START {
            if let Some(address) = address(&record, process.id()) {
                return Ok(Self { process, address, data: data.to_owned(), seed });
            }
            if let Some(status) = process.try_wait()? {
                let log = fs::read_to_string(data.join("log"))?;
                anyhow::bail!("the app does not start ({status}):\n{log}");
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        process.kill()?;
        anyhow::bail!("the app does not answer within {START:?}")
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn kill(mut self) -> anyhow::Result<()> {
        self.process.kill()?; // SIGKILL
        self.process.wait()?;
        Ok(())
    }

    /// Waits until nothing is left to do; gives how much is.
    pub(super) fn empty_within(&self, limit: Duration) -> anyhow::Result<u64> {
        let began = Instant::now();
        loop {
            let queues = self.ask("queues")?;
            let queue = queues["items"].get(0).context("the app has one queue")?;
            let left = ["waiting", "delayed", "held"].map(|what| queue[what].as_u64().unwrap_or(0));
            let left = left.iter().sum();
            if left == 0 || began.elapsed() > limit {
                return Ok(left);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The events that were given up.
    pub(super) fn dead_letters(&self) -> anyhow::Result<Vec<Name>> {
        let letters = self.ask("dlq")?;
        let letters = letters["items"].as_array().context("a list of dead letters")?;
        letters
            .iter()
            .map(|letter| Ok(serde_json::from_value(letter["event"]["payload"].clone())?))
            .collect()
    }

    /// Asks the app through its own command line.
    fn ask(&self, what: &str) -> anyhow::Result<Value> {
        let more: &[&str] = if what == "dlq" { &["ls"] } else { &[] };
        let answer = Command::new(std::env::current_exe()?)
            .args(["chaos-ask"])
            .arg(&self.data)
            .arg(what)
            .args(more)
            .output()?;
        let text = String::from_utf8_lossy(&answer.stdout);
        serde_json::from_str(&text).with_context(|| {
            format!("`{what}` says {text} {}", String::from_utf8_lossy(&answer.stderr))
        })
    }

    /// Ends the app properly.
    pub(super) fn stop(mut self) -> anyhow::Result<()> {
        let pid = self.process.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status()?;
        let status = self.process.wait()?;
        anyhow::ensure!(status.success(), "the app ends with {status} (seed {})", self.seed);
        Ok(())
    }
}

/// Where the app of this process answers, once it does.
fn address(record: &Path, pid: u32) -> Option<SocketAddr> {
    let record: Value = serde_json::from_str(&fs::read_to_string(record).ok()?).ok()?;
    if record["pid"].as_u64()? != u64::from(pid) {
        return None;
    }
    record["url"].as_str()?.strip_prefix("http://")?.trim_end_matches('/').parse().ok()
}
