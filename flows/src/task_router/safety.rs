//! What no input may hold: words, patterns, and more bytes than are good.

use motia::{prelude::*, schema::Violation};
use regex::{Regex, RegexBuilder};

use super::amount::Bytes;

/// The largest compiled pattern, in bytes.
const PATTERN_SIZE: usize = 1 << 20;
/// The most rules of one kind that a definition may have.
pub const MOST_RULES: usize = 100;

/// What no input may hold, as data.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SafetyRules {
    /// The most bytes of JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_bytes: Option<Bytes>,
    /// Words that no text may hold, in capitals or not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(min = 1, max = 200)))]
    pub deny_words: Vec<String>,
    /// Patterns that no text may match.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub deny_patterns: Vec<PatternRule>,
}

/// A pattern that no text may match.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PatternRule {
    /// What the rule is called; the only thing that is told of it.
    #[schemars(length(min = 1, max = 64), regex(pattern = "^[a-z0-9-]+$"))]
    pub name: String,
    /// The regular expression, without look-around and back-references: it runs in linear time.
    #[schemars(length(min = 1, max = 1000))]
    pub pattern: String,
}

/// Rules that are ready to screen by.
#[derive(Debug, Default)]
pub struct Screen {
    max_bytes: Option<u64>,
    rules: Vec<(String, Regex)>,
}

/// At most so many breaches are told of one input.
pub const MOST_BREACHES: usize = 100;
/// The rule of the denied words.
pub const DENIED_WORD: &str = "denied-word";
/// The rule of the size.
pub const TOO_LARGE: &str = "too-large";

impl Screen {
    /// Makes rules ready, those of the settings before those of a definition.
    ///
    /// # Errors
    /// Every pattern that cannot be used, by its place below a definition's `safety`.
    pub fn of(all: &[&SafetyRules]) -> Result<Self, Vec<Violation>> {
        let mut faults = Vec::new();
        let max_bytes = all.iter().filter_map(|rules| rules.max_bytes).min().map(|bytes| bytes.0);
        let mut screen = Self { max_bytes, rules: Vec::new() };
        for rules in all {
            if !rules.deny_words.is_empty() {
                let words: Vec<_> = rules.deny_words.iter().map(|word| whole(word)).collect();
                screen.add(DENIED_WORD, &words.join("|"), "/denyWords", &mut faults);
            }
            for (n, rule) in rules.deny_patterns.iter().enumerate() {
                let place = format!("/denyPatterns/{n}/pattern");
                screen.add(&rule.name, &rule.pattern, &place, &mut faults);
            }
        }
        if faults.is_empty() { Ok(screen) } else { Err(faults) }
    }

    fn add(&mut self, name: &str, pattern: &str, place: &str, faults: &mut Vec<Violation>) {
        let ignores_case = name == DENIED_WORD;
        let mut builder = RegexBuilder::new(pattern);
        match builder.size_limit(PATTERN_SIZE).case_insensitive(ignores_case).build() {
            Ok(regex) => self.rules.push((name.to_owned(), regex)),
            Err(_) => faults.push(Violation::new(
                place,
                "is no regular expression of linear time, or is too large",
            )),
        }
    }

    /// Looks through an input of so many bytes; gives each rule that it breaks with the place where, up to
    /// [`MOST_BREACHES`]. What is there is never told.
    #[must_use]
    pub fn breaches(&self, input: &Value, bytes: u64) -> Vec<Violation> {
        let mut found = Vec::new();
        if self.max_bytes.is_some_and(|most| bytes > most) {
            found.push(breach("", TOO_LARGE));
            return found;
        }
        self.look_into(input, "", &mut found);
        found.truncate(MOST_BREACHES);
        found
    }

