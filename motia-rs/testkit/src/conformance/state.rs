//! Groups of entries.

use motia_core::store::{CommitError, Outcome, Page, PageRequest, Require, Slice, Sliced, Write};

use super::{
    Subject,
    say::{assert_conflict, at, batch, delete, increment, json, set, set_until, version},
};

/// Text and version come back; what was never set is absent.
pub async fn a_value_reads_back_as_it_was_set(subject: Subject) {
    let value = r#"{"name":"Rex \"the dog\"","legs":4,"note":"naïve \u0000 🐕"}"#;

    subject.commit([set("a", value)]).await;

    let entry = subject.entry("a").await.unwrap();
    assert_eq!(entry.value, json(value));
    assert_ne!(entry.version, 0);
    assert_eq!(entry.expires_at, None);
    assert_eq!(subject.entry("b").await, None);
    assert_eq!(subject.store.get("pets", "a", at(0)).await.unwrap(), None);
}

/// So that nobody mistakes a new entry for the one that he read.
pub async fn a_version_rises_with_each_write_also_across_deletion(subject: Subject) {
    let mut last = 0;
    for write in [set("a", "1"), set("a", "1"), increment("a", 1), set("a", "2")] {
        subject.commit([write]).await;
        let version = subject.entry("a").await.unwrap().version;
        assert!(version > last);
        last = version;
    }

    subject.commit([delete("a")]).await;
    subject.commit([set("a", "1")]).await;
    assert!(subject.entry("a").await.unwrap().version > last);
}

/// Compare and set, when nobody came between.
pub async fn a_write_under_the_version_that_was_read_is_kept(subject: Subject) {
    subject.try_commit(batch([set("a", "1")]).requiring(version("a", None))).await.unwrap();
    let read = subject.entry("a").await.unwrap().version;

    let second = batch([set("a", "2")]).requiring(version("a", Some(read)));
    subject.try_commit(second).await.unwrap();

    assert_eq!(subject.value("a").await.as_deref(), Some("2"));
}

/// Compare and set, when somebody did.
pub async fn a_write_under_another_version_is_refused(subject: Subject) {
    subject.commit([set("a", "1")]).await;
    let read = subject.entry("a").await.unwrap().version;
    subject.commit([set("a", "2")]).await;

    for required in [None, Some(read), Some(u64::MAX >> 1)] {
        let late = batch([set("a", "3")]).requiring(version("a", required));
        assert_conflict(subject.try_commit(late).await);
    }
    let absent = batch([set("b", "3")]).requiring(version("b", Some(read)));
    assert_conflict(subject.try_commit(absent).await);

    assert_eq!(subject.value("a").await.as_deref(), Some("2"));
    assert_eq!(subject.value("b").await, None);
}

/// Whether or not it was removed yet.
pub async fn an_entry_whose_time_has_run_out_is_absent(subject: Subject) {
    if !subject.store.capabilities().expiry {
        return;
    }
    subject.commit([set_until("a", "1", at(10))]).await;
    let read = subject.entry("a").await.unwrap();
    assert_eq!(read.expires_at, Some(at(10)));

    let get = |now| subject.store.get("orders", "a", now);
    let page = |now| subject.store.page("orders", PageRequest::default(), now);
    assert!(get(at(9)).await.unwrap().is_some());
    assert_eq!(page(at(9)).await.unwrap().items.len(), 1);
    assert!(get(at(10)).await.unwrap().is_none());
    assert_eq!(page(at(10)).await.unwrap().items.len(), 0);

    let require = |version| {
        let (group, key) = ("orders".into(), "a".into());
        batch([]).requiring(Require::Version { group, key, version, now: at(10) })
    };
    assert_conflict(subject.try_commit(require(Some(read.version))).await);
    subject.try_commit(require(None)).await.unwrap();

    let late = Write::Delete { group: "orders".into(), key: "a".into(), now: at(10) };
    assert_eq!(subject.commit([late]).await.outcomes, [Outcome::Removed(None)]);
    assert_eq!(subject.entry("a").await, None);
}

/// Those that ended first go first; the rest stays for the next time.
pub async fn expiring_removes_what_has_ended_up_to_the_limit(subject: Subject) {
    if !subject.store.capabilities().expiry {
        return;
    }
    let ends = (1..=5).map(|n| set_until(&format!("k{n}"), "1", at(n)));
    subject.commit(ends.chain([set("kept", "1")])).await;
    // One that was given another end, and one that has none any more.
    subject.commit([set_until("k1", "1", at(9)), set("k2", "1")]).await;

    let expire = |limit| [Write::Expire { now: at(4), limit }];
    let first = subject.commit(expire(1)).await;
    let second = subject.commit(expire(10)).await;

    assert_eq!(first.outcomes, [Outcome::Cleared(1)]);
    assert_eq!(second.outcomes, [Outcome::Cleared(1)]);
    let left = subject.store.page("orders", PageRequest::default(), at(0)).await.unwrap().items;
    let left: Vec<_> = left.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(left, ["k1", "k2", "k5", "kept"]);
}

/// From nothing, by what is added, also below zero.
pub async fn a_counter_counts_from_zero_and_keeps_its_end(subject: Subject) {
    let counted = subject.commit([increment("a", 3), increment("a", -5)]).await;
    assert_eq!(counted.outcomes, [Outcome::Counted(3), Outcome::Counted(-2)]);
    assert_eq!(subject.value("a").await.as_deref(), Some("-2"));

    subject.commit([set_until("b", "7", at(10)), increment("b", 1)]).await;
    let entry = subject.entry("b").await.unwrap();
    assert_eq!((entry.value.as_str(), entry.expires_at), ("8", Some(at(10))));
}

