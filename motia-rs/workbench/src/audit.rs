//! The audit log: who changed what, when and from where, kept in the store within bounds.
//!
//! One layer around the whole API writes it, so that no route can forget to: a handler says what it did by
//! a [`Deed`] in its answer, and one that says nothing is noted by its method and path. The entry is kept
//! before the answer goes out.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::{
    Json,
    extract::{ConnectInfo, RawQuery, Request, State},
    middleware::Next,
    response::{IntoResponseParts, Response, ResponseParts},
};
use jiff::Timestamp;
use motia_core::{
    json::JsonText,
    redact::redact,
    role::{Role, may_change},
    store::{Batch, Page, PageRequest, Slice, Write},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Desk, Refusal,
    input::{instant, query},
    operations::{Routes, does},
    paging::{Paging, by_number},
    who,
};

/// The target of the lines that say what a person changed.
const TARGET: &str = "motia::audit";

/// The state group that the audit log is kept in.
pub const KEPT_IN: &str = "__motia.audit";

/// What was there before and after is kept up to this size, in bytes of JSON.
const LARGEST: usize = 2048;

/// After so many entries the log is looked at, whether it is too long.
const BETWEEN_LOOKS: u64 = 64;

/// Who changed what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AuditEntry")]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// Who: the name that was given.
    pub by: String,
    /// In which role.
    pub role: Role,
    /// From which address; absent for the command line beside an app at rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// What was done: `queue.pause`, `state.set`.
    pub did: String,
    /// What it was done to.
    pub what: String,
    /// What was there before, if it is small; secrets are redacted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What is there since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
    /// The status that was answered, where it failed half way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

/// What a handler did: a part of its answer, which the audit log takes out again.
///
/// `Ok((Deed::new("queue.pause", &step).by(by), Json(queue)))`
#[derive(Debug, Clone)]
pub(crate) struct Deed {
    did: &'static str,
    what: String,
    by: Option<String>,
    before: Option<Value>,
    after: Option<Value>,
}

impl Deed {
    /// This was done to that.
    pub(crate) fn new(did: &'static str, what: impl Into<String>) -> Self {
        Self { did, what: what.into(), by: None, before: None, after: None }
    }

    /// By whom, where the body said it.
    pub(crate) fn by(self, by: impl Into<String>) -> Self {
        Self { by: Some(by.into()), ..self }
    }

    /// What was there before.
    pub(crate) fn before(self, before: &impl Serialize) -> Self {
        Self { before: shown(before), ..self }
    }

    /// What is there since.
    pub(crate) fn after(self, after: &impl Serialize) -> Self {
        Self { after: shown(after), ..self }
    }
}

/// A value as it is kept here: without its secrets, and only if it is small.
fn shown(value: &impl Serialize) -> Option<Value> {
    let mut value = serde_json::to_value(value).ok().filter(|value| !value.is_null())?;
    redact(&mut value);
    match value.to_string().len() {
        0..=LARGEST => Some(value),
        size => Some(Value::String(format!("({size} bytes)"))),
    }
}

impl IntoResponseParts for Deed {
    type Error = std::convert::Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Self::Error> {
        parts.extensions_mut().insert(self);
        Ok(parts)
    }
}

/// Numbers entries, and knows when to look at the length of the log.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    last: AtomicU64,
    written: AtomicU64,
}

impl Numbers {
    /// A number that rises with time, also across restarts, and is nobody else's.
    fn next(&self, now: Timestamp) -> u64 {
        let instant = u64::try_from(now.as_microsecond()).unwrap_or_default();
        let next = |last: u64| Some(instant.max(last + 1));
        let last = self.last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
        instant.max(last.unwrap_or_default() + 1)
    }
}

/// The newest has the lowest key, so that pages begin with it.
fn key(number: u64) -> String {
    format!("{:020}", u64::MAX - number)
}

/// Keeps in the audit log what a request changed. What was begun is ended and kept even if the caller goes
/// away meanwhile.
pub(crate) async fn keep(State(desk): State<Arc<Desk>>, request: Request, next: Next) -> Response {
    if !may_change(request.method()) {
        return next.run(request).await;
    }
    let tasks = desk.runtime().map(|runtime| runtime.tasks().clone());
    let work = answered_and_kept(desk, request, next);
    let Some(tasks) = tasks else { return work.await };
    let (answer, answered) = tokio::sync::oneshot::channel();
    tasks.spawn(async move {
        // Nobody waits for it any more if the caller went away.
        let _ = answer.send(work.await);
    });
    match answered.await {
        Ok(response) => response,
        Err(_) => axum::response::IntoResponse::into_response(Refusal::failed("it was broken off")),
    }
}

