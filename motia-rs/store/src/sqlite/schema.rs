//! The tables of the store file, and how a file of an earlier version is brought up to date.

use std::path::Path;

use motia_core::store::StoreError;
use rusqlite::{Connection, DEFAULT_NAME, TransactionBehavior};

use super::fault;

/// Marks a file as ours: `moti` in ASCII. See <https://www.sqlite.org/fileformat.html#application_id>.
const APPLICATION: i32 = 0x6d6f_7469;

/// What makes each version out of the one before; the first out of an empty file. Steps that were
/// released are never changed, only followed by new ones.
const MIGRATIONS: &[&str] =
    &[include_str!("schema.sql"), include_str!("schema_2.sql"), include_str!("schema_3.sql")];

/// The version of a file of ours; 0 for an empty one.
pub(super) fn recognise(db: &Connection, path: &Path) -> Result<usize, StoreError> {
    let read = |pragma| db.pragma_query_value(DEFAULT_NAME, pragma, |row| row.get::<_, i32>(0));
    let tables =
        || db.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get::<_, u32>(0));

    let (application, version, tables) = read("application_id")
        .and_then(|application| Ok((application, read("user_version")?, tables()?)))
        .map_err(|error| fault::told(&error))?;

    let path = path.display();
    match usize::try_from(version) {
        Ok(0) if application == 0 && tables == 0 => Ok(0),
        _ if application != APPLICATION => Err(StoreError::Incompatible(format!(
            "{path} is a database of another program: choose another data folder, or move it away"
        ))),
        Ok(version) if version <= MIGRATIONS.len() => Ok(version),
        _ => Err(StoreError::Incompatible(format!(
            "{path} was written by a newer version of motia-rs (schema {version}, this program knows \
             {}): update the program, or put back a copy from before",
            MIGRATIONS.len()
        ))),
    }
}

