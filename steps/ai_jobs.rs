//! The steps of AI jobs.

mod cancel;
mod drop;
mod fail;
mod follow;
mod list;
mod page_asset;
mod process;
mod send_webhook;
mod start;
mod status;
