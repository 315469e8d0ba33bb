//! Commands while no server runs: they look into the data folder.

use serde_json::json;

use super::shop::Shop;

const ORDER: &str = r#"{"id":"o-1","item":"tea"}"#;

#[test]
fn what_is_emitted_while_nothing_runs_is_handled_once_it_does() {
    let shop = Shop::new();

    let emitted = shop.json(&["emit", "order.placed", ORDER]);
    assert_eq!(emitted["durability"], json!("durable"));
    assert_eq!(shop.json(&["queues"])["items"][0]["waiting"], json!(1));

    let _server = shop.serve(&[]);
    let packed = shop.until(&["state", "get", "packed", "o-1"], |ended| ended.code == Some(0));
    assert_eq!(packed.stdout, "{\n  \"item\": \"tea\"\n}\n");
}

#[test]
fn state_is_set_listed_read_and_removed() {
    let shop = Shop::new();

    let set = shop.run(&["state", "set", "prices", "tea/green", "450"]);
    assert_eq!((set.code, set.stdout.as_str()), (Some(0), "set `tea/green` in `prices`\n"));

    assert_eq!(shop.run(&["state", "get", "prices", "tea/green"]).stdout, "450\n");
    let table = " KEY        VALUE  VERSION  EXPIRES\n tea/green  450    2        -\n";
    assert_eq!(shop.run(&["state", "ls", "prices"]).stdout, table);
    assert_eq!(
        shop.json(&["state", "groups"])["items"],
        json!([{ "group": "prices", "entries": 1 }])
    );

    assert_eq!(shop.run(&["state", "rm", "prices", "tea/green"]).code, Some(0));
    let gone = shop.run(&["state", "get", "prices", "tea/green"]);
    assert_eq!(gone.code, Some(1));
    assert!(gone.stderr.ends_with("error: no entry `tea/green` in `prices`\n"), "{}", gone.stderr);
}

#[test]
fn an_empty_name_is_refused_with_the_rule_for_names() {
    let shop = Shop::new();
    let nameless: [&[&str]; 4] = [
        &["state", "set", "orders", "", "1"],
        &["state", "set", "", "o-1", "1"],
        &["state", "get", "orders", ""],
        &["state", "ls", ""],
    ];
    for args in nameless {
        let ended = shop.run(args);
        assert_eq!(ended.code, Some(1), "{args:?}");
        assert_eq!(ended.one_line(), "error: a group and a key have 1 to 512 bytes", "{args:?}");
    }
}

#[test]
fn a_long_list_is_gone_through_page_by_page() {
    let shop = Shop::new();
    for key in ["a", "b", "c"] {
        shop.run(&["state", "set", "letters", key, "1"]);
    }

    let first = shop.run(&["state", "ls", "letters", "--limit", "2"]);
    assert!(first.stderr.ends_with("there is more: --cursor 'b'\n"), "{}", first.stderr);

    let rest = shop.json(&["state", "ls", "letters", "--limit", "2", "--cursor", "b"]);
    assert_eq!((&rest["items"][0]["key"], &rest["next"]), (&json!("c"), &json!(null)));
}

#[test]
fn a_payload_that_does_not_fit_is_refused_with_every_violation() {
    let ended = Shop::new().run(&["emit", "order.placed", r#"{"id":7}"#]);

    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""));
    assert!(ended.stderr.contains("\n  /id: ") && ended.stderr.contains("\n  /item: "));
}

#[test]
fn steps_flows_and_charts_need_neither_server_nor_folder() {
    let shop = Shop::new();

    let steps = shop.json(&["steps"]);
    let names: Vec<_> = steps["items"].as_array().unwrap().iter().map(|s| &s["name"]).collect();
    assert_eq!(names, ["Count", "Pack", "PlaceOrder", "Ship"]);
    let flows = shop.run(&["flows"]).stdout;
    let expected = [
        " FLOW  STEPS  TOPICS BETWEEN  DESCRIPTION",
        " shop  3      2               From the counter to the parcel",
    ];
    assert_eq!(flows.lines().collect::<Vec<_>>(), expected);
    let chart = shop.run(&["flows", "--mermaid", "shop"]).stdout;
    assert!(chart.starts_with("flowchart LR\n"), "{chart}");
    assert_eq!(shop.json(&["openapi"])["openapi"], json!("3.1.0"));

    assert!(!shop.path().join(".motia").exists());
}
