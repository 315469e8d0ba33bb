//! `Idempotency-Key`: a request that is sent again gets the first answer again.
//!
//! After <https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/>. Before the
//! step runs, a marker is kept under its name and the key, with a fingerprint of the request; after it,
//! the answer. The marker has an end, so that a process that dies does not block the key for ever. A
//! run goes on when its caller goes away, which is when callers send again.

mod record;

use std::{future::Future, sync::Arc, time::Duration};

use http::{HeaderName, HeaderValue, StatusCode, header, request::Parts};
use motia_core::{
    context::Engine,
    http::{ApiResponse, Problem, ProblemShape},
    json::JsonText,
    schema::{Place, Violation},
    store::{Batch, CommitError, Require, Write},
    trace::TraceContext,
};
use motia_runtime::{Runtime, tasks::Tasks};
use sha2::{Digest as _, Sha256};
use tokio::sync::oneshot;

use self::record::{Record, is_kept};
use crate::{problem, settings::HttpSettings};

/// The state group in which answers are kept.
pub(crate) const GROUP: &str = "__motia.idempotency";

/// The header that names a request.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The longest key, in characters.
const LONGEST: usize = 255;

/// Headers by which callers are told apart: another caller must not be given the answer.
const CALLER: [&str; 3] = ["authorization", "cookie", "x-api-key"];

/// The answers that one step has given.
pub(crate) struct Idempotency {
    step: &'static str,
    engine: Arc<dyn Engine>,
    tasks: Tasks,
    lease: Duration,
    kept: Duration,
    largest: usize,
    shape: Option<ProblemShape>,
}

/// A request that is to be answered once.
pub(crate) struct Asked {
    key: String,
    fingerprint: String,
}

impl Idempotency {
    /// The answers of a step that may take as long as `timeout`, and whose problems have this `shape`.
    pub(crate) fn new(
        runtime: &Runtime,
        settings: &HttpSettings,
        step: &'static str,
        timeout: Duration,
        shape: Option<ProblemShape>,
    ) -> Self {
        Self {
            step,
            engine: runtime.engine().clone(),
            tasks: runtime.tasks().clone(),
            lease: settings.idempotency_lease.max(timeout + Duration::from_secs(10)),
            kept: settings.idempotency_kept,
            largest: runtime.engine().limits().payload,
            shape,
        }
    }

    /// Whether the request is to be answered once: its key, and what it asks for.
    ///
    /// # Errors
    /// A key that is none, or stands there twice.
    pub(crate) fn asked(&self, parts: &Parts, body: &[u8]) -> Result<Option<Asked>, Box<Problem>> {
        let mut sent = parts.headers.get_all(IDEMPOTENCY_KEY).iter();
        let Some(key) = sent.next() else { return Ok(None) };
        let key = key.as_bytes();
        if sent.next().is_some() || !is_key(key) {
            let rule = format!("is one word of at most {LONGEST} visible ASCII characters");
            let refused = Violation::new("/idempotency-key", rule).within(Place::Header);
            return Err(Problem::violations(vec![refused]).into());
        }
        let key = format!("{} {}", self.step, String::from_utf8_lossy(key));
        Ok(Some(Asked { key, fingerprint: fingerprint(parts, body) }))
    }

    /// Gives the first answer again, or runs `run` for it.
    ///
    /// # Errors
    /// 422 for a key that was sent with another request, 409 while the first still runs.
    pub(crate) async fn answer<R>(
        self: Arc<Self>,
        asked: Asked,
        span: TraceContext,
        run: R,
    ) -> Result<ApiResponse, Box<Problem>>
    where
        R: Future<Output = Result<ApiResponse, Box<Problem>>> + Send + 'static,
    {
        let marker = Record::running(&asked.fingerprint, &span.span_id.to_string());
        if let Some(first) = self.claim(&asked, &marker).await? {
            return first.again(&asked.fingerprint);
        }
        let (tell, told) = oneshot::channel();
        let (tasks, shape) = (self.tasks.clone(), self.shape);
        tasks.spawn(async move {
            let answer = record::ready(run.await, shape, span.trace_id);
            let done = is_kept(&answer, self.largest).then(|| marker.clone().with(&answer));
            self.settle(&asked, &marker, done).await;
            let _ = tell.send(answer); // the caller may be gone
        });
        told.await.map_err(|_| problem::internal().into())
    }

