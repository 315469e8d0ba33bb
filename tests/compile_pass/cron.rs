//! A cron step with most of what it can say.

use motia::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema)]
struct ShopOpened {
    at: Timestamp,
}
topic!(ShopOpened = "shop.opened");

type Emits = (ShopOpened,);

const CONFIG: CronConfig<Emits> = CronConfig::new("OpenTheShop", "0 9 * * MON-FRI")
    .description("Opens the shop on working days")
    .timezone("Europe/Rome")
    .overlap(Overlap::Skip)
    .catch_up(CatchUp::Last)
    .timeout(Duration::from_secs(60));

async fn handler(ctx: Context<Emits>) -> StepResult {
    ctx.emit(ShopOpened { at: ctx.now() }).delay(Duration::from_secs(5)).await?;
    Ok(())
}

step!(CONFIG, handler);