async fn answered_and_kept(desk: Arc<Desk>, request: Request, next: Next) -> Response {
    let asked = format!("{} {}", request.method(), request.uri().path());
    let extensions = request.extensions();
    let role = extensions.get().copied().unwrap_or_default();
    let from = extensions.get().map(|ConnectInfo(peer): &ConnectInfo<SocketAddr>| peer.ip());
    let by = who::told(request.headers());

    let mut response = next.run(request).await;

    let status = response.status();
    if status.is_success() || status.is_server_error() {
        let deed = response.extensions_mut().remove::<Deed>();
        let deed = deed.unwrap_or_else(|| Deed::new("other", asked));
        let Deed { did, what, by: named, before, after } = deed;
        let entry = Entry {
            at: desk.engine().now(),
            by: named.unwrap_or(by),
            role,
            from: from.map(|ip| ip.to_string()),
            did: did.to_owned(),
            what: motia_runtime::log::printable(&what),
            before,
            after,
            status: status.is_server_error().then_some(status.as_u16()),
        };
        desk.keep_in_audit(entry).await;
    }
    response
}

impl Desk {
    /// Writes an entry down, and into the log of the program. Without it, what was done is done all the same.
    async fn keep_in_audit(&self, entry: Entry) {
        let Entry { by, did, what, role, .. } = &entry;
        let from = entry.from.as_deref();
        tracing::info!(target: TARGET, by, %role, from, what, "{did}");
        if let Err(error) = self.write_audit(&entry).await {
            let error = error.0.to_string();
            tracing::error!(target: TARGET, by, what, error, "{did} is missing in the audit log");
        }
    }

    async fn write_audit(&self, entry: &Entry) -> Result<(), Refusal> {
        let (settings, numbers) = (self.audit(), self.audit_numbers());
        let expires_at = entry.at.checked_add(settings.age).ok();
        let value = JsonText::encode(entry).map_err(|error| Refusal::failed(error.to_string()))?;
        let key = key(numbers.next(entry.at));
        let write = Write::Set { group: KEPT_IN.into(), key, value, expires_at };
        self.commit(Batch::of(write)).await?;
        if numbers.written.fetch_add(1, Ordering::Relaxed).is_multiple_of(BETWEEN_LOOKS) {
            self.shorten_audit(settings.count).await?;
        }
        Ok(())
    }

    /// Removes the oldest beyond the newest `most`.
    async fn shorten_audit(&self, most: u64) -> Result<(), Refusal> {
        let now = self.engine().now();
        let oldest = |limit| Slice { backwards: true, skip: 0, limit };
        loop {
            let total = self.store().slice(KEPT_IN, oldest(1), now).await?.total;
            let surplus = usize::try_from(total.saturating_sub(most)).unwrap_or(usize::MAX);
            if surplus == 0 {
                return Ok(());
            }
            let limit = surplus.min(PageRequest::MAX);
            let found = self.store().slice(KEPT_IN, oldest(limit), now).await?.items;
            let group = || KEPT_IN.into();
            let gone = found.into_iter().map(|(key, _)| Write::Delete { group: group(), key, now });
            self.commit(Batch { writes: gone.collect(), ..Batch::default() }).await?;
        }
    }
}

