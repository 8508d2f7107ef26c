//! The song jumps: loops and seeks end what Antiphon plays, and nothing that the player does.

use host::{Clap, Instance, Message, Pace, Played, Rig, Settings, Transport, Vst3, bundle, pair};

use crate::common::{OFFLINE, assert_released, open, play_call, start};
use crate::turns::set_text;

/// Samples of a beat at the tests' tempo.
pub(crate) const BEAT: u64 = 12_000;
/// A loop of four bars.
pub(crate) const PASS: u64 = 16 * BEAT;

pub(crate) fn rig_with(settings: Settings, texts: &[(&str, &str)]) -> Rig<Clap> {
    let mut rig = open(settings, Pace::Unpaced);
    for (name, text) in texts {
        set_text(&mut rig, name, text);
    }
    rig
}

fn looped(texts: &[(&str, &str)]) -> Rig<Clap> {
    let mut rig = rig_with(OFFLINE, texts);
    rig.set_transport(Transport { loop_beats: Some((0.0, 16.0)), ..rig.transport() });
    rig
}

pub(crate) fn chord<I: Instance>(rig: &mut Rig<I>, at: u64, length: u64) {
    for key in [60, 64, 67] {
        rig.send_note(at, length, key, 90);
    }
}

fn n_sounding(rig: &Rig<Clap>) -> usize {
    pair(&rig.heard).iter().filter(|note| note.off_samples.is_none()).count()
}

/// In beats since the first sample.
#[expect(clippy::cast_precision_loss, reason = "a few seconds")]
pub(crate) fn onsets<I: Instance>(rig: &Rig<I>) -> Vec<f64> {
    pair(&rig.heard).iter().map(|note| note.on_samples as f64 / BEAT as f64).collect()
}

/// The rig with a note of its answer sounding.
fn answering(texts: &[(&str, &str)]) -> Rig<Clap> {
    let mut rig = rig_with(OFFLINE, texts);
    set_text(&mut rig, "Answer length", "8");
    play_call(&mut rig, 0);
    rig.run(5 * BEAT).unwrap();
    assert!(rig.run_until(200_000, |rig| n_sounding(rig) > 0).unwrap());
    rig
}

#[test]
fn a_phrase_that_ends_with_the_loop_is_answered_in_the_next_pass() {
    // 700 ms are 2.8 beats.
    for (start, begins) in [("At once", 18.28), ("Next beat", 19.0), ("Next bar", 20.0)] {
        let mut rig = looped(&[("Start", start)]);
        play_call(&mut rig, 12);
        rig.run(2 * PASS).unwrap();
        let first = onsets(&rig).first().copied().unwrap_or_default();
        assert!((begins..begins + 0.03).contains(&first), "{start}: {first}");
        assert_released(&pair(&rig.heard));
    }
}

#[test]
fn a_phrase_over_the_wrap_is_one_phrase() {
    let take = |loop_beats| {
        let mut rig = rig_with(OFFLINE, &[]);
        rig.set_transport(Transport { loop_beats, ..rig.transport() });
        play_call(&mut rig, 14);
        rig.run(3 * PASS).unwrap();
        pair(&rig.heard)
    };
    let straight = take(None);
    assert!(straight.iter().any(|note| note.on_samples > PASS + 4 * BEAT), "{straight:?}");
    assert_eq!(take(Some((0.0, 16.0))), straight);
}

