//! Starts a process, gives it its input, reads what it says, and sees to its end.

use std::{io, os::unix::process::ExitStatusExt as _, process::Stdio};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    process::{Child, Command},
};

use super::{
    Ended, Input, NotDone, Order, Program,
    inside::{ASIDE, REFUSED, Rules, is_taken_over, this_program},
};

/// What is kept of what a child says on stderr, in bytes.
const SAID: usize = 2000;

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

/// Has something done in a process of its own. Dropping this ends the process.
///
/// # Errors
/// When it cannot be started, or says more than it may; and where this program does not begin with
/// [`take_over`](super::take_over).
pub async fn run(order: Order<'_>) -> Result<Ended, NotDone> {
    if !is_taken_over() {
        return Err(NotDone::NotTaken);
    }
    let rules = serde_json::to_string(&Rules::of(&order.limits)).map_err(io::Error::from)?;
    let mut command = Command::new(this_program());
    command.arg(ASIDE).arg("under").arg(rules);
    match order.program {
        Program::Own(work, about) => command.args(["work", work, about]),
        Program::At(path) => command.arg("program").arg(path),
    };
    let (stdin, input) = match order.input {
        Input::Bytes(bytes) => (Stdio::piped(), bytes),
        Input::File(file) => (file.into(), Vec::new()),
    };
    command
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .current_dir("/")
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    let mut child = command.spawn()?;
    let family = Family(child.id().and_then(|id| Pid::from_raw(id.cast_signed())));

    let talked = talk(&mut child, &input, order.longest_output).await;
    if talked.is_err() {
        drop(family); // it may go on talking for ever
    }
    let status = child.wait().await?;
    let (output, said) = talked?;
    Ok(Ended { status, output, said })
}

/// Gives a child its input and reads what it says, up to so many bytes.
async fn talk(child: &mut Child, input: &[u8], most: usize) -> Result<(Vec<u8>, String), NotDone> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let write = async {
        if let Some(mut stdin) = stdin {
            drop(stdin.write_all(input).await); // one that does not read needs no input
        }
        Ok(())
    };
    let output = async {
        let Some(stdout) = stdout else { return Ok(Vec::new()) };
        let mut output = Vec::new();
        drop(stdout.take(most as u64 + 1).read_to_end(&mut output).await);
        if output.len() > most { Err(NotDone::TooMuch(most)) } else { Ok(output) }
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

impl Ended {
    /// Whether it said that its input is at fault.
    #[must_use]
    pub fn refused(&self) -> bool {
        self.status.code() == Some(REFUSED.into())
    }

    /// Whether it used up its time of the processor.
    #[must_use]
    pub fn ran_out_of_time(&self) -> bool {
        self.status.signal() == Some(Signal::XCPU.as_raw())
    }

    /// Whether it died of being refused memory, as far as its last words tell.
    #[must_use]
    pub fn ran_out_of_memory(&self) -> bool {
        !self.status.success() && self.said.to_lowercase().contains("memory")
    }
}
