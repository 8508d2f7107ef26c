//! In time with the host: tempo, loop, pre-roll, and the delay of what plays the answer.

use host::{Clap, Message, Pace, Played, Rig, Settings, Transport, pair};

use crate::common::{OFFLINE, TEMPO, answer, assert_released, open, play_call, sample_of};
use crate::turns::set_text;

/// Notes as ticks of the song, in blocks of which the host tells the tempo.
fn music(notes: &[Played], beat_of: impl Fn(u64) -> f64) -> Vec<(i64, u8, u8)> {
    #[expect(clippy::cast_possible_truncation, reason = "a few thousand")]
    let tick = |samples| (beat_of(samples) * 48.0).round() as i64;
    notes.iter().map(|note| (tick(note.on_samples), note.key, note.velocity)).collect()
}

#[expect(clippy::cast_precision_loss, reason = "a few seconds")]
fn at_tempo(tempo: f64) -> impl Fn(u64) -> f64 {
    move |samples| samples as f64 / 48_000.0 / 60.0 * tempo
}

#[test]
fn the_answer_follows_a_tempo_change_in_its_middle() {
    let plain = answer(&mut open(OFFLINE, Pace::Unpaced), 12);
    let mut rig = open(OFFLINE, Pace::Unpaced);
    play_call(&mut rig, 0);
    let change = sample_of(&rig, 8.0);
    rig.run(change).unwrap();
    rig.set_transport(Transport { tempo: 90.0, ..rig.transport() });
    rig.run(rig.samples(5.0)).unwrap();
    #[expect(clippy::cast_precision_loss, reason = "a few seconds")]
    let beat_of = |samples: u64| match samples.checked_sub(change) {
        None => at_tempo(TEMPO)(samples),
        Some(after) => 8.0 + after as f64 / 48_000.0 / 60.0 * 90.0,
    };
    let notes = pair(&rig.heard);
    assert_released(&notes);
    assert_eq!(music(&notes, beat_of), music(&plain, at_tempo(TEMPO)));
}

#[test]
fn a_loop_of_whole_bars_gives_the_take_of_a_song_that_goes_straight_on() {
    let take = |loop_beats| {
        let mut rig = open(OFFLINE, Pace::Unpaced);
        rig.set_transport(Transport { loop_beats, ..rig.transport() });
        for pass in 0..3 {
            for (beat, key) in [(0.0, 62), (1.0, 65), (2.0, 69), (3.0, 64)] {
                let at = sample_of(&rig, 16.0 * f64::from(pass) + beat);
                rig.send_note(at, sample_of(&rig, 0.5), key, 90);
            }
        }
        rig.run(sample_of(&rig, 48.0)).unwrap();
        pair(&rig.heard)
    };
    let straight = take(None);
    let pass = sample_of(&open(OFFLINE, Pace::Unpaced), 16.0);
    let n_in = |n: u64| straight.iter().filter(|note| note.on_samples / pass == n).count();
    assert!((0..3).all(|n| n_in(n) > 0), "{straight:?}");
    assert!(
        straight.iter().all(|note| note.off_samples.is_some_and(|off| off % pass > note.on_samples % pass)),
        "none is cut"
    );
    assert_eq!(take(Some((0.0, 16.0))), straight);
    assert_eq!(take(Some((-16.0, 16.0))), straight);
}

#[test]
fn a_song_may_begin_before_its_start() {
    let from = |beats: f64| {
        let mut rig = open(OFFLINE, Pace::Unpaced);
        set_text(&mut rig, "Start", "Next bar");
        rig.set_transport(Transport { beats, ..rig.transport() });
        answer(&mut rig, 20)
    };
    let notes = from(-8.0);
    assert!(!notes.is_empty());
    assert_eq!(notes, from(0.0), "two bars of pre-roll are two bars like any other");
}

#[test]
fn playing_ahead_moves_the_answer_and_nothing_else() {
    let answer_ahead = |ms: &str| {
        let mut rig = open(OFFLINE, Pace::Unpaced);
        set_text(&mut rig, "Play ahead", ms);
        set_text(&mut rig, "Start", "Next bar");
        answer(&mut rig, 16)
    };
    let (plain, ahead) = (answer_ahead("0"), answer_ahead("25"));
    assert!(!plain.is_empty());
    let moved: Vec<_> = plain
        .iter()
        .map(|n| Played { on_samples: n.on_samples - 1200, off_samples: n.off_samples.map(|off| off - 1200), ..*n })
        .collect();
    assert_eq!(ahead, moved);
}

#[test]
fn automation_gives_the_same_take_at_any_sample_rate() {
    let take = |sample_rate: f64| {
        let mut rig: Rig<Clap> = open(Settings { sample_rate, ..OFFLINE }, Pace::Unpaced);
        set_text(&mut rig, "Answer length", "4 bars");
        play_call(&mut rig, 0);
        for (name, beat, value) in [("Temperature", 9.0, 1.4), ("Density", 10.0, 4.0), ("Lowest key", 12.0, 70.0)] {
            let id = rig.parameter(name).unwrap().id;
            rig.send(sample_of(&rig, beat), Message::Parameter { id, value });
        }
        rig.run(sample_of(&rig, 28.0)).unwrap();
        #[expect(clippy::cast_precision_loss, reason = "a few seconds")]
        music(&pair(&rig.heard), |samples| samples as f64 / sample_rate / 60.0 * TEMPO)
    };
    let expected = take(48_000.0);
    assert!(!expected.is_empty());
    for rate in [44_100.0, 96_000.0] {
        assert_eq!(take(rate), expected, "{rate} Hz");
    }
}

