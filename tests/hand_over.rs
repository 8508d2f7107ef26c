//! Who hands the turn over: silence, bars, a pedal, a key, a button.

use host::{Clap, Instance, Message, Pace, Rig, Transport, pair};

use crate::common::{OFFLINE, answer, assert_released, open, play_call, sample_of};
use crate::state::Random;
use crate::turns::set_text;

/// A rig with these settings, in which silence hands nothing over unless they say so.
fn rig_with(settings: &[(&str, &str)]) -> Rig<Clap> {
    let mut rig = open(OFFLINE, Pace::Unpaced);
    set_text(&mut rig, "Hand over by silence", "Off");
    for (name, text) in settings {
        set_text(&mut rig, name, text);
    }
    rig
}

fn beats(rig: &Rig<Clap>) -> Vec<f64> {
    #[expect(clippy::cast_precision_loss, reason = "a few seconds")]
    pair(&rig.heard).iter().map(|note| note.on_samples as f64 / sample_of(rig, 1.0) as f64).collect()
}

/// The beat of the first note and of the last note's end.
fn span(rig: &Rig<Clap>) -> Option<(f64, f64)> {
    #[expect(clippy::cast_precision_loss, reason = "a few seconds")]
    let end = pair(&rig.heard).iter().filter_map(|note| note.off_samples).max()? as f64 / sample_of(rig, 1.0) as f64;
    Some((*beats(rig).first()?, end))
}

#[test]
fn without_any_hand_over_there_is_no_answer() {
    assert!(answer(&mut rig_with(&[]), 24).is_empty());
}

#[test]
fn silence_can_be_counted_in_beats() {
    for length in [0.5, 2.0] {
        let mut rig = rig_with(&[("Hand over by silence", "Beats"), ("Silence in beats", &length.to_string())]);
        answer(&mut rig, 16);
        assert_eq!(beats(&rig).first(), Some(&(3.5 + length)));
    }
}

#[test]
fn bars_are_traded() {
    let mut rig = rig_with(&[("Trade", "Every 2 bars")]);
    play_call(&mut rig, 0);
    play_call(&mut rig, 16);
    rig.run(sample_of(&rig, 16.0)).unwrap();
    let (first, end) = span(&rig).expect("an answer to the first two bars");
    assert!(first == 8.0 && end <= 16.0, "{first} to {end}");
    rig.heard.clear();
    rig.run(sample_of(&rig, 16.0)).unwrap();
    let (first, end) = span(&rig).expect("an answer to the next two bars");
    assert!(first == 24.0 && end <= 32.0, "{first} to {end}");
}

#[test]
fn held_keys_are_handed_over_too() {
    let mut rig = rig_with(&[("Trade", "Every bar")]);
    rig.send_note(0, sample_of(&rig, 12.0), 60, 90);
    rig.send_note(sample_of(&rig, 1.0), sample_of(&rig, 0.5), 64, 90);
    rig.run(sample_of(&rig, 12.0)).unwrap();
    assert_eq!(beats(&rig).first(), Some(&4.0));
    assert_released(&pair(&rig.heard));
}

#[test]
fn a_pedal_hands_over_and_takes_back() {
    let mut rig = rig_with(&[("Hand-over controller", "66"), ("Answer length", "8 bars")]);
    play_call(&mut rig, 0);
    let press = |rig: &mut Rig<Clap>, beat: f64| {
        let at = sample_of(rig, beat);
        rig.send(at, Message::Midi([0xB0, 66, 127]));
        rig.send(at + 500, Message::Midi([0xB0, 66, 0]));
    };
    // While the last key is still down.
    press(&mut rig, 3.25);
    press(&mut rig, 12.0);
    rig.run(sample_of(&rig, 24.0)).unwrap();
    let (first, end) = span(&rig).unwrap();
    assert!((3.25..3.3).contains(&first), "{first}");
    assert!((11.9..=12.0).contains(&end), "{end}");
}

