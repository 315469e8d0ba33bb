//! One attempt at a task: how it begins, what it does, and how it ends. Each of its ends is one commit.

use motia::{context::Transaction, prelude::*, topic::MemberOf};

use super::{
    MODEL, TaskFellDue, TaskQueued,
    articles::{Newspaper, Page},
    board::{self, CONTENTS, Change, PROGRESS, RESULTS},
    failure::{Failure, Kind, MOST_INTERRUPTIONS},
    model::{Model, Stop},
    pdf,
    settings::{MAX_TASK_AGE, MOST_RETRIES},
    spool::Spool,
    summary,
    task::{Task, TaskState, TaskType},
};

/// What queues a task emits.
pub type Emits = (TaskQueued,);

/// The class of failures of which an attempt decided itself when the task is tried again.
pub const DECIDED: &str = "decided";
/// Their policy: no sooner than the attempt said, and no more often than any setting allows.
pub const AS_DECIDED: Retry =
    Retry::fixed(MOST_RETRIES + 2 * MOST_INTERRUPTIONS, Duration::ZERO).jitter(0);

/// The longest summary that is kept, in characters.
const LONGEST_SUMMARY: usize = 100_000;
/// The most that is kept of a newspaper, in bytes of JSON.
const LARGEST_NEWSPAPER: usize = 480 * 1024;

/// Puts a task that just came on the board, and into the queue.
pub fn queue_new(tx: &mut Transaction<Emits>, task: &Task) {
    board::put(tx, task);
    queue_again(tx, task);
}

/// Puts a task into the queue once more; it says itself where it stands.
pub fn queue_again(tx: &mut Transaction<Emits>, task: &Task) {
    let queued = TaskQueued { task_id: task.task_id.clone(), round: task.round };
    tx.emit_with(queued, EmitOptions::new().cancel_key(task.task_id.clone()));
}

/// Begins an attempt. That it begins is kept before anything is done; `None`: nobody wants it any more.
///
/// # Errors
/// When it cannot be kept, or it is too soon.
pub async fn begin<E>(ctx: &Context<E>, wanted: &TaskQueued) -> StepResult<Option<Task>> {
    let (now, oldest) = (ctx.now(), ctx.setting(MAX_TASK_AGE).get());
    let mut begun = None;
    board::change(ctx, &wanted.task_id, |task, _| {
        begun = None;
        if !task.is_wanted(wanted.round) {
            return Ok(Change::None);
        }
        if let Some(due) = task.retry_after.filter(|due| *due > now) {
            // The program went down between keeping when it is due and putting it off until then.
            let early = due.duration_since(now).unsigned_abs();
            return Err(StepError::postpone(early, "not due yet"));
        }
        let mut task = task.clone();
        if let Some(failure) = hopeless(&task, oldest, now) {
            task.give_up(&failure, now);
        } else {
            task.start(now);
            begun = Some(task.clone());
        }
        Ok(task.into())
    })
    .await?;
    Ok(begun)
}

/// Why a task is not even tried.
fn hopeless(task: &Task, oldest: Duration, now: Timestamp) -> Option<Failure> {
    if task.is_older_than(oldest, now) {
        return Some(Failure::new(Kind::TooOld, format!("the task is older than {oldest:?}")));
    }
    let interrupted =
        task.state == TaskState::Active && task.interruptions + 1 >= MOST_INTERRUPTIONS;
    interrupted.then(|| {
        let message = format!("the program went down with the task {MOST_INTERRUPTIONS} times");
        Failure::new(Kind::Interrupted, message)
    })
}

/// Does what the task asks for; gives its result.
///
/// # Errors
/// Why there is none.
pub async fn work<E>(ctx: &Context<E>, task: &Task) -> Result<String, Stop> {
    let model = Model::of(ctx);
    match task.task_type {
        TaskType::Summarize => {
            let content = ctx.state.get(CONTENTS, &task.task_id).await.map_err(StepError::from)?;
            let missing = || Failure::new(Kind::Dependency, "the text of the task is not there");
            let summary = model.summary(ctx, &content.ok_or_else(missing)?).await?;
            Ok(summary::cut(&summary, LONGEST_SUMMARY))
        }
        TaskType::Pdfxtract => newspaper(ctx, task, &model).await,
    }
}

async fn newspaper<E>(ctx: &Context<E>, task: &Task, model: &Model) -> Result<String, Stop> {
    let texts = pdf::text_of(ctx, Spool::of(ctx).file(&task.task_id)).await?;
    let done = ctx.state.get(PROGRESS, &task.task_id).await.map_err(StepError::from)?;
    let mut pages = done.unwrap_or_default();
    let mut size: usize = pages.iter().map(size_of).sum();
    for (number, text) in (1..).zip(texts).skip(pages.len()) {
        let page = match text {
            None => Page::skipped(number, "no text can be read on this page"),
            Some(_) if size >= LARGEST_NEWSPAPER => Page::skipped(number, TOO_MUCH),
            Some(text) => model.articles(ctx, number, &text).await?,
        };
        let fits = size + size_of(&page) <= LARGEST_NEWSPAPER;
        let page = if fits { page } else { Page::skipped(number, TOO_MUCH) };
        size += size_of(&page);
        pages.push(page);
        if !model.is_offline() {
            // Nobody asks, or pays, for a page twice.
            let kept = ctx.state.set(PROGRESS, &task.task_id, &pages).await;
            kept.map_err(StepError::from)?;
        }
    }
    let (filename, issue_date) = match &task.upload {
        Some(upload) => (upload.filename.clone(), upload.issue_date.clone()),
        None => (String::new(), None),
    };
    let issue_date = issue_date.unwrap_or_else(|| "unknown".to_owned());
    let provider = model.is_offline().then(|| summary::OFFLINE.trim().to_owned());
    Ok(json!(Newspaper { filename, issue_date, pages, provider }).to_string())
}

