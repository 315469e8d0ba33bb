//! A noop step: somebody outside of the app.

use motia::prelude::*;

const CONFIG: NoopConfig = NoopConfig::new("Customer")
    .description("Orders by telephone")
    .emits(&["order.placed"])
    .subscribes(&["shop.opened"]);

step!(CONFIG);
