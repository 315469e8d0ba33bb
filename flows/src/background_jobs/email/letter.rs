//! A letter, made of words and files, ready to be addressed.

use std::time::SystemTime;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use lettre::{
    Message,
    message::{Attachment as Part, Mailbox, MultiPart, SinglePart, header::ContentType},
};
use motia::prelude::*;
use serde_json::Map;

use super::{
    Attachment, EmailRequest, Template,
    template::{Escape, fill},
};
use crate::background_jobs::{Code, JobError};

/// A letter that has its words, and only lacks an address.
#[derive(Debug, Clone)]
pub struct Letter {
    subject: String,
    body: MultiPart,
}

impl Letter {
    /// Makes the letter that was asked for.
    ///
    /// # Errors
    /// When a gap has no variable, a control character stands in a header, or an attachment is no base64
    /// or of no known content type.
    pub fn compose(request: &EmailRequest, template: Option<&Template>) -> Result<Self, JobError> {
        let EmailRequest { html_content, text_content, variables, attachments, .. } = request;
        let (html, text) = match template {
            Some(Template { html, text }) => (html, text),
            None => (html_content, text_content),
        };
        let subject = fill(&request.subject, variables, Escape::Plain)?;
        refuse_controls("the subject", &subject)?;

        let words = body(html.as_deref(), text.as_deref(), variables)?;
        let mut body = MultiPart::mixed().multipart(words);
        for attachment in attachments {
            body = body.singlepart(part(attachment)?);
        }
        Ok(Self { subject, body })
    }

    /// The letter to one recipient. `name` is unique to letter and recipient, and becomes its message id,
    /// so that a second copy is known for what it is.
    ///
    /// # Errors
    /// [`Code::InvalidAddress`] when an address is none.
    pub fn address(
        &self,
        from: &str,
        to: &str,
        name: &str,
        date: Timestamp,
    ) -> Result<Message, JobError> {
        Message::builder()
            .from(mailbox(from)?)
            .to(mailbox(to)?)
            .subject(self.subject.clone())
            .message_id(Some(message_id(name)))
            .date(SystemTime::from(date))
            .multipart(self.body.clone())
            .map_err(|error| Code::InvalidAddress.because(error.to_string()))
    }
}

/// The message id of a letter of this name.
#[must_use]
pub fn message_id(name: &str) -> String {
    format!("<{name}@jobs.motia>")
}

fn mailbox(address: &str) -> Result<Mailbox, JobError> {
    refuse_controls("an address", address)?;
    address.parse().map_err(|_| Code::InvalidAddress.because("this is no e-mail address"))
}

fn body(
    html: Option<&str>,
    text: Option<&str>,
    variables: &Map<String, Value>,
) -> Result<MultiPart, JobError> {
    let html = html.map(|words| fill(words, variables, Escape::Html)).transpose()?;
    let text = text.map(|words| fill(words, variables, Escape::Plain)).transpose()?;
    match (text, html) {
        (Some(text), Some(html)) => Ok(MultiPart::alternative_plain_html(text, html)),
        (Some(text), None) => Ok(MultiPart::mixed().singlepart(SinglePart::plain(text))),
        (None, Some(html)) => Ok(MultiPart::mixed().singlepart(SinglePart::html(html))),
        (None, None) => Err(Code::InvalidPayload
            .because("a letter needs words: `htmlContent`, `textContent` or a `templateId`")),
    }
}

fn part(attachment: &Attachment) -> Result<SinglePart, JobError> {
    let Attachment { filename, content, content_type } = attachment;
    refuse_controls("the name of an attachment", filename)?;
    refuse_controls("the content type of an attachment", content_type)?;
    let bytes = BASE64_STANDARD
        .decode(content)
        .map_err(|error| invalid(filename, &format!("is no base64: {error}")))?;
    let kind = ContentType::parse(content_type)
        .map_err(|_| invalid(filename, "has a content type that is none"))?;
    Ok(Part::new(filename.clone()).body(bytes, kind))
}

