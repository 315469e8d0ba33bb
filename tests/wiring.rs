//! What no compiler can see: that every step file is compiled in, and that the graph hangs together.

use steps as _;

#[test]
fn the_boot_check_finds_nothing() {
    motia_testkit::assert_wired();
}
