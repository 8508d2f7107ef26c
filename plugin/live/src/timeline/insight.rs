//! What the ear makes of the player's notes, as it is shown behind them: where each is written, and by which beats. It says why an
//! answer is as it is.

use std::collections::BTreeMap;

use engine::rhythm::grid::{CLASSES, class_of};

use super::{Line, LineKind, TimelineNote};

/// Stretches of found beats that are remembered.
const MAX_STRETCHES: usize = 16;

/// How a note of the player is written, as far as that is known. Times are parts of a tick of played time: where, and how long, the
/// note would have been played by a metronome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Its onset.
    pub on_parts: i64,
    /// Its written length; `None` while that is open.
    pub length_parts: Option<i64>,
    /// Where the beat begins in which it is, and where that ends.
    pub beat_parts: (i64, i64),
    /// Its place in that beat, in ticks of the score; `None` for an ornament, which is on no grid.
    pub place_ticks: Option<u8>,
}

/// What the planner lets know of what it has understood. Times are parts of a tick of played time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Insight {
    /// A note, or the same note better understood.
    Note {
        /// When its key went down.
        struck_parts: i64,
        /// 0 to 127.
        key: u8,
        /// How it is written.
        written: Written,
    },
    /// The player's own beats, which were found in a phrase and are kept by its answer.
    Found(FoundBeats),
    /// The beats are the song's from now on.
    SongBeats,
    /// The answers among which the one that is planned was chosen.
    Candidates(Candidates),
}

/// Answers to the same call, the best first, as they would be played from their beginning on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Candidates {
    /// Which is played, 0 for the best. There are more than are told here.
    pub rank: u8,
    /// Their notes; none where there was no choice.
    pub answers: Vec<Vec<CandidateNote>>,
}

/// A note of an answer that may be played. Times are ticks of the score from where the answer begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CandidateNote {
    /// Its onset.
    pub on_ticks: i64,
    /// Its end.
    pub off_ticks: i64,
    /// 0 to 127.
    pub key: u8,
}

/// Beats of the player's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundBeats {
    /// Where they are, ascending.
    pub beats_parts: Vec<i64>,
    /// They hold from the first of them to here.
    pub until_parts: i64,
}

impl FoundBeats {
    fn begin_parts(&self) -> i64 {
        self.beats_parts.first().copied().unwrap_or(self.until_parts)
    }

    fn later_by(self, parts: i64) -> Self {
        Self {
            beats_parts: self.beats_parts.into_iter().map(|beat| beat.saturating_add(parts)).collect(),
            until_parts: self.until_parts.saturating_add(parts),
        }
    }
}

/// Where the player's own beats hold.
#[derive(Clone, Debug, Default)]
pub(super) struct Stretches(Vec<FoundBeats>);

impl Stretches {
    /// Beats are found, which are so much later on the timeline. What was believed of their time before is forgotten.
    pub(super) fn find(&mut self, found: FoundBeats, offset_parts: i64) {
        let found = found.later_by(offset_parts);
        self.end(found.begin_parts());
        self.0.push(found);
        let n_old = self.0.len().saturating_sub(MAX_STRETCHES);
        self.0.drain(..n_old);
    }

    /// From here on there are none.
    pub(super) fn end(&mut self, parts: i64) {
        for stretch in &mut self.0 {
            stretch.until_parts = stretch.until_parts.min(parts);
            stretch.beats_parts.retain(|beat| *beat < parts);
        }
        self.0.retain(|stretch| stretch.begin_parts() < stretch.until_parts);
    }

    /// Whether the player's own beats hold here.
    pub(super) fn contains(&self, parts: i64) -> bool {
        self.0.iter().any(|stretch| (stretch.begin_parts()..stretch.until_parts).contains(&parts))
    }

    /// All beats from one time up to another.
    pub(super) fn beats(&self, from_parts: i64, to_parts: i64) -> impl Iterator<Item = Line> {
        let beats = self.0.iter().flat_map(|stretch| &stretch.beats_parts);
        let seen = beats.filter(move |beat| (from_parts..to_parts).contains(*beat));
        seen.map(|&at_parts| Line { at_parts, kind: LineKind::FoundBeat })
    }
}

/// How each beat was understood to be divided: the lines between the beats, by what is written in them.
pub(super) fn divisions<'a>(notes: impl Iterator<Item = &'a TimelineNote>) -> Vec<Line> {
    let mut beats: BTreeMap<(i64, i64), Vec<i64>> = BTreeMap::new();
    for written in notes.filter_map(|note| note.written) {
        let places = beats.entry(written.beat_parts).or_default();
        places.extend(written.place_ticks.map(i64::from));
    }
    let lines = beats.into_iter().flat_map(|((from, to), places)| {
        let n_steps = class_of(places.iter().copied()).map_or(1, |class| i64::from(CLASSES[usize::from(class)]));
        (1..n_steps).map(move |step| Line { at_parts: from + (to - from) * step / n_steps, kind: LineKind::Division })
    });
    lines.collect()
}

/// The same note, better understood: a length that is open again is the one that was believed before.
pub(super) fn better(before: Option<Written>, now: Written, offset_parts: i64) -> Written {
    let length_parts = now.length_parts.or(before.and_then(|before| before.length_parts));
    let (from, to) = now.beat_parts;
    let beat_parts = (from + offset_parts, to + offset_parts);
    Written { on_parts: now.on_parts + offset_parts, length_parts, beat_parts, ..now }
}
