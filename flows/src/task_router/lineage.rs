//! The versions of a task side by side, and which of them a submission gets.

use motia::prelude::*;

use super::{
    definition::{DEFINITIONS, Definition},
    fingerprint,
    record::kept,
    version::Version,
};

/// The versions of one task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Lineage {
    /// Names the kind of task.
    pub task_id: String,
    /// What people call the version that came last.
    pub name: String,
    /// The versions, the newest first.
    pub versions: Vec<Offered>,
}

/// One version and its share of the traffic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Offered {
    /// The version.
    pub version: Version,
    /// The share of the tasks that name no version which it gets while it is being rolled out, from 0
    /// to 1; none: it is rolled out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout: Option<f64>,
}

impl Offered {
    /// The share that it gets of what older ones do not: a pre-release gets nothing by itself.
    fn share(&self) -> f64 {
        self.rollout.unwrap_or(if self.version.is_prerelease() { 0.0 } else { 1.0 })
    }
}

impl Lineage {
    /// Adds a version in its place.
    pub fn offer(&mut self, version: Version, rollout: Option<f64>) {
        self.versions.push(Offered { version, rollout });
        self.versions.sort_by(|one, other| other.version.cmp(&one.version));
    }

    /// Whether it has this version.
    #[must_use]
    pub fn has(&self, version: &Version) -> bool {
        self.versions.iter().any(|offered| offered.version == *version)
    }

    /// The version for whoever names none: the newest, or one that is being rolled out where `who`
    /// falls into its share. The same caller gets the same version for as long as no share changes,
    /// and keeps a new one when its share grows.
    #[must_use]
    pub fn version_for(&self, who: &str) -> Option<&Version> {
        let gets = |offered: &&Offered| {
            let lot = fingerprint::fraction(&[&self.task_id, &offered.version.to_string(), who]);
            lot < offered.share()
        };
        let gotten = self.versions.iter().find(gets).or_else(|| self.versions.last());
        gotten.map(|offered| &offered.version)
    }
}

/// The most versions that a task may have.
pub const MOST_VERSIONS: usize = 200;

/// Why a version is not taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotOffered {
    /// There is one of the same number, and definitions never change.
    #[error("there is this version already, and definitions never change")]
    Exists,
    /// There are as many as there may be.
    #[error("a task has {MOST_VERSIONS} versions at most")]
    TooMany,
}

/// Takes a definition in beside its other versions.
///
/// # Errors
/// When the store fails.
pub async fn take_in<E>(
    ctx: &Context<E>,
    definition: &Definition,
    rollout: Option<f64>,
) -> StepResult<Result<(), NotOffered>> {
    let Definition { task_id, name, version, .. } = definition;
    loop {
        let mut tx = ctx.transaction();
        let first = || Lineage { task_id: task_id.clone(), name: String::new(), versions: vec![] };
        let mut lineage = tx.get(LINEAGES, task_id).await?.unwrap_or_else(first);
        if lineage.has(version) {
            return Ok(Err(NotOffered::Exists));
        }
        if lineage.versions.len() >= MOST_VERSIONS {
            return Ok(Err(NotOffered::TooMany));
        }
        lineage.name.clone_from(name);
        lineage.offer(version.clone(), rollout);
        tx.set(LINEAGES, task_id, &lineage);
        tx.set(DEFINITIONS, &definition.key(), definition);
        if kept(tx.commit().await)? {
            return Ok(Ok(()));
        }
    }
}

/// Every task with its versions; there are few.
///
/// # Errors
/// When the store fails.
pub async fn all<E>(ctx: &Context<E>) -> StepResult<Vec<Lineage>> {
    let mut page = ctx.state.group(LINEAGES).limit(500).await?;
    let mut lineages = Vec::new();
    loop {
        lineages.extend(page.items.into_iter().map(|(_, lineage)| lineage));
        let Some(last) = page.next else { return Ok(lineages) };
        page = ctx.state.group(LINEAGES).limit(500).after(last).await?;
    }
}

/// The versions of each task.
pub const LINEAGES: StateGroup<Lineage> = StateGroup::new("router-lineages");

#[cfg(test)]
mod tests {
    use super::*;

    fn lineage(versions: &[(&str, Option<f64>)]) -> Lineage {
        let (task_id, name) = ("summarize".into(), "Summarize".into());
        let mut lineage = Lineage { task_id, name, versions: Vec::new() };
        for (version, rollout) in versions {
            lineage.offer(version.parse().unwrap(), *rollout);
        }
        lineage
    }

    fn chosen(lineage: &Lineage, clients: u32) -> Vec<String> {
        let of = |n| lineage.version_for(&format!("client-{n}")).unwrap().to_string();
        (0..clients).map(of).collect()
    }

    #[test]
    fn the_newest_is_the_default_whatever_the_order_they_came_in() {
        let lineage = lineage(&[("1.10.0", None), ("1.9.0", None), ("2.0.0-rc.1", None)]);

        assert!(chosen(&lineage, 50).iter().all(|version| version == "1.10.0"));
    }

    #[test]
    fn a_version_that_is_rolled_out_gets_its_share_and_each_client_always_the_same() {
        let lineage = lineage(&[("1.0.0", None), ("2.0.0", Some(0.2))]);

        let versions = chosen(&lineage, 1000);

        let new = versions.iter().filter(|version| *version == "2.0.0").count();
        assert!((150..250).contains(&new), "{new} of 1000");
        assert_eq!(versions, chosen(&lineage, 1000));
    }

    #[test]
    fn who_has_the_new_version_keeps_it_when_its_share_grows() {
        let few = chosen(&lineage(&[("1.0.0", None), ("2.0.0", Some(0.2))]), 500);
        let more = chosen(&lineage(&[("1.0.0", None), ("2.0.0", Some(0.6))]), 500);

        let kept = few.iter().zip(&more).all(|(few, more)| few != "2.0.0" || more == "2.0.0");
        assert!(kept);
    }

    #[test]
    fn the_only_version_serves_all_while_it_is_rolled_out() {
        let lineage = lineage(&[("1.0.0", Some(0.1))]);

        assert!(chosen(&lineage, 20).iter().all(|version| version == "1.0.0"));
    }
}
