//! What waits, seen and operated while no server runs.

use serde_json::{Value, json};

use super::shop::Shop;

fn parcel(order: &str, town: &str) -> String {
    json!({ "order": order, "town": town }).to_string()
}

/// The id of the only delivery that waits for `Ship` in this town.
fn only(shop: &Shop, town: &str) -> String {
    let list = shop.json(&["queues", "waiting", "Ship", "--key", town]);
    let items = list["items"].as_array().unwrap();
    assert_eq!(items.len(), 1, "{list}");
    items[0]["id"].as_str().unwrap().to_owned()
}

#[test]
fn an_event_is_emitted_with_all_that_can_be_said_of_its_delivery() {
    let shop = Shop::new();
    let how = ["--key", "Oslo", "--priority", "-3", "--delay", "1h", "--ttl", "2h"];
    let emit = ["emit", "parcel.ready", &parcel("o-1", "Rome"), "--cancel-key", "c-1"];

    shop.json(&[&emit[..], &how].concat());

    let list = shop.json(&["queues", "waiting", "Ship"]);
    let item = &list["items"][0];
    assert_eq!((&item["key"], &item["event"]["priority"]), (&json!("Oslo"), &json!(-3)));
    assert_eq!(item["event"]["cancelKey"], json!("c-1"));
    assert!(item["due"].is_string() && item["event"]["expiresAt"].is_string(), "{item}");
}

#[test]
fn an_event_is_emitted_once_under_its_deduplication_key() {
    let shop = Shop::new();
    let parcel = parcel("o-1", "Rome");
    let emit = ["emit", "parcel.ready", &parcel, "--dedup", "o-1"];
    let first = shop.json(&emit);

    let second = shop.run(&emit);

    let id = first["id"].as_str().unwrap();
    assert_eq!(second.code, Some(0));
    assert_eq!(second.stdout, format!("emitted before as {id}, and not again: `o-1`\n"));
    assert_eq!(shop.json(&["queues", "show", "Ship"])["waiting"], json!(1));
}

#[test]
fn what_is_out_of_its_range_is_refused_in_clear_words() {
    let shop = Shop::new();
    let (parcel, long) = (parcel("o-1", "Rome"), "k".repeat(257));
    for (flags, code, told) in [
        (["--priority", "10"], 1, "`priority` is a level from -9 to 9"),
        (["--priority", "-10"], 1, "`priority` is a level from -9 to 9"),
        (["--dedup", &long], 1, "`dedup` is a text of 1 to 256 bytes; it has 257"),
        (["--cancel-key", ""], 1, "`cancelKey` is a text of 1 to 256 bytes; it has 0"),
        (["--delay", "366d"], 1, "an event is delayed by"),
        (["--ttl", "0s"], 1, "`ttl` is more than 0"),
        (
            ["--at", "tomorrow"],
            1,
            "`at` is an instant such as 2026-01-31T09:00:00Z, not `tomorrow`",
        ),
        (["--ttl", "soon"], 2, "--ttl: `soon` is not a time such as"),
    ] {
        let ended = shop.run(&[&["emit", "parcel.ready", &parcel][..], &flags].concat());

        assert_eq!((ended.code, ended.stdout.as_str()), (Some(code), ""), "{flags:?}");
        assert!(ended.stderr.contains(told), "{flags:?}: {}", ended.stderr);
    }
    assert_eq!(shop.json(&["queues", "show", "Ship"])["waiting"], json!(0));
}

#[test]
fn a_queue_that_is_paused_at_rest_starts_nothing_when_the_app_is_served() {
    let shop = Shop::new();
    shop.json(&["emit", "parcel.ready", &parcel("o-1", "Rome")]);

    let paused = shop.run_with(&["queues", "pause", "Ship"], &[("USER", "ana")]);
    let told = "Ship is paused: nothing of its queue starts until it is resumed\n";
    assert_eq!((paused.code, paused.stdout.as_str()), (Some(0), told));

    let id = only(&shop, "Rome");
    let why = shop.run(&["why", &id]).stdout;
    assert!(why.contains("the app does not run") && why.contains("paused by ana since"), "{why}");

    let _server = shop.serve(&[]);
    let why = shop.json(&["why", &id]);
    assert_eq!(why["reasons"][0]["because"], json!("paused"));
    assert_eq!(why["reasons"][0]["by"], json!("ana"));
    shop.run(&["queues", "resume", "Ship"]);
    shop.until(&["why", &id], |ended| ended.code == Some(1));
}