/// Which entries are wanted: those to which all that is said applies.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "AuditFilter")]
struct Wanted {
    /// By whom.
    by: Option<String>,
    /// `queue.pause`, or all of `queue`.
    did: Option<String>,
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
    since: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl Filter {
    fn passes(&self, entry: &Entry) -> bool {
        let Self { by, did, since, until } = self;
        let is_of = |did: &String| {
            entry
                .did
                .strip_prefix(did.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        by.as_ref().is_none_or(|by| *by == entry.by)
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
    let Wanted { by, did, since, until, limit, cursor } = query(text.as_deref())?;
    let request = by_number(Paging { limit, cursor })?;
    let (since, until) = (instant("since", since)?, instant("until", until)?);
    Ok(Json(desk.audited(&Filter { by, did, since, until }, request).await?))
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

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, sync::Arc, time::Duration};

    use axum::Router;
    use http::Method;
    use motia_core::store::Store as _;
    use motia_runtime::settings::AuditSettings;
    use motia_store::MemoryStore;
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        local,
        testing::{after_a_charge, at_rest, beside, get, put, registry, with_dead_letters},
    };

    async fn entries(api: &Router, query: &str) -> Vec<Value> {
        let (status, list) = get(api, &format!("/api/audit?{query}")).await;
        assert_eq!(status, 200, "{list}");
        list["items"].as_array().unwrap().clone()
    }

    async fn as_ana(api: &Router, method: Method, path: &str, body: &Value) -> u16 {
        let body = Some(body).filter(|body| !body.is_null());
        local::call_by(api, "ana", method, path, body).await.0.as_u16()
    }

    /// A method, a route, the path of it that is asked, its body, and what the log is to say of it.
    type Change<'c> = (&'static str, &'static str, &'c str, Value, &'static str);

    /// Makes each change, and looks at the log after each.
    async fn leave_one_entry_each(
        api: &Router,
        changes: &[Change<'_>],
        covered: &mut BTreeSet<(String, &'static str)>,
    ) {
        for (method, route, path, body, did) in changes {
            let before = entries(api, "limit=1000").await.len();

            let status = as_ana(api, method.parse().unwrap(), path, body).await;

            assert!((200..300).contains(&status), "{path}: {status}");
            let kept = entries(api, "limit=1000").await;
            assert_eq!(kept.len(), before + 1, "{path}: {kept:?}");
            assert_eq!((&kept[0]["did"], &kept[0]["by"]), (&json!(did), &json!("ana")), "{path}");
            assert_eq!(kept[0]["role"], json!("operate"));
            assert_ne!(kept[0]["what"], json!(""), "{path}");
            covered.insert(((*method).to_owned(), route));
        }
    }

    #[tokio::test]
    async fn whatever_changes_something_leaves_exactly_one_entry() {
        let mut covered = BTreeSet::new();
        let order = json!({ "topic": "order.placed", "payload": { "id": "o-1", "cents": 5 } });

        let (api, runtime, run) = after_a_charge().await;
        let replay = format!("/api/runs/{}/replay", run["id"].as_str().unwrap());
        let null = || Value::Null;
        let of_charge = json!({ "step": "Charge", "outcome": "ok" });
        let while_it_runs = [
            ("POST", "/api/cron/{step}/run", "/api/cron/Audit/run", null(), "cron.run"),
            ("POST", "/api/runs/{id}/replay", &*replay, null(), "run.replay"),
            ("POST", "/api/runs/replay", "/api/runs/replay", of_charge, "run.replay"),
            ("POST", "/api/queues/{step}/pause", "/api/queues/Charge/pause", null(), "queue.pause"),
            (
                "POST",
                "/api/queues/{step}/resume",
                "/api/queues/Charge/resume",
                null(),
                "queue.resume",
            ),
            (
                "POST",
                "/api/circuits/{name}/open",
                "/api/circuits/bank/open",
                null(),
                "circuit.open",
            ),
            (
                "POST",
                "/api/circuits/{name}/reset",
                "/api/circuits/bank/reset",
                null(),
                "circuit.reset",
            ),
            ("POST", "/api/emit", "/api/emit", order, "emit"),
        ];
        leave_one_entry_each(&api, &while_it_runs, &mut covered).await;
        runtime.shutdown().await.unwrap();

        let api = with_dead_letters(2).await;
        let (_, dead) = get(&api, "/api/dead").await;
        let dead = [0, 1].map(|n| dead["items"][n]["id"].as_str().unwrap().to_owned());
        let (redrive, purge) =
            (format!("/api/dead/{}/redrive", dead[0]), format!("/api/dead/{}/purge", dead[1]));
        let cancel = format!("/api/deliveries/{}/cancel", dead[0]);
        let key = "/api/state/{group}/{key}";
        let at_rest = [
            ("POST", "/api/dead/{id}/redrive", &*redrive, null(), "dead.redrive"),
            ("POST", "/api/dead/{id}/purge", &*purge, null(), "dead.purge"),
            ("POST", "/api/dead/redrive", "/api/dead/redrive?all=true", null(), "dead.redrive"),
            ("POST", "/api/dead/purge", "/api/dead/purge?all=true", null(), "dead.purge"),
            ("POST", "/api/deliveries/{id}/cancel", &*cancel, null(), "delivery.cancel"),
            ("POST", "/api/cancel", "/api/cancel", json!({ "key": "k" }), "delivery.cancel"),
            ("PUT", key, "/api/state/orders/o-1", json!({ "cents": 5 }), "state.set"),
            ("DELETE", key, "/api/state/orders/o-1", null(), "state.remove"),
        ];
        leave_one_entry_each(&api, &at_rest, &mut covered).await;

        let folder = tempfile::tempdir().unwrap();
        let layout = ("/api/flows/{flow}/layout", "/api/flows/orders/layout");
        let drawn = [("PUT", layout.0, layout.1, json!({ "positions": {} }), "layout.save")];
        leave_one_entry_each(&beside(folder.path()).await, &drawn, &mut covered).await;

        let routes = crate::routes();
        let changing = routes.operations().iter().filter(|each| !each.method.is_safe());
        let all: BTreeSet<_> = changing.map(|each| (each.method.to_string(), each.path)).collect();
        assert_eq!(covered, all, "each route that changes something is tried here");
    }

    #[tokio::test]
    async fn what_was_refused_changed_nothing_and_leaves_none() {
        let api = at_rest().await;
        as_ana(&api, Method::POST, "/api/queues/Nobody/pause", &json!(null)).await;
        as_ana(&api, Method::POST, "/api/emit", &json!({ "topic": "nobody's" })).await;
        as_ana(&api, Method::POST, "/api/nowhere", &json!(null)).await;
        as_ana(&api, Method::PUT, "/api/state/__motia.audit/00", &json!(1)).await;
        as_ana(&api, Method::DELETE, "/api/state/__motia.audit/00", &json!(null)).await;

        assert!(entries(&api, "").await.is_empty());
    }

    #[tokio::test]
    async fn what_was_there_before_and_after_is_kept_without_its_secrets() {
        let api = at_rest().await;
        put(&api, "/api/state/users/ana", &json!({ "name": "Ana", "password": "hunter2" })).await;
        put(&api, "/api/state/users/ana", &json!({ "name": "Anna", "password": "hunter3" })).await;
        put(&api, "/api/state/users/all", &json!("x".repeat(LARGEST))).await;

        let kept = entries(&api, "did=state.set").await;

        assert_eq!(kept[0]["after"], json!("(2050 bytes)"));
        assert_eq!(kept[1]["before"], json!({ "name": "Ana", "password": "[redacted]" }));
        assert_eq!(kept[1]["after"], json!({ "name": "Anna", "password": "[redacted]" }));
        assert_eq!(kept[2].get("before"), None);
    }

    #[tokio::test]
    async fn entries_are_found_by_what_is_said_of_them_the_last_one_first_in_pages() {
        let api = at_rest().await;
        for key in ["a", "b", "c"] {
            as_ana(&api, Method::PUT, &format!("/api/state/letters/{key}"), &json!(1)).await;
        }
        put(&api, "/api/state/letters/d", &json!(1)).await;

        let (_, first) = get(&api, "/api/audit?by=ana&limit=2").await;
        let next = first["next"].as_str().unwrap();
        let (_, last) = get(&api, &format!("/api/audit?by=ana&limit=2&cursor={next}")).await;

        let what = |list: &Value| -> Vec<String> {
            let items = list["items"].as_array().unwrap().iter();
            items.map(|item| item["what"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(what(&first), ["letters/c", "letters/b"]);
        assert_eq!((what(&last), &last["next"]), (vec!["letters/a".to_owned()], &json!(null)));
        assert_eq!(entries(&api, "by=the%20admin%20API").await.len(), 1);
        assert_eq!(entries(&api, "did=state").await.len(), 4);
        assert!(entries(&api, "did=stat").await.is_empty());
        assert!(entries(&api, "since=2999-01-01T00:00:00Z").await.is_empty());
        for wrong in ["limit=1001", "limit=0", "cursor=x", "since=yesterday", "colour=red"] {
            assert_eq!(get(&api, &format!("/api/audit?{wrong}")).await.0, 400, "{wrong}");
        }
    }

    #[tokio::test]
    async fn the_log_keeps_no_more_than_it_may() {
        let store = Arc::new(MemoryStore::new());
        let desk = Desk::at_rest(registry(), store.clone()).await.unwrap();
        let age = Duration::from_secs(3600);
        let api = crate::over(desk.with_audit(AuditSettings { count: 10, age }));

        for n in 0..=BETWEEN_LOOKS {
            as_ana(&api, Method::PUT, &format!("/api/state/n/{n}"), &json!(n)).await;
        }

        let kept = entries(&api, "").await;
        assert_eq!((kept.len(), &kept[0]["what"]), (10, &json!("n/64")));
        assert_eq!(kept[9]["what"], json!("n/55"));
        let later = kept[0]["at"].as_str().unwrap().parse::<Timestamp>().unwrap() + age;
        let left = store.page(KEPT_IN, PageRequest::default(), later).await.unwrap();
        assert!(left.items.is_empty(), "they have an end");
    }
}
