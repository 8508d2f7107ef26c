//! The player's own beat, where the song has none.

use super::*;

/// A tune by hand at a tempo, from a tick of a song at 120 BPM on: eighths with a quarter at each half bar, a little uneven.
pub(super) fn tune(from: i64, bpm: i64) -> Vec<ToWorker> {
    let mut eighth = 0;
    let steps = [1, 1, 2, 1, 1, 2, 1, 1, 1, 1, 2, 2];
    let keys = [60u8, 62, 64, 65, 64, 62, 60, 67, 65, 64, 62, 60];
    let mut messages = Vec::new();
    for (i, (step, key)) in steps.into_iter().zip(keys).enumerate() {
        let uneven = [6, -8, 0, 9, -4, 2][i % 6];
        let at = |eighths_64: i64| from * PARTS_PER_TICK + eighths_64 * 6 * 120 / bpm + uneven;
        let (on_parts, off_parts) = (at(64 * eighth), at(64 * eighth + 56 * step));
        let strike = u32::try_from(from + i64::try_from(i).unwrap()).unwrap();
        messages.extend(press((on_parts, off_parts), key, 80, strike));
        eighth += step;
    }
    messages
}

pub(super) fn asked_at(turn: u32, start_ticks: i64, start: Start) -> ToWorker {
    let request = request(0, start_ticks, start_ticks + 768);
    ToWorker::Begin(Begin { start, ..asked(turn, request, start_ticks + 768, CONTROLS) })
}

/// Onsets from a moment on, in beats at a tempo, where the song has 120 BPM.
#[expect(clippy::cast_precision_loss, reason = "small")]
fn beats(notes: &[PlannedNote], from_parts: i64, us_per_beat: u32) -> Vec<f64> {
    let beat = 768.0 * f64::from(us_per_beat) / 500_000.0;
    notes.iter().map(|note| (note.on_parts() - from_parts) as f64 / beat).collect()
}

#[test]
fn who_plays_at_a_tempo_of_their_own_is_answered_in_it() {
    for bpm in [72, 96, 100, 132, 150] {
        let mut planner = planner();
        assert_eq!(planner.found_us_per_beat(), None);
        tell(&mut planner, tune(1000, bpm));
        let notes = tell(&mut planner, [asked_at(1, 2100, Start::AtOnce)]);
        let found = planner.found_us_per_beat().unwrap();
        let played = u32::try_from(60_000_000 / bpm).unwrap();
        let is_near = |n: u32| n.abs_diff(found) * 50 < n;
        assert!([played / 2, played, played * 2].into_iter().any(is_near), "{bpm} BPM: {found} us");
        assert!(notes.len() > 1 && notes[0].on_ticks == 2100, "at once: {notes:?}");
        // What the untrained network writes is on ticks of the score, each of which is as long as the player's.
        for beat in beats(&notes, 2100 * PARTS_PER_TICK, found) {
            let ticks = 48.0 * beat;
            assert!((ticks - ticks.round()).abs() < 0.2, "{bpm} BPM: {ticks} ticks");
        }
        let call = planner.plan.as_ref().unwrap().told.iter().map(|heard| heard.note.onset_ticks).collect::<Vec<_>>();
        let unit = if is_near(played) {
            24
        } else if found < played {
            48
        } else {
            12
        };
        let steps: Vec<i64> = call.windows(2).map(|pair| (pair[1] - pair[0]) / unit).collect();
        assert_eq!(steps, [1, 1, 2, 1, 1, 2, 1, 1, 1, 1, 2], "{bpm} BPM, found {found} us: {call:?}");
    }
}

#[test]
fn an_answer_on_the_next_beat_is_on_the_players() {
    let mut planner = planner();
    tell(&mut planner, tune(1000, 100));
    let notes = tell(&mut planner, [asked_at(1, 2100, Start::NextBeat)]);
    let found = planner.found_us_per_beat().unwrap();
    let begun = beats(&notes, 1000 * PARTS_PER_TICK, found)[0];
    let near = (begun - begun.round()).abs();
    assert!(notes[0].on_ticks >= 2100 && near < 0.05, "{begun} beats after the call's first");
}

#[test]
fn one_phrase_after_the_other_keeps_the_order_of_what_is_heard() {
    let mut planner = planner();
    let mut from = 500;
    for turn in 1..6 {
        tell(&mut planner, tune(from, 60 + 23 * i64::from(turn)));
        tell(&mut planner, [asked_at(turn, from + 1200, Start::AtOnce)]);
        tell(&mut planner, [ToWorker::Finish { turn, at_ticks: from + 1900 }]);
        from += 2000;
    }
    let onsets: Vec<i64> = planner.session.last_notes(500).map(|(note, _)| note.onset_ticks).collect();
    assert!(onsets.len() > 60 && onsets.is_sorted(), "{onsets:?}");
    assert!(planner.n_learnt() >= 60, "all calls were learnt: {}", planner.n_learnt());
    // The song rolls: the same time for both again, without a step back.
    tell(&mut planner, [bars(0)].into_iter().chain(tune(from, 120)));
    tell(&mut planner, [asked_at(9, from + 1200, Start::AtOnce)]);
    let onsets: Vec<i64> = planner.session.last_notes(500).map(|(note, _)| note.onset_ticks).collect();
    assert!(onsets.is_sorted() && planner.found_us_per_beat().is_none());
    tell(&mut planner, [ToWorker::Start]);
    assert_eq!(planner.pace, Pace::SAME);
}

#[test]
fn a_long_phrase_without_an_answer_is_heard_bit_by_bit() {
    let mut planner = planner();
    for i in 0..60 {
        tell(&mut planner, tune(800 * i, 120));
    }
    assert!(planner.heard.len() < 600 && planner.n_learnt() > 100, "{} wait", planner.heard.len());
}
