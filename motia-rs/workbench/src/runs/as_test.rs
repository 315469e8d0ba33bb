//! A run as a test of its step.

use std::time::Duration;

use motia_runtime::runs::RunRecord;

use crate::Refusal;

/// A run as the text of a test for its step's own file.
///
/// # Errors
/// When its input was not kept whole.
pub(super) fn text(run: &RunRecord) -> Result<String, Refusal> {
    let Some(input) = run.input.as_ref().filter(|input| input.is_whole) else {
        return Err(Refusal::conflict("the input of this run was not kept whole"));
    };
    let fake = match run.kind.as_ref() {
        "event" => format!("Fake::default().handling_an_event().attempt({})", run.attempt),
        _ => "Fake::default()".to_owned(),
    };
    let given = match run.kind.as_ref() {
        "api" => "    let req = ApiRequest::new(serde_json::from_value(input).unwrap());\n",
        "event" => "    let input = serde_json::from_value(input).unwrap();\n",
        _ => "",
    };
    let call = match run.kind.as_ref() {
        "api" => "handler(req, ctx)",
        "event" => "handler(input, ctx)",
        _ => "handler(ctx)",
    };
    let value = serde_json::to_string_pretty(&input.value).unwrap_or_default();
    let value = value.replace('\n', "\n    ");
    let input = if given.is_empty() {
        String::new()
    } else {
        format!("    let input = serde_json::json!({value});\n{given}")
    };
    let then = match &run.error {
        Some(error) => format!(
            "    let failed = {call}.await.unwrap_err();\n\n    assert_eq!(failed.to_string(), {error:?});\n"
        ),
        None => format!(
            "    let ended = {call}.await;\n\n    assert!(ended.is_ok(), \"{{ended:?}}\");\n"
        ),
    };
    let took = Duration::from_micros(run.took_us);
    Ok(format!(
        "/// The run {id} of `{step}`, at {at}, which took {took:?} and ended {outcome}.\n\
         #[tokio::test]\nasync fn run_{id}() {{\n    \
         let (ctx, _probe) = motia_testkit::{fake}.build();\n{input}\n{then}}}\n",
        id = run.id,
        step = run.step,
        at = run.started_at,
        outcome = run.outcome.name(),
    ))
}
