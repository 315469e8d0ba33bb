//! A shop in one file: an order comes in, is packed and shipped in the background, and is counted at
//! night.
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
    #[serde(default)]
    town: Option<String>,
}
topic!(OrderPlaced = "order.placed");

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct ParcelReady {
    order: String,
    town: String,
}
topic!(ParcelReady = "parcel.ready");

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Packed {
    item: String,
}

/// What the shop says of itself.
const MOTTO: Setting<String> =
    Setting::new("SHOP_MOTTO", "we ship", "What the shop says of itself");
setting!(MOTTO);

/// Parcels that fit in the van.
const PARCELS: Setting<u8> = Setting::new("SHOP_PARCELS", "20", "Parcels that fit in the van")
    .checked(|parcels| (1..=100).contains(parcels), "a whole number from 1 to 100");
setting!(PARCELS);

/// What opens the till.
const KEY: Setting<Option<String>> = Setting::optional("SHOP_KEY", "What opens the till").secret();
setting!(KEY);

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

    const CONFIG: EventConfig<OrderPlaced, (ParcelReady,)> = EventConfig::new("Pack")
        .description("Packs what was ordered")
        .flows(&[SHOP])
        .max_depth(1000);

    async fn handler(order: OrderPlaced, ctx: Context<(ParcelReady,)>) -> StepResult {
        if order.item == "glass" {
            return Err(StepError::fatal("glass breaks in the post"));
        }

        ctx.state.set(PACKED, &order.id, &Packed { item: order.item }).await?;
        ctx.logger.info("packed", json!({ "order": order.id }));
        if let Some(town) = order.town {
            ctx.emit(ParcelReady { order: order.id, town }).await?;
        }

        Ok(())
    }

    step!(CONFIG, handler);
}

mod ship {
    use super::*;

    const POST: CircuitBreaker = CircuitBreaker::new("post");

    const CONFIG: EventConfig<ParcelReady> = EventConfig::new("Ship")
        .description("Takes parcels to the post, those to one town in their order")
        .flows(&[SHOP])
        .fifo(|parcel: &ParcelReady| parcel.town.clone())
        .rate_limit(RateLimit::token_bucket(10, Duration::from_secs(1)))
        .circuit_breaker(POST);

    async fn handler(parcel: ParcelReady, ctx: Context) -> StepResult {
        if parcel.town == "Atlantis" {
            return Err(StepError::retry("the sea is rough").in_class("weather"));
        }

        ctx.logger.info("shipped", json!({ "order": parcel.order, "to": parcel.town }));

        Ok(())
    }

    step!(CONFIG, handler);
}

mod count {
    use super::*;

    const CONFIG: CronConfig =
        CronConfig::new("Count", "0 3 * * *").description("Counts the parcels at night");

    async fn handler(ctx: Context) -> StepResult {
        let van = ctx.setting(PARCELS);
        let page = ctx.state.group(PACKED).limit(usize::from(van)).await?;
        let (motto, locked) = (ctx.setting(MOTTO), ctx.setting(KEY).is_some());
        ctx.logger.info(motto, json!({ "parcels": page.items.len(), "locked": locked }));

        Ok(())
    }

    step!(CONFIG, handler);
}

fn main() -> std::process::ExitCode {
    motia::App::new().run()
}
