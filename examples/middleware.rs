//! Functions around steps: one for the whole app, one for a single step.
//!
//! `cargo run --example middleware`, then
//! `curl -i localhost:3000/secret -H 'x-api-key: sesame'` and the same without the key.

use motia::prelude::*;

/// Turns away callers who bring no key: an error ends the chain.
async fn require_key(req: ApiRequest, _ctx: Context, next: Next) -> StepResult<ApiResponse> {
    match req.header("x-api-key") {
        Some("sesame") => next.run(req).await,
        _ => Err(StepError::reject(StatusCode::UNAUTHORIZED, "bring the right `x-api-key`")),
    }
}

/// Says how long each step took: what comes back can be changed on its way out.
async fn tell_duration(req: ApiRequest, ctx: Context, next: Next) -> StepResult<ApiResponse> {
    let began = ctx.now();
    let response = next.run(req).await?;
    let took = ctx.now().duration_since(began);

    Ok(response.header("server-timing", &format!("step;dur={}", took.as_millis())))
}

const CONFIG: ApiConfig<(), String> = ApiConfig::get("Secret", "/secret")
    .description("Tells a secret to those who bring the key")
    .middleware(middleware![require_key]);

async fn handler(_: ApiRequest<()>, _ctx: Context) -> StepResult<ApiResponse<String>> {
    Ok(ApiResponse::ok("the cat knows".into()))
}

step!(CONFIG, handler);

fn main() -> std::process::ExitCode {
    motia::App::new().middleware(middleware![tell_duration]).run()
}

#[cfg(test)]
mod tests {
    use motia_testkit::fake;

    use super::*;

    #[tokio::test]
    async fn without_the_key_the_step_is_never_reached() {
        let (ctx, _probe) = fake();

        let refused = require_key(ApiRequest::default(), ctx, Next::unreachable()).await;

        assert_eq!(refused.unwrap_err().status(), 401);
    }
}
