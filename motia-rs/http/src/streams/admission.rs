//! Who may come in to watch.

use std::sync::Arc;

use http::{StatusCode, request::Parts};
use motia_core::{
    error::StepError,
    http::{ApiRequest, Problem},
};
use motia_runtime::{
    Runtime,
    hub::{door::Door, guest::Guest},
    log::printable,
    tasks::Tasks,
};
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{guard::Guard, problem, settings::HttpSettings};

/// Who may come in to watch: pages of other origins may not, whoever they bring; everybody else, as the app
/// knows them; and unknown ones where the admin API would let them in.
#[derive(Clone)]
pub(super) struct Admission {
    pub(super) settings: Arc<HttpSettings>,
    pub(super) tasks: Tasks,
    door: Arc<Door>,
    pub(super) guard: Guard,
    places: Arc<Semaphore>,
}

/// A place among the connections that may be open at once.
pub(super) type Place = OwnedSemaphorePermit;

impl Admission {
    pub(super) fn new(runtime: &Runtime, settings: &HttpSettings) -> Self {
        Self {
            settings: Arc::new(settings.clone()),
            tasks: runtime.tasks().clone(),
            door: runtime.door().clone(),
            guard: Guard::new(settings),
            places: Arc::new(Semaphore::new(settings.max_watchers)),
        }
    }

    pub(super) async fn admit(&self, parts: &Parts) -> Result<(Guest, Place), Box<Problem>> {
        self.guard.check_page(parts)?;
        let known_as = self.find_out(parts).await?;
        if known_as.is_none() {
            self.guard.check_token(parts)?;
        }
        let place = self.places.clone().try_acquire_owned().map_err(|_| {
            problem::unavailable(
                problem::SOON,
                "too many connections watch streams (`max_watchers`)",
            )
        })?;
        Ok((self.door.enter(known_as), place))
    }

    async fn find_out(&self, parts: &Parts) -> Result<Option<Value>, Box<Problem>> {
        if !self.door.authenticates() {
            return Ok(None);
        }
        let query = parts.uri.query().map(str::to_owned);
        let request = ApiRequest::from_parts((), parts.headers.clone(), Vec::new(), query);
        self.door.find_out(request).await.map_err(|error| match error {
            StepError::Reject(problem) => problem,
            error => {
                let error = printable(&error.to_string());
                tracing::warn!(error, "nobody could say who wants to watch");
                let refused = Problem::new(StatusCode::UNAUTHORIZED);
                refused.detail("Authentication failed").into()
            }
        })
    }
}
