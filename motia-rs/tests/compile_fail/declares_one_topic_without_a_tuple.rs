use motia::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema)]
struct OrderPlaced {
    order_id: String,
}
topic!(OrderPlaced = "order.placed");

const CONFIG: CronConfig<OrderPlaced> = CronConfig::new("PlaceOrders", "@daily");

async fn handler(_ctx: Context<OrderPlaced>) -> StepResult {
    Ok(())
}

step!(CONFIG, handler);

fn main() {}
