//! The state: groups of entries, browsed page by page and edited one by one.

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::{
        Path, RawQuery, State,
        rejection::{BytesRejection, PathRejection},
    },
};
use http::{HeaderMap, StatusCode, header};
use jiff::Timestamp;
use motia_core::{
    json::JsonText,
    redact::{REDACTED, is_secret, restore},
    store::{Batch, Entry, Outcome, Page, PageRequest, Require, Write},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Desk, RESERVED, Refusal,
    audit::Deed,
    input::{json_body, query},
    operations::{Routes, does},
    paging::{Paging, gather, search},
};

/// A state group.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GroupInfo {
    /// Its name.
    pub group: String,
    /// How many entries it has.
    pub entries: u64,
}

/// An entry of a state group.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EntryInfo {
    /// Its key.
    pub key: String,
    /// What was set; secrets are redacted.
    pub value: Value,
    /// Rises with each write.
    pub version: u64,
    /// When it is gone, if it has an end.
    pub expires_at: Option<Timestamp>,
}

/// A page of the entries of a group.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Entries {
    /// The page, in the order of the keys. Of a search there may be none on it, and more on the next.
    #[serde(flatten)]
    pub page: Page<EntryInfo>,
    /// Of a search, how many keys were looked at for this page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub searched: Option<usize>,
}

/// Which entries are wanted.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "EntryFilter")]
struct Wanted {
    /// With this text in the key, whatever the case.
    text: Option<String>,
    /// At most so many.
    limit: Option<usize>,
    /// The `next` of the page before.
    cursor: Option<String>,
}

impl EntryInfo {
    fn of(group: &str, (key, entry): (String, Entry)) -> Self {
        let value = shown(group, &key, &entry.value);
        Self { key, value, version: entry.version, expires_at: entry.expires_at }
    }
}

/// A value as people may see it.
fn shown(group: &str, key: &str, value: &JsonText) -> Value {
    if is_secret(group) || is_secret(key) { Value::from(REDACTED) } else { value.shown() }
}

pub(crate) fn routes() -> Routes {
    Routes::default()
        .get(
            "/api/state",
            groups,
            does("Lists the state groups of the app")
                .query::<Paging>()
                .answers::<Page<GroupInfo>>(),
        )
        .get(
            "/api/state/{group}",
            entries,
            does("Lists the entries of a group").query::<Wanted>().answers::<Entries>(),
        )
        .get("/api/state/{group}/{key}", entry, does("Shows an entry").answers::<EntryInfo>())
        .put(
            "/api/state/{group}/{key}",
            set,
            does(
                "Sets an entry, which ends when it was to end before; with `If-Match`, only if it still \
                 has that version",
            )
                .takes::<JsonText>(),
        )
        .delete(
            "/api/state/{group}/{key}",
            remove,
            does("Removes an entry; with `If-Match`, only if it still has that version"),
        )
}

async fn groups(
    State(desk): State<Arc<Desk>>,
    RawQuery(text): RawQuery,
) -> Result<Json<Page<GroupInfo>>, Refusal> {
    let request = query::<Paging>(text.as_deref())?.request()?;
    let mut next = request.after;
    loop {
        let page = PageRequest::first(request.limit).after(next);
        let page = desk.store().groups(page).await?;
        let shown = page.items.into_iter().filter(|(group, _)| !group.starts_with(RESERVED));
        let items: Vec<_> = shown.map(|(group, entries)| GroupInfo { group, entries }).collect();
        if !items.is_empty() || page.next.is_none() {
            return Ok(Json(Page { items, next: page.next }));
        }
        next = page.next;
    }
}

async fn entries(
    State(desk): State<Arc<Desk>>,
    group: Result<Path<String>, PathRejection>,
    RawQuery(text): RawQuery,
) -> Result<Json<Entries>, Refusal> {
    let Path(group) = group?;
    let Wanted { text, limit, cursor } = query(text.as_deref())?;
    let request = Paging { limit, cursor }.request()?;
    let now = desk.engine().now();
    let read = |request| desk.store().page(&group, request, now);
    let bytes = |(key, entry): &(String, Entry)| key.len() + entry.value.len();

    let (found, searched) = match text.map(|text| text.to_lowercase()) {
        None => (gather(request, read, bytes).await?, None),
        Some(text) => {
            let passes = |(key, _): &(String, Entry)| key.to_lowercase().contains(&text);
            let (page, searched) = search(request, read, bytes, |(key, _)| key, passes).await?;
            (page, Some(searched))
        }
    };
    let items = found.items.into_iter().map(|entry| EntryInfo::of(&group, entry)).collect();
    Ok(Json(Entries { page: Page { items, next: found.next }, searched }))
}

async fn entry(
    State(desk): State<Arc<Desk>>,
    place: Result<Path<(String, String)>, PathRejection>,
) -> Result<Json<EntryInfo>, Refusal> {
    let Path((group, key)) = place?;
    let entry = desk.store().get(&group, &key, desk.engine().now()).await?;
    let entry = entry.ok_or_else(|| missing(&group, &key))?;
    Ok(Json(EntryInfo::of(&group, (key, entry))))
}

