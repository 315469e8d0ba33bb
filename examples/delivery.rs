//! How events are delivered, said in a few words: in order, not too fast, not at all.
//!
//! `cargo run --example delivery`, and in another terminal:
//!
//! ```sh
//! curl -X POST localhost:3000/orders -H 'content-type: application/json' -d '{"customer":"ana","cents":900}'
//! cargo run --example delivery -- queues
//! cargo run --example delivery -- dlq ls
//! curl -X DELETE localhost:3000/orders/ana
//! ```

use motia::prelude::*;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Order {
    customer: String,
    #[schemars(range(min = 1))]
    cents: u64,
}
topic!(Order = "order.placed");

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Reminder {
    customer: String,
}
topic!(Reminder = "reminder.due");

/// `POST /orders`: takes an order in, and reminds the customer of it tomorrow.
mod place {
    use super::*;

    type Emits = (Order, Reminder);

    const CONFIG: ApiConfig<Order, Receipt, Emits> = ApiConfig::post("PlaceOrder", "/orders");

    pub(super) async fn handler(
        req: ApiRequest<Order>,
        ctx: Context<Emits>,
    ) -> StepResult<ApiResponse<Receipt>> {
        let order = req.body;
        let urgent = if order.cents > 100_000 { Priority::HIGH } else { Priority::NORMAL };

        // One reminder a day for each customer, however often they order.
        ctx.emit(Reminder { customer: order.customer.clone() })
            .delay(Duration::from_secs(24 * 60 * 60))
            .dedup(&order.customer)
            .cancel_key(&order.customer)
            .await?;
        let receipt = ctx
            .emit(order.clone())
            .priority(urgent)
            .cancel_key(&order.customer)
            .ttl(Duration::from_secs(60 * 60))
            .await?;

        Ok(ApiResponse::created(receipt))
    }

    step!(CONFIG, handler);
}

/// Charges for orders: each customer's one after the other, no faster than the bank takes them, and not
/// while the bank is down.
mod charge {
    use super::*;

    const BANK: CircuitBreaker = CircuitBreaker::new("bank").failures(10);
    const BUSY: Retry = Retry::schedule(&[Duration::from_secs(30), Duration::from_secs(120)]);

    const CONFIG: EventConfig<Order> = EventConfig::new("ChargeCustomer")
        .fifo(|order: &Order| order.customer.clone())
        .rate_limit(RateLimit::token_bucket(100, Duration::from_secs(1)))
        .circuit_breaker(BANK)
        .timeout(Duration::from_secs(10))
        .retry(Retry::exponential(5, Duration::from_secs(1)))
        .retry_class(&[("busy", BUSY)])
        .max_depth(100_000);

    pub(super) async fn handler(order: Order, ctx: Context) -> StepResult {
        if order.cents > 1_000_000 {
            return Err(StepError::fatal("no card is charged this much"));
        }
        if order.cents == 429 {
            return Err(StepError::retry("the bank asks us to wait").in_class("busy"));
        }
        ctx.logger.info("charged", json!({ "customer": order.customer, "cents": order.cents }));
        Ok(())
    }

    step!(CONFIG, handler);
}

/// Writes orders to the ledger, many at a time.
mod ledger {
    use super::*;

    const CONFIG: BatchConfig<Order> = EventConfig::new("WriteLedger")
        .when(|order: &Order| order.cents >= 100)
        .batch(100, Duration::from_millis(50));

    pub(super) async fn handler(orders: Vec<Order>, ctx: Context) -> StepResult {
        let cents: u64 = orders.iter().map(|order| order.cents).sum();
        ctx.logger.info("written", json!({ "orders": orders.len(), "cents": cents }));
        Ok(())
    }

    step!(CONFIG, handler);
}

/// Reminds a customer of an order.
mod remind {
    use super::*;

    const CONFIG: EventConfig<Reminder> =
        EventConfig::new("Remind").throttle(Duration::from_millis(100));

    async fn handler(reminder: Reminder, ctx: Context) -> StepResult {
        ctx.logger.info("reminded", json!({ "customer": reminder.customer }));
        Ok(())
    }

    step!(CONFIG, handler);
}

/// `DELETE /orders/{customer}`: nobody wants them any more, wherever they are.
mod cancel {
    use super::*;

    const CONFIG: ApiConfig<(), Value> = ApiConfig::delete("CancelOrders", "/orders/{customer}");

    #[derive(Deserialize, JsonSchema)]
    struct Whose {
        customer: String,
    }

    pub(super) async fn handler(
        req: ApiRequest<()>,
        ctx: Context,
    ) -> StepResult<ApiResponse<Value>> {
        let Whose { customer } = req.path()?;
        let ended = ctx.cancel(Cancel::Key(&customer)).await?;
        Ok(ApiResponse::ok(json!({ "cancelled": ended })))
    }

    step!(CONFIG, handler);
}

fn main() -> std::process::ExitCode {
    motia::App::new().run()
}

#[cfg(test)]
mod tests {
    use motia_testkit::{TestApp, fake};

    use super::*;

    fn order(customer: &str, cents: u64) -> Value {
        json!({ "customer": customer, "cents": cents })
    }

    #[test]
    fn the_bank_is_asked_to_wait_in_a_class_of_its_own() {
        let (ctx, _probe) = fake();
        let order = Order { customer: "ana".into(), cents: 429 };

        let ended = futures_now(charge::handler(order, ctx));

        assert_eq!(ended.unwrap_err().class(), Some("busy"));
    }

    /// A handler that waits for nothing.
    fn futures_now<T>(handler: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(handler)
    }

    #[tokio::test(start_paused = true)]
    async fn a_customer_is_charged_in_order_and_reminded_once_a_day() {
        let app = TestApp::start().await;

        for cents in [900, 50, 700] {
            assert_eq!(app.post("/orders").json(&order("ana", cents)).send().await.status, 201);
        }
        app.quiet().await;
        app.advance(Duration::from_secs(24 * 60 * 60)).await;
        app.quiet().await;

        let said = |message: &str| {
            let lines = app.logs().into_iter().filter(|line| line.message == message);
            lines.map(|line| line.fields).collect::<Vec<_>>()
        };
        let charged: Vec<_> = said("charged").iter().map(|line| line["cents"].clone()).collect();
        assert_eq!(charged, [900, 50, 700]);
        assert_eq!(said("reminded").len(), 1);
        assert_eq!(said("written"), [json!({ "orders": 2, "cents": 1600 })]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_cancelled_never_happens() {
        let app = TestApp::start().await;
        app.post("/orders").json(&order("bert", 900)).send().await;
        app.advance(Duration::from_secs(1)).await;

        let answer = app.request("DELETE", "/orders/bert").send().await;
        app.advance(Duration::from_secs(2 * 24 * 60 * 60)).await;

        assert_eq!(answer.json::<Value>(), json!({ "cancelled": 1 }), "the reminder");
        assert!(!app.logs().iter().any(|line| line.message == "reminded"));
    }
}
