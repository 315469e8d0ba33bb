//! The app: everything under `steps/`, served.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    motia::App::new().with(steps::contracts).run()
}
