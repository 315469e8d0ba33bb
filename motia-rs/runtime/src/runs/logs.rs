//! The last log lines of the program, whoever wrote them.

use std::{borrow::Cow, collections::VecDeque, sync::Arc};

use jiff::Timestamp;
use motia_core::{context::Level, store::Page};
use parking_lot::Mutex;
use serde::Serialize;
use serde_json::{Map, Value};
use tokio::sync::watch;

/// As many lines are in memory: 10,000.
pub const MOST: usize = 10_000;

/// As many bytes they take at most, about: 8 MiB.
pub const BYTES: usize = 8 * 1024 * 1024;

/// One log line.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LogLine {
    /// Names it; rises.
    pub id: u64,
    /// When it was written.
    pub at: Timestamp,
    /// How much it matters.
    pub level: Level,
    /// The part of the program that wrote it.
    pub target: Cow<'static, str>,
    /// The step that it is of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// The run that it is of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// What it says.
    pub message: String,
    /// What it says it of.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub fields: Map<String, Value>,
}

impl LogLine {
    fn size(&self) -> usize {
        let fields = self.fields.iter().map(|(name, value)| {
            name.len() + value.as_str().map_or(size_of::<Value>(), str::len) + size_of::<Value>()
        });
        size_of::<Self>() + self.message.len() + fields.sum::<usize>()
    }
}

/// Which log lines are asked for: those that fit everything that is said.
#[derive(Debug, Clone, Default)]
pub struct LogFilter {
    /// That matter at least so much.
    pub level: Option<Level>,
    /// Of this step.
    pub step: Option<String>,
    /// Of this run.
    pub trace: Option<String>,
    /// With this text in them, whatever the case.
    pub text: Option<String>,
    /// Written no sooner.
    pub since: Option<Timestamp>,
    /// Written sooner.
    pub until: Option<Timestamp>,
}

impl LogFilter {
    /// Whether a line fits.
    #[must_use]
    pub fn passes(&self, line: &LogLine) -> bool {
        let Self { level, step, trace, text, since, until } = self;
        level.is_none_or(|level| line.level >= level)
            && step.as_ref().is_none_or(|step| line.step.as_ref() == Some(step))
            && trace.as_ref().is_none_or(|trace| line.trace_id.as_ref() == Some(trace))
            && since.is_none_or(|since| line.at >= since)
            && until.is_none_or(|until| line.at < until)
            && text.as_ref().is_none_or(|text| {
                let text = text.to_lowercase();
                line.message.to_lowercase().contains(&text)
                    || line.fields.iter().any(|(name, value)| {
                        name.to_lowercase().contains(&text)
                            || value.to_string().to_lowercase().contains(&text)
                    })
            })
    }
}

/// What was written since somebody looked.
#[derive(Debug)]
pub struct Since {
    /// The lines that the filter lets through, oldest first.
    pub lines: Vec<Arc<LogLine>>,
    /// As many lines more were written, and are no longer kept; what the filter says of them is not known.
    pub missed: u64,
    /// The id of the last line of all.
    pub last: u64,
}

/// The last log lines of a program.
#[derive(Debug)]
pub struct Logs {
    kept: Mutex<Kept>,
    changed: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Kept {
    lines: VecDeque<Arc<LogLine>>,
    bytes: usize,
    last: u64,
}

impl Default for Logs {
    fn default() -> Self {
        Self { kept: Mutex::default(), changed: watch::channel(0).0 }
    }
}

impl Logs {
    /// Takes in a line; its id is given here.
    pub fn push(&self, mut line: LogLine) {
        let mut kept = self.kept.lock();
        kept.last += 1;
        line.id = kept.last;
        kept.bytes += line.size();
        kept.lines.push_back(Arc::new(line));
        while kept.lines.len() > MOST || kept.bytes > BYTES {
            let Some(oldest) = kept.lines.pop_front() else { break };
            kept.bytes -= oldest.size();
        }
        let last = kept.last;
        drop(kept);
        self.changed.send_replace(last);
    }

    /// The lines that `filter` lets through, newest first, below the id `before`; at most `limit`.
    #[must_use]
    pub fn list(
        &self,
        filter: &LogFilter,
        before: Option<u64>,
        limit: usize,
    ) -> Page<Arc<LogLine>> {
        let lines: Vec<_> = self.kept.lock().lines.iter().rev().cloned().collect();
        let before = before.unwrap_or(u64::MAX);
        let mut found = lines.into_iter().filter(|line| line.id < before && filter.passes(line));
        let items: Vec<_> = found.by_ref().take(limit).collect();
        let next = found.next().and(items.last()).map(|last| last.id.to_string());
        Page { items, next }
    }

    /// What was written after the line `after`, as far as it is still kept.
    #[must_use]
    pub fn since(&self, filter: &LogFilter, after: u64) -> Since {
        let (new, last) = {
            let kept = self.kept.lock();
            let new = kept.lines.iter().rev().take_while(|line| line.id > after);
            (new.cloned().collect::<Vec<_>>(), kept.last)
        };
        let missed = last.saturating_sub(after) - new.len() as u64;
        let lines = new.into_iter().rev().filter(|line| filter.passes(line)).collect();
        Since { lines, missed, last }
    }

    /// The id of the last line.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.kept.lock().last
    }

    /// Tells when there are new ones: the value is the last one's id.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(message: String) -> LogLine {
        LogLine {
            id: 0,
            at: Timestamp::UNIX_EPOCH,
            level: Level::Info,
            target: "test".into(),
            step: None,
            trace_id: None,
            message,
            fields: Map::new(),
        }
    }

    #[test]
    fn the_last_lines_are_there_and_no_more_than_fit() {
        let logs = Logs::default();
        for n in 0..MOST + 10 {
            logs.push(line(n.to_string()));
        }

        let page = logs.list(&LogFilter::default(), None, MOST + 10);

        assert_eq!(page.items.len(), MOST);
        assert_eq!(page.items[0].message, (MOST + 9).to_string());
        let long = "x".repeat(BYTES / 4);
        (0..10).for_each(|_| logs.push(line(long.clone())));
        assert!(logs.list(&LogFilter::default(), None, MOST).items.len() < 5);
    }

    #[test]
    fn what_came_since_is_told_in_its_order() {
        let logs = Logs::default();
        (0..5).for_each(|n| logs.push(line(n.to_string())));

        let new = logs.since(&LogFilter::default(), 2);

        let ids: Vec<_> = new.lines.iter().map(|line| line.id).collect();
        assert_eq!((ids, new.missed, new.last), (vec![3, 4, 5], 0, 5));
        assert_eq!(logs.since(&LogFilter::default(), 9).missed, 0, "of a program before");
    }

    #[test]
    fn lines_that_are_no_longer_kept_are_counted() {
        let logs = Logs::default();
        (0..MOST + 7).for_each(|n| logs.push(line(n.to_string())));

        let new = logs.since(&LogFilter::default(), 3);

        assert_eq!((new.lines.len(), new.missed), (MOST, 4));
    }
}
