//! Bounded lists: nothing here ever reads a whole group or queue unasked.

use std::future::Future;

use serde::Serialize;

/// Asks for a page.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PageRequest {
    /// Where the last page ended; `None` for the first.
    pub after: Option<String>,
    /// At most so many items, between 1 and [`PageRequest::MAX`].
    pub limit: usize,
}

impl PageRequest {
    /// Items on a page when nothing is said.
    pub const DEFAULT: usize = 100;
    /// The most items that a page may have.
    pub const MAX: usize = 1000;

    /// The first page of at most `limit` items; the limit is brought into its range.
    #[must_use]
    pub fn first(limit: usize) -> Self {
        Self { after: None, limit: limit.clamp(1, Self::MAX) }
    }

    /// The page behind `after`.
    #[must_use]
    pub fn after(self, after: Option<String>) -> Self {
        Self { after, ..self }
    }
}

impl Default for PageRequest {
    fn default() -> Self {
        Self::first(Self::DEFAULT)
    }
}

/// Asks for a part of a group by its place, for lists that are paged by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Slice {
    /// Whether the last key comes first: the newest, where keys rise with time as UUIDs of version 7 do.
    pub backwards: bool,
    /// How many entries are passed over. Each costs a little; go by [`PageRequest`] to read all.
    pub skip: usize,
    /// At most so many entries, up to [`PageRequest::MAX`].
    pub limit: usize,
}

/// A part of a list, and how long the whole is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sliced<T> {
    /// The items in order.
    pub items: Vec<T>,
    /// How many there are in all.
    pub total: u64,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[schemars(rename = "PageOf{T}")]
pub struct Page<T> {
    /// The items in order.
    pub items: Vec<T>,
    /// What to pass as [`PageRequest::after`] for the next page; `None` on the last.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// The same page with each item changed.
    ///
    /// # Errors
    /// The first error of `change`.
    pub fn try_map<U, E>(self, change: impl FnMut(T) -> Result<U, E>) -> Result<Page<U>, E> {
        let items = self.items.into_iter().map(change).collect::<Result<_, E>>()?;
        Ok(Page { items, next: self.next })
    }
}

/// Reads a list to its end, a page of [`PageRequest::MAX`] items at a time, and hands over the items of
/// each. For lists that are known to be short, or of which nothing is gathered.
///
/// # Errors
/// The first error of `read`.
pub async fn every_page<T, E, F>(
    mut read: impl FnMut(PageRequest) -> F,
    mut take: impl FnMut(Vec<T>),
) -> Result<(), E>
where
    F: Future<Output = Result<Page<T>, E>>,
{
    let mut request = PageRequest::first(PageRequest::MAX);
    loop {
        let page = read(request.clone()).await?;
        take(page.items);
        if page.next.is_none() {
            return Ok(());
        }
        request = request.after(page.next);
    }
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Self { items: Vec::new(), next: None }
    }
}
