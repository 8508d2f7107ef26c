//! The phrase that the demo plays, from a MIDI or MusicXML file.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use music::file::{self, MusicFile};
use music::{Note, Score};

/// A damaged file can have a thousand faults.
const MAX_LINES: usize = 20;

/// Reads a file, and says what it leaves out. All parts but drums and Antiphon's own are played, unless there are no others.
///
/// # Errors
/// When it is of no known format, has no notes, or counts time in video frames.
pub(crate) fn read(path: &Path) -> Result<Score> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let MusicFile { score, left_out, drums } =
        file::read(&bytes).with_context(|| format!("cannot play {}", path.display()))?;
    for left in left_out.iter().chain(&drums).take(MAX_LINES) {
        println!("left out {left}");
    }
    if let n_more @ 1.. = (left_out.len() + drums.len()).saturating_sub(MAX_LINES) {
        println!("left out {n_more} more like these");
    }
    let call = score.as_call();
    ensure!(call.n_notes() > 0, "cannot play {}: it holds no notes but drums", path.display());
    Ok(call)
}

/// Drops whole empty bars before the first note, and what comes after the wanted bars.
pub(super) fn shorten(call: &Score, max_bars: u32) -> Score {
    let first = notes(call).first().map_or(0, |note| note.onset_ticks);
    let start = call.bar_line(first);
    let end = (0..max_bars.max(1)).fold(start, |line, _| call.next_bar_line(line));
    call.excerpt(start, end)
}

/// All notes of the call, in order.
pub(crate) fn notes(call: &Score) -> Vec<Note> {
    let mut notes: Vec<Note> = call.parts.iter().flat_map(|part| part.notes.iter().copied()).collect();
    notes.sort_by_key(Note::order);
    notes
}

/// The longest time between two notes of the call in which nothing sounds, in seconds.
pub(super) fn longest_rest_seconds(call: &Score) -> f64 {
    let (mut longest, mut end) = (0.0f64, None::<i64>);
    for note in notes(&call.without_pedal()) {
        if let Some(end) = end {
            longest = longest.max(call.tempi.seconds(note.onset_ticks) - call.tempi.seconds(end));
        }
        end = end.max(Some(note.end_ticks()));
    }
    longest
}

#[cfg(test)]
mod tests {
    use music::score::CALL_TRACK;
    use music::{Part, PedalChange, Pitch, TempoMap, TimeSignature, Velocity, find_key, midi};

    use super::*;

    fn note(onset_ticks: i64, duration_ticks: u32, key: u8) -> Note {
        Note { onset_ticks, duration_ticks, pitch: Pitch::nearest(key), velocity: Velocity::MEDIUM }
    }

    #[test]
    fn the_shipped_calls_are_playable() {
        for (name, signature, key) in [("call.mid", "4/4", "D minor"), ("call-waltz.mid", "3/4", "G major")] {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures").join(name);
            let call = read(&path).unwrap();
            assert_eq!(call.signature(0).to_string(), signature, "{name}");
            let in_ticks = call.resampled(music::TICKS_PER_BEAT);
            assert_eq!(find_key(&notes(&in_ticks)).unwrap().0.to_string(), key, "{name}");
            let bar = i64::from(call.signature(0).bar_ticks(call.ticks_per_beat));
            let end = call.end_ticks();
            assert!(end > 3 * bar && end <= 4 * bar, "{name} ends at {end}");
            assert_eq!(call.parts.len(), 1, "without a pedal there is one channel");
        }
    }

    #[test]
    fn pedals_and_tempi_are_played() {
        let mut score = Score::new(120.0, TimeSignature::new(6, 3).unwrap());
        score.tempi = TempoMap::new(48, [(0, 500_000), (144, 600_000), (288, 1)]);
        let mut left = Part::new("Left hand", vec![note(144, 12, 40), note(288, 12, 41)]).on_channel(4);
        left.pedal = vec![PedalChange { ticks: 150, is_down: true }, PedalChange { ticks: 280, is_down: false }];
        let score = score.with_part(Part::new("Right hand", vec![note(150, 12, 70)]).on_channel(2)).with_part(left);
        let bytes = midi::write(&score).unwrap();
        let call = shorten(&file::read(&bytes).unwrap().score.as_call(), 2);
        assert_eq!(call.signature(0).to_string(), "6/8");
        // The empty bar is gone, and no one plays at 60 million BPM.
        assert_eq!(call.tempi.changes().collect::<Vec<_>>(), [(0, 600_000), (1440, 150_000)]);
        let pedals: Vec<usize> = call.parts.iter().map(|part| part.pedal.len()).collect();
        let channels: Vec<u8> = call.parts.iter().map(|part| part.channel).collect();
        assert_eq!((pedals, channels), (vec![0, 2], vec![0, 1]), "the right hand is not held");
        // The pedal holds from beat 1/4 to 272 / 480 beats; then nothing sounds until the next bar.
        let rest_ticks = 1440 - 1360;
        assert!((longest_rest_seconds(&call) - 0.6 * f64::from(rest_ticks) / 480.0).abs() < 1e-9);
    }

    #[test]
    fn a_saved_answer_can_be_a_call() {
        let answer = Score::new(120.0, TimeSignature::COMMON)
            .with_part(Part::new(music::score::ANSWER_TRACK, vec![note(0, 48, 60)]));
        assert_eq!(answer.clone().as_call().n_notes(), 1);
        let take = answer.with_part(Part::new(CALL_TRACK, vec![note(0, 48, 60), note(48, 48, 62)]));
        assert_eq!(take.as_call().n_notes(), 2);
    }
}