/// Brings a file to the version of this program.
pub(super) fn migrate(db: &mut Connection, version: usize) -> rusqlite::Result<()> {
    if version == MIGRATIONS.len() {
        return Ok(());
    }
    let all_or_nothing = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for migration in &MIGRATIONS[version..] {
        all_or_nothing.execute_batch(migration)?;
    }
    all_or_nothing.pragma_update(DEFAULT_NAME, "application_id", APPLICATION)?;
    all_or_nothing.pragma_update(DEFAULT_NAME, "user_version", MIGRATIONS.len() as i64)?;
    all_or_nothing.commit()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use motia_core::store::{
        Arrival, Batch, DeadFilter, DeliveryId, PageRequest, Pull, QueueId, Settlement, Store,
        Token, WaitingFilter, Write,
    };

    use super::{
        super::{SqliteOptions, SqliteStore, file},
        *,
    };

    /// What a program that knew the first version only may have left behind.
    const CONTENT: &str = r#"
        UPDATE meta SET value = 3 WHERE name = 'epoch';
        UPDATE meta SET value = 9 WHERE name = 'reserved';
        INSERT INTO queue VALUES (1, 'ship');
        INSERT INTO state VALUES ('orders', 'a', 2, NULL, '[1]');
        INSERT INTO delivery VALUES
            (1 << 47 | 3, 0, 0, NULL, 5, randomblob(16), zeroblob(25), 'order.placed', '"ready"'),
            ((1 << 47 | 4) | (-1 << 63), 6, 1, 7, 5, randomblob(16), zeroblob(25), 'order.placed', '"due"');
        INSERT INTO dead_letter VALUES
            (5, 1, 6, 1, 5, randomblob(16), zeroblob(25), 'order.placed', '"dead"', 'why', 8);
        INSERT INTO failure VALUES (4, 1, 5, 6, 'early'), (5, 1, 5, 6, 'late');
    "#;

    fn of_version_1() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let db = Connection::open(file::path(folder.path())).unwrap();
        db.execute_batch(MIGRATIONS[0]).unwrap();
        db.execute_batch(CONTENT).unwrap();
        db.pragma_update(DEFAULT_NAME, "application_id", APPLICATION).unwrap();
        db.pragma_update(DEFAULT_NAME, "user_version", 1).unwrap();
        folder
    }

    #[tokio::test]
    async fn a_file_of_the_first_version_keeps_all_that_is_in_it() {
        let folder = of_version_1();
        let (queue, due_after) = (QueueId(1), (Timestamp::MIN, 0));
        let now = Timestamp::from_microsecond(7).unwrap();
        let pull = Pull { queue, after: 0, ranked_after: None, due_after, now, limit: 9 };

        // Opened twice, for what was brought up to date has to stay so.
        for epoch in [4, 5] {
            let store = SqliteStore::open(folder.path(), SqliteOptions::default()).unwrap();
            assert_eq!(store.epoch(), epoch);
            assert_eq!(store.queues(&["ship"]).await.unwrap(), [queue]);
            let entry = store.get("orders", "a", now).await.unwrap().unwrap();
            assert_eq!((entry.version, entry.value.as_str()), (2, "[1]"));

            let pulled = store.pull(pull).await.unwrap();
            let payloads = [&pulled.ready[0], &pulled.due[0]].map(|found| {
                assert_eq!((&found.lane, found.event.priority.level()), (&None, 0));
                assert_eq!((found.event.expires_at, &found.event.cancel_key), (None, &None));
                found.event.payload.as_str()
            });
            assert_eq!(payloads, ["\"ready\"", "\"due\""]);
            let all =
                store.waiting(&WaitingFilter::default(), PageRequest::default()).await.unwrap();
            assert_eq!(all.items.iter().map(|found| found.id.seq).collect::<Vec<_>>(), [3, 4]);
            let of_ship = DeadFilter::of("ship");
            let dead = store.dead_letters(&of_ship, PageRequest::default()).await.unwrap().items;
            assert_eq!((dead[0].id.seq, &dead[0].key, dead[0].reason.as_str()), (5, &None, "why"));
            assert_eq!(
                (dead[0].failures[0].error.as_str(), &dead[0].failures[0].class),
                ("late", &None)
            );
            let depth = &store.depths(now).await.unwrap()[0];
            assert_eq!((depth.waiting, depth.delayed, depth.held, depth.dead), (2, 0, 0, 1));
            store.verify().await.unwrap();
            store.close().await.unwrap();
        }
    }

    #[tokio::test]
    async fn what_the_first_version_left_behind_is_handled_as_ever() {
        struct Ears(std::sync::mpsc::Sender<Arrival>);
        impl motia_core::store::Listener for Ears {
            fn changed(&self, _: Vec<motia_core::store::Change>) {}

            fn committed(&self, arrivals: Vec<Arrival>) {
                arrivals.into_iter().for_each(|arrival| drop(self.0.send(arrival)));
            }
        }
        let folder = of_version_1();
        let store = SqliteStore::open(folder.path(), SqliteOptions::default()).unwrap();
        let (ears, heard) = std::sync::mpsc::channel();
        store.listen(std::sync::Arc::new(Ears(ears)));
        let now = Timestamp::from_microsecond(9).unwrap();
        let id = |seq| DeliveryId { queue: QueueId(1), seq };
        let done = |seq| {
            let (delivery, token, settlement) = (id(seq), Token(7), Settlement::Done);
            Write::Settle { delivery, token, settlement }
        };

        let writes = vec![Write::Redrive { delivery: id(5), now }, done(3), done(4), done(5)];
        store.commit(Batch { writes, ..Batch::default() }).await.unwrap();

        assert_eq!(heard.try_recv(), Ok(Arrival::Due { id: id(5), due: now }));
        let depth = &store.depths(now).await.unwrap()[0];
        assert_eq!((depth.waiting, depth.delayed, depth.dead), (0, 0, 0));
    }
}
