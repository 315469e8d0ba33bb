//! Multipart forms: read part by part while the step runs, never held whole in memory.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, header};
use motia_core::{
    error::{StepError, StepResult},
    http::{Multipart, Part, Problem, body::Parts},
    store::BoxFuture,
};
use multer::{Constraints, Field, SizeLimit};

use super::{bad_request, rejection, too_large, too_slow};

/// Opens a form of at most `limit` bytes in all. `idle` is the longest wait for its next bytes.
pub(super) fn open(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
    idle: Duration,
) -> Result<Multipart, Box<Problem>> {
    let boundary = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| multer::parse_boundary(value.to_str().ok()?).ok())
        .ok_or_else(|| bad_request("a multipart form needs a `boundary`".into()))?;
    let limits = Constraints::new().size_limit(SizeLimit::new().whole_stream(limit as u64));
    let stream = body.into_data_stream();
    let form = multer::Multipart::with_constraints(stream, boundary, limits);
    Ok(Multipart::new(Form { form, part: None, limit, idle }))
}

struct Form {
    form: multer::Multipart<'static>,
    part: Option<Field<'static>>,
    limit: usize,
    idle: Duration,
}

impl Form {
    fn refuse(limit: usize, error: &multer::Error) -> StepError {
        rejection(match error {
            multer::Error::StreamSizeExceeded { .. } | multer::Error::FieldSizeExceeded { .. } => {
                too_large(limit)
            }
            multer::Error::StreamReadFailed(_) | multer::Error::IncompleteStream => {
                bad_request("the form was cut off".into())
            }
            _ => bad_request("the form is malformed".into()),
        })
    }
}

impl Parts for Form {
    fn next(&mut self) -> BoxFuture<'_, StepResult<Option<Part>>> {
        Box::pin(async {
            self.part = None;
            let next = tokio::time::timeout(self.idle, self.form.next_field()).await;
            let next = next.map_err(|_| rejection(too_slow()))?;
            self.part = next.map_err(|error| Self::refuse(self.limit, &error))?;
            Ok(self.part.as_ref().map(|part| Part {
                name: part.name().unwrap_or_default().to_owned(),
                file_name: part.file_name().map(str::to_owned),
                content_type: part.content_type().map(ToString::to_string),
            }))
        })
    }

    fn chunk(&mut self) -> BoxFuture<'_, StepResult<Option<Bytes>>> {
        Box::pin(async {
            let Some(part) = &mut self.part else { return Ok(None) };
            let chunk = tokio::time::timeout(self.idle, part.chunk()).await;
            let chunk = chunk.map_err(|_| rejection(too_slow()))?;
            chunk.map_err(|error| Self::refuse(self.limit, &error))
        })
    }
}
