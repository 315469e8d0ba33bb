//! A function or a program in a process of its own, which the kernel holds to its limits.
//!
//! The app starts itself once more, [`take_over`] puts itself under the limits and becomes the program
//! (`exec`): so they hold before the first instruction of it runs, and nothing is done between fork and
//! exec. It is given its input on stdin and nothing else: no variables, no files. Its output is read up
//! to a limit; it and all that it started is killed when the attempt ends, however that ends.

use std::{
    ffi::OsString,
    io::{self, Read as _, Write as _},
    os::unix::process::{CommandExt as _, ExitStatusExt as _},
    path::{Path, PathBuf},
    process::{ExitCode, ExitStatus, Stdio},
};

use motia::prelude::*;
use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process_group, setrlimit};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    process::{Child, Command},
};

use super::{Allowance, Failed, Job, Tools, cage::Cage};
use crate::task_router::{functions, task::FaultReason};

/// Whether processes of their own can be held to limits here.
pub const SUPPORTED: bool = true;

/// The word by which the app knows that it is to be a child.
const ASIDE: &str = "__task-child";
/// What is kept of what a child says on stderr, in bytes.
const SAID: usize = 2000;
/// A child says by these codes that its input is at fault, that it failed, and that it could not start.
const REFUSED: u8 = 65;
const FAILED: u8 = 70;
const NOT_STARTED: u8 = 71;

/// What runs in a process of its own.
#[derive(Debug)]
pub(super) enum Program {
    /// A function that is registered in this program.
    Function(String),
    /// A program.
    At(PathBuf),
}

/// What a child puts itself under before it becomes the program.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Limits {
    group: Option<PathBuf>,
    memory: Option<u64>,
    cpu_seconds: Option<u64>,
}

impl Limits {
    /// The limits of an attempt. Without a group the processor is held to the time that its share comes
    /// to until the timeout.
    fn of(allowance: &Allowance, cage: Option<&Cage>) -> Self {
        let Some(cage) = cage else {
            let seconds = |cores: crate::task_router::amount::Cores| {
                (allowance.timeout.0.as_millis() * u128::from(cores.millis)).div_ceil(1_000_000)
            };
            let cpu_seconds = allowance.cores.map(seconds).and_then(|secs| secs.try_into().ok());
            return Self { group: None, memory: allowance.memory, cpu_seconds };
        };
        Self { group: Some(cage.path().to_path_buf()), ..Self::default() }
    }

    /// Puts this process under them.
    fn hold(&self) -> io::Result<()> {
        if let Some(group) = &self.group {
            std::fs::write(group.join("cgroup.procs"), "0")?;
        }
        let most = |limit| Rlimit { current: Some(limit), maximum: Some(limit) };
        setrlimit(Resource::Core, most(0))?;
        if let Some(bytes) = self.memory {
            setrlimit(Resource::Data, most(bytes))?;
        }
        if let Some(seconds) = self.cpu_seconds {
            let hard = Rlimit { current: Some(seconds), maximum: Some(seconds + 1) };
            setrlimit(Resource::Cpu, hard)?;
        }
        Ok(())
    }
}

/// A child with all that it starts; killed when this is dropped.
struct Family(Option<Pid>);

impl Drop for Family {
    fn drop(&mut self) {
        if let Some(pid) = self.0 {
            // It may be gone already.
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }
}

/// Runs a program with a job's input, and gives its output. Dropping this ends it.
pub(super) async fn run(tools: &Tools, job: &Job<'_>, program: &Program) -> Result<Value, Failed> {
    let not_started = |error: io::Error| {
        Failed::fault(FaultReason::Unreachable, format!("it could not be started: {error}"))
    };
    let allowance = &job.allowance;
    let limited = allowance.memory.is_some() || allowance.cores.is_some();
    let cage = match tools.cages(allowance.cgroup.as_deref()).filter(|_| limited) {
        Some(cages) => {
            let name = format!("{}-{}", job.task.id, job.attempt);
            Some(cages.make(&name, allowance.memory, allowance.cores).map_err(not_started)?)
        }
        None => None,
    };
    let limits = serde_json::to_string(&Limits::of(allowance, cage.as_ref()))
        .map_err(|error| not_started(error.into()))?;
    let mut command = Command::new(this_program());
    command.arg(ASIDE).arg("under").arg(limits);
    match program {
        Program::Function(name) => command.args([ASIDE, "function", name]),
        Program::At(path) => command.args([ASIDE, "program"]).arg(path),
    };
    command
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    let mut child = command.spawn().map_err(not_started)?;
    let family = Family(child.id().and_then(|id| Pid::from_raw(id.cast_signed())));

    let talked = talk(&mut child, &job.task.input, allowance.answer).await;
    if talked.is_err() {
        drop(family); // it may go on talking for ever
    }
    let status = child.wait().await.map_err(not_started)?;
    let (output, said) = talked?;
    judge(status, &output, &said, allowance.memory.is_some(), cage.as_ref())
}

/// Gives a child its input and reads what it says, up to so many bytes.
async fn talk(child: &mut Child, input: &Value, most: usize) -> Result<(Vec<u8>, String), Failed> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let input = input.to_string();
    let write = async {
        if let Some(mut stdin) = stdin {
            drop(stdin.write_all(input.as_bytes()).await); // one that does not read needs no input
        }
        Ok(())
    };
    let output = async {
        let Some(stdout) = stdout else { return Ok(Vec::new()) };
        let mut output = Vec::new();
        drop(stdout.take(most as u64 + 1).read_to_end(&mut output).await);
        if output.len() > most {
            let detail = format!("the output is larger than {most} bytes (`ROUTER_MAX_OUTPUT`)");
            return Err(Failed::fault(FaultReason::BadAnswer, detail));
        }
        Ok(output)
    };
    let said = async {
        match stderr {
            Some(stderr) => Ok(last_words(stderr).await),
            None => Ok(String::new()),
        }
    };
    let ((), output, said) = tokio::try_join!(write, output, said)?;
    Ok((output, said))
}

