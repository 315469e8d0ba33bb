//! What waits and what was given up, seen and operated while a server runs.

use serde_json::{Value, json};

use super::shop::{Server, Shop};

/// A shop with dead letters of `Pack`: glass of these orders.
fn with_glass(orders: &[&str]) -> (Shop, Server) {
    let shop = Shop::new();
    let server = shop.serve(&[]);
    for id in orders {
        shop.json(&["emit", "order.placed", &json!({ "id": id, "item": "glass" }).to_string()]);
    }
    dead(&shop, orders.len());
    (shop, server)
}

/// Waits for so many dead letters; gives them.
fn dead(shop: &Shop, count: usize) -> Vec<Value> {
    let total = |text: &str| serde_json::from_str::<Value>(text).unwrap()["total"].clone();
    let args = ["dlq", "ls", "--step", "Pack", "--json"];
    let ended = shop.until(&args, |ended| total(&ended.stdout) == json!(count));
    serde_json::from_str::<Value>(&ended.stdout).unwrap()["items"].as_array().unwrap().clone()
}

#[test]
fn a_queue_is_paused_shown_and_resumed() {
    let shop = Shop::new();
    let _server = shop.serve(&[]);

    shop.run_with(&["queues", "pause", "Pack"], &[("USER", "ana")]);
    let order = json!({ "id": "o-1", "item": "tea" }).to_string();
    shop.json(&["emit", "order.placed", &order]);

    let expected = [
        " STEP  WAITING  RUNNING  DELAYED  HELD  DEAD  PAUSED BY  ORPHANED",
        " Pack  1        0        0        0     0     ana        -",
        " Ship  0        0        0        0     0     -          -",
    ];
    let table = shop.run(&["queues"]).stdout;
    assert_eq!(table.lines().collect::<Vec<_>>(), expected);
    let shown = shop.run(&["queues", "show", "Pack"]).stdout;
    assert!(shown.contains("  starts not  paused by ana since "), "{shown}");
    assert!(shown.contains("  at most     1000 waiting\n"), "{shown}");

    assert_eq!(shop.run(&["queues", "resume", "Pack"]).stdout, "Pack is not paused any more\n");
    shop.until(&["state", "get", "packed", "o-1"], |ended| ended.code == Some(0));
}

