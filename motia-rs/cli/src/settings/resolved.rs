//! The settings that an app runs with: every text read, every default filled in.
//!
//! # Layout
//! - [`parts`]: what of them the floors beneath go by

mod parts;
#[cfg(test)]
mod tests;

use std::{fmt, net::IpAddr, num::NonZeroU32, path::PathBuf, time::Duration};

use motia_core::{context::Limits, registry::Registry, setting::Values};
use motia_runtime::{runs::RunSettings, settings::AuditSettings};

use super::{
    Invalid, Places, Raw, own,
    value::{self, Expected},
};
use crate::logs::Filters;

/// Where things are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreKind {
    /// In one file of the data folder.
    Sqlite,
    /// In memory, until the process ends.
    Memory,
}

impl fmt::Display for StoreKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "sqlite",
            Self::Memory => "memory",
        })
    }
}

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text itself.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The settings that an app runs with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The address to listen on.
    pub host: IpAddr,
    /// The port to listen on.
    pub port: u16,
    /// Where things are kept.
    pub store: StoreKind,
    /// The folder of the store.
    pub data_dir: PathBuf,
    /// What is logged.
    pub log: Filters,
    /// What the admin API asks for.
    pub token: Option<Secret>,
    /// What it asks those for who may only look.
    pub read_token: Option<Secret>,
    /// Host names beside the loopback ones.
    pub allowed_hosts: Vec<String>,
    /// Bytes of the largest request body.
    pub body_limit: usize,
    /// How deep a JSON body may be nested.
    pub json_depth: NonZeroU32,
    /// For the head of a request.
    pub header_read_timeout: Duration,
    /// Connections that are open at once.
    pub max_connections: NonZeroU32,
    /// Origins beside the app's own.
    pub allowed_origins: Vec<String>,
    /// Connections that watch streams at once.
    pub max_watchers: NonZeroU32,
    /// Bytes of the largest frame of a WebSocket.
    pub socket_frame: usize,
    /// For the next ping of a WebSocket.
    pub socket_ping: Duration,
    /// For a client to take something from its WebSocket.
    pub socket_patience: Duration,
    /// Changes that wait for one connection.
    pub stream_buffer: NonZeroU32,
    /// Items of a group that can be watched.
    pub stream_items: NonZeroU32,
    /// What one connection may watch.
    pub stream_subscriptions: NonZeroU32,
    /// Changes of streams in memory.
    pub stream_history: NonZeroU32,
    /// The same in bytes.
    pub stream_history_bytes: usize,
    /// For an API handler.
    pub handler_timeout: Duration,
    /// For a shutdown.
    pub drain: Duration,
    /// Attempts of one event step at once.
    pub concurrency: NonZeroU32,
    /// Attempts of all event steps together at once.
    pub process_concurrency: NonZeroU32,
    /// For a handler to clean up after it was cancelled.
    pub cancel_grace: Duration,
    /// Deliveries of one queue in memory.
    pub window: NonZeroU32,
    /// For what stays in the history.
    pub history_age: Duration,
    /// How many stay in the history.
    pub history_count: NonZeroU32,
    /// How much of the runs is kept.
    pub runs: RunSettings,
    /// How much of the audit log is kept.
    pub audit: AuditSettings,
    /// What is too large to be kept.
    pub limits: Limits,
    /// Series of one metric of the app.
    pub max_series: NonZeroU32,
    /// What the app's own settings were set to.
    pub app: Values,
}

impl Settings {
    /// Finds and reads all settings.
    ///
    /// # Errors
    /// The first that cannot be.
    pub fn load(places: &Places, registry: &Registry) -> Result<(Self, Raw), Invalid> {
        let raw = Raw::collect(places, registry)?;
        Ok((Self::resolve(&raw)?, raw))
    }

    fn resolve(raw: &Raw) -> Result<Self, Invalid> {
        let text = |name: &str| raw.get(name).text.clone();
        let secret = |name: &str| Some(text(name)).filter(|text| !text.is_empty()).map(Secret);
        let (token, read_token) = (secret("token"), secret("read_token"));
        if read_token.is_some() && (token.is_none() || token == read_token) {
            let given = raw.get("read_token");
            return Err(Invalid(format!("{given}: it needs a `token` beside it, and another one")));
        }
        Ok(Self {
            host: read(raw, "host", value::host)?,
            port: read(raw, "port", value::port)?,
            store: read(raw, "store", store)?,
            data_dir: read(raw, "data_dir", folder)?,
            log: raw
                .get("log")
                .text
                .parse()
                .map_err(|wrong| Invalid(format!("{}: {wrong}", raw.get("log"))))?,
            token,
            read_token,
            allowed_hosts: value::names(&text("allowed_hosts")),
            body_limit: read(raw, "body_limit", value::size)?,
            json_depth: read(raw, "json_depth", value::depth)?,
            header_read_timeout: read(raw, "header_read_timeout", value::duration)?,
            max_connections: read(raw, "max_connections", value::count)?,
            allowed_origins: value::names(&text("allowed_origins")),
            max_watchers: read(raw, "max_watchers", value::count)?,
            socket_frame: read(raw, "socket_frame", value::size)?,
            socket_ping: read(raw, "socket_ping", value::duration)?,
            socket_patience: read(raw, "socket_patience", value::duration)?,
            stream_buffer: read(raw, "stream_buffer", value::count)?,
            stream_items: read(raw, "stream_items", value::count)?,
            stream_subscriptions: read(raw, "stream_subscriptions", value::count)?,
            stream_history: read(raw, "stream_history", value::count)?,
            stream_history_bytes: read(raw, "stream_history_bytes", value::size)?,
            handler_timeout: read(raw, "handler_timeout", value::duration)?,
            drain: read(raw, "drain", value::duration)?,
            concurrency: read(raw, "concurrency", value::count)?,
            process_concurrency: read(raw, "process_concurrency", value::count)?,
            cancel_grace: read(raw, "cancel_grace", value::duration)?,
            window: read(raw, "window", value::count)?,
            history_age: read(raw, "history_age", value::duration)?,
            history_count: read(raw, "history_count", value::count)?,
            runs: RunSettings {
                count: usize::try_from(read(raw, "runs_count", value::number)?)
                    .unwrap_or(usize::MAX),
                bytes: read(raw, "runs_bytes", value::size)?,
                age: read(raw, "runs_age", value::duration)?,
                rate: read(raw, "runs_rate", value::number)?,
            },
            audit: AuditSettings {
                count: read(raw, "audit_count", value::count)?.get().into(),
                age: read(raw, "audit_age", value::duration)?,
            },
            limits: Limits {
                payload: read(raw, "max_payload", value::size)?,
                key: read(raw, "max_key", value::size)?,
                delay: read(raw, "max_delay", value::duration)?,
            },
            max_series: read(raw, "max_series", value::count)?,
            app: own::read(&raw.own)?,
        })
    }
}

fn read<T>(
    raw: &Raw,
    name: &str,
    parse: impl Fn(&str) -> Result<T, Expected>,
) -> Result<T, Invalid> {
    let given = raw.get(name);
    parse(&given.text)
        .map_err(|expected| Invalid(format!("{given}: `{}` is not {expected}", given.text)))
}

fn store(text: &str) -> Result<StoreKind, Expected> {
    match text {
        "sqlite" => Ok(StoreKind::Sqlite),
        "memory" => Ok(StoreKind::Memory),
        _ => Err("a store; there are sqlite and memory"),
    }
}

fn folder(text: &str) -> Result<PathBuf, Expected> {
    if text.is_empty() { Err("a folder") } else { Ok(text.into()) }
}
