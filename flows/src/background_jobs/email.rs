//! E-mail jobs: a letter to one or many, from a template or in words of its own.

pub mod letter;
pub mod template;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use lettre::message::header::ContentType;
use motia::{prelude::*, schema::Violation};
use serde_json::Map;

pub use letter::Letter;
pub use template::Template;

use super::{Job, Urgency};

/// The type of jobs that send letters.
pub const KIND: &str = "email";

/// The words that letters are made of, by the template's name.
pub const EMAIL_TEMPLATES: StateGroup<Template> = StateGroup::new("email-templates");

/// The letters of a job that were sent, so that another attempt leaves them out: by job and recipient.
pub const SENT: StateGroup<Timestamp> = StateGroup::new("emails-sent");

/// A letter is to be sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EmailRequest {
    /// Whom to; each gets a letter of their own.
    pub to: Recipients,
    /// What it is about; may have gaps.
    #[schemars(length(max = 500))]
    pub subject: String,
    /// Whose words to use, in the place of one's own.
    pub template_id: Option<String>,
    /// The letter as HTML; may have gaps.
    pub html_content: Option<String>,
    /// The letter as plain text; may have gaps.
    pub text_content: Option<String>,
    /// What fills the gaps.
    #[serde(default)]
    pub variables: Map<String, Value>,
    /// Files that go with it.
    #[serde(default)]
    #[schemars(length(max = 20))]
    pub attachments: Vec<Attachment>,
    /// How urgent it is.
    #[serde(default)]
    pub priority: Urgency,
    /// Not before this instant.
    pub send_at: Option<Timestamp>,
    /// Who asks for it.
    pub user_id: Option<String>,
}
topic!(EmailRequest = "email.send.requested");

/// One address, or several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "`to` is an address or a list of addresses")]
pub enum Recipients {
    /// One.
    One(#[schemars(email, length(max = 254))] String),
    /// Several.
    Many(#[schemars(length(min = 1, max = 100), inner(email, length(max = 254)))] Vec<String>),
}

impl Recipients {
    /// The addresses in their order.
    #[must_use]
    pub fn addresses(&self) -> &[String] {
        match self {
            Self::One(address) => std::slice::from_ref(address),
            Self::Many(addresses) => addresses,
        }
    }
}

/// A file that goes with a letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Attachment {
    /// What it is called.
    #[schemars(length(min = 1, max = 255))]
    pub filename: String,
    /// What is in it, in base64.
    pub content: String,
    /// What kind of file it is, such as `application/pdf`.
    #[schemars(length(min = 3, max = 127))]
    pub content_type: String,
}

impl EmailRequest {
    /// What keeps it from ever being sent, beyond what its schema says.
    #[must_use]
    pub fn faults(&self) -> Vec<Violation> {
        let mut faults = Vec::new();
        let mut fault = |at: String, detail: &str| faults.push(Violation::new(at, detail));
        if self.subject.chars().any(char::is_control) {
            fault("/subject".into(), "has a control character");
        }
        let words = [&self.template_id, &self.html_content, &self.text_content];
        if words.iter().all(|words| words.is_none()) {
            let detail = "a letter needs words: `textContent`, `htmlContent` or a `templateId`";
            fault("/textContent".into(), detail);
        }
        for (n, file) in self.attachments.iter().enumerate() {
            if file.filename.chars().any(char::is_control) {
                fault(format!("/attachments/{n}/filename"), "has a control character");
            }
            if BASE64_STANDARD.decode(&file.content).is_err() {
                fault(format!("/attachments/{n}/content"), "is no base64");
            }
            if ContentType::parse(&file.content_type).is_err() {
                let detail = "is no content type such as `application/pdf`";
                fault(format!("/attachments/{n}/contentType"), detail);
            }
        }
        faults
    }

    /// The job that sends it.
    #[must_use]
    pub fn into_job(self, job_id: String) -> Job {
        let (priority, delay_until) = (self.priority, self.send_at);
        let created_by = self.user_id.clone();
        let Ok(Value::Object(payload)) = serde_json::to_value(self) else {
            unreachable!("a struct with text keys is a JSON object");
        };
        Job { job_id, priority, delay_until, created_by, ..Job::new(KIND, payload) }
    }
}
