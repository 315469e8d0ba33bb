use motia::prelude::*;

const CONFIG: NoopConfig = NoopConfig::new("The customer");

fn main() {
    let _ = CONFIG;
}
