//! Newspapers: uploaded, taken apart, refused.

use std::fs;

use serde_json::{Value, json};

use crate::{client::App, provider::Fault, upstream::Upstream};

/// A PDF with one page for each text.
fn newspaper(texts: &[&str]) -> Vec<u8> {
    let mut objects = vec!["<< /Type /Catalog /Pages 2 0 R >>".to_owned(), String::new()];
    let font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>";
    objects.push(font.to_owned());
    let mut kids = String::new();
    for text in texts {
        let number = objects.len() + 1;
        kids.push_str(&format!("{number} 0 R "));
        let drawn = format!("BT /F1 12 Tf 72 700 Td ({text}) Tj ET");
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {} 0 R \
             /Resources << /Font << /F1 3 0 R >> >> >>",
            number + 1
        ));
        objects.push(format!("<< /Length {} >>\nstream\n{drawn}\nendstream", drawn.len()));
    }
    objects[1] = format!("<< /Type /Pages /Kids [{kids}] /Count {} >>", texts.len());
    pdf_of(&objects)
}

/// A PDF of these objects, the first of them the catalog.
fn pdf_of(objects: &[String]) -> Vec<u8> {
    let (mut pdf, mut places) = (b"%PDF-1.4\n".to_vec(), Vec::new());
    for (number, object) in objects.iter().enumerate() {
        places.push(pdf.len());
        pdf.extend(format!("{} 0 obj\n{object}\nendobj\n", number + 1).bytes());
    }
    let (table, size) = (pdf.len(), objects.len() + 1);
    pdf.extend(format!("xref\n0 {size}\n0000000000 65535 f \n").bytes());
    places.iter().for_each(|place| pdf.extend(format!("{place:010} 00000 n \n").bytes()));
    let trailer = format!("trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n");
    pdf.extend(trailer.bytes());
    pdf
}

fn spooled(app: &App) -> usize {
    fs::read_dir(app.server.data().join("spool")).map_or(0, Iterator::count)
}

#[test]
fn a_newspaper_is_taken_apart_page_by_page_and_its_file_goes() {
    let upstream = Upstream::start();
    let app = App::asking(&upstream);
    let pdf = newspaper(&["Bridge closed", "", "Cat found"]);

    let taken = app.upload("application/pdf", &pdf, &[("issue_date", "2026-01-31")]);
    assert_eq!((taken.status, &taken.body["state"]), (201, &json!("PENDING")), "{taken:?}");
    let task = app.until(taken.body["task_id"].as_str().unwrap(), "COMPLETED");

    let result: Value = serde_json::from_str(task["result"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&result["filename"], &result["issue_date"]),
        (&json!("news.pdf"), &json!("2026-01-31"))
    );
    let pages = result["pages"].as_array().unwrap();
    let told: Vec<_> = pages.iter().map(|page| (&page["page_number"], &page["status"])).collect();
    assert_eq!(
        told,
        [
            (&json!(1), &json!("processed")),
            (&json!(2), &json!("skipped")),
            (&json!(3), &json!("processed")),
        ]
    );
    assert!(pages[1]["reason"].is_string());
    let article = pages[0]["articles"][0].as_object().unwrap();
    let fields = ["title", "subtitle", "author", "body", "topics", "summary"];
    assert!(fields.iter().all(|field| article.contains_key(*field)), "{article:?}");
    assert_eq!(article["title"], "Bridge closed");
    assert_eq!((&task["task_type"], &task["content"]), (&json!("pdfxtract"), &json!("news.pdf")));
    assert_eq!((upstream.calls().len(), spooled(&app)), (2, 0));
}

#[test]
fn offline_a_newspaper_is_taken_apart_as_well_as_can_be_and_says_so() {
    let app = App::offline();

    let taken = app.upload("application/pdf", &newspaper(&["Bridge closed"]), &[]);
    let task = app.until(taken.body["task_id"].as_str().unwrap(), "COMPLETED");

    let result: Value = serde_json::from_str(task["result"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&result["issue_date"], &result["pages"][0]["status"]),
        (&json!("unknown"), &json!("processed"))
    );
    assert!(result["provider"].as_str().unwrap().contains("no model was asked"));
}

#[test]
fn of_two_files_in_one_form_the_last_counts() {
    let app = App::offline();
    let head = b"--cut\r\ncontent-disposition: form-data; name=\"file\"; filename=\"news.pdf\"\r\n\
                 content-type: application/pdf\r\n\r\n";
    let part = |file: &[u8]| [&head[..], file, b"\r\n"].concat();
    let (first, last) = (part(b"%PDF-1.4 damaged"), part(&newspaper(&["Bridge closed"])));
    let form = [first, last, b"--cut--\r\n".to_vec()].concat();

    let taken = app.send("/api/v1/tasks/pdfxtract", "multipart/form-data; boundary=cut", &form);

    assert_eq!(taken.status, 201, "{taken:?}");
    app.until(taken.body["task_id"].as_str().unwrap(), "COMPLETED");
}

#[test]
fn an_attempt_goes_on_at_the_page_where_the_last_one_stopped() {
    let upstream = Upstream::start();
    let matching = Some("Cat found".to_owned());
    upstream.fail(Fault { status: 500, matching, ..Fault::default() });
    let app = App::asking(&upstream);

    let taken = app.upload("application/pdf", &newspaper(&["Bridge closed", "Cat found"]), &[]);
    let task_id = taken.body["task_id"].as_str().unwrap();
    app.until(task_id, "SCHEDULED");
    assert_eq!(spooled(&app), 1, "the file is needed once more");
    let task = app.until(task_id, "COMPLETED");

    assert_eq!((&task["retry_count"], &task["last_error"].is_string()), (&json!(1), &true));
    assert_eq!((upstream.asked_about("Bridge closed"), upstream.asked_about("Cat found")), (1, 2));
}

