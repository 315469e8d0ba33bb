//! An API step with most of what it can say.

use motia::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema)]
struct OrderPlaced {
    order_id: String,
}
topic!(OrderPlaced = "order.placed");

#[derive(Deserialize, JsonSchema)]
struct NewOrder {
    #[schemars(range(min = 1))]
    quantity: u32,
}

#[derive(Serialize, JsonSchema)]
struct Order {
    id: String,
    quantity: u32,
}

#[derive(Serialize, JsonSchema)]
struct SoldOut {
    again_in_days: u32,
}

const SHOP: Flow = Flow::new("shop").description("From the shop window to the parcel");

type Emits = (OrderPlaced,);

const CONFIG: ApiConfig<NewOrder, Order, Emits> = ApiConfig::post("PlaceOrder", "/orders")
    .description("Takes an order in")
    .flows(&[SHOP])
    .middleware(middleware![require_api_key])
    .replies(&[reply::<SoldOut>(409, "nothing is left")])
    .body_limit(10_000)
    .timeout(Duration::from_secs(5))
    .idempotent();

async fn require_api_key(req: ApiRequest, _ctx: Context, next: Next) -> StepResult<ApiResponse> {
    match req.header("x-api-key") {
        Some(_) => next.run(req).await,
        None => Err(StepError::reject(StatusCode::UNAUTHORIZED, "bring an `x-api-key` header")),
    }
}

async fn handler(req: ApiRequest<NewOrder>, ctx: Context<Emits>) -> StepResult<ApiResponse<Order>> {
    let NewOrder { quantity } = req.body;
    if quantity > 100 {
        return Err(StepError::respond(ApiResponse::with_status(
            StatusCode::CONFLICT,
            SoldOut { again_in_days: 3 },
        )));
    }

    let id = ctx.trace_id().to_string();
    ctx.emit(OrderPlaced { order_id: id.clone() }).await?;

    Ok(ApiResponse::created(Order { id, quantity }))
}

step!(CONFIG, handler);
