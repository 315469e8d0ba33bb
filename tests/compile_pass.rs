//! One whole step of each kind, with most of what its config can say: it compiles, and is registered.

#[path = "compile_pass/api.rs"]
mod api;
#[path = "compile_pass/cron.rs"]
mod cron;
#[path = "compile_pass/event.rs"]
mod event;
#[path = "compile_pass/noop.rs"]
mod noop;

use motia::registry::Registry;

#[test]
fn a_step_of_each_kind_is_registered() {
    let registry = Registry::collect();

    let steps = registry.steps.iter().map(|step| (step.name(), step.kind.name()));
    assert_eq!(
        steps.collect::<Vec<_>>(),
        [
            ("ChargeCard", "event"),
            ("Customer", "noop"),
            ("OpenTheShop", "cron"),
            ("PlaceOrder", "api"),
        ]
    );
}
