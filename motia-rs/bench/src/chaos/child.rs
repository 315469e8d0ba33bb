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

/// Little stays in the history, so that a run fills it and it is seen to be cut back.
const HISTORY: [(&str, &str); 2] = [("MOTIA_HISTORY_AGE", "60s"), ("MOTIA_HISTORY_COUNT", "5000")];

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
            .envs(HISTORY)
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

    pub(super) fn kill(&mut self) -> anyhow::Result<()> {
        self.process.kill()?; // SIGKILL
        self.process.wait()?;
        Ok(())
    }

    /// Waits until nothing is left to do; gives how much is.
    pub(super) fn empty_within(&self, limit: Duration) -> anyhow::Result<u64> {
        let began = Instant::now();
        loop {
            let left = self.left()?;
            if left == 0 || began.elapsed() > limit {
                return Ok(left);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// How much waits, is delayed, held or at work.
    pub(super) fn left(&self) -> anyhow::Result<u64> {
        let url = format!("http://{}/__motia/api/queues", self.address);
        let queues: Value = ureq::get(url).call()?.body_mut().read_json()?;
        let queues = queues["items"].as_array().context("a list of queues")?;
        let left = |queue: &Value| -> u64 {
            ["waiting", "delayed", "held"].iter().filter_map(|what| queue[*what].as_u64()).sum()
        };
        Ok(queues.iter().map(left).sum())
    }

    /// The number of the process.
    pub(super) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// The events that were given up.
    pub(super) fn dead_letters(&self) -> anyhow::Result<Vec<Name>> {
        let letters = self.ask(&["dlq", "ls"])?;
        let letters = letters["items"].as_array().context("a list of dead letters")?;
        letters
            .iter()
            .map(|letter| Ok(serde_json::from_value(letter["event"]["payload"].clone())?))
            .collect()
    }

    /// Asks the app through its own command line.
    fn ask(&self, what: &[&str]) -> anyhow::Result<Value> {
        let answer = Command::new(std::env::current_exe()?)
            .args(["chaos-ask"])
            .arg(&self.data)
            .args(what)
            .output()?;
        let text = String::from_utf8_lossy(&answer.stdout);
        serde_json::from_str(&text).with_context(|| {
            let what = what.join(" ");
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
