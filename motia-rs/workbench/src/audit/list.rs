//! Who reads the audit log: what is asked for, and which entries those are.

use std::sync::Arc;

use axum::{
    Json,
    extract::{RawQuery, State},
};
use jiff::Timestamp;
use motia_core::store::{Page, PageRequest};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Entry, KEPT_IN};
use crate::{
    Desk, Refusal,
    input::{instant, query},
    operations::{Routes, does},
    paging::{Paging, by_number},
};

/// Which entries are wanted: those to which all that is said applies.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "AuditFilter")]
struct Wanted {
    /// By whom.
    by: Option<String>,
    /// `queue.pause`, or all of `queue`.
    did: Option<String>,
    /// With this text in who it was, what was done, or what it was done to, whatever the case.
    text: Option<String>,
    /// At this instant or later.
    since: Option<String>,
    /// Before this instant.
    until: Option<String>,
    /// At most so many: 100 where nothing is said.
    #[schemars(range(min = 1, max = PageRequest::MAX))]
    limit: Option<usize>,
    /// The `next` of the page before.
    cursor: Option<String>,
}

#[derive(Debug)]
struct Filter {
    by: Option<String>,
    did: Option<String>,
    /// In lower case.
    text: Option<String>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl Filter {
    fn passes(&self, entry: &Entry) -> bool {
        let Self { by, did, text, since, until } = self;
        let is_of = |did: &String| {
            entry
                .did
                .strip_prefix(did.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let has = |text: &String| {
            [&entry.by, &entry.did, &entry.what].iter().any(|of| of.to_lowercase().contains(text))
        };
        by.as_ref().is_none_or(|by| *by == entry.by)
            && text.as_ref().is_none_or(has)
            && did.as_ref().is_none_or(is_of)
            && since.is_none_or(|since| entry.at >= since)
            && until.is_none_or(|until| entry.at < until)
    }
}

pub(crate) fn routes() -> Routes {
    Routes::default().get(
        "/api/audit",
        list,
        does("Lists who changed what, the last first").query::<Wanted>().answers::<Page<Entry>>(),
    )
}

async fn list(
    State(desk): State<Arc<Desk>>,
    RawQuery(text): RawQuery,
) -> Result<Json<Page<Entry>>, Refusal> {
    let Wanted { by, did, text, since, until, limit, cursor } = query(text.as_deref())?;
    let text = text.map(|text| text.to_lowercase());
    let request = by_number(Paging { limit, cursor })?;
    let (since, until) = (instant("since", since)?, instant("until", until)?);
    Ok(Json(desk.audited(&Filter { by, did, text, since, until }, request).await?))
}

impl Desk {
    /// The entries that pass, newest first.
    async fn audited(&self, filter: &Filter, request: PageRequest) -> Result<Page<Entry>, Refusal> {
        let now = self.engine().now();
        let mut found: Vec<(String, Entry)> = Vec::new();
        let mut after = request.after;
        loop {
            let page = PageRequest::first(PageRequest::MAX).after(after);
            let page = self.store().page(KEPT_IN, page, now).await?;
            let read = page.items.into_iter().filter_map(|(key, kept)| {
                // One that another version of the framework wrote may not read: it is left out.
                let entry: Entry = kept.value.decode().ok()?;
                Some((key, entry)).filter(|(_, entry)| filter.passes(entry))
            });
            found.extend(read);
            if found.len() > request.limit || page.next.is_none() {
                break;
            }
            after = page.next;
        }
        let more = found.len() > request.limit;
        found.truncate(request.limit);
        let next = found.last().filter(|_| more).map(|(key, _)| key.clone());
        Ok(Page { items: found.into_iter().map(|(_, entry)| entry).collect(), next })
    }
}