#[test]
fn what_is_no_pdf_is_refused_and_leaves_no_file() {
    let app = App::offline();
    let refused = json!({ "detail": "File must be a PDF document" });

    let by_type = app.upload("text/plain", b"%PDF-1.4", &[]);
    let by_content = app.upload("application/pdf", b"hello", &[]);
    let absent = app.send(
        "/api/v1/tasks/pdfxtract",
        "multipart/form-data; boundary=cut",
        b"--cut\r\ncontent-disposition: form-data; name=\"issue_date\"\r\n\r\n2026\r\n--cut--\r\n",
    );
    let no_form = app.send("/api/v1/tasks/pdfxtract", "application/pdf", b"%PDF-1.4");

    assert_eq!((by_type.status, by_type.body), (400, refused.clone()));
    assert_eq!((by_content.status, by_content.body), (400, refused));
    assert_eq!((absent.status, &absent.body["detail"][0]["loc"]), (422, &json!(["body", "file"])));
    assert_eq!((no_form.status, &no_form.body["detail"][0]["type"]), (422, &json!("missing")));
    assert_eq!(spooled(&app), 0);
    assert_eq!(app.queues()["states"]["PENDING"], 0);
}

#[test]
fn a_pdf_over_50_mb_is_refused_and_leaves_no_file() {
    let app = App::offline();
    let mut large = newspaper(&["Bridge closed"]);
    large.resize(50 * 1024 * 1024 + 1, b' ');

    let refused = app.upload("application/pdf", &large, &[]);

    assert_eq!(
        (refused.status, refused.body),
        (413, json!({ "detail": "File size must be less than 50MB" }))
    );
    assert_eq!(spooled(&app), 0);
}

#[test]
fn a_pdf_that_cannot_be_read_ends_in_a_state_that_says_why() {
    let app = App::offline();
    let cut = &newspaper(&["Bridge closed"])[..40];
    let empty = newspaper(&[]);

    for (pdf, kind) in [(cut, "PdfUnreadable"), (empty.as_slice(), "PdfEmpty")] {
        let taken = app.upload("application/pdf", pdf, &[]);
        let task = app.until(taken.body["task_id"].as_str().unwrap(), "DLQ");
        assert_eq!(task["error_type"], kind, "{task:#}");
        assert!(task["last_error"].is_string());
    }
    let none_left = || (spooled(&app) == 0).then_some(());
    app.eventually(none_left);
}

/// A newspaper whose pages all draw the same two million bytes.
#[cfg(target_os = "linux")]
fn slow() -> Vec<u8> {
    let drawn = "BT /F1 12 Tf (a) Tj ET\n".repeat(100_000);
    let mut objects = vec!["<< /Type /Catalog /Pages 2 0 R >>".to_owned(), String::new()];
    objects.push(
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".into(),
    );
    objects.push(format!("<< /Length {} >>\nstream\n{drawn}\nendstream", drawn.len()));
    let page = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R \
                /Resources << /Font << /F1 3 0 R >> >> >>";
    objects.extend(std::iter::repeat_n(page.to_owned(), 500));
    let kids: String = (5..505).map(|number| format!("{number} 0 R ")).collect();
    objects[1] = format!("<< /Type /Pages /Kids [{kids}] /Count 500 >>");
    pdf_of(&objects)
}

#[cfg(target_os = "linux")]
#[test]
fn a_pdf_that_takes_too_long_to_read_is_given_up_and_nobody_reads_on() {
    let app = App::with(&[("PDF_TIMEOUT", "1s")]);

    let taken = app.upload("application/pdf", &slow(), &[]);
    let task = app.until(taken.body["task_id"].as_str().unwrap(), "DLQ");

    assert_eq!(task["error_type"], "PdfTooSlow", "{task:#}");
    app.server.until_childless();
}

#[cfg(target_os = "linux")]
#[test]
fn a_pdf_that_takes_too_much_memory_is_given_up_and_the_app_lives_on() {
    let app = App::with(&[("PDF_MEMORY", "64MiB")]);
    let mut large = newspaper(&["Bridge closed"]);
    large.resize(49 * 1024 * 1024, b' ');

    let taken = app.upload("application/pdf", &large, &[]);
    let task = app.until(taken.body["task_id"].as_str().unwrap(), "DLQ");

    assert_eq!(task["error_type"], "PdfTooLarge", "{task:#}");
    app.server.until_childless();
}

#[test]
fn a_deleted_newspaper_takes_its_file_with_it() {
    let upstream = Upstream::start();
    upstream.fail(Fault { after_ms: 800, times: 9, ..Fault::default() });
    let app = App::asking(&upstream);
    let taken = app.upload("application/pdf", &newspaper(&["Bridge closed"]), &[]);
    let task_id = taken.body["task_id"].as_str().unwrap();
    app.until(task_id, "ACTIVE");
    assert_eq!(spooled(&app), 1);

    app.delete(&format!("/api/v1/tasks/{task_id}"));

    app.eventually(|| (spooled(&app) == 0).then_some(()));
}
