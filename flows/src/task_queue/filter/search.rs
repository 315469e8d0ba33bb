//! What is wanted, found by looking through the cards: where no order that is kept has it.

use motia::prelude::*;

use super::{Place, Wanted};
use crate::task_queue::{
    card::Reading,
    pick::{Pick, directed},
};

/// So many places are kept at once, of those that are looked through.
const KEPT: usize = if cfg!(test) { 100 } else { 20_000 };

/// What one round through the cards found.
struct Round {
    kept: Vec<Place>,
    total: usize,
}

impl Wanted {
    /// Looks through the cards that may be wanted. However many there are, only so many of them are kept
    /// at once: a page far behind is come to from the end that is nearer, in several rounds.
    pub(super) async fn looked_for<E>(
        &self,
        ctx: &Context<E>,
        skip: usize,
        limit: usize,
    ) -> StepResult<(Vec<String>, usize)> {
        if skip.saturating_add(limit) > KEPT {
            let total = self.round(ctx, None, 0, self.descending).await?.total;
            let shown = total.saturating_sub(skip).min(limit);
            if shown == 0 {
                return Ok((Vec::new(), total));
            }
            let behind = total - skip - shown;
            if behind < skip {
                let (mut ids, _) = self.part(ctx, behind, shown, !self.descending).await?;
                ids.reverse();
                return Ok((ids, total));
            }
        }
        self.part(ctx, skip, limit, self.descending).await
    }

    /// So many behind so many others, and how many there are in all.
    async fn part<E>(
        &self,
        ctx: &Context<E>,
        skip: usize,
        limit: usize,
        descending: bool,
    ) -> StepResult<(Vec<String>, usize)> {
        let (mut left, mut behind) = (skip, None);
        loop {
            let most = left.saturating_add(limit);
            if most <= KEPT {
                let Round { kept, total } =
                    self.round(ctx, behind.as_ref(), most, descending).await?;
                return Ok((kept.into_iter().skip(left).map(Place::task_id).collect(), total));
            }
            let passed = left.min(KEPT);
            let Round { kept, total } =
                self.round(ctx, behind.as_ref(), passed, descending).await?;
            let Some(last) = kept.last() else { return Ok((Vec::new(), total)) };
            (left, behind) = (left - kept.len(), Some(last.clone()));
        }
    }

    /// The first `most` of what is wanted behind a place, and how many are wanted in all.
    async fn round<E>(
        &self,
        ctx: &Context<E>,
        behind: Option<&Place>,
        most: usize,
        descending: bool,
    ) -> StepResult<Round> {
        let (mut pick, mut total) = (Pick::new(most, Place::cmp, descending), 0);
        for group in self.groups() {
            let mut reading = match self.from {
                Some(from) => Reading::since(&ctx.state, group, from),
                None => Reading::all(&ctx.state, group),
            };
            'group: while let Some(cards) = reading.page().await? {
                for (key, card) in cards {
                    if self.until.is_some_and(|until| card.created_at > until) {
                        break 'group; // as are all behind it
                    }
                    if !self.takes(&card) {
                        continue;
                    }
                    total += 1;
                    let place = Place::of(self.by, key, &card);
                    let is_behind = |past: &Place| directed(past.cmp(&place), descending).is_lt();
                    if behind.is_none_or(is_behind) {
                        pick.show(place);
                    }
                }
            }
        }
        Ok(Round { kept: pick.taken(), total })
    }
}