#[test]
fn a_circuit_that_is_opened_at_rest_is_open_when_the_app_is_served() {
    let shop = Shop::new();
    shop.json(&["emit", "parcel.ready", &parcel("o-1", "Rome")]);

    shop.run_with(&["circuits", "open", "post"], &[("USER", "ana")]);

    let _server = shop.serve(&[]);
    let why = shop.run(&["why", &only(&shop, "Rome")]).stdout;
    assert!(why.contains("  - circuit `post` is held open by ana since"), "{why}");
    let told = "`post` is closed, and its failures are forgotten\n";
    assert_eq!(shop.run(&["circuits", "reset", "post"]).stdout, told);
    shop.until(&["queues", "show", "Ship", "--json"], |ended| {
        serde_json::from_str::<Value>(&ended.stdout).unwrap()["waiting"] == json!(0)
    });
}

#[test]
fn what_is_cancelled_is_in_the_history_and_cannot_be_cancelled_twice() {
    let shop = Shop::new();
    for order in ["o-1", "o-2"] {
        shop.json(&["emit", "parcel.ready", &parcel(order, "Rome"), "--cancel-key", "c"]);
    }
    let oslo = shop.json(&["emit", "parcel.ready", &parcel("o-3", "Oslo")]);
    let event = oslo["id"].as_str().unwrap();

    let cancelled = shop.run_with(&["cancel", "--key", "c"], &[("USER", "ana")]);
    assert_eq!(cancelled.stdout, "cancelled: 2 deliveries\n");
    let id = only(&shop, "Oslo");
    assert_eq!(shop.run(&["cancel", "--event", event]).stdout, "cancelled: 1 delivery\n");
    assert_eq!(shop.json(&["cancel", "--key", "c"]), json!({ "cancelled": 0 }));

    let again = shop.run(&["cancel", &id]);
    assert_eq!(again.code, Some(1));
    assert!(again.stderr.contains(&format!("{id} ended at ")), "{}", again.stderr);
    let history = shop.json(&["history", "--step", "Ship", "--ending", "cancelled"]);
    let notes: Vec<_> = history["items"].as_array().unwrap().iter().map(|it| &it["note"]).collect();
    assert_eq!(notes[1..], ["cancelled by ana", "cancelled by ana"]);
    assert_eq!(shop.json(&["history", "--ending", "expired"])["items"], json!([]));
}

#[test]
fn those_of_one_key_wait_behind_each_other_and_say_so() {
    let shop = Shop::new();
    for order in ["o-1", "o-2", "o-3"] {
        shop.json(&["emit", "parcel.ready", &parcel(order, "Rome")]);
    }
    let list = shop.json(&["queues", "waiting", "Ship", "--key", "Rome"]);
    let last = list["items"][2]["id"].as_str().unwrap();

    let why = shop.run(&["why", last]).stdout;

    assert!(why.contains("  - behind 2 others of its key `Rome`\n"), "{why}");
    assert!(why.contains("{\"order\":\"o-3\",\"town\":\"Rome\"}"), "{why}");
}

#[test]
fn what_is_not_there_is_refused_by_its_name() {
    let shop = Shop::new();
    shop.run(&["state", "set", "prices", "tea", "1"]);
    for (args, told) in [
        (&["queues", "show", "Shp"][..], "no event step `Shp`"),
        (&["queues", "pause", "Count"], "no event step `Count`"),
        (&["queues", "waiting", "Shp"], "no event step `Shp`"),
        (&["queues", "waiting", "Ship", "--limit", "1001"], "`limit` is a number from 1 to 1000"),
        (&["why", "2-99"], "Ship has no delivery 2-99: it was handled"),
        (&["why", "99-1"], "the app has no queue 99"),
        (&["why", "tea"], "a delivery id reads like"),
        (&["cancel", "2-99"], "Ship has no delivery 2-99"),
        (&["cancel", "--event", "7"], "`event` in the body is a UUID, not the text `7`"),
        (&["circuits", "open", "pst"], "no step names a circuit `pst`"),
        (&["history", "--step", "Shp"], "no event step `Shp`"),
        (&["dlq", "ls", "--since", "yesterday"], "`since` is an instant such as"),
        (&["dlq", "show", "2-99"], "no dead letter 2-99"),
    ] {
        let ended = shop.run(args);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{args:?}");
        assert!(ended.stderr.contains(told), "{args:?}: {}", ended.stderr);
    }
}
