//! A WebSocket of somebody who watches, frame by frame.

use std::sync::Arc;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, close_code};
use motia_runtime::hub::{guest::Guest, reader::ReadError};
use tokio::time::{Duration, MissedTickBehavior, interval, timeout};
use tungstenite::error::{CapacityError, Error as WireError};

use super::{
    admission::Place,
    frame::{self, Asked, Subscription},
};
use crate::settings::HttpSettings;

/// How long a client has to take its farewell.
const FAREWELL: Duration = Duration::from_secs(1);

/// Pings that may go unanswered, all else being silent too.
const MOST_SILENT: u32 = 2;

/// Why a socket ends.
enum End {
    /// The client went, or does not answer.
    Gone,
    /// It is told why.
    Closed(u16, String),
}

/// Talks with a client until one of both goes.
pub(super) async fn run(
    mut socket: WebSocket,
    mut guest: Guest,
    settings: Arc<HttpSettings>,
    place: Place,
) {
    let end = talk(&mut socket, &mut guest, &settings).await;
    drop(guest);
    if let End::Closed(code, reason) = end {
        farewell(&mut socket, code, &reason).await;
    }
    drop(place);
}

async fn talk(socket: &mut WebSocket, guest: &mut Guest, settings: &HttpSettings) -> End {
    let stopping = settings.stopping.clone();
    let mut ping = interval(settings.socket_ping);
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ping.reset();
    let mut silent = 0;
    loop {
        let spoken = tokio::select! {
            () = stopping.cancelled() => return stops(),
            received = socket.recv() => {
                silent = 0;
                hear(received, guest).await
            }
            shown = guest.next() => match shown {
                Ok(shown) => Ok(Some(Message::from(frame::of(&shown, guest.stamp()).2))),
                Err(error) => Err(unreadable(&error)),
            },
            _ = ping.tick() => {
                silent += 1;
                if silent > MOST_SILENT { Err(End::Gone) } else { Ok(Some(Message::Ping("".into()))) }
            }
        };
        let message = match spoken {
            Ok(Some(message)) => message,
            Ok(None) => continue,
            Err(end) => return end,
        };
        // A client that takes nothing holds up its own socket only, and not for ever.
        tokio::select! {
            () = stopping.cancelled() => return stops(),
            sent = timeout(settings.socket_patience, socket.send(message)) => match sent {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return End::Gone,
                Err(_) => return End::Closed(close_code::POLICY, "nothing was read for too long".into()),
            },
        }
    }
}

fn stops() -> End {
    End::Closed(close_code::AWAY, "the app stops".into())
}

fn unreadable(error: &ReadError) -> End {
    tracing::warn!(%error, "a socket is closed, for what it missed cannot be read");
    End::Closed(close_code::ERROR, error.to_string())
}

/// What is said to what was heard, if anything.
async fn hear(
    received: Option<Result<Message, axum::Error>>,
    guest: &mut Guest,
) -> Result<Option<Message>, End> {
    let text = match received {
        None | Some(Ok(Message::Close(_))) => return Err(End::Gone),
        Some(Err(error)) => return Err(broken(error)),
        Some(Ok(Message::Ping(_) | Message::Pong(_))) => return Ok(None),
        Some(Ok(Message::Binary(_))) => {
            let reason = "frames are JSON text".to_owned();
            return Err(End::Closed(close_code::UNSUPPORTED, reason));
        }
        Some(Ok(Message::Text(text))) => text,
    };
    match understood(&text)? {
        Asked::Join(wanted) => Ok(join(&wanted, guest).await),
        Asked::Leave(wanted) => {
            guest.leave(&wanted.room(), &wanted.subscription_id);
            Ok(None)
        }
    }
}

fn understood(text: &str) -> Result<Asked, End> {
    serde_json::from_str(text).map_err(|error| {
        let reason = format!("no `join` or `leave` frame: {error}");
        End::Closed(close_code::INVALID, reason)
    })
}

async fn join(wanted: &Subscription, guest: &mut Guest) -> Option<Message> {
    let room = wanted.room();
    let refused = guest.join(room.clone(), &wanted.subscription_id, None).await.err()?;
    Some(Message::from(frame::refusal(&room, &refused, guest.stamp())))
}

/// How a socket ends whose frames cannot be read.
fn broken(error: axum::Error) -> End {
    let error = error.into_inner();
    match error.downcast_ref::<WireError>() {
        Some(WireError::Capacity(CapacityError::MessageTooLong { max_size, .. })) => {
            let reason = format!("a frame has at most {max_size} bytes (`socket_frame`)");
            End::Closed(close_code::SIZE, reason)
        }
        Some(WireError::Utf8(_)) => End::Closed(close_code::INVALID, "text is UTF-8".into()),
        Some(WireError::Protocol(error)) => End::Closed(close_code::PROTOCOL, error.to_string()),
        _ => End::Gone,
    }
}

/// Says why, and waits a moment until it was taken, so that it is not lost with what was still to be read.
async fn farewell(socket: &mut WebSocket, code: u16, reason: &str) {
    /// Bytes of a reason that a close frame has room for.
    const ROOM: usize = 123;
    let end = reason.floor_char_boundary(ROOM);
    let frame = CloseFrame { code, reason: Utf8Bytes::from(&reason[..end]) };
    let said = async {
        if socket.send(Message::Close(Some(frame))).await.is_ok() {
            while let Some(Ok(_)) = socket.recv().await {}
        }
    };
    let _ = timeout(FAREWELL, said).await;
}
