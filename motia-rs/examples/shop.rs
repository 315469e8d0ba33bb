//! A shop in one file: an order comes in, is packed in the background, and is counted at night.
//!
//! `cargo run -p motia-rs --example shop`

use motia::prelude::*;

const SHOP: Flow = Flow::new("shop").description("From the counter to the parcel");

/// What was packed, by order.
const PACKED: StateGroup<Packed> = StateGroup::new("packed");

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct OrderPlaced {
    id: String,
    item: String,
}
topic!(OrderPlaced = "order.placed");

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Packed {
    item: String,
}

mod place_order {
    use super::*;

    const CONFIG: ApiConfig<OrderPlaced, Value, (OrderPlaced,)> =
        ApiConfig::post("PlaceOrder", "/orders").description("Takes an order in").flows(&[SHOP]);

    async fn handler(
        req: ApiRequest<OrderPlaced>,
        ctx: Context<(OrderPlaced,)>,
    ) -> StepResult<ApiResponse<Value>> {
        let receipt = ctx.emit(req.body).await?;
        Ok(ApiResponse::created(json!({ "event": receipt.id })))
    }

    step!(CONFIG, handler);
}

mod pack {
    use super::*;

    const CONFIG: EventConfig<OrderPlaced> =
        EventConfig::new("Pack").description("Packs what was ordered").flows(&[SHOP]);

    async fn handler(order: OrderPlaced, ctx: Context) -> StepResult {
        if order.item == "glass" {
            return Err(StepError::fatal("glass breaks in the post"));
        }

        ctx.state.set(PACKED, &order.id, &Packed { item: order.item }).await?;
        ctx.logger.info("packed", json!({ "order": order.id }));

        Ok(())
    }

    step!(CONFIG, handler);
}

mod count {
    use super::*;

    const CONFIG: CronConfig =
        CronConfig::new("Count", "0 3 * * *").description("Counts the parcels at night");

    async fn handler(ctx: Context) -> StepResult {
        let page = ctx.state.group(PACKED).limit(1).await?;
        ctx.logger.info("counted", json!({ "any": !page.items.is_empty() }));

        Ok(())
    }

    step!(CONFIG, handler);
}

fn main() -> std::process::ExitCode {
    motia::App::new().env("MOTIA_SHOP_MOTTO", "What the shop says of itself").run()
}
