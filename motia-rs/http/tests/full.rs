//! What an API step answers whose event finds a full queue.
#![allow(clippy::unwrap_used, reason = "a test says so by failing")]

mod common;

use common::app;
use motia_core::{
    self as motia,
    config::{ApiConfig, EventConfig},
    context::Context,
    error::StepResult,
    http::{ApiRequest, ApiResponse},
    registry::Definition,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, JsonSchema)]
struct Parcel {}
motia::topic!(Parcel = "parcel");

/// Takes one parcel, and is never done with it.
fn ship() -> Definition {
    async fn handler(_: Parcel, _: Context) -> StepResult {
        std::future::pending().await
    }
    EventConfig::<Parcel>::new("Ship").max_depth(1).bind(handler)
}

fn send() -> Definition {
    async fn handler(_: ApiRequest<()>, ctx: Context<(Parcel,)>) -> StepResult<ApiResponse<()>> {
        ctx.emit(Parcel {}).await?;
        Ok(ApiResponse::ok(()))
    }
    ApiConfig::<(), (), (Parcel,)>::post("Send", "/send").bind(handler)
}

fn send_in_a_transaction() -> Definition {
    async fn handler(_: ApiRequest<()>, ctx: Context<(Parcel,)>) -> StepResult<ApiResponse<()>> {
        let mut tx = ctx.transaction();
        tx.emit(Parcel {});
        tx.commit().await?;
        Ok(ApiResponse::ok(()))
    }
    ApiConfig::<(), (), (Parcel,)>::post("SendInATransaction", "/send-in-a-transaction")
        .bind(handler)
}

#[tokio::test]
async fn a_step_that_emits_into_a_full_queue_answers_503_and_when_to_come_back() {
    let app = app([ship(), send(), send_in_a_transaction()]).await;

    assert_eq!(app.post("/send", "").await.status, 200);

    for path in ["/send", "/send-in-a-transaction"] {
        let refused = app.post(path, "").await;
        let problem = refused.problem(503);
        assert_eq!(refused.header("retry-after"), Some("1"), "{path}");
        assert!(!problem["detail"].as_str().unwrap().contains("Ship"), "{problem}");
    }
}
