//! Events from emit to handler: fan-out, retries, dead letters, limits, restarts.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod bus {
    pub(crate) mod disk;
    pub(crate) mod model;
    pub(crate) mod stage;

    mod attempts;
    mod batch;
    mod blocked;
    mod cancel;
    mod circuit;
    mod debounce;
    mod dedup;
    mod delivery;
    mod depth;
    mod fifo;
    mod filter;
    mod given_up;
    mod hold;
    mod keys;
    mod limits;
    mod overlap;
    mod panic;
    mod pause;
    mod postpone;
    mod priority;
    mod random;
    mod rates;
    mod share;
    mod shutdown;
    mod slots;
    mod ttl;
    mod unhandled;
}
