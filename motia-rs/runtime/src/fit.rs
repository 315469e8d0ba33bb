//! Whether what waits still fits the program: work that was kept by the last version of an app is
//! test-decoded before the next one takes it up.
//!
//! What does not fit is held: it costs no attempt, is told by topic and count, and is released by the
//! first program that it fits. All payloads are read when the schema of a step's input has changed, and
//! those that are held each time. Where there are many, a page is decoded while the next one is read.

use std::{
    collections::{BTreeMap, HashMap},
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use futures_util::future::{try_join, try_join_all};
use jiff::Timestamp;
use motia_core::{
    json::JsonText,
    registry::{Registry, Step},
    schema::Schemas,
    store::{
        Batch, CommitError, Delivery, Depth, Failure, PageRequest, Pull, QueueId, Settlement,
        Store, StoreError, Token, WaitingFilter, Write, every_page,
    },
};
use serde::{Deserialize, Serialize};

use crate::engine::subscribers;

/// The state group of the inputs that what waits was checked against.
const GROUP: &str = "__motia.inputs";

/// What of the work that waits is not for this program.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Payloads that do not fit, by step and topic.
    pub misfits: Vec<Misfit>,
    /// Queues of steps that are gone, in which something waits.
    pub orphans: Vec<Orphan>,
    /// How many payloads were read.
    pub checked: u64,
}

/// Payloads on one topic that do not fit the input of one step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Misfit {
    /// The step.
    pub step: String,
    /// The topic.
    pub topic: String,
    /// How many.
    pub count: u64,
    /// What is wrong with the first of them.
    pub error: String,
}

/// A queue whose step is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Orphan {
    /// The step that is gone.
    pub step: String,
    /// How much waits for it.
    pub waiting: u64,
}

impl Report {
    /// Whether all that waits is for this program.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.misfits.is_empty() && self.orphans.is_empty()
    }

    /// Says it in the log.
    pub(crate) fn log(&self) {
        for Misfit { step, topic, count, error } in &self.misfits {
            let error = crate::log::printable(error);
            tracing::error!(
                step,
                topic,
                count,
                error,
                "events wait that do not fit the step's input; they are held until a program comes \
                 that they fit"
            );
        }
        for Orphan { step, waiting } in &self.orphans {
            tracing::warn!(step, waiting, "events wait for a step that is gone; they are kept");
        }
    }
}

/// Checks all that waits, and changes nothing.
///
/// # Errors
/// When the store cannot be read.
pub async fn check(
    registry: &Registry,
    store: &dyn Store,
    now: Timestamp,
) -> Result<Report, StoreError> {
    let orphans = orphans(registry, &store.depths(now).await?);
    let mut report = Report { orphans, ..Report::default() };
    for (step, queue) in subscribers(registry, store).await? {
        let mut misfits = Misfits::default();
        let all = WaitingFilter { queue: Some(queue), ..WaitingFilter::default() };
        for_each_page(store, &all, |deliveries| {
            report.checked += deliveries.len() as u64;
            for delivery in deliveries {
                misfits.note(step.name(), delivery, fits(&step, delivery).err());
            }
            Vec::new()
        })
        .await?;
        report.misfits.extend(misfits.into_list());
    }
    Ok(report)
}

/// Checks what waits for these steps, as far as their inputs have changed since it was checked last;
/// holds what does not fit, and releases what was held and fits.
pub(crate) async fn enforce(
    registry: &Registry,
    steps: &[(Arc<Step>, QueueId)],
    store: &dyn Store,
    now: Timestamp,
) -> Result<Report, StoreError> {
    let depths = store.depths(now).await?;
    let mut report = Report { orphans: orphans(registry, &depths), ..Report::default() };
    let (known, mut learned) = (known_inputs(store, now).await?, Batch::default());
    let token = Token(store.epoch() << 40);
    for (step, queue) in steps {
        let (mut misfits, input) = (Misfits::default(), Input::of(step));
        let changed = known.get(step.name()) != Some(&input);
        if changed {
            learned.writes.push(input.keep(step.name()));
        }
        let depth = depths.iter().find(|depth| depth.id == *queue);
        if depth.is_none_or(|depth| if changed { depth.total() == 0 } else { depth.held == 0 }) {
            continue;
        }

        let mut look = |deliveries: &[Delivery]| {
            report.checked += deliveries.len() as u64;
            deliveries
                .iter()
                .filter_map(|delivery| {
                    let misfit = fits(step, delivery).err();
                    misfits.note(step.name(), delivery, misfit.clone());
                    correct(delivery, misfit, token, now)
                })
                .collect()
        };
        let held = WaitingFilter { queue: Some(*queue), held: true, ..WaitingFilter::default() };
        for_each_page(store, &held, &mut look).await?;
        if changed {
            for_each_not_held(store, *queue, &mut look).await?;
        }
        report.misfits.extend(misfits.into_list());
    }
    if !learned.is_empty() {
        commit(store, learned).await?;
    }
    Ok(report)
}

/// The inputs that what waits was checked against, by step.
async fn known_inputs(
    store: &dyn Store,
    now: Timestamp,
) -> Result<HashMap<String, Input>, StoreError> {
    let mut known = HashMap::new();
    let read = |request| store.page(GROUP, request, now);
    every_page(read, |items| {
        let inputs = items.into_iter();
        known.extend(inputs.filter_map(|(step, entry)| Some((step, entry.value.decode().ok()?))));
    })
    .await?;
    Ok(known)
}

