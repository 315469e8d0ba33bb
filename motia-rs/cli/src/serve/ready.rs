//! The line that says where the app is, on what it runs, and who can reach it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use motia_http::AdminAccess;
use motia_runtime::Runtime;
use serde_json::json;

use crate::{
    ask::segment,
    output::Output,
    settings::{Settings, StoreKind},
};

/// Characters of a token that is not guessed by trying.
const SAFE_TOKEN: usize = 16;

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

    /// Whether others can try out tokens, and need not for long.
    fn is_guessed_soon(&self) -> bool {
        let is_short = |token: &String| token.chars().count() < SAFE_TOKEN;
        match &self.admin {
            AdminAccess::Token { operate, read } => {
                let mut tokens = read.iter().chain([operate]);
                !self.bound.ip().is_loopback() && tokens.any(is_short)
            }
            AdminAccess::Open | AdminAccess::Closed => false,
        }
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

    /// Where its Workbench is, if it is served. With the token behind it, where one is asked for, only a person
    /// at a terminal is told: what else reads this may keep it.
    fn workbench(&self, with_token: bool) -> Option<String> {
        let place = format!("{}/__motia/", self.url());
        match &self.admin {
            AdminAccess::Closed => None,
            AdminAccess::Token { operate, .. } if with_token => {
                Some(format!("{place}#token={}", segment(operate)))
            }
            AdminAccess::Open | AdminAccess::Token { .. } => Some(place),
        }
    }

    pub(super) fn tell(&self, output: Output) {
        let (url, reach) = (self.url(), self.reach());
        let steps = if self.steps == 1 { "1 step" } else { &format!("{} steps", self.steps) };
        let document = json!({
            "url": url, "store": self.store, "reach": reach, "steps": self.steps,
            "pid": std::process::id(), "workbench": self.workbench(false),
        });
        let mut lines =
            vec![format!("ready: {url} | {steps} | {} | reached by {reach}", self.store)];
        let workbench = self.workbench(output.is_terminal());
        lines.extend(workbench.map(|place| format!("workbench: {place}")));
        output.told(&document, &lines);
        if self.is_guessed_soon() {
            eprintln!(
                "the token is short, and others can reach {}: set one of {SAFE_TOKEN} characters or \
                 more, such as `openssl rand -hex 16` makes",
                self.bound
            );
        }
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
    fn only_a_person_is_told_the_token() {
        let guarded = Ready { admin: AdminAccess::token("s3 cret"), ..ready("127.0.0.1:3000") };

        let expected = "http://127.0.0.1:3000/__motia/#token=s3%20cret";
        assert_eq!(guarded.workbench(true).as_deref(), Some(expected));
        assert_eq!(guarded.workbench(false).as_deref(), Some("http://127.0.0.1:3000/__motia/"));
        let closed = Ready { admin: AdminAccess::Closed, ..ready("0.0.0.0:3000") };
        assert_eq!(closed.workbench(true), None);
    }

    #[test]
    fn a_token_that_others_can_guess_is_told_of() {
        let with = |bound, token: &str| Ready { admin: AdminAccess::token(token), ..ready(bound) };
        assert!(with("0.0.0.0:3000", "s3cret").is_guessed_soon());
        assert!(!with("127.0.0.1:3000", "s3cret").is_guessed_soon());
        assert!(!with("0.0.0.0:3000", "0123456789abcdef").is_guessed_soon());
        let reader =
            Ready { admin: AdminAccess::tokens("0123456789abcdef", "l00k"), ..ready("0.0.0.0:1") };
        assert!(reader.is_guessed_soon());
    }

    #[test]
    fn an_address_of_all_is_asked_through_this_machine() {
        assert_eq!(ready("0.0.0.0:3000").url(), "http://127.0.0.1:3000");
        assert_eq!(ready("[::]:3000").url(), "http://[::1]:3000");
    }
}
