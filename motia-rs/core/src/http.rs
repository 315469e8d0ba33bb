//! What an API step takes and gives, free of any web framework.
//!
//! # Layout
//! - [`request`] and [`body`]: what comes in; [`segment`]: the parameters of its path, as they are written
//! - [`response`] and [`reply`]: what goes out
//! - [`problem`]: refusals as RFC 9457 has them; [`shape`]: refusals in a form of the app's own
//! - [`middleware`]: functions that wrap an API step
//! - [`method`]: the methods a step can answer

pub mod body;
pub mod method;
pub mod middleware;
pub mod problem;
pub mod reply;
pub mod request;
pub mod response;
pub mod segment;
pub mod shape;

pub use body::{Body, BodyKind, Form, Multipart, Part, RawBody, RawBytes, Text};
pub use method::Method;
pub use middleware::{Middleware, Next};
pub use problem::Problem;
pub use reply::{Html, Reply, ReplyBody, Sse, SseEvent};
pub use request::ApiRequest;
pub use response::ApiResponse;
pub use shape::ProblemShape;
