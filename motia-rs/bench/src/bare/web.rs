//! Raw axum, with the same validation where there is one.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::IntoResponse,
    routing::{get, post},
};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::rows::http::{Echo, Hello, Order};

/// Serves `GET /hello`, and `POST /orders` checked against the order's schema.
pub(crate) async fn serve() -> anyhow::Result<SocketAddr> {
    let schema = schemars::schema_for!(Order).to_value();
    let validator = jsonschema::draft202012::options()
        .should_validate_formats(true)
        .with_pattern_options(jsonschema::PatternOptions::regex())
        .build(&schema)?;
    let app = Router::new()
        .route("/hello", get(|| async { Json(Hello { message: "Hello world!" }) }))
        .route("/orders", post(order))
        .with_state(Arc::new(validator));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    super::super::rows::spawn(async move { drop(axum::serve(listener, app).await) });
    Ok(address)
}

async fn order(
    State(validator): State<Arc<jsonschema::Validator>>,
    Json(body): Json<Value>,
) -> impl IntoResponse {
    if !validator.is_valid(&body) {
        return Err(StatusCode::BAD_REQUEST);
    }
    let order: Order = serde_json::from_value(body).map_err(|_| StatusCode::BAD_REQUEST)?;
    Ok(Json(Echo::of(&order)))
}
