//! How often handlers may do something, for each of whom they do it.

use std::{sync::Arc, time::Duration};

use super::{
    Run, StateError,
    state::{checked_key, is_reserved},
};
use crate::{
    config::{RateLimit, limit::Used},
    json::JsonText,
    store::{Batch, CommitError, Require, Write, batch::Name},
    topic::assert_name,
};

/// How often something may happen for each key: each user, each client.
///
/// What was used is kept in the store, so that all instances count together and a restart gives nobody
/// a second helping. Entries that no longer count are removed by themselves.
///
/// # Example: two starts a minute for each user
/// ```
/// use std::time::Duration;
/// use http::StatusCode;
/// # use motia_core as motia;
/// # use motia_core::{config::RateLimit, context::{Context, Limit, Taken}, error::{StepError, StepResult}};
///
/// const STARTS: Limit = Limit::new("starts", RateLimit::fixed_window(2, Duration::from_secs(60)));
///
/// async fn start(user: &str, ctx: Context) -> StepResult<u32> {
///     match ctx.take(STARTS, user).await? {
///         Taken::Granted { left } => Ok(left),
///         Taken::Refused { retry_after } => {
///             Err(StepError::retry_after(retry_after, "two starts a minute"))
///         }
///     }
/// }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    name: &'static str,
    rate: RateLimit,
}

impl Limit {
    /// A limit of this name. Those of one name count together.
    ///
    /// # Panics
    /// At compile time, when the name is empty, has spaces, or begins with `__motia`.
    #[must_use]
    pub const fn new(name: &'static str, rate: RateLimit) -> Self {
        assert_name(name);
        assert!(
            !is_reserved(name.as_bytes()),
            "names that begin with `__motia` are the framework's"
        );
        Self { name, rate }
    }

    /// What it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// How often.
    #[must_use]
    pub const fn rate(self) -> RateLimit {
        self.rate
    }
}

/// Whether it may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "what is refused must not be done"]
pub enum Taken {
    /// It may.
    Granted {
        /// As many more times now.
        left: u32,
    },
    /// It may not.
    Refused {
        /// Not before so long.
        retry_after: Duration,
    },
}

/// What is written when one is taken: it holds only if nobody else took one meanwhile.
pub(super) struct Drawn {
    pub(super) write: Write,
    pub(super) require: Require,
    /// As many more times then.
    pub(super) left: u32,
}

/// Looks whether one of what `limit` allows to `key` can be taken; otherwise after how long.
pub(super) async fn draw(
    run: &Arc<Run>,
    limit: Limit,
    key: &str,
) -> Result<Result<Drawn, Duration>, StateError> {
    let engine = &run.engine;
    let key = checked_key(run, key)?;
    let group: Name = format!("__motia.limits.{}", limit.name).into();
    let now = engine.now();
    let entry = engine.store().get(&group, key, now).await?;
    let version = entry.as_ref().map(|entry| entry.version);
    // An entry that cannot be read is none of ours: it is counted anew.
    let used: Option<Used> = entry.and_then(|entry| entry.value.decode().ok());
    let then = match limit.rate.take(used, now) {
        Ok(then) => then,
        Err(earliest) => return Ok(Err(earliest.duration_since(now).unsigned_abs())),
    };
    let encoded = JsonText::encode(&then);
    let value = encoded.map_err(|source| StateError::Encode { key: key.into(), source })?;
    let expires_at = Some(limit.rate.forgotten_at(then));
    let (twin, key) = (group.clone(), key.to_owned());
    Ok(Ok(Drawn {
        require: Require::Version { group: twin, key: key.clone(), version, now },
        write: Write::Set { group, key, value, expires_at },
        left: limit.rate.left(Some(then), now),
    }))
}

/// Takes one of what `limit` allows to `key`.
pub(super) async fn take(run: &Arc<Run>, limit: Limit, key: &str) -> Result<Taken, StateError> {
    loop {
        let Drawn { write, require, left } = match draw(run, limit, key).await? {
            Ok(drawn) => drawn,
            Err(retry_after) => return Ok(Taken::Refused { retry_after }),
        };
        match run.engine.commit(run, Batch::of(write).requiring(require)).await {
            Ok(_) => return Ok(Taken::Granted { left }),
            Err(CommitError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
