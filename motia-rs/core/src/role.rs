//! What somebody may do with the admin API.

use std::fmt;

use http::Method;
use serde::{Deserialize, Serialize};

/// What somebody may do with the admin API. Whoever guards it puts one into the extensions of the request; a
/// request without one was asked from inside, and may do all.
///
/// ```
/// use motia_core::role::Role;
///
/// assert!(!Role::Read.may_change());
/// assert_eq!(Role::default(), Role::Operate);
/// assert_eq!(Role::Read.to_string(), "read");
/// ```
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// May look, and change nothing.
    Read,
    /// May look and change.
    #[default]
    Operate,
}

impl Role {
    /// Whether somebody of this role may change anything.
    #[must_use]
    pub const fn may_change(self) -> bool {
        matches!(self, Self::Operate)
    }

    /// As it is written: `read` or `operate`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Operate => "operate",
        }
    }
}

/// Whether a request of this method may change something. Whoever guards the admin API, reads its bodies and
/// keeps its audit log goes by this. `TRACE` is not known there, and not let through to those who only look.
///
/// ```
/// use http::Method;
/// use motia_core::role::may_change;
///
/// assert!(!may_change(&Method::HEAD));
/// assert!(may_change(&Method::DELETE));
/// ```
#[must_use]
pub fn may_change(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