#[test]
fn a_hand_over_that_was_asked_for_comes_though_the_loop_wraps_before_it() {
    for (start, begins) in [("At once", 15.0), ("Next beat", 15.0), ("Next bar", 16.0)] {
        let mut rig = looped(&[("Hand over by silence", "Off"), ("Start", start)]);
        play_call(&mut rig, 8);
        let id = rig.parameter("Hand over now").unwrap().id;
        rig.send(15 * BEAT, Message::Parameter { id, value: 1.0 });
        rig.send(15 * BEAT + 600, Message::Parameter { id, value: 0.0 });
        rig.run(2 * PASS).unwrap();
        assert_eq!(onsets(&rig).first(), Some(&begins), "{start}");
    }
    // In a loop that ends between two bar lines, the next one is counted in the bars of the next pass.
    let mut rig = rig_with(OFFLINE, &[("Hand over by silence", "Off"), ("Start", "Next bar")]);
    rig.set_transport(Transport { loop_beats: Some((0.0, 15.0)), ..rig.transport() });
    play_call(&mut rig, 8);
    let id = rig.parameter("Hand over now").unwrap().id;
    rig.send(14 * BEAT, Message::Parameter { id, value: 1.0 });
    rig.run(2 * PASS).unwrap();
    assert_eq!(onsets(&rig).first(), Some(&15.0));
}

#[test]
fn bars_are_traded_over_the_wrap_in_any_host() {
    for (splits, tells) in [(true, true), (true, false), (false, true), (false, false)] {
        let mut rig = looped(&[("Hand over by silence", "Off"), ("Trade", "Every 2 bars")]);
        (rig.splits_at_loop_end, rig.tells_loop, rig.block) = (splits, tells, 500 + 11 * u32::from(!splits));
        play_call(&mut rig, 8);
        play_call(&mut rig, 12);
        rig.run(2 * PASS).unwrap();
        let onsets = onsets(&rig);
        assert_eq!(onsets.first(), Some(&16.0), "{splits}, {tells}");
        assert!(
            onsets.iter().any(|&onset| onset > 20.0) && onsets.iter().all(|&onset| onset < 24.0),
            "{splits}, {tells}: {onsets:?}"
        );
    }
}

#[test]
fn a_loop_whose_length_is_no_whole_number_of_bars_is_counted_in_its_own_bars() {
    for (signature, loop_beats) in
        [((3, 4), (0.0, 9.0)), ((3, 4), (0.0, 8.0)), ((4, 4), (1.0, 7.5)), ((7, 8), (0.0, 10.5))]
    {
        let mut rig = rig_with(OFFLINE, &[("Start", "Next bar"), ("Answer length", "1 bar")]);
        rig.set_transport(Transport { signature, loop_beats: Some(loop_beats), ..rig.transport() });
        let bar = rig.transport().bar_beats();
        for i in 0..8 {
            chord(&mut rig, i * 10 * BEAT, BEAT / 2);
        }
        rig.run(80 * BEAT).unwrap();
        let song = |beat: f64| {
            let (start, end) = loop_beats;
            if beat < end { beat } else { start + (beat - end) % (end - start) }
        };
        let notes = onsets(&rig);
        // The first note after a rest of two beats begins an answer.
        let firsts = notes.iter().enumerate().filter(|&(i, &on)| i == 0 || on - notes[i - 1] > 5.0).map(|(_, &on)| on);
        let places: Vec<f64> = firsts.map(|on| song(on) % bar).collect();
        assert!(
            places.len() > 2 && places.iter().all(|&place| place == 0.0),
            "{signature:?}, {loop_beats:?}: {places:?}"
        );
    }
}

/// What is answered to a chord at the start of each of four passes, in blocks of this size.
fn passes<I: Instance>(rig: &mut Rig<I>, splits: bool, tells: bool) -> Vec<Played> {
    rig.set_transport(Transport { loop_beats: Some((0.0, 16.0)), ..rig.transport() });
    (rig.splits_at_loop_end, rig.tells_loop) = (splits, tells);
    (0..4).for_each(|pass| chord(rig, pass * PASS, 7 * BEAT / 2));
    rig.run(4 * PASS).unwrap();
    pair(&rig.heard)
}

