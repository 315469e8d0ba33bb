use motia::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema)]
struct OrderPlaced {
    order_id: String,
}
topic!(OrderPlaced = "order.placed");

const CONFIG: CronConfig = CronConfig::new("PlaceOrders", "@daily");

async fn handler(ctx: Context) -> StepResult {
    ctx.emit(OrderPlaced { order_id: "order-1".into() }).await?;
    Ok(())
}

step!(CONFIG, handler);

fn main() {}
