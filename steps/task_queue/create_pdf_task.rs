//! `POST /api/v1/tasks/pdfxtract`: takes a newspaper as a PDF, straight to disk.

use flows::task_queue::{
    TASK_QUEUE,
    attempt::{self, Emits},
    pdf,
    settings::MAX_RETRIES,
    spool::{Receiving, Spool},
    task::{Task, TaskType, Upload},
    wire::TaskResponse,
};
use motia::{http::Part, prelude::*, schema::Violation};

/// The largest form: the PDF, and room for its other fields.
const LARGEST_FORM: usize = pdf::LARGEST + 1024 * 1024;
/// The longest field beside the PDF, in bytes.
const LONGEST_FIELD: usize = 256;
/// How long an upload may take.
const LONGEST_UPLOAD: Duration = Duration::from_secs(600);

const CONFIG: ApiConfig<Multipart, TaskResponse, Emits> =
    ApiConfig::post("CreatePdfTask", "/api/v1/tasks/pdfxtract")
        .description("Takes a newspaper as a PDF: multipart, `file` and perhaps `issue_date`")
        .body_limit(LARGEST_FORM)
        .timeout(LONGEST_UPLOAD)
        .status(201)
        .replies(&[rejection(400, "File must be a PDF document")])
        .flows(&[TASK_QUEUE]);

async fn handler(
    mut req: ApiRequest<Multipart>,
    ctx: Context<Emits>,
) -> StepResult<ApiResponse<TaskResponse>> {
    let mut task = Task::new(TaskType::Pdfxtract, 0, ctx.setting(MAX_RETRIES), ctx.now());
    let spool = Spool::of(&ctx);
    let (mut received, mut filename, mut issue_date) = (None, String::new(), None);
    while let Some(part) = req.body.next().await? {
        match part.name.as_str() {
            "file" => {
                // The last one counts; one before it gives up its place on the disk first.
                drop(received.take());
                let file = spool.receive(&task.task_id);
                received = Some(receive(&mut req.body, &part, file).await?);
                filename = part.file_name.unwrap_or_else(|| "unknown.pdf".to_owned());
            }
            "issue_date" => {
                let text = req.body.bytes(LONGEST_FIELD).await?;
                issue_date = Some(String::from_utf8_lossy(&text).into_owned());
            }
            _ => {}
        }
    }
    let received = received.ok_or_else(missing)?;
    task.content_length = received.length();
    task.upload = Some(Upload { filename, issue_date: issue_date.filter(|date| !date.is_empty()) });

    let mut tx = ctx.transaction();
    attempt::queue_new(&mut tx, &task);
    // Before the commit, which may be kept although it is reported to have failed. A file without a task
    // is swept up.
    received.keep();
    tx.commit().await?;

    Ok(ApiResponse::created(TaskResponse { task_id: task.task_id, state: task.state }))
}

/// Writes the file to disk as it comes; what is no PDF is refused by its first bytes.
async fn receive(
    form: &mut Multipart,
    part: &Part,
    file: impl Future<Output = std::io::Result<Receiving>>,
) -> StepResult<Receiving> {
    let said = part.content_type.as_deref().unwrap_or_default();
    if !said.starts_with("application/pdf") {
        return Err(no_pdf());
    }
    let mut file = file.await?;
    let mut beginning = Vec::new();
    while let Some(chunk) = form.chunk().await? {
        if beginning.len() < 1024 {
            beginning.extend(chunk.iter().take(1024));
        }
        if file.length() + chunk.len() as u64 > pdf::LARGEST as u64 {
            let detail = "File size must be less than 50MB";
            return Err(StepError::reject(StatusCode::PAYLOAD_TOO_LARGE, detail));
        }
        file.write(&chunk).await?;
    }
    if !pdf::looks_like_one(&beginning) {
        return Err(no_pdf());
    }
    file.sync().await?;
    Ok(file)
}

fn no_pdf() -> StepError {
    StepError::reject(StatusCode::BAD_REQUEST, "File must be a PDF document")
}

fn missing() -> StepError {
    let missing = Violation::new("/file", "is required").of_rule("required");
    StepError::Reject(Box::new(Problem::violations(vec![missing])))
}

step!(CONFIG, handler);
