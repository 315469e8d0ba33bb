use motia::prelude::*;

const CONFIG: CronConfig = CronConfig::new("Nightly", "@daily");

fn handler(_ctx: Context) -> StepResult {
    Ok(())
}

step!(CONFIG, handler);

fn main() {}
