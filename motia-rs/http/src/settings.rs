//! What an app may set about its port. Every limit has its default here.

use std::time::Duration;

use motia_core::http::ProblemShape;
use tokio_util::sync::CancellationToken;

/// What an app may set about its port.
///
/// ```
/// use motia_http::HttpSettings;
///
/// let mut settings = HttpSettings::default();
/// settings.allowed_hosts.push("shop.example.com".into());
/// assert_eq!(settings.body_limit, 1024 * 1024);
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct HttpSettings {
    /// The largest request body, in bytes, where a step says nothing: 1 MiB.
    pub body_limit: usize,
    /// How long a client may take to send a body that is read whole, or the next bytes of one that
    /// streams: 30 s.
    pub body_timeout: Duration,
    /// How deep arrays and objects of a JSON body may be nested: 64.
    pub json_depth: usize,
    /// How long a client may take to send the head of a request, and how long a connection may be
    /// idle: 10 s. It is looked at twice in this time, so that it may be half as much again.
    pub header_read_timeout: Duration,
    /// The most header lines of a request: 100. More are answered 431.
    pub max_headers: usize,
    /// The largest head of a request, in bytes: 64 KiB. A larger one is answered 431.
    pub max_head_size: usize,
    /// Connections that are open at once: 10,000. Further ones wait to be accepted.
    pub max_connections: usize,
    /// Requests of one HTTP/2 connection that run at once: 256.
    pub max_concurrent_streams: u32,
    /// Host names, without a port, that the app is asked by, beside the loopback names; none by
    /// default. See [`host`](crate::host).
    pub allowed_hosts: Vec<String>,
    /// Origins whose pages may use `/__motia` beside those of the app itself, written
    /// `http://localhost:5173`; none by default.
    pub allowed_origins: Vec<String>,
    /// Who may use `/__motia`: anyone who passes the host and origin checks.
    pub admin: AdminAccess,
    /// How long the first answer to an `Idempotency-Key` is kept: 24 h.
    pub idempotency_kept: Duration,
    /// How long a running request holds its `Idempotency-Key` at least, should the process die
    /// meanwhile: 60 s. Never shorter than the step's own timeout.
    pub idempotency_lease: Duration,
    /// How often a stream of server-sent events that has nothing to say sends a comment: 15 s.
    pub sse_keep_alive: Duration,
    /// Connections that watch streams at once, over WebSocket or server-sent events: 10,000. Further ones
    /// are answered 503.
    pub max_watchers: usize,
    /// The largest frame that a client may send over a WebSocket, in bytes: 64 KiB. A larger one closes it.
    pub socket_frame: usize,
    /// How often a WebSocket is pinged; one from which nothing was heard for three times this long is given
    /// up: 20 s.
    pub socket_ping: Duration,
    /// How long a client may take nothing from its WebSocket before it is closed: 30 s.
    pub socket_patience: Duration,
    /// Cancelled when the app is about to stop: `/readyz` answers 503 from then on, streams of
    /// server-sent events end, and WebSockets are closed.
    pub stopping: CancellationToken,
    /// The forms that problems have under some paths, the first that holds first; none by default:
    /// RFC 9457 everywhere.
    pub problems: Vec<ProblemShape>,
    /// Whether a path that would lead somewhere with or without its last `/` answers 307 with that
    /// path: no.
    pub redirect_slashes: bool,
    /// The `title` and `version` of the `OpenAPI` document.
    pub api: ApiInfo,
}

/// What an app calls its API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiInfo {
    /// The title: `motia app`.
    pub title: String,
    /// The version: `0.1.0`.
    pub version: String,
}

impl Default for ApiInfo {
    fn default() -> Self {
        Self { title: "motia app".into(), version: "0.1.0".into() }
    }
}

/// Who may use `/__motia`, beyond the host and origin checks that always hold.
#[derive(Clone, PartialEq, Eq)]
pub enum AdminAccess {
    /// Nobody: `/__motia` is not there.
    Closed,
    /// Anyone who reaches the port. [`serve`](crate::serve) refuses it on an address that other
    /// machines reach.
    Open,
    /// Who brings a token: as `Authorization: Bearer`, or in the cookie that `POST /__motia/session`
    /// gives for it.
    Token {
        /// The one for those who may do all.
        operate: String,
        /// The one for those who may only look, if there is one.
        read: Option<String>,
    },
}

impl AdminAccess {
    /// Who brings this token may do all.
    pub fn token(operate: impl Into<String>) -> Self {
        Self::Token { operate: operate.into(), read: None }
    }

    /// Who brings the first token may do all, who brings the second may look.
    pub fn tokens(operate: impl Into<String>, read: impl Into<String>) -> Self {
        Self::Token { operate: operate.into(), read: Some(read.into()) }
    }
}

impl std::fmt::Debug for AdminAccess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Closed => "Closed",
            Self::Open => "Open",
            Self::Token { .. } => "Token(…)",
        })
    }
}

impl HttpSettings {
    /// hyper's own limit of header lines.
    pub(crate) const HYPERS_MAX_HEADERS: usize = 100;
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            body_limit: 1024 * 1024,
            body_timeout: Duration::from_secs(30),
            json_depth: 64,
            header_read_timeout: Duration::from_secs(10),
            max_headers: Self::HYPERS_MAX_HEADERS,
            max_head_size: 64 * 1024,
            max_connections: 10_000,
            max_concurrent_streams: 256,
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            admin: AdminAccess::Open,
            idempotency_kept: Duration::from_secs(24 * 60 * 60),
            idempotency_lease: Duration::from_secs(60),
            sse_keep_alive: Duration::from_secs(15),
            max_watchers: 10_000,
            socket_frame: 64 * 1024,
            socket_ping: Duration::from_secs(20),
            socket_patience: Duration::from_secs(30),
            stopping: CancellationToken::new(),
            problems: Vec::new(),
            redirect_slashes: false,
            api: ApiInfo::default(),
        }
    }
}
