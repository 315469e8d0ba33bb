//! Streams as server-sent events: for clients that only listen, and to be resumed where they broke off.

use axum::{body::Body, response::Response};
use futures_util::stream;
use http::{HeaderValue, StatusCode, header};
use motia_core::http::{Problem, SseEvent};
use motia_runtime::hub::{
    guest::{Guest, Refusal},
    reader::ReadError,
    room::Room,
};

use super::{admission::Place, frame};
use crate::{problem, settings::HttpSettings, sse::EventBody};

/// Answers with what a room shows: all of it and then each change, or what came after a change that was
/// shown before.
pub(super) async fn begin(
    mut guest: Guest,
    room: Room,
    after: Option<u64>,
    settings: &HttpSettings,
    place: Place,
) -> Result<Response, Box<Problem>> {
    guest.join(room, "", after).await.map_err(|refusal| refused(&refusal))?;

    let events = stream::unfold((guest, place), async |(mut guest, place)| {
        // When what was missed cannot be read, the client comes back and says where it was.
        let shown = guest.next().await.ok()?;
        let (kind, seq, data) = frame::of(&shown, guest.stamp());
        let event = SseEvent { id: Some(seq.to_string()), event: Some(kind.to_owned()), data };
        Some((event, (guest, place)))
    });
    let body = EventBody::new(Box::pin(events), settings.sse_keep_alive, &settings.stopping);

    let mut response = Response::new(Body::new(body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(response)
}

fn refused(refusal: &Refusal) -> Box<Problem> {
    let status = match refusal {
        Refusal::NotFound(_) => StatusCode::NOT_FOUND,
        Refusal::Denied => StatusCode::FORBIDDEN,
        Refusal::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
        Refusal::Id(_) => StatusCode::BAD_REQUEST,
        Refusal::Read(ReadError::TooLarge(_)) => StatusCode::PAYLOAD_TOO_LARGE,
        Refusal::Read(error) => return problem::store_failed(error).into(),
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    Problem::new(status).detail(refusal.to_string()).into()
}
