use motia::prelude::*;

const CONFIG: ApiConfig = ApiConfig::new("Pets", Method::Head, "/pets");

fn main() {
    let _ = CONFIG;
}
