//! What stands in for a model: it takes its time, repeats the prompt, and crashes where it is told to.

use motia::prelude::*;

use super::job::{Answer, JobOptions, Progress};

/// A part of the work.
#[derive(Debug, Clone, Copy)]
pub struct Phase {
    /// How much is done before it.
    pub percent: u8,
    /// What is done in it.
    pub message: &'static str,
    /// How long it takes, in seconds at the usual speed.
    pub secs: f64,
}

/// The work.
pub const PHASES: [Phase; 2] = [
    Phase { percent: 0, message: "reading the prompt", secs: 1.0 },
    Phase { percent: 50, message: "writing the answer", secs: 1.0 },
];

/// How long an answer may be where nobody says it, in tokens.
const MAX_TOKENS: u32 = 256;

impl Phase {
    /// What is told when it begins.
    #[must_use]
    pub fn progress(&self) -> Progress {
        Progress { percent: self.percent, message: self.message.to_owned() }
    }
}

/// What the stand-in says: the prompt again, as far as the tokens go; a token is a word. There is nothing in it
/// that a temperature could change.
#[must_use]
pub fn answer(prompt: &str, options: &JobOptions) -> Answer {
    let most = options.max_tokens.unwrap_or(MAX_TOKENS);
    let words = ["You", "said:"].into_iter().chain(prompt.split_whitespace());
    let words: Vec<_> = words.take(most as usize).collect();
    Answer { tokens: u32::try_from(words.len()).unwrap_or(most), text: words.join(" ") }
}

/// Crashes in `share` of all cases, half of them by a panic. `roll` decides; it lies between 0 and 1.
///
/// # Errors
/// When it was decided so.
///
/// # Panics
/// When it was decided so.
pub fn strike(share: f64, roll: f64) -> StepResult {
    assert!(roll >= share / 2.0, "chaos: the attempt panics on purpose");
    if roll < share {
        return Err(StepError::retry("chaos: the attempt fails on purpose"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_as_long_as_it_may_be() {
        let short = JobOptions { max_tokens: Some(3), ..JobOptions::default() };

        let Answer { text, tokens } = answer("one  two three", &short);

        assert_eq!((text.as_str(), tokens), ("You said: one", 3));
        assert_eq!(
            answer("one  two three", &JobOptions::default()).text,
            "You said: one two three"
        );
    }

    #[test]
    fn without_chaos_nothing_crashes_and_with_it_half_fail_and_half_panic() {
        assert!(strike(0.0, 0.0).is_ok());
        assert!(strike(0.5, 0.5).is_ok());
        assert!(strike(0.5, 0.3).is_err());
        assert!(strike(1.0, 0.999).is_err());
    }

    #[test]
    #[should_panic(expected = "chaos")]
    fn chaos_panics() {
        drop(strike(1.0, 0.2));
    }
}
