//! An image that is processed: a stand-in that takes some time, and fails when it is told to.

use flows::{
    background_jobs::{Code, Job, JobError},
    demo::pause,
};
use motia::prelude::*;

/// The longest that an image may take, in seconds: a day.
const LONGEST: f64 = 86_400.0;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Image {
    image_url: String,
    #[serde(default)]
    operations: Vec<String>,
    /// How long it takes.
    #[serde(default = "two")]
    seconds: f64,
    /// The first attempts fail, to show what becomes of a job that does.
    fail: Option<Failing>,
}

#[derive(Debug, Deserialize)]
struct Failing {
    code: Code,
    #[serde(default = "always")]
    times: u32,
}

const fn two() -> f64 {
    2.0
}

const fn always() -> u32 {
    u32::MAX
}

/// Takes its time, and says what it would have done.
pub(super) async fn process<E>(job: &Job, ctx: &Context<E>) -> Result<Value, JobError> {
    let Image { image_url, operations, seconds, fail } = job.read_payload()?;

    if !(0.0..=LONGEST).contains(&seconds) {
        return Err(Code::InvalidPayload.because("`seconds` is a number from 0 to 86400"));
    }

    tokio::time::sleep(pause(ctx, seconds)).await;

    match fail {
        Some(Failing { code, times }) if job.attempts <= times => {
            Err(code.because(format!("attempt {} fails, as it was told to", job.attempts)))
        }
        _ => Ok(json!({ "imageUrl": image_url, "operations": operations, "simulated": true })),
    }
}
