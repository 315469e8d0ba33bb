//! What is counted of HTTP, and the page that shows all that is counted.

mod scrape;

use std::{sync::OnceLock, time::Duration};

use http::{Method, StatusCode};
use motia_runtime::metrics::Metrics;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{
        counter::Counter,
        family::Family,
        histogram::{Histogram, exponential_buckets},
    },
};

pub(crate) use scrape::page;

/// The metrics of all routes.
#[derive(Debug, Clone)]
pub(crate) struct HttpMetrics {
    requests: Family<RequestLabels, Counter>,
    seconds: Family<RouteLabels, Histogram, fn() -> Histogram>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    method: &'static str,
    route: &'static str,
}

/// The route of requests that no step answers: paths come from outside, and are no labels.
pub(crate) const NOWHERE: &str = "none";

impl HttpMetrics {
    /// Adds the metrics of all routes to those of the app.
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let http = Self {
            requests: Family::default(),
            seconds: Family::new_with_constructor(|| {
                Histogram::new(exponential_buckets(0.000_1, 4.0, 10))
            }),
        };
        metrics.register(|registry| {
            registry.register("http_requests", "Requests answered", http.requests.clone());
            registry.register(
                "http_request_duration_seconds",
                "How long requests took to answer, until the body began",
                http.seconds.clone(),
            );
        });
        http
    }

    /// The counters of one route.
    pub(crate) fn route(&self, method: &'static str, route: &'static str) -> RouteMetrics {
        RouteMetrics {
            all: self.clone(),
            method,
            route,
            seconds: self.seconds.get_or_create(&RouteLabels { method, route }).clone(),
            usual: [const { OnceLock::new() }; USUAL.len()],
        }
    }

    /// Counts a request that no step answers.
    pub(crate) fn refused(&self, method: &Method, route: &'static str, status: StatusCode) {
        let labels = RequestLabels { method: known(method), route, status: status.as_u16() };
        self.requests.get_or_create(&labels).inc();
    }
}

/// The method as a label; those that a caller makes up count as one.
fn known(method: &Method) -> &'static str {
    const METHODS: [&str; 9] =
        ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"];
    METHODS.into_iter().find(|known| *known == method.as_str()).unwrap_or("other")
}

/// Statuses whose counters a route keeps at hand.
const USUAL: [u16; 6] = [200, 201, 202, 204, 400, 404];

/// The counters of one route, each looked up once.
pub(crate) struct RouteMetrics {
    all: HttpMetrics,
    method: &'static str,
    route: &'static str,
    seconds: Histogram,
    usual: [OnceLock<Counter>; USUAL.len()],
}

impl RouteMetrics {
    /// Counts an answer.
    pub(crate) fn answered(&self, status: StatusCode, took: Duration) {
        let status = status.as_u16();
        let find = || {
            let labels = RequestLabels { method: self.method, route: self.route, status };
            self.all.requests.get_or_create(&labels).clone()
        };
        match USUAL.iter().position(|usual| *usual == status) {
            Some(at) => self.usual[at].get_or_init(find).inc(),
            None => find().inc(),
        };
        self.seconds.observe(took.as_secs_f64());
    }
}
