//! Bits that flip, and ends that are missing.

use std::collections::BTreeMap;

use motia_core::store::StoreError;

use crate::scene::{
    Contents, closed, contents, contents_with, left_behind, read, tokens, within_folder,
};

#[test]
fn a_flipped_bit_in_the_log_is_refused_or_costs_at_most_the_last_transaction() {
    let (folder, history) = left_behind();
    let log = read(&folder, "motia.db-wal");
    let last = &history[history.len() - 2..];

    let outcomes = of_all(sample(log.len() * 8, 1500), |bit| {
        let mut damaged = log.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        match contents_with(&folder, "motia.db-wal", &damaged) {
            Ok(found) if found == last[1] => "identical",
            Ok(found) if found == last[0] => "without the last transaction",
            Ok(found) => panic!("bit {bit} changes what is kept: {found:#?}"),
            Err(StoreError::Corrupt(_)) => "refused",
            Err(other) => panic!("bit {bit}: {other}"),
        }
    });

    println!("flipped bits in a log of {} bytes: {outcomes:?}", log.len());
    assert!(outcomes["refused"] > outcomes["without the last transaction"]);
}

#[test]
fn a_log_that_is_cut_off_anywhere_keeps_whole_transactions_from_the_first_on() {
    let (folder, history) = left_behind();
    let log = read(&folder, "motia.db-wal");
    let mut kept = Vec::new();

    let outcomes = of_all(sample(log.len(), 700), |length| {
        let found = contents_with(&folder, "motia.db-wal", &log[..length]).unwrap();
        let moment = history.iter().rposition(|moment| *moment == found);
        kept.push((length, moment.unwrap_or_else(|| panic!("cut at {length}: {found:#?}"))));
        "a moment of the past"
    });

    println!("cuts of a log of {} bytes: {outcomes:?}", log.len());
    assert!(kept.is_sorted_by_key(|(_, moment)| *moment), "a longer log never keeps less");
    assert_eq!(contents_with(&folder, "motia.db-wal", &log).unwrap(), *history.last().unwrap());
}

#[test]
fn a_file_that_is_cut_off_anywhere_is_refused_unless_nothing_is_missing() {
    let (folder, contents) = closed();
    let file = read(&folder, "motia.db");

    let outcomes =
        of_all(sample(file.len() - 1, 400).map(|length| length + 1), |length| match contents_with(
            &folder,
            "motia.db",
            &file[..length],
        ) {
            Ok(found) if found == contents => "identical",
            Ok(found) => panic!("cut at {length}: {} of {}", found.len(), contents.len()),
            Err(StoreError::Corrupt(_) | StoreError::Incompatible(_)) => "refused",
            Err(other) => panic!("cut at {length}: {other}"),
        });

    println!("cuts of a file of {} bytes: {outcomes:?}", file.len());
}

/// What has a sum is noticed without fail. What changes with every attempt has none: it is named here.
#[test]
fn a_flipped_bit_in_the_file_is_noticed_or_changes_a_token_the_attempts_or_a_time() {
    let (folder, before) = closed();
    let file = read(&folder, "motia.db");
    let tokens_before = tokens(folder.path());

    let outcomes = of_all(sample(file.len() * 8, 2500), |bit| {
        let mut damaged = file.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        let looked = within_folder(&folder, "motia.db", &damaged, async |store, path| {
            Ok((contents(&store).await?, store.verify().await, tokens(path)))
        });
        match looked {
            Err(_) => "noticed at once",
            Ok((_, Err(_), _)) => "noticed by `verify`",
            Ok((found, Ok(()), with)) if found == before && with == tokens_before => "identical",
            Ok((found, Ok(()), _)) if found == before => "unnoticed: token",
            Ok((found, Ok(()), _)) => changed(&before, &found)
                .unwrap_or_else(|| panic!("bit {bit} changes {before:#?} to {found:#?}")),
        }
    });

    println!("flipped bits in a file of {} bytes: {outcomes:?}", file.len());
    let unnoticed = |name| outcomes.get(name).copied().unwrap_or_default();
    assert!(unnoticed("unnoticed: token") <= 12, "{outcomes:?}");
    assert!(unnoticed("unnoticed: attempts") <= 3, "{outcomes:?}");
    assert!(unnoticed("unnoticed: due_at") <= 3, "{outcomes:?}");
}

/// Which of the columns without a sum is all that tells the two apart, if it is one.
fn changed(contents: &Contents, found: &Contents) -> Option<&'static str> {
    /// What has a sum, the attempts, and when it is due.
    fn parts(line: &str) -> Option<(&str, &str, &str)> {
        let (rest, due) = line.strip_prefix("Delivery {")?.rsplit_once(", due: ")?;
        let (summed, attempts) = rest.rsplit_once(", attempts: ")?;
        Some((summed, attempts, due))
    }
    let gone: Vec<_> = contents.iter().filter(|line| !found.contains(line)).collect();
    let new: Vec<_> = found.iter().filter(|line| !contents.contains(line)).collect();
    let pairs = gone.iter().zip(&new).map(|(gone, new)| Some((parts(gone)?, parts(new)?)));
    let pairs: Vec<_> = pairs.collect::<Option<_>>()?;
    if gone.len() != new.len() || found.len() != contents.len() {
        return None;
    }
    if pairs.iter().all(|(was, is)| (was.0, was.2) == (is.0, is.2)) {
        return Some("unnoticed: attempts");
    }
    pairs.iter().all(|(was, is)| (was.0, was.1) == (is.0, is.1)).then_some("unnoticed: due_at")
}

/// Does something to each of a sample, and counts what it comes to.
fn of_all(
    sample: impl Iterator<Item = usize>,
    mut outcome: impl FnMut(usize) -> &'static str,
) -> BTreeMap<&'static str, usize> {
    let mut outcomes = BTreeMap::new();
    sample.for_each(|one| *outcomes.entry(outcome(one)).or_default() += 1);
    outcomes
}

/// About so many numbers below `end`, in order, spread over all bits of a byte.
fn sample(end: usize, count: usize) -> impl Iterator<Item = usize> {
    let step = (end / count).max(1) | 1;
    (0..end).step_by(step)
}
