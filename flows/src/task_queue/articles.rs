//! The articles of a newspaper: how they are told, and how they are found on a page.

use motia::prelude::*;

use super::summary;

/// A newspaper that was taken apart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Newspaper {
    /// What the file was called.
    pub filename: String,
    /// When it appeared; `unknown` where nobody said.
    pub issue_date: String,
    /// Its pages.
    pub pages: Vec<Page>,
    /// Who found the articles, where that was no model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
}

/// A page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Page {
    /// Its number, from 1.
    pub page_number: u32,
    /// Whether its articles were looked for.
    pub status: PageStatus,
    /// Why not.
    pub reason: Option<String>,
    /// Its articles.
    pub articles: Vec<Article>,
}

/// Whether the articles of a page were looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PageStatus {
    /// They were.
    Processed,
    /// They were not.
    Skipped,
}

/// An article.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Article {
    /// Its headline.
    pub title: String,
    /// The line below it.
    pub subtitle: Option<String>,
    /// Who wrote it.
    pub author: Option<String>,
    /// Its text.
    pub body: String,
    /// What it is about.
    pub topics: Vec<String>,
    /// What it says in short.
    pub summary: Option<String>,
}

/// What the model is told to do with a page.
pub const PROMPT: &str = "You are given the text of one page of a newspaper. Find its articles. Answer with \
    one JSON object and nothing else: {\"articles\": [{\"title\": string, \"subtitle\": string or null, \
    \"author\": string or null, \"body\": string, \"topics\": [string], \"summary\": string}]}";

/// How long a title is that was guessed, in characters.
const LONGEST_TITLE: usize = 200;
/// How many words an article is said to be about.
const TOPICS: usize = 5;

impl Page {
    /// A page with articles.
    #[must_use]
    pub fn processed(page_number: u32, articles: Vec<Article>) -> Self {
        Self { page_number, status: PageStatus::Processed, reason: None, articles }
    }

    /// A page without, and why.
    pub fn skipped(page_number: u32, reason: impl Into<String>) -> Self {
        let (status, reason) = (PageStatus::Skipped, Some(reason.into()));
        Self { page_number, status, reason, articles: Vec::new() }
    }

    /// What a model said of a page.
    #[must_use]
    pub fn told(page_number: u32, answer: &str) -> Self {
        #[derive(Deserialize)]
        struct Told {
            articles: Vec<Article>,
        }
        match serde_json::from_str::<Told>(unfenced(answer)) {
            Ok(told) => Self::processed(page_number, told.articles),
            Err(_) => {
                Self::skipped(page_number, "the model's answer is not the JSON it was asked for")
            }
        }
    }

    /// What can be found on a page without a model: one article, its first line for a title.
    #[must_use]
    pub fn guessed(page_number: u32, text: &str) -> Self {
        let text = text.trim();
        let (title, body) = text.split_once('\n').unwrap_or((text, text));
        let article = Article {
            title: summary::cut(title.trim(), LONGEST_TITLE),
            body: body.trim().to_owned(),
            topics: summary::topics(text, TOPICS),
            summary: Some(summary::of(body)),
            ..Article::default()
        };
        Self::processed(page_number, vec![article])
    }
}

/// The JSON itself, where the model put it into a Markdown fence.
fn unfenced(answer: &str) -> &str {
    let answer = answer.trim();
    let Some(inner) = answer.strip_prefix("```") else { return answer };
    let inner = inner.strip_prefix("json").unwrap_or(inner);
    inner.trim().strip_suffix("```").unwrap_or(inner).trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_model_says_is_read_with_and_without_a_fence() {
        let plain = r#"{"articles":[{"title":"Bridge closed","body":"..."}]}"#;

        for answer in [plain.to_owned(), format!("```json\n{plain}\n```"), format!("```{plain}```")]
        {
            let page = Page::told(1, &answer);
            assert_eq!(page.status, PageStatus::Processed, "{answer}");
            assert_eq!(page.articles[0].title, "Bridge closed");
        }
    }

    #[test]
    fn what_makes_no_sense_skips_the_page_and_says_why() {
        for answer in ["", "I cannot read this.", "{}", r#"{"articles": 7}"#, "```json"] {
            let page = Page::told(3, answer);
            assert_eq!((page.page_number, page.status), (3, PageStatus::Skipped), "{answer}");
            assert!(page.reason.is_some());
        }
    }

    #[test]
    fn without_a_model_the_first_line_is_the_title() {
        let page = Page::guessed(1, "Bridge closed\nThe bridge was closed on Monday.\n");

        let article = &page.articles[0];
        assert_eq!(article.title, "Bridge closed");
        assert_eq!(article.body, "The bridge was closed on Monday.");
        assert!(article.topics.contains(&"bridge".to_owned()));
    }
}
