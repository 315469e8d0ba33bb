//! The steps of the pet store.

mod api_trigger;
mod notification;
mod process_food_order;
mod state_audit_job;
