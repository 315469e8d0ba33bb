//! The verbs of the app: one file, one step; one folder per flow. Registered on linking, by
//! `use steps as _;`.

mod hello;
mod petstore;
