//! How many notes an answer has, when the controls that say so move or meet others.

use host::{Clap, Pace, Played, Rig, pair};

use crate::common::{OFFLINE, TEMPO, answer, assert_released, open, play_call, sample_of};
use crate::turns::set_text;

fn rig_with(settings: &[(&str, &str)]) -> Rig<Clap> {
    let mut rig = open(OFFLINE, Pace::Unpaced);
    for (name, text) in settings {
        set_text(&mut rig, name, text);
    }
    rig
}

/// The samples at which notes begin, each once.
fn onsets(notes: &[Played]) -> Vec<u64> {
    let mut onsets: Vec<u64> = notes.iter().map(|note| note.on_samples).collect();
    onsets.dedup();
    onsets
}

#[test]
fn a_change_of_density_is_followed_within_a_bar_and_not_made_up_for() {
    // From beat 44 on the old plan is over, and from 96 on the rate has settled.
    let rates = |before: &str, after: &str, seed: &str| {
        let mut rig = rig_with(&[("Answer length", "Until stopped"), ("Density", before), ("Seed", seed)]);
        play_call(&mut rig, 0);
        rig.run(sample_of(&rig, 40.0)).unwrap();
        set_text(&mut rig, "Density", after);
        rig.run(sample_of(&rig, 88.0)).unwrap();
        let onsets = onsets(&pair(&rig.heard));
        let n_between = |from: f64, to: f64| {
            let bars = sample_of(&rig, from)..sample_of(&rig, to);
            onsets.iter().filter(|onset| bars.contains(onset)).count()
        };
        let ticks = rig.samples(60.0 / TEMPO / 48.0);
        let n_rolled = onsets.windows(2).filter(|pair| (pair[1] - pair[0]) / ticks <= 2).count();
        assert!(100 * n_rolled <= onsets.len(), "{before} to {after}, seed {seed}: {n_rolled} of {}", onsets.len());
        (n_between(44.0, 60.0), n_between(96.0, 128.0) / 2)
    };
    for (before, after) in [("0.25", "4"), ("1", "4"), ("0.5", "2"), ("4", "0.25"), ("4", "0.5")] {
        let (mut first, mut settled) = (0, 0);
        for seed in ["1", "2", "3"] {
            let (n_first, n_settled) = rates(before, after, seed);
            (first, settled) = (first + n_first, settled + n_settled);
        }
        assert!(3 * first >= 2 * settled && 2 * first <= 3 * settled, "{before} to {after}: {first}, {settled}");
    }
}

#[test]
fn a_grid_piles_up_no_more_notes_than_there_are_voices() {
    let settings = [("Answer length", "8 bars"), ("Start", "Next bar"), ("Density", "4"), ("Complexity", "100")];
    for (voices, quantise) in [("1", "1/4"), ("1", "1/16"), ("2", "1/8"), ("3", "1/4")] {
        let mut rig = rig_with(&settings);
        set_text(&mut rig, "Voices", voices);
        set_text(&mut rig, "Quantise", quantise);
        let notes = answer(&mut rig, 44);
        assert_released(&notes);
        assert!(notes.len() > 24, "{notes:?}");
        let has_no_length = |note: &&Played| note.off_samples == Some(note.on_samples);
        assert_eq!(notes.iter().find(has_no_length), None, "{voices} voices on {quantise}");
    }
}

#[test]
fn notes_that_are_faster_than_the_grid_are_not_asked_for() {
    for quantise in ["1/8", "1/16"] {
        // One answer as it comes, not the one whose chords are the best.
        let settings = [("Best of", "1"), ("Answer length", "8 bars"), ("Start", "Next bar"), ("Density", "4")];
        let mut rig = rig_with(&settings);
        set_text(&mut rig, "Quantise", quantise);
        let notes = answer(&mut rig, 44);
        let n_onsets = onsets(&notes).len();
        assert!(n_onsets >= 48 && 2 * notes.len() <= 3 * n_onsets, "{quantise}: {} at {n_onsets} times", notes.len());
    }
}

#[test]
fn a_generator_has_as_many_notes_as_asked_and_does_not_beat_time() {
    let mut sums = [0; 3];
    for seed in ["1", "2", "3"] {
        let onsets = ["0.5", "1", "2"].map(|density| {
            let mut rig = rig_with(&[("Mode", "Continue"), ("Seed", seed), ("Density", density)]);
            rig.run(sample_of(&rig, 96.0)).unwrap();
            onsets(&pair(&rig.heard))
        });
        let counts = onsets.each_ref().map(Vec::len);
        assert!(counts.is_sorted_by(|few, many| few < many), "seed {seed}: {counts:?}");
        sums = std::array::from_fn(|i| sums[i] + counts[i]);
        let times: Vec<u64> = onsets[1].windows(2).map(|pair| pair[1] - pair[0]).collect();
        let n_like = |time: u64| times.iter().filter(|&&other| other.abs_diff(time) <= time / 8).count();
        let most = times.iter().map(|&time| n_like(time)).max().unwrap();
        assert!(10 * most <= 9 * times.len(), "seed {seed}: {most} of {} times are alike", times.len());
    }
    let [few, some, many] = sums;
    assert!(3 * few <= 2 * some && 3 * some <= 2 * many, "{sums:?}");
}
