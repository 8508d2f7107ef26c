//! How long a note is written, which its key tells little of: pianists let go early. Nakamura, Yoshii and Dixon 2017 found that
//! what follows says more: a note mostly ends where one of its own voice begins. Each time at which a note could end is asked
//! in turn whether it does, by counts over scores that were played by simulated hands; then a network that sees more than can
//! be counted chooses among them.
//!
//! Reading order: here are the places and the counts; `context` is what is seen of the note itself; `scorer` is the network.

mod context;
mod scorer;

use super::{PARTS_PER_TICK, tables::Tables};
use context::Context;
pub use scorer::N_SEEN;

/// How many kinds of places for a note's end are told apart.
pub const N_FEATURES: usize = N_KINDS * N_RATIOS * N_PASSED * N_LENGTHS * N_STRENGTHS * 2;
const N_KINDS: usize = SEMITONES.len() + 2;
/// Of the kinds, that nothing begins there.
const NO_ONSET: u8 = 6;
const N_RATIOS: usize = RATIOS_PERCENT.len() + 1;
const N_PASSED: usize = 4;
const N_LENGTHS: usize = 3;
const N_STRENGTHS: usize = 4;

/// What begins at an end: a note at most so many semitones away.
const SEMITONES: [u8; 5] = [0, 2, 4, 8, 14];
/// A note within so many semitones counts as passed if the note goes on.
const VOICE_SEMITONES: u8 = 9;
/// Key held, of the length up to there, in per cent.
const RATIOS_PERCENT: [i64; 11] = [12, 22, 35, 50, 65, 80, 92, 103, 118, 140, 180];
/// Values that notes have without another's beginning, in ticks.
const USUAL_TICKS: [i64; 13] = [6, 8, 12, 16, 18, 24, 32, 36, 48, 72, 96, 144, 192];
const BINARY_TICKS: [i64; 7] = [6, 12, 24, 48, 96, 144, 192];
/// Longer than any gap that is told apart.
const NEVER_TICKS: i64 = 999;
/// Later onsets that are looked at.
const N_ONSETS: usize = 8;
/// Notes after this one, and before it, that are looked at.
const N_AFTER: usize = 64;
const N_BEFORE: usize = 12;
/// The most places at which one note could end.
pub const N_ENDS: usize = N_ONSETS + USUAL_TICKS.len();

/// What is asked of a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScoreNote {
    /// Where it begins, in ticks.
    pub onset_ticks: i64,
    /// Its key.
    pub pitch: u8,
    /// How long its key was held, in parts of a tick; until now if it is still down.
    pub held_parts: i64,
    /// How long it is written, in ticks, if that is decided.
    pub value_ticks: Option<u32>,
}

/// Where a note could end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct End {
    /// From its onset.
    pub value_ticks: i64,
    /// Index into the table of ends.
    pub feature: u16,
    /// Index into [`SEMITONES`]; one more if nothing near begins there, and two if nothing does.
    kind: u8,
    /// Onsets before it since the note began: near ones, and all.
    n_passed: u8,
    n_onsets: u8,
    /// Notes that begin there.
    n_notes: u8,
    is_others: bool,
    /// From there to the next onset, in ticks; [`NEVER_TICKS`] if none is known.
    gap_ticks: i64,
}

/// The places where a note could end, in order.
#[derive(Clone, Copy, Debug)]
pub struct Ends {
    ends: [End; N_ENDS],
    n: usize,
    n_onsets: usize,
    /// From the onset to the first note of the same voice that begins when the key was up.
    has_voice_end: bool,
}

#[derive(Clone, Copy, Default)]
struct Onset {
    value_ticks: i64,
    semitones: u8,
    n_notes: u8,
    /// Another note of the chord is nearer to what begins.
    is_others: bool,
}

impl Ends {
    /// Of note `index`, whose key was held for so many parts of a tick. `note` gives notes in the order in which they were
    /// struck.
    #[must_use]
    pub fn new(index: usize, held_parts: i64, note: impl Fn(usize) -> Option<ScoreNote>) -> Self {
        let mut ends = Self { ends: [End::default(); N_ENDS], n: 0, n_onsets: 0, has_voice_end: false };
        let Some(this) = note(index) else { return ends };
        let (onsets, n_onsets) = later_onsets(index, this, &note);
        let gap_ticks =
            |n: usize, ticks: i64| onsets[..n_onsets].get(n).map_or(NEVER_TICKS, |next| next.value_ticks - ticks);
        let (mut n_passed, mut usual) = (0, USUAL_TICKS.into_iter().peekable());
        for (n, onset) in (0u8..).zip(onsets[..n_onsets].iter().map(Some).chain([None])) {
            let here = End { n_passed, n_onsets: n, ..End::default() };
            while let Some(ticks) = usual.next_if(|ticks| onset.is_none_or(|onset| *ticks <= onset.value_ticks)) {
                if onset.is_none_or(|onset| ticks < onset.value_ticks) {
                    let gap_ticks = gap_ticks(usize::from(n), ticks);
                    ends.push(this, held_parts, End { value_ticks: ticks, kind: NO_ONSET, gap_ticks, ..here });
                }
            }
            let Some(&Onset { value_ticks, semitones, n_notes, is_others }) = onset else { break };
            let kind =
                (0u8..).zip(SEMITONES).find(|(_, most)| semitones <= *most).map_or(NO_ONSET - 1, |(kind, _)| kind);
            let gap_ticks = gap_ticks(usize::from(n) + 1, value_ticks);
            ends.push(this, held_parts, End { value_ticks, kind, n_notes, is_others, gap_ticks, ..here });
            if semitones <= VOICE_SEMITONES {
                n_passed += 1;
                ends.has_voice_end |= value_ticks * PARTS_PER_TICK * 5 >= held_parts * 4;
            }
        }
        ends.n_onsets = n_onsets;
        ends
    }

