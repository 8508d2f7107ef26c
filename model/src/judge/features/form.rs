//! What an answer does with its call, whether it is like itself, how it ends, and how voices move.

use std::collections::BTreeSet;

use engine::TICKS_PER_BEAT;
use engine::conditions::{similarity, top_voice};
use music::counterpoint::{StyleRates, count};
use music::{Key, Metre, Note};

use super::{Feature, View, as_f64, mean, octaves, ticks_f64};

const BEAT: i64 = TICKS_PER_BEAT as i64;
/// A phrase ends in time when its last note ends within a beat of its end.
const IN_TIME: i64 = BEAT;

pub(super) const FEATURES: [Feature; 15] = [
    Feature::new("motifs of the call that return", |view| {
        returned_motifs(&view.passage.call, &view.passage.answer).unwrap_or(f64::NAN)
    }),
    Feature::new("motifs said twice", |view| {
        let all = motifs(&view.passage.answer);
        1.0 - as_f64(all.iter().collect::<BTreeSet<_>>().len()) / as_f64(all.len())
    }),
    Feature::new("rhythm like the call's", |view| alike(view, |found| found.rhythm)),
    Feature::new("contour like the call's", |view| alike(view, |found| found.contour)),
    Feature::new("like itself a bar later", |view| self_similarity(view.passage, 1, |note| note.pitch.get())),
    Feature::new("like itself two bars later", |view| self_similarity(view.passage, 2, |note| note.pitch.get())),
    Feature::new("rhythm like itself a bar later", |view| self_similarity(view.passage, 1, |_| 0)),
    Feature::new("last note on the tonic triad", |view| ending(view, |close| f64::from(close.is_on_tonic))),
    Feature::new("last note, beats", |view| {
        last(&view.passage.answer).map_or(f64::NAN, |last| f64::from(last.duration_ticks) / ticks_f64(BEAT))
    }),
    Feature::new("silence at the end, beats", |view| {
        let end_ticks = view.passage.answer.iter().map(Note::end_ticks).max();
        end_ticks.map_or(f64::NAN, |end| ticks_f64(view.passage.end_ticks - end) / ticks_f64(BEAT))
    }),
    Feature::new("last gap, over the gaps", |view| {
        let gaps = &view.answer.gaps;
        gaps.last().map_or(f64::NAN, |&gap| octaves(ticks_f64(gap), mean(gaps.iter().map(|&gap| ticks_f64(gap)))))
    }),
    Feature::new("first interval", |view| {
        let (Some(from), Some(to)) = (view.call.top.last(), view.answer.top.first()) else { return f64::NAN };
        (f64::from(to.pitch.get()) - f64::from(from.pitch.get())).abs()
    }),
    Feature::new("last bass on the tonic", |view| {
        let bass = view.answer.chords().last().and_then(<[_]>::first);
        bass.map_or(f64::NAN, |note| f64::from(note.pitch.get() % 12 == view.passage.key.tonic))
    }),
    Feature::new("rules of counterpoint, nats a note", |view| rules(view, StyleRates::score)),
    Feature::new("unlike the style's counterpoint, nats a note", |view| rules(view, StyleRates::divergence)),
];

fn alike(view: &View, of: impl Fn(engine::conditions::Similarity) -> f32) -> f64 {
    similarity(&view.passage.call, &view.passage.answer).map_or(f64::NAN, |found| f64::from(of(found)))
}

fn ending(view: &View, of: impl Fn(Close) -> f64) -> f64 {
    let close = Close::of(&view.passage.answer, view.passage.key, view.passage.end_ticks);
    close.map_or(f64::NAN, of)
}

fn rules(view: &View, of: impl Fn(&StyleRates, &music::counterpoint::Counts) -> f64) -> f64 {
    of(StyleRates::of(&view.passage.style), &count(&view.passage.answer))
}

/// From note to note: ticks and semitones.
type Motif = Vec<(i64, i16)>;

/// Runs of four notes of the top voice: their rhythm and their intervals.
fn motifs(notes: &[Note]) -> Vec<Motif> {
    let top: Vec<&Note> = top_voice(notes).collect();
    let moved = |pair: &[&Note]| {
        let interval = i16::from(pair[1].pitch.get()) - i16::from(pair[0].pitch.get());
        (pair[1].onset_ticks - pair[0].onset_ticks, interval)
    };
    let moves: Vec<(i64, i16)> = top.windows(2).map(moved).collect();
    moves.windows(3).map(<[_]>::to_vec).collect()
}

