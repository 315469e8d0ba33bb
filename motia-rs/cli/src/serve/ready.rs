//! The line that says where the app is, on what it runs, and who can reach it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use motia_http::AdminAccess;
use motia_runtime::Runtime;
use serde_json::json;

use crate::{
    output::Output,
    settings::{Settings, StoreKind},
};

/// An app that can be asked.
#[derive(Debug)]
pub struct Ready {
    bound: SocketAddr,
    store: String,
    steps: usize,
    admin: AdminAccess,
}

impl Ready {
    pub(super) fn new(bound: SocketAddr, settings: &Settings, runtime: &Runtime) -> Self {
        let store = match settings.store {
            StoreKind::Sqlite => format!("sqlite in {}", settings.data_dir.display()),
            StoreKind::Memory => "memory: nothing outlives this process".to_owned(),
        };
        Self { bound, store, steps: runtime.registry().steps.len(), admin: settings.admin() }
    }

    /// Where this machine reaches it.
    #[must_use]
    pub fn url(&self) -> String {
        let host = match self.bound.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
            ip => ip,
        };
        format!("http://{}", SocketAddr::new(host, self.bound.port()))
    }

    /// Who can reach it.
    #[must_use]
    pub fn reach(&self) -> String {
        if self.bound.ip().is_loopback() {
            "only this machine".to_owned()
        } else {
            format!("anyone who can reach {}", self.bound)
        }
    }

    pub(super) fn tell(&self, output: Output) {
        let (url, reach) = (self.url(), self.reach());
        let steps = if self.steps == 1 { "1 step" } else { &format!("{} steps", self.steps) };
        let document = json!({
            "url": url, "store": self.store, "reach": reach, "steps": self.steps,
            "pid": std::process::id(),
        });
        output.done(
            &document,
            &format!("ready: {url} | {steps} | {} | reached by {reach}", self.store),
        );
        if self.admin == AdminAccess::Closed {
            let bound = self.bound;
            eprintln!(
                "the admin API is not served: others can reach {bound} and no `token` is set; set \
                 MOTIA_TOKEN, or listen on 127.0.0.1"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ready(bound: &str) -> Ready {
        let bound = bound.parse().unwrap();
        Ready { bound, store: String::new(), steps: 0, admin: AdminAccess::Open }
    }

    #[test]
    fn a_server_says_who_can_reach_it() {
        assert_eq!(ready("127.0.0.1:3000").reach(), "only this machine");
        assert_eq!(ready("0.0.0.0:3000").reach(), "anyone who can reach 0.0.0.0:3000");
    }

    #[test]
    fn an_address_of_all_is_asked_through_this_machine() {
        assert_eq!(ready("0.0.0.0:3000").url(), "http://127.0.0.1:3000");
        assert_eq!(ready("[::]:3000").url(), "http://[::1]:3000");
    }
}
