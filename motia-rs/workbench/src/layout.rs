//! Where people have put the steps of a flow on the drawing: kept in `motia-workbench.json` beside the code,
//! in Motia's own format, so that a team shares it through version control.
//!
//! That file is a list of `{"id": flow, "config": {file: {"x": 0, "y": 0, …}}}`. Here steps go by their names;
//! in the file they go by their source files, as Motia has it, and where several steps of a flow share one
//! file, by the file and the name: `src/orders.rs#Charge`. What else the file holds is left as it is.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path as File, PathBuf},
    sync::Arc,
};

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
};
use http::HeaderMap;
use motia_core::registry::{Registry, Step};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    Desk, Refusal,
    audit::Deed,
    input::{Body, fields},
    operations::{Routes, does},
};

/// What Motia calls the file.
const NAME: &str = "motia-workbench.json";

/// As many positions are taken for one flow.
const MOST: usize = 2_000;

/// A name of something that is drawn is no longer than this, in bytes.
const LONGEST_KEY: usize = 512;

/// Where the steps of a flow are drawn.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Layout {
    /// By the names of the steps; other names are kept as they are.
    pub positions: BTreeMap<String, Position>,
}

/// Where something is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Position {
    /// To the right.
    pub x: f64,
    /// Downwards.
    pub y: f64,
}

pub(crate) fn routes() -> Routes {
    Routes::default()
        .get(
            "/api/flows/{flow}/layout",
            show,
            does("Says where the steps of a flow are drawn").answers::<Layout>(),
        )
        .put(
            "/api/flows/{flow}/layout",
            save,
            does("Keeps where the steps of a flow are drawn, beside the code")
                .takes::<Layout>()
                .answers::<Layout>(),
        )
}

async fn show(
    State(desk): State<Arc<Desk>>,
    flow: Result<Path<String>, PathRejection>,
) -> Result<Json<Layout>, Refusal> {
    let Path(flow) = flow?;
    let keys = Keys::of(desk.registry(), &flow)?;
    let layout = match desk.sources() {
        Some(folder) => keys.layout(&read(&folder.join(NAME))?, &flow),
        None => Layout::default(),
    };
    Ok(Json(layout))
}

async fn save(
    State(desk): State<Arc<Desk>>,
    flow: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<(Deed, Json<Layout>), Refusal> {
    let Path(flow) = flow?;
    let keys = Keys::of(desk.registry(), &flow)?;
    let layout: Layout = fields(&headers, &body?)?;
    check(&layout)?;
    let folder = desk.sources().ok_or_else(|| {
        Refusal::conflict(
            "the app does not run beside its sources, so there is no place to keep it",
        )
    })?;

    let _one_by_one = desk.drawing().lock().await;
    change(folder, |all| keys.put(all, &flow, &layout))?;

    let places = json!({ "positions": layout.positions.len() });
    Ok((Deed::new("layout.save", flow).after(&places), Json(layout)))
}

fn check(layout: &Layout) -> Result<(), Refusal> {
    if layout.positions.len() > MOST {
        return Err(Refusal::bad(format!("a flow has at most {MOST} positions")));
    }
    for (key, position) in &layout.positions {
        if key.is_empty() || key.len() > LONGEST_KEY {
            return Err(Refusal::bad(format!("a key has 1 to {LONGEST_KEY} bytes")));
        }
        if !position.x.is_finite() || !position.y.is_finite() {
            return Err(Refusal::bad(format!("the position of `{key}` is no number")));
        }
    }
    Ok(())
}

/// How the steps of a flow are called in the file.
struct Keys<'r>(BTreeMap<&'r str, String>);

