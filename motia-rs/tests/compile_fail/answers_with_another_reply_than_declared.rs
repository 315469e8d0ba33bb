use motia::prelude::*;

#[derive(Serialize, JsonSchema)]
struct Pet {
    name: String,
}

const CONFIG: ApiConfig<(), Pet> = ApiConfig::get("FirstPet", "/pets/first");

async fn handler(_req: ApiRequest<()>, _ctx: Context) -> StepResult<ApiResponse<String>> {
    Ok(ApiResponse::ok("Rex".into()))
}

step!(CONFIG, handler);

fn main() {}
