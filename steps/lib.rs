//! The verbs of the app: one file, one step; one folder per flow. Registered on linking, by
//! `use steps as _;`.

use motia::App;

mod ai_jobs;
mod background_jobs;
mod hello;
mod petstore;
mod task_queue;
mod task_router;

/// What stands around the steps: the form of errors and paths that the clients of a flow rely on, and the
/// pages that they add to the Workbench.
#[must_use]
pub fn contracts(app: App) -> App {
    app.problems(flows::task_queue::fastapi::ERRORS)
        .redirect_slashes()
        .panel(task_queue::panel::PANEL)
}
