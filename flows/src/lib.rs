//! The nouns of the app: topics with their payloads, state groups, streams and domain types, one
//! module per flow. The verbs are under `steps/`.

pub mod ai_jobs;
pub mod aside;
pub mod background_jobs;
pub mod demo;
pub mod hello;
pub mod outbound;
pub mod petstore;
pub mod task_queue;
pub mod task_router;

#[doc(hidden)]
pub mod __private {
    pub use inventory;
}
