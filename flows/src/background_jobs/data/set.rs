//! Data sets: rows that are kept in the state, under the name of their set.

use motia::prelude::*;

use super::{Batch, Row};
use crate::background_jobs::{Code, JobError};

/// Rows that were imported, by data set and number: `people/000000000042`.
pub const ROWS: StateGroup<Row> = StateGroup::new("data-rows");

/// How many rows each data set has that was imported whole, by its name: one of no rows is there too.
pub const DATA_SETS: StateGroup<u64> = StateGroup::new("data-sets");

/// A data set, read or written from its beginning.
#[derive(Debug, Clone)]
pub struct DataSet {
    name: String,
    /// So many rows were passed.
    passed: u64,
}

impl DataSet {
    /// The data set of this name, if it can be one: letters, digits, `-` and `_`, up to 64.
    ///
    /// # Errors
    /// [`Code::InvalidPayload`] when it cannot.
    pub fn named(name: &str) -> Result<Self, JobError> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if name.is_empty() || name.len() > 64 || !name.bytes().all(fits) {
            return Err(Code::InvalidPayload
                .because("a data set is called by 1 to 64 letters, digits, `-` and `_`"));
        }
        Ok(Self { name: name.to_owned(), passed: 0 })
    }

    /// The next rows; `None` behind the last.
    ///
    /// # Errors
    /// [`Code::SourceNotFound`], when there is no such data set.
    pub async fn read<E>(
        mut self,
        ctx: &Context<E>,
        size: usize,
    ) -> Result<(Self, Option<Batch>), JobError> {
        let page = ctx.state.group(ROWS).limit(size).after(self.key(self.passed)).await?;
        let mut batch = Batch::default();
        for (key, row) in page.items {
            if !self.has(&key) {
                break;
            }
            self.passed += 1;
            batch.rows.push((self.passed, row));
        }
        if self.passed == 0 && ctx.state.get(DATA_SETS, &self.name).await?.is_none() {
            let fault = format!("no data set is called `{}`: import it first", self.name);
            return Err(Code::SourceNotFound.because(fault));
        }
        let batch = (batch.read() > 0).then_some(batch);
        Ok((self, batch))
    }

    /// Writes rows behind those that were written, in one piece.
    ///
    /// # Errors
    /// When they cannot be kept.
    pub async fn write<E>(mut self, ctx: &Context<E>, batch: &Batch) -> Result<Self, JobError> {
        let mut tx = ctx.transaction();
        for (_, row) in &batch.rows {
            self.passed += 1;
            tx.set(ROWS, &self.key(self.passed), row);
        }
        tx.commit().await?;
        Ok(self)
    }

    /// Ends it behind what was written: removes what an import of a longer file has left.
    ///
    /// # Errors
    /// When that cannot be kept.
    pub async fn end<E>(self, ctx: &Context<E>) -> Result<(), JobError> {
        loop {
            let last = self.key(self.passed);
            let page = ctx.state.group(ROWS).limit(1000).after(last).await?;
            let mut tx = ctx.transaction();
            let mut left = 0;
            for (key, _) in page.items.iter().take_while(|(key, _)| self.has(key)) {
                tx.delete(ROWS, key);
                left += 1;
            }
            if left == 0 {
                break;
            }
            tx.commit().await?;
        }
        ctx.state.set(DATA_SETS, &self.name, &self.passed).await?;
        Ok(())
    }

    /// The key of a row: keys sort as places do.
    fn key(&self, place: u64) -> String {
        format!("{}/{place:012}", self.name)
    }

    /// Whether a row is one of its, by its key.
    fn has(&self, key: &str) -> bool {
        key.strip_prefix(&self.name).is_some_and(|rest| rest.starts_with('/'))
    }
}

#[cfg(test)]
mod tests {
    use motia_testkit::fake;

    use super::*;

    fn batch(rows: u64) -> Batch {
        let row = |n| (n, json!({ "n": n }).as_object().cloned().unwrap());
        Batch { rows: (1..=rows).map(row).collect(), ..Batch::default() }
    }

    async fn imported(ctx: &Context, name: &str, rows: u64) {
        let set = DataSet::named(name).unwrap().write(ctx, &batch(rows)).await.unwrap();
        set.end(ctx).await.unwrap();
    }

    async fn count(ctx: &Context, name: &str) -> Result<u64, JobError> {
        let (mut set, mut rows) = (DataSet::named(name)?, 0);
        loop {
            let (rest, batch) = set.read(ctx, 2).await?;
            let Some(batch) = batch else { return Ok(rows) };
            (set, rows) = (rest, rows + batch.read());
        }
    }

    #[tokio::test]
    async fn a_shorter_import_leaves_nothing_of_a_longer_one_and_others_alone() {
        let (ctx, _probe) = fake();
        for (name, rows) in [("people", 5), ("people-2", 4), ("people", 3)] {
            imported(&ctx, name, rows).await;
        }

        assert_eq!(count(&ctx, "people").await, Ok(3));
        assert_eq!(count(&ctx, "people-2").await, Ok(4));
    }

    #[tokio::test]
    async fn an_empty_data_set_is_there_and_an_unknown_one_is_not() {
        let (ctx, _probe) = fake();
        imported(&ctx, "empty", 0).await;

        assert_eq!(count(&ctx, "empty").await, Ok(0));
        assert_eq!(count(&ctx, "nobody").await.unwrap_err().code, Code::SourceNotFound);
        assert_eq!(DataSet::named("a/b").unwrap_err().code, Code::InvalidPayload);
    }
}
