//! `POST /emails`: asks for a letter.

use flows::background_jobs::{BACKGROUND_JOBS, email::EmailRequest, job::TakenIn, request};
use motia::prelude::*;

type Emits = (EmailRequest,);

const CONFIG: ApiConfig<EmailRequest, TakenIn, Emits> = ApiConfig::post("RequestEmail", "/emails")
    .description("Asks for a letter")
    .status(201)
    .idempotent()
    .flows(&[BACKGROUND_JOBS]);

async fn handler(
    req: ApiRequest<EmailRequest>,
    ctx: Context<Emits>,
) -> StepResult<ApiResponse<TakenIn>> {
    let faults = req.body.faults();
    if !faults.is_empty() {
        return Err(StepError::Reject(Box::new(Problem::violations(faults))));
    }

    let record = request::ask(&ctx, req.body).await?;

    Ok(ApiResponse::created(TakenIn::from(record)))
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use flows::background_jobs::{JOBS, Status};
    use motia_testkit::fake;

    use super::*;

    #[tokio::test]
    async fn a_letter_is_asked_for_and_its_job_can_be_looked_at() {
        let (ctx, probe) = fake();
        let letter = json!({ "to": ["ann@test.com"], "subject": "Hi", "textContent": "Hi",
                             "sendAt": "2030-01-01T00:00:00Z" });

        let reply =
            handler(ApiRequest::new(serde_json::from_value(letter).unwrap()), ctx).await.unwrap();

        assert_eq!((reply.status.as_u16(), reply.body.status), (201, Status::Scheduled));
        assert_eq!(probe.emitted::<EmailRequest>().len(), 1);
        assert!(probe.state.get(JOBS, &reply.body.job_id).await.unwrap().is_some());
    }

    #[tokio::test]
    async fn a_letter_that_can_never_be_sent_is_refused_with_each_place() {
        let (ctx, probe) = fake();
        let file = json!({ "filename": "a.pdf", "content": "%%%", "contentType": "nonsense" });
        let letter =
            json!({ "to": "ann@test.com", "subject": "Hi\nBcc: all", "attachments": [file] });

        let request = ApiRequest::new(serde_json::from_value(letter).unwrap());
        let refused = handler(request, ctx).await.unwrap_err();

        let StepError::Reject(problem) = refused else { panic!("{refused}") };
        let places: Vec<_> = problem.errors.iter().map(|fault| fault.pointer.as_str()).collect();
        let expected =
            ["/subject", "/textContent", "/attachments/0/content", "/attachments/0/contentType"];
        assert_eq!((problem.status.as_u16(), places), (400, expected.to_vec()));
        assert_eq!(probe.emissions(), []);
    }

    #[tokio::test]
    async fn a_letter_whose_job_cannot_be_kept_is_not_asked_for() {
        let (ctx, probe) = fake();
        probe.break_store().await;
        let letter = json!({ "to": "ann@test.com", "subject": "Hi", "textContent": "Hi" });

        let request = ApiRequest::new(serde_json::from_value(letter).unwrap());

        assert!(handler(request, ctx).await.is_err());
        assert_eq!(probe.emissions(), []);
    }
}
