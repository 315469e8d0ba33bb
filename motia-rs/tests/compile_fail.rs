//! What must not compile does not, and the compiler says what to do.
//!
//! The `.stderr` files are what rustc 1.95 prints. After a change to a message, or to rustc, look at
//! what `TRYBUILD=overwrite cargo test -p motia-rs --test compile_fail` makes of them before it is committed.
//! Only failures belong here: a single case that passes would have all dependencies built a second
//! time, where checking them is enough. They stand here and not beside the app's tests, whose dependencies
//! would be built, and named in the messages.

#[test]
fn mistakes_are_refused_with_advice() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
