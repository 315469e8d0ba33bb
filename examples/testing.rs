//! How steps are tested: a handler by itself, then a whole flow with time that the test moves.
//!
//! `cargo test --example testing`

use motia::prelude::*;

/// Somebody signed up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
struct SignedUp {
    #[schemars(email)]
    email: String,
}
topic!(SignedUp = "signed.up");

const WELCOMED: StateGroup<u32> = StateGroup::new("welcomed");

mod sign_up {
    //! `POST /sign-up`: keeps the wish; the welcome comes a day later.
    use super::*;

    const CONFIG: ApiConfig<SignedUp, (), (SignedUp,)> = ApiConfig::post("SignUp", "/sign-up");

    pub(super) async fn handler(
        req: ApiRequest<SignedUp>,
        ctx: Context<(SignedUp,)>,
    ) -> StepResult<ApiResponse<()>> {
        ctx.emit(req.body).delay(Duration::from_secs(24 * 60 * 60)).await?;

        Ok(ApiResponse::no_content())
    }

    step!(CONFIG, handler);
}

mod welcome {
    //! On `signed.up`: welcomes them; the post office needs three attempts.
    use super::*;

    const CONFIG: EventConfig<SignedUp> =
        EventConfig::new("Welcome").retry(Retry::exponential(5, Duration::from_secs(60)));

    async fn handler(signed_up: SignedUp, ctx: Context) -> StepResult {
        if ctx.attempt() < 3 {
            return Err(StepError::retry("the post office is closed"));
        }
        ctx.state.set(WELCOMED, &signed_up.email, &ctx.attempt()).await?;

        Ok(())
    }

    step!(CONFIG, handler);
}

fn main() -> std::process::ExitCode {
    motia::App::new().run()
}

#[cfg(test)]
mod tests {
    use motia_testkit::{TestApp, assert_wired, fake};

    use super::*;

    fn ada() -> SignedUp {
        SignedUp { email: "ada@example.com".into() }
    }

    /// One handler: a function call, a fake context, a probe that saw everything.
    #[tokio::test]
    async fn a_sign_up_is_announced_for_tomorrow() {
        let (ctx, probe) = fake();
        let now = ctx.now();

        let reply = sign_up::handler(ApiRequest::new(ada()), ctx).await.unwrap();

        assert_eq!(reply.status, 204);
        assert_eq!(probe.emitted::<SignedUp>(), [ada()]);
        let due = probe.emissions()[0].due.unwrap();
        assert_eq!(due.duration_since(now).as_hours(), 24);
    }

    /// The whole flow: a day and two retries pass in no time.
    #[tokio::test(start_paused = true)]
    async fn a_sign_up_is_welcomed_a_day_later_at_the_third_attempt() {
        let app = TestApp::start().await;

        app.post("/sign-up").json(&ada()).send().await;
        app.quiet().await;
        assert_eq!(app.state.get(WELCOMED, "ada@example.com").await.unwrap(), None);
        app.empty().await;

        assert_eq!(app.state.get(WELCOMED, "ada@example.com").await.unwrap(), Some(3));
        assert!(app.now().duration_since(motia_testkit::START).as_hours() >= 24);
        assert!(app.dead_letters().await.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_sign_up_without_an_address_is_refused() {
        let app = TestApp::start().await;

        let refused = app.post("/sign-up").json(&json!({ "email": "ada" })).send().await;

        assert_eq!((refused.status.as_u16(), refused.pointers()), (400, vec!["/email".to_owned()]));
    }

    /// What no compiler can see.
    #[test]
    fn the_graph_hangs_together() {
        assert_wired();
    }
}
