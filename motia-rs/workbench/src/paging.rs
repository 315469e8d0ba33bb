//! Bounded lists: every list of the API comes in pages, `?limit=100&cursor=…`.

use std::future::Future;

use motia_core::store::{Page, PageRequest};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::Refusal;

/// Bytes of values on a page after which no more are read; the page then ends early.
const PAGE_BYTES: usize = 4 << 20;

/// Items that are read at a time where each can be large.
const CHUNK: usize = 32;

/// As many items are looked at for one page of a search, or as many bytes; it then ends early.
pub(crate) const SEARCHED: usize = 50_000;
const SEARCHED_BYTES: usize = 64 << 20;

/// The part of a query string that says which page is asked for.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Paging {
    /// At most so many items: 100 where nothing is said.
    #[schemars(range(min = 1, max = PageRequest::MAX))]
    pub limit: Option<usize>,
    /// The `next` of the page before.
    pub cursor: Option<String>,
}

impl Paging {
    /// The page asked for.
    ///
    /// # Errors
    /// When the limit is out of its range.
    pub fn request(self) -> Result<PageRequest, Refusal> {
        let limit = self.limit.unwrap_or(PageRequest::DEFAULT);
        if !(1..=PageRequest::MAX).contains(&limit) {
            let range = format!("`limit` is a number from 1 to {}", PageRequest::MAX);
            return Err(Refusal::bad(range));
        }
        Ok(PageRequest::first(limit).after(self.cursor))
    }
}

/// The page asked for of a list whose cursors are sequence numbers.
pub(crate) fn by_number(paging: Paging) -> Result<PageRequest, Refusal> {
    let request = paging.request()?;
    match &request.after {
        Some(cursor) if cursor.parse::<u64>().is_err() => Err(strange()),
        _ => Ok(request),
    }
}

/// No page gave this cursor.
pub(crate) fn strange() -> Refusal {
    Refusal::bad("`cursor` is the `next` of another page")
}

/// A page of what is in memory already, in the order of its names.
pub(crate) fn page_of<T>(
    request: &PageRequest,
    items: impl Iterator<Item = T>,
    name: impl Fn(&T) -> &str,
) -> Page<T> {
    let beyond = |item: &T| request.after.as_deref().is_none_or(|after| name(item) > after);
    let mut items: Vec<T> = items.filter(beyond).take(request.limit + 1).collect();
    let more = items.len() > request.limit;
    items.truncate(request.limit);
    let next = items.last().filter(|_| more).map(|last| name(last).to_owned());
    Page { items, next }
}

/// A page of what can be large: read in small pages until there are enough items, or enough bytes.
pub(crate) async fn gather<T, F>(
    request: PageRequest,
    mut read: impl FnMut(PageRequest) -> F,
    bytes: impl Fn(&T) -> usize,
) -> Result<Page<T>, Refusal>
where
    F: Future<Output = Result<Page<T>, motia_core::store::StoreError>>,
{
    let mut gathered = Page { items: Vec::new(), next: request.after };
    let mut size = 0;
    loop {
        let missing = request.limit - gathered.items.len();
        let chunk = PageRequest::first(missing.min(CHUNK)).after(gathered.next.take());
        let page = read(chunk).await?;
        size += page.items.iter().map(&bytes).sum::<usize>();
        gathered.items.extend(page.items);
        gathered.next = page.next;
        let enough = gathered.items.len() >= request.limit || size >= PAGE_BYTES;
        if enough || gathered.next.is_none() {
            return Ok(gathered);
        }
    }
}

/// A page of the items that pass, and how many were looked at for it. There may be none of them on it, and more
/// on the next.
pub(crate) async fn search<T, F>(
    request: PageRequest,
    mut read: impl FnMut(PageRequest) -> F,
    bytes: impl Fn(&T) -> usize,
    name: impl Fn(&T) -> &str,
    passes: impl Fn(&T) -> bool,
) -> Result<(Page<T>, usize), Refusal>
where
    F: Future<Output = Result<Page<T>, motia_core::store::StoreError>>,
{
    let mut found = Page { items: Vec::new(), next: request.after };
    let (mut looked_at, mut size, mut chunk) = (0, 0, CHUNK);
    loop {
        let page = read(PageRequest::first(chunk).after(found.next.take())).await?;
        let read: usize = page.items.iter().map(&bytes).sum();
        for item in page.items {
            looked_at += 1;
            if !passes(&item) {
                continue;
            }
            if found.items.len() == request.limit {
                found.next = found.items.last().map(|last| name(last).to_owned());
                return Ok((found, looked_at));
            }
            found.items.push(item);
        }
        found.next = page.next;
        size += read;
        if found.next.is_none() || looked_at >= SEARCHED || size >= SEARCHED_BYTES {
            return Ok((found, looked_at));
        }
        // Small ones are read many at a time.
        if read < PAGE_BYTES / 8 {
            chunk = (chunk * 2).min(PageRequest::MAX);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A million numbers in their order, as texts.
    async fn million(request: PageRequest) -> Result<Page<String>, motia_core::store::StoreError> {
        let from: usize =
            request.after.as_deref().map_or(0, |after| 1 + after.parse::<usize>().unwrap());
        let items: Vec<_> = (from..from + request.limit).map(|n| format!("{n:06}")).collect();
        let next = items.last().cloned();
        Ok(Page { items, next })
    }

    async fn numbers_with(text: &str, after: Option<String>) -> (Page<String>, usize) {
        let request = PageRequest::first(3).after(after);
        search(request, million, String::len, |n| n, |n| n.contains(text)).await.unwrap()
    }

    #[tokio::test]
    async fn what_is_searched_for_comes_in_pages_and_none_twice() {
        let (first, _) = numbers_with("77", None).await;
        let (second, _) = numbers_with("77", first.next.clone()).await;

        assert_eq!(first.items, ["000077", "000177", "000277"]);
        assert_eq!(second.items, ["000377", "000477", "000577"]);
    }

    #[tokio::test]
    async fn a_search_for_what_is_rare_ends_early_and_says_where() {
        let (page, looked_at) = numbers_with("999999", None).await;

        assert!(page.items.is_empty() && (SEARCHED..SEARCHED + 1000).contains(&looked_at));
        assert_eq!(page.next, Some(format!("{:06}", looked_at - 1)));
    }

    #[test]
    fn pages_of_names_join_up() {
        let names = ["a", "b", "c"];
        let first = page_of(&PageRequest::first(2), names.iter().copied(), |name| name);
        assert_eq!((first.items, first.next.as_deref()), (vec!["a", "b"], Some("b")));

        let rest = PageRequest::first(2).after(Some("b".into()));
        let last = page_of(&rest, names.iter().copied(), |name| name);
        assert_eq!((last.items, last.next), (vec!["c"], None));
    }

    #[test]
    fn limits_out_of_range_are_refused() {
        for limit in [0, PageRequest::MAX + 1] {
            assert!(Paging { limit: Some(limit), cursor: None }.request().is_err(), "{limit}");
        }
    }

    #[tokio::test]
    async fn a_page_of_large_values_ends_early_and_says_where() {
        let read = async |request: PageRequest| {
            let from: usize = request.after.as_deref().unwrap_or("0").parse().unwrap();
            let items: Vec<usize> = (from..from + request.limit).collect();
            Ok(Page { items, next: Some((from + request.limit).to_string()) })
        };

        let page = gather(PageRequest::first(1000), read, |_| 1 << 20).await.unwrap();

        assert_eq!((page.items.len(), page.next.as_deref()), (CHUNK, Some("32")));
    }
}