impl<'r> Keys<'r> {
    fn of(registry: &'r Registry, flow: &str) -> Result<Self, Refusal> {
        let in_flow = |step: &&Arc<Step>| step.about.flows.iter().any(|each| each.name == flow);
        let steps: Vec<_> = registry.steps.iter().filter(in_flow).collect();
        if steps.is_empty() {
            return Err(Refusal::missing(format!("no flow `{flow}`")));
        }
        let key = |step: &Arc<Step>| {
            let file = step.source.file;
            let alone = steps.iter().filter(|other| other.source.file == file).count() == 1;
            if alone { file.to_owned() } else { format!("{file}#{}", step.name()) }
        };
        Ok(Self(steps.iter().map(|step| (step.name(), key(step))).collect()))
    }

    fn key<'k>(&'k self, name: &'k str) -> &'k str {
        self.0.get(name).map_or(name, String::as_str)
    }

    fn name<'k>(&'k self, key: &'k str) -> &'k str {
        let named = self.0.iter().find(|(_, known)| *known == key);
        named.map_or(key, |(name, _)| name)
    }

    /// What the file says of a flow.
    fn layout(&self, all: &[Value], flow: &str) -> Layout {
        let of_flow = all.iter().find(|each| each["id"] == flow);
        let config = of_flow.and_then(|each| each["config"].as_object());
        let positions = config.into_iter().flatten().filter_map(|(key, kept)| {
            let position = Position { x: kept["x"].as_f64()?, y: kept["y"].as_f64()? };
            Some((self.name(key).to_owned(), position))
        });
        Layout { positions: positions.collect() }
    }

    /// Puts the positions of a flow among the others. A step of the flow that is not among them has none
    /// any more; what else is said of one stays.
    fn put(&self, all: &mut Vec<Value>, flow: &str, layout: &Layout) {
        let at = all.iter().position(|each| each["id"] == flow).unwrap_or_else(|| {
            all.push(json!({ "id": flow, "config": {} }));
            all.len() - 1
        });
        if !all[at]["config"].is_object() {
            all[at]["config"] = json!({});
        }
        let Some(config) = all[at]["config"].as_object_mut() else { return };
        for (name, key) in &self.0 {
            if !layout.positions.contains_key(*name) {
                config.remove(key);
            }
        }
        for (name, Position { x, y }) in &layout.positions {
            let kept = config.entry(self.key(name)).or_insert_with(|| json!({}));
            if !kept.is_object() {
                *kept = Value::Object(Map::new());
            }
            kept["x"] = json!(x);
            kept["y"] = json!(y);
        }
    }
}

/// The flows in the file; none, where there is no file.
fn read(file: &File) -> Result<Vec<Value>, Refusal> {
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unwritable(file, &error)),
    };
    match serde_json::from_str(&text) {
        Ok(Value::Array(all)) => Ok(all),
        Ok(_) => Err(unwritable(file, &"it is no list of flows")),
        Err(error) => Err(unwritable(file, &error)),
    }
}

fn unwritable(file: &File, why: &dyn std::fmt::Display) -> Refusal {
    Refusal::conflict(format!("{}: {why}; set it right, or remove it", file.display()))
}

/// Changes the file in a folder, which the apps of a package have in common: one after the other, whichever
/// process they are of.
fn change(folder: &File, change: impl FnOnce(&mut Vec<Value>)) -> Result<(), Refusal> {
    // The file is replaced, so it is its folder that is locked, where the system can lock one; until it is closed.
    let _turn = fs::File::open(folder).and_then(|folder| folder.lock().map(|()| folder));
    let file = folder.join(NAME);
    let mut all = read(&file)?;
    change(&mut all);
    write(&file, &Value::Array(all)).map_err(|error| unwritable(&file, &error))
}

/// Writes the file beside itself and then puts it in its place: whoever reads it meanwhile reads the old one.
fn write(file: &File, all: &Value) -> io::Result<()> {
    let new = PathBuf::from(format!("{}.{}.new", file.display(), std::process::id()));
    fs::write(&new, format!("{all:#}\n"))?;
    fs::rename(&new, file)
}

#[cfg(test)]
mod tests {
    use axum::Router;

    use super::*;
    use crate::testing::{at_rest, beside, get, put};

