//! What answers look like on the wire.
#![allow(clippy::unwrap_used, reason = "a test says so by failing")]

mod common;

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use common::{app, setup};
use futures_util::{StreamExt as _, stream};
use motia_core::{
    config::ApiConfig,
    context::Context,
    error::{StepError, StepResult},
    http::{ApiRequest, ApiResponse, Html, Multipart, RawBytes, ReplyBody, Sse, SseEvent, Text},
};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

type Request = ApiRequest<()>;

const SENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[tokio::test]
async fn a_run_belongs_to_the_callers_trace_or_starts_its_own() {
    async fn handler(_: Request, ctx: Context) -> StepResult<ApiResponse<Text>> {
        Ok(ApiResponse::ok(Text(ctx.trace_id().to_string())))
    }
    let app = app([ApiConfig::<(), Text>::get("Trace", "/trace").bind(handler)]).await;

    let followed = app.send("GET /trace", &[&format!("traceparent: {SENT}")], "").await;
    let alone = app.get("/trace").await;
    let broken = app.send("GET /trace", &["traceparent: 00-nonsense"], "").await;

    assert_eq!(followed.text(), "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(followed.header("x-trace-id"), Some(followed.text()));
    let said = followed.header("traceparent").unwrap();
    assert!(said.starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-") && said != SENT, "{said}");
    assert_eq!(alone.header("x-trace-id"), Some(alone.text()));
    assert_eq!(alone.header("traceparent"), None);
    assert_eq!(broken.text().len(), 32);
}

#[tokio::test]
async fn each_kind_of_body_says_its_type_unless_the_step_does() {
    async fn html(_: Request, _: Context) -> StepResult<ApiResponse<Html>> {
        Ok(ApiResponse::ok(Html("<p>".into())))
    }
    async fn bytes(_: Request, _: Context) -> StepResult<ApiResponse<RawBytes>> {
        let png = RawBytes(b"\x89PNG".as_slice().into());
        Ok(ApiResponse::ok(png).header("content-type", "image/png").header("x-trace-id", "forged"))
    }
    async fn nothing(_: Request, _: Context) -> StepResult<ApiResponse<()>> {
        Ok(ApiResponse::no_content())
    }
    async fn parts(_: Request, _: Context) -> StepResult<ApiResponse<ReplyBody>> {
        let parts = stream::iter(["a", "b"]).map(|part| Ok(part.into()));
        Ok(ApiResponse::ok(ReplyBody::Stream("text/csv", Box::pin(parts))))
    }
    let app = app([
        ApiConfig::<(), Html>::get("Html", "/html").bind(html),
        ApiConfig::<(), RawBytes>::get("Bytes", "/bytes").bind(bytes),
        ApiConfig::<(), ()>::get("Nothing", "/nothing").bind(nothing),
        ApiConfig::<(), ReplyBody>::get("Parts", "/parts").bind(parts),
    ])
    .await;

    assert_eq!(app.get("/html").await.header("content-type"), Some("text/html; charset=utf-8"));
    let bytes = app.get("/bytes").await;
    assert_eq!(bytes.header("content-type"), Some("image/png"));
    assert_eq!(bytes.head.matches("x-trace-id").count(), 1);
    assert_ne!(bytes.header("x-trace-id"), Some("forged"));
    let nothing = app.get("/nothing").await;
    assert_eq!((nothing.status, nothing.header("content-type")), (204, None));
    let parts = app.get("/parts").await;
    assert_eq!((parts.text(), parts.header("content-type")), ("ab", Some("text/csv")));
}

#[tokio::test]
async fn head_is_answered_like_get_without_the_body() {
    async fn handler(_: Request, _: Context) -> StepResult<ApiResponse<Text>> {
        Ok(ApiResponse::ok(Text("twelve chars".into())))
    }
    let app = app([ApiConfig::<(), Text>::get("Head", "/head").bind(handler)]).await;

    let head = app.send("HEAD /head", &[], "").await;

    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), Some("12"));
    assert_eq!(head.header("content-type"), Some("text/plain; charset=utf-8"));
}

#[tokio::test]
async fn events_are_sent_as_the_standard_has_them() {
    async fn handler(_: Request, _: Context) -> StepResult<ApiResponse<Sse>> {
        let two = SseEvent { id: Some("2".into()), event: Some("job".into()), data: "b\nc".into() };
        Ok(ApiResponse::ok(Sse::new(stream::iter([SseEvent::data("a"), two]))))
    }
    let app = app([ApiConfig::<(), Sse>::get("Events", "/events").bind(handler)]).await;

    let answer = app.get("/events").await;

    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    assert_eq!(answer.header("cache-control"), Some("no-cache"));
    assert_eq!(answer.text(), "data: a\n\nid: 2\nevent: job\ndata: b\ndata: c\n\n");
}

#[tokio::test]
async fn a_failure_inside_shows_its_trace_id_and_nothing_else() {
    async fn error(_: Request, _: Context) -> StepResult<ApiResponse<()>> {
        Err(io::Error::other("password is hunter2"))?
    }
    async fn panics(_: Request, _: Context) -> StepResult<ApiResponse<()>> {
        panic!("hunter2 at line 7")
    }
    async fn fatal(_: Request, _: Context) -> StepResult<ApiResponse<()>> {
        Err(StepError::fatal("hunter2"))
    }
    let app = app([
        ApiConfig::<()>::get("Error", "/error").bind(error),
        ApiConfig::<()>::get("Panics", "/panics").bind(panics),
        ApiConfig::<()>::get("Fatal", "/fatal").bind(fatal),
    ])
    .await;

    for path in ["/error", "/panics", "/fatal"] {
        let answer = app.get(path).await;
        answer.problem(500);
        assert!(!answer.text().contains("hunter2"), "{}", answer.text());
    }
}

