//! The app that is killed.

use std::{
    collections::HashMap,
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{BufRead, BufReader, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{Mutex, OnceLock},
    time::Duration,
};

use motia::prelude::*;
use motia_core::registry::Registry;
use motia_testkit::history::{Act, Entry, Name};

/// The folder in which handlers note what they do: a file for each connection, so that a long run can be
/// checked bit by bit. Each line is one `write`, which a kill leaves whole or out.
const NOTES: &str = "notes";

/// One event in so many fails in its first attempt.
const FAILS: u64 = 50;

/// How long what starts later waits.
const LATER: Duration = Duration::from_secs(2);
/// How long what is worth nothing for long is worth anything: it ends before its time.
const BRIEF: Duration = Duration::from_millis(500);
/// How long an event is known to have been emitted: longer than it is asked for again.
const ONCE: Duration = Duration::from_secs(60);

static NOTEBOOK: OnceLock<Notebook> = OnceLock::new();
static SEED: OnceLock<u64> = OnceLock::new();

/// How an event is to be delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Way {
    /// In the order of its key.
    Ordered,
    /// Without a key.
    Alone,
    /// Without a key, after [`LATER`].
    Later,
    /// Too late, so that it ends in the history.
    Brief,
    /// Without a key, and once however often it is asked for.
    Once,
}

/// What a connection sends.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(super) struct Placed {
    pub(super) key: String,
    pub(super) n: u64,
    pub(super) way: Way,
    /// The instant for which it was planned, in microseconds of the system's clock.
    pub(super) planned: i64,
}
motia::topic!(Placed = "chaos.placed");

/// An event without a key.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
struct Loose(Placed);
motia::topic!(Loose = "chaos.loose");

/// An event without a key whose step lets it wait until it is worth nothing any more.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
struct Fleeting(Placed);
motia::topic!(Fleeting = "chaos.fleeting");

const PLACE: ApiConfig<Placed, (), (Placed, Loose, Fleeting)> = ApiConfig::post("Place", "/place");

async fn place(
    req: ApiRequest<Placed>,
    ctx: Context<(Placed, Loose, Fleeting)>,
) -> StepResult<ApiResponse<()>> {
    let placed = req.body;
    let name = format!("{}/{}", placed.key, placed.n);
    match placed.way {
        Way::Ordered => ctx.emit(placed).await?,
        Way::Alone => ctx.emit(Loose(placed)).await?,
        Way::Later => ctx.emit(Loose(placed)).delay(LATER).await?,
        Way::Brief => ctx.emit(Fleeting(placed)).ttl(BRIEF).await?,
        Way::Once => ctx.emit(Loose(placed)).dedup_for(name, ONCE).await?,
    };
    Ok(ApiResponse::no_content())
}

const HANDLE: EventConfig<Placed> = EventConfig::new("Handle")
    .fifo(|placed: &Placed| placed.key.clone())
    .concurrency(64)
    .retry(RETRY);

const HANDLE_LOOSE: EventConfig<Loose> =
    EventConfig::new("HandleLoose").concurrency(64).retry(RETRY);

const HANDLE_FLEETING: EventConfig<Fleeting> =
    EventConfig::new("HandleFleeting").concurrency(64).retry(RETRY).delay(LATER);

const RETRY: Retry = Retry::fixed(100, Duration::from_millis(20));

async fn handle(placed: Placed, ctx: Context) -> StepResult {
    work(&placed, &ctx).await
}

async fn handle_loose(Loose(placed): Loose, ctx: Context) -> StepResult {
    work(&placed, &ctx).await
}

async fn handle_fleeting(Fleeting(placed): Fleeting, ctx: Context) -> StepResult {
    work(&placed, &ctx).await
}

async fn work(placed: &Placed, ctx: &Context) -> StepResult {
    note(placed, ctx, Act::Began);
    // Long enough to be killed in.
    tokio::time::sleep(Duration::from_micros(500)).await;
    if ctx.attempt() == 1 && is_to_fail(placed) {
        note(placed, ctx, Act::Failed);
        return Err(StepError::retry("on purpose"));
    }
    note(placed, ctx, Act::Done);
    Ok(())
}

