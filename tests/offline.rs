//! A bounce waits for the worker, and holds the notes that were heard live.

use std::time::Instant;

use host::{Pace, Settings, pair};

use crate::common::{OFFLINE, answer, assert_released, open, play_call, sample_of};

#[test]
fn a_bounce_does_not_need_the_time_of_the_music() {
    let begun = Instant::now();
    let mut rig = open(OFFLINE, Pace::Unpaced);
    let notes = answer(&mut rig, 12);
    assert!(!notes.is_empty(), "an offline render must wait for the worker");
    assert_released(&notes);
    assert!(begun.elapsed().as_secs_f64() < 3.0, "took {:?} for 3 s of music", begun.elapsed());
}

#[test]
fn a_bounce_equals_what_was_heard_live() {
    let mut bounce = open(OFFLINE, Pace::Unpaced);
    let bounced = answer(&mut bounce, 12);
    let live_settings = Settings { is_offline: false, ..OFFLINE };
    let mut live = open(live_settings, Pace::RealTime(1.0));
    assert_eq!(answer(&mut live, 12), bounced);
}

#[test]
fn switching_between_live_and_offline_keeps_answering() {
    let mut rig = open(Settings { is_offline: false, ..OFFLINE }, Pace::Unpaced);
    rig.run(1000).unwrap();
    rig.restart(OFFLINE).unwrap();
    let from_beat = 4;
    play_call(&mut rig, from_beat);
    rig.run(sample_of(&rig, 16.0)).unwrap();
    let notes = pair(&rig.heard);
    assert!(!notes.is_empty());
    assert_released(&notes);
}