#[test]
fn the_sustain_pedal_can_hand_over_at_the_next_bar() {
    let mut rig = rig_with(&[("Hand-over controller", "CC 64"), ("Start", "Next bar")]);
    play_call(&mut rig, 0);
    rig.send(sample_of(&rig, 3.6), Message::Midi([0xB0, 64, 127]));
    rig.run(sample_of(&rig, 12.0)).unwrap();
    assert_eq!(beats(&rig).first(), Some(&4.0));
}

#[test]
fn a_key_hands_over_and_is_not_heard() {
    let mut rig = rig_with(&[("Hand-over key", "21"), ("Thru", "On")]);
    play_call(&mut rig, 0);
    rig.send_note(sample_of(&rig, 4.0), 1000, 21, 90);
    rig.run(sample_of(&rig, 12.0)).unwrap();
    let notes = pair(&rig.heard);
    assert_released(&notes);
    assert!(notes.iter().all(|note| note.key != 21));
    assert!(notes.len() > 6 && notes[6].on_samples == sample_of(&rig, 4.0), "{notes:?}");
}

#[test]
fn a_button_hands_over_at_its_sample() {
    let mut rig = rig_with(&[]);
    play_call(&mut rig, 0);
    let id = rig.parameter("Hand over now").unwrap().id;
    rig.send(sample_of(&rig, 4.0), Message::Parameter { id, value: 1.0 });
    rig.run(sample_of(&rig, 12.0)).unwrap();
    assert_eq!(beats(&rig).first(), Some(&4.0));
}

#[test]
fn the_mix_takes_what_comes_first() {
    let mut rig = rig_with(&[("Hand over by silence", "Beats"), ("Silence in beats", "1"), ("Trade", "Every 4 bars")]);
    answer(&mut rig, 12);
    assert_eq!(beats(&rig).first(), Some(&4.5));
}

#[test]
fn playing_on_over_an_answer_lets_it_go_on() {
    let mut rig = rig_with(&[("Trade", "Every bar"), ("When I play over", "Play on"), ("Answer length", "2 bars")]);
    play_call(&mut rig, 0);
    rig.send_note(sample_of(&rig, 5.0), 4000, 72, 90);
    rig.run(sample_of(&rig, 14.0)).unwrap();
    let after = beats(&rig).into_iter().filter(|&beat| beat > 5.2 && beat < 12.0).count();
    assert!(after > 2, "only {after} notes after the player's");
}

#[test]
fn the_generator_plays_by_itself_while_the_song_rolls() {
    let mut rig = open(OFFLINE, Pace::Unpaced);
    set_text(&mut rig, "Mode", "Continue");
    rig.run(sample_of(&rig, 64.0)).unwrap();
    let first = beats(&rig);
    assert_eq!(first.first(), Some(&0.0));
    assert!(first.windows(2).all(|w| w[1] - w[0] <= 8.0) && first.last().is_some_and(|&last| last > 55.0));
    // It begins again where the song goes on from elsewhere.
    rig.heard.clear();
    let from = rig.now();
    rig.set_transport(Transport { beats: 2.0, ..rig.transport() });
    rig.run(sample_of(&rig, 8.0)).unwrap();
    let again = pair(&rig.heard);
    assert_eq!(again.iter().map(|note| note.on_samples).find(|&on| on >= from), Some(from));
    // Another start gives the same again.
    rig.set_transport(Transport { is_playing: false, ..rig.transport() });
    rig.run(1000).unwrap();
    rig.heard.clear();
    rig.set_transport(Transport { is_playing: true, beats: 0.0, ..rig.transport() });
    let from = rig.now();
    rig.run(sample_of(&rig, 64.0)).unwrap();
    let again: Vec<_> = pair(&rig.heard).into_iter().skip_while(|note| note.on_samples < from).collect();
    let mut other = open(OFFLINE, Pace::Unpaced);
    set_text(&mut other, "Mode", "Continue");
    other.run(sample_of(&other, 64.0)).unwrap();
    let expected = pair(&other.heard);
    assert_eq!(again.len(), expected.len());
    assert!(again.iter().zip(&expected).all(|(a, b)| (a.on_samples - from, a.key) == (b.on_samples, b.key)));
    rig.set_transport(Transport { is_playing: false, ..rig.transport() });
    rig.heard.clear();
    rig.run(sample_of(&rig, 8.0)).unwrap();
    assert!(!rig.heard.iter().any(|event| matches!(event.message, Message::NoteOn { .. })), "it stops with the song");
}

