//! The steps of the task queue.

mod abandon_task;
mod create_pdf_task;
mod create_summary_task;
mod delete_task;
mod dlq_tasks;
mod get_task;
mod health;
mod list_summaries;
mod list_tasks;
mod live;
mod open_circuit_breaker;
mod openrouter_metrics;
mod openrouter_status;
pub(crate) mod panel;
mod process_task;
mod queue_status;
mod queue_stream;
mod queue_tasks;
mod ready;
mod refresh_account;
mod requeue_orphaned;
mod reset_circuit_breaker;
mod retry_task;
mod sweep_spool;
mod workers;
