//! The app as an attacker meets it: over real sockets, against the real binary.
//!
//! # Layout
//! - `wire`: a client that sends exactly what it is told to; `program`: the app, started
//! - `door`: who may ask at all; `roles`: what they may do; `start`: what is said at the start, and what is not
//! - `limits`: how much may be asked; `shown`: secrets, looked for in every answer
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod door;
mod limits;
mod program;
mod roles;
mod shown;
mod start;
mod wire;
