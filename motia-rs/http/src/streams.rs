//! Streams over the wire: Motia's WebSocket frames, and server-sent events beside them.
//!
//! # Layout
//! - [`mount`]: the paths
//! - [`admission`]: who may come in
//! - [`socket`]: a WebSocket, frame by frame; [`events`]: a body of server-sent events
//! - [`frame`]: what is sent and understood

mod admission;
mod events;
mod frame;
mod socket;

use axum::{
    Router,
    extract::{FromRequestParts as _, Path, Request, State, WebSocketUpgrade},
    middleware::{self, Next},
    response::Response,
    routing::{any, get},
};
use http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};
use motia_core::http::Problem;
use motia_runtime::{Runtime, hub::room::Room};

use self::admission::Admission;
use crate::{problem, settings::HttpSettings, trace};

/// Where sockets come in.
const SOCKETS: &str = "/__motia/streams";

/// Adds the paths of streams: sockets at `/__motia/streams` and, since Motia's clients are commonly given the
/// app's bare address, in front of whatever `root` answers at `/`; events below `/__motia/streams`.
pub(crate) fn mount(
    router: Router,
    root: Router,
    runtime: &Runtime,
    settings: &HttpSettings,
) -> Router {
    let admission = Admission::new(runtime, settings);
    let of_group = async |State(admission): State<Admission>,
                          Path((stream, group)): Path<(String, String)>,
                          request: Request| {
        events(admission, Room::group(&stream, &group), request).await
    };
    let of_item = async |State(admission): State<Admission>,
                         Path((stream, group, id)): Path<(String, String, String)>,
                         request: Request| {
        events(admission, Room::item(&stream, &group, &id), request).await
    };
    let streams = Router::new()
        .route(SOCKETS, any(sockets))
        .route("/__motia/streams/{stream}/{group}", get(of_group))
        .route("/__motia/streams/{stream}/{group}/{id}", get(of_item))
        .with_state(admission.clone());
    let root = root.layer(middleware::from_fn_with_state(admission, sockets_or_else));
    router.merge(streams).merge(root)
}

/// Takes the upgrades to WebSocket out of what comes to `/`.
async fn sockets_or_else(admission: State<Admission>, request: Request, next: Next) -> Response {
    let upgrade = request.headers().get(header::UPGRADE);
    if upgrade.is_some_and(|to| to.as_bytes().eq_ignore_ascii_case(b"websocket")) {
        sockets(admission, request).await
    } else {
        next.run(request).await
    }
}

/// Lets a socket in.
async fn sockets(State(admission): State<Admission>, request: Request) -> Response {
    let trace_id = trace::Span::of(request.headers()).trace_id();
    let (mut parts, _) = request.into_parts();
    let (guest, place) = match admission.admit(&parts).await {
        Ok(admitted) => admitted,
        Err(refused) => return problem::response(*refused, None, trace_id),
    };
    let Ok(upgrade) = WebSocketUpgrade::from_request_parts(&mut parts, &()).await else {
        return problem::response(no_upgrade(), None, trace_id);
    };

    let limit = admission.settings.socket_frame;
    let mut upgrade = upgrade.max_message_size(limit).max_frame_size(limit);
    if let Some(protocol) = first_protocol(&parts) {
        upgrade.set_selected_protocol(protocol);
    }
    let mut response = upgrade.on_upgrade(move |socket| async move {
        let tasks = admission.tasks.clone();
        // Among the app's own tasks, so that a shutdown waits for its farewell.
        tasks.spawn(socket::run(socket, guest, admission.settings, place));
    });
    response.headers_mut().insert(trace::X_TRACE_ID, trace::header(trace_id));
    response
}

/// Of several protocols that a client offers it has to be told one: the first, for a token may follow.
fn first_protocol(parts: &Parts) -> Option<HeaderValue> {
    let offered = parts.headers.get(header::SEC_WEBSOCKET_PROTOCOL)?.to_str().ok()?;
    HeaderValue::from_str(offered.split(',').next()?.trim()).ok()
}

fn no_upgrade() -> Problem {
    Problem::new(StatusCode::UPGRADE_REQUIRED)
        .detail(
            "this path takes WebSockets; server-sent events are at /__motia/streams/STREAM/GROUP",
        )
        .header(header::UPGRADE, HeaderValue::from_static("websocket"))
}

/// Lets a reader of events in.
async fn events(admission: Admission, room: Room, request: Request) -> Response {
    let trace_id = trace::Span::of(request.headers()).trace_id();
    let (parts, _) = request.into_parts();
    let admitted = async {
        let (guest, place) = admission.admit(&parts).await?;
        events::begin(guest, room, last_event(&parts.headers), &admission.settings, place).await
    };
    let mut response = match admitted.await {
        Ok(response) => response,
        Err(refused) => problem::response(*refused, None, trace_id),
    };
    let headers = response.headers_mut();
    // To other pages nothing is said, not even why they are refused.
    let may_read = admission.guard.check_page(&parts).is_ok();
    if let Some(origin) = parts.headers.get(header::ORIGIN).filter(|_| may_read) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(header::VARY, HeaderValue::from_static("origin"));
    }
    headers.insert(trace::X_TRACE_ID, trace::header(trace_id));
    response
}

/// The change after which a reader goes on.
fn last_event(headers: &HeaderMap) -> Option<u64> {
    headers.get("last-event-id")?.to_str().ok()?.trim().parse().ok()
}
