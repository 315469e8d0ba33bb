//! The first of many things in an order, without keeping all of them.

use std::cmp::Ordering;

/// Keeps the first `most` of what it is shown, and counts all.
#[derive(Debug)]
pub struct Pick<T> {
    most: usize,
    order: fn(&T, &T) -> Ordering,
    descending: bool,
    kept: Vec<T>,
}

impl<T> Pick<T> {
    /// Keeps the first so many in this order, or the last.
    #[must_use]
    pub fn new(most: usize, order: fn(&T, &T) -> Ordering, descending: bool) -> Self {
        Self { most, order, descending, kept: Vec::new() }
    }

    /// Shows it something.
    pub fn show(&mut self, item: T) {
        self.kept.push(item);
        // Twice as many before it is cut: so each costs the same however many there are.
        if self.kept.len() >= self.most.saturating_mul(2).max(16) {
            self.cut();
        }
    }

    /// What comes first, in order.
    #[must_use]
    pub fn taken(mut self) -> Vec<T> {
        self.cut();
        let (order, descending) = (self.order, self.descending);
        self.kept.sort_unstable_by(|one, other| directed(order(one, other), descending));
        self.kept
    }

    fn cut(&mut self) {
        let (order, descending) = (self.order, self.descending);
        if self.kept.len() > self.most {
            let by = |one: &T, other: &T| directed(order(one, other), descending);
            self.kept.select_nth_unstable_by(self.most, by);
            self.kept.truncate(self.most);
        }
    }
}

/// An order, or its reverse.
#[must_use]
pub const fn directed(order: Ordering, descending: bool) -> Ordering {
    if descending { order.reverse() } else { order }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_are_taken_in_order_and_no_more_than_twice_as_many_are_kept() {
        for (descending, expected) in [(false, [0, 1, 2]), (true, [999, 998, 997])] {
            let mut pick = Pick::new(3, u64::cmp, descending);
            for n in 0..1000_u64 {
                pick.show(n * 7 % 1000); // each of them once
                assert!(pick.kept.len() <= 16);
            }
            assert_eq!(pick.taken(), expected);
        }
    }

    #[test]
    fn where_there_are_fewer_all_are_taken() {
        let mut pick = Pick::new(10, u64::cmp, false);
        [3, 1, 2].into_iter().for_each(|n| pick.show(n));
        assert_eq!(pick.taken(), [1, 2, 3]);
        assert_eq!(Pick::new(0, u64::cmp, false).taken(), [0; 0]);
    }
}
