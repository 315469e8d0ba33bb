//! Who runs tasks: services that are called over HTTP, and functions and programs of this machine.

use std::num::NonZeroU32;

use motia::{prelude::*, schema::Violation};

use super::{functions, settings::Commands};
use crate::outbound;

/// The most executors that may be registered.
pub const MOST_EXECUTORS: usize = 100;
/// The capability of an executor that takes any task.
pub const ANY: &str = "*";

/// Who runs tasks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Executor {
    /// Names the executor.
    pub id: String,
    /// Where it lies.
    pub kind: Kind,
    /// Where tasks are posted to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// What is asked to see whether it is well; the URL itself where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health_url: Option<String>,
    /// The function or program of this machine; the one of the executor's id where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// Whether a function runs in a process of its own, where limits of memory and processor hold.
    #[serde(default)]
    pub isolated: bool,
    /// How much it can bear beside the others.
    pub weight: NonZeroU32,
    /// What it is capable of; `*` for anything.
    pub capabilities: Vec<String>,
    /// When it was registered.
    pub registered_at: Timestamp,
}

/// Where an executor lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Elsewhere: it is called over HTTP.
    Http,
    /// On this machine.
    Local,
}

/// What runs the tasks of a local executor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// A function, in the app's own process.
    Function,
    /// A function, in a process of its own.
    IsolatedFunction,
    /// A program.
    Program,
}

impl Executor {
    /// Whether it is capable of all that is required.
    #[must_use]
    pub fn can(&self, required: &[String]) -> bool {
        let has = |wanted: &str| self.capabilities.iter().any(|known| known == wanted);
        has(ANY) || required.iter().all(|wanted| has(wanted))
    }

    /// The name of its function or program.
    #[must_use]
    pub fn function(&self) -> &str {
        self.function.as_deref().unwrap_or(&self.id)
    }

    /// What is asked to see whether it is well, if it lies elsewhere.
    #[must_use]
    pub fn health_url(&self) -> Option<&str> {
        self.health_url.as_deref().or(self.url.as_deref())
    }

    /// What runs its tasks, if it is local and that exists.
    #[must_use]
    pub fn means(&self, commands: &Commands) -> Option<Means> {
        if self.kind == Kind::Http {
            return None;
        }
        if commands.0.contains_key(self.function()) {
            return Some(Means::Program);
        }
        functions::find(self.function())?;
        Some(if self.isolated { Means::IsolatedFunction } else { Means::Function })
    }

    /// Looks for what does not go together, each by its place.
    #[must_use]
    pub fn faults(&self, commands: &Commands, allow_private: bool) -> Vec<Violation> {
        match self.kind {
            Kind::Http => {
                let mut faults = Vec::new();
                match &self.url {
                    None => faults.push(Violation::new("/url", "is required of an http executor")),
                    Some(url) => faults.extend(url_fault("/url", url, allow_private)),
                }
                let health = self.health_url.as_ref();
                faults.extend(health.and_then(|url| url_fault("/healthUrl", url, allow_private)));
                if self.function.is_some() || self.isolated {
                    let place = if self.isolated { "/isolated" } else { "/function" };
                    faults.push(Violation::new(place, "is said of local executors only"));
                }
                faults
            }
            Kind::Local if self.url.is_some() || self.health_url.is_some() => {
                vec![Violation::new("/url", "is said of http executors only")]
            }
            Kind::Local if self.means(commands).is_none() => {
                let place = if self.function.is_some() { "/function" } else { "/id" };
                let mut known: Vec<&str> = functions::names().collect();
                known.extend(commands.0.keys().map(String::as_str));
                let detail = format!("names no function; those known are: {}", known.join(", "));
                vec![Violation::new(place, detail)]
            }
            Kind::Local => Vec::new(),
        }
    }
}

fn url_fault(place: &str, url: &str, allow_private: bool) -> Option<Violation> {
    let forbidden = outbound::allowed(url, allow_private).err()?;
    Some(Violation::new(place, forbidden.to_string()))
}

/// Every executor, by id.
pub const EXECUTORS: StateGroup<Executor> = StateGroup::new("router-executors");

/// All executors; there are few.
///
/// # Errors
/// When the store fails.
pub async fn all<E>(ctx: &Context<E>) -> StepResult<Vec<Executor>> {
    let page = ctx.state.group(EXECUTORS).limit(MOST_EXECUTORS).await?;
    Ok(page.items.into_iter().map(|(_, executor)| executor).collect())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn http(id: &str, weight: u32) -> Executor {
        Executor {
            id: id.into(),
            kind: Kind::Http,
            url: Some("https://executor.example.com/run".into()),
            health_url: None,
            function: None,
            isolated: false,
            weight: NonZeroU32::new(weight).unwrap(),
            capabilities: vec!["summarize".into()],
            registered_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn faults(executor: &Executor, allow_private: bool) -> Vec<String> {
        let faults = executor.faults(&Commands::default(), allow_private);
        faults.into_iter().map(|fault| fault.pointer).collect()
    }

    #[test]
    fn an_executor_is_capable_of_what_it_names_or_of_anything() {
        let executor = http("gpu", 1);
        let any = Executor { capabilities: vec![ANY.into()], ..http("any", 1) };
        let required = ["summarize".to_owned(), "french".to_owned()];

        assert!(executor.can(&required[..1]) && !executor.can(&required));
        assert!(any.can(&required));
    }

    #[test]
    fn a_private_address_is_refused_however_it_is_written() {
        let hosts = [
            "127.0.0.1",
            "10.1.2.3",
            "[::1]",
            "[::ffff:10.0.0.1]",
            "2130706433",
            "169.254.169.254",
        ];
        for host in hosts {
            let url = Some(format!("http://{host}/run"));
            let private = Executor { url, ..http("gpu", 1) };
            assert_eq!(faults(&private, false), ["/url"], "{host}");
            assert!(faults(&private, true).is_empty(), "{host}");
        }
        assert!(faults(&http("gpu", 1), false).is_empty());
    }

    #[test]
    fn what_is_no_address_of_a_service_is_refused() {
        for url in ["ftp://a.example", "executor", "http://user:secret@a.example/", "file:///etc"] {
            let executor = Executor { url: Some(url.into()), ..http("gpu", 1) };
            assert_eq!(faults(&executor, true), ["/url"], "{url}");
        }
        assert_eq!(faults(&Executor { url: None, ..http("gpu", 1) }, true), ["/url"]);
    }

    #[test]
    fn a_local_executor_names_a_function_that_there_is() {
        let local = |function: &str| Executor {
            kind: Kind::Local,
            url: None,
            function: Some(function.into()),
            ..http("here", 1)
        };

        assert!(faults(&local("word-count"), false).is_empty());
        assert_eq!(faults(&local("fly"), false), ["/function"]);
    }
}
