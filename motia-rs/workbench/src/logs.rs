//! The last log lines: listed, and followed as they are written.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{RawQuery, State},
    response::sse::{Event, KeepAlive, Sse},
};
use futures_util::{Stream, StreamExt as _, stream};
use http::HeaderMap;
use motia_core::{
    context::Level,
    store::{Page, PageRequest},
};
use motia_runtime::runs::logs::{LogFilter, LogLine, Logs, Since};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::watch;

use crate::{
    Desk, Refusal,
    input::{instant, query},
    operations::{Routes, does},
    paging::{Paging, by_number},
};

/// How long lines gather before they are sent to who follows.
const GATHER: Duration = Duration::from_millis(100);

/// Which lines are wanted: those to which all that is said applies.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Wanted {
    level: Option<Level>,
    step: Option<String>,
    trace: Option<String>,
    text: Option<String>,
    since: Option<String>,
    until: Option<String>,
    /// At most so many items: 100 where nothing is said.
    #[schemars(range(min = 1, max = PageRequest::MAX))]
    limit: Option<usize>,
    cursor: Option<String>,
}

impl Wanted {
    fn filter(self) -> Result<(LogFilter, PageRequest), Refusal> {
        let Self { level, step, trace, text, since, until, limit, cursor } = self;
        let request = by_number(Paging { limit, cursor })?;
        let (since, until) = (instant("since", since)?, instant("until", until)?);
        Ok((LogFilter { level, step, trace, text, since, until }, request))
    }
}

pub(crate) fn routes() -> Routes {
    Routes::default()
        .get(
            "/api/logs",
            list,
            does("Lists the last log lines of the running app, the last first")
                .query::<Wanted>()
                .answers::<Page<LogLine>>(),
        )
        .get(
            "/api/logs/stream",
            follow,
            does("Follows the log lines as they are written, after the line `cursor` where one is given")
                .query::<Wanted>()
                .streams::<LogLine>(),
        )
}

async fn list(
    State(desk): State<Arc<Desk>>,
    RawQuery(text): RawQuery,
) -> Result<Json<Page<Arc<LogLine>>>, Refusal> {
    let (filter, request) = query::<Wanted>(text.as_deref())?.filter()?;
    let before = request.after.and_then(|cursor| cursor.parse().ok());
    Ok(Json(lines(&desk)?.list(&filter, before, request.limit)))
}

/// The lines of the app, which are in the memory of its process and nowhere else.
fn lines(desk: &Desk) -> Result<&Arc<Logs>, Refusal> {
    let why = "no app runs, and the log lines of before are where its stderr went";
    desk.logs().ok_or_else(|| Refusal::conflict(why))
}

/// What one who follows has seen so far.
struct Follower {
    logs: Arc<Logs>,
    filter: LogFilter,
    changed: watch::Receiver<u64>,
    seen: u64,
}

/// What one who follows is told.
enum Told {
    Line(Arc<LogLine>),
    /// As many lines were written faster than they were sent, and are gone.
    Missed(u64),
}

impl Told {
    fn event(self) -> Event {
        let event = match self {
            Self::Line(line) => Event::default().id(line.id.to_string()).json_data(&*line),
            Self::Missed(missed) => {
                Event::default().event("missed").json_data(json!({ "missed": missed }))
            }
        };
        event.unwrap_or_default()
    }
}

