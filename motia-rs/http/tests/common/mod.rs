//! An app on a real socket, and a client that sends exactly what it is told to.
#![allow(clippy::unwrap_used, reason = "a test says so by failing")]
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use motia_core::{
    registry::{Definition, Registry, Source, StreamDef},
    source,
    store::Store,
    watch::Authenticator,
};
use motia_http::{AdminAccess, HttpSettings};
use motia_runtime::{Runtime, Settings, clock::SystemClock, cron::TokioWake};
use motia_store::MemoryStore;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};
use tokio_util::sync::CancellationToken;

pub(crate) struct App {
    pub(crate) address: SocketAddr,
    pub(crate) runtime: Runtime,
    pub(crate) shutdown: CancellationToken,
    pub(crate) ended: oneshot::Receiver<()>,
}

/// What an app is started with.
pub(crate) struct Setup {
    pub(crate) steps: Vec<Definition>,
    pub(crate) streams: Vec<StreamDef>,
    pub(crate) authenticator: Option<Authenticator>,
    pub(crate) settings: HttpSettings,
    pub(crate) running: Settings,
    pub(crate) admin: Router,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) drain: Duration,
}

pub(crate) fn setup(steps: impl IntoIterator<Item = Definition>) -> Setup {
    Setup {
        steps: steps.into_iter().collect(),
        streams: Vec::new(),
        authenticator: None,
        settings: HttpSettings::default(),
        running: Settings::default(),
        admin: Router::new(),
        store: Arc::new(MemoryStore::new()),
        drain: Duration::from_secs(10),
    }
}

pub(crate) async fn app(steps: impl IntoIterator<Item = Definition>) -> App {
    setup(steps).start().await
}

pub(crate) fn registry(steps: impl IntoIterator<Item = Definition>) -> Registry {
    let source: Source = source!();
    Registry::of(steps.into_iter().map(|step| (step, source)), [])
}

impl Setup {
    pub(crate) async fn start(self) -> App {
        let steps = self.steps.into_iter().map(|step| (step, source!()));
        let streams = self.streams.into_iter().map(|stream| (stream, source!()));
        let mut registry = Registry::of(steps, streams);
        registry.authenticator = self.authenticator;
        let clock = Arc::new(SystemClock);
        let runtime =
            Runtime::start(registry, self.store, clock, Arc::new(TokioWake), &[], self.running)
                .await
                .unwrap();
        let router = motia_http::router(&runtime, &self.settings, self.admin);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let (end, ended) = oneshot::channel();
        let (settings, stop, drain) = (self.settings, shutdown.clone(), self.drain);
        runtime.tasks().spawn(async move {
            motia_http::serve(listener, router, &settings, stop, drain).await.unwrap();
            let _ = end.send(());
        });
        App { address, runtime, shutdown, ended }
    }
}

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The answer as a problem of this status, with all that every problem has.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16) -> Value {
        let text = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status, status, "{}{text}", self.head);
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        let problem = self.json();
        assert_eq!(problem["status"], status);
        assert_eq!(problem["type"], "about:blank");
        assert!(problem["title"].is_string());
        assert_eq!(problem["traceId"].as_str(), self.header("x-trace-id"));
        assert_eq!(self.header("x-trace-id").unwrap().len(), 32);
        problem
    }
}

impl App {
    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends bytes as they are, and reads until the app closes.
    pub(crate) async fn raw(&self, request: impl AsRef<[u8]>) -> Answer {
        let mut stream = self.connect().await;
        stream.write_all(request.as_ref()).await.unwrap();
        answer(stream).await
    }

    /// Sends a request with these header lines.
    pub(crate) async fn send(
        &self,
        line: &str,
        headers: &[&str],
        body: impl AsRef<[u8]>,
    ) -> Answer {
        let body = body.as_ref();
        let mut request = format!("{line} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n");
        for header in headers {
            request.push_str(header);
            request.push_str("\r\n");
        }
        if !body.is_empty() {
            request.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        request.push_str("\r\n");
        self.raw([request.as_bytes(), body].concat()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(&format!("GET {path}"), &[], "").await
    }

    pub(crate) async fn post(&self, path: &str, json: impl AsRef<[u8]>) -> Answer {
        self.send(&format!("POST {path}"), &["content-type: application/json"], json).await
    }
}

/// Reads an answer until the app closes.
pub(crate) async fn answer(mut stream: TcpStream) -> Answer {
    let mut bytes = Vec::new();
    let read = stream.read_to_end(&mut bytes);
    tokio::time::timeout(Duration::from_secs(20), read).await.expect("an answer in time").unwrap();
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let mut body = bytes[end + 4..].to_vec();
    if head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
        body = dechunked(&body);
    }
    Answer { status, head, body }
}

fn dechunked(mut chunks: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = chunks.windows(2).position(|two| two == b"\r\n") {
        let size = std::str::from_utf8(&chunks[..end]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        let start = end + 2;
        body.extend_from_slice(&chunks[start..(start + size).min(chunks.len())]);
        chunks = &chunks[(start + size + 2).min(chunks.len())..];
    }
    body
}

/// A token for `/__motia`.
pub(crate) fn token() -> AdminAccess {
    AdminAccess::token("s3cret")
}
