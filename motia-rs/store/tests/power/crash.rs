//! Crashes, one between every two actions on the disk.

use std::sync::atomic::{AtomicU32, Ordering};

use motia_testkit::disk::PowerCut;

use crate::{
    child::{End, Scene},
    judge::expect_sound,
};

/// How many ways in which a power cut spares some of what was not synced are tried at each point.
const SEEDS: u64 = 1;

/// Of the pairs of a crash and a crash while recovering from it, one in so many of each is tried.
const SAMPLE: (u32, usize) = (11, 6);

#[test]
fn a_crash_between_any_two_actions_loses_nothing() {
    let points = at_every_action(1, |scene, action| {
        let end = scene.play("work", Some(action));

        expect_sound(&scene.copied(), &format!("killed at {action}"));
        let spared = (0..SEEDS).map(|seed| PowerCut::LosesSome(seed << 32 | u64::from(action)));
        for cut in spared.chain([PowerCut::LosesAll]) {
            let after = scene.copied();
            after.disk.cut_power(cut);
            expect_sound(&after, &format!("{cut:?} at {action}"));
        }
        end
    });

    println!("{points} crash points, each as a kill and as {} power cuts", SEEDS + 1);
    assert!(points > 100, "the disk was hardly used: {points} actions");
}

#[test]
fn a_crash_while_recovering_from_a_crash_loses_nothing() {
    let pairs = AtomicU32::new(0);

    at_every_action(SAMPLE.0, |scene, action| {
        let end = scene.play("work", Some(action));
        // Another of the latter each time, so that in the end it is each of them.
        for again in (1 + action % SAMPLE.1 as u32..).step_by(SAMPLE.1) {
            let twice = scene.copied();
            let recovery = twice.play("recover", Some(again));
            let cut = match (action + again) % 2 {
                0 => PowerCut::LosesAll,
                _ => PowerCut::LosesSome(u64::from(again)),
            };
            twice.disk.cut_power(cut);
            expect_sound(&twice, &format!("killed at {action}, and then at {again}"));
            pairs.fetch_add(1, Ordering::Relaxed);
            if recovery == End::Finished {
                break;
            }
        }
        end
    });

    let pairs = pairs.into_inner();
    println!("{pairs} pairs of a crash and a crash while recovering from it");
    assert!(pairs > 100, "the recovery hardly used the disk: {pairs} pairs");
}

/// Plays a fresh scene for every `step`th action until one runs through; says how many were played.
fn at_every_action(step: u32, play: impl Fn(&Scene, u32) -> End + Sync) -> u32 {
    let (next, over) = (AtomicU32::new(0), AtomicU32::new(u32::MAX));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let action = 1 + next.fetch_add(step, Ordering::SeqCst);
                    if action > over.load(Ordering::SeqCst) {
                        break;
                    }
                    if play(&Scene::new(), action) == End::Finished {
                        over.fetch_min(action, Ordering::SeqCst);
                    }
                }
            });
        }
    });
    over.into_inner() / step
}
