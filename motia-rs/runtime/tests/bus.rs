//! Events from emit to handler: fan-out, retries, dead letters, limits, restarts.

mod bus {
    pub(crate) mod stage;

    mod attempts;
    mod delivery;
    mod overlap;
    mod shutdown;
}
