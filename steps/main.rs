//! The app.
use steps as _;
fn main() {}
