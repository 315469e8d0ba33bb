//! Errors of one's own: each knows the status it is answered with, and its body where that is typed.
//!
//! `cargo run --example typed_errors`, then
//! `curl -i -X POST localhost:3000/withdraw -H 'content-type: application/json' -d '{"cents": 900}'`.

use motia::prelude::*;

#[derive(Debug, Deserialize, JsonSchema)]
struct Withdrawal {
    #[schemars(range(min = 1))]
    cents: i64,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Balance {
    cents: i64,
}

/// The body of a 402, as the contract with the client has it.
#[derive(Debug, Serialize, JsonSchema)]
struct Overdrawn {
    error: &'static str,
    missing: i64,
}

/// Why a withdrawal fails. Not `std::error::Error`: so it decides itself how it is answered.
enum WithdrawError {
    Frozen,
    TooMuch { missing: i64 },
}

impl From<WithdrawError> for StepError {
    fn from(error: WithdrawError) -> Self {
        match error {
            WithdrawError::Frozen => Self::reject(StatusCode::LOCKED, "the account is frozen"),
            WithdrawError::TooMuch { missing } => Self::respond(ApiResponse::with_status(
                StatusCode::PAYMENT_REQUIRED,
                Overdrawn { error: "not enough money", missing },
            )),
        }
    }
}

const ACCOUNTS: StateGroup<i64> = StateGroup::new("accounts");

const CONFIG: ApiConfig<Withdrawal, Balance> = ApiConfig::post("Withdraw", "/withdraw")
    .description("Takes money from the one account there is")
    .replies(&[reply::<Overdrawn>(402, "there is not enough money")]);

async fn handler(req: ApiRequest<Withdrawal>, ctx: Context) -> StepResult<ApiResponse<Balance>> {
    let balance = ctx.state.get(ACCOUNTS, "one").await?.unwrap_or(500);

    let left = withdraw(balance, req.body.cents)?;
    ctx.state.set(ACCOUNTS, "one", &left).await?;

    Ok(ApiResponse::ok(Balance { cents: left }))
}

step!(CONFIG, handler);

fn withdraw(balance: i64, cents: i64) -> Result<i64, WithdrawError> {
    if balance < 0 {
        return Err(WithdrawError::Frozen);
    }
    match balance - cents {
        left if left < 0 => Err(WithdrawError::TooMuch { missing: -left }),
        left => Ok(left),
    }
}

fn main() -> std::process::ExitCode {
    motia::App::new().run()
}

#[cfg(test)]
mod tests {
    use motia_testkit::fake;

    use super::*;

    fn taking(cents: i64) -> ApiRequest<Withdrawal> {
        ApiRequest::new(Withdrawal { cents })
    }

    #[tokio::test]
    async fn money_that_is_there_is_paid_out() {
        let (ctx, probe) = fake();

        let reply = handler(taking(200), ctx).await.unwrap();

        assert_eq!(reply.body.cents, 300);
        assert_eq!(probe.state.get(ACCOUNTS, "one").await.unwrap(), Some(300));
    }

    #[tokio::test]
    async fn more_than_is_there_is_402_and_a_frozen_account_423() {
        let (ctx, probe) = fake();
        assert_eq!(handler(taking(501), ctx.clone()).await.unwrap_err().status(), 402);

        probe.state.set(ACCOUNTS, "one", &-1).await.unwrap();
        assert_eq!(handler(taking(1), ctx).await.unwrap_err().status(), 423);
    }
}
