//! What a browser is shown of a job: a page that is complete without scripts and moves by itself with them.
//!
//! Script and style are files of their own and nothing stands inline, so that the page keeps its strict
//! `content-security-policy`, and goes on working under one that is set for a whole site.

use maud::{DOCTYPE, Markup, html};

use super::job::{Answer, Job, Progress};

/// What the page may load: its own script and style, and the events of its job.
pub const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The files of the page, with their media types.
pub const ASSETS: [(&str, &str, &str); 2] = [
    ("job.css", "text/css; charset=utf-8", include_str!("page/job.css")),
    ("job.js", "text/javascript; charset=utf-8", include_str!("page/job.js")),
];

/// The page of a job.
#[must_use]
pub fn of_job(job: &Job) -> String {
    let view = job.view();
    let over = view.status.is_over();
    let (percent, message) = match &view.progress {
        Some(Progress { percent, message }) => (*percent, message.as_str()),
        None => (0, "waiting for its turn"),
    };
    let answer = view.result.as_ref().map_or("", |Answer { text, .. }| text.as_str());
    let error = view.error.as_deref().unwrap_or_default();
    frame(
        &format!("AI job: {}", view.status),
        !over,
        &html! {
            main #job data-job=(view.job_id) data-status=(view.status) {
                p.status { span #status .badge { (view.status) } }
                h1 { "AI job" }
                blockquote { (job.prompt) }
                div.progress {
                    label for="bar" #message aria-live="polite" { (message) }
                    span #percent aria-hidden="true" { (percent) " %" }
                    progress #bar max="100" value=(percent) { (percent) " %" }
                }
                section #answer hidden[answer.is_empty()] {
                    h2 { "Answer" }
                    p #answer-text { (answer) }
                }
                section #error hidden[error.is_empty()] {
                    h2 { "What went wrong" }
                    p #error-text { (error) }
                }
                dl {
                    div { dt { "Attempts" } dd #attempts { (view.attempts) } }
                    div { dt { "Took" } dd #took { (took(view.duration_ms)) } }
                    div { dt { "Job" } dd { code { (view.job_id) } } }
                }
                button #cancel type="button" hidden { "Cancel this job" }
                p #note role="status" {}
            }
        },
    )
}

/// The page where there is no job.
#[must_use]
pub fn no_such_job(job_id: &str) -> String {
    frame(
        "No such AI job",
        false,
        &html! {
            main {
                h1 { "No such job" }
                p { "There is no job " code { (job_id) } ". Start one with " code { "POST /ai/start" } "." }
            }
        },
    )
}

fn took(millis: Option<u64>) -> String {
    millis.map_or_else(|| "–".to_owned(), |millis| format!("{:.1} s", millis as f64 / 1000.0))
}

fn frame(title: &str, moves: bool, body: &Markup) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                link rel="icon" href="data:,";
                link rel="stylesheet" href="/ai/assets/job.css";
                @if moves {
                    script src="/ai/assets/job.js" defer {}
                    noscript { meta http-equiv="refresh" content="2"; }
                }
            }
            body { (body) }
        }
    }
    .into_string()
}

#[cfg(test)]
mod tests {
    use motia_testkit::START;

    use super::*;
    use crate::ai_jobs::JobOptions;

    fn job(prompt: &str) -> Job {
        Job::new("anna".into(), prompt.into(), JobOptions::default(), START)
    }

    #[test]
    fn what_a_user_wrote_is_shown_as_text() {
        let page = of_job(&job("<script>alert(1)</script>"));

        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{page}");
    }

    #[test]
    fn a_page_moves_until_its_job_is_over() {
        let mut job = job("hello");
        let waiting = of_job(&job);
        job.cancel(START).unwrap();
        let over = of_job(&job);

        assert!(waiting.contains("job.js") && waiting.contains("http-equiv=\"refresh\""));
        assert!(!over.contains("job.js") && !over.contains("refresh"));
        assert!(over.contains("cancelled"));
    }

    #[test]
    fn nothing_stands_inline() {
        let page = of_job(&job("hello"));

        assert!(!page.contains("style=") && !page.contains("<style") && !page.contains("onclick"));
        assert!(page.contains("<script src=\"/ai/assets/job.js\" defer></script>"), "{page}");
    }
}
