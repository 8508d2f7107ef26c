//! Several plugins in one host, and plugins that come, go, stop and start.

use host::{Pace, Settings, pair};

use crate::common::{OFFLINE, answer, assert_released, open, play_call, sample_of};

#[test]
fn two_instances_do_not_hear_each_other() {
    let mut alone = open(OFFLINE, Pace::Unpaced);
    let expected = answer(&mut alone, 12);
    let (mut playing, mut silent) = (open(OFFLINE, Pace::Unpaced), open(OFFLINE, Pace::Unpaced));
    play_call(&mut playing, 0);
    let end = sample_of(&playing, 12.0);
    while playing.now() < end {
        let samples = 512.min(end - playing.now());
        playing.run(samples).unwrap();
        silent.run(samples).unwrap();
    }
    assert_eq!(pair(&playing.heard), expected);
    assert!(silent.heard.is_empty(), "an instance that heard nothing said {:?}", silent.heard);
}

#[test]
fn instances_come_and_go_in_the_middle_of_their_answers() {
    for n_beats in [0, 1, 3, 5, 6, 7, 8, 9] {
        let mut rig = open(OFFLINE, Pace::Unpaced);
        answer(&mut rig, n_beats);
        drop(rig);
    }
    let mut many: Vec<_> = (0..8).map(|_| open(OFFLINE, Pace::Unpaced)).collect();
    for rig in &mut many {
        assert!(!answer(rig, 12).is_empty());
    }
}

#[test]
fn stopping_and_starting_again_keeps_the_plugin_whole() {
    let mut rig = open(OFFLINE, Pace::Unpaced);
    for (sample_rate, max_block) in [(44_100.0, 64), (96_000.0, 4096), (48_000.0, 1), (48_000.0, 512)] {
        play_call(&mut rig, 0);
        rig.run(1000).unwrap();
        rig.restart(Settings { sample_rate, max_block, is_offline: true }).unwrap();
        rig.run(1000).unwrap();
    }
    let mut rig = open(OFFLINE, Pace::Unpaced);
    rig.restart(Settings { sample_rate: 96_000.0, ..OFFLINE }).unwrap();
    let notes = answer(&mut rig, 12);
    assert!(!notes.is_empty());
    assert_released(&notes);
}
