//! The app running: checked, opened, served, and brought down in order.
//!
//! # Layout
//! - [`boot`]: the check before the port opens
//! - [`ready`]: the line that says where it is, and who can reach it
//! - [`record`]: how the other commands find it
//! - [`signals`]: who asks it to stop

pub mod boot;
pub mod ready;
pub mod record;
pub mod signals;

use std::{io, net::SocketAddr, pin::pin, sync::Arc};

use motia_runtime::{
    Runtime, StartError, clock::SystemClock, cron::SchedulerWake, runs::logs::Logs,
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use self::{ready::Ready, record::Record, signals::Signals};
use crate::{Failure, Program, output::Output, settings::Settings, store};

/// Runs the app until it is asked to stop.
///
/// # Errors
/// When it cannot be started, or the store cannot be closed.
pub fn serve(
    program: Program,
    settings: &Settings,
    logs: Arc<Logs>,
    output: Output,
) -> Result<(), Failure> {
    boot::check_or_refuse(&program.registry, settings)?;
    let tokio = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let tokio = tokio.map_err(|error| Failure::unready(format!("no threads: {error}")))?;
    let ended = tokio.block_on(async {
        let signals = Signals::listen()
            .map_err(|error| Failure::unready(format!("signals cannot be heard: {error}")))?;
        until_stopped(program, settings, logs, output, signals).await
    });
    // Whoever asked a second time does not wait for threads that are stuck.
    tokio.shutdown_background();
    ended
}

async fn until_stopped(
    program: Program,
    settings: &Settings,
    logs: Arc<Logs>,
    output: Output,
    mut signals: Signals,
) -> Result<(), Failure> {
    let http = program.http(settings);
    let Program { registry, middleware, wraps, store_wraps, export, .. } = program;
    let address = SocketAddr::new(settings.host, settings.port);
    let listener = TcpListener::bind(address).await.map_err(|error| unbound(address, &error))?;
    let bound = listener.local_addr().map_err(|error| unbound(address, &error))?;
    // Only now, so that a port in use leaves no data folder behind.
    let opened = store::open(settings)?;
    let store = store_wraps.into_iter().fold(opened, |store, wrap| wrap(store));

    let (clock, wake) = (Arc::new(SystemClock), Arc::new(SchedulerWake::default()));
    let mut set = settings.runtime();
    set.export = export.and_then(|make| make(&registry, &settings.app));
    let runtime = Runtime::start(registry, store, clock, wake, &middleware, set);
    let runtime = runtime.await.map_err(|error| match error {
        StartError::Store(error) => error.into(),
        error => Failure::unready(error.to_string()),
    })?;
    let admin = motia_workbench::served(runtime.clone(), logs);
    let app = motia_http::router(&runtime, &http, admin);
    let app = wraps.into_iter().fold(app, |app, wrap| wrap(app));

    let ready = Ready::new(bound, settings, &runtime);
    let record = Record::of(&ready, settings).write(&settings.data_dir);
    ready.tell(output);

    let stop = CancellationToken::new();
    let mut serving = pin!(motia_http::serve(listener, app, &http, stop.clone(), settings.drain));
    let ended_early = tokio::select! {
        ended = &mut serving => Some(ended),
        signal = signals.next() => {
            tracing::info!("{signal}: finishing what runs, for at most {:?}", settings.drain);
            None
        }
    };

    let finish = async {
        http.stopping.cancel();
        // Before the port is given up: what listens there next is not asked in our place.
        drop(record);
        runtime.stop_taking();
        stop.cancel();
        let served = match ended_early {
            Some(ended) => ended,
            None => serving.await,
        };
        let closed = runtime.shutdown().await;
        served.map_err(|error| Failure::refused(format!("the port failed: {error}")))?;
        closed.map_err(|error| Failure::refused(error.to_string()))
    };
    let finished = tokio::select! {
        finished = finish => finished,
        signal = signals.next() => {
            Err(Failure::refused(format!("{signal} again: stopped at once, with work unfinished")))
        }
    };
    finished.map_err(Failure::after_its_answer)
}

/// Why the port could not be had, and what to do.
fn unbound(address: SocketAddr, error: &io::Error) -> Failure {
    let (host, port) = (address.ip(), address.port());
    Failure::unready(match error.kind() {
        io::ErrorKind::AddrInUse => format!(
            "port {port} of {host} is in use: stop who listens there, or choose another with --port"
        ),
        io::ErrorKind::PermissionDenied => {
            format!("port {port} may not be opened by this user: choose one above 1023 with --port")
        }
        io::ErrorKind::AddrNotAvailable => {
            format!("{host} is no address of this machine: choose another with --host")
        }
        _ => format!("{address} cannot be listened on: {error}"),
    })
}
