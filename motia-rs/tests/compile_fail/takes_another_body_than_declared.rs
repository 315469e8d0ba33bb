use motia::prelude::*;

#[derive(Deserialize, JsonSchema)]
struct NewPet {
    name: String,
}

#[derive(Deserialize, JsonSchema)]
struct NewOrder {
    quantity: u32,
}

const CONFIG: ApiConfig<NewPet> = ApiConfig::post("AddPet", "/pets");

async fn handler(_req: ApiRequest<NewOrder>, _ctx: Context) -> StepResult<ApiResponse<()>> {
    Ok(ApiResponse::no_content())
}

step!(CONFIG, handler);

fn main() {}