#[test]
fn a_loop_that_wraps_within_a_block_gives_the_same_take() {
    for texts in [&[][..], &[("Answer length", "8 bars")], &[("Mode", "Continue")]] {
        let take = |block, splits, tells| {
            let mut rig = rig_with(Settings { max_block: block, ..OFFLINE }, texts);
            passes(&mut rig, splits, tells)
        };
        let expected = take(500, true, true);
        let n_in = |pass: u64| expected.iter().filter(|note| note.on_samples / PASS == pass).count();
        assert!((0..4).all(|pass| n_in(pass) > 0), "{texts:?}: {expected:?}");
        for (block, splits, tells) in [
            (500, false, true),
            (500, true, false),
            (700, true, true),
            (700, false, true),
            (64, true, false),
            (1009, false, true),
            (4096, true, true),
            (4096, false, true),
        ] {
            assert_eq!(take(block, splits, tells), expected, "{texts:?}, blocks of {block}, {splits}, {tells}");
        }
    }
    // A host that does not tell beforehand: what is not cut by the wrap is the same.
    for block in [500, 700, 1009] {
        let take = |splits| passes(&mut rig_with(Settings { max_block: block, ..OFFLINE }, &[]), splits, false);
        assert_eq!(take(false), take(true), "blocks of {block}");
    }
}

#[test]
fn a_vst3_host_that_tells_late_gives_the_same_take() {
    let (_folder, bundle) = bundle("antiphon").unwrap();
    let expected = passes(&mut rig_with(OFFLINE, &[]), true, true);
    assert!(expected.len() > 4);
    for (block, splits) in [(500, true), (700, false), (1009, false)] {
        let settings = Settings { max_block: block, ..OFFLINE };
        let mut rig = start(Rig::new(Vst3::new(&bundle, settings).unwrap(), settings, Pace::Unpaced));
        assert_eq!(passes(&mut rig, splits, false), expected, "blocks of {block}, {splits}");
    }
}

#[test]
fn automation_within_the_block_of_the_wrap_changes_nothing() {
    let take = |block| {
        let mut rig = rig_with(Settings { max_block: block, ..OFFLINE }, &[("Answer length", "8 bars")]);
        let id = rig.parameter("Temperature").unwrap().id;
        for pass in 1..4 {
            // The framework splits the block there, and counts on beyond the loop's end.
            for after in [1, 130, 500] {
                rig.send(pass * PASS + after, Message::Parameter { id, value: 0.8 });
            }
        }
        passes(&mut rig, block == 500, true)
    };
    let expected = take(500);
    assert_eq!(take(700), expected);
    assert_eq!(take(4096), expected);
}

#[test]
fn a_key_that_is_held_over_a_jump_still_holds_the_answer_back() {
    let jumps: [fn(&mut Rig<Clap>); 3] = [
        |rig| rig.set_transport(Transport { loop_beats: Some((0.0, 16.0)), ..rig.transport() }),
        |rig| rig.set_transport(Transport { beats: 40.0, ..rig.transport() }),
        |rig| rig.set_transport(Transport { beats: -6.5, ..rig.transport() }),
    ];
    for jump in jumps {
        let mut rig = rig_with(OFFLINE, &[]);
        rig.send_note(12 * BEAT, 14 * BEAT, 48, 80);
        rig.send_note(17 * BEAT, 9_000, 62, 90);
        rig.send_note(18 * BEAT, 9_000, 65, 90);
        rig.run(15 * BEAT).unwrap();
        jump(&mut rig);
        rig.run(25 * BEAT).unwrap();
        let first = onsets(&rig).first().copied();
        assert!(first.is_some_and(|first| (28.7..29.0).contains(&first)), "at beat {first:?}");
    }
}

#[test]
fn what_is_passed_through_sounds_on_over_a_jump() {
    let mut rig = looped(&[("Thru", "On")]);
    rig.send_note(15 * BEAT, 3 * BEAT, 48, 80);
    rig.send_note(15 * BEAT, 40 * BEAT, 50, 80);
    rig.run(20 * BEAT).unwrap();
    rig.set_transport(Transport { beats: 3.0, ..rig.transport() });
    rig.run(40 * BEAT).unwrap();
    let ends: Vec<_> = pair(&rig.heard).iter().take(2).map(|note| note.off_samples.map(|off| off / BEAT)).collect();
    assert_eq!(ends, [Some(18), Some(55)]);
}

