//! What whoever asks may do: the guard puts it into the request, the panels read it from there.

use axum::extract::FromRequestParts;
use http::request::Parts;
pub use motia_core::role::Role;

/// The role of whoever asks; [`Role::Operate`] where nobody guards, as on the command line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asker(pub(crate) Role);

impl<S: Sync> FromRequestParts<S> for Asker {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(parts.extensions.get().copied().unwrap_or_default()))
    }
}
