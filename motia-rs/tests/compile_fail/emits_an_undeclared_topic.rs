use motia::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema)]
struct OrderPlaced {
    order_id: String,
}
topic!(OrderPlaced = "order.placed");

#[derive(Serialize, Deserialize, JsonSchema)]
struct CardCharged {
    order_id: String,
}
topic!(CardCharged = "card.charged");

const CONFIG: CronConfig<(OrderPlaced,)> = CronConfig::new("PlaceOrders", "@daily");

async fn handler(ctx: Context<(OrderPlaced,)>) -> StepResult {
    ctx.emit(CardCharged { order_id: "order-1".into() }).await?;
    Ok(())
}

step!(CONFIG, handler);

fn main() {}