/// As if it had never been there.
pub async fn a_counter_that_ended_counts_from_zero_again(subject: Subject) {
    if !subject.store.capabilities().expiry {
        return;
    }
    subject.commit([set_until("a", "7", at(-1))]).await;

    let counted = subject.commit([increment("a", 1)]).await;

    assert_eq!(counted.outcomes, [Outcome::Counted(1)]);
    assert_eq!(subject.entry("a").await.unwrap().expires_at, None);
}

/// Nor is a sum beyond 64 bits; nothing of the batch is written.
pub async fn what_is_no_integer_is_not_counted_on(subject: Subject) {
    let max = i64::MAX.to_string();
    for (key, value) in [("text", "\"1\""), ("half", "0.5"), ("tree", "{}"), ("max", &max)] {
        subject.commit([set(key, value)]).await;

        let refused = subject.try_commit(batch([increment(key, 1), set("other", "1")])).await;

        assert!(matches!(refused, Err(CommitError::NotACounter { .. })), "{key}: {refused:?}");
        assert_eq!(subject.value(key).await.as_deref(), Some(value));
        assert_eq!(subject.value("other").await, None);
    }
}

/// So that a caller can tell a removal from a miss.
pub async fn deleting_says_what_was_there(subject: Subject) {
    subject.commit([set("a", "1")]).await;

    let deleted = subject.commit([delete("a"), delete("a")]).await;

    assert_eq!(deleted.outcomes, [Outcome::Removed(Some(json("1"))), Outcome::Removed(None)]);
    assert_eq!(subject.value("a").await, None);
}

/// And says how many entries went.
pub async fn clearing_a_group_leaves_the_others(subject: Subject) {
    let (group, key, value) = ("orders2".into(), "a".into(), json("1"));
    let other = Write::Set { group, key, value, expires_at: None };
    subject.commit([set("a", "1"), set_until("b", "2", at(9)), other]).await;
    let clear = || Write::Clear { group: "orders".into() };

    let cleared = subject.commit([clear(), clear()]).await;

    assert_eq!(cleared.outcomes, [Outcome::Cleared(2), Outcome::Cleared(0)]);
    let groups = subject.store.groups(PageRequest::default()).await.unwrap();
    assert_eq!(groups.items, [("orders2".to_owned(), 1)]);
}

/// Whatever the language of the keys; each key on exactly one page.
pub async fn a_group_is_read_page_by_page_in_the_order_of_bytes(subject: Subject) {
    let mut keys =
        ["", "A", "a", "a\0b", "ab", "b", "z", "é", "ß", "日本", "🐕", "10", "9", "%_'\""];
    subject.commit(keys.iter().map(|key| set(key, "1"))).await;
    keys.sort_unstable();

    let mut read = Vec::new();
    let mut request = PageRequest::first(4);
    loop {
        let Page { items, next } =
            subject.store.page("orders", request.clone(), at(0)).await.unwrap();
        assert!(items.len() == 4 || next.is_none());
        read.extend(items.into_iter().map(|(key, _)| key));
        match next {
            Some(next) => request = request.after(Some(next)),
            None => break,
        }
    }
    assert_eq!(read, keys);

    let all = PageRequest::first(keys.len());
    assert_eq!(subject.store.page("orders", all, at(0)).await.unwrap().next, None);
    let none = subject.store.page("nobody", PageRequest::default(), at(0)).await.unwrap();
    assert_eq!(none, Page::default());
}

/// From the front or from the back, with the number of all that live.
pub async fn a_part_of_a_group_is_read_by_its_place(subject: Subject) {
    let store = &subject.store;
    let keys = |slice, now| async move {
        let Sliced { items, total } = store.slice("orders", slice, now).await.unwrap();
        (items.into_iter().map(|(key, _)| key).collect::<Vec<_>>(), total)
    };
    let slice = |backwards, skip, limit| Slice { backwards, skip, limit };
    subject.commit(["a", "b", "c", "d"].map(|key| set(key, "1"))).await;
    subject.commit([set_until("e", "1", at(10))]).await;

    assert_eq!(keys(slice(false, 1, 2), at(9)).await, (vec!["b".into(), "c".into()], 5));
    assert_eq!(keys(slice(true, 0, 2), at(9)).await, (vec!["e".into(), "d".into()], 5));
    assert_eq!(keys(slice(true, 0, 2), at(10)).await, (vec!["d".into(), "c".into()], 4));
    assert_eq!(keys(slice(true, 3, usize::MAX), at(10)).await, (vec!["a".into()], 4));
    assert_eq!(keys(slice(true, usize::MAX, 2), at(10)).await, (Vec::new(), 4));
    assert_eq!(keys(slice(false, 0, 0), at(10)).await, (Vec::new(), 4));
    let none = store.slice("nobody", slice(true, 0, 2), at(0)).await.unwrap();
    assert_eq!(none, Sliced { items: Vec::new(), total: 0 });
}

/// With the number of their entries.
pub async fn groups_are_listed_in_name_order(subject: Subject) {
    for (group, key) in [("b", "1"), ("a", "1"), ("b", "2"), ("ä", "1")] {
        let (group, key, value) = (group.into(), key.into(), json("1"));
        subject.commit([Write::Set { group, key, value, expires_at: None }]).await;
    }

    let first = subject.store.groups(PageRequest::first(2)).await.unwrap();
    let rest = PageRequest::first(2).after(first.next.clone());
    let rest = subject.store.groups(rest).await.unwrap();

    assert_eq!(first.items, [("a".to_owned(), 1), ("b".to_owned(), 2)]);
    assert_eq!(rest.items, [("ä".to_owned(), 1)]);
    assert_eq!(rest.next, None);
}
