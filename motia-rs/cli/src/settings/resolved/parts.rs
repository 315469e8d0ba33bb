//! The parts of the settings that the floors beneath go by, each in the words of its floor.

use std::num::{NonZeroU32, NonZeroUsize};

use motia_http::{AdminAccess, HttpSettings};

use super::Settings;

impl Settings {
    /// Who may use the admin API. An address that others reach is not served without a token.
    #[must_use]
    pub fn admin(&self) -> AdminAccess {
        match &self.token {
            Some(token) => AdminAccess::Token {
                operate: token.0.clone(),
                read: self.read_token.as_ref().map(|token| token.0.clone()),
            },
            None if self.host.is_loopback() => AdminAccess::Open,
            None => AdminAccess::Closed,
        }
    }

    /// The part that the HTTP floor goes by.
    #[must_use]
    pub fn http(&self) -> HttpSettings {
        let mut http = HttpSettings::default();
        http.body_limit = self.body_limit;
        http.json_depth = number(self.json_depth);
        http.header_read_timeout = self.header_read_timeout;
        http.max_connections = number(self.max_connections);
        http.allowed_hosts.clone_from(&self.allowed_hosts);
        http.allowed_origins.clone_from(&self.allowed_origins);
        http.max_watchers = number(self.max_watchers);
        http.socket_frame = self.socket_frame;
        http.socket_ping = self.socket_ping;
        http.socket_patience = self.socket_patience;
        http.admin = self.admin();
        http
    }

    /// The part that the runtime goes by.
    #[must_use]
    pub fn runtime(&self) -> motia_runtime::Settings {
        let mut runtime = motia_runtime::Settings::default();
        runtime.concurrency = self.concurrency;
        runtime.process_concurrency =
            self.process_concurrency.try_into().unwrap_or(NonZeroUsize::MAX);
        runtime.cancel_grace = self.cancel_grace;
        runtime.history_age = self.history_age;
        runtime.history_count = self.history_count.get().into();
        runtime.runs = self.runs;
        runtime.audit = self.audit;
        runtime.window = number(self.window);
        runtime.stream_buffer = number(self.stream_buffer);
        runtime.stream_items = number(self.stream_items);
        runtime.stream_subscriptions = number(self.stream_subscriptions);
        runtime.stream_history = number(self.stream_history);
        runtime.stream_history_bytes = self.stream_history_bytes;
        runtime.handler_timeout = self.handler_timeout;
        runtime.drain = self.drain;
        runtime.limits = self.limits;
        runtime.max_series = number(self.max_series);
        runtime.data_dir.clone_from(&self.data_dir);
        runtime.app = self.app.clone();
        runtime
    }
}

fn number(count: NonZeroU32) -> usize {
    usize::try_from(count.get()).unwrap_or(usize::MAX)
}
