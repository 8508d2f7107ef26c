//! What the network can be told of a piece beside its notes: bars, phrases, how each phrase relates to the bars before it, and
//! the chord of each beat.

use engine::conditions::harmony;
use engine::conditions::{similarity, top_voice};
use music::bar_lines::BarLines;
use music::{Note, Reduction, TICKS_PER_BEAT};

use crate::data::shards::{Labels, PlacedNote};

/// Phrases of up to so many bars are compared with as many bars before them.
const MOST_PHRASE_BARS: u16 = 8;
/// A rest of all voices ends a phrase from here on.
const FULL_REST_TICKS: i64 = TICKS_PER_BEAT as i64 / 2;
/// A note of the top voice that is not followed by another for so long may end a phrase, if that is long for the music
/// around it.
const LONG_TICKS: i64 = 2 * TICKS_PER_BEAT as i64;
/// How many notes before and after a note are the music around it.
const AROUND: usize = 12;
/// Phrases have at least so many notes in their top voice.
const LEAST_NOTES: usize = 4;

/// The notes of a score with their places and labels.
pub(crate) fn annotate(score: &Reduction) -> Vec<PlacedNote> {
    let notes = &score.notes;
    let mut labels = vec![Labels::default(); notes.len()];
    let bar_lines = BarLines::new(&score.metres);
    for (labels, value) in labels.iter_mut().zip(harmonies(score, &bar_lines)) {
        labels.harmony = value;
    }
    if !score.is_free {
        for (labels, note) in labels.iter_mut().zip(notes) {
            labels.bar = bar(&bar_lines, note.onset_ticks);
        }
        let starts = phrase_starts(notes, &bar_lines);
        for (i, &start) in starts.iter().enumerate() {
            let stop = starts.get(i + 1).copied().unwrap_or(notes.len());
            let next_ticks = notes.get(stop).map_or(i64::MAX, |next| next.onset_ticks);
            let end_ticks = notes[start..stop].iter().map(Note::end_ticks).max().unwrap_or(0).min(next_ticks);
            let last_bar = bar(&bar_lines, end_ticks - 1).max(labels[stop - 1].bar);
            let relation = relation(notes, &labels, start..stop, last_bar, &bar_lines);
            for labels in &mut labels[start..stop] {
                (labels.last_bar, labels.relation) = (last_bar, relation);
            }
            labels[start].begins_phrase = true;
        }
    }
    let place = |(&note, labels)| PlacedNote { note, position: score.position(note.onset_ticks), labels };
    notes.iter().zip(labels).map(place).collect()
}

/// The number of the bar at `ticks`, as labels hold it: an upbeat is in the first bar.
fn bar(bar_lines: &BarLines, ticks: i64) -> u16 {
    let last = i64::from(Labels::UNKNOWN_BAR) - 1;
    bar_lines.bar(ticks).map_or(Labels::UNKNOWN_BAR, |bar| u16::try_from(bar.clamp(0, last)).unwrap_or(0))
}

/// The harmony value at each note.
fn harmonies(score: &Reduction, bar_lines: &BarLines) -> Vec<u8> {
    let (Some(first), Some(last)) = (score.notes.first(), score.notes.last()) else { return Vec::new() };
    let beats = bar_lines.beats(first.onset_ticks, last.onset_ticks);
    let values = harmony::recognise(&score.notes, &beats);
    let mut beat = 0;
    let value = |note: &Note| {
        while beats.get(beat + 1).is_some_and(|next| next.start_ticks <= note.onset_ticks) {
            beat += 1;
        }
        values.get(beat).copied().unwrap_or(0)
    };
    score.notes.iter().map(value).collect()
}

/// The first note of each phrase, see [`ended_phrases`] and [`parallel_phrases`].
fn phrase_starts(notes: &[Note], bar_lines: &BarLines) -> Vec<usize> {
    let ended = ended_phrases(notes, bar_lines);
    parallel_phrases(notes, bar_lines, ended)
}

