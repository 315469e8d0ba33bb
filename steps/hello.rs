//! The steps of the hello-world flow.

mod hello_api;
mod process_greeting;
