//! On `data.processing.requested`: makes a job of it, once.

use flows::background_jobs::{
    BACKGROUND_JOBS, JobDropped, JobEnqueued, data::DataRequest, request,
};
use motia::prelude::*;

type Emits = (JobEnqueued,);

const CONFIG: EventConfig<DataRequest, Emits> = EventConfig::new("DataProcessor")
    .description("Makes a job of each request to process rows")
    .on_ended::<JobDropped>()
    .flows(&[BACKGROUND_JOBS]);

async fn handler(wanted: DataRequest, ctx: Context<Emits>) -> StepResult {
    request::take_in(&ctx, wanted).await
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use motia_testkit::Fake;

    use super::*;

    #[tokio::test]
    async fn a_request_becomes_a_job_of_two_attempts() {
        let (ctx, probe) = Fake::default().handling_an_event().build();
        let request = json!({ "dataSource": "a.csv", "processingType": "analyze",
                              "outputDestination": "a.json" });

        handler(serde_json::from_value(request).unwrap(), ctx).await.unwrap();

        let JobEnqueued(job) = &probe.emitted::<JobEnqueued>()[0];
        assert_eq!((job.kind.as_str(), job.max_attempts), ("data_processing", 2));
        assert!(probe.acknowledged());
    }
}
