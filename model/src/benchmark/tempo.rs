//! How often the beat is found that nobody tells: phrases of 8 seconds of the same performances, each heard without its click.

use std::collections::HashMap;
use std::time::Instant;

use anyhow::Result;
use music::rhythm::tempo_finder::{Beat, Hints, Struck, Told, find_beat};
use music::rhythm::{PlayedNote, hear};
use serde::Serialize;

use super::performed::{Heard, Performance, PerformedConfig, read_all};

/// How long a phrase is, and how many of a performance are heard one after the other.
const PHRASE_US: i64 = 8_000_000;
const N_PHRASES: i64 = 3;
/// Of performances one after the other, the first phrase begins so many phrases after the first note: beginnings are special.
const N_STARTS: i64 = 3;
/// Tempi that are this near are equal, as a logarithm.
const SAME_TEMPO: f64 = 0.06;
/// Beats found in one that is written, at the levels at which onsets may be right.
const LEVELS: [f64; 9] = [1.0, 2.0, 0.5, 4.0, 0.25, 3.0, 1.0 / 3.0, 1.5, 2.0 / 3.0];

/// A way of measuring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Condition {
    /// Each phrase by itself.
    Alone,
    /// The third phrase of each performance by itself: to compare.
    ThirdAlone,
    /// The third phrase, when two were heard before.
    ThirdHinted,
    /// Each phrase, when the written tempo is told, but not where its beats are.
    Told,
}

impl Condition {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Alone, Self::ThirdAlone, Self::ThirdHinted, Self::Told];

    /// In a table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Alone => "each phrase alone",
            Self::ThirdAlone => "the third alone",
            Self::ThirdHinted => "two heard before",
            Self::Told => "tempo told",
        }
    }
}

/// How often it was right, in shares of the phrases; of onsets, the mean over the phrases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct TempoReport {
    /// Phrases.
    pub n_phrases: usize,
    /// A beat is a written quarter.
    pub exact: f64,
    /// Or two, or half of one.
    pub up_to_octave: f64,
    /// Onsets at the right place in beats of the level that was found, and beats where beats of that level are.
    pub onsets: f64,
    /// The same if the level is the written one.
    pub onsets_as_written: f64,
    /// The same if beats may be displaced: the rhythm is right, not what is on the beat.
    pub onsets_displaced: f64,
    /// Phrases whose bars are known: beats are exact and on written ones.
    pub n_bars: usize,
    /// Of those, whose bars have the right number of beats and begin where they should.
    pub bars: f64,
}

/// How the tempo finder stands.
#[derive(Clone, Debug, Serialize)]
pub struct UnknownBeatReport {
    /// How many there were.
    pub n_performances: usize,
    /// Whether the click was kept under the playing, under which condition, and how often it was right.
    pub rows: Vec<(bool, Condition, TempoReport)>,
    /// Of a phrase, on this machine: the mean and the longest.
    pub ms_per_phrase: (f64, f64),
}

/// Published for a fit of one constant tempo (`shared/research/playing.md`), on 62 and 61 other phrases of these
/// performances: strict and as played.
pub const REFERENCE: [(bool, TempoReport); 2] =
    [(true, reference(62, [0.435, 0.661, 0.769, 0.425])), (false, reference(61, [0.279, 0.508, 0.510, 0.302]))];

const fn reference(n_phrases: usize, [exact, up_to_octave, onsets, onsets_as_written]: [f64; 4]) -> TempoReport {
    TempoReport {
        n_phrases,
        exact,
        up_to_octave,
        onsets,
        onsets_as_written,
        onsets_displaced: f64::NAN,
        n_bars: 0,
        bars: f64::NAN,
    }
}

