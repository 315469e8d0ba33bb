//! The letters that a filter finds, and which of them are moved in one commit.

use std::sync::Arc;

use motia_core::store::{DeadFilter, DeliveryId, PageRequest};

use crate::{Desk, Refusal, dead};

/// So many letters are moved in one commit: 1,000, or all of one key.
const MOST_IN_A_COMMIT: usize = 1000;

/// A letter that was found: of this key in its queue, if it has one.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) id: DeliveryId,
    key: Option<Arc<str>>,
}

/// What a page has, or several until there are `most`; and where to go on.
pub(super) async fn find(
    desk: &Desk,
    filter: &DeadFilter,
    request: PageRequest,
    most: Option<usize>,
) -> Result<(Vec<Letter>, Option<String>), Refusal> {
    let mut found = Vec::new();
    let mut request =
        if most.is_some() { PageRequest { limit: PageRequest::MAX, ..request } } else { request };
    loop {
        let page = dead::page(desk, filter, request.clone()).await?;
        let letters = page.items.into_iter();
        found.extend(letters.map(|letter| Letter { id: letter.id, key: letter.key }));
        if page.next.is_none() || most.is_none_or(|most| found.len() >= most) {
            return Ok((found, page.next));
        }
        request = request.after(page.next);
    }
}

/// Parts letters that have no order to keep into those that are moved in one commit.
pub(super) fn bit_by_bit(letters: &[Letter]) -> Vec<Vec<DeliveryId>> {
    let ids = |letters: &[Letter]| letters.iter().map(|letter| letter.id).collect();
    letters.chunks(MOST_IN_A_COMMIT).map(ids).collect()
}

/// Parts letters into those that are moved in one commit. Those of a key are, however many: otherwise an
/// event of it that waits behind all of them could start between two commits.
pub(super) fn by_key(mut letters: Vec<Letter>) -> Vec<Vec<DeliveryId>> {
    letters.sort_unstable_by(|one, other| {
        (one.id.queue, &one.key, one.id.seq).cmp(&(other.id.queue, &other.key, other.id.seq))
    });
    let same = |one: &Letter, other: &Letter| {
        one.key.is_some() && (one.id.queue, &one.key) == (other.id.queue, &other.key)
    };
    let mut keys: Vec<&[Letter]> = letters.chunk_by(same).collect();
    keys.sort_unstable_by_key(|key| key[0].id.seq);

    let mut commits: Vec<Vec<DeliveryId>> = Vec::new();
    for key in keys {
        let ids = key.iter().map(|letter| letter.id);
        match commits.last_mut() {
            Some(last) if last.len() + key.len() <= MOST_IN_A_COMMIT => last.extend(ids),
            _ => commits.push(ids.collect()),
        }
    }
    commits
}

#[cfg(test)]
mod tests {
    use motia_core::store::QueueId;

    use super::*;

    fn letters(count: u64, key: impl Fn(u64) -> Option<String>) -> Vec<Letter> {
        let id = |seq| DeliveryId { queue: QueueId(1), seq };
        (1..=count).map(|seq| Letter { id: id(seq), key: key(seq).map(Into::into) }).collect()
    }

    #[test]
    fn letters_of_a_key_are_put_back_in_one_commit_however_many_there_are() {
        // One of each pair is of the same key, the last one too; the others of one of 400 keys.
        let key = |seq: u64| {
            if seq.is_multiple_of(2) { "many".to_owned() } else { (seq % 800).to_string() }
        };

        let commits = by_key(letters(4_000, |seq| Some(key(seq))));

        let lengths: Vec<_> = commits.iter().map(Vec::len).collect();
        assert_eq!(lengths, [5, 2_000, 1_000, 995]);
        let mut place = std::collections::HashMap::new();
        for (n, commit) in commits.iter().enumerate() {
            for id in commit {
                assert_eq!(*place.entry(key(id.seq)).or_insert(n), n, "{id} comes after its key");
            }
        }
    }

    #[test]
    fn letters_without_keys_are_put_back_a_thousand_at_a_time_in_their_order() {
        let commits = by_key(letters(2_500, |_| None));

        assert_eq!(commits.iter().map(Vec::len).collect::<Vec<_>>(), [1_000, 1_000, 500]);
        assert!(commits.concat().is_sorted_by_key(|id| id.seq));
    }
}