    /// Sets the marker, unless there is a record already: then it is that.
    async fn claim(&self, asked: &Asked, marker: &Record) -> Result<Option<Record>, Box<Problem>> {
        let store = self.engine.store();
        loop {
            let now = self.engine.now();
            let found = store.get(GROUP, &asked.key, now).await;
            if let Some(entry) = found.map_err(|error| problem::store_failed(&error))? {
                // A record that does not read is from another version: it answers nothing.
                return match entry.value.decode() {
                    Ok(record) => Ok(Some(record)),
                    Err(error) => Err(problem::store_failed(&error).into()),
                };
            }
            match store.commit(self.write(asked, marker, None, self.lease)).await {
                Ok(_) => return Ok(None),
                Err(CommitError::Conflict { .. }) => {} // somebody was faster: read what they set
                Err(error) => return Err(problem::store_failed(&error).into()),
            }
        }
    }

    /// Puts the answer in the marker's place, or takes the marker away for none. Whatever fails here,
    /// the caller is given the answer: the step has run.
    async fn settle(&self, asked: &Asked, marker: &Record, done: Option<Record>) {
        let store = self.engine.store();
        let now = self.engine.now();
        let held = match store.get(GROUP, &asked.key, now).await {
            Ok(Some(entry)) => entry,
            Ok(None) => return,
            Err(error) => return drop(problem::store_failed(&error)),
        };
        if held.value.decode::<Record>().ok().as_ref() != Some(marker) {
            return; // the lease ran out, and another request holds the key
        }
        let batch = if let Some(done) = done {
            self.write(asked, &done, Some(held.version), self.kept)
        } else {
            let key = asked.key.clone();
            let free = Write::Delete { group: GROUP.into(), key: key.clone(), now };
            let version = Some(held.version);
            Batch::of(free).requiring(Require::Version { group: GROUP.into(), key, version, now })
        };
        match store.commit(batch).await {
            Ok(_) | Err(CommitError::Conflict { .. }) => {}
            Err(error) => drop(problem::store_failed(&error)),
        }
    }

    fn write(&self, asked: &Asked, record: &Record, version: Option<u64>, kept: Duration) -> Batch {
        let now = self.engine.now();
        let (group, key) = (GROUP.into(), asked.key.clone());
        let value = JsonText::encode(record).expect("a record has string keys only");
        let set = Write::Set { group, key: key.clone(), value, expires_at: Some(now + kept) };
        Batch::of(set).requiring(Require::Version { group: GROUP.into(), key, version, now })
    }
}

fn is_key(key: &[u8]) -> bool {
    (1..=LONGEST).contains(&key.len()) && key.iter().all(u8::is_ascii_graphic)
}

/// Tells requests apart: what is asked for, and by whom.
fn fingerprint(parts: &Parts, body: &[u8]) -> String {
    let mut hash = Sha256::new();
    let mut add = |part: &[u8]| {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    };
    add(parts.method.as_str().as_bytes());
    add(parts.uri.path().as_bytes());
    add(parts.uri.query().unwrap_or_default().as_bytes());
    for name in CALLER {
        parts.headers.get_all(name).iter().for_each(|value| add(value.as_bytes()));
        add(name.as_bytes());
    }
    add(body);
    hash.finalize()
        .iter()
        .fold(String::with_capacity(64), |text, byte| text + &format!("{byte:02x}"))
}

/// The first request with this key still runs.
fn still_running() -> Problem {
    Problem::new(StatusCode::CONFLICT)
        .detail("the first request with this `Idempotency-Key` still runs")
        .header(header::RETRY_AFTER, HeaderValue::from_static("1"))
}

/// The key was sent with something else.
fn another_request() -> Problem {
    let refused = Violation::new("/idempotency-key", "was sent with another request before");
    Problem {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        ..Problem::violations(vec![refused.within(Place::Header)])
    }
    .detail("this `Idempotency-Key` was sent with another request before")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_one_visible_word() {
        assert!(is_key(b"8e03978e-40d5-43e8-bc93-6894a57f9324"));
        assert!(is_key(&[b'k'; 255]));
        for none in [&b""[..], &[b'k'; 256], b"two words", b"tab\t", "\u{e9}".as_bytes()] {
            assert!(!is_key(none), "{none:?}");
        }
    }

    #[test]
    fn what_is_asked_and_by_whom_tells_requests_apart() {
        let parts = |path: &str, caller: &str| {
            let request = http::Request::post(path).header("authorization", caller);
            request.body(()).unwrap().into_parts().0
        };
        let first = fingerprint(&parts("/a?b=1", "ann"), b"{}");

        assert_eq!(first, fingerprint(&parts("/a?b=1", "ann"), b"{}"));
        assert_ne!(first, fingerprint(&parts("/a?b=2", "ann"), b"{}"));
        assert_ne!(first, fingerprint(&parts("/a?b=1", "bob"), b"{}"));
        assert_ne!(first, fingerprint(&parts("/a?b=1", "ann"), b"{ }"));
    }
}
