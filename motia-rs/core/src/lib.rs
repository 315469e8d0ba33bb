//! Floor 0: the words and ports of motia-rs.
pub mod clock;
pub mod event;
pub mod json;
pub mod store;
pub mod trace;