#[tokio::test]
async fn what_may_work_later_says_when() {
    async fn later(_: Request, _: Context) -> StepResult<ApiResponse<()>> {
        Err(StepError::retry_after(Duration::from_millis(6500), "the bank sleeps"))
    }
    async fn slow(_: Request, _: Context) -> StepResult<ApiResponse<()>> {
        std::future::pending().await
    }
    let app = app([
        ApiConfig::<()>::get("Later", "/later").bind(later),
        ApiConfig::<()>::get("Slow", "/slow").timeout(Duration::from_millis(20)).bind(slow),
    ])
    .await;

    let later = app.get("/later").await;
    later.problem(503);
    assert_eq!(later.header("retry-after"), Some("7"));
    assert!(!later.text().contains("bank"));
    let slow = app.get("/slow").await;
    slow.problem(503);
    assert_eq!(slow.header("retry-after"), Some("1"));
}

#[tokio::test]
async fn a_step_may_refuse_and_answer_in_its_own_words() {
    async fn reject(_: Request, _: Context) -> StepResult<ApiResponse<()>> {
        Err(StepError::reject(http::StatusCode::CONFLICT, "sold out"))
    }
    async fn respond(_: Request, _: Context) -> StepResult<ApiResponse<()>> {
        let own = ApiResponse::with_status(http::StatusCode::IM_A_TEAPOT, json!({ "own": true }));
        Err(StepError::respond(own))
    }
    let app = app([
        ApiConfig::<()>::get("Reject", "/reject").bind(reject),
        ApiConfig::<()>::get("Respond", "/respond").bind(respond),
    ])
    .await;

    assert_eq!(app.get("/reject").await.problem(409)["detail"], "sold out");
    let own = app.get("/respond").await;
    assert_eq!((own.status, own.json()), (418, json!({ "own": true })));
}

/// Reads a form and notes each part as it comes.
async fn upload(form: ApiRequest<Multipart>, seen: Arc<Mutex<Vec<String>>>) -> StepResult<Value> {
    let (mut form, _) = form.take_body();
    let mut parts = Vec::new();
    while let Some(part) = form.next().await? {
        seen.lock().unwrap().push(part.name.clone());
        let length = form.bytes(1_000_000).await?.len();
        parts.push(json!([part.name, part.file_name, part.content_type, length]));
    }
    Ok(Value::Array(parts))
}

fn multipart(parts: &[(&str, &str)]) -> String {
    let parts = parts.iter().map(|(disposition, content)| {
        format!("--xyz\r\ncontent-disposition: form-data; {disposition}\r\n\r\n{content}\r\n")
    });
    parts.collect::<String>() + "--xyz--\r\n"
}

#[tokio::test]
async fn an_upload_is_read_part_by_part_while_it_arrives() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = seen.clone();
    let step = ApiConfig::<Multipart, Value>::post("Upload", "/upload").bind(
        move |req: ApiRequest<Multipart>, _: Context| {
            let noted = noted.clone();
            async move { upload(req, noted).await.map(ApiResponse::ok) }
        },
    );
    let app = app([step]).await;
    let body = multipart(&[("name=\"a\"", "one"), ("name=\"b\"; filename=\"b.txt\"", "three")]);
    let (first, rest) = body.split_at(body.find("name=\"b\"").unwrap());

    let mut stream = app.connect().await;
    let head = format!(
        "POST /upload HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {}\r\n\
         content-type: multipart/form-data; boundary=xyz\r\n\r\n",
        body.len()
    );
    stream.write_all((head + first).as_bytes()).await.unwrap();
    while seen.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    stream.write_all(rest.as_bytes()).await.unwrap();
    let answer = common::answer(stream).await;

    assert_eq!(answer.json(), json!([["a", null, null, 3], ["b", "b.txt", null, 5]]));
}

#[tokio::test]
async fn a_form_that_is_cut_off_malformed_or_too_large_is_refused() {
    let step = ApiConfig::<Multipart, Value>::post("Upload", "/upload").body_limit(300).bind(
        |req: ApiRequest<Multipart>, _: Context| async {
            upload(req, Arc::default()).await.map(ApiResponse::ok)
        },
    );
    let app = app([step]).await;
    let kind = "content-type: multipart/form-data; boundary=xyz";
    let long = multipart(&[("name=\"a\"", &"x".repeat(400))]);

    app.send("POST /upload", &["content-type: multipart/form-data"], "x").await.problem(400);
    app.send("POST /upload", &[kind], "--xyz\r\nnonsense").await.problem(400);
    app.send("POST /upload", &[kind], &long[..200]).await.problem(400);
    app.send("POST /upload", &[kind], &long).await.problem(413);
    let chunked = format!(
        "POST /upload HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{kind}\r\n\
         transfer-encoding: chunked\r\n\r\n{:x}\r\n{long}\r\n0\r\n\r\n",
        long.len()
    );
    app.raw(chunked).await.problem(413);
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    async fn handler(_: ApiRequest<Value>, _: Context) -> StepResult<ApiResponse<()>> {
        Ok(ApiResponse::no_content())
    }
    let mut setup = setup([ApiConfig::<Value>::post("Slow", "/slow").bind(handler)]);
    setup.settings.body_timeout = Duration::from_millis(50);
    let app = setup.start().await;

    let head = "POST /slow HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
                content-length: 10\r\n\r\n[1";
    let answer = app.raw(head).await;

    answer.problem(408);
}
