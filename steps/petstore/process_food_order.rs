//! On `process-food-order`: places the order and has its owner told, both or neither.

use flows::petstore::{
    BASIC_TUTORIAL, FoodOrdered, NotificationWanted, ORDERS, Order, OrderStatus,
};
use motia::prelude::*;

type Emits = (NotificationWanted,);

const CONFIG: EventConfig<FoodOrdered, Emits> = EventConfig::new("ProcessFoodOrder")
    .description("Places the order and has its owner told")
    .flows(&[BASIC_TUTORIAL]);

async fn handler(ordered: FoodOrdered, ctx: Context<Emits>) -> StepResult {
    let FoodOrdered { pet_id, quantity, email } = ordered;
    let event = ctx.event_id().ok_or_else(|| StepError::fatal("an order comes by an event"))?;
    let order = Order {
        id: event.to_string(),
        pet_id,
        quantity,
        ship_date: ctx.now(),
        status: OrderStatus::Placed,
        complete: false,
    };
    let template_data = json!(order);
    let notification = NotificationWanted { email, template_id: "new-order".into(), template_data };

    let mut tx = ctx.transaction();
    tx.set(ORDERS, &order.id, &order);
    tx.emit(notification);
    tx.commit_and_ack().await?;
    ctx.logger.info("order placed", json!({ "order": order.id, "pet": order.pet_id }));

    Ok(())
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use motia_testkit::Fake;

    use super::*;

    fn two_portions() -> FoodOrdered {
        FoodOrdered { pet_id: "pet-1".into(), quantity: 2, email: "test@test.com".into() }
    }

    #[tokio::test]
    async fn an_order_is_placed_its_owner_told_and_the_event_done_with() {
        let (ctx, probe) = Fake::default().handling_an_event().build();

        handler(two_portions(), ctx).await.unwrap();

        let placed = probe.state.group(ORDERS).await.unwrap().items;
        assert_eq!((placed.len(), placed[0].1.quantity), (1, 2));
        let told = &probe.emitted::<NotificationWanted>()[0];
        assert_eq!(told.template_id, "new-order");
        assert_eq!(told.template_data["petId"], "pet-1");
        assert!(probe.acknowledged());
    }

    #[tokio::test]
    async fn what_cannot_be_kept_is_tried_again() {
        let (ctx, probe) = Fake::default().handling_an_event().build();
        probe.break_store().await;

        let failed = handler(two_portions(), ctx).await.unwrap_err();

        assert!(!failed.is_fatal());
        assert_eq!(probe.emissions(), []);
    }
}
