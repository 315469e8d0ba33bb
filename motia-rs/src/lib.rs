//! motia
pub use motia_core::{middleware, one_of, step, stream, topic};
/// Prelude.
pub mod prelude {
    pub use crate::{middleware, one_of, step, stream, topic};
    pub use http::StatusCode;
    pub use jiff::Timestamp;
    pub use motia_core::config::*;
    pub use motia_core::context::{Context, Receipt, StateGroup, Stream};
    pub use motia_core::error::{OrReject, StepError, StepResult};
    pub use motia_core::flow::Flow;
    pub use motia_core::http::*;
    pub use motia_core::topic::Topic;
    pub use motia_core::trace::TraceId;
    pub use schemars::JsonSchema;
    pub use serde::{Deserialize, Serialize};
    pub use serde_json::{Value, json};
    pub use std::time::Duration;
}
