use motia::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema)]
struct OrderPlaced {
    order_id: String,
}
topic!(OrderPlaced = "order placed");

fn main() {}