/// Looks for the beat of phrases of all performances.
///
/// # Errors
/// When the folder or a performance cannot be read.
pub fn unknown_beat(config: &PerformedConfig) -> Result<UnknownBeatReport> {
    let performances = read_all(&config.data, config.limit)?;
    let mut rows = Vec::new();
    let (mut ms, mut longest_ms, mut n) = (0.0, 0.0f64, 0.0);
    for is_strict in [true, false] {
        let mut reports = Condition::ALL.map(|condition| (condition, TempoReport::default()));
        for (performance, start) in performances.iter().zip((0..N_STARTS).cycle()) {
            let clock = Clock::new(performance, is_strict)?;
            let first_us = clock.notes.first().map_or(0, |note| note.us) + start * PHRASE_US;
            let mut earlier = Vec::new();
            for phrase in 0..N_PHRASES {
                let from_us = first_us + phrase * PHRASE_US;
                let notes = clock.between(from_us, from_us + PHRASE_US);
                let struck: Vec<Struck> = notes.iter().map(|note| note.struck()).collect();
                let (Some(first), Some(last)) = (notes.first(), notes.last()) else { continue };
                let Some(quarter_us) = clock.quarter_us(first.us, last.us) else { continue };
                let begin = Instant::now();
                let alone = find_beat(&struck, &Hints::default());
                let took_ms = begin.elapsed().as_secs_f64() * 1e3;
                (ms, longest_ms, n) = (ms + took_ms, longest_ms.max(took_ms), n + 1.0);
                let hinted = find_beat(&struck, &Hints { earlier: &earlier, told: None });
                let told = Told { us_per_beat: rounded(quarter_us), beat_us: None };
                let told = find_beat(&struck, &Hints { earlier: &[], told: Some(told) });
                for (condition, report) in &mut reports {
                    let beat = match condition {
                        Condition::Alone => alone.as_ref(),
                        Condition::ThirdAlone if phrase == N_PHRASES - 1 => alone.as_ref(),
                        Condition::ThirdHinted if phrase == N_PHRASES - 1 => hinted.as_ref(),
                        Condition::Told => told.as_ref(),
                        _ => None,
                    };
                    if let Some(beat) = beat {
                        report.add(quarter_us, notes, beat, clock.is_right_bar(beat));
                    }
                }
                earlier.extend(hinted);
            }
        }
        rows.extend(reports.map(|(condition, report)| (is_strict, condition, report.mean())));
    }
    let ms_per_phrase = (ms / f64::max(n, 1.0), longest_ms);
    Ok(UnknownBeatReport { n_performances: performances.len(), rows, ms_per_phrase })
}

/// A note on a clock, and where it is written, in quarters, if that is sure.
#[derive(Clone, Copy, Debug)]
struct TimedNote {
    us: i64,
    heard: Heard,
}

impl TimedNote {
    const fn struck(&self) -> Struck {
        Struck { onset_us: self.us, pitch: self.heard.pitch, velocity: self.heard.velocity }
    }
}

/// A performance whose every note and beat has a time.
#[derive(Clone, Debug)]
struct Clock {
    notes: Vec<TimedNote>,
    /// In quarters and microseconds.
    beats: Vec<(f64, f64)>,
    /// In quarters.
    downbeats: Vec<f64>,
}

impl Clock {
    fn new(performance: &Performance, is_strict: bool) -> Result<Self> {
        let timed = |heard: Heard| {
            let us = if is_strict { heard.click_on_ms * 1e3 } else { heard.onset_s * 1e6 };
            TimedNote { us: micros(us), heard }
        };
        let mut notes: Vec<TimedNote> = performance.heard()?.into_iter().map(timed).collect();
        notes.sort_by_key(|note| (note.us, note.heard.pitch));
        let click_us = 60e6 / performance.click_quarter_bpm();
        let beats = performance.beats()?;
        let beats =
            beats.into_iter().map(|(quarters, s)| (quarters, if is_strict { quarters * click_us } else { s * 1e6 }));
        Ok(Self { notes, beats: beats.collect(), downbeats: performance.downbeats()? })
    }

    fn between(&self, from_us: i64, to_us: i64) -> &[TimedNote] {
        let until = |us: i64| self.notes.partition_point(|note| note.us < us);
        &self.notes[until(from_us)..until(to_us)]
    }

    /// Whether bars are right; `None` if the beats are not the written quarters.
    fn is_right_bar(&self, beat: &Beat) -> Option<bool> {
        let quarters = |us: f64| {
            let i = self.beats.partition_point(|beat| beat.1 <= us).clamp(1, self.beats.len() - 1);
            let ((from, from_us), (to, to_us)) = (self.beats[i - 1], self.beats[i]);
            from + (us - from_us) * (to - from) / (to_us - from_us).max(1.0)
        };
        let at: Vec<f64> = beat.beats_us.iter().map(|us| quarters(as_f64(*us))).collect();
        if at.iter().any(|at| (at - at.round()).abs() > 0.2)
            || at.windows(2).any(|pair| (pair[1] - pair[0] - 1.0).abs() > 0.4)
        {
            return None;
        }
        let bar = beat.bar?;
        let first = at.get(bar.first)?;
        let i = self.downbeats.iter().position(|downbeat| (downbeat - first).abs() < 0.3);
        let n_beats = f64::from(u32::try_from(bar.n_beats).unwrap_or(u32::MAX));
        let is_right =
            |i: usize| self.downbeats.get(i + 1).is_some_and(|next| (next - self.downbeats[i] - n_beats).abs() < 0.1);
        Some(i.is_some_and(is_right))
    }

