//! Every five minutes: asks the provider how often it may be asked, and what is left on the account.

use flows::task_queue::{TASK_QUEUE, account, client::Client};
use motia::prelude::*;

const CONFIG: CronConfig = CronConfig::new("RefreshAccount", "*/5 * * * *")
    .description("Asks the provider how often it may be asked, and what is left on the account")
    .flows(&[TASK_QUEUE]);

async fn handler(ctx: Context) -> StepResult {
    if let Some(client) = Client::of(&ctx) {
        account::ask(&ctx, &client).await?;
    }
    Ok(())
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use flows::task_queue::usage::SERVICE;
    use motia_testkit::fake;

    use super::*;

    #[tokio::test]
    async fn without_a_key_nobody_is_asked() {
        let (ctx, probe) = fake();

        handler(ctx).await.unwrap();

        assert!(probe.state.group(SERVICE).await.unwrap().items.is_empty());
    }
}