const TOO_MUCH: &str = "the newspaper has more text than is kept of one";

fn size_of(page: &Page) -> usize {
    json!(page).to_string().len()
}

/// Ends an attempt that worked out.
///
/// # Errors
/// When the result cannot be kept.
pub async fn complete<E>(ctx: &Context<E>, task: &Task, result: String) -> StepResult {
    let now = ctx.now();
    board::change_and_ack(ctx, &task.task_id, |kept, tx| {
        if !is_ours(kept, task) {
            return Ok(Change::None);
        }
        tx.set(RESULTS, &task.task_id, &result);
        tx.delete(PROGRESS, &task.task_id);
        let mut completed = kept.clone();
        completed.complete(now);
        Ok(completed.into())
    })
    .await?;
    if task.upload.is_some() {
        Spool::of(ctx).remove(&task.task_id).await?;
    }
    Ok(())
}

/// Ends an attempt that failed: the task is tried again when its schedule says, or given up.
///
/// # Errors
/// Always, for that is how the queue hears of it: to be tried again, or settled already.
pub async fn fail<E, At>(ctx: &Context<E>, task: &Task, failure: &Failure) -> StepResult
where
    TaskFellDue: MemberOf<E, At>,
{
    if !task.may_retry(failure) {
        return give_up(ctx, task, failure).await;
    }
    let now = ctx.now();
    let delay = failure.delay(task.retry_count, rand::random());
    let due = now.checked_add(delay).unwrap_or(Timestamp::MAX);
    board::change(ctx, &task.task_id, |kept, tx| {
        if !is_ours(kept, task) {
            return Ok(Change::None);
        }
        let mut scheduled = kept.clone();
        scheduled.schedule(failure, due, now);
        tell_when_due(tx, &scheduled);
        Ok(scheduled.into())
    })
    .await?;
    Err(StepError::retry_after(delay, failure.message.as_str()).in_class(DECIDED))
}

async fn give_up<E>(ctx: &Context<E>, task: &Task, failure: &Failure) -> StepResult {
    let now = ctx.now();
    board::change_and_ack(ctx, &task.task_id, |kept, _| {
        if !is_ours(kept, task) {
            return Ok(Change::None);
        }
        let mut given_up = kept.clone();
        given_up.give_up(failure, now);
        Ok(given_up.into())
    })
    .await?;
    if matches!(failure.kind, Kind::Document(_)) {
        // The same file would end the same way.
        Spool::of(ctx).remove(&task.task_id).await?;
    } else if !failure.kind.is_permanent()
        && let Ok(call) = ctx.circuit(MODEL).enter()
    {
        // The queue hears nothing of the dependency from an attempt that settled itself.
        call.failed();
    }
    let told = json!({ "task": task.task_id, "error_type": failure.kind.name() });
    ctx.logger.error("a task was given up", told);
    Err(StepError::fatal(failure.message.as_str()))
}

/// Ends an attempt whose turn to ask the provider did not come: the task waits, which costs it nothing.
///
/// # Errors
/// Always, for that is how the queue hears of it.
pub async fn put_off<E, At>(ctx: &Context<E>, task: &Task, wait: Duration) -> StepResult
where
    TaskFellDue: MemberOf<E, At>,
{
    let now = ctx.now();
    let due = now.checked_add(wait).unwrap_or(Timestamp::MAX);
    board::change(ctx, &task.task_id, |kept, tx| {
        if !is_ours(kept, task) {
            return Ok(Change::None);
        }
        let mut waiting = kept.clone();
        waiting.wait_until(due, now);
        tell_when_due(tx, &waiting);
        Ok(waiting.into())
    })
    .await?;
    Err(StepError::postpone(wait, "the provider may not be asked now"))
}

/// Has it told when a task falls due that waits: its attempt starts by itself, but it may have to wait for
/// its turn, and then it stands in another queue.
fn tell_when_due<E, At>(tx: &mut Transaction<E>, task: &Task)
where
    TaskFellDue: MemberOf<E, At>,
{
    let due = TaskFellDue { task_id: task.task_id.clone(), round: task.round };
    tx.emit_with(due, EmitOptions::new().at(task.queued_at));
}

/// Whether the task is still the one that this attempt began.
fn is_ours(kept: &Task, begun: &Task) -> bool {
    kept.state == TaskState::Active && kept.round == begun.round
}