    /// The median length of a quarter between two times.
    fn quarter_us(&self, from_us: i64, to_us: i64) -> Option<f64> {
        let is_there = |pair: &&[(f64, f64)]| micros(pair[1].1) > from_us && micros(pair[0].1) < to_us;
        let length = |pair: &[(f64, f64)]| (pair[1].1 - pair[0].1) / (pair[1].0 - pair[0].0);
        let mut lengths: Vec<f64> = self.beats.windows(2).filter(is_there).map(length).collect();
        lengths.sort_by(f64::total_cmp);
        lengths.get(lengths.len() / 2).copied().filter(|us| us.is_finite() && *us > 0.0)
    }
}

impl TempoReport {
    fn add(&mut self, quarter_us: f64, notes: &[TimedNote], beat: &Beat, is_right_bar: Option<bool>) {
        let ratio = quarter_us / f64::from(beat.us_per_beat);
        let is_near = |level: f64| (ratio / level).ln().abs() < SAME_TEMPO;
        self.n_phrases += 1;
        if let Some(is_right) = is_right_bar {
            self.n_bars += 1;
            self.bars += f64::from(is_right);
        }
        self.exact += f64::from(is_near(1.0));
        self.up_to_octave += f64::from([1.0, 2.0, 0.5].into_iter().any(is_near));
        let played = |note: &TimedNote| {
            let (onset_parts, us_per_beat) = beat.parts_at(note.us);
            let Heard { pitch, velocity, .. } = note.heard;
            PlayedNote { onset_parts, off_parts: onset_parts + 100, pitch, velocity, us_per_beat }
        };
        let heard = hear(&notes.iter().map(played).collect::<Vec<_>>());
        let placed =
            notes.iter().zip(&heard).filter_map(|(note, heard)| Some((note.heard.written?, heard.onset_ticks)));
        let placed: Vec<(f64, i64)> = placed.collect();
        let (mut onsets, mut displaced) = (0.0f64, 0.0f64);
        for level in LEVELS {
            let (with_beats, without) = shares(&placed, level);
            (onsets, displaced) = (onsets.max(with_beats), displaced.max(without));
            if level == 1.0 {
                self.onsets_as_written += with_beats;
            }
        }
        self.onsets += onsets;
        self.onsets_displaced += displaced;
    }

    fn mean(self) -> Self {
        let [exact, up_to_octave, onsets, onsets_as_written, onsets_displaced] =
            [self.exact, self.up_to_octave, self.onsets, self.onsets_as_written, self.onsets_displaced]
                .map(|sum| sum / f64::from(u32::try_from(self.n_phrases).unwrap_or(u32::MAX).max(1)));
        let bars = self.bars / f64::from(u32::try_from(self.n_bars).unwrap_or(u32::MAX).max(1));
        let Self { n_phrases, n_bars, .. } = self;
        Self { n_phrases, exact, up_to_octave, onsets, onsets_as_written, onsets_displaced, n_bars, bars }
    }
}

/// Shares of the notes (written in quarters, heard in ticks) that are right at a level, if displaced by whole beats of that
/// level, or by anything.
fn shares(placed: &[(f64, i64)], level: f64) -> (f64, f64) {
    let mut displacements: HashMap<i64, f64> = HashMap::new();
    for &(quarters, ticks) in placed {
        let off = f64::from(i32::try_from(ticks).unwrap_or(i32::MAX)) - quarters * 48.0 * level;
        if (off - off.round()).abs() <= 0.51 {
            *displacements.entry(micros(off)).or_default() += 1.0;
        }
    }
    // A written beat is displaced by whole beats that were found, or, if those are longer, by whole written ones.
    let unit = micros(48.0 * level.min(1.0)).max(1);
    let n = f64::from(u32::try_from(placed.len()).unwrap_or(u32::MAX).max(1));
    let best = |is_whole: bool| {
        let usable = displacements.iter().filter(|(ticks, _)| !is_whole || *ticks % unit == 0);
        usable.map(|(_, notes)| notes / n).fold(0.0, f64::max)
    };
    (best(true), best(false))
}

#[expect(clippy::cast_precision_loss, reason = "minutes in microseconds")]
const fn as_f64(us: i64) -> f64 {
    us as f64
}

#[expect(clippy::cast_possible_truncation, reason = "saturates")]
fn micros(us: f64) -> i64 {
    us.round() as i64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
fn rounded(us: f64) -> u32 {
    us.round() as u32
}
