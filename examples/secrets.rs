//! A sign-in that is handed on with its secrets, which nobody is shown.
//!
//! `cargo run --example secrets`, then
//! `curl -X POST localhost:3000/logins -H 'content-type: application/json' -d '{"user":"ana","pin":"1234","password":"hunter2"}'`
//! and look for the pin: in the log lines, in `cargo run --example secrets -- runs`, `dlq ls`, `state ls logins`.

use motia::prelude::*;

/// Somebody wants to sign in at the bank.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
struct LoginAsked {
    user: String,
    /// Kept and handed on whole, and shown to nobody.
    pin: Secret<String>,
    /// A plain text, recognised by its name wherever it is shown.
    password: String,
}
topic!(LoginAsked = "login.asked");

const LOGINS: StateGroup<LoginAsked> = StateGroup::new("logins");

/// Who is signing in, live.
const FEED: Stream<LoginAsked> = Stream::new("logins");
stream!(FEED);

mod take_login {
    //! `POST /logins`: keeps the wish and answers at once.
    use super::*;

    const CONFIG: ApiConfig<LoginAsked, Value, (LoginAsked,)> =
        ApiConfig::post("TakeLogin", "/logins");

    pub(super) async fn handler(
        req: ApiRequest<LoginAsked>,
        ctx: Context<(LoginAsked,)>,
    ) -> StepResult<ApiResponse<Value>> {
        let login = req.body;
        let LoginAsked { user, pin, password } = &login;
        ctx.logger.info("taken in", json!({ "user": user, "pin": pin, "password": password }));

        ctx.state.set(LOGINS, &login.user, &login).await?;
        ctx.streams.set(FEED, "bank", &login.user, &login).await?;
        ctx.emit(login.clone()).await?;

        Ok(ApiResponse::accepted(json!({ "taken": login.user, "pin": login.pin }))) // [redacted]
    }

    step!(CONFIG, handler);
}

mod sign_in {
    //! On `login.asked`: signs in at the bank, which does not know anybody today.
    use super::*;

    const CONFIG: EventConfig<LoginAsked> = EventConfig::new("SignIn");

    pub(super) async fn handler(login: LoginAsked, ctx: Context) -> StepResult {
        let LoginAsked { user, pin, password } = login;
        let digits = pin.expose().len();
        ctx.logger
            .warn(format!("the bank refuses password={password}"), json!({ "digits": digits }));

        let asked = format!("https://{user}:{password}@bank.example");
        Err(StepError::fatal(format!("a pin of {digits} digits is not known; asked {asked}")))
    }

    step!(CONFIG, handler);
}

mod remind {
    //! An hour after `login.asked`: reminds whoever has not signed in by then.
    use super::*;

    const CONFIG: EventConfig<LoginAsked> =
        EventConfig::new("Remind").delay(Duration::from_secs(3600));

    async fn handler(login: LoginAsked, ctx: Context) -> StepResult {
        ctx.logger.info("reminded", json!({ "user": login.user }));
        Ok(())
    }

    step!(CONFIG, handler);
}

fn main() -> std::process::ExitCode {
    motia::App::new().run()
}

#[cfg(test)]
mod tests {
    use motia_testkit::fake;

    use super::*;

    fn login() -> LoginAsked {
        let pin = Secret::new("1234".to_owned());
        LoginAsked { user: "ana".into(), pin, password: "hunter2".into() }
    }

    #[tokio::test]
    async fn a_login_is_handed_on_whole_and_nothing_of_it_is_said() {
        let (ctx, probe) = fake();

        let answer = take_login::handler(ApiRequest::new(login()), ctx).await;

        assert!(answer.is_ok());
        assert_eq!(probe.emitted::<LoginAsked>(), [login()]);
        let said = format!("{:?}", probe.logs());
        assert!(!said.contains("1234") && !said.contains("hunter2"), "{said}");
    }

    #[tokio::test]
    async fn the_bank_is_asked_with_the_pin_itself() {
        let (ctx, _probe) = fake();
        let refused = sign_in::handler(login(), ctx).await;
        assert!(refused.is_err_and(|error| error.to_string().contains("a pin of 4 digits")));
    }
}
