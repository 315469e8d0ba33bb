//! Errors as `FastAPI` writes them: `{"detail": …}`, and 422 with one entry for each rule that is broken.

use motia::{http::ProblemShape, prelude::*, schema::Violation};

use super::wire::ErrorResponse;

/// The paths of the task queue.
const PATHS: &[&str] = &["/api/v1/", "/health", "/live", "/ready"];

/// The form of all errors under the paths of the task queue.
pub const ERRORS: ProblemShape = ProblemShape::new::<ErrorResponse>(PATHS, render)
    .replies(&[reply::<ValidationError>(422, "The request breaks a rule.")]);

/// What breaks rules.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ValidationError {
    /// Each rule that is broken.
    pub detail: Vec<Broken>,
}

/// A rule that is broken.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Broken {
    /// Where: `["body", "content"]`.
    pub loc: Vec<Value>,
    /// What is wrong.
    pub msg: String,
    /// Of which kind that is.
    #[serde(rename = "type")]
    pub kind: String,
}

fn render(problem: &Problem) -> ApiResponse<Value> {
    if !problem.errors.is_empty() {
        let detail: Vec<_> = problem.errors.iter().map(broken).collect();
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return ApiResponse::with_status(status, json!({ "detail": detail }));
    }
    if problem.status == StatusCode::UNSUPPORTED_MEDIA_TYPE {
        // A body of another type is no body.
        let nobody = Violation::new("", "is required").of_rule("required");
        let detail = json!({ "detail": [broken(&nobody)] });
        return ApiResponse::with_status(StatusCode::UNPROCESSABLE_ENTITY, detail);
    }
    let usual = problem.status.canonical_reason().unwrap_or("Error");
    let detail = match problem.status {
        // Of these the contract knows no other words.
        StatusCode::METHOD_NOT_ALLOWED | StatusCode::INTERNAL_SERVER_ERROR => usual,
        StatusCode::NOT_FOUND => match problem.detail.as_deref() {
            Some(detail) if detail.ends_with("not found") => detail,
            _ => usual,
        },
        _ => problem.detail.as_deref().unwrap_or(usual),
    };
    ApiResponse::with_status(problem.status, json!({ "detail": detail }))
}

fn broken(violation: &Violation) -> Broken {
    let kind = match &*violation.rule {
        "required" => "missing",
        "json" => "json_invalid",
        "minLength" => "string_too_short",
        "maxLength" => "string_too_long",
        "minimum" => "greater_than_equal",
        "maximum" => "less_than_equal",
        "enum" => "enum",
        "type" => "type_error",
        "additionalProperties" => "extra_forbidden",
        _ => "value_error",
    };
    let msg = match kind {
        "missing" => "Field required".to_owned(),
        _ => violation.detail.clone(),
    };
    Broken { loc: violation.location(), msg, kind: kind.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_one_line() {
        let problem = Problem::new(StatusCode::BAD_REQUEST).detail("File must be a PDF document");

        let answer = render(&problem);

        assert_eq!(answer.status, 400);
        assert_eq!(answer.body, json!({ "detail": "File must be a PDF document" }));
    }

    #[test]
    fn what_breaks_a_schema_is_422_with_place_and_kind() {
        let missing = Violation::new("/content", "is required").of_rule("required");

        let answer = render(&Problem::violations(vec![missing]));

        assert_eq!(answer.status, 422);
        let expected = json!({ "detail": [
            { "loc": ["body", "content"], "msg": "Field required", "type": "missing" },
        ] });
        assert_eq!(answer.body, expected);
    }

    #[test]
    fn paths_that_lead_nowhere_and_failures_inside_have_the_words_of_the_contract() {
        let told = |status: u16, detail: &str| {
            let status = StatusCode::from_u16(status).unwrap();
            render(&Problem::new(status).detail(detail)).body["detail"].clone()
        };

        assert_eq!(told(404, "nothing lies at this path"), "Not Found");
        assert_eq!(told(404, "Task not found"), "Task not found");
        assert_eq!(told(405, "see `Allow`"), "Method Not Allowed");
        assert_eq!(told(500, "something failed inside"), "Internal Server Error");
        assert_eq!(told(415, "this step takes JSON")[0]["type"], "missing");
    }
}
