//! One request to a collector.
//!
//! Source: <https://opentelemetry.io/docs/specs/otlp/#otlphttp-response>.

use std::{error::Error as _, io::Write as _, sync::Arc, time::Duration};

use flate2::write::GzEncoder;
use http::{
    StatusCode, Uri,
    header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER},
};
use ureq::{
    Agent,
    tls::{RootCerts, TlsConfig},
};

use crate::{settings::Target, value::Compression};

/// The longest answer that is read, in bytes.
const LONGEST_ANSWER: u64 = 64 * 1024;

/// How a collector answered.
#[derive(Debug)]
pub(crate) enum Answer {
    /// It took what it was sent; the body says what of it it did not.
    Taken(Vec<u8>),
    /// It would take less at once.
    TooLarge(String),
    /// It will not take this, however often it is sent.
    Refused(String),
    /// It could not be asked, or has no time: it may be asked again, after so long if it says so.
    Later(String, Option<Duration>),
}

/// A connection to a collector, for one signal.
#[derive(Debug)]
pub(crate) struct Client {
    agent: Agent,
    target: Target,
}

impl Client {
    /// Whom the operating system trusts is trusted. Proxies are those of the environment, but for this machine.
    pub(crate) fn new(target: Target) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::PlatformVerifier)
            .unversioned_rustls_crypto_provider(provider)
            .build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(target.timeout))
            .user_agent(concat!("OTel-OTLP-Exporter-motia-rs/", env!("CARGO_PKG_VERSION")));
        let config = if is_here(&target.url) { config.proxy(None) } else { config };
        Self { agent: config.build().into(), target }
    }

    /// Where it is.
    pub(crate) fn url(&self) -> &str {
        &self.target.url
    }

    /// Sends a request, once.
    pub(crate) fn post(&self, body: &[u8]) -> Answer {
        let mut request = self.agent.post(&self.target.url);
        for (name, value) in &self.target.headers.0 {
            request = request.header(name, value);
        }
        request = request.header(CONTENT_TYPE, "application/x-protobuf");
        let sent = match self.target.compression {
            Compression::None => request.send(body),
            Compression::Gzip => request.header(CONTENT_ENCODING, "gzip").send(&squeezed(body)),
        };
        match sent {
            Ok(answer) => read(answer),
            Err(error) => Answer::Later(told(&error), None),
        }
    }
}

fn read(mut answer: http::Response<ureq::Body>) -> Answer {
    let status = answer.status();
    let after =
        answer.headers().get(RETRY_AFTER).and_then(|after| after.to_str().ok()?.parse().ok());
    match status {
        // What of it was not taken is said in the body; one that cannot be read says nothing.
        _ if status.is_success() => {
            let body = answer.body_mut().with_config().limit(LONGEST_ANSWER).read_to_vec();
            Answer::Taken(body.unwrap_or_default())
        }
        StatusCode::TOO_MANY_REQUESTS
        | StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT => {
            Answer::Later(format!("it answered {status}"), after.map(Duration::from_secs))
        }
        StatusCode::PAYLOAD_TOO_LARGE => Answer::TooLarge(format!("it answered {status}")),
        _ => Answer::Refused(format!("it answered {status}")),
    }
}

fn squeezed(body: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(body).and_then(|()| gzip.finish()).expect("writing to memory does not fail")
}

/// An error with what caused it.
fn told(error: &ureq::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    causes.fold(error.to_string(), |told, cause| format!("{told}: {cause}"))
}

fn is_here(url: &str) -> bool {
    let uri = url.parse::<Uri>().ok();
    let host = uri.as_ref().and_then(Uri::host).unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}
