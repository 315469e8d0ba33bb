//! Path parameters: as they stand in the path, decoded, under the names of the step that is called.

use std::sync::Arc;

use axum::extract::{FromRequestParts as _, RawPathParams, rejection::RawPathParamsRejection};
use futures_util::FutureExt as _;
use http::request::Parts;
use motia_core::{
    config::path::parameters,
    http::Problem,
    schema::{Place, Violation},
};

/// Names and values, in the order of the path.
pub(crate) type Params = Vec<(Arc<str>, String)>;

/// A path with its parameters numbered. Steps whose paths differ in the names of their parameters
/// alone share a route: `/a/{id}` and `/a/{x}` are both `/a/{0}`.
pub(crate) fn shape(path: &str) -> String {
    let mut number = 0;
    let segments = path.split('/').map(|segment| {
        if !segment.starts_with('{') {
            return segment.to_owned();
        }
        let rest = if segment.starts_with("{*") { "*" } else { "" };
        number += 1;
        format!("{{{rest}p{}}}", number - 1)
    });
    segments.collect::<Vec<_>>().join("/")
}

/// The names that a step gives its parameters.
pub(crate) fn names(path: &str) -> Box<[Arc<str>]> {
    parameters(path).map(Arc::from).collect()
}

/// Reads the parameters under `names`.
pub(crate) fn read(parts: &mut Parts, names: &[Arc<str>]) -> Result<Params, Box<Problem>> {
    let read = RawPathParams::from_request_parts(parts, &()).now_or_never();
    let values = read.expect("axum has them at hand").map_err(|error| {
        let detail = match error {
            RawPathParamsRejection::InvalidUtf8InPathParam(_) => "the path is not UTF-8",
            _ => "the path has no parameters",
        };
        Problem::violations(vec![Violation::new("", detail).within(Place::Path)])
    })?;
    let values = values.iter().map(|(_, value)| value.to_owned());
    Ok(names.iter().cloned().zip(values).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_differ_in_names_alone_have_one_shape() {
        assert_eq!(shape("/a/{id}/b/{other}"), shape("/a/{x}/b/{y}"));
        assert_ne!(shape("/a/{id}"), shape("/a/{*id}"));
        assert_ne!(shape("/a/{id}"), shape("/a/id"));
        assert_eq!(shape("/"), "/");
    }
}
