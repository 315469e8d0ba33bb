//! What can be set about the task queue, under the names that its operators know.

use std::path::PathBuf;

use motia::{
    prelude::*,
    setting,
    setting::{Setting, Size, Span},
};

/// Where the model is; any endpoint that speaks as OpenAI's chat completions do.
pub const BASE_URL: Setting<String> = Setting::new(
    "OPENROUTER_BASE_URL",
    "https://openrouter.ai/api/v1",
    "Where the language model is: an OpenAI-compatible endpoint",
);
setting!(BASE_URL);

/// Who asks the model; without it, tasks are worked on offline.
pub const API_KEY: Setting<Option<String>> = Setting::optional(
    "OPENROUTER_API_KEY",
    "Who asks the language model; without it none is asked",
)
.secret();
setting!(API_KEY);

/// Which model is asked.
pub const MODEL_NAME: Setting<String> = Setting::new(
    "OPENROUTER_MODEL",
    "meta-llama/llama-3.3-70b-instruct",
    "Which language model is asked",
);
setting!(MODEL_NAME);

/// How long an answer of the model may take.
pub const TIMEOUT: Setting<Span> =
    Setting::new("OPENROUTER_TIMEOUT", "30s", "How long an answer of the language model may take");
setting!(TIMEOUT);

/// How often a task is tried again.
pub const MAX_RETRIES: Setting<u32> =
    Setting::new("MAX_RETRIES", "3", "How often a task is tried again before it is given up")
        .checked(|retries| *retries <= MOST_RETRIES, "a number up to 15");
setting!(MAX_RETRIES);

/// The most that [`MAX_RETRIES`] may be.
pub const MOST_RETRIES: u32 = 15;

/// How old a task may grow.
pub const MAX_TASK_AGE: Setting<Span> =
    Setting::new("MAX_TASK_AGE", "1h", "A task older than this is given up before it is tried");
setting!(MAX_TASK_AGE);

/// How long a task is kept that has ended.
pub const RETENTION: Setting<Span> =
    Setting::new("TASK_RETENTION", "30d", "How long a task is kept that was completed or given up");
setting!(RETENTION);

/// The share of starts that go to what was tried before.
pub const RETRY_RATIO: Setting<f64> = Setting::new(
    "DEFAULT_RETRY_RATIO",
    "0.3",
    "Share of starts that go to what was tried before, while new tasks wait too",
)
.checked(|share| (0.0..=1.0).contains(share), "a number from 0 to 1");
setting!(RETRY_RATIO);

/// How long the retry queue is before it gets less.
pub const RETRY_WARNING: Setting<i64> =
    Setting::new("RETRY_QUEUE_WARNING", "1000", "With so many tasks to retry, their share is 0.2");
setting!(RETRY_WARNING);

/// How long the retry queue is before it gets least.
pub const RETRY_CRITICAL: Setting<i64> =
    Setting::new("RETRY_QUEUE_CRITICAL", "5000", "With so many tasks to retry, their share is 0.1");
setting!(RETRY_CRITICAL);

/// Where uploads lie until they are worked on.
pub const SPOOL: Setting<PathBuf> = Setting::new(
    "TASK_SPOOL_DIR",
    "spool",
    "The folder where uploads lie until they are worked on; within the data folder, unless it begins at the root",
);
setting!(SPOOL);

/// How long what the provider said of itself holds, however much somebody insists.
pub const REFRESH_PAUSE: Setting<Span> = Setting::new(
    "OPENROUTER_REFRESH_PAUSE",
    "5s",
    "How long to wait at least before the provider is asked how it stands once more",
)
.checked(|pause| !pause.is_zero(), "a time such as 5s, and more than none");
setting!(REFRESH_PAUSE);

/// How long reading a PDF may take.
pub const PDF_TIMEOUT: Setting<Span> =
    Setting::new("PDF_TIMEOUT", "60s", "How long reading a PDF may take, and its processor time")
        .checked(|time| !time.is_zero(), "a time such as 60s, and more than none");
setting!(PDF_TIMEOUT);

/// How much memory reading a PDF may take.
pub const PDF_MEMORY: Setting<Size> =
    Setting::new("PDF_MEMORY", "512MiB", "The memory that reading a PDF may take");
setting!(PDF_MEMORY);

/// How long a client of the live status waits at most for a sign of life.
pub const HEARTBEAT: Duration = Duration::from_secs(30);