    fn look_into(&self, value: &Value, place: &str, found: &mut Vec<Violation>) {
        if found.len() >= MOST_BREACHES {
            return;
        }
        match value {
            Value::String(text) => self.look_at(text, place, found),
            Value::Array(items) => {
                for (n, item) in items.iter().enumerate() {
                    self.look_into(item, &format!("{place}/{n}"), found);
                }
            }
            Value::Object(fields) => {
                for (name, item) in fields {
                    let before = found.len();
                    // A name is content too: one that breaks a rule is not repeated.
                    self.look_at(name, place, found);
                    if found.len() == before {
                        let name = name.replace('~', "~0").replace('/', "~1");
                        self.look_into(item, &format!("{place}/{name}"), found);
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn look_at(&self, text: &str, place: &str, found: &mut Vec<Violation>) {
        let broken = self.rules.iter().filter(|(_, pattern)| pattern.is_match(text));
        found.extend(broken.map(|(name, _)| breach(place, name)));
    }
}

fn breach(place: &str, rule: &str) -> Violation {
    Violation::new(format!("/input{place}"), format!("breaks the content rule `{rule}`"))
}

/// A pattern for a word as a whole, where it begins and ends with letters.
fn whole(word: &str) -> String {
    let edge = |c: Option<char>| if c.is_some_and(char::is_alphanumeric) { r"\b" } else { "" };
    format!("{}{}{}", edge(word.chars().next()), regex::escape(word), edge(word.chars().last()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(words: &[&str], patterns: &[(&str, &str)]) -> SafetyRules {
        let pattern = |(name, pattern): &(&str, &str)| PatternRule {
            name: (*name).into(),
            pattern: (*pattern).into(),
        };
        SafetyRules {
            max_bytes: None,
            deny_words: words.iter().map(ToString::to_string).collect(),
            deny_patterns: patterns.iter().map(pattern).collect(),
        }
    }

    fn found(rules: &SafetyRules, input: &Value) -> Vec<(String, String)> {
        let breaches = Screen::of(&[rules]).unwrap().breaches(input, 100);
        breaches.into_iter().map(|breach| (breach.pointer, breach.detail)).collect()
    }

    #[test]
    fn a_word_is_found_wherever_it_stands_and_never_repeated() {
        let rules = rules(&["Bomb"], &[]);
        let input = json!({ "a": [{ "text": "how to make a BOMB" }], "b": "bombastic" });

        let found = found(&rules, &input);

        let expected = "breaks the content rule `denied-word`".to_owned();
        assert_eq!(found, [("/input/a/0/text".to_owned(), expected)]);
    }

    #[test]
    fn a_name_that_breaks_a_rule_is_not_repeated_in_the_place() {
        let found = found(&rules(&["secret"], &[]), &json!({ "x": { "secret": "y" } }));

        assert_eq!(found[0].0, "/input/x");
    }

    #[test]
    fn a_pattern_is_told_by_its_name() {
        let found = found(&rules(&[], &[("card", r"\b\d{16}\b")]), &json!(["4111111111111111"]));

        assert_eq!(found[0].1, "breaks the content rule `card`");
    }

    #[test]
    fn an_input_full_of_breaches_is_not_answered_by_all_of_them() {
        let words = vec!["secret"; 10 * MOST_BREACHES];

        assert_eq!(found(&rules(&["secret"], &[]), &json!(words)).len(), MOST_BREACHES);
    }

    #[test]
    fn the_smallest_size_holds() {
        let most = |bytes| SafetyRules { max_bytes: Some(Bytes(bytes)), ..SafetyRules::default() };
        let screen = Screen::of(&[&most(10), &most(5)]).unwrap();

        assert_eq!(
            screen.breaches(&json!("x"), 6)[0].detail,
            "breaks the content rule `too-large`"
        );
        assert!(screen.breaches(&json!("x"), 5).is_empty());
    }

    #[test]
    fn patterns_that_could_run_for_ever_are_refused_by_their_place() {
        let faults = Screen::of(&[&rules(&[], &[("a", "x"), ("b", "(?=x)y")])]).unwrap_err();

        assert_eq!(faults[0].pointer, "/denyPatterns/1/pattern");
    }
}
