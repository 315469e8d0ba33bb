//! The nouns of the app: topics with their payloads, state groups, streams and domain types, one
//! module per flow. The verbs are under `steps/`.

pub mod hello;
pub mod petstore;