/// Divides phrases where one begins as another did (parallelism: Lerdahl and Jackendoff 1983, *A Generative Theory of Tonal
/// Music*): four or eight bars after its beginning a phrase takes its first bar up again.
fn parallel_phrases(notes: &[Note], bar_lines: &BarLines, starts: Vec<usize>) -> Vec<usize> {
    let first_of = |ticks: i64| notes.partition_point(|note| note.onset_ticks < ticks);
    // What the top voice does in the bar that begins at `ticks`; nothing if that is too little to be known again.
    let theme = |ticks: i64| -> Vec<(i64, u8)> {
        let bar = first_of(ticks)..first_of(ticks + bar_lines.bar_ticks(ticks));
        let top: Vec<_> = top_voice(&notes[bar]).map(|note| (note.onset_ticks - ticks, note.pitch.get())).collect();
        if top.len() < 3 { Vec::new() } else { top }
    };
    let mut all = Vec::with_capacity(starts.len());
    for (i, &start) in starts.iter().enumerate() {
        all.push(start);
        let stop_ticks = starts.get(i + 1).map_or(i64::MAX, |&next| notes[next].onset_ticks);
        let Some(first) = notes.get(start) else { break };
        let bar_ticks = bar_lines.bar_ticks(first.onset_ticks);
        let to_bar = bar_lines.to_next_bar_ticks(first.onset_ticks);
        let mut from = if to_bar <= bar_ticks / 2 || to_bar < bar_ticks && i == 0 {
            first.onset_ticks + to_bar
        } else {
            first.onset_ticks + to_bar - bar_ticks
        };
        loop {
            let known = theme(from);
            let parallel = [4, 8]
                .map(|n_bars| from + n_bars * bar_ticks)
                .into_iter()
                .find(|&ticks| !known.is_empty() && ticks + 2 * bar_ticks <= stop_ticks && theme(ticks) == known);
            // Without a repeat, the next eight bars may be repeated in their turn.
            let Some(ticks) = parallel.or_else(|| {
                let later = from + 8 * bar_ticks;
                let is_parallel = |n_bars: i64| {
                    let (one, other) = (theme(later), theme(later + n_bars * bar_ticks));
                    !one.is_empty() && one == other
                };
                (later + 6 * bar_ticks <= stop_ticks && (is_parallel(4) || is_parallel(8))).then_some(later)
            }) else {
                break;
            };
            let next = first_of(ticks);
            if next >= notes.len() || next <= all[all.len() - 1] {
                break;
            }
            all.push(next);
            from = ticks;
        }
    }
    all
}

/// The first note of each phrase, by what ends the one before: a rest of all voices, or a note of the top voice that is long
/// for the music around it.
fn ended_phrases(notes: &[Note], bar_lines: &BarLines) -> Vec<usize> {
    let top: Vec<&Note> = top_voice(notes).collect();
    let gaps: Vec<i64> = top.windows(2).map(|pair| pair[1].onset_ticks - pair[0].onset_ticks).collect();
    let mut starts = vec![0];
    let (mut phrase_ticks, mut n_in_phrase) = (notes.first().map_or(0, |note| note.onset_ticks), 1);
    // Before this note of `notes`, all notes have ended by then.
    let (mut next, mut sounding_until) = (0, i64::MIN);
    let mut around = Vec::with_capacity(2 * AROUND);
    for (i, pair) in top.windows(2).enumerate() {
        let onset_ticks = pair[1].onset_ticks;
        while notes.get(next).is_some_and(|note| note.onset_ticks < onset_ticks) {
            sounding_until = sounding_until.max(notes[next].end_ticks());
            next += 1;
        }
        around.clear();
        around.extend_from_slice(&gaps[i.saturating_sub(AROUND)..i]);
        around.extend_from_slice(&gaps[i + 1..gaps.len().min(i + 1 + AROUND)]);
        around.sort_unstable();
        let usual_ticks = around.get(around.len() / 2).copied().unwrap_or(0);
        let rests = onset_ticks - sounding_until >= FULL_REST_TICKS && gaps[i] > usual_ticks;
        let top_rest_ticks = onset_ticks - pair[0].end_ticks();
        let is_long = gaps[i] >= LONG_TICKS.max(2 * usual_ticks);
        let is_very_long = gaps[i] >= LONG_TICKS.max(3 * usual_ticks) || is_long && top_rest_ticks >= FULL_REST_TICKS;
        let bar_ticks = bar_lines.bar_ticks(onset_ticks);
        let lasted_ticks = onset_ticks - phrase_ticks;
        // A new phrase begins with a bar, or with an upbeat.
        let to_bar = bar_lines.to_next_bar_ticks(onset_ticks);
        let begins_well = to_bar == bar_ticks || to_bar <= bar_ticks / 2;
        let ends = n_in_phrase >= LEAST_NOTES
            && ((rests || is_very_long) && lasted_ticks >= bar_ticks
                || is_long && begins_well && lasted_ticks >= 2 * bar_ticks - LONG_TICKS);
        if ends {
            starts.push(next);
            (phrase_ticks, n_in_phrase) = (onset_ticks, 0);
        }
        n_in_phrase += 1;
    }
    starts
}

/// How a phrase relates to as many bars before it, 0 when it cannot be said.
fn relation(
    notes: &[Note],
    labels: &[Labels],
    phrase: std::ops::Range<usize>,
    last_bar: u16,
    bar_lines: &BarLines,
) -> u8 {
    let onset_ticks = notes[phrase.start].onset_ticks;
    let bar_ticks = bar_lines.bar_ticks(onset_ticks);
    let is_upbeat = bar_lines.to_next_bar_ticks(onset_ticks) <= bar_ticks / 2;
    let first_bar = labels[phrase.start].bar + u16::from(is_upbeat);
    let n_bars = (last_bar + 1).saturating_sub(first_bar);
    if !(1..=MOST_PHRASE_BARS).contains(&n_bars) || first_bar < n_bars {
        return 0;
    }
    // An upbeat may lead into the call as well.
    let (from_bar, upbeat_ticks) =
        (first_bar - n_bars, if is_upbeat { bar_lines.to_next_bar_ticks(onset_ticks) } else { 0 });
    let call = notes[..phrase.start].partition_point(|note| bar(bar_lines, note.onset_ticks + upbeat_ticks) < from_bar);
    similarity(&notes[call..phrase.start], &notes[phrase]).map_or(0, |found| found.relation() as u8)
}

