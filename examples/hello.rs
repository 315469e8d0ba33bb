//! The smallest app: `cargo run --example hello`, then `curl localhost:3000/hello/Ada`.

use motia::prelude::*;

const CONFIG: ApiConfig<(), String> = ApiConfig::get("Hello", "/hello/{name}");

async fn handler(req: ApiRequest<()>, _ctx: Context) -> StepResult<ApiResponse<String>> {
    let name = req.param("name").unwrap_or("stranger");

    Ok(ApiResponse::ok(format!("Hello {name}!")))
}

step!(CONFIG, handler);

fn main() -> std::process::ExitCode {
    motia::App::new().run()
}
