//! Where motia-rs keeps things: adapters of the [store port](motia_core::store).
//!
//! # Layout
//! - [`MemoryStore`] (`memory/`): keeps everything until the process ends, for tests and for what
//!   may be lost
//! - [`SqliteStore`] (`sqlite/`): keeps everything in one file; the default
//! - `rules`: what both decide alike; [`make_folder`]: where files lie
//!
//! Both have one shape: `batch` writes, `state`, `queue` and `dead` each hold one kind of thing, with
//! the same functions in the same order. What they promise is asked by the suite in
//! `motia_testkit::conformance`.

mod folder;
mod memory;
mod rules;
mod sqlite;

pub use folder::make_folder;
pub use memory::MemoryStore;
pub use sqlite::{FolderLock, SqliteOptions, SqliteStore};