#[test]
fn a_jump_ends_the_answer_on_its_sample_and_the_next_call_has_another() {
    let to: [fn(f64) -> f64; 5] = [|now| now - 1.0, |now| now + 1.0, |now| now - 0.1, |_| 0.0, |_| -3.7];
    for to in to {
        let mut rig = answering(&[]);
        let at = rig.now();
        rig.set_transport(Transport { beats: to(rig.transport().beats), ..rig.transport() });
        chord(&mut rig, at + 4 * BEAT, BEAT);
        rig.run(20 * BEAT).unwrap();
        let notes = pair(&rig.heard);
        let of_first = notes.iter().filter(|note| note.on_samples < at + 4 * BEAT);
        assert!(of_first.clone().all(|note| note.on_samples < at && note.off_samples <= Some(at)), "{notes:?}");
        assert!(notes.iter().any(|note| note.on_samples > at + 7 * BEAT), "no other answer: {notes:?}");
    }
}

#[test]
fn no_note_sounds_on_whatever_the_playhead_does() {
    type Place = fn(f64, u64) -> f64;
    let places: [(&str, Place); 7] = [
        ("half a beat", |from, block| from + (block as f64 * 0.04) % 0.5),
        ("a 32nd", |from, block| from + (block as f64 * 0.04) % 0.125),
        ("a 64th", |from, block| from + (block as f64 * 0.04) % 0.0625),
        ("frozen", |from, _| from),
        ("trembling in place", |from, block| from + (block % 2) as f64 / 480.0),
        ("backwards", |from, block| from - block as f64 * 0.04),
        ("scrubbing", |from, block| from + ((block * 7) % 13) as f64 / 10.0 - 8.0),
    ];
    for (name, place) in places {
        let mut rig = answering(&[]);
        let from = rig.transport().beats;
        // As long as the answer: its last note may be held to the end.
        let longest = 8 * BEAT;
        let begun = rig.now();
        // The player plays a phrase meanwhile, and is answered as ever.
        chord(&mut rig, begun + 20 * BEAT, BEAT);
        for block in 0..2400 {
            rig.set_transport(Transport { beats: place(from, block), ..rig.transport() });
            rig.run(480).unwrap();
        }
        let last = rig.now();
        let notes = pair(&rig.heard);
        let is_too_long = |note: &&Played| note.off_samples.unwrap_or(last) - note.on_samples > longest;
        assert_eq!(notes.iter().find(is_too_long), None, "{name}");
        let is_answered = notes.iter().any(|note| (begun + 22 * BEAT..begun + 28 * BEAT).contains(&note.on_samples));
        assert!(is_answered, "{name}: {notes:?}");
    }
}

#[test]
fn no_note_sounds_on_through_a_short_loop() {
    for splits in [true, false] {
        for length in [0.5, 0.25, 0.125, 0.02] {
            let mut rig = answering(&[]);
            rig.splits_at_loop_end = splits;
            let beats = (rig.transport().beats * 48.0).floor() / 48.0;
            rig.set_transport(Transport { loop_beats: Some((beats, beats + length)), ..rig.transport() });
            rig.run(80 * BEAT).unwrap();
            assert_eq!(n_sounding(&rig), 0, "a loop of {length} beats, {splits}");
        }
    }
}

#[test]
fn a_pre_roll_is_counted_like_any_bars() {
    for from in [-4.0, -2.5, -0.25] {
        let mut rig = rig_with(OFFLINE, &[("Start", "Next bar")]);
        rig.set_transport(Transport { beats: from, loop_beats: Some((0.0, 16.0)), ..rig.transport() });
        chord(&mut rig, 0, BEAT);
        rig.run(40 * BEAT).unwrap();
        // The silence ends at 3.8.
        let expected = ((from + 3.8) / 4.0).ceil() * 4.0 - from;
        assert_eq!(onsets(&rig).first(), Some(&expected), "from {from}");
    }
}