async fn set(
    State(desk): State<Arc<Desk>>,
    place: Result<Path<(String, String)>, PathRejection>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Deed, ()), Refusal> {
    let Path((group, key)) = place?;
    may_write(&desk, &group, &key)?;
    let mut value = json_body(&headers, &body?)?;
    let before = desk.store().get(&group, &key, desk.engine().now()).await?;
    let sent = value.clone();
    let kept = before.as_ref().map_or(Value::Null, |entry| entry.value.to_value());
    restore(&mut value, &kept).map_err(|error| Refusal::bad(error.to_string()))?;
    let is_restored = value != sent;
    let value = JsonText::encode(&value).map_err(|error| Refusal::bad(error.to_string()))?;
    let limit = desk.engine().limits().payload;
    if value.len() > limit {
        let size = value.len();
        let told = format!("the value has {size} bytes; the limit is {limit} (`max_payload`)");
        return Err(Refusal::too_large(told));
    }

    let mut requires = expected(&desk, &headers, &group, &key)?;
    // It ends when it was to end before.
    let expires_at = before.as_ref().and_then(|entry| entry.expires_at);
    if is_restored || expires_at.is_some() {
        // What was taken over from it must be what is still kept.
        let version = before.as_ref().map(|entry| entry.version);
        requires.push(at_version(&desk, &group, &key, version));
    }
    let deed = Deed::new("state.set", format!("{group}/{key}"))
        .before(&before.map(|entry| shown(&group, &key, &entry.value)))
        .after(&shown(&group, &key, &value));
    let write = Write::Set { group: group.into(), key, value, expires_at };
    desk.commit(Batch { requires, ..Batch::of(write) }).await?;
    Ok((StatusCode::NO_CONTENT, deed, ()))
}

async fn remove(
    State(desk): State<Arc<Desk>>,
    place: Result<Path<(String, String)>, PathRejection>,
    headers: HeaderMap,
) -> Result<(StatusCode, Deed, ()), Refusal> {
    let Path((group, key)) = place?;
    may_write(&desk, &group, &key)?;
    let requires = expected(&desk, &headers, &group, &key)?;
    let now = desk.engine().now();
    let before = desk.store().get(&group, &key, now).await?;
    let write = Write::Delete { group: group.clone().into(), key: key.clone(), now };
    let committed = desk.commit(Batch { requires, ..Batch::of(write) }).await?;
    if committed.outcomes.contains(&Outcome::Removed(None)) {
        return Err(missing(&group, &key));
    }
    let deed = Deed::new("state.remove", format!("{group}/{key}"))
        .before(&before.map(|entry| shown(&group, &key, &entry.value)));
    Ok((StatusCode::NO_CONTENT, deed, ()))
}

fn missing(group: &str, key: &str) -> Refusal {
    Refusal::missing(format!("no entry `{key}` in `{group}`"))
}

fn may_write(desk: &Desk, group: &str, key: &str) -> Result<(), Refusal> {
    let limit = desk.engine().limits().key;
    if group.starts_with(RESERVED) {
        return Err(Refusal::bad(format!(
            "groups that begin with `{RESERVED}` are the framework's"
        )));
    }
    if group.is_empty() || key.is_empty() || group.len() > limit || key.len() > limit {
        return Err(Refusal::bad(format!("a group and a key have 1 to {limit} bytes")));
    }
    Ok(())
}

/// `If-Match: "7"`: the entry must still have the version that the caller saw.
fn expected(
    desk: &Desk,
    headers: &HeaderMap,
    group: &str,
    key: &str,
) -> Result<Vec<Require>, Refusal> {
    let Some(header) = headers.get(header::IF_MATCH) else { return Ok(Vec::new()) };
    let version = header.to_str().ok().and_then(|text| text.trim_matches('"').parse().ok());
    let version = version
        .ok_or_else(|| Refusal::bad("`If-Match` holds the version that was read, such as \"7\""))?;
    Ok(vec![at_version(desk, group, key, Some(version))])
}

fn at_version(desk: &Desk, group: &str, key: &str, version: Option<u64>) -> Require {
    let (group, key) = (group.to_owned().into(), key.to_owned());
    Require::Version { group, key, version, now: desk.engine().now() }
}

#[cfg(test)]
mod tests {
    use http::Method;
    use jiff::Timestamp;
    use motia_core::{
        json::JsonText,
        store::{Batch, Store as _, Write},
    };
    use serde_json::json;

    use crate::{
        local::call,
        testing::{at_rest, at_rest_over_a_store, get, put},
    };

