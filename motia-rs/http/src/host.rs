//! Which names the app is asked by: the defence against DNS rebinding.
//!
//! A page on `evil.example` can point its own name at 127.0.0.1 and then speak to the app as to its own
//! server; the browser sends `Host: evil.example` all the same. So the app answers to names that it
//! knows only: `localhost` and the loopback addresses, and those that were configured. Bound to an
//! address that other machines reach, it answers to that address too; bound to all addresses, to any
//! address written in digits, since digits cannot be rebound.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, StatusCode, Uri, Version, header};
use motia_core::http::Problem;

use crate::settings::HttpSettings;

/// The names the app is asked by.
#[derive(Debug, Clone)]
pub struct Hosts {
    names: Box<[Box<str>]>,
    any_address: bool,
}

impl Hosts {
    /// The names for an app bound to `bound`.
    #[must_use]
    pub fn new(bound: SocketAddr, settings: &HttpSettings) -> Self {
        let loopback = ["localhost", "127.0.0.1", "[::1]"].map(str::to_owned);
        let own = match bound.ip() {
            IpAddr::V6(ip) => format!("[{ip}]"),
            IpAddr::V4(ip) => ip.to_string(),
        };
        let configured = settings.allowed_hosts.iter().map(|name| name.to_ascii_lowercase());
        let names = loopback.into_iter().chain([own]).chain(configured);
        Self {
            names: names.map(String::into_boxed_str).collect(),
            any_address: bound.ip().is_unspecified(),
        }
    }

    /// Whether a request may ask. HTTP/1.1 must name a host; HTTP/2 names it in the URI.
    ///
    /// # Errors
    /// 400 for a request that names none, or two; 421 for a name that is not the app's.
    pub fn check(
        &self,
        version: Version,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Result<(), Box<Problem>> {
        let refuse = |status, detail: &str| Err(Box::new(Problem::new(status).detail(detail)));
        let mut named = headers.get_all(header::HOST).iter();
        let host = named.next();
        if named.next().is_some() || host.is_none() && version == Version::HTTP_11 {
            return refuse(StatusCode::BAD_REQUEST, "a request names its `Host` once");
        }
        let host = host.map(|host| host.to_str().unwrap_or_default());
        let authority = uri.authority().map(http::uri::Authority::as_str);
        if host.into_iter().chain(authority).all(|host| self.knows(host)) {
            Ok(())
        } else {
            refuse(
                StatusCode::MISDIRECTED_REQUEST,
                "the app is not asked by this name; add it to the allowed hosts if it should be",
            )
        }
    }

    fn knows(&self, host: &str) -> bool {
        let name = without_port(host);
        let name = name.strip_suffix('.').unwrap_or(name);
        self.names.iter().any(|known| known.eq_ignore_ascii_case(name))
            || self.any_address && is_address(name)
    }
}

/// `name:port` without the port; an IPv6 address stands in brackets.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port))
            if port.bytes().all(|digit| digit.is_ascii_digit())
                && (!name.contains(':') || name.ends_with(']')) =>
        {
            name
        }
        _ => host,
    }
}

fn is_address(name: &str) -> bool {
    let inner = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    match inner {
        Some(inner) => inner.parse::<std::net::Ipv6Addr>().is_ok(),
        None => name.parse::<std::net::Ipv4Addr>().is_ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(bound: &str, host: &str) -> bool {
        let mut settings = HttpSettings::default();
        settings.allowed_hosts.push("Shop.example.com".into());
        Hosts::new(bound.parse().unwrap(), &settings).knows(host)
    }

    #[test]
    fn on_loopback_only_known_names_are_answered() {
        for host in [
            "localhost",
            "localhost:3000",
            "LOCALHOST:80",
            "localhost.",
            "127.0.0.1:3000",
            "[::1]",
            "[::1]:3000",
            "shop.example.com:443",
        ] {
            assert!(answers("127.0.0.1:3000", host), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "localhost.evil.example",
            "evil-localhost",
            "127.0.0.1.nip.io",
            "10.0.0.7",
            "::1",
            "[::2]",
            "localhost:80:80",
            "localhost:evil",
            "user@localhost",
        ] {
            assert!(!answers("127.0.0.1:3000", host), "{host}");
        }
    }

    #[test]
    fn beyond_loopback_the_bound_address_is_answered() {
        assert!(answers("10.0.0.7:80", "10.0.0.7"));
        assert!(!answers("10.0.0.7:80", "10.0.0.8"));
        assert!(answers("[fe80::1]:80", "[fe80::1]:80"));
    }

    #[test]
    fn on_all_addresses_any_address_is_answered_and_no_unknown_name() {
        assert!(answers("0.0.0.0:80", "192.168.1.5:80"));
        assert!(answers("[::]:80", "[fe80::1]"));
        assert!(!answers("0.0.0.0:80", "evil.example"));
    }

    #[test]
    fn a_request_names_its_host_once() {
        let hosts = Hosts::new("127.0.0.1:1".parse().unwrap(), &HttpSettings::default());
        let check = |version, hosts_sent: &[&str], uri: &str| {
            let headers =
                hosts_sent.iter().map(|host| (header::HOST, host.parse().unwrap())).collect();
            hosts.check(version, &uri.parse().unwrap(), &headers).map_err(|it| it.status.as_u16())
        };

        assert_eq!(check(Version::HTTP_11, &[], "/"), Err(400));
        assert_eq!(check(Version::HTTP_10, &[], "/"), Ok(()));
        assert_eq!(check(Version::HTTP_11, &["localhost", "evil.example"], "/"), Err(400));
        assert_eq!(check(Version::HTTP_11, &["localhost"], "http://evil.example/"), Err(421));
        assert_eq!(check(Version::HTTP_2, &[], "http://localhost:3000/"), Ok(()));
        assert_eq!(check(Version::HTTP_2, &[], "http://evil.example/"), Err(421));
    }
}
