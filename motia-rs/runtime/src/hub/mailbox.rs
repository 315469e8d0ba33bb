//! What waits for one reader, and never more than it may.

use std::{collections::VecDeque, sync::Arc};

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::room::Told;

/// What waits for one reader. Whoever puts something in never waits: when the mailbox is full it is emptied,
/// and the reader is told that it fell behind.
pub(super) struct Mailbox {
    limit: usize,
    waiting: Mutex<Waiting>,
    filled: Notify,
}

#[derive(Default)]
struct Waiting {
    changes: VecDeque<Arc<Told>>,
    overflowed: bool,
}

/// What a reader finds.
#[derive(Debug)]
pub(super) enum Post {
    /// The next change.
    Change(Arc<Told>),
    /// Changes were thrown away: what it knows is out of date.
    FellBehind,
}

impl Mailbox {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, waiting: Mutex::default(), filled: Notify::new() }
    }

    pub(super) fn put(&self, change: &Arc<Told>) {
        let mut waiting = self.waiting.lock();
        if waiting.overflowed {
            return;
        }
        if waiting.changes.len() < self.limit {
            waiting.changes.push_back(change.clone());
        } else {
            *waiting = Waiting { changes: VecDeque::new(), overflowed: true };
        }
        drop(waiting);
        self.filled.notify_one();
    }

    /// Waits for what comes next. May be dropped at any time.
    pub(super) async fn take(&self) -> Post {
        loop {
            if let Some(post) = self.try_take() {
                return post;
            }
            self.filled.notified().await;
        }
    }

    fn try_take(&self) -> Option<Post> {
        let mut waiting = self.waiting.lock();
        if std::mem::take(&mut waiting.overflowed) {
            return Some(Post::FellBehind);
        }
        waiting.changes.pop_front().map(Post::Change)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::room::tests::told, *};

    #[tokio::test]
    async fn what_is_put_in_comes_out_in_its_order() {
        let mailbox = Mailbox::new(8);

        for seq in [1, 2, 3] {
            mailbox.put(&told(seq, "a"));
        }

        for seq in [1, 2, 3] {
            let Post::Change(change) = mailbox.take().await else { panic!("it fell behind") };
            assert_eq!(change.change.seq, seq);
        }
    }

    #[tokio::test]
    async fn a_full_mailbox_is_emptied_and_says_so_once() {
        let mailbox = Mailbox::new(2);

        for seq in 1..=100 {
            mailbox.put(&told(seq, "a"));
        }
        assert!(matches!(mailbox.take().await, Post::FellBehind));
        mailbox.put(&told(101, "a"));

        assert!(matches!(mailbox.take().await, Post::Change(change) if change.change.seq == 101));
        assert!(mailbox.try_take().is_none());
    }
}
