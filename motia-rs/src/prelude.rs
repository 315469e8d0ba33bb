//! What a step file needs: `use motia::prelude::*;`.

pub use std::time::Duration;

pub use http::StatusCode;
pub use jiff::Timestamp;
pub use motia_core::{
    circuit::CircuitState,
    config::{
        ApiConfig, BatchConfig, CatchUp, CircuitBreaker, CronConfig, EventConfig, NoopConfig,
        Overlap, Priority, RateLimit, ReplySchema, Retry, rejection, reply,
    },
    context::{
        Cancel, Context, EmitOptions, GivenUp, Limit, Receipt, StateGroup, Stream, Taken, Unhandled,
    },
    error::{OrReject, StepError, StepResult},
    flow::Flow,
    http::{
        ApiRequest, ApiResponse, Form, Html, Method, Middleware, Multipart, Next, Problem,
        ProblemShape, RawBody, RawBytes, Sse, SseEvent, Text,
    },
    metric::{Counter, Gauge, Histogram},
    middleware, one_of,
    panel::{File as PanelFile, Panel},
    schema::{Place, Violation},
    secret::Secret,
    setting::{Setting, Size, Span},
    step, stream,
    topic::Topic,
    trace::TraceId,
    watch::Visit,
};
pub use motia_core::{metric, setting, topic};
pub use schemars::JsonSchema;
pub use serde::{Deserialize, Serialize};
pub use serde_json::{Value, json};
