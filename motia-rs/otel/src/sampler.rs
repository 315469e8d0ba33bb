//! Which runs are sent, of those that are recorded.

use std::str::FromStr;

use motia_core::trace::TraceId;

use crate::value::Unexpected;

/// What `OTEL_TRACES_SAMPLER` may say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// All.
    AlwaysOn,
    /// None, not even failures.
    AlwaysOff,
    /// Those of a share of the traces.
    Ratio,
    /// Those whose caller sampled the trace, and those that nobody called.
    ParentBased,
    /// Of those, a share of the traces.
    ParentBasedRatio,
}

impl FromStr for Rule {
    type Err = Unexpected;

    fn from_str(text: &str) -> Result<Self, Unexpected> {
        match text.trim() {
            "always_on" => Ok(Self::AlwaysOn),
            "always_off" => Ok(Self::AlwaysOff),
            "traceidratio" => Ok(Self::Ratio),
            "parentbased_always_on" => Ok(Self::ParentBased),
            "parentbased_traceidratio" => Ok(Self::ParentBasedRatio),
            _ => Err(Unexpected(
                "a sampler that is there: `parentbased_always_on`, `parentbased_traceidratio`, \
                 `traceidratio`, `always_on` or `always_off`",
            )),
        }
    }
}

/// Decides which runs are sent. Failures are, unless none is.
#[derive(Debug, Clone, Copy)]
pub struct Sampler {
    /// What is asked for.
    pub rule: Rule,
    /// The share of the traces, from 0 to 1.
    pub ratio: f64,
}

impl Sampler {
    /// Whether a run is sent. `sampled` is what the caller said of its trace.
    #[must_use]
    pub fn passes(self, trace: TraceId, sampled: bool, failed: bool) -> bool {
        match self.rule {
            Rule::AlwaysOff => false,
            _ if failed => true,
            Rule::AlwaysOn => true,
            Rule::Ratio => self.draws(trace),
            Rule::ParentBased => sampled,
            Rule::ParentBasedRatio => sampled && self.draws(trace),
        }
    }

    /// Whether a trace is among the share: the same for all its spans, here and in other services that go by
    /// the low 63 bits of its id, as OpenTelemetry's own do.
    #[expect(clippy::cast_precision_loss, reason = "a share need not be exact to the last bit")]
    fn draws(self, trace: TraceId) -> bool {
        let [.., a, b, c, d, e, f, g, h] = trace.to_bytes();
        let number = u64::from_be_bytes([a, b, c, d, e, f, g, h]) >> 1;
        (number as f64) < self.ratio * (1_u64 << 63) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLED: bool = true;
    const FAILED: bool = true;

    fn sampler(rule: Rule) -> Sampler {
        Sampler { rule, ratio: 0.25 }
    }

    #[test]
    fn what_the_caller_did_not_sample_is_not_sent_unless_it_failed() {
        let (sampler, trace) = (sampler(Rule::ParentBased), TraceId::random());

        assert!(sampler.passes(trace, SAMPLED, !FAILED));
        assert!(!sampler.passes(trace, !SAMPLED, !FAILED));
        assert!(sampler.passes(trace, !SAMPLED, FAILED));
    }

    #[test]
    fn a_share_of_the_traces_is_sent_and_each_whole_or_not_at_all() {
        let sampler = sampler(Rule::ParentBasedRatio);
        let traces: Vec<_> = (0..4000).map(|_| TraceId::random()).collect();
        let passes = |trace: &&TraceId| sampler.passes(**trace, SAMPLED, !FAILED);

        let sent: Vec<_> = traces.iter().filter(passes).collect();

        assert!((800..1200).contains(&sent.len()), "{} of 4000", sent.len());
        assert!(sent.iter().all(passes));
        assert!(!sent.iter().any(|trace| sampler.passes(**trace, !SAMPLED, !FAILED)));
    }

    #[test]
    fn nothing_is_sent_where_nothing_is_wanted() {
        assert!(!sampler(Rule::AlwaysOff).passes(TraceId::random(), SAMPLED, FAILED));
    }
}
