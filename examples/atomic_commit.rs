//! State, events and the acknowledgement in one commit: the effects happen once, crash or not.
//!
//! `cargo run --example atomic_commit`, then
//! `curl -X POST localhost:3000/transfers -H 'content-type: application/json' -d '{"from":"anna","to":"bert","cents":500}'`
//! and `cargo run --example atomic_commit -- state ls balances`.

use motia::prelude::*;

/// Money shall go from one account to another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Transfer {
    from: String,
    to: String,
    #[schemars(range(min = 1))]
    cents: i64,
}
topic!(Transfer = "transfer.wanted");

/// Money has gone from one account to another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Transferred {
    to: String,
    cents: i64,
}
topic!(Transferred = "transfer.done");

const BALANCES: StateGroup<i64> = StateGroup::new("balances");

mod take_transfer {
    //! `POST /transfers`: keeps the wish and answers at once.
    use super::*;

    const CONFIG: ApiConfig<Transfer, Receipt, (Transfer,)> =
        ApiConfig::post("TakeTransfer", "/transfers");

    async fn handler(
        req: ApiRequest<Transfer>,
        ctx: Context<(Transfer,)>,
    ) -> StepResult<ApiResponse<Receipt>> {
        let receipt = ctx.emit(req.body).await?;

        Ok(ApiResponse::accepted(receipt))
    }

    step!(CONFIG, handler);
}

mod make_transfer {
    //! On `transfer.wanted`: moves the money and says so, all or nothing.
    use super::*;

    const CONFIG: EventConfig<Transfer, (Transferred,)> = EventConfig::new("MakeTransfer");

    pub(super) async fn handler(wanted: Transfer, ctx: Context<(Transferred,)>) -> StepResult {
        let Transfer { from, to, cents } = wanted;

        let mut tx = ctx.transaction();
        tx.increment(BALANCES, &from, -cents);
        tx.increment(BALANCES, &to, cents);
        tx.emit(Transferred { to, cents });
        tx.commit_and_ack().await?; // from here on the event is done with, whatever happens

        Ok(())
    }

    step!(CONFIG, handler);
}

mod tell {
    //! On `transfer.done`: tells whoever got the money.
    use super::*;

    const CONFIG: EventConfig<Transferred> = EventConfig::new("Tell");

    async fn handler(done: Transferred, ctx: Context) -> StepResult {
        ctx.logger.info("money has come", json!({ "to": done.to, "cents": done.cents }));

        Ok(())
    }

    step!(CONFIG, handler);
}

fn main() -> std::process::ExitCode {
    motia::App::new().run()
}

#[cfg(test)]
mod tests {
    use motia_testkit::Fake;

    use super::*;

    fn five_euros() -> Transfer {
        Transfer { from: "anna".into(), to: "bert".into(), cents: 500 }
    }

    #[tokio::test]
    async fn both_balances_the_notice_and_the_acknowledgement_come_together() {
        let (ctx, probe) = Fake::default().handling_an_event().build();

        make_transfer::handler(five_euros(), ctx).await.unwrap();

        assert_eq!(probe.state.get(BALANCES, "anna").await.unwrap(), Some(-500));
        assert_eq!(probe.state.get(BALANCES, "bert").await.unwrap(), Some(500));
        assert_eq!(probe.emitted::<Transferred>().len(), 1);
        assert!(probe.acknowledged());
    }

    #[tokio::test]
    async fn a_counter_that_cannot_hold_more_leaves_everything_as_it_was() {
        let (ctx, probe) = Fake::default().handling_an_event().build();
        probe.state.set(BALANCES, "bert", &i64::MAX).await.unwrap();

        assert!(make_transfer::handler(five_euros(), ctx).await.is_err());

        assert_eq!(probe.state.get(BALANCES, "anna").await.unwrap(), None);
        assert_eq!(probe.emissions(), []);
        assert!(!probe.acknowledged());
    }
}
