//! The app: everything under `steps/`, served.

use std::process::ExitCode;

use steps as _;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    motia::App::new().run()
}
