//! What must be set right before a server starts: one line each, exit code 2.

use std::fs;

use super::shop::Shop;

/// The line that `serve` ends with.
fn refused(shop: &Shop, args: &[&str]) -> String {
    let ended = shop.run(&[&["serve"], args].concat());
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    ended.one_line().to_owned()
}

#[test]
fn a_data_folder_in_use_is_refused_with_the_process_that_uses_it() {
    let shop = Shop::new();
    let server = shop.serve(&[]);

    let line = refused(&shop, &["--port", "0"]);

    let pid = server.ready["pid"].as_u64().unwrap();
    let expected = format!(
        "error: .motia is in use by another process (pid {pid}): stop it, or choose another data folder"
    );
    assert_eq!(line, expected);
}

#[test]
fn a_port_in_use_is_refused() {
    let shop = Shop::new();
    let server = shop.serve(&[]);

    let line = refused(&shop, &["--port", server.port(), "--data-dir", "other"]);

    assert!(line.contains("is in use") && line.contains("--port"), "{line}");
    assert!(!shop.path().join("other").exists());
}

#[test]
fn a_command_that_reads_refuses_a_folder_in_which_nothing_was_ever_kept() {
    let shop = Shop::new();
    let reading: [&[&str]; 14] = [
        &["state", "ls", "orders"],
        &["state", "groups"],
        &["state", "get", "orders", "o-1"],
        &["state", "rm", "orders", "o-1"],
        &["queues"],
        &["queues", "pause", "Ship"],
        &["queues", "waiting", "Ship"],
        &["why", "1-1"],
        &["cancel", "--key", "o-1"],
        &["circuits"],
        &["history"],
        &["dlq", "ls"],
        &["dlq", "purge", "--all"],
        &["cron", "ls"],
    ];
    for args in reading {
        let ended = shop.run(args);

        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{args:?}");
        let line = ended.one_line();
        assert!(
            line.contains("/.motia: `cargo run` first") && line.contains("--data-dir"),
            "{line}"
        );
        assert!(!shop.path().join(".motia").exists(), "{args:?}");
    }
    assert_eq!(shop.run(&["emit", "order.placed", "{"]).code, Some(2));
    assert!(!shop.path().join(".motia").exists(), "a payload that is no JSON is not emitted");
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let shop = Shop::new();
    fs::create_dir(shop.path().join(".motia")).unwrap();
    fs::write(shop.path().join(".motia/motia.db"), "not a database, but long enough".repeat(50))
        .unwrap();

    let line = refused(&shop, &["--port", "0"]);

    assert!(line.contains("motia.db"), "{line}");
}

#[test]
fn a_folder_that_cannot_be_made_is_refused() {
    let shop = Shop::new();
    fs::write(shop.path().join("file"), "").unwrap();

    let line = refused(&shop, &["--port", "0", "--data-dir", "file/below"]);

    assert!(line.contains("file/below cannot be made"), "{line}");
}

#[test]
fn settings_that_cannot_be_are_refused_before_anything_else() {
    let shop = Shop::new();
    fs::write(shop.path().join("motia.toml"), "prot = 3000").unwrap();
    let line = refused(&shop, &[]);
    assert_eq!(line, "error: motia.toml: there is no setting `prot`; did you mean `port`?");

    fs::remove_file(shop.path().join("motia.toml")).unwrap();
    let ended = shop.run_with(&["serve"], &[("MOTIA_STROE", "memory")]);
    assert_eq!(ended.code, Some(2));
    assert!(ended.one_line().contains("did you mean `MOTIA_STORE`?"));

    let line = refused(&shop, &["--log", "Pakc=debug"]);
    assert_eq!(line, "error: --log: there is no step `Pakc`; did you mean `Pack`?");
    assert!(!shop.path().join(".motia").exists());
}

#[test]
fn a_machine_is_told_in_one_document_and_people_all_the_same() {
    let shop = Shop::new();
    let told = |args: &[&str]| -> (Option<i32>, serde_json::Value) {
        let ended = shop.run(&[args, &["--json"]].concat());
        assert!(ended.stderr.contains("error: "), "{args:?}: {}", ended.stderr);
        (ended.code, serde_json::from_str(&ended.stdout).unwrap())
    };

    let (code, unready) = told(&["queues"]);
    assert_eq!(code, Some(2));
    assert!(unready["error"].as_str().unwrap().contains("`cargo run` first"), "{unready}");

    let (code, refused) = told(&["emit", "order.placed", r#"{"id":7}"#]);
    assert_eq!((code, &refused["errors"][0]["pointer"]), (Some(1), &"/id".into()), "{refused}");

    let (code, mistyped) = told(&["stpes"]);
    assert_eq!(code, Some(2));
    assert!(mistyped["error"].as_str().unwrap().contains("stpes"), "{mistyped}");
}

#[test]
fn settings_are_shown_with_where_they_were_set() {
    let shop = Shop::new();
    fs::write(shop.path().join("motia.toml"), "token = \"s3cret\"").unwrap();

    let ended = shop.run_with(&["settings", "--json"], &[("MOTIA_PORT", "4000")]);

    assert!(!ended.stdout.contains("s3cret"));
    let settings: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    let find = |name: &str| {
        let mut items = settings["items"].as_array().unwrap().iter();
        let item = items.find(|item| item["name"] == name).unwrap();
        (item["value"].as_str().unwrap(), item["source"].as_str().unwrap())
    };
    assert_eq!(find("port"), ("4000", "MOTIA_PORT"));
    assert_eq!(find("token"), ("(set)", "motia.toml"));
    assert_eq!(find("host"), ("127.0.0.1", "default"));
    assert_eq!(find("app.shop_motto"), ("we ship", "default"));
}

#[test]
fn a_setting_of_the_app_is_refused_shown_and_explained_like_one_of_the_frameworks() {
    let shop = Shop::new();

    let ended = shop.run_with(&["serve"], &[("SHOP_PARCELS", "many")]);
    let expected = "error: SHOP_PARCELS: `many` is not a whole number from 1 to 100; \
                    it says: Parcels that fit in the van";
    assert_eq!((ended.code, ended.one_line()), (Some(2), expected));

    let ended = shop.run_with(&["settings"], &[("SHOP_KEY", "s3cret"), ("SHOP_PARCELS", "7")]);
    assert!(!ended.stdout.contains("s3cret"), "{}", ended.stdout);
    let line = ended.stdout.lines().find(|line| line.contains("app.shop_parcels")).unwrap();
    let cells: Vec<_> = line.split_whitespace().take(4).collect();
    assert_eq!(cells, ["app.shop_parcels", "7", "SHOP_PARCELS", "SHOP_PARCELS"]);

    let help = shop.run(&["help"]).stdout;
    assert!(help.contains("SHOP_PARCELS  Parcels that fit in the van [default: 20]"), "{help}");
}