/// The end of what a child says on stderr.
async fn last_words(mut stderr: impl AsyncRead + Unpin) -> String {
    let (mut said, mut chunk) = (Vec::new(), [0; 4096]);
    while let Ok(count @ 1..) = stderr.read(&mut chunk).await {
        said.extend_from_slice(&chunk[..count]);
        said.drain(..said.len().saturating_sub(SAID));
    }
    String::from_utf8_lossy(&said).trim().to_owned()
}

/// What the end of a child means.
fn judge(
    status: ExitStatus,
    output: &[u8],
    said: &str,
    memory_limited: bool,
    cage: Option<&Cage>,
) -> Result<Value, Failed> {
    if status.success() {
        return serde_json::from_slice(output)
            .map_err(|_| Failed::fault(FaultReason::BadAnswer, "the output is not JSON"));
    }
    let told =
        |what: &str| if said.is_empty() { what.to_owned() } else { format!("{what}: {said}") };
    if status.code() == Some(REFUSED.into()) {
        return Err(Failed::fault(FaultReason::Refused, told("refused")));
    }
    if status.signal() == Some(Signal::XCPU.as_raw()) {
        let detail = "it used more time of the processor than its `cpuLimit` comes to";
        return Err(Failed::fault(FaultReason::OverQuota, detail));
    }
    let complains = memory_limited && said.to_lowercase().contains("memory");
    if complains || cage.is_some_and(Cage::ran_out_of_memory) {
        let detail = "it used more memory than its `memoryLimit`";
        return Err(Failed::fault(FaultReason::OverQuota, detail));
    }
    Err(Failed::fault(FaultReason::Broken, told(&status.to_string())))
}

/// This program, also if its file was replaced meanwhile.
fn this_program() -> PathBuf {
    if cfg!(target_os = "linux") {
        return PathBuf::from("/proc/self/exe");
    }
    std::env::current_exe().unwrap_or_default()
}

/// Does what a child is to do, if this process was started as one; `main` asks first.
#[must_use]
pub fn take_over() -> Option<ExitCode> {
    let mut args = std::env::args_os().skip(1);
    if args.next()? != ASIDE {
        return None;
    }
    let args: Vec<OsString> = args.collect();
    let args: Vec<&OsString> = args.iter().collect();
    Some(match args.as_slice() {
        [verb, limits, aside, kind, what] if *verb == "under" && *aside == ASIDE => {
            become_(limits, kind, what)
        }
        [verb, name] if *verb == "function" => run_function(&name.to_string_lossy()),
        _ => say(NOT_STARTED, "a child is started by the app only"),
    })
}

/// Puts this process under limits and becomes the program.
fn become_(limits: &OsString, kind: &OsString, what: &OsString) -> ExitCode {
    let limits: Result<Limits, _> = serde_json::from_str(&limits.to_string_lossy());
    let held = limits.map_err(io::Error::from).and_then(|limits| limits.hold());
    if let Err(error) = held {
        return say(NOT_STARTED, format!("the limits cannot be set: {error}"));
    }
    let error = if kind == "function" {
        std::process::Command::new(this_program()).arg(ASIDE).args(["function"]).arg(what).exec()
    } else {
        std::process::Command::new(Path::new(what)).exec()
    };
    say(NOT_STARTED, error)
}

/// Runs a function with what comes in on stdin.
fn run_function(name: &str) -> ExitCode {
    let mut input = Vec::new();
    let read = io::stdin().read_to_end(&mut input).map(|_| serde_json::from_slice(&input));
    let (Some(function), Ok(Ok(input))) = (functions::find(name), read) else {
        return say(NOT_STARTED, format!("`{name}` cannot be run"));
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return say(NOT_STARTED, error),
    };
    match runtime.block_on(function.run(input)) {
        Ok(output) => match io::stdout().write_all(output.to_string().as_bytes()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => say(FAILED, error),
        },
        Err(error) => say(if error.is_fatal() { REFUSED } else { FAILED }, error),
    }
}

fn say(code: u8, why: impl std::fmt::Display) -> ExitCode {
    drop(writeln!(io::stderr(), "{why}"));
    ExitCode::from(code)
}
