//! Calls to the provider over HTTP.

use std::sync::Arc;

use motia::prelude::*;
use ureq::{
    Agent, Error as HttpError,
    http::header::RETRY_AFTER,
    tls::{RootCerts, TlsConfig},
};

use super::{
    failure::{Failure, Kind},
    settings::{API_KEY, BASE_URL, TIMEOUT},
};

/// The longest answer that is read, in bytes.
const LONGEST_ANSWER: u64 = 4 * 1024 * 1024;
/// The longest part of an answer that an error quotes, in characters.
const LONGEST_QUOTE: usize = 200;

/// The app's connections, kept open between calls. Who may be trusted, the operating system says.
struct Connections(Agent);

impl Default for Connections {
    fn default() -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::PlatformVerifier)
            .unversioned_rustls_crypto_provider(provider)
            .build();
        let config = Agent::config_builder().tls_config(tls).http_status_as_error(false);
        Self(config.max_redirects(0).build().into())
    }
}

/// Who is asked, and with which key.
#[derive(Clone)]
pub struct Client {
    connections: Arc<Connections>,
    base: String,
    key: String,
    timeout: Duration,
}

impl Client {
    /// The provider that the app's settings name; `None`: no key is set.
    #[must_use]
    pub fn of<E>(ctx: &Context<E>) -> Option<Self> {
        let key = ctx.setting(API_KEY).filter(|key| !key.trim().is_empty())?;
        let base = ctx.setting(BASE_URL).trim_end_matches('/').to_owned();
        let (connections, timeout) = (ctx.shared(), ctx.setting(TIMEOUT).get());
        Some(Self { connections, base, key, timeout })
    }

    /// `GET`: what it answers, as JSON.
    ///
    /// # Errors
    /// What went wrong.
    pub async fn get(&self, path: &str) -> Result<Value, Failure> {
        self.call(path, None).await
    }

    /// `POST`: what it answers, as JSON.
    ///
    /// # Errors
    /// What went wrong.
    pub async fn post(&self, path: &str, body: Value) -> Result<Value, Failure> {
        self.call(path, Some(body)).await
    }

    async fn call(&self, path: &str, body: Option<Value>) -> Result<Value, Failure> {
        let (client, url) = (self.clone(), format!("{}{path}", self.base));
        // On a thread for blocking work: while it is under way, a test's clock stands still.
        let called = tokio::task::spawn_blocking(move || client.call_blocking(&url, body));
        called.await.map_err(|error| Failure::new(Kind::Default, error.to_string()))?
    }

    fn call_blocking(&self, url: &str, body: Option<Value>) -> Result<Value, Failure> {
        let (agent, bearer) = (&self.connections.0, format!("Bearer {}", self.key));
        let sent = match body {
            None => {
                let get = agent.get(url).config().timeout_global(Some(self.timeout)).build();
                get.header("authorization", bearer).call()
            }
            Some(body) => {
                let post = agent.post(url).config().timeout_global(Some(self.timeout)).build();
                post.header("authorization", bearer).send_json(body)
            }
        };
        let mut answer = sent.map_err(|error| unanswered(&error))?;
        let (status, retry_after) = (answer.status().as_u16(), retry_after(answer.headers()));
        let reading = answer.body_mut().with_config().limit(LONGEST_ANSWER);
        let text = reading.read_to_string().map_err(|error| unanswered(&error))?;
        if status != 200 {
            let quote: String = text.chars().take(LONGEST_QUOTE).collect();
            let message = format!("the provider answered {status}: {quote}");
            let failure = Failure::new(Kind::of_status(status), message);
            return Err(Failure { at_least: retry_after, status: Some(status), ..failure });
        }
        serde_json::from_str(&text)
            .map_err(|error| Failure::new(Kind::Default, format!("the answer is no JSON: {error}")))
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("base", &self.base).finish_non_exhaustive()
    }
}

/// There was no answer, or not all of it.
fn unanswered(error: &HttpError) -> Failure {
    let kind = match error {
        HttpError::BadUri(_) | HttpError::Http(_) => Kind::Dependency,
        HttpError::BodyExceedsLimit(_) => Kind::Default,
        _ => Kind::NetworkTimeout,
    };
    Failure::new(kind, format!("the provider cannot be asked: {error}"))
}

/// `Retry-After` in seconds; dates are passed over, for the schedule is patient enough.
fn retry_after(headers: &ureq::http::HeaderMap) -> Option<Duration> {
    /// Nobody waits longer than this because a provider says so.
    const AT_MOST: u64 = 60 * 60;
    let secs: u64 = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(secs.min(AT_MOST)))
}
