//! A list that everybody who looks at it sees change.
//!
//! `cargo run --example streams`, open <http://localhost:3000> twice, and in a terminal:
//!
//! ```sh
//! curl -X POST localhost:3000/lists/home -H 'content-type: application/json' -d '{"text":"milk"}'
//! curl -X PUT localhost:3000/lists/home/1 -H 'content-type: application/json' -d '{"text":"milk","done":true}'
//! curl -X POST localhost:3000/lists/home/bell
//! curl -N localhost:3000/__motia/streams/todos/home
//! ```

use motia::prelude::*;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Todo {
    #[schemars(length(min = 1, max = 200))]
    text: String,
    #[serde(default)]
    done: bool,
}

/// All that is to be done, one group for each list.
const TODOS: Stream<Todo> = Stream::new("todos");
stream!(TODOS.access(is_no_secret).on_join(note));

async fn is_no_secret(visit: Visit, _: Context) -> StepResult<bool> {
    Ok(visit.group != "secret")
}

async fn note(visit: Visit, ctx: Context) -> StepResult {
    ctx.logger.info("somebody looks", json!({ "list": visit.group }));
    Ok(())
}

/// How many were added to each list, for their numbers.
const ADDED: StateGroup<i64> = StateGroup::new("added");

/// `POST /lists/{list}`: adds to a list.
mod add {
    use super::*;

    const CONFIG: ApiConfig<Todo, Value> = ApiConfig::post("AddTodo", "/lists/{list}");

    pub(super) async fn handler(
        req: ApiRequest<Todo>,
        ctx: Context,
    ) -> StepResult<ApiResponse<Value>> {
        let list = req.param("list").unwrap_or_default();
        let id = ctx.state.increment(ADDED, list, 1).await?.to_string();

        ctx.streams.set(TODOS, list, &id, &req.body).await?;

        Ok(ApiResponse::created(json!({ "id": id })))
    }

    step!(CONFIG, handler);
}

/// `PUT /lists/{list}/{id}`: changes what is on a list.
mod change {
    use super::*;

    const CONFIG: ApiConfig<Todo, ()> = ApiConfig::put("ChangeTodo", "/lists/{list}/{id}");

    pub(super) async fn handler(
        req: ApiRequest<Todo>,
        ctx: Context,
    ) -> StepResult<ApiResponse<()>> {
        let (list, id) =
            (req.param("list").unwrap_or_default(), req.param("id").unwrap_or_default());

        let mut tx = ctx.transaction();
        let Some(_) = tx.stream_get(TODOS, list, id).await? else {
            return Err(StepError::reject(
                StatusCode::NOT_FOUND,
                "there is nothing of this number",
            ));
        };
        tx.stream_set(TODOS, list, id, &req.body);
        tx.commit().await?;

        Ok(ApiResponse::no_content())
    }

    step!(CONFIG, handler);
}

/// `DELETE /lists/{list}/{id}`: takes something off a list.
mod remove {
    use super::*;

    const CONFIG: ApiConfig<(), ()> = ApiConfig::delete("RemoveTodo", "/lists/{list}/{id}");

    pub(super) async fn handler(req: ApiRequest<()>, ctx: Context) -> StepResult<ApiResponse<()>> {
        let (list, id) =
            (req.param("list").unwrap_or_default(), req.param("id").unwrap_or_default());
        ctx.streams.delete(TODOS, list, id).await?;
        Ok(ApiResponse::no_content())
    }

    step!(CONFIG, handler);
}

/// `POST /lists/{list}/bell`: rings at everybody who looks at a list. Nothing of it is kept.
mod bell {
    use super::*;

    const CONFIG: ApiConfig<(), ()> = ApiConfig::post("RingBell", "/lists/{list}/bell");

    pub(super) async fn handler(req: ApiRequest<()>, ctx: Context) -> StepResult<ApiResponse<()>> {
        let list = req.param("list").unwrap_or_default();
        ctx.streams.send(TODOS, list, "bell", &"ding").await?;
        Ok(ApiResponse::no_content())
    }

    step!(CONFIG, handler);
}

/// `GET /`: the page that shows the list `home`.
mod page {
    use super::*;

    const CONFIG: ApiConfig<(), Html> = ApiConfig::get("Page", "/");

    async fn handler(_: ApiRequest<()>, _: Context) -> StepResult<ApiResponse<Html>> {
        Ok(ApiResponse::ok(Html(include_str!("streams.html").into())))
    }

    step!(CONFIG, handler);
}

fn main() -> std::process::ExitCode {
    motia::App::new().run()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use motia_testkit::{Seen, TestApp, fake};

    use super::*;

    fn milk(done: bool) -> Todo {
        Todo { text: "milk".into(), done }
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_looks_sees_what_is_there_and_then_each_change() {
        let app = TestApp::start().await;
        app.post("/lists/home").json(&milk(false)).send().await;

        let mut list = app.watch(TODOS, "home").await;
        app.request("PUT", "/lists/home/1").json(&milk(true)).send().await;
        app.post("/lists/home/bell").send().await;
        app.request("DELETE", "/lists/home/1").send().await;

        assert_eq!(list.next().await, Seen::Sync(BTreeMap::from([("1".into(), milk(false))])));
        assert_eq!(list.next().await, Seen::Updated("1".into(), milk(true)));
        assert_eq!(list.next().await, Seen::Sent("bell".into(), json!("ding")));
        assert_eq!(list.next().await, Seen::Deleted("1".into(), milk(true)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_secret_list_is_shown_to_nobody() {
        let app = TestApp::start().await;

        let refused = app.try_watch(TODOS, "secret", None).await.unwrap_err();

        assert_eq!(refused.code(), "STREAM_ACCESS_DENIED");
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_taken_off_is_not_changed() {
        let app = TestApp::start().await;
        let reply = app.request("PUT", "/lists/home/1").json(&milk(true)).send().await;
        assert_eq!(reply.status, StatusCode::NOT_FOUND);
    }

    #[tokio::test]
    async fn the_bell_is_heard_and_not_kept() {
        let (ctx, probe) = fake();

        bell::handler(ApiRequest::new(()).with_param("list", "home"), ctx).await.unwrap();

        assert_eq!(probe.sent(TODOS, "home"), [("bell".to_owned(), json!("ding"))]);
        assert_eq!(probe.streams.group(TODOS, "home").await.unwrap().items, []);
    }

    #[tokio::test]
    async fn an_empty_wish_is_refused_by_the_schema() {
        let (ctx, _probe) = fake();
        let empty = Todo { text: String::new(), done: false };
        let request = ApiRequest::new(empty).with_param("list", "home");

        let refused = add::handler(request, ctx).await.unwrap_err();

        assert!(refused.to_string().contains("/text"), "{refused}");
    }
}
