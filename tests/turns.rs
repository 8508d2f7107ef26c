//! Whose turn it is: call, hand-over, answer, interruption.

use host::{Clap, Message, Pace, Played, Rig, Transport, pair};

use crate::common::{OFFLINE, answer, assert_released, open, play_call, sample_of};

/// Sets a parameter to what its text says.
pub(crate) fn set_text(rig: &mut Rig<Clap>, name: &str, text: &str) {
    let value = rig.plugin.read_text(name, text).unwrap();
    rig.set(name, value).unwrap();
}

fn answer_with(settings: &[(&str, &str)]) -> Vec<Played> {
    let mut rig = open(OFFLINE, Pace::Unpaced);
    for (name, text) in settings {
        set_text(&mut rig, name, text);
    }
    let notes = answer(&mut rig, 16);
    assert!(!notes.is_empty(), "no answer with {settings:?}");
    assert_released(&notes);
    notes
}

/// The rig a little after its answer to a call has begun, with a note of it sounding.
fn in_the_middle_of_an_answer() -> Rig<Clap> {
    let mut rig = open(OFFLINE, Pace::Unpaced);
    play_call(&mut rig, 0);
    let sounds = |rig: &Rig<Clap>| pair(&rig.heard).iter().any(|note| note.off_samples.is_none());
    let limit = sample_of(&rig, 12.0);
    assert!(rig.run_until(limit, sounds).unwrap(), "no answer");
    rig
}

#[test]
fn silence_hands_over_and_the_answer_begins_there() {
    let mut rig = open(OFFLINE, Pace::Unpaced);
    set_text(&mut rig, "Silence", "250 ms");
    let end = play_call(&mut rig, 0);
    rig.run(sample_of(&rig, 16.0)).unwrap();
    let notes = pair(&rig.heard);
    let hand_over = end + sample_of(&rig, 1.0);
    assert_eq!(notes.first().map(|note| note.on_samples), Some(hand_over));
}

#[test]
fn nothing_is_said_without_a_call() {
    let mut rig = open(OFFLINE, Pace::Unpaced);
    rig.run(sample_of(&rig, 32.0)).unwrap();
    assert!(rig.heard.is_empty(), "{:?}", rig.heard);
}

#[test]
fn playing_ends_the_answer_at_that_sample() {
    let mut rig = in_the_middle_of_an_answer();
    let at = rig.now() + 100;
    rig.send_note(at, 2000, 50, 80);
    rig.run(sample_of(&rig, 0.9)).unwrap();
    let notes = pair(&rig.heard);
    assert_released(&notes);
    assert!(notes.iter().all(|note| note.on_samples < at), "the answer went on: {notes:?}");
    assert!(notes.iter().any(|note| note.off_samples == Some(at)), "nothing ended at {at}: {notes:?}");
    assert!(notes.iter().all(|note| note.off_samples <= Some(at)), "a note went on: {notes:?}");
}

#[test]
fn each_call_gets_an_answer() {
    let mut rig = open(OFFLINE, Pace::Unpaced);
    for turn in 0..4 {
        let n_before = rig.heard.len();
        play_call(&mut rig, 16 * turn);
        rig.run(sample_of(&rig, 16.0)).unwrap();
        assert!(rig.heard.len() > n_before, "no answer in turn {turn}");
    }
    assert_released(&pair(&rig.heard));
}

#[test]
fn whatever_ends_the_answer_releases_what_sounds() {
    type Disturb = fn(&mut Rig<Clap>);
    let cases: [(&str, Disturb); 8] = [
        ("stop", |rig| rig.set_transport(Transport { is_playing: false, ..rig.transport() })),
        ("seek back", |rig| rig.set_transport(Transport { beats: 0.0, ..rig.transport() })),
        ("seek on", |rig| rig.set_transport(Transport { beats: 64.0, ..rig.transport() })),
        ("loop", |rig| {
            let beats = rig.transport().beats;
            rig.set_transport(Transport { loop_beats: Some((0.0, beats)), ..rig.transport() });
        }),
        ("reset", |rig| rig.plugin.reset()),
        ("bypass", |rig| rig.set("Bypass", 1.0).unwrap()),
        ("panic", |rig| rig.set("Panic", 1.0).unwrap()),
        ("mode off", |rig| set_text(rig, "Mode", "Off")),
    ];
    for (name, disturb) in cases {
        let mut rig = in_the_middle_of_an_answer();
        disturb(&mut rig);
        let n_before = rig.heard.len();
        rig.run(1024).unwrap();
        let notes = pair(&rig.heard);
        assert!(notes.iter().all(|note| note.off_samples.is_some()), "{name} left notes sounding");
        let news = &rig.heard[n_before..];
        assert!(!news.iter().any(|e| matches!(e.message, Message::NoteOn { .. })), "{name} let the answer go on");
    }
}

#[test]
fn stopping_the_device_releases_what_sounds_before_it_plays_again() {
    let mut rig = in_the_middle_of_an_answer();
    rig.restart(OFFLINE).unwrap();
    rig.run(4096).unwrap();
    assert_released(&pair(&rig.heard));
}

#[test]
fn the_seed_repeats_or_changes_the_answer() {
    let first = answer_with(&[("Seed", "1")]);
    assert_eq!(answer_with(&[("Seed", "1")]), first);
    let others = ["2", "3", "4"].map(|seed| answer_with(&[("Seed", seed)]));
    assert!(others.iter().all(|other| *other != first), "another seed must give another answer");
}

#[test]
fn the_answer_keeps_to_its_range() {
    let notes = answer_with(&[("Lowest key", "60"), ("Highest key", "67")]);
    assert!(notes.iter().all(|note| (60..=67).contains(&note.key)), "{notes:?}");
}

