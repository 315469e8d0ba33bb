//! Which executor gets a task: of those that are capable and well the least loaded by weight, or the one
//! that the client's name falls on.

use std::{cmp::Ordering, hash::Hash};

use hrw_hash::{HrwNode, HrwNodes};

use super::executor::Executor;

/// An executor and how it stands.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'e> {
    /// The executor.
    pub executor: &'e Executor,
    /// Tasks that it runs now.
    pub running: u32,
    /// Tasks that it was given since the start.
    pub served: u64,
    /// Whether its last health check was passed.
    pub healthy: bool,
}

/// Why no executor can be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nobody {
    /// None is capable of it.
    Capable,
    /// Those that are capable are not well.
    Healthy,
}

/// The executors that a task may be given to, the best one first. `client` is whose tasks go to the
/// same executor while they can.
///
/// # Errors
/// When there is none.
pub fn in_order<'e>(
    candidates: &[Candidate<'e>],
    required: &[String],
    client: Option<&str>,
) -> Result<Vec<&'e Executor>, Nobody> {
    let capable = candidates.iter().filter(|candidate| candidate.executor.can(required));
    let mut capable: Vec<_> = capable.copied().collect();
    if capable.is_empty() {
        return Err(Nobody::Capable);
    }
    // A client's place is drawn among all that are capable, so that it has its own again when it is well.
    match client {
        Some(client) => {
            let ring = HrwNodes::new(capable.into_iter().map(Node));
            capable = ring.sorted(&client).map(|Node(candidate)| *candidate).collect();
        }
        None => capable.sort_by(by_load),
    }
    capable.retain(|candidate| candidate.healthy);
    if capable.is_empty() {
        return Err(Nobody::Healthy);
    }
    Ok(capable.into_iter().map(|candidate| candidate.executor).collect())
}

/// Who would be loaded less with one task more; among equals, who was given less so far.
fn by_load(one: &Candidate<'_>, other: &Candidate<'_>) -> Ordering {
    let cross = |load: u64, weight: u32| u128::from(load) * u128::from(weight);
    let (one_weight, other_weight) = (one.executor.weight.get(), other.executor.weight.get());
    cross(u64::from(one.running) + 1, other_weight)
        .cmp(&cross(u64::from(other.running) + 1, one_weight))
        .then_with(|| cross(one.served + 1, other_weight).cmp(&cross(other.served + 1, one_weight)))
        .then_with(|| one.executor.id.cmp(&other.executor.id))
}

/// An executor as rendezvous hashing sees it.
#[derive(Debug)]
struct Node<'e>(Candidate<'e>);

impl Hash for Node<'_> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.executor.id.hash(state);
    }
}

impl PartialEq for Node<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.0.executor.id == other.0.executor.id
    }
}

impl Eq for Node<'_> {}

impl HrwNode for Node<'_> {
    fn capacity(&self) -> usize {
        self.0.executor.weight.get() as usize
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;
    use crate::task_router::executor::tests::http;

    fn fleet(weights: &[(&str, u32)]) -> Vec<Executor> {
        weights.iter().map(|(id, weight)| http(id, *weight)).collect()
    }

    fn idle(executors: &[Executor]) -> Vec<Candidate<'_>> {
        let candidate = |executor| Candidate { executor, running: 0, served: 0, healthy: true };
        executors.iter().map(candidate).collect()
    }

    fn required() -> Vec<String> {
        vec!["summarize".into()]
    }

    #[test]
    fn tasks_are_spread_by_weight() {
        let executors = fleet(&[("large", 3), ("small", 1)]);
        let mut candidates = idle(&executors);

        for _ in 0..40 {
            let first = in_order(&candidates, &required(), None).unwrap()[0];
            let taken = candidates.iter_mut().find(|one| one.executor.id == first.id).unwrap();
            (taken.running, taken.served) = (taken.running + 1, taken.served + 1);
        }

        assert_eq!(candidates.iter().map(|one| one.running).collect::<Vec<_>>(), [30, 10]);
    }

    #[test]
    fn among_idle_ones_the_turn_goes_round() {
        let executors = fleet(&[("a", 1), ("b", 1)]);
        let mut candidates = idle(&executors);
        candidates[0].served = 1;

        assert_eq!(in_order(&candidates, &required(), None).unwrap()[0].id, "b");
    }

    #[test]
    fn who_is_not_capable_or_not_well_gets_nothing() {
        let executors = fleet(&[("a", 1), ("b", 1)]);
        let mut candidates = idle(&executors);
        candidates[0].healthy = false;

        let order = in_order(&candidates, &required(), None).unwrap();
        assert_eq!(order.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["b"]);
        candidates[1].healthy = false;
        assert_eq!(in_order(&candidates, &required(), None).unwrap_err(), Nobody::Healthy);
        let other = ["paint".to_owned()];
        assert_eq!(in_order(&candidates, &other, None).unwrap_err(), Nobody::Capable);
    }

    fn places(executors: &[Executor], sick: Option<&str>) -> HashMap<String, String> {
        let mut candidates = idle(executors);
        for candidate in &mut candidates {
            candidate.healthy = Some(candidate.executor.id.as_str()) != sick;
        }
        let place = |n: u32| {
            let client = format!("client-{n}");
            let first = in_order(&candidates, &required(), Some(&client)).unwrap()[0].id.clone();
            (client, first)
        };
        (0..1000).map(place).collect()
    }

    #[test]
    fn a_client_keeps_its_executor_and_only_those_of_a_sick_one_move() {
        let executors = fleet(&[("a", 1), ("b", 1), ("c", 2)]);
        let before = places(&executors, None);
        assert_eq!(before, places(&executors, None));

        let during = places(&executors, Some("b"));

        let moved: HashSet<_> =
            before.iter().filter(|(who, at)| during[*who] != **at).map(|(_, at)| at).collect();
        assert_eq!(moved, HashSet::from([&"b".to_owned()]));
        let of_c = before.values().filter(|at| *at == "c").count();
        assert!((420..580).contains(&of_c), "{of_c} of 1000 are on the one of double weight");
    }
}
