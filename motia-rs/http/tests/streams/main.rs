//! Streams over real sockets.
//!
//! # Layout
//! - `sockets`: Motia's frames; `events`: server-sent events

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

#[path = "../common/mod.rs"]
mod common;
mod events;
mod sockets;

use std::{sync::Arc, time::Duration};

use motia_core::{
    context::{Context, Run, Stream, Streams},
    registry::StreamDef,
    trace::TraceContext,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::common::{App, Setup, setup};

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Order {
    paid: bool,
}

const FEED: Stream<Order> = Stream::new("feed");
const PATIENCE: Duration = Duration::from_secs(20);

fn shop() -> Setup {
    with(FEED.describe())
}

fn with(feed: StreamDef) -> Setup {
    let mut setup = setup([]);
    setup.streams.push(feed);
    setup
}

fn streams(app: &App) -> Streams {
    let run = Run::new(app.runtime.engine().clone(), "Test", TraceContext::root());
    let ctx: Context = Context::new(Arc::new(run));
    ctx.streams
}

async fn set(app: &App, id: &str, paid: bool) {
    streams(app).set(FEED, "shop", id, &Order { paid }).await.unwrap();
}
