use motia::prelude::*;

const CONFIG: ApiConfig = ApiConfig::get("Pet", "/pets/:id");

fn main() {
    let _ = CONFIG;
}
