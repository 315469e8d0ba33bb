//! Who summarises: a model behind a provider, or, where no key is set, nobody but this program.

use motia::prelude::*;

use super::{
    articles::{self, Page},
    client::Client,
    failure::{Failure, Kind},
    pace,
    settings::MODEL_NAME,
    summary,
    usage::{self, ServiceState},
};

/// What the model is told to do with a text.
const SUMMARIZE: &str = "You summarise texts. Answer with a summary of two or three sentences in the \
    language of the text, and nothing else.";

/// Who summarises.
#[derive(Debug, Clone)]
pub enum Model {
    /// This program, without a model.
    Offline,
    /// A model behind a provider.
    Remote {
        /// The provider.
        client: Client,
        /// The model.
        name: String,
    },
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Stop {
    /// It went wrong.
    Failed(Failure),
    /// The provider may not be asked for so long: nobody's fault.
    Busy(Duration),
    /// Something is wrong here, and not with the task.
    Broken(StepError),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<StepError> for Stop {
    fn from(error: StepError) -> Self {
        Self::Broken(error)
    }
}

impl Model {
    /// Who the app's settings name.
    #[must_use]
    pub fn of<E>(ctx: &Context<E>) -> Self {
        match Client::of(ctx) {
            Some(client) => Self::Remote { client, name: ctx.setting(MODEL_NAME) },
            None => Self::Offline,
        }
    }

    /// Whether no model is asked.
    #[must_use]
    pub const fn is_offline(&self) -> bool {
        matches!(self, Self::Offline)
    }

    /// A summary of a text.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn summary<E>(&self, ctx: &Context<E>, text: &str) -> Result<String, Stop> {
        match self {
            Self::Offline => Ok(format!("{}{}", summary::OFFLINE, summary::of(text))),
            Self::Remote { client, name } => {
                let prompt = format!("Summarize this text: {text}");
                ask(ctx, client, name, SUMMARIZE, &prompt).await
            }
        }
    }

    /// The articles of a page.
    ///
    /// # Errors
    /// Why there are none.
    pub async fn articles<E>(
        &self,
        ctx: &Context<E>,
        page_number: u32,
        text: &str,
    ) -> Result<Page, Stop> {
        match self {
            Self::Offline => Ok(Page::guessed(page_number, text)),
            Self::Remote { client, name } => {
                let answer = ask(ctx, client, name, articles::PROMPT, text).await?;
                Ok(Page::told(page_number, &answer))
            }
        }
    }
}

/// Asks the model when it may be asked, and takes note of how that ended.
async fn ask<E>(
    ctx: &Context<E>,
    client: &Client,
    model: &str,
    system: &str,
    user: &str,
) -> Result<String, Stop> {
    if let Some(wait) = pace::wait(ctx).await? {
        return Err(Stop::Busy(wait));
    }
    let messages =
        json!([{ "role": "system", "content": system }, { "role": "user", "content": user }]);
    let asked = json!({ "model": model, "messages": messages });
    let answer = client.post("/chat/completions", asked).await.and_then(|answer| {
        let content = answer["choices"][0]["message"]["content"].as_str();
        let senseless =
            || Failure::new(Kind::Default, "the provider's answer has no message in it");
        content.map(str::to_owned).ok_or_else(senseless)
    });
    let ended = answer.as_ref().map(|_| ServiceState::Active);
    usage::note(ctx, ended, None).await?;
    Ok(answer?)
}
