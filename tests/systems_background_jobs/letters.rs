//! Letters: into the outbox, or to a mail server.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};

use super::client::App;

fn letter() -> Value {
    json!({ "to": ["ann@test.com", "bob@test.com"], "subject": "Hi {{name}}",
            "textContent": "Dear {{name}}", "variables": { "name": "friend" },
            "attachments": [{ "filename": "note.txt", "contentType": "text/plain",
                              "content": "aGkgdGhlcmU=" }] })
}

#[test]
fn without_a_mail_server_each_recipient_has_a_letter_in_the_outbox() {
    let app = App::start();

    let job = app.done("/emails", &letter());

    assert_eq!((&job["status"], &job["result"]["sent"]), (&json!("completed"), &json!(2)));
    let mut letters = app.letters();
    letters.sort();
    let id = job["jobId"].as_str().unwrap();
    let names: Vec<_> = letters.iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(names, [format!("{id}-0"), format!("{id}-1")]);
    let (_, ann) = &letters[0];
    assert!(ann.contains("To: ann@test.com\r\n") && !ann.contains("bob@"), "{ann}");
    assert!(ann.contains("Subject: Hi friend\r\n") && ann.contains("Dear friend"), "{ann}");
    assert!(ann.contains("filename=\"note.txt\""), "{ann}");
    assert!(ann.contains(&format!("Message-ID: <{id}-0@jobs.motia>")), "{ann}");
}

#[test]
fn templates_are_used_and_a_gap_that_nobody_fills_ends_the_job() {
    let app = App::start();
    let template = json!({ "html": "<p>Dear {{name}}</p>", "text": "Dear {{name}}" });
    app.server.ask(["state", "set", "email-templates", "welcome", &template.to_string()]);
    let from = |template: &str, variables: Value| {
        json!({ "to": "ann@test.com", "subject": "Hi", "templateId": template,
                "variables": variables })
    };

    let job = app.done("/emails", &from("welcome", json!({ "name": "<b>" })));
    assert_eq!(job["status"], "completed", "{job}");
    let (_, sent) = &app.letters()[0];
    assert!(sent.contains("<p>Dear &lt;b&gt;</p>") && sent.contains("Dear <b>"), "{sent}");

    for (letter, code) in [
        (from("welcome", json!({ "nme": "Ann" })), "UNKNOWN_VARIABLE"),
        (from("farewell", json!({})), "UNKNOWN_TEMPLATE"),
        (
            json!({ "to": "ann@test.com", "subject": "{{what}}", "textContent": "",
                    "variables": { "what": "a\r\nBcc: eve@test.com" } }),
            "HEADER_INJECTION",
        ),
    ] {
        let job = app.done("/emails", &letter);
        assert_eq!((&job["status"], &job["attempts"]), (&json!("failed"), &json!(1)));
        assert_eq!(job["error"]["code"], code, "{job}");
    }
    assert_eq!(app.letters().len(), 1);
}

#[test]
fn a_letter_that_can_never_be_sent_is_refused_with_each_place() {
    let app = App::start();
    let file = |content: &str, kind: &str| json!({ "filename": "a", "content": content, "contentType": kind });
    let wordless = json!({ "to": "ann@test.com", "subject": "a\r\nBcc: eve@test.com" });
    let mut damaged = letter();
    damaged["attachments"] =
        json!([file("aGk=", "text/plain"), file("%", "text/plain"), file("", "no!")]);

    for (letter, expected) in [
        (wordless, vec!["/subject", "/textContent"]),
        (damaged, vec!["/attachments/1/content", "/attachments/2/contentType"]),
    ] {
        let (status, refused) = app.post("/emails", &letter);
        let errors = refused["errors"].as_array().unwrap().clone();
        let places: Vec<_> = errors.iter().map(|error| error["pointer"].clone()).collect();
        assert_eq!((status, json!(places)), (400, json!(expected)), "{refused}");
    }
    assert_eq!(app.get("/jobs").1["jobs"], json!([]));
}

#[test]
fn a_mail_server_is_talked_to_and_nobody_gets_a_letter_twice() {
    let sink = Sink::start();
    let app = App::start_with(&[("SMTP_URL", &format!("smtp://{}", sink.address))]);

    let job = app.done("/emails", &letter());

    assert_eq!((&job["status"], &job["attempts"]), (&json!("completed"), &json!(2)), "{job}");
    let taken = sink.taken.lock().unwrap().clone();
    let to: Vec<_> = taken.iter().map(|letter| letter.to.as_str()).collect();
    assert_eq!(to, ["ann@test.com", "bob@test.com"], "a letter for each, after bob's was put off");
    assert!(taken[0].text.contains("Subject: Hi friend") && taken[0].text.contains("note.txt"));
    assert_eq!(app.letters().len(), 0);

    let refused = json!({ "to": "nobody@test.com", "subject": "Hi", "textContent": "Hi" });
    let job = app.done("/emails", &refused);
    assert_eq!((&job["error"]["code"], &job["attempts"]), (&json!("MAIL_REFUSED"), &json!(1)));
}

#[test]
fn a_mail_server_that_nobody_reaches_is_tried_again() {
    let unused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let app = App::start_with(&[("SMTP_URL", &format!("smtp://{unused}"))]);

    let (_, taken_in) = app.post("/emails", &letter());
    let id = taken_in["jobId"].as_str().unwrap().to_owned();

    let job = app.until(&id, |job| !job["error"].is_null());
    assert_eq!(job["error"]["code"], "NETWORK_ERROR", "{job}");
    assert!(job["retryAt"].is_string() || job["attempts"] != 1, "{job}");
}

/// A mail server that takes every letter, but puts the first one for bob off, and refuses those for nobody.
struct Sink {
    address: String,
    taken: Arc<Mutex<Vec<Letter>>>,
}

#[derive(Debug, Clone, PartialEq)]
struct Letter {
    to: String,
    text: String,
}

impl Sink {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let taken: Arc<Mutex<Vec<Letter>>> = Arc::default();
        let (keep, put_off) = (taken.clone(), Arc::new(Mutex::new(false)));
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (keep, put_off) = (keep.clone(), put_off.clone());
                std::thread::spawn(move || drop(talk(client.unwrap(), &keep, &put_off)));
            }
        });
        Self { address, taken }
    }
}

fn talk(
    mut client: TcpStream,
    taken: &Mutex<Vec<Letter>>,
    put_off: &Mutex<bool>,
) -> std::io::Result<()> {
    let mut lines = BufReader::new(client.try_clone()?).lines();
    let (mut to, mut text) = (String::new(), String::new());
    client.write_all(b"220 sink\r\n")?;
    while let Some(line) = lines.next().transpose()? {
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        let answer = match verb.as_str() {
            "EHLO" => "250 sink",
            "RCPT" => {
                to = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                match to.as_str() {
                    "nobody@test.com" => "550 no such mailbox",
                    "bob@test.com" if !std::mem::replace(&mut *put_off.lock().unwrap(), true) => {
                        "451 try again later"
                    }
                    _ => "250 ok",
                }
            }
            "DATA" => {
                client.write_all(b"354 go on\r\n")?;
                text.clear();
                for line in lines.by_ref() {
                    let line = line?;
                    if line == "." {
                        break;
                    }
                    text.push_str(&line);
                    text.push('\n');
                }
                taken.lock().unwrap().push(Letter { to: to.clone(), text: text.clone() });
                "250 taken"
            }
            "QUIT" => return client.write_all(b"221 bye\r\n"),
            _ => "250 ok",
        };
        client.write_all(answer.as_bytes())?;
        client.write_all(b"\r\n")?;
    }
    Ok(())
}
