//! What steps keep: groups of entries.

use http::Method;
use serde_json::{Value, json};

use super::{page, typed_json};
use crate::{
    Failure,
    args::State,
    ask::{Absent, App, segment, with_query},
    output::Output,
};

pub(super) fn run(
    ask: impl FnOnce(Absent) -> Result<App, Failure>,
    command: State,
    output: Output,
) -> Result<(), Failure> {
    match command {
        State::Groups(wanted) => {
            let document = ask(Absent::Refuse)?.get(&with_query("/api/state", &page(wanted)))?;
            output.list(&document, &[("GROUP", "/group"), ("ENTRIES", "/entries")]);
        }
        State::Ls { group, page: wanted } => {
            let path = format!("/api/state/{}", segment(&group));
            let document = ask(Absent::Refuse)?.get(&with_query(&path, &page(wanted)))?;
            let columns = [
                ("KEY", "/key"),
                ("VALUE", "/value"),
                ("VERSION", "/version"),
                ("EXPIRES", "/expiresAt"),
            ];
            output.list(&document, &columns);
        }
        State::Get { group, key } => {
            let entry = ask(Absent::Refuse)?.get(&place(&group, &key))?;
            output.document(if output.is_json() { &entry } else { &entry["value"] });
        }
        State::Set { group, key, value } => {
            let value = typed_json("value", &value)?;
            ask(Absent::Make)?.ask(Method::PUT, &place(&group, &key), Some(&value))?;
            output.done(&written(&group, &key), &format!("set `{key}` in `{group}`"));
        }
        State::Rm { group, key } => {
            ask(Absent::Refuse)?.ask(Method::DELETE, &place(&group, &key), None)?;
            output.done(&written(&group, &key), &format!("removed `{key}` from `{group}`"));
        }
    }
    Ok(())
}

fn place(group: &str, key: &str) -> String {
    format!("/api/state/{}/{}", segment(group), segment(key))
}

fn written(group: &str, key: &str) -> Value {
    json!({ "group": group, "key": key })
}
