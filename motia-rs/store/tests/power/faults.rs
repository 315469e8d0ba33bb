//! Disks that fail while the store works.

use motia_testkit::disk::PowerCut;

use crate::{
    child::{End, Scene},
    judge::expect_sound,
};

#[test]
fn a_disk_that_comes_and_goes_loses_nothing_that_was_acknowledged() {
    for cut in [None, Some(PowerCut::LosesAll), Some(PowerCut::LosesSome(7))] {
        let scene = Scene::new();

        assert_eq!(scene.play("suffer", None), End::Finished);
        if let Some(cut) = cut {
            scene.disk.cut_power(cut);
        }

        expect_sound(&scene, &format!("{cut:?}"));
    }
}

#[test]
fn what_only_a_failed_sync_wrote_is_not_built_upon_after_a_restart() {
    let before = Scene::new();
    // Enough for what is built upon to lie on other pages than the rest.
    for _ in 0..3 {
        before.play("work", None);
    }
    assert_eq!(before.play("fail to sync", None), End::Finished);

    for action in 1.. {
        let scene = before.copied();
        let end = scene.play("recover", Some(action));
        scene.disk.cut_power(PowerCut::LosesAll);
        expect_sound(&scene, &format!("cut off at {action} after the restart"));
        if end == End::Finished {
            break;
        }
    }
}
