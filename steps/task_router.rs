//! The steps of the task router.

mod cancel_task;
mod check_executors;
mod define_task;
mod drop_task;
mod get_definition;
mod get_task;
mod get_version;
mod list_definitions;
mod list_executors;
mod register_executor;
mod remove_executor;
mod router_health;
mod run_task;
mod set_rollout;
mod submit_task;
