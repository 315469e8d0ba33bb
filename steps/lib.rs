//! The verbs of the app: one file, one step; one folder per flow. Registered on linking, by
//! `use steps as _;`.

mod ai_jobs;
mod hello;
mod petstore;
