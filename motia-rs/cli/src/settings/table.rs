//! The one list of settings. Flags, variables, `motia.toml`, help and `settings` all go by it.

/// How the text of a setting is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An address, or `localhost`.
    Host,
    /// A port.
    Port,
    /// `sqlite` or `memory`.
    Store,
    /// A folder.
    Folder,
    /// A level, a format and filters.
    Log,
    /// A text that is not shown.
    Secret,
    /// Names parted by commas.
    Names,
    /// A whole number from 1.
    Count,
    /// A whole number from 0.
    Number,
    /// A number of bytes: `512`, `64KiB`, `1MiB`.
    Size,
    /// A length of time: `500ms`, `30s`, `5m`, `1h`, `7d`.
    Duration,
}

impl Kind {
    /// What stands for the value in the help.
    #[must_use]
    pub const fn placeholder(self) -> &'static str {
        match self {
            Self::Host => "ADDRESS",
            Self::Port => "PORT",
            Self::Store => "STORE",
            Self::Folder => "FOLDER",
            Self::Log => "FILTERS",
            Self::Secret => "SECRET",
            Self::Names => "NAMES",
            Self::Count | Self::Number => "NUMBER",
            Self::Size => "SIZE",
            Self::Duration => "TIME",
        }
    }
}

/// Where a setting has a flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flag {
    /// Nowhere: it is set by variable or file.
    None,
    /// With `serve`.
    Serve,
    /// With every command.
    Everywhere,
}

/// One thing that can be set.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Its name in `motia.toml`; its flag has `-` for `_`.
    pub name: &'static str,
    /// Its variable.
    pub env: &'static str,
    /// What holds when nobody says anything; empty for nothing.
    pub default: &'static str,
    /// What it does, in a sentence.
    pub help: &'static str,
    /// How it is read.
    pub kind: Kind,
    /// Where it has a flag.
    pub flag: Flag,
}

const fn of(
    name: &'static str,
    env: &'static str,
    kind: Kind,
    default: &'static str,
    help: &'static str,
) -> Setting {
    Setting { name, env, default, help, kind, flag: Flag::None }
}

const fn flag(flag: Flag, setting: Setting) -> Setting {
    Setting { flag, ..setting }
}

