//! Functions on texts that need no model: they make the router of use before anything else is set up.

use std::collections::{HashMap, HashSet};

use motia::prelude::*;

/// A text.
#[derive(Debug, Deserialize)]
struct Text {
    text: String,
}

/// How long a text is.
#[derive(Debug, PartialEq, Serialize)]
struct Counts {
    words: usize,
    characters: usize,
}

async fn word_count(input: Text) -> StepResult<Counts> {
    let words = input.text.split_whitespace().count();
    Ok(Counts { words, characters: input.text.chars().count() })
}
crate::executor!("word-count", word_count);

/// A text that is to be made short.
#[derive(Debug, Deserialize)]
struct Long {
    text: String,
    sentences: Option<usize>,
}

/// The sentences that say most.
#[derive(Debug, PartialEq, Serialize)]
struct Short {
    summary: String,
}

/// Keeps the sentences whose words the text uses most, in their order.
async fn extract(input: Long) -> StepResult<Short> {
    let text = &input.text;
    let sentences: Vec<&str> = text.split_inclusive(['.', '!', '?']).map(str::trim).collect();
    let words = |text: &str| -> HashSet<String> {
        let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() > 3);
        words.map(str::to_lowercase).collect()
    };
    let mut uses = HashMap::<String, usize>::new();
    for word in sentences.iter().flat_map(|sentence| words(sentence)) {
        *uses.entry(word).or_default() += 1;
    }
    let says = |sentence: &str| -> usize { words(sentence).iter().map(|word| uses[word]).sum() };
    let mut ranked: Vec<usize> = (0..sentences.len()).collect();
    ranked.sort_by_key(|n| std::cmp::Reverse(says(sentences[*n])));
    ranked.truncate(input.sentences.unwrap_or(2));
    ranked.sort_unstable();

    let summary = ranked.iter().map(|n| sentences[*n]).collect::<Vec<_>>().join(" ");
    Ok(Short { summary })
}
crate::executor!("extract", extract);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task_router::functions::find;

    #[tokio::test]
    async fn the_sentences_that_say_most_are_kept_in_their_order() {
        let text = "Ducks swim in lakes. It rained. Ducks eat grass near lakes, and swim there.";
        let input = json!({ "text": text, "sentences": 2 });

        let short = find("extract").unwrap().run(input).await.unwrap();

        let expected = "Ducks swim in lakes. Ducks eat grass near lakes, and swim there.";
        assert_eq!(short, json!({ "summary": expected }));
    }

    #[tokio::test]
    async fn an_input_that_a_function_does_not_take_cannot_be_helped() {
        let refused = find("word-count").unwrap().run(json!({ "txt": "a b" })).await.unwrap_err();

        assert!(refused.is_fatal());
    }
}
