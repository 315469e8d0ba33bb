use motia::prelude::*;

const CONFIG: CronConfig = CronConfig::new("Nightly", "0 25 * * *");

fn main() {
    let _ = CONFIG;
}