    fn push(&mut self, note: ScoreNote, held_parts: i64, end: End) {
        let ticks = end.value_ticks;
        let length = match ticks {
            _ if BINARY_TICKS.contains(&ticks) => 0,
            _ if USUAL_TICKS.contains(&ticks) => 1,
            _ => 2,
        };
        let mut feature = usize::from(end.kind);
        let ratio = ratio(held_parts, ticks);
        let n_passed = usize::from(end.n_passed).min(N_PASSED - 1);
        for (value, n) in [(ratio, N_RATIOS), (n_passed, N_PASSED), (length, N_LENGTHS)] {
            feature = feature * n + value;
        }
        feature = (feature * N_STRENGTHS + strength(note.onset_ticks + ticks)) * 2 + usize::from(end.is_others);
        if let Some(place) = self.ends.get_mut(self.n) {
            *place = End { feature: u16::try_from(feature).unwrap_or(0), ..end };
            self.n += 1;
        }
    }

    /// In order of time.
    #[must_use]
    pub fn as_slice(&self) -> &[End] {
        &self.ends[..self.n]
    }

    /// Whether what has begun since is enough to say where it ends.
    pub(super) const fn is_known(&self) -> bool {
        self.has_voice_end || self.n_onsets == N_ONSETS
    }

    /// What each end costs by the counts, in 1/256 nat.
    fn costs(&self, tables: &Tables) -> [i32; N_ENDS] {
        let (mut passed, mut costs) = (0, [0; N_ENDS]);
        for (i, (end, cost)) in self.as_slice().iter().zip(&mut costs).enumerate() {
            let [goes_on, ends] = tables.end[usize::from(end.feature)].map(i32::from);
            *cost = passed + if i + 1 == self.n { 0 } else { ends };
            passed += goes_on;
        }
        costs
    }

    /// What the scorer sees of each end, with the same arguments as [`Ends::new`].
    pub fn seen(
        &self,
        index: usize,
        note: impl Fn(usize) -> Option<ScoreNote>,
        tables: &Tables,
    ) -> impl Iterator<Item = [i16; N_SEEN]> {
        let context = Context::new(index, &note, self.as_slice());
        let costs = self.costs(tables);
        self.as_slice().iter().zip(costs).map(move |(end, cost)| scorer::seen(&context, end, cost))
    }

    /// The most probable value, in ticks.
    pub(super) fn best_ticks(&self, index: usize, note: impl Fn(usize) -> Option<ScoreNote>, tables: &Tables) -> i64 {
        let mut best = (i32::MIN, 1);
        for (end, seen) in self.as_slice().iter().zip(self.seen(index, note, tables)) {
            let score = scorer::score(&seen);
            if score > best.0 {
                best = (score, end.value_ticks);
            }
        }
        best.1
    }
}

/// Which of [`RATIOS_PERCENT`] the time is that a key was held, of a length.
fn ratio(held_parts: i64, ticks: i64) -> usize {
    let percent = held_parts * 100 / (ticks * PARTS_PER_TICK).max(1);
    RATIOS_PERCENT.iter().position(|most| percent < *most).unwrap_or(RATIOS_PERCENT.len())
}

/// How strong a place in a beat is: 0 is the beat.
const fn strength(ticks: i64) -> usize {
    match ticks.rem_euclid(48) {
        0 => 0,
        24 => 1,
        12 | 36 | 16 | 32 => 2,
        _ => 3,
    }
}

/// The next onsets after a note's, with what is nearest to it in pitch.
fn later_onsets(
    index: usize,
    this: ScoreNote,
    note: &impl Fn(usize) -> Option<ScoreNote>,
) -> ([Onset; N_ONSETS], usize) {
    let around = |i: usize| note(i).filter(|other| other.onset_ticks == this.onset_ticks);
    let mut chord = [this.pitch; 2 * N_BEFORE];
    let others = (index.saturating_sub(N_BEFORE)..index).chain(index + 1..index + N_BEFORE).filter_map(around);
    for (place, other) in chord.iter_mut().zip(others) {
        *place = other.pitch;
    }
    let (mut onsets, mut n) = ([Onset::default(); N_ONSETS], 0);
    for other in (index + 1..index + N_AFTER).map_while(note) {
        let value_ticks = other.onset_ticks - this.onset_ticks;
        if value_ticks <= 0 {
            continue;
        }
        let semitones = other.pitch.abs_diff(this.pitch);
        let is_others = chord.iter().any(|pitch| other.pitch.abs_diff(*pitch) < semitones);
        let onset = Onset { value_ticks, semitones, n_notes: 1, is_others };
        let at = onsets[..n].partition_point(|onset| onset.value_ticks < value_ticks);
        if at == N_ONSETS {
            break;
        }
        if at < n && onsets[at].value_ticks == value_ticks {
            let n_notes = onsets[at].n_notes.saturating_add(1);
            if semitones < onsets[at].semitones {
                onsets[at] = onset;
            }
            onsets[at].n_notes = n_notes;
            continue;
        }
        n = (n + 1).min(N_ONSETS);
        onsets[at..n].rotate_right(1);
        onsets[at] = onset;
    }
    (onsets, n)
}