#[cfg(test)]
mod tests {
    use music::{MetreChange, Pitch, TempoMap, TimeSignature, Velocity};

    use super::*;

    /// A score in 4/4 of (onset, length, key).
    fn score(notes: &[(i64, u32, u8)]) -> Reduction {
        let note = |&(onset_ticks, duration_ticks, key): &(i64, u32, u8)| Note {
            onset_ticks,
            duration_ticks,
            pitch: Pitch::new(key).unwrap(),
            velocity: Velocity::MEDIUM,
        };
        let mut notes: Vec<Note> = notes.iter().map(note).collect();
        notes.sort_by_key(Note::order);
        let end_ticks = notes.iter().map(Note::end_ticks).max().unwrap();
        let metres = vec![MetreChange { start_ticks: 0, signature: TimeSignature::COMMON }];
        let tempi = TempoMap::constant(TICKS_PER_BEAT, 120.0);
        Reduction { notes, metres, tempi, is_free: false, heard_by: None, end_ticks, seconds: 1.0 }
    }

    /// Two bars that end on a half note, beginning at `from` and `up` semitones higher.
    fn phrase(from: i64, up: u8) -> Vec<(i64, u32, u8)> {
        let keys = [60, 62, 64, 65, 67, 64];
        let mut notes: Vec<_> = (0..6).map(|i| (from + 48 * i, 48, keys[usize::try_from(i).unwrap()] + up)).collect();
        notes.push((from + 288, 96, 62 + up));
        notes
    }

    #[test]
    fn phrases_end_on_long_notes_and_are_compared() {
        let notes: Vec<_> = [phrase(0, 0), phrase(384, 2), phrase(768, 0)].concat();
        let placed = annotate(&score(&notes));
        let starts: Vec<i64> = placed.iter().filter(|p| p.labels.begins_phrase).map(|p| p.note.onset_ticks).collect();
        assert_eq!(starts, [0, 384, 768]);
        let last_bars: Vec<u16> = placed.iter().map(|p| p.labels.last_bar).collect();
        assert_eq!(last_bars, [[1; 7], [3; 7], [5; 7]].concat());
        let relations: Vec<u8> = placed.iter().step_by(7).map(|p| p.labels.relation).collect();
        assert_eq!(relations, [0, 1, 1], "a sequence is an echo; before the first phrase there is nothing");
    }

    #[test]
    fn an_accompaniment_does_not_hide_the_phrases_of_the_melody() {
        let mut notes: Vec<_> = [phrase(0, 0), phrase(384, 0)].concat();
        notes.extend((0..32).map(|i| (24 * i, 24, 40 + if i % 2 == 0 { 0 } else { 7 })));
        let placed = annotate(&score(&notes));
        let starts: Vec<i64> = placed.iter().filter(|p| p.labels.begins_phrase).map(|p| p.note.onset_ticks).collect();
        assert_eq!(starts, [0, 384]);
    }

    #[test]
    fn a_tune_without_rests_is_divided_where_it_is_repeated() {
        let bar = |from: i64, key: u8| (0..8).map(move |i| (from + 24 * i, 24, key + u8::try_from(i * 5 % 7).unwrap()));
        let tune: Vec<u8> = (0..8).chain(0..8).chain(20..28).chain(20..28).collect();
        let notes: Vec<_> = (0..).zip(tune).flat_map(|(i, key)| bar(192 * i, 60 + key)).collect();
        let placed = annotate(&score(&notes));
        let starts: Vec<i64> =
            placed.iter().filter(|p| p.labels.begins_phrase).map(|p| p.note.onset_ticks / 192).collect();
        assert_eq!(starts, [0, 8, 16, 24]);
        let relations: Vec<u8> = placed.iter().step_by(64).map(|p| p.labels.relation).collect();
        assert_eq!((relations[1], relations[3]), (1, 1), "repeats are echoes");
    }

    #[test]
    fn music_without_bars_has_chords_only() {
        let free = Reduction { metres: Vec::new(), is_free: true, ..score(&phrase(0, 0)) };
        for placed in annotate(&free) {
            assert_eq!((placed.labels.bar, placed.labels.last_bar), (Labels::UNKNOWN_BAR, Labels::UNKNOWN_BAR));
            assert!(placed.labels.harmony > 0 && placed.labels.relation == 0);
        }
    }
}
