//! What was acknowledged survives a crash between any two actions on the disk, and a power cut that
//! takes along what was not synced.
//!
//! The store works in a child process, over a disk that kills it or fails on command. What the child
//! was told is kept goes into a diary; after the crash the [`judge`] compares the store with it.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "all of this is test code")]

mod child;
mod crash;
mod faults;
mod judge;