/// The beats on which the notes of a rig begin.
#[expect(clippy::cast_precision_loss, reason = "a few seconds")]
fn beats(rig: &Rig<Clap>) -> Vec<f64> {
    pair(&rig.heard).iter().map(|note| note.on_samples as f64 / sample_of(rig, 1.0) as f64).collect()
}

#[test]
fn each_bar_of_an_odd_metre_counts_its_own_beats() {
    // The second bar of 7/8 begins at 3.5. The call ends there, and a beat later the turn is handed over.
    for (silence, expected) in [("250 ms", 4.5), ("200 ms", 4.5), ("300 ms", 5.5), ("800 ms", 7.0)] {
        let mut rig = open(OFFLINE, Pace::Unpaced);
        set_text(&mut rig, "Start", "Next beat");
        set_text(&mut rig, "Silence", silence);
        rig.set_transport(Transport { signature: (7, 8), ..rig.transport() });
        answer(&mut rig, 12);
        assert_eq!(beats(&rig).first(), Some(&expected), "{silence}");
    }
}

#[test]
fn an_answer_is_drawn_to_the_beats_of_each_bar_and_follows_a_change_of_metre() {
    let rig_with = |settings: [(&str, &str); 3]| {
        let mut rig = open(OFFLINE, Pace::Unpaced);
        for (name, text) in settings.into_iter().chain([("Quantise", "1/4")]) {
            set_text(&mut rig, name, text);
        }
        rig
    };
    let mut rig = rig_with([("Start", "Next bar"), ("Answer length", "4 bars"), ("Rhythm freedom", "150")]);
    rig.set_transport(Transport { signature: (7, 8), ..rig.transport() });
    answer(&mut rig, 24);
    let places: Vec<f64> = beats(&rig).into_iter().map(|beat| beat % 3.5).collect();
    assert!(places.len() > 4 && places.iter().all(|place| place.fract() == 0.0), "{places:?}");

    let mut rig = rig_with([("Mode", "Continue"), ("Voices", "1"), ("Rhythm freedom", "150")]);
    rig.run(sample_of(&rig, 8.0)).unwrap();
    rig.set_transport(Transport { signature: (7, 8), ..rig.transport() });
    rig.run(sample_of(&rig, 32.0)).unwrap();
    let places: Vec<f64> = beats(&rig).into_iter().filter(|&beat| beat > 13.0).map(|beat| beat % 3.5).collect();
    assert!(places.len() > 4 && places.iter().all(|place| place.fract() == 0.0), "{places:?}");
}

#[test]
fn an_answer_at_once_begins_as_early_as_playing_ahead_lets_it() {
    for ms in ["0", "10", "25", "62.5", "100"] {
        let mut rig = open(OFFLINE, Pace::Unpaced);
        for (name, text) in [("Hand over by silence", "Off"), ("Hand-over controller", "66"), ("Play ahead", ms)] {
            set_text(&mut rig, name, text);
        }
        let pressed = sample_of(&rig, 4.0);
        rig.send(pressed, Message::Midi([0xB0, 66, 127]));
        let notes = answer(&mut rig, 8);
        // A tick lasts 250 samples.
        let first = notes.first().map(|note| note.on_samples);
        assert!(first.is_some_and(|first| (pressed..pressed + 125).contains(&first)), "{ms} ms: {first:?}");
    }
}

#[test]
fn an_answer_that_is_to_play_further_ahead_loses_none_of_its_first_notes() {
    let first = |value: f64| {
        let mut rig = open(OFFLINE, Pace::Unpaced);
        let id = rig.parameter("Play ahead").unwrap().id;
        // In the short time that is left for it, the answer would be the best of fewer.
        set_text(&mut rig, "Best of", "1");
        // The answer is to be heard at 6.3.
        rig.send(sample_of(&rig, 6.2), Message::Parameter { id, value });
        answer(&mut rig, 16).first().map(|note| (note.key, note.velocity)).expect("an answer")
    };
    assert_eq!(first(100.0), first(0.0));
}

#[test]
fn a_tempo_in_motion_gives_the_same_take_at_any_block_size() {
    let take = |max_block: u32| {
        let mut rig = open(Settings { max_block, ..OFFLINE }, Pace::Unpaced);
        set_text(&mut rig, "Answer length", "4 bars");
        play_call(&mut rig, 0);
        for step in 0..2000 {
            let tempo = 240.0 - 150.0 * (f64::from(step) / 500.0).sin();
            rig.set_transport(Transport { tempo, ..rig.transport() });
            rig.run(128).unwrap();
        }
        pair(&rig.heard)
    };
    let expected = take(128);
    assert!(expected.len() > 6);
    for block in [1, 17, 64] {
        assert_eq!(take(block), expected, "blocks of {block}");
    }
}
