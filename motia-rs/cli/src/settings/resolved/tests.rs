use std::path::Path;

use motia_core::setting::Setting;
use motia_http::{AdminAccess, HttpSettings};

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
