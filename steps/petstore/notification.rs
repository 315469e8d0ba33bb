//! On `notification`: tells somebody; here, by a line in the log with the address hidden.

use flows::petstore::{BASIC_TUTORIAL, NotificationWanted, hide_address};
use motia::prelude::*;

const CONFIG: EventConfig<NotificationWanted> = EventConfig::new("Notification")
    .description("Tells somebody, by a line in the log")
    .flows(&[BASIC_TUTORIAL]);

async fn handler(wanted: NotificationWanted, ctx: Context) -> StepResult {
    let NotificationWanted { email, template_id, template_data } = wanted;
    let email = hide_address(&email);

    ctx.logger.info(
        "notification sent",
        json!({ "email": email, "template": template_id, "data": template_data }),
    );

    Ok(())
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use motia_testkit::fake;

    use super::*;

    #[tokio::test]
    async fn the_address_is_hidden_in_the_log() {
        let (ctx, probe) = fake();
        let wanted = NotificationWanted {
            email: "test@test.com".into(),
            template_id: "new-order".into(),
            template_data: json!({ "quantity": 2 }),
        };

        handler(wanted, ctx).await.unwrap();

        assert_eq!(probe.logs()[0].fields["email"], "te**@test.com");
    }
}
