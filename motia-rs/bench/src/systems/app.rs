//! The real release binary of the app, in an empty folder and on a port of its own.

use std::{
    collections::HashMap,
    fs::{self, File},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use jiff::Timestamp;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use tempfile::TempDir;

/// How long a start may take.
const START: Duration = Duration::from_secs(30);

/// Where the binary lies: beside this one.
pub(super) fn binary() -> anyhow::Result<PathBuf> {
    let name = format!("app{}", std::env::consts::EXE_SUFFIX);
    let binary = std::env::current_exe()?.with_file_name(name);
    anyhow::ensure!(!cfg!(debug_assertions), "only a release build tells how fast the app is");
    let missing = "build the app first: `cargo build --release -p app`";
    anyhow::ensure!(binary.is_file(), "there is no {}; {missing}", binary.display());
    Ok(binary)
}

/// The app; it is killed when this is dropped.
pub(super) struct App {
    process: Child,
    folder: TempDir,
    pub(super) address: SocketAddr,
}

/// A queue, as the admin API shows it.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub(super) struct Queue {
    /// Running ones among them.
    pub(super) waiting: u64,
    pub(super) delayed: u64,
    pub(super) running: u64,
}

#[derive(Debug, Deserialize)]
struct Page<T> {
    items: Vec<T>,
    next: Option<String>,
}

/// A run, as the admin API lists it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    trace_id: String,
    started_at: Timestamp,
    attempt: u32,
}

impl App {
    /// Starts it and waits until it answers.
    pub(super) fn start(binary: &Path, settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let log = folder.path().join("log");
        let process = Command::new(binary)
            .args(["serve", "--port", "0", "--data-dir", "data"])
            .current_dir(folder.path())
            // What the shell has set for another app is not for this one.
            .env_clear()
            .env("MOTIA_LOG", "warn")
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?)
            .spawn()?;
        let mut app = Self { process, folder, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        let began = Instant::now();
        while began.elapsed() < START {
            if let Some(address) = app.announced() {
                app.address = address;
                return Ok(app);
            }
            if let Some(status) = app.process.try_wait()? {
                anyhow::bail!("the app does not start ({status}):\n{}", fs::read_to_string(log)?);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        anyhow::bail!("the app does not answer within {START:?}:\n{}", fs::read_to_string(log)?)
    }

    fn announced(&self) -> Option<SocketAddr> {
        let record = fs::read_to_string(self.folder.path().join("data/server.json")).ok()?;
        let record: Value = serde_json::from_str(&record).ok()?;
        record["url"].as_str()?.strip_prefix("http://")?.trim_end_matches('/').parse().ok()
    }

    /// Posts something that must be taken.
    pub(super) fn post(&self, path: &str, body: &Value) -> anyhow::Result<()> {
        ureq::post(format!("http://{}{path}", self.address)).send_json(body)?;
        Ok(())
    }

    fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        let mut answer = ureq::get(format!("http://{}{path}", self.address)).call()?;
        let text = answer.body_mut().with_config().limit(64 * 1024 * 1024).read_to_string()?;
        serde_json::from_str(&text).with_context(|| format!("what `{path}` answers"))
    }

    /// How a step's queue stands.
    pub(super) fn queue(&self, step: &str) -> anyhow::Result<Queue> {
        self.get(&format!("/__motia/api/queues/{step}"))
    }

    /// Lets a step's queue start nothing more.
    pub(super) fn pause(&self, step: &str) -> anyhow::Result<()> {
        self.post(&format!("/__motia/api/queues/{step}/pause"), &serde_json::json!({}))
    }

    /// Lets it go on.
    pub(super) fn resume(&self, step: &str) -> anyhow::Result<()> {
        self.post(&format!("/__motia/api/queues/{step}/resume"), &serde_json::json!({}))
    }

    /// When the first attempts of a step began, by trace.
    pub(super) fn starts(&self, step: &str) -> anyhow::Result<HashMap<String, Timestamp>> {
        let (mut starts, mut cursor) = (HashMap::new(), String::new());
        loop {
            let path = format!("/__motia/api/runs?step={step}&limit=1000{cursor}");
            let Page { items, next } = self.get::<Page<Run>>(&path)?;
            let first = items.into_iter().filter(|run| run.attempt <= 1);
            starts.extend(first.map(|run| (run.trace_id, run.started_at)));
            let Some(next) = next else { return Ok(starts) };
            cursor = format!("&cursor={next}");
        }
    }
}

impl Drop for App {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