/// What a step takes, as far as it can be told from outside.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Input {
    fingerprint: u64,
}

impl Input {
    fn of(step: &Step) -> Self {
        let (mut schemas, mut hasher) = (Schemas::default(), DefaultHasher::new());
        for topic in &step.subscribes {
            topic.name.hash(&mut hasher);
            if let Some(schema) = topic.schema {
                schemas.input(schema).to_string().hash(&mut hasher);
            }
        }
        for (name, schema) in schemas.input_definitions() {
            (name, schema.to_string()).hash(&mut hasher);
        }
        Self { fingerprint: hasher.finish() }
    }

    fn keep(&self, step: &str) -> Write {
        let value = JsonText::encode(self).expect("a number serialises");
        Write::Set { group: GROUP.into(), key: step.to_owned(), value, expires_at: None }
    }
}

/// Those that do not fit, counted by topic.
#[derive(Default)]
struct Misfits(BTreeMap<String, Misfit>);

impl Misfits {
    fn note(&mut self, step: &str, delivery: &Delivery, error: Option<String>) {
        let Some(error) = error else { return };
        let topic = delivery.event.topic.to_string();
        let first = || Misfit { step: step.to_owned(), topic: topic.clone(), count: 0, error };
        self.0.entry(topic.clone()).or_insert_with(first).count += 1;
    }

    fn into_list(self) -> impl Iterator<Item = Misfit> {
        self.0.into_values()
    }
}

/// Whether a kept event fits the input of a step; otherwise what does not.
pub(crate) fn fits(step: &Step, delivery: &Delivery) -> Result<(), String> {
    let Some(event_step) = step.event() else { return Ok(()) };
    (event_step.decodes)(&delivery.event).map_err(|error| {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
        format!("{error}{}", cause.unwrap_or_default())
    })
}

/// The write that holds what does not fit, or releases what does.
fn correct(
    delivery: &Delivery,
    misfit: Option<String>,
    token: Token,
    now: Timestamp,
) -> Option<Write> {
    let held = delivery.due == Some(Timestamp::MAX);
    let id = delivery.id;
    match misfit {
        None if held => Some(Write::Release { delivery: id, now }),
        Some(error) if !held => {
            let attempt = delivery.attempts.saturating_add(1);
            let failure = Failure { attempt, started_at: now, ended_at: now, error, class: None };
            let settlement = Settlement::Hold { failure: failure.into() };
            Some(Write::Settle { delivery: id, token, settlement })
        }
        _ => None,
    }
}

fn orphans(registry: &Registry, depths: &[Depth]) -> Vec<Orphan> {
    let gone = |step: &str| registry.step(step).and_then(|step| step.event()).is_none();
    let orphans = depths.iter().filter(|depth| gone(&depth.queue) && depth.total() > 0);
    orphans.map(|depth| Orphan { step: depth.queue.clone(), waiting: depth.total() }).collect()
}

/// Reads all pages, and commits what is to be written for each.
async fn for_each_page(
    store: &dyn Store,
    filter: &WaitingFilter,
    mut writes: impl FnMut(&[Delivery]) -> Vec<Write>,
) -> Result<(), StoreError> {
    let mut request = PageRequest::first(PageRequest::MAX);
    loop {
        let page = store.waiting(filter, request.clone()).await?;
        commit_all(store, writes(&page.items)).await?;
        if page.next.is_none() {
            return Ok(());
        }
        request = request.after(page.next);
    }
}

/// Deliveries that are read at once of a backlog.
const PULLED: usize = 4096;

/// Reads all that waits in a queue and is not held, as a queue does, which is the quickest way; commits
/// what is to be written for each page while the next one is read.
async fn for_each_not_held(
    store: &dyn Store,
    queue: QueueId,
    mut writes: impl FnMut(&[Delivery]) -> Vec<Write>,
) -> Result<(), StoreError> {
    let (now, due_after) = (Timestamp::MAX, (Timestamp::MIN, 0));
    let mut pull = Pull { queue, after: 0, ranked_after: None, due_after, now, limit: PULLED };
    let mut pulled = store.pull(pull).await?;
    loop {
        if let Some(last) = pulled.ready.last() {
            pull.after = last.id.seq;
        }
        if let Some(last) = pulled.due.last() {
            pull.due_after = (last.due.unwrap_or(now), last.id.seq);
        }
        let is_last = pulled.ready.len() < PULLED && pulled.next_due.is_none();
        let mut page = pulled.ready;
        page.append(&mut pulled.due);
        // What is held in its place was looked at before.
        page.retain(|delivery| delivery.due != Some(Timestamp::MAX));
        let look = async { commit_all(store, writes(&page)).await };
        if is_last {
            return look.await;
        }
        // The read begins first, on a thread of its own.
        (pulled, ()) = try_join(store.pull(pull), look).await?;
    }
}

async fn commit_all(store: &dyn Store, writes: Vec<Write>) -> Result<(), StoreError> {
    // All under way at once, so that they share the syncs of the disk.
    let commits = writes.into_iter().map(|write| commit(store, Batch::of(write)));
    try_join_all(commits).await.map(drop)
}

async fn commit(store: &dyn Store, batch: Batch) -> Result<(), StoreError> {
    match store.commit(batch).await {
        Err(CommitError::Store(error)) => Err(error),
        // Somebody else was faster with this one.
        Ok(_) | Err(_) => Ok(()),
    }
}
