use motia::prelude::*;

const CONFIG: CronConfig = CronConfig::new("Nightly", "0 2 * *");

fn main() {
    let _ = CONFIG;
}
