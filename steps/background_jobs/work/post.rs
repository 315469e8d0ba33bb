//! How letters leave: by a mail server, or into a folder.

use std::{io::Write as _, path::PathBuf};

use flows::background_jobs::{Code, JobError, data::Folder, settings};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor, transport::smtp};
use motia::prelude::*;

/// How long the mail server may take for each of its answers.
const PATIENCE: Duration = Duration::from_secs(30);

/// How letters leave.
pub(super) enum Post {
    /// By a mail server.
    Server(Box<AsyncSmtpTransport<Tokio1Executor>>),
    /// Into a folder, each as a file of its own.
    Outbox(PathBuf),
}

impl Post {
    /// By the mail server that the settings name, else into the outbox.
    pub(super) fn of<E>(ctx: &Context<E>) -> Result<Self, JobError> {
        let Some(url) = ctx.setting(settings::SMTP_URL) else {
            return Ok(Self::Outbox(settings::folder(ctx, settings::OUTBOX)));
        };
        let server = AsyncSmtpTransport::<Tokio1Executor>::from_url(&url).map_err(|_| {
            // The URL has a password in it, so it is not repeated.
            Code::MailRefused.because("`SMTP_URL` is no address of a mail server: smtps://host")
        })?;
        Ok(Self::Server(Box::new(server.timeout(Some(PATIENCE)).build())))
    }

    /// Sends a letter. In the outbox, one of the same name takes its place.
    pub(super) async fn send<E>(
        &self,
        ctx: &Context<E>,
        name: &str,
        message: Message,
    ) -> Result<(), JobError> {
        match self {
            Self::Server(server) => server.send(message).await.map(drop).map_err(|e| fault(&e)),
            Self::Outbox(folder) => {
                let (folder, name) = (folder.clone(), name.to_owned());
                ctx.blocking(move || put(&folder, &name, &message)).await?
            }
        }
    }
}

fn put(folder: &std::path::Path, name: &str, message: &Message) -> Result<(), JobError> {
    let mut draft = Folder::open(folder)?.draft(&format!("{name}.eml"), name)?;
    let written = draft.write_all(&message.formatted()).and_then(|()| draft.keep());
    written.map_err(|error| Code::TemporaryFailure.because(format!("the outbox: {error}")))
}

/// What a mail server's refusal means for the job.
fn fault(error: &smtp::Error) -> JobError {
    let code = if error.is_timeout() {
        Code::Timeout
    } else if error.is_permanent() {
        Code::MailRefused
    } else if error.is_transient() {
        Code::TemporaryFailure
    } else {
        Code::NetworkError
    };
    code.because(StepError::retry(error.to_string()).to_string())
}