    fn kept(folder: &File) -> Value {
        serde_json::from_str(&fs::read_to_string(folder.join(NAME)).unwrap()).unwrap()
    }

    async fn app() -> (Router, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        (beside(folder.path()).await, folder)
    }

    #[tokio::test]
    async fn where_people_put_the_steps_is_kept_beside_the_code() {
        let (api, folder) = app().await;
        assert_eq!(get(&api, "/api/flows/orders/layout").await.1, json!({ "positions": {} }));

        let layout = json!({ "positions": { "Charge": { "x": 10.5, "y": -3.0 } } });
        let (status, answer) = put(&api, "/api/flows/orders/layout", &layout).await;

        assert_eq!((status.as_u16(), &answer), (200, &layout));
        assert_eq!(get(&api, "/api/flows/orders/layout").await.1, layout);
        let file = kept(folder.path());
        assert_eq!(file[0]["id"], json!("orders"));
        let (key, position) = file[0]["config"].as_object().unwrap().iter().next().unwrap();
        assert!(key.ends_with("testing.rs#Charge"), "{key}");
        assert_eq!(position, &json!({ "x": 10.5, "y": -3.0 }));
    }

    #[tokio::test]
    async fn what_the_file_says_of_other_things_is_left_as_it_is() {
        let (api, folder) = app().await;
        let charge = format!("{}#Charge", crate::testing::FILE);
        let before = json!([
            { "id": "other", "config": { "a.ts": { "x": 1 } }, "zoom": 2 },
            { "id": "orders", "config": {
                charge.clone(): { "x": 1, "y": 2, "sourceHandlePosition": "right" },
                "gone.ts": { "x": 7, "y": 7 },
            } },
        ]);
        fs::write(folder.path().join(NAME), before.to_string()).unwrap();

        let moved = json!({ "positions": { "Charge": { "x": 3.0, "y": 4.0 } } });
        put(&api, "/api/flows/orders/layout", &moved).await;

        let file = kept(folder.path());
        assert_eq!(file[0], before[0]);
        let orders = &file[1]["config"];
        assert_eq!(orders[&charge], json!({ "x": 3.0, "y": 4.0, "sourceHandlePosition": "right" }));
        assert_eq!(orders["gone.ts"], json!({ "x": 7, "y": 7 }));
        put(&api, "/api/flows/orders/layout", &json!({ "positions": {} })).await;
        assert_eq!(kept(folder.path())[1]["config"][&charge], json!(null));
    }

    #[test]
    fn apps_that_have_the_file_in_common_lose_nothing_of_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let save = |app: &str| {
            for n in 0..100 {
                let flow = json!({ "id": format!("{app}-{n}"), "config": {} });
                change(folder.path(), |all| all.push(flow)).unwrap();
            }
        };

        std::thread::scope(|apps| {
            apps.spawn(|| save("shop"));
            apps.spawn(|| save("bank"));
        });

        assert_eq!(kept(folder.path()).as_array().unwrap().len(), 200);
    }

    #[tokio::test]
    async fn without_sources_without_such_a_flow_and_with_nonsense_it_is_refused() {
        let (api, folder) = app().await;
        let layout = json!({ "positions": { "Charge": { "x": 1.0, "y": 1.0 } } });
        for (body, path, expected) in [
            (json!({ "positions": { "Charge": { "x": "far" } } }), "orders", 400),
            (json!({ "positions": { "": { "x": 1, "y": 1 } } }), "orders", 400),
            (layout.clone(), "nowhere", 404),
        ] {
            let (status, problem) = put(&api, &format!("/api/flows/{path}/layout"), &body).await;
            assert_eq!(status, expected, "{problem}");
        }
        let (status, _) = put(&at_rest().await, "/api/flows/orders/layout", &layout).await;
        assert_eq!(status, 409);
        fs::write(folder.path().join(NAME), "{").unwrap();
        let (status, problem) = put(&api, "/api/flows/orders/layout", &layout).await;
        assert_eq!(status, 409, "{problem}");
    }
}
