//! The port: connections within limits, and a stop that lets running requests finish.

mod connection;

use std::{io, sync::Arc, time::Duration};

use axum::Router;
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::connection::Connections;
use crate::{
    host::Hosts,
    settings::{AdminAccess, HttpSettings},
};

/// Answers on `listener` until `shutdown` is cancelled; then takes no new connection, lets running
/// requests finish for as long as `drain`, and ends those that still run.
///
/// # Errors
/// [`io::ErrorKind::PermissionDenied`] for an address that other machines reach when `/__motia` is
/// [`AdminAccess::Open`], and whatever the listener fails with for good.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    settings: &HttpSettings,
    shutdown: CancellationToken,
    drain: Duration,
) -> io::Result<()> {
    let bound = listener.local_addr()?;
    if !bound.ip().is_loopback() && settings.admin == AdminAccess::Open {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!(
                "{bound} is reached by other machines: set a token for `/__motia`, or close it"
            ),
        ));
    }
    let places = Arc::new(Semaphore::new(settings.max_connections));
    let tracker = TaskTracker::new();
    let connections = Arc::new(Connections::new(app, settings, Hosts::new(bound, settings)));

    let accepting = async {
        loop {
            let place =
                places.clone().acquire_owned().await.expect("the semaphore is never closed");
            let stream = accept(&listener).await;
            let connection = connections.clone().serve(stream);
            tracker.spawn(async move {
                connection.await;
                drop(place);
            });
        }
    };
    shutdown.run_until_cancelled(accepting).await;
    drop(listener);
    connections.finish();

    tracker.close();
    if tokio::time::timeout(drain, tracker.wait()).await.is_err() {
        tracing::warn!(
            open = tracker.len(),
            "connections still open after {drain:?}; closing them"
        );
        connections.abort();
        tracker.wait().await;
    }
    Ok(())
}

/// Waits for a connection. Running out of files and the like passes: it is logged, and waited for.
async fn accept(listener: &TcpListener) -> tokio::net::TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) if is_of_the_connection(&error) => {}
            Err(error) => {
                tracing::error!(%error, "no connection can be accepted; trying again in 1 s");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

fn is_of_the_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}
