//! The limits: what the same work takes with nothing of ours in between.

pub(crate) mod sqlite;
pub(crate) mod web;
