//! Server-sent events on the wire, as the HTML standard has them:
//! <https://html.spec.whatwg.org/multipage/server-sent-events.html>.

use std::{
    convert::Infallible,
    fmt::Write as _,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::Frame;
use motia_core::http::{SseEvent, reply::SseStream};
use tokio::time::{Instant, Sleep, sleep};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// A body of events. Pulled, not pushed: a client that reads slowly holds its stream up, and nothing
/// gathers in memory.
pub(crate) struct EventBody {
    events: SseStream,
    keep_alive: Duration,
    quiet: Pin<Box<Sleep>>,
    stopping: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl EventBody {
    /// The events of a stream, with a comment after each `keep_alive` of silence, until the stream
    /// ends or the app stops.
    pub(crate) fn new(
        events: SseStream,
        keep_alive: Duration,
        stopping: &CancellationToken,
    ) -> Self {
        let stopping = Box::pin(stopping.clone().cancelled_owned());
        Self { events, keep_alive, quiet: Box::pin(sleep(keep_alive)), stopping }
    }

    fn rest(&mut self) {
        self.quiet.as_mut().reset(Instant::now() + self.keep_alive);
    }
}

impl http_body::Body for EventBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let frame = |bytes: Bytes| Poll::Ready(Some(Ok(Frame::data(bytes))));
        match self.events.as_mut().poll_next(cx) {
            Poll::Ready(Some(event)) => {
                self.rest();
                return frame(encode(&event).into());
            }
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Pending => {}
        }
        if self.stopping.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        ready!(self.quiet.as_mut().poll(cx));
        self.rest();
        frame(Bytes::from_static(b":\n\n"))
    }
}

/// One event. A line end in its id or its kind would start a field of its own, so there is none; in
/// its data it starts a further `data` line, which the client joins again.
fn encode(event: &SseEvent) -> String {
    let one_line = |text: &str| text.replace(['\r', '\n', '\0'], "");
    let mut text = String::with_capacity(event.data.len() + 16);
    let mut field = |name: &str, value: &str| {
        writeln!(text, "{name}: {value}").expect("writing to a string does not fail");
    };
    if let Some(id) = &event.id {
        field("id", &one_line(id));
    }
    if let Some(kind) = &event.event {
        field("event", &one_line(kind));
    }
    let data = event.data.replace("\r\n", "\n");
    data.split(['\n', '\r']).for_each(|line| field("data", line));
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use futures_util::{StreamExt as _, stream};
    use http_body_util::BodyExt as _;

    use super::*;

    #[test]
    fn an_event_is_written_field_by_field() {
        let event =
            SseEvent { id: Some("7".into()), event: Some("tick".into()), data: "one".into() };

        assert_eq!(encode(&event), "id: 7\nevent: tick\ndata: one\n\n");
    }

    #[test]
    fn line_ends_in_data_become_lines_and_nothing_else() {
        assert_eq!(encode(&SseEvent::data("a\r\nb\rc\nd")).matches("data: ").count(), 4);
        assert_eq!(encode(&SseEvent::data("")), "data: \n\n");
    }

    #[test]
    fn an_id_cannot_forge_a_field() {
        let event = SseEvent { id: Some("7\nevent: forged\0".into()), ..SseEvent::data("x") };

        assert_eq!(encode(&event), "id: 7event: forged\ndata: x\n\n");
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_with_nothing_to_say_is_kept_alive_until_the_app_stops() {
        let stopping = CancellationToken::new();
        let silent: SseStream = Box::pin(stream::pending());
        let mut body = EventBody::new(silent, Duration::from_secs(15), &stopping);

        let began = Instant::now();
        let comment = body.frame().await.unwrap().unwrap().into_data().unwrap();
        stopping.cancel();
        let end = body.frame().await;

        assert_eq!(comment, ":\n\n");
        assert_eq!(began.elapsed(), Duration::from_secs(15));
        assert!(end.is_none());
    }

    #[tokio::test]
    async fn events_end_with_their_stream() {
        let two: SseStream = Box::pin(stream::iter(["a", "b"].map(SseEvent::data)).fuse());
        let body = EventBody::new(two, Duration::from_secs(15), &CancellationToken::new());

        let text = body.collect().await.unwrap().to_bytes();

        assert_eq!(text, "data: a\n\ndata: b\n\n");
    }
}
