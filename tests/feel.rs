//! What hands play is understood as it is meant, and answered as loosely as it was played.

use host::{Clap, Message, Pace, Played, Rig, pair};

use crate::common::{OFFLINE, assert_released, open, sample_of};
use crate::turns::set_text;

/// Samples of a tick of 1/48 beat at 48 kHz and 240 BPM.
const TICK: u64 = 250;

/// Two bars of a tune with chords, each key struck so many samples late (or early) and held for a share of its value; what is answered.
fn answer_to(late: &[i64], held_percent: u64, velocities: &[u8], feel: &str) -> Vec<Played> {
    let mut rig: Rig<Clap> = open(OFFLINE, Pace::Unpaced);
    set_text(&mut rig, "Feel", feel);
    set_text(&mut rig, "Answer length", "4 bars");
    let tune = [62, 64, 65, 67, 69, 67, 65, 64, 62, 65, 69, 74, 72, 69, 65, 62];
    let chords = [(0.0, 50), (0.0, 53), (2.0, 45), (2.0, 52), (4.0, 50), (4.0, 57), (6.0, 45), (6.0, 49)];
    let tune = tune.into_iter().enumerate().map(|(i, key)| (i as f64 / 2.0, 0.5, key));
    let notes = tune.chain(chords.into_iter().map(|(beat, key)| (beat, 2.0, key)));
    for (i, (beat, value, key)) in notes.enumerate() {
        // A bar before, so that the first may be early.
        let written = i64::try_from(sample_of(&rig, 4.0 + beat)).unwrap();
        let on = u64::try_from(written + late[i % late.len()]).unwrap();
        let velocity = velocities[i % velocities.len()];
        rig.send(on, Message::NoteOn { channel: 0, key, velocity });
        rig.send(on + sample_of(&rig, value) * held_percent / 100, Message::NoteOff { channel: 0, key });
    }
    // The turn passes at the same time, whenever the last key goes up.
    set_text(&mut rig, "Hand over by silence", "Off");
    set_text(&mut rig, "Trade", "Every 2 bars");
    rig.run(sample_of(&rig, 32.0)).unwrap();
    pair(&rig.heard)
}

#[test]
fn a_call_played_by_hands_is_answered_as_the_one_that_is_written() {
    let written = answer_to(&[0], 100, &[80], "0");
    assert!(written.len() > 12, "{written:?}");
    // 8 to 20 ms late and early, keys let go early, accents.
    let hands = [0, 500, -700, 300, -400, 950, 100, -200, 620, -880, 240];
    let played = answer_to(&hands, 70, &[80, 84, 76, 88, 72], "0");
    let n_off_grid = played.iter().filter(|note| note.on_samples % (2 * TICK) != 0).count();
    assert_eq!(n_off_grid, 0, "{played:?}");
    let n_slivers = played.iter().filter(|note| note.off_samples.unwrap() - note.on_samples < 4 * TICK).count();
    assert_eq!(n_slivers, 0, "{played:?}");
    let onsets = |notes: &[Played]| {
        let mut onsets: Vec<u64> = notes.iter().map(|note| note.on_samples).collect();
        onsets.dedup();
        onsets.len()
    };
    let (n_played, n_written) = (onsets(&played), onsets(&written));
    assert!(5 * n_played.abs_diff(n_written) <= n_written, "{n_played} onsets, not {n_written}");
}

#[test]
fn feel_moves_notes_and_changes_none() {
    let hands = [0, 900, -700, 600, -400, 1200, 100, -600, 1100, -880, 440];
    let on_the_grid = answer_to(&hands, 60, &[80, 110, 60], "0");
    let loose = answer_to(&hands, 60, &[80, 110, 60], "100");
    assert_released(&loose);
    let keys = |notes: &[Played]| {
        let mut keys: Vec<u8> = notes.iter().map(|note| note.key).collect();
        keys.sort_unstable();
        keys
    };
    assert_eq!(keys(&loose), keys(&on_the_grid));
    assert_eq!(loose[0].on_samples, on_the_grid[0].on_samples, "it begins where it should");
    assert!(loose.windows(2).all(|pair| pair[0].on_samples <= pair[1].on_samples));
    let n_moved = loose.iter().filter(|note| note.on_samples % TICK != 0).count();
    assert!(2 * n_moved > loose.len(), "{n_moved} of {}", loose.len());
    let latest = loose.iter().zip(&on_the_grid).map(|(one, other)| one.on_samples.abs_diff(other.on_samples)).max();
    // 80 ms and a spread chord.
    assert!(latest < Some(160 * 48), "{latest:?}");
    let loudness = |notes: &[Played]| notes.iter().map(|note| note.velocity).collect::<Vec<_>>();
    assert_ne!(loudness(&loose), loudness(&on_the_grid), "accents");
    assert_eq!(loose, answer_to(&hands, 60, &[80, 110, 60], "100"), "the same take again");
}
