use motia::prelude::*;

const NEVER: Retry = Retry::exponential(0, Duration::from_secs(1));

fn main() {
    let _ = NEVER;
}