#[test]
fn a_login_name_that_nobody_knows_is_the_command_lines_own() {
    let shop = Shop::new();
    let nobody = [("USER", ""), ("LOGNAME", ""), ("USERNAME", "")];
    shop.json(&["emit", "order.placed", r#"{"id":"o-1","item":"tea"}"#]);

    shop.run_with(&["queues", "pause", "Pack"], &nobody);

    assert_eq!(shop.json(&["queues"])["items"][0]["paused"]["by"], json!("cli"));
}

#[test]
fn an_attempt_that_failed_says_when_it_is_made_again() {
    let shop = Shop::new();
    let _server = shop.serve(&[]);
    let parcel = json!({ "order": "o-1", "town": "Atlantis" }).to_string();
    shop.json(&["emit", "parcel.ready", &parcel]);
    let list = shop.json(&["queues", "waiting", "Ship"]);
    let id = list["items"][0]["id"].as_str().unwrap();

    let why = shop.until(&["why", id], |ended| ended.stdout.contains("tried again at"));

    assert!(why.stdout.starts_with(&format!("{id} of Ship waits:\n")), "{}", why.stdout);
    let cancelled = shop.run(&["cancel", id]);
    assert_eq!((cancelled.code, cancelled.stdout.as_str()), (Some(0), "cancelled: 1 delivery\n"));
    let why = shop.run(&["why", id]).stdout;
    assert!(why.contains(" of Ship ended at ") && why.contains(": cancelled, "), "{why}");
}

#[test]
fn dead_letters_are_found_and_counted() {
    let (shop, _server) = with_glass(&["o-1", "o-2", "o-3"]);

    let first = shop.run(&["dlq", "ls", "--reason", "glass", "--since", "1h", "--limit", "2"]);
    assert_eq!(first.stdout.lines().count(), 3, "{}", first.stdout);
    assert!(first.stderr.contains("there is more (2 of 3): --cursor '"), "{}", first.stderr);

    let none = shop.json(&["dlq", "ls", "--topic", "order.lost"]);
    assert_eq!((&none["items"], &none["total"]), (&json!([]), &json!(0)));
    let before = shop.json(&["dlq", "ls", "--until", "1h"]);
    assert_eq!(before["total"], json!(0));
}

#[test]
fn a_dead_letter_is_shown_with_every_attempt() {
    let (shop, _server) = with_glass(&["o-1"]);
    let letters = dead(&shop, 1);
    let id = letters[0]["id"].as_str().unwrap();

    let shown = shop.run(&["dlq", "show", id]).stdout;

    assert!(
        shown.starts_with(&format!("{id} of Pack\n  reason    fatal: glass breaks")),
        "{shown}"
    );
    assert!(shown.contains("\n    1. ") && shown.contains("ms: glass breaks in the post\n"));
    assert!(shown.ends_with("    {\n      \"id\": \"o-1\",\n      \"item\": \"glass\"\n    }\n"));
    let why = shop.run(&["why", id]).stdout;
    assert!(why.contains(" of Pack is dead: fatal: glass breaks"), "{why}");
    let cancel = shop.run(&["cancel", id]);
    assert_eq!(cancel.one_line(), format!("error: {id} is dead: redrive or purge it"));
}

#[test]
fn some_dead_letters_are_moved_by_their_ids_and_those_that_are_none_are_told() {
    let (shop, _server) = with_glass(&["o-1", "o-2", "o-3"]);
    shop.run(&["queues", "pause", "Pack"]);
    let letters = dead(&shop, 3);
    let id = |n: usize| letters[n]["id"].as_str().unwrap();
    assert_eq!(shop.run(&["dlq", "redrive", id(0)]).stdout, "put back: 1 dead letter\n");

    let again = shop.run(&["dlq", "redrive", id(0)]);
    assert_eq!(
        (again.code, again.one_line()),
        (Some(1), &*format!("error: {} waits again", id(0)))
    );
    let purged = shop.run(&["dlq", "purge", id(0), id(1), id(2)]);
    assert_eq!((purged.code, purged.stdout.as_str()), (Some(1), "removed: 2 dead letters\n"));
    assert_eq!(purged.one_line(), format!("error: {} waits again", id(0)));
    assert_eq!(shop.json(&["dlq", "ls"])["total"], json!(0));
}

#[test]
fn all_dead_letters_that_are_found_go_at_once() {
    let (shop, _server) = with_glass(&["o-1", "o-2"]);

    let none = shop.json(&["dlq", "purge", "--all", "--reason", "poison"]);
    assert_eq!(none, json!({ "count": 0 }));
    let all = shop.run(&["dlq", "purge", "--all", "--step", "Pack", "--since", "1h"]);
    assert_eq!((all.code, all.stdout.as_str()), (Some(0), "removed: 2 dead letters\n"));
}

#[test]
fn circuits_are_listed_with_the_steps_that_need_them() {
    let shop = Shop::new();
    let _server = shop.serve(&[]);

    let expected = [
        " CIRCUIT  STANDS  FAILURES  OPENS AFTER  STEPS",
        " post     closed  0         5            Ship",
    ];
    assert_eq!(shop.run(&["circuits"]).stdout.lines().collect::<Vec<_>>(), expected);

    let opened = shop.run_with(&["circuits", "open", "post"], &[("USER", "ana")]);
    assert_eq!(opened.stdout, "`post` is open: nothing starts that needs it until it is reset\n");
    let list = shop.json(&["circuits"]);
    assert_eq!(
        (&list["items"][0]["state"], &list["items"][0]["by"]),
        (&json!("held"), &json!("ana"))
    );
}
