//! Which runs are asked for.

use jiff::Timestamp;
use motia_core::{context::notes::What, trace::TraceId};

use super::{RunOutcome, RunRecord};

/// Which runs are asked for: those that fit everything that is said.
#[derive(Debug, Clone, Default)]
pub struct RunFilter {
    /// Of this step.
    pub step: Option<String>,
    /// Of one of these steps.
    pub steps: Option<Vec<String>>,
    /// `api`, `event` or `cron`.
    pub kind: Option<String>,
    /// Ended so.
    pub outcome: Option<RunOutcome>,
    /// Of this trace.
    pub trace: Option<TraceId>,
    /// Begun no sooner.
    pub since: Option<Timestamp>,
    /// Begun sooner.
    pub until: Option<Timestamp>,
    /// With this text in its error, its request or one of its log lines, whatever the case.
    pub text: Option<String>,
    /// Only those that nothing known caused: where a trace begins.
    pub only_roots: bool,
}

impl RunFilter {
    /// Whether a run fits.
    #[must_use]
    pub fn passes(&self, run: &RunRecord) -> bool {
        let Self { step, steps, kind, outcome, trace, since, until, text, only_roots } = self;
        step.as_ref().is_none_or(|step| *step == *run.step)
            && steps.as_ref().is_none_or(|steps| steps.iter().any(|step| *step == *run.step))
            && kind.as_ref().is_none_or(|kind| *kind == *run.kind)
            && outcome.is_none_or(|outcome| outcome == run.outcome)
            && trace.is_none_or(|trace| trace == run.trace_id)
            && since.is_none_or(|since| run.started_at >= since)
            && until.is_none_or(|until| run.started_at < until)
            && (!only_roots || run.parent.is_none())
            && text.as_ref().is_none_or(|text| says(run, &text.to_lowercase()))
    }
}

fn says(run: &RunRecord, text: &str) -> bool {
    let has = |of: &str| of.to_lowercase().contains(text);
    has(&run.step)
        || run.error.as_deref().is_some_and(has)
        || run.input.as_ref().and_then(|input| input.request.as_deref()).is_some_and(has)
        || run.noted.notes.iter().any(|note| match &note.what {
            What::Log { message, fields, .. } => {
                has(message) || (!fields.is_null() && has(&fields.to_string()))
            }
            _ => false,
        })
}

#[cfg(test)]
mod tests {
    use super::{super::record::tests::run, *};

    #[test]
    fn a_run_has_to_fit_everything_that_is_said() {
        let failed = run("Pay", RunOutcome::Failed);
        let with = |text: &str| RunFilter { text: Some(text.into()), ..RunFilter::default() };

        assert!(RunFilter::default().passes(&failed));
        assert!(with("BANK is").passes(&failed));
        assert!(!with("post").passes(&failed));
        let other = RunFilter { step: Some("Ship".into()), ..with("bank") };
        assert!(!other.passes(&failed));
    }
}
