//! The app that is asked: over the port of a running server, or through its data folder when none
//! runs. Both ways it is the same API, so the answers are the same.

use std::{
    fmt,
    io::{BufRead as _, BufReader},
    sync::Arc,
    time::Duration,
};

use axum::Router;
use http::{HeaderValue, Method, Request, StatusCode, header};
use motia_core::{registry::Registry, store::Store};
use motia_runtime::StartError;
use motia_workbench::{Desk, local, who::BY};
use serde_json::Value;
use tokio::runtime;

use crate::{
    Failure,
    serve::record::Record,
    settings::{Settings, StoreKind},
    store,
};

/// Where the API is served.
const PREFIX: &str = "/__motia";

/// A server that does not answer for so long is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is done about a data folder in which nothing was ever kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// It is made: something is to be written.
    Make,
    /// It is the wrong folder, more likely than an empty app.
    Refuse,
}

/// The app that is asked.
#[derive(Debug)]
pub enum App {
    /// A server that runs.
    Server(Server),
    /// Its data folder.
    Folder(Folder),
}

/// A server that runs.
#[derive(Debug)]
pub struct Server {
    record: Record,
    agent: ureq::Agent,
    by: String,
}

/// A data folder that no server uses.
pub struct Folder {
    api: Router,
    tokio: runtime::Runtime,
    store: Arc<dyn Store>,
    by: String,
}

impl fmt::Debug for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Folder").field(&self.store.name()).finish()
    }
}

impl App {
    /// Finds the server of the data folder, or opens the folder. What is changed is changed in the name of
    /// `by`.
    ///
    /// # Errors
    /// When neither is to be had.
    pub fn find(
        registry: Registry,
        settings: &Settings,
        absent: Absent,
        by: &str,
    ) -> Result<Self, Failure> {
        if let Some(server) = Server::find(settings, by)? {
            return Ok(Self::Server(server));
        }
        if settings.store == StoreKind::Memory {
            return Err(Failure::unready(
                "no server runs, and the memory store keeps nothing without one: start `serve`",
            ));
        }
        if absent == Absent::Refuse && !store::exists(settings) {
            let folder = std::path::absolute(&settings.data_dir);
            let folder = folder.unwrap_or_else(|_| settings.data_dir.clone());
            return Err(Failure::unready(format!(
                "no server runs, and nothing was ever kept in {}: `cargo run` first, or name \
                 another folder with --data-dir",
                folder.display()
            )));
        }
        let folder = Folder::open(registry, settings, by)?;
        eprintln!("no server runs; looking into {} itself", settings.data_dir.display());
        Ok(Self::Folder(folder))
    }

    /// Asks the API.
    ///
    /// # Errors
    /// What the app's problem says.
    pub fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
        let (status, answer) = match self {
            Self::Server(server) => server.ask(method, path, body)?,
            Self::Folder(folder) => {
                let Folder { api, tokio, by, .. } = folder;
                tokio.block_on(local::call_by(api, by, method, path, body))
            }
        };
        if status.is_success() { Ok(answer) } else { Err(refused(status, &answer)) }
    }

    /// Reads from the API.
    ///
    /// # Errors
    /// What the app's problem says.
    pub fn get(&self, path: &str) -> Result<Value, Failure> {
        self.ask(Method::GET, path, None)
    }

    /// Follows a stream of the API: each of its documents is shown as it comes, until the app stops.
    ///
    /// # Errors
    /// What the app's problem says, and when no app runs.
    pub fn follow(&self, path: &str, show: impl FnMut(Value)) -> Result<(), Failure> {
        match self {
            Self::Server(server) => server.follow(path, show),
            Self::Folder(_) => Err(Failure::refused("no server runs: there is nothing to follow")),
        }
    }

    /// Has the API do something.
    ///
    /// # Errors
    /// What the app's problem says.
    pub fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.ask(Method::POST, path, Some(body))
    }
}

/// What asks a server, which has so long for its whole answer.
fn agent(patience: Option<Duration>) -> ureq::Agent {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .timeout_global(patience);
    config.build().into()
}

impl Server {
    /// The server whose record lies in the data folder, if it runs.
    fn find(settings: &Settings, by: &str) -> Result<Option<Self>, Failure> {
        let Some(mut record) = Record::read(&settings.data_dir) else { return Ok(None) };
        // Who brings a token asks for what it may do, and not for what the server itself may.
        if let Some(given) = &settings.token {
            record.token = Some(given.reveal().to_owned());
        }
        let server = Self { record, agent: agent(Some(PATIENCE)), by: by.to_owned() };
        match server.ask(Method::GET, "/api/app", None) {
            Ok((StatusCode::NOT_FOUND, _)) => Err(Failure::unready(format!(
                "the server at {} does not serve its admin API to others without a `token`: set \
                 one, or stop the server",
                server.record.url
            ))),
            Ok(_) => Ok(Some(server)),
            // Its port is closed: it stops just now.
            Err(_) => Ok(None),
        }
    }