fn invalid(filename: &str, fault: &str) -> JobError {
    Code::InvalidPayload.because(format!("the attachment `{filename}` {fault}"))
}

/// A line break in a header would begin a header of its own.
fn refuse_controls(what: &str, value: &str) -> Result<(), JobError> {
    if value.chars().any(char::is_control) {
        return Err(Code::HeaderInjection.because(format!("{what} has a control character")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::background_jobs::email::Recipients;

    const NOW: Timestamp = Timestamp::constant(1_767_225_600, 0);

    fn request() -> EmailRequest {
        let request = json!({ "to": "ann@test.com", "subject": "Hi {{name}}",
            "textContent": "Dear {{name}}", "variables": { "name": "Ann" } });
        serde_json::from_value(request).unwrap()
    }

    fn written(request: &EmailRequest, template: Option<&Template>) -> Result<String, JobError> {
        let to = request.to.addresses()[0].clone();
        let letter = Letter::compose(request, template)?;
        let message = letter.address("jobs@test.com", &to, "job-1-0", NOW)?;
        Ok(String::from_utf8(message.formatted()).unwrap())
    }

    #[test]
    fn a_letter_has_its_words_its_name_and_its_date() {
        let letter = written(&request(), None).unwrap();

        assert!(letter.contains("Subject: Hi Ann\r\n") && letter.contains("Dear Ann"), "{letter}");
        assert!(letter.contains("Message-ID: <job-1-0@jobs.motia>\r\n"), "{letter}");
        assert!(letter.contains("Date: Thu, 01 Jan 2026 00:00:00 +0000\r\n"), "{letter}");
    }

    #[test]
    fn a_template_is_used_in_the_place_of_own_words() {
        let template = Template { html: Some("<p>{{name}}</p>".into()), text: None };

        let letter = written(&request(), Some(&template)).unwrap();

        assert!(letter.contains("<p>Ann</p>") && !letter.contains("Dear"), "{letter}");
    }

    #[test]
    fn nothing_that_a_header_takes_can_begin_another() {
        let break_in = "x\r\nBcc: eve@test.com";
        let mut subject = request();
        subject.subject = break_in.into();
        let mut variable = request();
        variable.variables.insert("name".into(), json!(break_in));
        let mut address = request();
        address.to = Recipients::One(format!("ann@test.com{break_in}"));
        let mut filename = request();
        filename.attachments = vec![file(break_in, "text/plain", "aGk=")];
        let mut kind = request();
        kind.attachments = vec![file("a.txt", &format!("text/plain{break_in}"), "aGk=")];

        for (what, request) in [
            ("subject", subject),
            ("variable", variable),
            ("address", address),
            ("filename", filename),
            ("kind", kind),
        ] {
            let fault = written(&request, None).unwrap_err();
            assert_eq!(fault.code, Code::HeaderInjection, "{what}");
        }
    }

    fn file(name: &str, content_type: &str, content: &str) -> Attachment {
        Attachment {
            filename: name.into(),
            content: content.into(),
            content_type: content_type.into(),
        }
    }

    #[test]
    fn files_go_with_it_if_they_are_base64() {
        let mut request = request();
        request.attachments = vec![file("hi \"you\".txt", "text/plain", "aGkgdGhlcmU=")];
        let letter = written(&request, None).unwrap();
        assert!(letter.contains("hi there") || letter.contains("aGkgdGhlcmU="), "{letter}");

        request.attachments = vec![file("a.txt", "text/plain", "not base64!")];
        assert_eq!(written(&request, None).unwrap_err().code, Code::InvalidPayload);
    }

    #[test]
    fn a_letter_without_words_or_address_is_none() {
        let mut silent = request();
        silent.text_content = None;
        assert_eq!(written(&silent, None).unwrap_err().code, Code::InvalidPayload);

        let mut lost = request();
        lost.to = Recipients::One("nobody".into());
        assert_eq!(written(&lost, None).unwrap_err().code, Code::InvalidAddress);
    }
}