/// Everything that can be set, in the order of the help.
pub const SETTINGS: [Setting; 40] = [
    flag(
        Flag::Serve,
        of(
            "host",
            "MOTIA_HOST",
            Kind::Host,
            "127.0.0.1",
            "The address to listen on; 0.0.0.0 for all",
        ),
    ),
    flag(
        Flag::Serve,
        of("port", "MOTIA_PORT", Kind::Port, "3000", "The port to listen on; 0 takes a free one"),
    ),
    flag(
        Flag::Everywhere,
        of(
            "store",
            "MOTIA_STORE",
            Kind::Store,
            "sqlite",
            "Where things are kept: sqlite or memory",
        ),
    ),
    flag(
        Flag::Everywhere,
        of("data_dir", "MOTIA_DATA_DIR", Kind::Folder, ".motia", "The folder of the sqlite store"),
    ),
    flag(
        Flag::Everywhere,
        of(
            "log",
            "MOTIA_LOG",
            Kind::Log,
            "info",
            "What is logged: a level, `json` or `pretty`, `Step=level`, `crate=level`, with commas",
        ),
    ),
    of("token", "MOTIA_TOKEN", Kind::Secret, "", "The token that the admin API asks for"),
    of(
        "read_token",
        "MOTIA_READ_TOKEN",
        Kind::Secret,
        "",
        "Another token, for those who may look at the admin API and change nothing",
    ),
    of(
        "allowed_hosts",
        "MOTIA_ALLOWED_HOSTS",
        Kind::Names,
        "",
        "Host names that the app is asked by, beside the loopback ones",
    ),
    of("body_limit", "MOTIA_BODY_LIMIT", Kind::Size, "1MiB", "The largest request body"),
    of(
        "json_depth",
        "MOTIA_JSON_DEPTH",
        Kind::Count,
        "64",
        "How deep a JSON body may be nested, up to 127",
    ),
    of(
        "header_read_timeout",
        "MOTIA_HEADER_READ_TIMEOUT",
        Kind::Duration,
        "10s",
        "How long a client may take to send the head of a request",
    ),
    of(
        "max_connections",
        "MOTIA_MAX_CONNECTIONS",
        Kind::Count,
        "10000",
        "Connections that are open at once",
    ),
    of(
        "allowed_origins",
        "MOTIA_ALLOWED_ORIGINS",
        Kind::Names,
        "",
        "Origins whose pages may watch streams and use the admin API, beside the app's own",
    ),
    of(
        "max_watchers",
        "MOTIA_MAX_WATCHERS",
        Kind::Count,
        "10000",
        "Connections that watch streams at once",
    ),
    of(
        "socket_frame",
        "MOTIA_SOCKET_FRAME",
        Kind::Size,
        "64KiB",
        "The largest frame that a client may send over a WebSocket",
    ),
    of(
        "socket_ping",
        "MOTIA_SOCKET_PING",
        Kind::Duration,
        "20s",
        "How often a WebSocket is pinged; after three times this long without an answer it is given up",
    ),
    of(
        "socket_patience",
        "MOTIA_SOCKET_PATIENCE",
        Kind::Duration,
        "30s",
        "How long a client may take nothing from its WebSocket before it is closed",
    ),
    of(
        "stream_buffer",
        "MOTIA_STREAM_BUFFER",
        Kind::Count,
        "256",
        "Changes that wait for a connection that watches; further behind it is shown everything anew",
    ),
    of(
        "stream_items",
        "MOTIA_STREAM_ITEMS",
        Kind::Count,
        "10000",
        "Items of a stream's group that can be watched as a whole",
    ),
    of(
        "stream_subscriptions",
        "MOTIA_STREAM_SUBSCRIPTIONS",
        Kind::Count,
        "100",
        "Groups and items of streams that one connection may watch",
    ),
    of(
        "stream_history",
        "MOTIA_STREAM_HISTORY",
        Kind::Count,
        "4096",
        "Changes of streams held in memory for connections that were away for a moment",
    ),
    of(
        "stream_history_bytes",
        "MOTIA_STREAM_HISTORY_BYTES",
        Kind::Size,
        "16MiB",
        "How large those may be together",
    ),
    of(
        "handler_timeout",
        "MOTIA_HANDLER_TIMEOUT",
        Kind::Duration,
        "30s",
        "How long an API handler may take, where its config says nothing",
    ),
    of(
        "drain",
        "MOTIA_DRAIN",
        Kind::Duration,
        "30s",
        "How long a shutdown lets requests and handlers finish",
    ),
    of(
        "concurrency",
        "MOTIA_CONCURRENCY",
        Kind::Count,
        "16",
        "Attempts of one event step that run at once, where its config says nothing",
    ),
    of(
        "process_concurrency",
        "MOTIA_PROCESS_CONCURRENCY",
        Kind::Count,
        "1024",
        "Attempts of all event steps together that run at once",
    ),
    of(
        "cancel_grace",
        "MOTIA_CANCEL_GRACE",
        Kind::Duration,
        "5s",
        "How long a handler that asked for it may clean up after it was cancelled",
    ),
    of(
        "window",
        "MOTIA_WINDOW",
        Kind::Count,
        "4096",
        "Deliveries of one queue that are held in memory; the others wait in the store",
    ),
    of(
        "max_payload",
        "MOTIA_MAX_PAYLOAD",
        Kind::Size,
        "1MiB",
        "The largest payload of an event, and the largest state entry",
    ),
    of("max_key", "MOTIA_MAX_KEY", Kind::Size, "512", "The longest key of a state entry"),
    of("max_delay", "MOTIA_MAX_DELAY", Kind::Duration, "365d", "The longest delay of an event"),
    of(
        "history_age",
        "MOTIA_HISTORY_AGE",
        Kind::Duration,
        "7d",
        "How long cancelled, expired and superseded events stay in the history",
    ),
    of(
        "history_count",
        "MOTIA_HISTORY_COUNT",
        Kind::Count,
        "100000",
        "How many of them stay in the history",
    ),
    of(
        "runs_count",
        "MOTIA_RUNS_COUNT",
        Kind::Number,
        "5000",
        "Runs that are kept of those that ended well, and as many that failed; 0 records none",
    ),
    of(
        "runs_bytes",
        "MOTIA_RUNS_BYTES",
        Kind::Size,
        "16MiB",
        "How large each of both may be, about",
    ),
    of("runs_age", "MOTIA_RUNS_AGE", Kind::Duration, "7d", "How long runs are kept"),
    of(
        "runs_rate",
        "MOTIA_RUNS_RATE",
        Kind::Number,
        "200",
        "Runs that are recorded in a second, beyond which only failures are; 0 records none",
    ),
    of(
        "audit_count",
        "MOTIA_AUDIT_COUNT",
        Kind::Count,
        "10000",
        "Entries of the audit log that are kept",
    ),
    of(
        "audit_age",
        "MOTIA_AUDIT_AGE",
        Kind::Duration,
        "90d",
        "How long entries of the audit log are kept",
    ),
    of(
        "max_series",
        "MOTIA_MAX_SERIES",
        Kind::Count,
        "1000",
        "Series of one metric of the app, beyond which new values of labels are counted as `other`",
    ),
];

/// The setting of this name.
#[must_use]
pub fn named(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_settings_variable_is_its_name_in_capitals() {
        for setting in &SETTINGS {
            assert_eq!(setting.env, format!("MOTIA_{}", setting.name.to_uppercase()));
        }
    }

    #[test]
    fn every_name_stands_once() {
        let mut names: Vec<_> = SETTINGS.iter().map(|setting| setting.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), SETTINGS.len());
    }
}
