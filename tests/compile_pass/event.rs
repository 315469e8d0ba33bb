//! An event step that hears two topics and settles its event itself.

use motia::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema)]
struct OrderPlaced {
    order_id: String,
}
topic!(OrderPlaced = "order.placed");

#[derive(Serialize, Deserialize, JsonSchema)]
struct OrderChanged {
    order_id: String,
}
topic!(OrderChanged = "order.changed");

#[derive(Serialize, Deserialize, JsonSchema)]
struct CardCharged {
    order_id: String,
}
topic!(CardCharged = "card.charged");

one_of! {
    enum OrderEvent {
        Placed(OrderPlaced),
        Changed(OrderChanged),
    }
}

const CHARGED: StateGroup<Timestamp> = StateGroup::new("charged");

type Emits = (CardCharged,);

const CONFIG: EventConfig<OrderEvent, Emits> = EventConfig::new("ChargeCard")
    .description("Charges the card of an order, once")
    .retry(Retry::exponential(5, Duration::from_millis(200)).jitter(10))
    .timeout(Duration::from_secs(10))
    .concurrency(4);

async fn handler(event: OrderEvent, ctx: Context<Emits>) -> StepResult {
    let order_id = match event {
        OrderEvent::Placed(placed) => placed.order_id,
        OrderEvent::Changed(changed) => changed.order_id,
    };

    let mut tx = ctx.transaction();
    tx.set(CHARGED, &order_id, &ctx.now());
    tx.emit(CardCharged { order_id: order_id.clone() });
    tx.commit_and_ack().await?;
    ctx.logger.info("card charged", json!({ "order": order_id }));

    Ok(())
}

step!(CONFIG, handler);