#[test]
fn who_takes_the_turn_back_after_playing_along_has_it() {
    let settings = [("Hand-over controller", "66"), ("When I play over", "Play on"), ("Hand over by silence", "Time")];
    let mut rig = rig_with(&settings);
    set_text(&mut rig, "Answer length", "8 bars");
    play_call(&mut rig, 0);
    rig.send_note(sample_of(&rig, 8.0), 3000, 72, 90);
    rig.send(sample_of(&rig, 16.0), Message::Midi([0xB0, 66, 127]));
    rig.run(sample_of(&rig, 24.0)).unwrap();
    let answer = beats(&rig);
    assert!(answer.iter().any(|&beat| beat > 14.0) && answer.iter().all(|&beat| beat < 16.0), "{answer:?}");
    // The next call is answered as ever.
    play_call(&mut rig, 24);
    rig.run(sample_of(&rig, 8.0)).unwrap();
    assert!(beats(&rig).last().is_some_and(|&beat| beat > 27.5));
}

#[test]
fn the_sustain_pedal_that_hands_over_is_not_heard() {
    let pedals = |mode: &str| -> Vec<u8> {
        let mut rig = rig_with(&[("Hand-over controller", "CC 64"), ("Thru", "On"), ("Mode", mode)]);
        play_call(&mut rig, 0);
        for (beat, value) in [(4.0, 127), (5.0, 0)] {
            rig.send(sample_of(&rig, beat), Message::Midi([0xB0, 64, value]));
        }
        rig.run(sample_of(&rig, 12.0)).unwrap();
        let value = |event: &host::Event| match event.message {
            Message::Midi([_, 64, value]) => Some(value),
            _ => None,
        };
        rig.heard.iter().filter_map(value).collect()
    };
    assert!(!pedals("Answer").contains(&127), "the answer would be played with the pedal down");
    assert_eq!(pedals("Off"), [127, 0]);
}

#[test]
fn a_song_that_was_saved_with_the_button_down_begins_in_silence() {
    let mut rig = rig_with(&[("Hand over now", "On")]);
    rig.run(512).unwrap();
    let saved = rig.plugin.save().unwrap();
    let mut rig = open(OFFLINE, Pace::Unpaced);
    rig.plugin.load(&saved).unwrap();
    rig.run(sample_of(&rig, 8.0)).unwrap();
    assert!(rig.heard.is_empty(), "{:?}", beats(&rig));
}

#[test]
fn bars_are_traded_in_any_metre() {
    for signature in [(3, 4), (5, 4), (7, 8), (6, 8), (12, 8), (2, 2)] {
        let mut rig = rig_with(&[("Trade", "Every 2 bars")]);
        rig.set_transport(Transport { signature, ..rig.transport() });
        let bar = rig.transport().bar_beats();
        play_call(&mut rig, 0);
        rig.run(sample_of(&rig, 5.0 * bar)).unwrap();
        let (first, end) = span(&rig).expect("an answer");
        assert!(first == 2.0 * bar && end <= 4.0 * bar, "{signature:?}: {first} to {end}");
    }
}

