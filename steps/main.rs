//! The app: everything under `steps/`, served.

use std::process::ExitCode;

use flows::aside;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // What is done in a process of its own is done by this program once more.
    aside::take_over().unwrap_or_else(|| {
        motia::App::new().version(env!("CARGO_PKG_VERSION")).with(steps::contracts).run()
    })
}
