use motia::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema)]
struct OrderPlaced {
    order_id: String,
}

const CONFIG: EventConfig<OrderPlaced> = EventConfig::new("ChargeCard");

async fn handler(_placed: OrderPlaced, _ctx: Context) -> StepResult {
    Ok(())
}

step!(CONFIG, handler);

fn main() {}
