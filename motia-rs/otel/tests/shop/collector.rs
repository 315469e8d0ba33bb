//! A collector on this machine, which keeps what it is sent.

use std::{
    io::Read as _,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
};
use flate2::read::GzDecoder;
use opentelemetry_proto::tonic::{
    collector::{logs::v1::ExportLogsServiceRequest, trace::v1::ExportTraceServiceRequest},
    common::v1::{KeyValue, any_value::Value},
    logs::v1::LogRecord,
    trace::v1::Span,
};
use parking_lot::Mutex;
use prost::Message;
use tokio::net::TcpListener;

/// Whether spans are too much for one request.
type IsTooLarge = fn(&[Span]) -> bool;

/// A collector, and what it was sent.
pub(crate) struct Collector {
    pub(crate) url: String,
    kept: Arc<Kept>,
}

#[derive(Default)]
struct Kept {
    requests: Mutex<Vec<Request>>,
    /// What the next request is answered, instead of being taken.
    next: Mutex<Option<u16>>,
    /// Which spans are too much for one request.
    too_large: Mutex<Option<IsTooLarge>>,
}

/// One request, unsqueezed.
#[derive(Clone)]
pub(crate) struct Request {
    path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    taken: bool,
}

impl Collector {
    pub(crate) async fn start() -> Self {
        let kept = Arc::<Kept>::default();
        let app = Router::new().fallback(take).with_state(kept.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        #[expect(clippy::disallowed_methods, reason = "it ends with the test")]
        tokio::task::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, kept }
    }

    /// Where nobody listens.
    pub(crate) async fn address_of_nobody() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    }

    /// Where somebody listens and says nothing, for as long as the listener is kept.
    pub(crate) async fn that_never_answers() -> (String, TcpListener) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        (format!("http://{}", listener.local_addr().unwrap()), listener)
    }

    /// Answers the next request with this, and takes nothing of it.
    pub(crate) fn answer_once(&self, status: u16) {
        *self.kept.next.lock() = Some(status);
    }

    /// Answers 413 to requests with such spans.
    pub(crate) fn is_too_small_for(&self, spans: IsTooLarge) {
        *self.kept.too_large.lock() = Some(spans);
    }

    pub(crate) async fn until(&self, holds: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        while !holds(self) {
            assert!(began.elapsed() < Duration::from_secs(20), "it does not come to that");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.kept.requests.lock().clone()
    }

    fn taken<T: Message + Default>(&self, path: &str) -> Vec<T> {
        let requests = self.requests().into_iter().filter(|each| each.path == path && each.taken);
        requests.map(|each| T::decode(&*each.body).unwrap()).collect()
    }

    /// The spans, by when they began.
    pub(crate) fn spans(&self) -> Vec<Span> {
        let taken = self.taken::<ExportTraceServiceRequest>("/v1/traces").into_iter();
        let mut spans: Vec<_> = taken.flat_map(spans_of).collect();
        spans.sort_by_key(|span| span.start_time_unix_nano);
        spans
    }

    /// The log lines, by when they were written.
    pub(crate) fn lines(&self) -> Vec<LogRecord> {
        let taken = self.taken::<ExportLogsServiceRequest>("/v1/logs").into_iter();
        let of_apps = taken.flat_map(|request| request.resource_logs);
        let of_scopes = of_apps.flat_map(|of_app| of_app.scope_logs);
        let mut lines: Vec<_> = of_scopes.flat_map(|of_scope| of_scope.log_records).collect();
        lines.sort_by_key(|line| line.time_unix_nano);
        lines
    }

    /// Who the first spans are of.
    pub(crate) fn resource(&self) -> Vec<KeyValue> {
        let request = self.taken::<ExportTraceServiceRequest>("/v1/traces").swap_remove(0);
        request.resource_spans[0].resource.clone().unwrap().attributes
    }
}

fn spans_of(request: ExportTraceServiceRequest) -> impl Iterator<Item = Span> {
    let of_scopes = request.resource_spans.into_iter().flat_map(|of_app| of_app.scope_spans);
    of_scopes.flat_map(|of_scope| of_scope.spans)
}

async fn take(
    State(kept): State<Arc<Kept>>,
    uri: Uri,
    headers: HeaderMap,
    sent: Bytes,
) -> StatusCode {
    let mut body = Vec::new();
    match headers.get("content-encoding") {
        Some(_) => drop(GzDecoder::new(&*sent).read_to_end(&mut body).unwrap()),
        None => body.extend_from_slice(&sent),
    }
    assert_eq!(headers["content-type"], "application/x-protobuf");
    let too_large = kept.too_large.lock().is_some_and(|is_too_large| {
        let request = ExportTraceServiceRequest::decode(&*body).unwrap();
        is_too_large(&spans_of(request).collect::<Vec<_>>())
    });
    let instead = kept.next.lock().take().or(too_large.then_some(413));
    let (path, taken) = (uri.path().to_owned(), instead.is_none());
    kept.requests.lock().push(Request { path, headers, body, taken });
    StatusCode::from_u16(instead.unwrap_or(200)).unwrap()
}

/// What an attribute says, as a text.
pub(crate) fn says(attributes: &[KeyValue], key: &str) -> String {
    let found = attributes.iter().find(|each| each.key == key);
    match found.and_then(|each| each.value.clone()?.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        other => panic!("{key} is {other:?}"),
    }
}
