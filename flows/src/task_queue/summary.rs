//! Summaries without a model: the sentences that say most of what a text says, in their order.

use std::collections::HashMap;

/// How a summary begins that no model made, so that nobody takes it for one.
pub const OFFLINE: &str = "[offline provider: sentences of the text, no model was asked] ";

/// How many sentences a summary has.
const SENTENCES: usize = 3;
/// How much of a long text is looked at, in sentences.
const MOST_SENTENCES: usize = 2_000;
/// How long a summary is, in characters.
const LONGEST: usize = 1_500;
/// Words that every text is full of, in the languages of most newspapers.
const COMMON: &[&str] = &[
    "about", "also", "been", "come", "con", "das", "dass", "del", "della", "der", "die", "does",
    "ein", "eine", "for", "from", "had", "has", "have", "into", "its", "les", "more", "más", "nel",
    "nicht", "not", "of", "per", "pour", "que", "said", "sono", "than", "that", "the", "their",
    "then", "there", "they", "this", "una", "und", "was", "were", "which", "will", "with",
];

/// The sentences of a text that have most of its frequent words.
#[must_use]
pub fn of(text: &str) -> String {
    let sentences: Vec<_> = sentences(text).take(MOST_SENTENCES).collect();
    let mut frequency: HashMap<String, u32> = HashMap::new();
    for word in sentences.iter().flat_map(|sentence| words(sentence)) {
        *frequency.entry(word).or_default() += 1;
    }
    let weight = |sentence: &str| {
        let (mut sum, mut count) = (0.0, 0.0);
        for word in words(sentence) {
            sum += f64::from(frequency.get(&word).copied().unwrap_or(0));
            count += 1.0;
        }
        // A long sentence does not win by its length alone.
        if count == 0.0 { 0.0 } else { sum / f64::sqrt(count) }
    };
    let mut ranked: Vec<_> = sentences.iter().enumerate().collect();
    ranked.sort_by(|(at, one), (other_at, other)| {
        weight(other).total_cmp(&weight(one)).then(at.cmp(other_at))
    });
    ranked.truncate(SENTENCES);
    ranked.sort_by_key(|(at, _)| *at);

    let summary: Vec<_> = ranked.into_iter().map(|(_, sentence)| *sentence).collect();
    cut(&summary.join(" "), LONGEST)
}

/// The words of a text that say most of what it is about.
#[must_use]
pub fn topics(text: &str, most: usize) -> Vec<String> {
    let mut frequency: HashMap<String, usize> = HashMap::new();
    for word in words(text).filter(|word| word.chars().count() > 3) {
        *frequency.entry(word).or_default() += 1;
    }
    let mut ranked: Vec<_> = frequency.into_iter().collect();
    ranked
        .sort_by(|(one, count), (other, other_count)| other_count.cmp(count).then(one.cmp(other)));
    ranked.into_iter().take(most).map(|(word, _)| word).collect()
}

/// The first `longest` characters of a text.
#[must_use]
pub fn cut(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((at, _)) => format!("{}…", text[..at].trim_end()),
        None => text.to_owned(),
    }
}

fn sentences(text: &str) -> impl Iterator<Item = &str> {
    let ends = |window: &(usize, char)| matches!(window.1, '.' | '!' | '?' | '\n' | '。');
    let mut from = 0;
    let stops = text.char_indices().filter(ends).map(|(at, stop)| at + stop.len_utf8());
    let cuts = stops.filter(|end| text[*end..].chars().next().is_none_or(char::is_whitespace));
    cuts.chain([text.len()])
        .map(move |end| text[std::mem::replace(&mut from, end)..end].trim())
        .filter(|sentence| !sentence.is_empty())
}

fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    let words = text.split(|letter: char| !letter.is_alphanumeric());
    let words = words.filter(|word| word.len() > 2).map(str::to_lowercase);
    words.filter(|word| COMMON.binary_search(&word.as_str()).is_err())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_common_words_are_in_order() {
        assert!(COMMON.is_sorted());
    }

    #[test]
    fn a_summary_has_the_sentences_that_say_most_in_their_order() {
        let text = "The harbour bridge was closed. Nobody knows why. Engineers inspect the harbour \
                    bridge. A cat slept. The harbour bridge opens on Monday.";

        assert_eq!(
            of(text),
            "The harbour bridge was closed. Engineers inspect the harbour bridge. The harbour \
             bridge opens on Monday."
        );
    }

    #[test]
    fn a_short_text_is_its_own_summary_and_an_odd_one_breaks_nothing() {
        assert_eq!(of("One sentence."), "One sentence.");
        assert_eq!(of("no end"), "no end");
        assert_eq!(of("3.14 is no end."), "3.14 is no end.");
        assert_eq!(of("東京。大阪。"), "東京。大阪。");
        assert_eq!(of(" \n "), "");
        assert_eq!(of(&"x".repeat(9_000)).chars().count(), LONGEST + 1);
    }

    #[test]
    fn topics_are_the_frequent_words() {
        assert_eq!(topics("Bridge bridge harbour, harbour bridge cat", 2), ["bridge", "harbour"]);
    }
}
