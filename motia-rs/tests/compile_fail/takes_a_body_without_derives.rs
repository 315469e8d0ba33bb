use motia::prelude::*;

struct NewPet {
    name: String,
}

const CONFIG: ApiConfig<NewPet> = ApiConfig::post("AddPet", "/pets");

async fn handler(_req: ApiRequest<NewPet>, _ctx: Context) -> StepResult<ApiResponse<()>> {
    Ok(ApiResponse::no_content())
}

step!(CONFIG, handler);

fn main() {}