    #[tokio::test]
    async fn an_entry_that_is_set_is_read_listed_and_removed() {
        let api = at_rest().await;

        let (status, _) = put(&api, "/api/state/orders/o%2F1", &json!({ "cents": 5 })).await;

        assert_eq!(status, 204);
        let (_, entry) = get(&api, "/api/state/orders/o%2F1").await;
        assert_eq!((&entry["key"], &entry["value"]), (&json!("o/1"), &json!({ "cents": 5 })));
        let (_, groups) = get(&api, "/api/state").await;
        assert_eq!(groups["items"], json!([{ "group": "orders", "entries": 1 }]));

        let (status, _) = call(&api, Method::DELETE, "/api/state/orders/o%2F1", None).await;
        assert_eq!(status, 204);
        let (status, _) = call(&api, Method::DELETE, "/api/state/orders/o%2F1", None).await;
        assert_eq!(status, 404);
    }

    #[tokio::test]
    async fn secrets_are_shown_to_nobody_and_are_still_there_after_an_edit() {
        let (api, store) = at_rest_over_a_store().await;
        let user = json!({ "name": "Ana", "password": "hunter2" });
        put(&api, "/api/state/users/ana", &user).await;
        put(&api, "/api/state/vault/api-key", &json!("hunter2")).await;

        for path in ["/api/state/users", "/api/state/users/ana", "/api/state/vault/api-key"] {
            let (_, shown) = get(&api, path).await;
            assert!(!shown.to_string().contains("hunter2"), "{shown}");
        }
        let (_, entry) = get(&api, "/api/state/users/ana").await;
        let mut edited = entry["value"].clone();
        edited["name"] = json!("Anna");
        assert_eq!(put(&api, "/api/state/users/ana", &edited).await.0, 204);

        let kept = store.get("users", "ana", Timestamp::UNIX_EPOCH).await.unwrap().unwrap();
        assert_eq!(kept.value.to_value(), json!({ "name": "Anna", "password": "hunter2" }));
        let (status, problem) = put(&api, "/api/state/users/ben", &edited).await;
        assert_eq!(status, 400, "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains("/password"), "{problem}");
    }

    #[tokio::test]
    async fn an_entry_that_is_edited_ends_when_it_was_to_end_before() {
        let (api, store) = at_rest_over_a_store().await;
        let end: Timestamp = "9999-01-01T00:00:00Z".parse().unwrap();
        let (group, key) = ("sessions".into(), "s-1".to_owned());
        let value = JsonText::encode(&1).unwrap();
        let set = Write::Set { group, key, value, expires_at: Some(end) };
        store.commit(Batch::of(set)).await.unwrap();
        let (_, before) = get(&api, "/api/state/sessions/s-1").await;

        put(&api, "/api/state/sessions/s-1", &json!(2)).await;

        let (_, after) = get(&api, "/api/state/sessions/s-1").await;
        assert!(before["expiresAt"].is_string());
        assert_eq!((&after["value"], &after["expiresAt"]), (&json!(2), &before["expiresAt"]));
    }

    #[tokio::test]
    async fn a_group_comes_in_pages() {
        let api = at_rest().await;
        for key in ["a", "b", "c"] {
            put(&api, &format!("/api/state/letters/{key}"), &json!(key)).await;
        }

        let (_, first) = get(&api, "/api/state/letters?limit=2").await;
        let (_, last) = get(&api, "/api/state/letters?limit=2&cursor=b").await;

        assert_eq!((first["items"].as_array().unwrap().len(), &first["next"]), (2, &json!("b")));
        assert_eq!((&last["items"][0]["key"], &last["next"]), (&json!("c"), &json!(null)));
    }

    #[tokio::test]
    async fn entries_are_found_by_a_part_of_their_key() {
        let api = at_rest().await;
        for key in ["order-1", "order-2", "ORDER-3", "parcel-1"] {
            put(&api, &format!("/api/state/desk/{key}"), &json!(key)).await;
        }

        let (_, found) = get(&api, "/api/state/desk?text=order").await;

        let keys: Vec<_> =
            found["items"].as_array().unwrap().iter().map(|each| &each["key"]).collect();
        assert_eq!(keys, ["ORDER-3", "order-1", "order-2"]);
        assert_eq!((&found["searched"], &found["next"]), (&json!(4), &json!(null)));
        let (_, all) = get(&api, "/api/state/desk").await;
        assert!(all.get("searched").is_none());
    }

    #[tokio::test]
    async fn the_frameworks_own_groups_are_neither_listed_nor_written() {
        let api = at_rest().await;
        let (status, _) = put(&api, "/api/state/__motia.cron/last", &json!(1)).await;
        assert_eq!(status, 400);
    }

    #[tokio::test]
    async fn what_is_too_large_is_refused() {
        let text = "x".repeat(1024 * 1024);
        let (status, problem) = put(&at_rest().await, "/api/state/big/one", &json!(text)).await;
        assert_eq!(status, 413, "{problem}");

        let key = "k".repeat(513);
        let (status, _) = put(&at_rest().await, &format!("/api/state/g/{key}"), &json!(1)).await;
        assert_eq!(status, 400);
    }
}
