//! The pages under `docs/`, so that the doctests compile their examples.

macro_rules! pages {
    ($($code:ident)+) => {
        $(#[doc = include_str!(concat!("../../docs/errors/", stringify!($code), ".md"))]
        const $code: () = ();)+
    };
}

pages!(M001 M002 M003 M004 M005 M006 M007 M008 M009 M010 M011 M012 M013 M014 M015 M016 M017 M018);

#[doc = include_str!("../../docs/settings.md")]
const SETTINGS: () = ();

#[doc = include_str!("../../docs/metrics.md")]
const METRICS: () = ();

#[doc = include_str!("../../docs/queues.md")]
const QUEUES: () = ();

#[doc = include_str!("../../docs/streams.md")]
const STREAMS: () = ();

#[doc = include_str!("../../docs/panels.md")]
const PANELS: () = ();

#[doc = include_str!("../../docs/logs.md")]
const LOGS: () = ();

#[doc = include_str!("../../docs/secrets.md")]
const SECRETS: () = ();
