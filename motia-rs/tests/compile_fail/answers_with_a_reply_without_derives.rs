use motia::prelude::*;

struct Pet {
    name: String,
}

const CONFIG: ApiConfig<(), Pet> = ApiConfig::get("FirstPet", "/pets/first");

async fn handler(_req: ApiRequest<()>, _ctx: Context) -> StepResult<ApiResponse<Pet>> {
    Ok(ApiResponse::ok(Pet { name: "Rex".into() }))
}

step!(CONFIG, handler);

fn main() {}