#[test]
fn the_answer_keeps_to_its_length() {
    let rig = open(OFFLINE, Pace::Unpaced);
    for bars in [1u32, 2] {
        let notes = answer_with(&[("Answer length", &bars.to_string())]);
        let first = notes.first().unwrap().on_samples;
        let last = notes.iter().filter_map(|note| note.off_samples).max().unwrap();
        let most = sample_of(&rig, f64::from(4 * bars));
        assert!(last - first <= most, "{bars} bars lasted {} samples of {most}", last - first);
    }
}

/// The preset "On the pedal".
#[test]
fn the_pedal_begins_an_answer_that_only_the_pedal_ends() {
    let preset = include_str!("../plugin/presets/04-on-the-pedal.json");
    let mut rig = open(OFFLINE, Pace::Unpaced);
    for (id, name, text) in [
        ("hand_silence", "Hand over by silence", "Off"),
        ("hand_cc", "Hand-over controller", "CC 66"),
        ("length", "Answer length", "Until stopped"),
        ("play_over", "When I play over", "Play on"),
    ] {
        assert!(preset.contains(&format!(r#""{id}": "{text}""#)), "{preset}");
        set_text(&mut rig, name, text);
    }
    let [begins, ends] = [4.0, 40.0].map(|beat| sample_of(&rig, beat));
    for pressed in [begins, ends] {
        rig.send(pressed, Message::Midi([0xB0, 66, 127]));
        rig.send(pressed + 500, Message::Midi([0xB0, 66, 0]));
    }
    for beat in [0, 12, 24] {
        play_call(&mut rig, beat);
    }
    rig.run(sample_of(&rig, 56.0)).unwrap();
    let notes = pair(&rig.heard);
    assert_eq!(notes.first().map(|note| note.on_samples), Some(begins));
    assert!(notes.iter().any(|note| note.on_samples > sample_of(&rig, 32.0)), "it stopped: {notes:?}");
    assert!(notes.iter().all(|note| note.off_samples <= Some(ends)), "it went on: {notes:?}");
}

#[test]
fn an_answer_until_it_is_stopped_ends_with_the_next_call() {
    let mut rig = open(OFFLINE, Pace::Unpaced);
    set_text(&mut rig, "Answer length", "Until stopped");
    play_call(&mut rig, 0);
    let at = sample_of(&rig, 40.0);
    rig.send_note(at, 2000, 50, 80);
    rig.run(sample_of(&rig, 41.0)).unwrap();
    let notes = pair(&rig.heard);
    assert!(notes.iter().any(|note| note.on_samples > sample_of(&rig, 28.0)), "it stopped: {notes:?}");
    assert!(notes.iter().all(|note| note.off_samples <= Some(at)), "it went on: {notes:?}");
}

#[test]
fn continue_goes_on_without_end() {
    let mut rig = open(OFFLINE, Pace::Unpaced);
    set_text(&mut rig, "Mode", "Continue");
    play_call(&mut rig, 0);
    rig.run(sample_of(&rig, 128.0)).unwrap();
    // The longest rest that the model can ask for is 32 beats.
    let onsets: Vec<u64> = pair(&rig.heard).iter().map(|note| note.on_samples).collect();
    for from in [16.0, 48.0, 80.0] {
        let beats = sample_of(&rig, from)..sample_of(&rig, from + 40.0);
        assert!(onsets.iter().any(|onset| beats.contains(onset)), "silent from beat {from} on: {onsets:?}");
    }
    rig.set_transport(Transport { is_playing: false, ..rig.transport() });
    rig.run(1024).unwrap();
    assert_released(&pair(&rig.heard));
}

#[test]
fn it_answers_while_the_host_stands_still() {
    let mut rig = open(OFFLINE, Pace::Unpaced);
    rig.set_transport(Transport { is_playing: false, ..rig.transport() });
    play_call(&mut rig, 0);
    rig.run(sample_of(&rig, 24.0)).unwrap();
    let notes = pair(&rig.heard);
    assert!(!notes.is_empty(), "no answer without a rolling song");
    assert_released(&notes);
}

#[test]
fn a_bypassed_plugin_only_passes_notes_through() {
    let mut rig = open(OFFLINE, Pace::Unpaced);
    rig.set("Bypass", 1.0).unwrap();
    play_call(&mut rig, 0);
    rig.run(sample_of(&rig, 16.0)).unwrap();
    let keys: Vec<u8> = pair(&rig.heard).iter().map(|note| note.key).collect();
    assert_eq!(keys, [62, 65, 69, 67, 65, 64]);
}

#[test]
fn an_answer_in_time_begins_on_the_beat_or_the_bar() {
    for (start, grid) in [("Next beat", 1.0), ("Next bar", 4.0)] {
        let notes = answer_with(&[("Start", start), ("Silence", "300 ms")]);
        let rig = open(OFFLINE, Pace::Unpaced);
        assert_eq!(notes[0].on_samples % sample_of(&rig, grid), 0, "{start}: {notes:?}");
    }
}

#[test]
fn style_changes_the_answer() {
    let style = open(OFFLINE, Pace::Unpaced).parameter("Style").unwrap();
    let with = |value: f64| {
        let mut rig = open(OFFLINE, Pace::Unpaced);
        rig.set("Style", value).unwrap();
        answer(&mut rig, 16)
    };
    let steps = [1.0, 2.0, 3.0].map(|step| with(style.range.start() + step));
    let plain = with(*style.range.start());
    assert!(steps.iter().any(|notes| *notes != plain), "no style made a difference");
}
