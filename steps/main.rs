//! The app: everything under `steps/`, served.

use std::process::ExitCode;

use flows::task_router::call::child;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // A task that runs in a process of its own is this program once more.
    child::take_over().unwrap_or_else(|| motia::App::new().with(steps::contracts).run())
}
