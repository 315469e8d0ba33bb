//! The streams of the app: their groups, and the items of each.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, RawQuery, State, rejection::PathRejection},
};
use motia_core::{
    json::JsonText,
    schema::{Schemas, self_contained},
    store::{Entry, Page, PageRequest, change::watched},
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::{
    Desk, Refusal, example,
    input::query,
    operations::{Routes, does},
    paging::{Paging, gather, page_of},
};

/// As many groups of a stream are counted.
const MOST_COUNTED: usize = 10_000;

/// A stream.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StreamInfo {
    /// Its name.
    pub name: &'static str,
    /// What its items are, as their type says it.
    pub description: String,
    /// The schema of its items.
    pub schema: Value,
    /// How many groups it has.
    pub groups: u64,
    /// Whether there are more than were counted.
    pub more: bool,
}

/// A group of a stream.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StreamGroup {
    /// Its name.
    pub group: String,
    /// How many items it has.
    pub items: u64,
}

/// An item of a stream's group.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StreamItem {
    /// Its id.
    pub id: String,
    /// What was set; secrets are redacted.
    pub value: JsonText,
    /// Rises with each change.
    pub version: u64,
}

pub(crate) fn routes() -> Routes {
    Routes::default()
        .get(
            "/api/streams",
            list,
            does("Lists the streams by name").query::<Paging>().answers::<Page<StreamInfo>>(),
        )
        .get(
            "/api/streams/{name}",
            groups,
            does("Lists the groups of a stream").query::<Paging>().answers::<Page<StreamGroup>>(),
        )
        .get(
            "/api/streams/{name}/{group}",
            items,
            does("Lists the items of a stream's group")
                .query::<Paging>()
                .answers::<Page<StreamItem>>(),
        )
}

async fn list(
    State(desk): State<Arc<Desk>>,
    RawQuery(text): RawQuery,
) -> Result<Json<Page<StreamInfo>>, Refusal> {
    let request = query::<Paging>(text.as_deref())?.request()?;
    let streams = desk.registry().streams.iter().map(|(stream, _)| stream);
    let page = page_of(&request, streams, |stream| stream.name);
    let (mut schemas, mut items) = (Schemas::default(), Vec::with_capacity(page.items.len()));
    for stream in page.items {
        let schema = schemas.output(stream.schema);
        let schema = self_contained(schema, schemas.output_definitions());
        let described = example::resolve(&schema, &schema)["description"].as_str();
        let (groups, more) = count(&desk, stream.name).await?;
        items.push(StreamInfo {
            name: stream.name,
            description: described.unwrap_or_default().to_owned(),
            schema,
            groups,
            more,
        });
    }
    Ok(Json(Page { items, next: page.next }))
}

async fn groups(
    State(desk): State<Arc<Desk>>,
    name: Result<Path<String>, PathRejection>,
    RawQuery(text): RawQuery,
) -> Result<Json<Page<StreamGroup>>, Refusal> {
    let Path(name) = name?;
    let request = query::<Paging>(text.as_deref())?.request()?;
    known(&desk, &name)?;
    Ok(Json(groups_of(&desk, &name, request).await?))
}

async fn items(
    State(desk): State<Arc<Desk>>,
    place: Result<Path<(String, String)>, PathRejection>,
    RawQuery(text): RawQuery,
) -> Result<Json<Page<StreamItem>>, Refusal> {
    let Path((name, group)) = place?;
    let request = query::<Paging>(text.as_deref())?.request()?;
    known(&desk, &name)?;
    let (kept_in, now) = (watched(&name, &group), desk.engine().now());
    let read = |request| desk.store().page(&kept_in, request, now);
    let page = gather(request, read, |(id, entry): &(String, Entry)| id.len() + entry.value.len());
    let Page { items, next } = page.await?;
    let item = |(id, entry): (String, Entry)| StreamItem {
        id,
        value: entry.value.redacted(),
        version: entry.version,
    };
    Ok(Json(Page { items: items.into_iter().map(item).collect(), next }))
}

