use motia::prelude::*;

const CONFIG: ApiConfig = ApiConfig::get("Pets", "pets");

fn main() {
    let _ = CONFIG;
}
