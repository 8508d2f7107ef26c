//! How long a note is written, which its key tells little of: pianists let go early. Nakamura, Yoshii and Dixon 2017 found that
//! what follows says more: a note mostly ends where one of its own voice begins. Each time at which a note could end is asked
//! in turn whether it does, by counts over scores that were played by simulated hands.

use super::tables::Tables;
use super::{PARTS_PER_TICK, cost};

/// How many kinds of places for a note's end are told apart.
pub const N_FEATURES: usize = N_KINDS * N_RATIOS * N_PASSED * N_LENGTHS * N_STRENGTHS * 2;
const N_KINDS: usize = 7;
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
}

/// Where a note could end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct End {
    /// From its onset.
    pub value_ticks: i64,
    /// Index into the table of ends.
    pub feature: u16,
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
        let (mut n_passed, mut usual) = (0, USUAL_TICKS.into_iter().peekable());
        for onset in onsets[..n_onsets].iter().map(Some).chain([None]) {
            while let Some(ticks) = usual.next_if(|ticks| onset.is_none_or(|onset| *ticks <= onset.value_ticks)) {
                if onset.is_none_or(|onset| ticks < onset.value_ticks) {
                    ends.push(this, ticks, held_parts, N_KINDS - 1, n_passed, false);
                }
            }
            let Some(onset) = onset else { break };
            let kind = SEMITONES.iter().position(|most| onset.semitones <= *most).unwrap_or(SEMITONES.len());
            ends.push(this, onset.value_ticks, held_parts, kind, n_passed, onset.is_others);
            if onset.semitones <= VOICE_SEMITONES {
                n_passed += 1;
                ends.has_voice_end |= onset.value_ticks * PARTS_PER_TICK * 5 >= held_parts * 4;
            }
        }
        ends.n_onsets = n_onsets;
        ends
    }

    fn push(&mut self, note: ScoreNote, ticks: i64, held_parts: i64, kind: usize, n_passed: usize, is_others: bool) {
        let percent = held_parts * 100 / (ticks * PARTS_PER_TICK).max(1);
        let ratio = RATIOS_PERCENT.iter().position(|most| percent < *most).unwrap_or(RATIOS_PERCENT.len());
        let length = match ticks {
            _ if BINARY_TICKS.contains(&ticks) => 0,
            _ if USUAL_TICKS.contains(&ticks) => 1,
            _ => 2,
        };
        let strength = match (note.onset_ticks + ticks).rem_euclid(48) {
            0 => 0,
            24 => 1,
            12 | 36 | 16 | 32 => 2,
            _ => 3,
        };
        let mut feature = kind;
        for (value, n) in [(ratio, N_RATIOS), (n_passed.min(N_PASSED - 1), N_PASSED), (length, N_LENGTHS)] {
            feature = feature * n + value;
        }
        feature = (feature * N_STRENGTHS + strength) * 2 + usize::from(is_others);
        if let Some(end) = self.ends.get_mut(self.n) {
            *end = End { value_ticks: ticks, feature: u16::try_from(feature).unwrap_or(0) };
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

    /// The most probable value, in ticks.
    pub(super) fn best_ticks(&self, tables: &Tables) -> i64 {
        let (mut passed, mut best) = (0, (cost::NEVER, 1));
        for (i, end) in self.as_slice().iter().enumerate() {
            let [goes_on, ends] = tables.end[usize::from(end.feature)].map(i32::from);
            let ends = if i + 1 == self.n { 0 } else { ends };
            if passed + ends < best.0 {
                best = (passed + ends, end.value_ticks);
            }
            passed += goes_on;
        }
        best.1
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
        let onset = Onset { value_ticks, semitones, is_others };
        let at = onsets[..n].partition_point(|onset| onset.value_ticks < value_ticks);
        if at == N_ONSETS {
            break;
        }
        if at < n && onsets[at].value_ticks == value_ticks {
            if semitones < onsets[at].semitones {
                onsets[at] = onset;
            }
            continue;
        }
        n = (n + 1).min(N_ONSETS);
        onsets[at..n].rotate_right(1);
        onsets[at] = onset;
    }
    (onsets, n)
}