    /// Follows a stream of server-sent events, of which each holds a document.
    fn follow(&self, path: &str, mut show: impl FnMut(Value)) -> Result<(), Failure> {
        let unreachable = |error: &dyn fmt::Display| self.unreachable(error);
        let request = self.request(Method::GET, path).body(String::new());
        let request = request.map_err(|error| unreachable(&error))?;
        // What is followed comes when it comes.
        let mut response = agent(None).run(request).map_err(|error| unreachable(&error))?;
        if !response.status().is_success() {
            let problem = response.body_mut().read_to_string().unwrap_or_default();
            let problem = serde_json::from_str(&problem).unwrap_or_default();
            return Err(refused(response.status(), &problem));
        }
        for line in BufReader::new(response.body_mut().as_reader()).lines() {
            let line = line.map_err(|error| unreachable(&error))?;
            if let Some(document) = line.strip_prefix("data:") {
                show(serde_json::from_str(document).unwrap_or_default());
            }
        }
        Ok(())
    }

    fn request(&self, method: Method, path: &str) -> http::request::Builder {
        let url = format!("{}{PREFIX}{path}", self.record.url);
        let mut request = Request::builder().method(method).uri(url);
        if let Ok(by) = HeaderValue::from_bytes(self.by.as_bytes()) {
            request = request.header(BY, by);
        }
        match &self.record.token {
            Some(token) => request.header(header::AUTHORIZATION, format!("Bearer {token}")),
            None => request,
        }
    }

    fn unreachable(&self, error: &dyn fmt::Display) -> Failure {
        Failure::refused(format!("the server at {} does not answer: {error}", self.record.url))
    }

    fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(StatusCode, Value), Failure> {
        let unreachable = |error: &dyn fmt::Display| self.unreachable(error);
        let mut request = self.request(method, path);
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let body = body.map(ToString::to_string).unwrap_or_default();
        let request = request.body(body).map_err(|error| unreachable(&error))?;
        let mut response = self.agent.run(request).map_err(|error| unreachable(&error))?;
        let body = response.body_mut().with_config().limit(u64::MAX).read_to_vec();
        let body = body.map_err(|error| unreachable(&error))?;
        Ok((response.status(), serde_json::from_slice(&body).unwrap_or_default()))
    }
}

impl Folder {
    fn open(registry: Registry, settings: &Settings, by: &str) -> Result<Self, Failure> {
        let tokio = runtime::Builder::new_current_thread().enable_all().build();
        let tokio = tokio.map_err(|error| Failure::unready(format!("no threads: {error}")))?;
        let store = store::open(settings)?;
        let desk = Desk::at_rest_within(registry, store.clone(), settings.limits);
        let desk = tokio.block_on(desk).map_err(|error| match error {
            StartError::Store(error) => error.into(),
            error => Failure::unready(error.to_string()),
        })?;
        let api = motia_workbench::over(desk.with_audit(settings.audit));
        Ok(Self { api, tokio, store, by: by.to_owned() })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = self.tokio.block_on(self.store.close()) {
            eprintln!("error: {error}");
        }
    }
}

/// A problem of the app: its detail, and each rule that was broken.
fn refused(status: StatusCode, problem: &Value) -> Failure {
    let told = match problem["detail"].as_str() {
        // The rules are listed right there.
        Some(detail) => detail.trim_end_matches("; see `errors`").to_owned(),
        None => format!("the app answered {status}"),
    };
    Failure::refused(told).with_errors(problem["errors"].as_array().cloned().unwrap_or_default())
}

/// A name as one segment of a path.
#[must_use]
pub fn segment(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_~.".contains(&byte) && name != "." && name != ".." {
            text.push(char::from(byte));
        } else {
            text += &format!("%{byte:02X}");
        }
    }
    text
}

/// A path with the parameters that are given.
#[must_use]
pub fn with_query(path: &str, parameters: &[(&str, Option<String>)]) -> String {
    let mut path = path.to_owned();
    let mut sign = '?';
    for (name, value) in parameters {
        if let Some(value) = value {
            path += &format!("{sign}{name}={}", segment(value));
            sign = '&';
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_fits_into_one_segment() {
        assert_eq!(segment("a/b c?é"), "a%2Fb%20c%3F%C3%A9");
        assert_eq!(segment(".."), "%2E%2E");
    }

    #[test]
    fn only_what_is_given_stands_in_the_query() {
        let path = with_query("/api/dead", &[("step", None), ("limit", Some("5".into()))]);
        assert_eq!(path, "/api/dead?limit=5");
    }
}
