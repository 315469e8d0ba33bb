//! One connection: HTTP/1 or HTTP/2, each within its limits.

use std::{
    convert::Infallible,
    net::SocketAddr,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{Router, extract::ConnectInfo, response::Response, routing::future::RouteFuture};
use futures_util::future::{Either, Ready, ready};
use http::Request;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use motia_core::http::ProblemShape;
use tokio::{net::TcpStream, sync::watch, time::MissedTickBehavior};
use tower::Service as _;

use crate::{host::Hosts, problem, settings::HttpSettings, trace};

/// What all connections of a port share.
pub(super) struct Connections {
    app: Router,
    hosts: Hosts,
    problems: Box<[ProblemShape]>,
    protocol: Builder<TokioExecutor>,
    head_timeout: Duration,
    phase: watch::Sender<Phase>,
}

/// What connections are to do. One signal for all of it, since each connection looks at it whenever
/// it wakes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Serving,
    Finishing,
    Over,
}

impl Connections {
    /// Connections to `app`.
    pub(super) fn new(app: Router, settings: &HttpSettings, hosts: Hosts) -> Self {
        Self {
            app,
            hosts,
            problems: settings.problems.as_slice().into(),
            protocol: protocol(settings),
            head_timeout: settings.header_read_timeout,
            phase: watch::Sender::new(Phase::Serving),
        }
    }

    /// Lets running requests finish; idle connections end.
    pub(super) fn finish(&self) {
        self.phase.send_replace(Phase::Finishing);
    }

    /// Ends all connections at once.
    pub(super) fn abort(&self) {
        self.phase.send_replace(Phase::Over);
    }

    /// Answers the requests of one connection until it ends.
    ///
    /// hyper's own timeout for heads sets a timer for each request, and does not hold while it tells
    /// HTTP/1 from HTTP/2. So a connection is looked at now and then instead: one on which nothing was
    /// asked for as long as a head may take has sent none, or half of one, or is idle.
    pub(super) async fn serve(self: Arc<Self>, stream: TcpStream) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection ended before it began");
            return;
        }
        let (begun, peer) = (AtomicUsize::new(0), stream.peer_addr().ok());
        let service = service_fn(|request| {
            begun.fetch_add(1, Ordering::Relaxed);
            self.answer(request, peer)
        });
        let connection =
            self.protocol.serve_connection_with_upgrades(TokioIo::new(stream), service);
        let mut connection = pin!(connection);
        let mut phase = self.phase.subscribe();
        // One that was accepted just as the app began to stop hears of it too.
        phase.mark_changed();
        let mut look = tokio::time::interval(self.head_timeout / 2);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut seen, mut quiet) = (0, 0);
        loop {
            tokio::select! {
                biased;
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "a connection broke off");
                    }
                    return;
                }
                _ = phase.changed() => match *phase.borrow_and_update() {
                    Phase::Serving => {}
                    Phase::Finishing => connection.as_mut().graceful_shutdown(),
                    Phase::Over => return,
                },
                _ = look.tick() => {
                    let begun = begun.load(Ordering::Relaxed);
                    quiet = if begun == seen { quiet + 1 } else { 0 };
                    seen = begun;
                    match quiet {
                        0..=2 => {}
                        _ if begun == 0 => return,
                        // Ends it, once all that was asked is answered.
                        _ => connection.as_mut().graceful_shutdown(),
                    }
                }
            }
        }
    }

    /// Looks at the host, and hands on.
    fn answer(
        &self,
        mut request: Request<Incoming>,
        peer: Option<SocketAddr>,
    ) -> Either<Ready<Result<Response, Infallible>>, RouteFuture<Infallible>> {
        match self.hosts.check(request.version(), request.uri(), request.headers()) {
            Ok(()) => {
                // Only there somebody asks for it, and to tell it costs an allocation.
                if let Some(peer) = peer.filter(|_| request.uri().path().starts_with("/__motia")) {
                    request.extensions_mut().insert(ConnectInfo(peer));
                }
                Either::Right(self.app.clone().call(request))
            }
            Err(refused) => {
                let trace_id = trace::Span::of(request.headers()).trace_id();
                let shape = ProblemShape::of(&self.problems, request.uri().path());
                Either::Left(ready(Ok(problem::response(*refused, shape, trace_id))))
            }
        }
    }
}

/// The limits of both protocols.
fn protocol(settings: &HttpSettings) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().max_buf_size(settings.max_head_size);
    // hyper reads heads faster under its own limit than under the same number when it is told.
    if settings.max_headers != HttpSettings::HYPERS_MAX_HEADERS {
        builder.http1().max_headers(settings.max_headers);
    }
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(settings.max_concurrent_streams)
        .max_header_list_size(u32::try_from(settings.max_head_size).unwrap_or(u32::MAX))
        // Rapid reset (CVE-2023-44487): a client that opens and resets streams is cut off.
        .max_pending_accept_reset_streams(20)
        .max_local_error_reset_streams(100)
        .keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(Duration::from_secs(20))
        .enable_connect_protocol();
    builder
}
