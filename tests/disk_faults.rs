//! A disk that is full or failing: what cannot be kept is refused aloud, and nothing that was
//! answered is lost, not even when the power goes.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod support;

use std::collections::BTreeSet;

use motia_testkit::disk::{Fault, PowerCut};
use support::{
    Server,
    orders::{self, Answer},
};

#[test]
fn while_the_disk_is_full_orders_are_refused_aloud() {
    orders_survive(Fault::Full);
}

#[test]
fn while_the_disk_cannot_be_written_orders_are_refused_aloud() {
    orders_survive(Fault::Write);
}

#[test]
fn while_the_disk_cannot_be_synced_orders_are_refused_aloud() {
    orders_survive(Fault::Sync);
}

fn orders_survive(fault: Fault) {
    let mut server = Server::on_a_faulty_disk();
    let url = server.start();
    let mut answered = BTreeSet::from_iter((0..20).map(|_| orders::post_until_kept(&url)));

    for _ in 0..3 {
        // When the disk fails, while orders are at work.
        server.disk().fail(fault);
        let refused = (0..20).filter(|_| match orders::post(&url) {
            Answer::Kept(pet) => !answered.insert(pet),
            Answer::Refused(status, kind, body) => {
                assert!(status >= 500, "{status}: {body}");
                assert_eq!(kind, "application/problem+json", "{body}");
                true
            }
            Answer::None(why) => panic!("no answer: {why}"),
        });
        assert!(refused.count() > 0, "{fault:?} was not noticed");

        // Then what only reads goes on.
        assert_eq!(ureq::get(format!("{url}/livez")).call().unwrap().status(), 200);
        assert!(!server.ask(["state", "ls", "orders"])["items"].as_array().unwrap().is_empty());

        // And orders are taken again once it is mended.
        server.disk().fail(Fault::None);
        answered.extend((0..5).map(|_| orders::post_until_kept(&url)));
    }

    // And nothing that was answered is lost, even if the power is cut.
    orders::wait_until_empty(&server);
    server.kill();
    server.disk().cut_power(PowerCut::LosesAll);
    orders::expect_all(&server, &answered);
}
