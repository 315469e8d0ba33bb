//! How the values of OpenTelemetry's variables are read.
//!
//! Source: <https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/> and
//! <https://opentelemetry.io/docs/specs/otel/protocol/exporter/>.

use std::{fmt, str::FromStr, time::Duration};

use http::{HeaderName, HeaderValue, Uri};
use percent_encoding::percent_decode_str;

/// A text that is not what was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not {0}")]
pub struct Unexpected(
    /// What was expected instead.
    pub &'static str,
);

/// `true` or `false`, in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Switch(pub bool);

impl FromStr for Switch {
    type Err = Unexpected;

    fn from_str(text: &str) -> Result<Self, Unexpected> {
        match text.trim() {
            text if text.eq_ignore_ascii_case("true") => Ok(Self(true)),
            text if text.eq_ignore_ascii_case("false") => Ok(Self(false)),
            _ => Err(Unexpected("`true` or `false`")),
        }
    }
}

/// Whether a signal is exported: `otlp` or `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exported(pub bool);

impl FromStr for Exported {
    type Err = Unexpected;

    fn from_str(text: &str) -> Result<Self, Unexpected> {
        match text.trim() {
            "otlp" => Ok(Self(true)),
            "none" => Ok(Self(false)),
            _ => Err(Unexpected("an exporter that is there: `otlp`, or `none`")),
        }
    }
}

/// How OTLP is spoken: `http/protobuf` alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Protocol;

impl FromStr for Protocol {
    type Err = Unexpected;

    fn from_str(text: &str) -> Result<Self, Unexpected> {
        match text.trim() {
            "http/protobuf" => Ok(Self),
            "grpc" => Err(Unexpected(
                "spoken here: gRPC is not built in; set `http/protobuf`, which collectors take on port 4318",
            )),
            _ => Err(Unexpected("`http/protobuf`, the protocol that is spoken here")),
        }
    }
}

/// How a request is squeezed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// By gzip.
    Gzip,
}

impl FromStr for Compression {
    type Err = Unexpected;

    fn from_str(text: &str) -> Result<Self, Unexpected> {
        match text.trim() {
            "none" => Ok(Self::None),
            "gzip" => Ok(Self::Gzip),
            _ => Err(Unexpected("`gzip` or `none`")),
        }
    }
}

/// A length of time as a number of milliseconds, at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Millis(pub Duration);

impl FromStr for Millis {
    type Err = Unexpected;

    fn from_str(text: &str) -> Result<Self, Unexpected> {
        let millis = text.trim().parse().ok().filter(|millis| *millis > 0);
        millis
            .map(Duration::from_millis)
            .map(Self)
            .ok_or(Unexpected("a number of milliseconds from 1"))
    }
}

/// Where requests go. Who may send them, headers say.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint(Uri);

impl Endpoint {
    /// The endpoint of a signal under this one: its path with `v1/traces` behind it.
    #[must_use]
    pub fn signal(&self, path: &str) -> String {
        format!("{}/{path}", self.url().trim_end_matches('/'))
    }

    /// The endpoint itself.
    #[must_use]
    pub fn url(&self) -> String {
        self.0.to_string()
    }
}

impl FromStr for Endpoint {
    type Err = Unexpected;

    fn from_str(text: &str) -> Result<Self, Unexpected> {
        const ADDRESS: Unexpected = Unexpected("an address such as http://localhost:4318");
        let uri: Uri = text.trim().parse().map_err(|_| ADDRESS)?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.query().is_some() {
            return Err(ADDRESS);
        }
        let authority = uri.authority().ok_or(ADDRESS)?;
        if authority.as_str().contains('@') {
            return Err(Unexpected(
                "an address without a password: credentials go into OTEL_EXPORTER_OTLP_HEADERS",
            ));
        }
        Ok(Self(uri))
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Endpoint").field(&self.url()).finish()
    }
}

/// Headers of every request: `authorization=Bearer%20abc,x-tenant=7`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers(pub Vec<(HeaderName, HeaderValue)>);

impl FromStr for Headers {
    type Err = Unexpected;

    fn from_str(text: &str) -> Result<Self, Unexpected> {
        const HEADERS: Unexpected = Unexpected("headers as in `name=value,name=value`");
        let read = |(name, value): (String, String)| {
            let name = HeaderName::from_str(&name).map_err(|_| HEADERS)?;
            let mut value = HeaderValue::from_str(&value).map_err(|_| HEADERS)?;
            value.set_sensitive(true);
            Ok((name, value))
        };
        pairs(text).ok_or(HEADERS)?.into_iter().map(read).collect::<Result<_, _>>().map(Self)
    }
}

/// What else is said of who sends: `deployment.environment.name=staging,service.version=1.2`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attributes(pub Vec<(String, String)>);

impl FromStr for Attributes {
    type Err = Unexpected;

    fn from_str(text: &str) -> Result<Self, Unexpected> {
        pairs(text).map(Self).ok_or(Unexpected("attributes as in `name=value,name=value`"))
    }
}

/// `name=value,name=value`, with what may not stand there as `%2C`.
fn pairs(text: &str) -> Option<Vec<(String, String)>> {
    let decoded =
        |text: &str| Some(percent_decode_str(text.trim()).decode_utf8().ok()?.into_owned());
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=')?;
        Some((decoded(name).filter(|name| !name.is_empty())?, decoded(value)?))
    };
    text.split(',').filter(|pair| !pair.trim().is_empty()).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_asked_for_under_the_endpoint_wherever_its_path_ends() {
        for base in ["http://localhost:4318", "http://localhost:4318/"] {
            let endpoint: Endpoint = base.parse().unwrap();
            assert_eq!(endpoint.signal("v1/traces"), "http://localhost:4318/v1/traces");
        }
        let under: Endpoint = "https://otlp.example/otlp/".parse().unwrap();
        assert_eq!(under.signal("v1/logs"), "https://otlp.example/otlp/v1/logs");
    }

    #[test]
    fn what_is_no_address_is_refused_and_a_password_in_one_is_too() {
        for text in ["localhost:4318", "ftp://localhost", "http://", "http://a/?b=c", "/v1/traces"]
        {
            assert!(text.parse::<Endpoint>().is_err(), "{text}");
        }
        let told = "https://user:pass@host".parse::<Endpoint>().unwrap_err().to_string();
        assert!(told.contains("OTEL_EXPORTER_OTLP_HEADERS"), "{told}");
    }

    #[test]
    fn headers_are_decoded_and_not_shown() {
        let headers: Headers = " authorization = Bearer%20s3cret , x-tenant=7,".parse().unwrap();

        assert_eq!(headers.0[0].1, "Bearer s3cret");
        assert_eq!(headers.0[1].0, "x-tenant");
        assert!(!format!("{headers:?}").contains("s3cret"));
        for broken in ["authorization", "=x", "a b=c", "x=%0A", "x=%FF"] {
            assert!(broken.parse::<Headers>().is_err(), "{broken}");
        }
    }

    #[test]
    fn a_protocol_that_is_not_there_is_refused_with_the_one_that_is() {
        assert!("http/protobuf".parse::<Protocol>().is_ok());
        for missing in ["grpc", "http/json", "udp"] {
            let told = missing.parse::<Protocol>().unwrap_err().to_string();
            assert!(told.contains("http/protobuf"), "{told}");
        }
    }

    #[test]
    fn times_are_milliseconds() {
        assert_eq!("1500".parse(), Ok(Millis(Duration::from_millis(1500))));
        for text in ["0", "-1", "10s", ""] {
            assert!(text.parse::<Millis>().is_err(), "{text}");
        }
    }
}
