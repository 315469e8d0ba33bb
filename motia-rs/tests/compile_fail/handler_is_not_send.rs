use std::rc::Rc;

use motia::prelude::*;

const CONFIG: CronConfig = CronConfig::new("Nightly", "@daily");

async fn handler(ctx: Context) -> StepResult {
    let words = Rc::new("held across an await");
    ctx.cancelled().await;
    println!("{words}");
    Ok(())
}

step!(CONFIG, handler);

fn main() {}
