use motia::prelude::*;

const CONFIG: ApiConfig = ApiConfig::get("FirstPet", "/pets/first");

async fn handler(_req: ApiRequest<()>) -> StepResult<ApiResponse<()>> {
    Ok(ApiResponse::no_content())
}

step!(CONFIG, handler);

fn main() {}
