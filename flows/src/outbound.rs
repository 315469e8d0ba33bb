//! Calls to addresses that somebody else named: never to machines of one's own, unless a setting allows it.
//!
//! A caller that may name a URL could otherwise have the app ask what only it can reach: a database on the same
//! machine, the metadata of a cloud. The address is checked where the connection is made, so that a name which
//! means another machine a moment later is of no use. Redirects are not followed, for they lead anywhere.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, LazyLock},
    time::Duration,
};

use motia::prelude::*;
use reqwest::{
    Client, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect::Policy,
};

/// Whether URLs that callers name may lead to this machine and to private networks.
pub const PRIVATE: Setting<bool> = Setting::new(
    "MOTIA_OUTBOUND_PRIVATE",
    "false",
    "Whether URLs that callers name may lead to this machine and to private networks",
);
setting!(PRIVATE);

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

static ANYWHERE: LazyLock<Client> = LazyLock::new(|| client(None));
static ABROAD: LazyLock<Client> = LazyLock::new(|| client(Some(Arc::new(PublicOnly))));

/// Why a URL is not called.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// It is no URL.
    #[error("is not a URL such as https://example.com/hook")]
    Malformed,
    /// It is not HTTP.
    #[error("must begin with https:// or http://")]
    Scheme,
    /// It carries a user or a password, which would end up in logs.
    #[error("must not carry a user name or a password")]
    Credentials,
    /// It leads to a machine of one's own.
    #[error("leads to a private address; `MOTIA_OUTBOUND_PRIVATE=true` allows that")]
    Private,
}

/// A URL that may be called, as far as its text tells; a name is looked up when it is called.
///
/// # Errors
/// Why not.
pub fn allowed(url: &str, private: bool) -> Result<Url, Forbidden> {
    let url: Url = url.parse().map_err(|_| Forbidden::Malformed)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Forbidden::Scheme);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Forbidden::Credentials);
    }
    let host = url.host_str().ok_or(Forbidden::Malformed)?;
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    let own = host == "localhost" || host.ends_with(".localhost");
    if !private && (own || address.is_ok_and(|address| !is_public(address))) {
        return Err(Forbidden::Private);
    }
    Ok(url)
}

/// Who makes such calls.
#[must_use]
pub fn caller(private: bool) -> &'static Client {
    if private { &ANYWHERE } else { &ABROAD }
}

fn client(resolver: Option<Arc<PublicOnly>>) -> Client {
    // Somebody else may have chosen the cryptography of the process before: then theirs is used.
    drop(rustls::crypto::ring::default_provider().install_default());
    let builder = Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT)
        // No connection is kept. Each call looks its address up and checks it anew, and none meets a
        // connection that the other side has just closed: that would look like a call that broke off, of
        // which nobody knows whether it had an effect.
        .pool_max_idle_per_host(0)
        .user_agent(concat!("motia-rs/", env!("CARGO_PKG_VERSION")));
    let builder = match resolver {
        Some(resolver) => builder.dns_resolver(resolver),
        None => builder,
    };
    builder.build().expect("a client of these options can be made")
}

/// Looks names up, and knows only addresses that are public.
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|found| is_public(found.ip())).collect();
            if public.is_empty() {
                return Err(Forbidden::Private.into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// Networks that are not for everybody, each with the length of its prefix. From the registry of special-purpose
/// addresses, <https://www.iana.org/assignments/iana-ipv4-special-registry>.
const SPECIAL: [(Ipv4Addr, u32); 14] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// Whether an address is everybody's.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !SPECIAL
            .iter()
            .any(|(net, length)| (address.to_bits() ^ net.to_bits()).leading_zeros() >= *length),
        IpAddr::V6(address) => match embedded(address) {
            Some(within) => is_public(IpAddr::V4(within)),
            // 2000::/3 is all that was ever given out; of it, 2001:db8::/32 is for examples.
            None => {
                let [first, second, ..] = address.segments();
                first >> 13 == 1 && (first, second) != (0x2001, 0x0db8)
            }
        },
    }
}

/// The IPv4 address that one of IPv6 stands for: mapped (RFC 4291), translated (RFC 6052) or tunnelled (RFC 3056).
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let v4 = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    match (a, b, c, d, e, f) {
        (0, 0, 0, 0, 0, 0xffff) | (0x64, 0xff9b, 0, 0, 0, 0) => Some(v4(g, h)),
        (0x2002, ..) => Some(v4(b, c)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_that_leads_home_is_refused_however_it_is_written() {
        for url in [
            "http://127.0.0.1/",
            "http://127.1:8080/",
            "http://2130706433/",
            "http://0x7f.0.0.1/",
            "http://localhost:3000/",
            "http://db.localhost/",
            "http://[::1]/",
            "http://[::ffff:10.0.0.1]/",
            "http://[64:ff9b::a00:1]/",
            "http://[2002:a00:1::]/",
            "http://[fd00::1]/",
            "http://[fe80::1]/",
            "http://169.254.169.254/latest/meta-data",
            "http://192.168.1.1/",
            "http://100.64.0.1/",
            "http://0.0.0.0/",
        ] {
            assert_eq!(allowed(url, false), Err(Forbidden::Private), "{url}");
            assert!(allowed(url, true).is_ok(), "{url}");
        }
    }

    #[test]
    fn a_public_url_is_allowed() {
        for url in ["https://example.com/hook?a=b", "http://8.8.8.8/", "http://[2606:4700::1111]/"]
        {
            assert!(allowed(url, false).is_ok(), "{url}");
        }
    }

    #[test]
    fn what_is_no_plain_http_url_is_refused_even_where_private_ones_are_allowed() {
        assert_eq!(allowed("/hook", true), Err(Forbidden::Malformed));
        assert_eq!(allowed("http://", true), Err(Forbidden::Malformed));
        assert_eq!(allowed("file:///etc/passwd", true), Err(Forbidden::Scheme));
        assert_eq!(allowed("https://me:hunter2@example.com/", true), Err(Forbidden::Credentials));
    }

    #[tokio::test]
    async fn a_name_that_means_this_machine_is_not_called() {
        let failed = caller(false).get("http://localhost:1/").send().await.unwrap_err();

        let why = format!("{failed:?}");
        assert!(why.contains("Private"), "{why}");
    }
}