/// Of the call's motifs (four notes of its top voice, in any key), the share that returns; `None` if it has none.
pub(crate) fn returned_motifs(call: &[Note], answer: &[Note]) -> Option<f64> {
    let of_call: BTreeSet<Motif> = motifs(call).into_iter().collect();
    let of_answer: BTreeSet<Motif> = motifs(answer).into_iter().collect();
    (!of_call.is_empty()).then(|| as_f64(of_call.intersection(&of_answer).count()) / as_f64(of_call.len()))
}

/// The last note to end, and of those the highest.
fn last(notes: &[Note]) -> Option<&Note> {
    notes.iter().max_by_key(|note| (note.end_ticks(), note.pitch))
}

/// How an answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Close {
    /// Its last note is of the tonic triad.
    pub(crate) is_on_tonic: bool,
    /// Its last note is a beat long or longer.
    pub(crate) is_long: bool,
    /// It ends within a beat of its end.
    pub(crate) is_in_time: bool,
}

impl Close {
    /// `None` without notes.
    pub(crate) fn of(notes: &[Note], key: Key, end_ticks: i64) -> Option<Self> {
        let last = last(notes)?;
        let third = if key.is_minor { 3 } else { 4 };
        let above = (last.pitch.get() + 12 - key.tonic) % 12;
        Some(Self {
            is_on_tonic: [0, third, 7].contains(&above),
            is_long: i64::from(last.duration_ticks) >= BEAT,
            is_in_time: (end_ticks - last.end_ticks()).abs() <= IN_TIME,
        })
    }

    /// All three.
    pub(crate) fn is_close(self) -> bool {
        self.is_on_tonic && self.is_long && self.is_in_time
    }
}

/// What bars have in common with those so many bars before (Jaccard), as places in the bar and what `of` says of a note; not a
/// number of an answer that has no such bars.
fn self_similarity(passage: &super::Passage, lag: usize, of: impl Fn(&Note) -> u8) -> f64 {
    let Metre::Bars { bar_line_ticks, bar_ticks } = passage.metre else { return f64::NAN };
    let bar_ticks = i64::from(bar_ticks.max(1));
    let mut bars: Vec<BTreeSet<(i64, u8)>> = Vec::new();
    for note in &passage.answer {
        let place = note.onset_ticks - bar_line_ticks;
        let bar = usize::try_from(place.div_euclid(bar_ticks)).unwrap_or(0);
        bars.resize_with(bars.len().max(bar + 1), BTreeSet::new);
        bars[bar].insert((place.rem_euclid(bar_ticks), of(note)));
    }
    let first = bars.iter().position(|bar| !bar.is_empty()).unwrap_or(0);
    let common = |(one, other): (&BTreeSet<_>, &BTreeSet<_>)| {
        as_f64(one.intersection(other).count()) / as_f64(one.union(other).count().max(1))
    };
    mean(bars[first..].iter().zip(bars[first..].iter().skip(lag)).map(common))
}

#[cfg(test)]
mod tests {
    use super::super::tests::tune;
    use super::*;

    #[test]
    fn motifs_return_in_any_key_and_at_any_time() {
        let call = tune(&[60, 62, 64, 65, 67], 0, 48);
        assert_eq!(returned_motifs(&call, &tune(&[67, 69, 71, 72, 74], 777, 48)), Some(1.0));
        assert_eq!(returned_motifs(&call, &tune(&[67, 65, 64, 62, 60], 0, 48)), Some(0.0));
        assert_eq!(returned_motifs(&call[..3], &call), None);
    }

    #[test]
    fn a_close_is_a_long_note_of_the_tonic_triad_in_time() {
        let (key, notes) = (Key { tonic: 7, is_minor: false }, tune(&[62, 66, 67], 0, 48));
        let close = Close::of(&notes, key, 150).unwrap();
        assert_eq!(close, Close { is_on_tonic: true, is_long: true, is_in_time: true });
        assert!(close.is_close() && !Close::of(&notes, key, 200).unwrap().is_close());
        assert!(!Close::of(&notes, Key { tonic: 5, is_minor: false }, 150).unwrap().is_on_tonic);
        assert_eq!(Close::of(&[], key, 0), None);
    }
}
