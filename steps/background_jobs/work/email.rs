//! A letter that is sent, one copy to each recipient.

use flows::background_jobs::{
    Code, Job, JobError,
    email::{EMAIL_TEMPLATES, EmailRequest, Letter, SENT, letter::message_id},
    settings,
};
use motia::prelude::*;

use super::post::Post;

/// For how long it is known which letters were sent.
const REMEMBERED: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Sends the letter to each who has not got it from an attempt before.
pub(super) async fn send<E>(job: &Job, ctx: &Context<E>) -> Result<Value, JobError> {
    let request: EmailRequest = job.read_payload()?;
    let template = match &request.template_id {
        None => None,
        Some(id) => Some(ctx.state.get(EMAIL_TEMPLATES, id).await?.ok_or_else(|| {
            Code::UnknownTemplate.because(format!("no template is called `{id}`"))
        })?),
    };
    let letter = Letter::compose(&request, template.as_ref())?;
    let (from, post) = (ctx.setting(settings::SENDER), Post::of(ctx)?);

    let mut results = Vec::new();
    for (n, recipient) in request.to.addresses().iter().enumerate() {
        let name = format!("{}-{n}", job.job_id);
        if ctx.state.get(SENT, &name).await?.is_none() {
            let message = letter.address(&from, recipient, &name, ctx.now())?;
            post.send(ctx, &name, message).await?;
            ctx.state.set(SENT, &name, &ctx.now()).ttl(REMEMBERED).await?;
        }
        results.push(json!({ "recipient": recipient, "messageId": message_id(&name) }));
    }
    Ok(json!({ "sent": results.len(), "results": results, "timestamp": ctx.now() }))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use flows::background_jobs::email::Template;
    use motia_testkit::{Fake, START, fake};

    use super::*;

    fn job(letter: Value) -> Job {
        let Value::Object(payload) = letter else { panic!("a payload is an object") };
        Job::new("email", payload)
    }

    #[tokio::test]
    async fn what_no_letter_can_be_made_of_is_named_and_not_to_be_tried_again() {
        let (ctx, probe) = fake::<()>();
        let welcome = Template { html: None, text: Some("Dear {{name}}".into()) };
        probe.state.set(EMAIL_TEMPLATES, "welcome", &welcome).await.unwrap();
        let letter = |template: &str| {
            job(json!({ "to": "ann@test.com", "subject": "Hi", "templateId": template }))
        };

        for (letter, code) in [
            (letter("welcome"), Code::UnknownVariable),
            (letter("farewell"), Code::UnknownTemplate),
            (job(json!({ "to": 7 })), Code::InvalidPayload),
        ] {
            let fault = send(&letter, &ctx).await.unwrap_err();
            assert_eq!((fault.code, fault.code.is_retryable()), (code, false));
        }
    }

    #[tokio::test]
    async fn who_has_got_the_letter_does_not_get_it_again() {
        // Nothing can be put there: a letter that were sent would fail.
        let nowhere = PathBuf::from("/dev/null/outbox");
        let (ctx, probe) = Fake::default().setting(settings::OUTBOX, nowhere).build::<()>();
        let letter = job(json!({ "to": ["ann@test.com"], "subject": "Hi", "textContent": "Hi" }));
        let unsent = send(&letter, &ctx).await;
        let name = format!("{}-0", letter.job_id);
        probe.state.set(SENT, &name, &START).await.unwrap();

        let result = send(&letter, &ctx).await.unwrap();

        assert!(unsent.is_err());
        assert_eq!(result["sent"], 1);
    }
}
