//! The settings that an app runs with: every text read, every default filled in.

use std::{
    fmt,
    net::IpAddr,
    num::{NonZeroU32, NonZeroUsize},
    path::PathBuf,
    time::Duration,
};

use motia_core::{context::Limits, registry::Registry, setting::Values};
use motia_http::{AdminAccess, HttpSettings};
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use motia_core::setting::Setting;

    use super::*;

    const CHAOS: Setting<u8> = Setting::new("MOTIA_CHAOS", "0", "Percent that fails on purpose");

    type Variables = &'static [(&'static str, &'static str)];

    /// Settings of a folder with this `motia.toml`, these variables and these flags.
    fn load(
        file: &str,
        env: &[(&str, &str)],
        flags: &[(&'static str, &str)],
    ) -> Result<Settings, String> {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("motia.toml");
        std::fs::write(&config, file).unwrap();
        let text = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let places = Places {
            flags: flags.iter().map(|(name, value)| (*name, (*value).to_owned())).collect(),
            config: Some(config),
            env: env.iter().map(text).collect(),
        };
        let own = [(CHAOS.describe(), motia_core::source!())];
        let registry = Registry::default().with_settings(own);
        let loaded = Settings::load(&places, &registry).map(|(settings, _)| settings);
        let place = format!("{}/", folder.path().display());
        loaded.map_err(|error| error.to_string().replace(&place, ""))
    }

    #[test]
    fn the_defaults_are_those_of_the_floors_below() {
        let settings = Settings::load(&Places::default(), &Registry::default()).unwrap().0;

        let (http, runtime) = (HttpSettings::default(), motia_runtime::Settings::default());
        assert_eq!(format!("{:?}", settings.runtime()), format!("{runtime:?}"));
        let ours = settings.http();
        assert_eq!(ours.body_limit, http.body_limit);
        assert_eq!(ours.json_depth, http.json_depth);
        assert_eq!(ours.header_read_timeout, http.header_read_timeout);
        assert_eq!(ours.max_connections, http.max_connections);
        assert_eq!(ours.max_watchers, http.max_watchers);
        assert_eq!(ours.socket_frame, http.socket_frame);
        assert_eq!(ours.socket_ping, http.socket_ping);
        assert_eq!(ours.socket_patience, http.socket_patience);
        assert_eq!(ours.admin, AdminAccess::Open);
    }

    #[test]
    fn a_flag_beats_a_variable_beats_the_file_beats_the_default() {
        let file = "port = 1\ndrain = \"1s\"\nwindow = 7";
        let env = [("MOTIA_PORT", "2"), ("MOTIA_DRAIN", "2s"), ("MOTIA_MAX_KEY", "")];

        let settings = load(file, &env, &[("port", "3")]).unwrap();

        assert_eq!(settings.port, 3);
        assert_eq!(settings.drain, Duration::from_secs(2));
        assert_eq!(settings.window.get(), 7);
        assert_eq!(settings.limits.key, 512, "an empty variable counts as not set");
    }

    #[test]
    fn a_file_holds_lists_texts_and_numbers() {
        let file = "allowed_hosts = [\"a.test\", \"b.test\"]\nbody_limit = \"64KiB\"\nport = 80";
        let settings = load(file, &[], &[]).unwrap();

        assert_eq!(settings.allowed_hosts, ["a.test", "b.test"]);
        assert_eq!((settings.body_limit, settings.port), (64 * 1024, 80));
    }

    #[test]
    fn what_cannot_be_is_said_in_one_line_with_its_place() {
        let cases: [(&str, Variables, &str); 11] = [
            ("prot = 1", &[], "motia.toml: there is no setting `prot`; did you mean `port`?"),
            (
                "zebra = 1",
                &[],
                "motia.toml: there is no setting `zebra`; `settings` lists what can be set",
            ),
            (
                "port = true",
                &[],
                "motia.toml: `port` is of type boolean; write a text in quotes or a whole number",
            ),
            ("port = 70000", &[], "`port` in motia.toml: `70000` is not a port from 0 to 65535"),
            (
                "",
                &[("MOTIA_PROT", "1")],
                "there is no setting `MOTIA_PROT`; did you mean `MOTIA_PORT`?",
            ),
            (
                "",
                &[("MOTIA_CHOAS", "1")],
                "there is no setting `MOTIA_CHOAS`; did you mean `MOTIA_CHAOS`?",
            ),
            (
                "",
                &[("MOTIA_FOO", "1")],
                "there is no setting `MOTIA_FOO`; `settings` lists what can be set; unset it",
            ),
            (
                "",
                &[("MOTIA_STORE", "redis")],
                "MOTIA_STORE: `redis` is not a store; there are sqlite and memory",
            ),
            (
                "",
                &[("MOTIA_DRAIN", "30")],
                "MOTIA_DRAIN: `30` is not a time such as 500ms, 30s, 5m or 1h",
            ),
            (
                "",
                &[("MOTIA_BODY_LIMIT", "big")],
                "MOTIA_BODY_LIMIT: `big` is not a size such as 512, 64KiB or 1MiB",
            ),
            (
                "",
                &[("MOTIA_LOG", "infos")],
                "MOTIA_LOG: there is no level or format `infos`; did you mean `info`?",
            ),
        ];
        for (file, env, expected) in cases {
            assert_eq!(load(file, env, &[]).unwrap_err(), expected);
        }
        let told = load("a = 1\nport = = 2", &[], &[]).unwrap_err();
        assert!(told.starts_with("motia.toml line 2: ") && !told.contains('\n'), "{told}");
    }

    #[test]
    fn runs_are_bounded_by_what_was_set_and_none_is_recorded_where_it_is_nothing() {
        let env = [("MOTIA_RUNS_COUNT", "0"), ("MOTIA_RUNS_AGE", "1h"), ("MOTIA_RUNS_RATE", "7")];
        let set = load("runs_bytes = \"1MiB\"", &env, &[]).unwrap().runtime().runs;

        let age = Duration::from_secs(3600);
        assert_eq!(set, RunSettings { count: 0, bytes: 1 << 20, age, rate: 7 });
        let refused = load("", &[("MOTIA_RUNS_RATE", "-1")], &[]).unwrap_err();
        assert_eq!(refused, "MOTIA_RUNS_RATE: `-1` is not a whole number from 0");
    }

    #[test]
    fn a_variable_of_the_apps_own_is_no_unknown_one() {
        let settings = load("", &[("MOTIA_CHAOS", "5")], &[]).unwrap();
        assert_eq!(settings.app.get(CHAOS), Some(5));
    }

    #[test]
    fn a_file_that_was_named_must_be_there_and_one_that_was_not_need_not() {
        let named = Places { config: Some("no-such.toml".into()), ..Places::default() };
        let told = Settings::load(&named, &Registry::default()).unwrap_err().to_string();
        assert!(told.starts_with("no-such.toml: "), "{told}");

        let without = Settings::load(&Places::default(), &Registry::default());
        assert!(!Path::new("motia.toml").exists() && without.is_ok());
    }

    #[test]
    fn an_address_that_others_reach_closes_the_admin_api_unless_there_is_a_token() {
        let open = |flags| load("", &[], flags).unwrap().admin();
        assert_eq!(open(&[("host", "0.0.0.0")]), AdminAccess::Closed);
        assert_eq!(open(&[("host", "::1")]), AdminAccess::Open);
        let with_token = load("token = \"s3cret\"", &[], &[("host", "0.0.0.0")]).unwrap();
        assert_eq!(with_token.admin(), AdminAccess::token("s3cret"));
        assert!(!format!("{with_token:?}").contains("s3cret"));
    }

    #[test]
    fn a_token_for_reading_stands_beside_another_one() {
        let both = load("", &[("MOTIA_TOKEN", "s3cret"), ("MOTIA_READ_TOKEN", "l00k")], &[]);
        assert_eq!(both.unwrap().admin(), AdminAccess::tokens("s3cret", "l00k"));

        for alone in [
            &[("MOTIA_READ_TOKEN", "l00k")][..],
            &[("MOTIA_READ_TOKEN", "l00k"), ("MOTIA_TOKEN", "l00k")],
        ] {
            let told = load("", alone, &[]).unwrap_err();
            assert!(told.starts_with("MOTIA_READ_TOKEN: ") && !told.contains("l00k"), "{told}");
        }
    }
}
