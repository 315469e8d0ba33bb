//! The app that is killed.

use std::{
    ffi::OsString,
    fs::{File, OpenOptions},
    io::{BufRead, BufReader, Write as _},
    path::Path,
    process::ExitCode,
    sync::{Mutex, OnceLock},
    time::Duration,
};

use motia::prelude::*;
use motia_core::registry::Registry;
use motia_testkit::history::{Act, Entry, Name};

/// The file in the data folder in which handlers note what they do. Each line is one `write`, which a
/// kill leaves whole or out.
const NOTES: &str = "notes.ndjson";

/// One event in so many fails in its first attempt.
const FAILS: u64 = 50;

static NOTEBOOK: OnceLock<Mutex<File>> = OnceLock::new();
static SEED: OnceLock<u64> = OnceLock::new();

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Placed {
    key: String,
    n: u64,
}
motia::topic!(Placed = "chaos.placed");

const PLACE: ApiConfig<Placed, (), (Placed,)> = ApiConfig::post("Place", "/place");

async fn place(req: ApiRequest<Placed>, ctx: Context<(Placed,)>) -> StepResult<ApiResponse<()>> {
    ctx.emit(req.body).await?;
    Ok(ApiResponse::no_content())
}

const HANDLE: EventConfig<Placed> = EventConfig::new("Handle")
    .fifo(|placed: &Placed| placed.key.clone())
    .concurrency(64)
    .retry(Retry::fixed(100, Duration::from_millis(20)));

async fn handle(placed: Placed, ctx: Context) -> StepResult {
    note(&placed, &ctx, Act::Began);
    // Long enough to be killed in.
    tokio::time::sleep(Duration::from_micros(500)).await;
    if ctx.attempt() == 1 && is_to_fail(&placed) {
        note(&placed, &ctx, Act::Failed);
        return Err(StepError::retry("on purpose"));
    }
    note(&placed, &ctx, Act::Done);
    Ok(())
}

fn is_to_fail(placed: &Placed) -> bool {
    let seed = SEED.get().copied().unwrap_or_default();
    (placed.n ^ seed).is_multiple_of(FAILS)
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
    let mut line = serde_json::to_vec(&entry).expect("an entry serialises");
    line.push(b'\n');
    let notebook = NOTEBOOK.get().expect("the notebook was opened at the start");
    let mut file = notebook.lock().expect("nobody panics with the notebook");
    file.write_all(&line).expect("the notebook can be written to");
}

/// Serves the app from a data folder, on a port of its own choice.
pub(crate) fn serve(data: &Path, seed: u64) -> ExitCode {
    let notebook = OpenOptions::new().create(true).append(true).open(data.join(NOTES));
    let notebook = notebook.expect("the data folder can be written to");
    let _ = NOTEBOOK.set(Mutex::new(notebook));
    let _ = SEED.set(seed);

    app(data, ["serve", "--port", "0"])
}

/// Asks the app of a data folder, with its own command line.
pub(crate) fn ask(data: &Path, command: &[String]) -> ExitCode {
    app(data, command.iter().map(String::as_str).chain(["--json"]))
}

fn app<'a>(data: &Path, command: impl IntoIterator<Item = &'a str>) -> ExitCode {
    let steps = [PLACE.bind(place), HANDLE.bind(handle)];
    let registry = Registry::of(steps.map(|step| (step, motia_core::source!())), []);
    let command = ["chaos"].into_iter().chain(command).map(OsString::from);
    let arguments = command.chain(["--data-dir".into(), data.as_os_str().to_owned()]);
    motia::App::new().registry(registry).run_with(arguments)
}

/// What the handlers noted, in their order.
pub(super) fn notes(data: &Path) -> anyhow::Result<Vec<Entry>> {
    let lines = BufReader::new(File::open(data.join(NOTES))?).lines();
    lines.map(|line| Ok(serde_json::from_str(&line?)?)).collect()
}