async fn follow(
    State(desk): State<Arc<Desk>>,
    RawQuery(text): RawQuery,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Refusal> {
    let (filter, request) = query::<Wanted>(text.as_deref())?.filter()?;
    let logs = lines(&desk)?.clone();
    let resumed = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let after = resumed.or_else(|| request.after.and_then(|cursor| cursor.parse().ok()));
    let mut changed = logs.watch();
    if after.is_some() {
        // There may be some already.
        changed.mark_changed();
    }
    let seen = after.unwrap_or_else(|| logs.last());
    let follower = Follower { logs, filter, changed, seen };
    let lines = stream::unfold(follower, |mut follower| async move {
        loop {
            follower.changed.changed().await.ok()?;
            tokio::time::sleep(GATHER).await;
            let Follower { logs, filter, seen, .. } = &mut follower;
            let Since { lines, missed, last } = logs.since(filter, *seen);
            *seen = last;
            if !lines.is_empty() || missed > 0 {
                let missed = (missed > 0).then_some(Told::Missed(missed));
                let told = missed.into_iter().chain(lines.into_iter().map(Told::Line));
                return Some((told.collect::<Vec<_>>(), follower));
            }
        }
    });
    let stopping = desk.runtime().map(|runtime| runtime.tasks().stopping().clone());
    let stopped = async move {
        match stopping {
            Some(stopping) => stopping.cancelled().await,
            None => std::future::pending().await,
        }
    };
    let events =
        lines.take_until(Box::pin(stopped)).flat_map(stream::iter).map(Told::event).map(Ok);
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

#[cfg(test)]
mod tests {
    use axum::{Router, body::Body};
    use http::Request;
    use jiff::Timestamp;
    use serde_json::{Map, json};
    use tower::ServiceExt as _;

    use super::*;
    use crate::testing::{at_rest, get, registry, runtime};

    fn line(level: Level, message: &str) -> LogLine {
        LogLine {
            id: 0,
            at: Timestamp::UNIX_EPOCH,
            level,
            target: "motia::step".into(),
            step: Some("Charge".into()),
            trace_id: None,
            message: message.into(),
            fields: Map::new(),
        }
    }

    async fn with_logs() -> (Router, Arc<Logs>) {
        let logs = Arc::new(Logs::default());
        let desk = Desk::running(runtime(registry()).await).with_logs(logs.clone());
        (crate::over(desk), logs)
    }

    #[tokio::test]
    async fn lines_are_found_by_what_is_said_of_them_the_last_one_first() {
        let (api, logs) = with_logs().await;
        logs.push(line(Level::Info, "card charged"));
        logs.push(line(Level::Error, "the bank is closed"));

        let (_, all) = get(&api, "/api/logs").await;
        assert_eq!(all["items"][0]["message"], json!("the bank is closed"));
        let (_, found) = get(&api, "/api/logs?text=CARD&step=Charge&level=info").await;
        assert_eq!(found["items"].as_array().unwrap().len(), 1);
        let (_, found) = get(&api, "/api/logs?level=error").await;
        assert_eq!(found["items"].as_array().unwrap().len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn who_follows_is_sent_what_is_written_from_then_on() {
        let (api, logs) = with_logs().await;
        logs.push(line(Level::Info, "before"));
        let request = Request::get("/api/logs/stream?text=after").body(Body::empty()).unwrap();
        let response = api.oneshot(request).await.unwrap();
        let mut body = response.into_body().into_data_stream();

        logs.push(line(Level::Info, "neither"));
        logs.push(line(Level::Info, "after"));

        let chunk = body.next().await.unwrap().unwrap();
        let text = String::from_utf8(chunk.to_vec()).unwrap();
        assert!(text.contains(r#""message":"after""#), "{text}");
    }

    /// However many come at once, whatever page somebody reads beside it.
    #[tokio::test(start_paused = true)]
    async fn who_follows_from_a_line_misses_none_after_it() {
        let (api, logs) = with_logs().await;
        (1..=300).for_each(|n| logs.push(line(Level::Info, &format!("line {n}."))));

        let path = "/api/logs/stream?cursor=2&limit=5";
        let response = api.oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();

        let mut body = response.into_body().into_data_stream();
        let mut text = String::new();
        while !text.contains("line 300.") {
            text.push_str(&String::from_utf8_lossy(&body.next().await.unwrap().unwrap()));
        }
        assert_eq!(text.matches("data:").count(), 298);
        assert!(!text.contains("line 2.") && text.contains("line 3."));
    }

    #[tokio::test]
    async fn of_an_app_at_rest_there_are_none_to_be_had() {
        let (status, problem) = get(&at_rest().await, "/api/logs").await;
        assert_eq!(status, 409, "{problem}");
    }
}
