//! Floor 0 of motia-rs: its words and its ports. No web framework, no I/O, no threads.
//!
//! # Layout
//! - [`config`]: what a step says about itself; [`registry`]: all steps of a program
//! - [`setting`]: what can be set about an app; [`metric`]: what it counts
//! - [`topic`], [`input`], [`event`]: what travels between steps
//! - [`context`]: what a handler is handed; [`error`]: how it fails
//! - [`http`]: requests and answers, free of any web framework
//! - [`schema`], [`json`]: what a value must look like, and how it is written
//! - [`store`]: the port to what must be kept; [`clock`]: the port to the time
//! - [`circuit`]: whether a dependency is to be left alone
//! - [`watch`]: who may watch a stream; [`role`]: what somebody may do with the admin API;
//!   [`panel`]: pages that an app adds to the Workbench
//! - [`graph`], [`check`]: who sets whom going, and what is wrong with it
//! - [`trace`], [`redact`]: what people are shown; [`secret`]: what they are not; [`text`]: what others wrote

pub mod check;
pub mod circuit;
pub mod clock;
pub mod config;
pub mod context;
pub mod error;
pub mod event;
pub mod flow;
pub mod graph;
pub mod http;
pub mod input;
pub mod json;
pub mod metric;
pub mod panel;
pub mod redact;
pub mod registry;
pub mod role;
pub mod schedule;
pub mod schema;
pub mod secret;
pub mod setting;
pub mod store;
pub mod text;
pub mod topic;
pub mod trace;
pub mod watch;

#[doc(hidden)]
pub mod __private {
    pub use inventory;
}