fn is_to_fail(placed: &Placed) -> bool {
    let seed = SEED.get().copied().unwrap_or_default();
    let key: u64 = placed.key.bytes().map(u64::from).sum();
    (placed.n ^ seed).wrapping_add(key).is_multiple_of(FAILS)
}

/// A line of a connection's file.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Note {
    #[serde(flatten)]
    pub(super) entry: Entry,
    way: Way,
    /// The instant for which the event was planned.
    pub(super) planned: i64,
    /// Microseconds from then until this.
    pub(super) after: i64,
}

impl Note {
    /// Whether the event was not to start at once.
    pub(super) fn is_delayed(&self) -> bool {
        matches!(self.way, Way::Later | Way::Brief)
    }
}

fn note(placed: &Placed, ctx: &Context, act: Act) {
    let entry = Entry {
        name: Name { key: placed.key.clone(), n: placed.n },
        process: std::process::id(),
        act,
        attempt: ctx.attempt(),
        token: ctx.fencing_token(),
        possible_duplicate: ctx.possible_duplicate(),
    };
    let (way, planned) = (placed.way, placed.planned);
    let after = ctx.now().as_microsecond() - planned;
    let mut line =
        serde_json::to_vec(&Note { entry, way, planned, after }).expect("a note serialises");
    line.push(b'\n');
    let notebook = NOTEBOOK.get().expect("the notebook was opened at the start");
    notebook.write(&placed.key, &line);
}

/// The files in which is noted what is done.
struct Notebook {
    folder: PathBuf,
    files: Mutex<HashMap<String, File>>,
}

impl Notebook {
    fn write(&self, key: &str, line: &[u8]) {
        let connection = key.split_once('-').map_or(key, |(connection, _)| connection);
        let mut files = self.files.lock().expect("nobody panics with the notebook");
        let file = files.entry(connection.to_owned()).or_insert_with(|| {
            let file = self.folder.join(connection);
            let file = OpenOptions::new().create(true).append(true).open(file);
            file.expect("the notebook can be opened")
        });
        file.write_all(line).expect("the notebook can be written to");
    }
}

/// Serves the app from a data folder, on a port of its own choice.
pub(crate) fn serve(data: &Path, seed: u64) -> ExitCode {
    let folder = data.join(NOTES);
    fs::create_dir_all(&folder).expect("the data folder can be written to");
    let _ = NOTEBOOK.set(Notebook { folder, files: Mutex::default() });
    let _ = SEED.set(seed);

    app(data, ["serve", "--port", "0"])
}

/// Asks the app of a data folder, with its own command line.
pub(crate) fn ask(data: &Path, command: &[String]) -> ExitCode {
    app(data, command.iter().map(String::as_str).chain(["--json"]))
}

fn app<'a>(data: &Path, command: impl IntoIterator<Item = &'a str>) -> ExitCode {
    let steps = [
        PLACE.bind(place),
        HANDLE.bind(handle),
        HANDLE_LOOSE.bind(handle_loose),
        HANDLE_FLEETING.bind(handle_fleeting),
    ];
    let registry = Registry::of(steps.map(|step| (step, motia_core::source!())), []);
    let command = ["chaos"].into_iter().chain(command).map(OsString::from);
    let arguments = command.chain(["--data-dir".into(), data.as_os_str().to_owned()]);
    motia::App::new().registry(registry).run_with(arguments)
}

/// What the handlers noted of a connection's events, in their order.
pub(super) fn notes(data: &Path, connection: usize) -> anyhow::Result<Vec<Note>> {
    let file = data.join(NOTES).join(connection.to_string());
    let lines = BufReader::new(File::open(file)?).lines();
    lines.map(|line| Ok(serde_json::from_str(&line?)?)).collect()
}
