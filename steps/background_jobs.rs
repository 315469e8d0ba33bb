//! The steps of the background jobs.

mod create_job;
mod data_processor;
mod drop_job;
mod email_processor;
mod get_job;
mod job_listener;
mod job_processor;
mod job_scheduler;
mod jobs_health;
mod list_jobs;
mod process_monitor;
mod request_data_job;
mod request_email;
mod work;
