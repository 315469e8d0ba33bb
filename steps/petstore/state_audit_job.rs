//! Every Monday at midnight: looks for orders that should have been shipped and were not.

use flows::petstore::{BASIC_TUTORIAL, NotificationWanted, ORDERS};
use motia::prelude::*;

type Emits = (NotificationWanted,);

const CONFIG: CronConfig<Emits> = CronConfig::new("StateAuditJob", "0 0 * * 1")
    .description("Looks for orders that should have been shipped and were not")
    .catch_up(CatchUp::Last)
    .flows(&[BASIC_TUTORIAL]);

async fn handler(ctx: Context<Emits>) -> StepResult {
    let mut page = ctx.state.group(ORDERS).await?;
    loop {
        for (id, order) in page.items.iter().filter(|(_, order)| order.is_late(ctx.now())) {
            ctx.logger.warn("an order is late", json!({ "order": id, "due": order.ship_date }));
            ctx.emit(NotificationWanted {
                email: "test@test.com".into(),
                template_id: "order-audit-warning".into(),
                template_data: json!(order),
            })
            .await?;
        }
        let Some(last) = page.next else { return Ok(()) };
        page = ctx.state.group(ORDERS).after(last).await?;
    }
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use flows::petstore::{Order, OrderStatus};
    use motia_testkit::{START, fake};

    use super::*;

    fn order(id: &str, complete: bool) -> Order {
        Order {
            id: id.into(),
            pet_id: "pet-1".into(),
            quantity: 1,
            ship_date: START,
            status: OrderStatus::Placed,
            complete,
        }
    }

    #[tokio::test]
    async fn only_late_orders_are_warned_of_however_many_pages_there_are() {
        let (ctx, probe) = fake();
        for n in 0..250 {
            let id = format!("order-{n:03}");
            probe.state.set(ORDERS, &id, &order(&id, n % 2 == 0)).await.unwrap();
        }
        probe.advance(Duration::from_secs(1));

        handler(ctx).await.unwrap();

        let warned = probe.emitted::<NotificationWanted>();
        assert_eq!(warned.len(), 125);
        assert!(warned.iter().all(|wanted| wanted.template_id == "order-audit-warning"));
    }

    #[tokio::test]
    async fn an_order_that_is_due_today_is_not_late() {
        let (ctx, probe) = fake();
        probe.state.set(ORDERS, "order-1", &order("order-1", false)).await.unwrap();

        handler(ctx).await.unwrap();

        assert_eq!(probe.emissions(), []);
    }
}
