//! On `email.send.requested`: makes a job of it, once.

use flows::background_jobs::{
    BACKGROUND_JOBS, JobDropped, JobEnqueued, email::EmailRequest, request,
};
use motia::prelude::*;

type Emits = (JobEnqueued,);

const CONFIG: EventConfig<EmailRequest, Emits> = EventConfig::new("EmailProcessor")
    .description("Makes a job of each letter that is asked for")
    .on_ended::<JobDropped>()
    .flows(&[BACKGROUND_JOBS]);

async fn handler(wanted: EmailRequest, ctx: Context<Emits>) -> StepResult {
    request::take_in(&ctx, wanted).await
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use flows::background_jobs::{JOBS, Status};
    use motia_testkit::{Fake, START};

    use super::*;

    fn letter(send_at: Option<Timestamp>) -> EmailRequest {
        let letter = json!({ "to": "ann@test.com", "subject": "Hi", "textContent": "Hi",
                             "priority": "low", "sendAt": send_at });
        serde_json::from_value(letter).unwrap()
    }

    #[tokio::test]
    async fn a_letter_becomes_a_job_and_the_event_is_done_with() {
        let (ctx, probe) = Fake::default().handling_an_event().build();

        handler(letter(None), ctx).await.unwrap();

        let JobEnqueued(job) = &probe.emitted::<JobEnqueued>()[0];
        assert_eq!((job.kind.as_str(), job.payload["subject"].as_str()), ("email", Some("Hi")));
        assert_eq!(probe.emissions()[0].priority, Priority::LOW);
        assert!(probe.acknowledged());
    }

    #[tokio::test]
    async fn a_letter_for_later_waits_for_its_time() {
        let (ctx, probe) = Fake::default().handling_an_event().build();
        let tomorrow = START.checked_add(Duration::from_secs(86_400)).unwrap();

        handler(letter(Some(tomorrow)), ctx).await.unwrap();

        assert_eq!(probe.emissions(), []);
        let kept = probe.state.group(JOBS).await.unwrap().items;
        assert_eq!((kept[0].1.status, kept[0].1.due()), (Status::Scheduled, Some(tomorrow)));
    }
}