#[test]
fn a_hand_over_that_changes_while_it_is_awaited_comes_as_it_is_now() {
    let begins = |changes: &[(&str, &str)]| {
        let mut rig = rig_with(&[("Hand over by silence", "Beats"), ("Silence in beats", "8")]);
        play_call(&mut rig, 0);
        for (name, text) in changes {
            let value = rig.plugin.read_text(name, text).unwrap();
            let id = rig.parameter(name).unwrap().id;
            rig.send(sample_of(&rig, 5.0), Message::Parameter { id, value });
        }
        rig.run(sample_of(&rig, 20.0)).unwrap();
        beats(&rig).first().copied()
    };
    assert_eq!(begins(&[]), Some(11.5));
    assert_eq!(begins(&[("Hand over by silence", "Off")]), None);
    assert_eq!(begins(&[("Silence in beats", "3")]), Some(6.5));
    assert_eq!(begins(&[("Silence in beats", "1")]), Some(5.0));
    assert_eq!(begins(&[("Start", "Next bar")]), Some(12.0));
    assert_eq!(begins(&[("Hand over by silence", "Off"), ("Trade", "Every 2 bars")]), Some(8.0));
}

#[test]
fn another_seed_gives_another_answer_as_long_as_it_has_not_begun() {
    let play = |seed: &str, later: Option<f64>| {
        let mut rig = rig_with(&[("Hand over by silence", "Beats"), ("Silence in beats", "4"), ("Seed", seed)]);
        play_call(&mut rig, 0);
        if let Some(value) = later {
            let id = rig.parameter("Seed").unwrap().id;
            rig.send(sample_of(&rig, 6.0), Message::Parameter { id, value });
        }
        rig.run(sample_of(&rig, 16.0)).unwrap();
        pair(&rig.heard)
    };
    let value = open(OFFLINE, Pace::Unpaced).plugin.read_text("Seed", "9").unwrap();
    assert_eq!(play("1", Some(value)), play("9", None));
    assert_ne!(play("1", None), play("9", None));
}

#[test]
fn no_answer_comes_before_the_silence_or_goes_on_over_the_player() {
    for seed in 1..=4 {
        let mut random = Random(seed * 77);
        let mut any = |texts: &[&'static str]| texts[usize::try_from(random.below(texts.len() as u64)).unwrap()];
        let silence = any(&["0.5", "1", "2"]);
        let mut rig = rig_with(&[
            ("Hand over by silence", "Beats"),
            ("Silence in beats", silence),
            ("Start", any(&["At once", "Next beat", "Next bar"])),
            ("Answer length", any(&["Like the call", "1 bar", "2 bars", "Until stopped"])),
        ]);
        let signature = [(4, 4), (3, 4), (7, 8), (5, 8)][usize::try_from(random.below(4)).unwrap()];
        rig.set_transport(Transport { signature, ..rig.transport() });
        let (mut at, mut keys) = (0, Vec::new());
        for _ in 0..16 {
            for _ in 0..=random.below(5) {
                let length = 100 + random.below(9000);
                rig.send_note(at, length, u8::try_from(40 + random.below(40)).unwrap(), 60);
                keys.push((at, at + length));
                at += length + 10;
            }
            at += random.below(100_000);
        }
        rig.run(at).unwrap();
        // A tick lasts 250 samples.
        let silence = sample_of(&rig, silence.parse().unwrap()) - 250;
        for note in pair(&rig.heard) {
            let last_up = keys.iter().filter(|key| key.0 <= note.on_samples).map(|key| key.1).max();
            assert!(
                last_up.is_some_and(|up| note.on_samples >= up + silence),
                "seed {seed}: {note:?} after {last_up:?}"
            );
            let next_down = keys.iter().map(|key| key.0).find(|&down| down > note.on_samples);
            let is_over = next_down.is_none_or(|down| note.off_samples.is_some_and(|off| off <= down));
            assert!(is_over, "seed {seed}: {note:?} over {next_down:?}");
        }
    }
}
