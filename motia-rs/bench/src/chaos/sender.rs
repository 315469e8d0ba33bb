//! Sends an event to the app, and says what came of it.

use std::{io::ErrorKind, net::SocketAddr, time::Duration};

use motia_testkit::history::Answer;

use super::app::Placed;

/// How long to wait for an app that was killed, before it is looked for again.
pub(super) const PAUSE: Duration = Duration::from_millis(1);

/// One connection.
pub(super) struct Sender {
    agent: ureq::Agent,
}

impl Default for Sender {
    fn default() -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(20)))
            .http_status_as_error(false);
        Self { agent: config.build().into() }
    }
}

impl Sender {
    /// Emits an event, once somebody is there to hear it.
    pub(super) fn send(&self, placed: &Placed, address: impl Fn() -> SocketAddr) -> Answer {
        loop {
            match self.post(placed, address()) {
                Some(answer) => return answer,
                None => std::thread::sleep(PAUSE),
            }
        }
    }

    /// Emits an event; `None`: nobody was there to hear it.
    fn post(&self, placed: &Placed, address: SocketAddr) -> Option<Answer> {
        Some(match self.agent.post(format!("http://{address}/place")).send_json(placed) {
            Ok(answer) if answer.status().is_success() => Answer::Kept,
            Ok(answer) if answer.status().is_client_error() => Answer::Refused,
            Err(ureq::Error::Io(error)) if error.kind() == ErrorKind::ConnectionRefused => {
                return None;
            }
            // A server that says 5xx may have kept it all the same.
            Ok(_) | Err(_) => Answer::Unknown,
        })
    }
}
