use motia::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema)]
struct OrderPlaced {
    order_id: String,
}

const CONFIG: CronConfig<(OrderPlaced,)> = CronConfig::new("PlaceOrders", "@daily");

async fn handler(_ctx: Context<(OrderPlaced,)>) -> StepResult {
    Ok(())
}

step!(CONFIG, handler);

fn main() {}
