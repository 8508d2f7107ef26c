//! Phrases of prepared music that answer one another: a call, and what the composer answered.

use std::collections::BTreeMap;

use engine::answer::Controls;
use engine::key::{Key, find_key};
use engine::{Metre, Note, Pitch, TICKS_PER_BEAT};

use crate::data::dataset::pair_start;
use crate::data::shards::PlacedNote;

/// Answers of the composer that are asked for: long enough to say something, short enough to be one phrase.
const ANSWER_NOTES: std::ops::RangeInclusive<usize> = 8..=96;
const ANSWER_BARS: std::ops::RangeInclusive<i64> = 2..=8;
const OCTAVE: u8 = 12;

/// A phrase and what follows it.
#[derive(Clone, Debug)]
pub(crate) struct PhrasePair<'a> {
    /// As many bars as the answer has.
    pub(crate) call: Vec<PlacedNote>,
    /// The phrase that follows.
    pub(crate) answer: &'a [PlacedNote],
    /// At the answer's beginning.
    pub(crate) metre: Metre,
    /// When the answer's first note begins.
    pub(crate) start_ticks: i64,
    /// The bar line after the answer.
    pub(crate) end_ticks: i64,
    /// When the phrase after the answer begins, perhaps with an upbeat; at most `end_ticks`.
    pub(crate) next_ticks: i64,
    /// Of the call.
    pub(crate) key: Key,
}

/// Calls and answers of a piece that do not overlap, `most` at most.
pub(crate) fn phrase_pairs(notes: &[PlacedNote], most: usize) -> Vec<PhrasePair<'_>> {
    let mut pairs = Vec::new();
    let mut from = 0;
    while pairs.len() < most && from < notes.len() {
        let pair = (from..notes.len()).find_map(|first| Some((pair_start(notes, first, first, 1)?, first)));
        let Some((call, first)) = pair else { break };
        from = first + 1;
        let end = notes[first + 1..].iter().position(|placed| placed.labels.begins_phrase).map(|n| first + 1 + n);
        let (call, answer) = (notes[call..first].to_vec(), &notes[first..end.unwrap_or(notes.len())]);
        let (Some(in_bar_ticks), Metre::Bars { bar_ticks, .. }) = (answer[0].position.in_bar_ticks(), metre(&call))
        else {
            continue;
        };
        let bar_line_ticks = answer[0].note.onset_ticks - in_bar_ticks;
        let n_bars = i64::from(answer[0].labels.last_bar.saturating_sub(answer[0].labels.bar)) + 1;
        let Some((key, _)) = find_key(&plain(&call)) else { continue };
        if ANSWER_NOTES.contains(&answer.len()) && ANSWER_BARS.contains(&n_bars) && call.len() >= *ANSWER_NOTES.start()
        {
            let end_ticks = bar_line_ticks + n_bars * i64::from(bar_ticks);
            let next_ticks = end.map_or(end_ticks, |next| end_ticks.min(notes[next].note.onset_ticks));
            pairs.push(PhrasePair {
                call,
                answer,
                metre: Metre::Bars { bar_line_ticks, bar_ticks },
                start_ticks: answer[0].note.onset_ticks,
                end_ticks,
                next_ticks,
                key,
            });
            from = first + answer.len();
        }
    }
    pairs
}

/// The notes, without their places.
pub(crate) fn plain(notes: &[PlacedNote]) -> Vec<Note> {
    notes.iter().map(|placed| placed.note).collect()
}

/// Some of each style, one of each in turn, so that styles with much music do not rule; `most` at most.
pub(crate) fn in_turns<T>(styles: BTreeMap<&str, Vec<T>>, most: usize) -> Vec<T> {
    let mut styles: Vec<_> = styles.into_values().map(Vec::into_iter).collect();
    let rounds = std::iter::from_fn(|| {
        let round: Vec<T> = styles.iter_mut().filter_map(Iterator::next).collect();
        (!round.is_empty()).then_some(round)
    });
    rounds.flatten().take(most).collect()
}

/// The nearest key of the same name that the plugin plays unless it is told otherwise.
pub(crate) fn in_plugins_range(pitch: Pitch) -> Pitch {
    let Controls { lowest, highest, .. } = Controls::DEFAULT;
    let mut key = pitch.get();
    while key < lowest.get() {
        key += OCTAVE;
    }
    while key > highest.get() {
        key -= OCTAVE;
    }
    Pitch::nearest(key)
}

/// The metre at the end of a call. Prepared notes do not say how long bars are, but where they begin.
pub(crate) fn metre(call: &[PlacedNote]) -> Metre {
    let line = |placed: &PlacedNote| placed.position.in_bar_ticks().map(|ticks| placed.note.onset_ticks - ticks);
    let Some(bar_line_ticks) = call.last().and_then(line) else { return Metre::Free };
    let mut lines: Vec<i64> = call.iter().filter_map(line).collect();
    lines.sort_unstable();
    lines.dedup();
    let mut bars: Vec<i64> = lines.windows(2).map(|pair| pair[1] - pair[0]).collect();
    bars.sort_unstable();
    // The middle one, since a bar may lack notes, or be cut short.
    let bar_ticks = bars.get(bars.len() / 2).and_then(|&ticks| u32::try_from(ticks).ok());
    Metre::Bars { bar_line_ticks, bar_ticks: bar_ticks.unwrap_or(4 * TICKS_PER_BEAT) }
}

#[cfg(test)]
mod tests {
    use engine::{Position, Velocity};

    use super::*;
    use crate::data::shards::Labels;

    #[test]
    fn styles_take_turns_until_there_are_enough_or_no_more() {
        let styles = || BTreeMap::from([("a", vec![1, 2, 3]), ("b", vec![10]), ("c", vec![])]);
        assert_eq!(in_turns(styles(), 9), [1, 10, 2, 3]);
        assert_eq!(in_turns(styles(), 3), [1, 10, 2]);
        assert_eq!([20, 36, 96, 110].map(|key| in_plugins_range(Pitch::nearest(key)).get()), [44, 36, 96, 86]);
    }

    #[test]
    fn the_metre_is_read_off_the_bar_lines() {
        let waltz = Metre::Bars { bar_line_ticks: 24, bar_ticks: 144 };
        let note = |onset_ticks: i64| {
            let (pitch, velocity) = (Pitch::MIDDLE_C, Velocity::MEDIUM);
            let note = Note { onset_ticks, duration_ticks: 12, pitch, velocity };
            PlacedNote { note, position: waltz.position(onset_ticks), labels: Labels::default() }
        };
        let call: Vec<_> = (0..40).map(|i| note(i * 24)).collect();
        let Metre::Bars { bar_line_ticks, bar_ticks } = metre(&call) else { panic!("no bars") };
        assert_eq!((bar_ticks, (bar_line_ticks - 24) % 144), (144, 0));
        let free = PlacedNote { position: Position::FREE, ..note(0) };
        assert_eq!(metre(&[free]), Metre::Free);
    }
}
