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
    limit: usize,
    output: Output,
) -> Result<(), Failure> {
    let place = |group: &str, key: &str| {
        let named = !group.is_empty() && !key.is_empty();
        named.then(|| place(group, key)).ok_or_else(|| nameless(limit))
    };
    match command {
        State::Groups(wanted) => {
            let document = ask(Absent::Refuse)?.get(&with_query("/api/state", &page(wanted)))?;
            output.list(&document, &[("GROUP", "/group"), ("ENTRIES", "/entries")]);
        }
        State::Ls { group, page: wanted } => {
            if group.is_empty() {
                return Err(nameless(limit));
            }
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
            let place = place(&group, &key)?;
            let entry = ask(Absent::Refuse)?.get(&place)?;
            output.document(if output.is_json() { &entry } else { &entry["value"] });
        }
        State::Set { group, key, value } => {
            let value = typed_json("value", &value)?;
            let place = place(&group, &key)?;
            ask(Absent::Make)?.ask(Method::PUT, &place, Some(&value))?;
            output.done(&written(&group, &key), &format!("set `{key}` in `{group}`"));
        }
        State::Rm { group, key } => {
            let place = place(&group, &key)?;
            ask(Absent::Refuse)?.ask(Method::DELETE, &place, None)?;
            output.done(&written(&group, &key), &format!("removed `{key}` from `{group}`"));
        }
    }
    Ok(())
}

/// An empty name is no segment of a path, so the app cannot be asked about it.
fn nameless(limit: usize) -> Failure {
    Failure::refused(format!("a group and a key have 1 to {limit} bytes"))
}

fn place(group: &str, key: &str) -> String {
    format!("/api/state/{}/{}", segment(group), segment(key))
}

fn written(group: &str, key: &str) -> Value {
    json!({ "group": group, "key": key })
}