fn known(desk: &Desk, name: &str) -> Result<(), Refusal> {
    let stream = desk.registry().stream(name);
    stream.map(drop).ok_or_else(|| Refusal::missing(format!("no stream `{name}`")))
}

/// A page of the groups of a stream; its cursors are their names.
async fn groups_of(
    desk: &Desk,
    stream: &str,
    request: PageRequest,
) -> Result<Page<StreamGroup>, Refusal> {
    let first = watched(stream, "");
    let after = watched(stream, request.after.as_deref().unwrap_or_default());
    let page = desk.store().groups(PageRequest { after: Some(after), ..request }).await?;
    let mut items = Vec::with_capacity(page.items.len());
    for (group, count) in page.items {
        // Whatever comes behind those of the stream in the order of names is no longer its.
        let Some(group) = group.strip_prefix(&first) else { return Ok(Page { items, next: None }) };
        items.push(StreamGroup { group: group.to_owned(), items: count });
    }
    let next = page.next.and_then(|next| Some(next.strip_prefix(&first)?.to_owned()));
    Ok(Page { items, next })
}

/// How many groups a stream has, and whether there are more than that.
async fn count(desk: &Desk, stream: &str) -> Result<(u64, bool), Refusal> {
    let (mut counted, mut request) = (0, PageRequest::first(PageRequest::MAX));
    loop {
        let page = groups_of(desk, stream, request).await?;
        counted += page.items.len();
        match page.next {
            next @ Some(_) if counted < MOST_COUNTED => {
                request = PageRequest::first(PageRequest::MAX).after(next);
            }
            next => return Ok((counted as u64, next.is_some())),
        }
    }
}

#[cfg(test)]
mod tests {
    use motia_core::{
        store::{Batch, Write},
        trace::TraceContext,
    };
    use serde_json::json;

    use super::*;
    use crate::testing::{get, runtime, streaming};

    async fn app(items: &[(&str, &str)]) -> axum::Router {
        let runtime = runtime(streaming()).await;
        let run = motia_core::context::Run::new(
            runtime.engine().clone(),
            "outside",
            TraceContext::root(),
        );
        for (group, id) in items {
            let value = JsonText::encode(&json!({ "cents": 5 })).unwrap();
            let (group, key) = (watched("till", group).into(), (*id).to_owned());
            let write = Write::Set { group, key, value, expires_at: None };
            runtime.engine().commit(&run, Batch::of(write)).await.unwrap();
        }
        crate::over(Desk::running(runtime).beside(None))
    }

    #[tokio::test]
    async fn a_stream_is_listed_with_its_groups_and_their_items() {
        let api = app(&[("shop/1", "o-1"), ("shop/1", "o-2"), ("shop/2", "o-3")]).await;

        let (status, streams) = get(&api, "/api/streams").await;
        assert_eq!(status, 200);
        let till = &streams["items"][0];
        assert_eq!((&till["name"], &till["groups"]), (&json!("till"), &json!(2)));
        assert_eq!(till["description"], json!("What was paid at a till."));
        assert!(till["schema"]["$ref"].is_string(), "{till}");
        assert_eq!(streams["items"][1]["groups"], json!(0));

        let (_, groups) = get(&api, "/api/streams/till?limit=1").await;
        assert_eq!(groups["items"], json!([{ "group": "shop/1", "items": 2 }]));
        let (_, rest) = get(&api, "/api/streams/till?cursor=shop/1").await;
        assert_eq!(rest["items"], json!([{ "group": "shop/2", "items": 1 }]));

        let (_, items) = get(&api, "/api/streams/till/shop%2F1").await;
        assert_eq!(items["items"][1]["id"], json!("o-2"));
        assert_eq!(items["items"][1]["value"], json!({ "cents": 5 }));
    }

    #[tokio::test]
    async fn what_is_no_stream_has_no_groups() {
        let api = app(&[]).await;
        for path in ["/api/streams/nothing", "/api/streams/nothing/at"] {
            assert_eq!(get(&api, path).await.0, 404, "{path}");
        }
        assert_eq!(get(&api, "/api/streams/till/nowhere").await.1["items"], json!([]));
    }
}
