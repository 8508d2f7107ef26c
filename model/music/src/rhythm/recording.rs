//! A recording that hands played, as it is written: by the beats of its file if it was played to them, else by the beats that are
//! found in the playing.
//!
//! Reading order: [`written`]; `follows` says whether the file's beats were heeded, `Beats` are the ones that were found.

use super::tempo_finder::{Beat, Hints, Struck, find_beat};
use super::{PARTS_PER_BEAT, PlayedNote, hear};
use crate::note::{Note, TICKS_PER_BEAT};
use crate::score::{Part, Role, Score};
use crate::tempo::{TempoMap, resample};
use crate::time_signature::{MetreChange, TimeSignature};

/// By which beats a recording was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HeardBy {
    /// By those of its file: it was played to a click.
    ItsBeats,
    /// By those that were found in it: its file has none, or others.
    FoundBeats,
}

/// [`PARTS_PER_BEAT`], as a resolution.
const PARTS: u32 = 16 * TICKS_PER_BEAT;
const _: () = assert!(PARTS as i64 == PARTS_PER_BEAT);
/// Beats are looked for in stretches of this length, which overlap by half: what comes before and after says where they are.
const STRETCH_US: i64 = 24_000_000;
/// Found in so many stretches before, a tempo is more probable.
const MOST_EARLIER: usize = 3;
/// A stretch begins its own beats when this part of a beat has passed since the last one, in sixteenths.
const LEAST_GAP_16THS: i64 = 10;

/// Divisions of a beat that may be played to.
const DIVISIONS: [i64; 4] = [1, 2, 3, 4];
/// Notes that follow so soon (in parts of a tick) are one onset.
const SAME_ONSET_PARTS: i64 = 40;
/// Onsets are at most this far from a division, on average, as a share of it; 0.25 if they do not heed it.
const MOST_DISTANCE: f64 = 0.19;
/// And so many standard errors nearer than those that do not.
const LEAST_SURE: f64 = 4.0;
/// The standard deviation of a distance if the division is not heeded: of a uniform choice from 0 to 0.5.
const UNIFORM_SD: f64 = 0.144_337_567;

/// The score of a recording in ticks of [`TICKS_PER_BEAT`], and by what it was heard. `has_beats` says that the file's beats may
/// mean something. Drums and answers are left out. `None` if it is too short to have a beat.
pub(crate) fn written(score: &Score, has_beats: bool) -> Option<(Score, HeardBy)> {
    let mut strikes = Vec::new();
    for (part, of) in score.parts.iter().enumerate() {
        if of.role != Role::Answer && !of.is_drums() {
            strikes.extend(of.notes.iter().map(|&note| Strike { part, note }));
        }
    }
    strikes.sort_by_key(|strike| (strike.note.onset_ticks, strike.note.pitch));
    let parts = |ticks| resample(ticks, score.ticks_per_beat, PARTS);
    let onsets: Vec<i64> = strikes.iter().map(|strike| parts(strike.note.onset_ticks)).collect();
    if has_beats && follows(&onsets) {
        let us_per_beat = |ticks| us_of(60.0 / score.tempi.bpm(ticks));
        let played = strikes.iter().map(|Strike { note, .. }| PlayedNote {
            onset_parts: parts(note.onset_ticks),
            off_parts: parts(note.end_ticks()),
            pitch: note.pitch,
            velocity: note.velocity,
            us_per_beat: u32::try_from(us_per_beat(note.onset_ticks)).unwrap_or(u32::MAX),
        });
        let resampled = score.resampled(TICKS_PER_BEAT);
        let (metres, tempi) = (resampled.metres, resampled.tempi);
        return Some((heard(score, &strikes, played.collect(), metres, tempi), HeardBy::ItsBeats));
    }
    let us = |ticks| us_of(score.tempi.seconds(ticks));
    let struck = |Strike { note, .. }: &Strike| Struck {
        onset_us: us(note.onset_ticks),
        pitch: note.pitch,
        velocity: note.velocity,
    };
    let beats = Beats::find(&strikes.iter().map(struck).collect::<Vec<_>>())?;
    let played = strikes.iter().map(|Strike { note, .. }| {
        let (onset_parts, us_per_beat) = beats.parts_at(us(note.onset_ticks));
        let (off_parts, _) = beats.parts_at(us(note.end_ticks()));
        PlayedNote { onset_parts, off_parts, pitch: note.pitch, velocity: note.velocity, us_per_beat }
    });
    let (metres, tempi) = (vec![beats.metre()], beats.tempi());
    Some((heard(score, &strikes, played.collect(), metres, tempi), HeardBy::FoundBeats))
}

/// A key goes down in a part of the score.
struct Strike {
    part: usize,
    note: Note,
}

/// The parts of a score with what the ear hears of their notes.
fn heard(
    score: &Score,
    strikes: &[Strike],
    played: Vec<PlayedNote>,
    metres: Vec<MetreChange>,
    tempi: TempoMap,
) -> Score {
    let mut parts: Vec<Part> =
        score.parts.iter().map(|part| Part { notes: Vec::new(), pedal: Vec::new(), ..part.clone() }).collect();
    for (strike, heard) in strikes.iter().zip(hear(&played)) {
        parts[strike.part].notes.push(Note {
            onset_ticks: heard.onset_ticks.max(0),
            duration_ticks: heard.value_ticks.unwrap_or(1),
            pitch: heard.pitch,
            velocity: heard.velocity,
        });
    }
    parts.iter_mut().for_each(|part| part.notes.sort_by_key(Note::order));
    Score { ticks_per_beat: TICKS_PER_BEAT, parts, metres, tempi }
}

/// Whether onsets, in parts of a tick by rising time, were played to their beats: they lie near some division of them.
fn follows(onsets: &[i64]) -> bool {
    let mut apart: Vec<i64> = onsets.to_vec();
    apart.dedup_by(|later, earlier| *later - *earlier < SAME_ONSET_PARTS);
    let n_onsets = as_f64(apart.len().max(1));
    DIVISIONS.iter().any(|division| {
        let length = PARTS_PER_BEAT / division;
        let distance = |onset: &i64| {
            let phase = onset.rem_euclid(length);
            phase.min(length - phase)
        };
        let sum = apart.iter().map(distance).sum::<i64>();
        let mean = as_f64(usize::try_from(sum).unwrap_or(0)) / n_onsets / as_f64(usize::try_from(length).unwrap_or(1));
        mean <= MOST_DISTANCE && (0.25 - mean) * n_onsets.sqrt() >= LEAST_SURE * UNIFORM_SD
    })
}

/// The beats of a whole recording.
struct Beats {
    /// One or two bars' worth of time before the first note is in them, so that the first beat begins a bar.
    beats_us: Vec<i64>,
    /// Beats of a bar.
    n_beats: usize,
}

impl Beats {
    fn find(notes: &[Struck]) -> Option<Self> {
        let last_us = notes.last()?.onset_us;
        let mut beats_us: Vec<i64> = Vec::new();
        let mut earlier: Vec<Beat> = Vec::new();
        let mut bars = Vec::new();
        let mut from_us = notes.first()?.onset_us;
        loop {
            let stretch = from_us..from_us + STRETCH_US;
            let first = notes.partition_point(|note| note.onset_us < stretch.start);
            let end = notes.partition_point(|note| note.onset_us < stretch.end);
            if let Some(beat) = find_beat(&notes[first..end], &Hints { earlier: &earlier, told: None }) {
                // Half of the overlap belongs to the stretch before.
                let own_us = if beats_us.is_empty() { i64::MIN } else { from_us + STRETCH_US / 4 };
                beats_us.truncate(beats_us.partition_point(|us| *us < own_us));
                append(&mut beats_us, &beat, own_us);
                bars.extend(beat.bar.map(|bar| (bar, beat.beats_us[bar.first.min(beat.beats_us.len() - 1)])));
                earlier.push(beat);
                earlier.drain(..earlier.len().saturating_sub(MOST_EARLIER));
            }
            if stretch.end > last_us {
                break;
            }
            from_us += STRETCH_US / 2;
            // Over a long silence at once.
            let next_us = notes[notes.partition_point(|note| note.onset_us < from_us)].onset_us;
            from_us = from_us.max(next_us - STRETCH_US / 2);
        }
        let first_gap_us = beats_us.get(1)? - beats_us[0];
        // Each stretch has a voice, as loud as it is sure.
        let mut votes = [[0u32; MOST_BAR_BEATS]; MOST_BAR_BEATS + 1];
        for (bar, begins_us) in bars {
            let beat = beats_us.partition_point(|us| *us < begins_us - first_gap_us / 2);
            votes[bar.n_beats.min(MOST_BAR_BEATS)][beat % bar.n_beats.max(1)] += 1 + u32::from(bar.sure_percent);
        }
        let n_beats = (2..=MOST_BAR_BEATS).rev().max_by_key(|&n| votes[n].iter().sum::<u32>()).unwrap_or(4);
        let first = (0..n_beats).rev().max_by_key(|&first| votes[n_beats][first]).unwrap_or(0);
        let n_before = (n_beats - first) % n_beats;
        let before = (1..=n_before).rev().zip(1..=n_before).map(|(n, _)| beats_us[0] - first_gap_us * as_i64(n));
        let beats_us = before.chain(beats_us.iter().copied()).collect();
        Some(Self { beats_us, n_beats })
    }

    /// See [`Beat::parts_at`].
    fn parts_at(&self, us: i64) -> (i64, u32) {
        super::tempo_finder::parts_at(&self.beats_us, us)
    }

    fn metre(&self) -> MetreChange {
        let signature = TimeSignature::new(u8::try_from(self.n_beats).unwrap_or(4), 2);
        MetreChange { start_ticks: 0, signature: signature.unwrap_or(TimeSignature::COMMON) }
    }

    fn tempi(&self) -> TempoMap {
        let changes = self.beats_us.windows(2).enumerate().map(|(beat, pair)| {
            let us_per_beat = u32::try_from(pair[1] - pair[0]).unwrap_or(u32::MAX);
            (as_i64(beat) * i64::from(TICKS_PER_BEAT), us_per_beat)
        });
        TempoMap::new(TICKS_PER_BEAT, changes)
    }
}

/// Beats of the longest bar that is looked for.
const MOST_BAR_BEATS: usize = 4;

/// Adds the beats of a stretch from a time on. A silence between is filled with beats of its tempo.
fn append(beats_us: &mut Vec<i64>, beat: &Beat, own_us: i64) {
    let length_us = i64::from(beat.us_per_beat).max(1);
    for &us in beat.beats_us.iter().filter(|us| **us >= own_us) {
        if let Some(&last_us) = beats_us.last() {
            let gap_us = us - last_us;
            if gap_us * 16 < length_us * LEAST_GAP_16THS {
                continue;
            }
            let n_beats = (gap_us + length_us / 2) / length_us;
            beats_us.extend((1..n_beats).map(|n| last_us + gap_us * n / n_beats));
        }
        beats_us.push(us);
    }
}

#[expect(clippy::cast_possible_truncation, reason = "saturates")]
fn us_of(seconds: f64) -> i64 {
    (seconds * 1e6).round() as i64
}

#[expect(clippy::cast_precision_loss, reason = "counts of notes")]
const fn as_f64(n: usize) -> f64 {
    n as f64
}

fn as_i64(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reduction::{Reading, Reduction};
    use crate::{Pitch, Velocity};

    /// A tune of quarters and eighths in 4/4 with a bass note a bar, whose notes come up to `late_ms` early or late, in a file of
    /// 120 BPM whatever the tempo of the playing. From the ninth bar on it is `rest_ms` later.
    fn recording(bpm: f64, late_ms: f64, rest_ms: f64) -> Score {
        let mut notes = Vec::new();
        let mut note = |beat: f64, beats: f64, key: u8| {
            let n = f64::from(u32::try_from(notes.len()).unwrap());
            // Spread like hands', and the same each time.
            let deviation_ms = late_ms * ((n * 0.618).fract() + (n * 0.377).fract() - 1.0);
            let rest_ms = if beat >= 32.0 { rest_ms } else { 0.0 };
            let ms = 1000.0 + beat * 60_000.0 / bpm + deviation_ms + rest_ms;
            // 960 ticks in 500 ms.
            let onset_ticks = us_of(ms / 1e6 * 1.92);
            let duration_ticks = u32::try_from(us_of(beats * 60_000.0 / bpm * 0.8 / 1e6 * 1.92)).unwrap();
            notes.push(Note { onset_ticks, duration_ticks, pitch: Pitch::nearest(key), velocity: Velocity::MEDIUM });
        };
        for bar in 0..16u8 {
            let at = 4.0 * f64::from(bar);
            note(at, 4.0, 36 + bar % 5);
            let tune = [(0.0, 1.0), (1.0, 0.5), (1.5, 0.5), (2.0, 1.0), (3.0, 0.5), (3.5, 0.5)];
            for (i, (beat, beats)) in (0u8..).zip(tune) {
                note(at + beat, beats, 60 + (i * 5 + bar) % 12);
            }
        }
        Score {
            ticks_per_beat: 960,
            parts: vec![Part::new("Piano", notes)],
            metres: vec![MetreChange { start_ticks: 0, signature: TimeSignature::COMMON }],
            tempi: TempoMap::constant(960, 120.0),
        }
    }

    fn steps(reduction: &Reduction) -> Vec<i64> {
        let mut onsets: Vec<i64> = reduction.notes.iter().map(|note| note.onset_ticks).collect();
        onsets.dedup();
        onsets.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }

    #[test]
    fn what_was_played_to_a_click_is_heard_by_it() {
        let score = recording(120.0, 35.0, 0.0);
        let heard = Reduction::of(&score, Reading::Heard).unwrap();
        assert_eq!((heard.heard_by, heard.is_free), (Some(HeardBy::ItsBeats), false));
        assert_eq!(heard.notes[0].onset_ticks, 96, "a second after the beginning");
        let n_right =
            steps(&heard).into_iter().zip([48, 24, 24, 48, 24, 24].into_iter().cycle()).filter(|(a, b)| a == b);
        assert!(n_right.count() >= 88, "of 95: {:?}", steps(&heard));
        assert!(Reduction::of(&score, Reading::Auto).unwrap().is_free);
    }

    #[test]
    fn what_was_played_beside_the_click_is_heard_by_its_own_beats() {
        for (bpm, rest_ms) in [(97.0, 0.0), (97.0, 60_123.0), (71.0, 0.0)] {
            let score = recording(bpm, 25.0, rest_ms);
            let heard = Reduction::of(&score, Reading::Heard).unwrap();
            assert_eq!((heard.heard_by, heard.is_free), (Some(HeardBy::FoundBeats), false));
            // Twice or half as fast is the same music.
            let levels = [24, 12, 48].map(|eighth| {
                let is_right = |step: &&i64| **step == eighth || **step == 2 * eighth;
                steps(&heard).iter().filter(is_right).count()
            });
            let n_right = levels.into_iter().max().unwrap();
            assert!(n_right >= 90, "{n_right} of 95 at {bpm} BPM, a rest of {rest_ms} ms: {:?}", steps(&heard));
            let octaves = [0.5, 1.0, 2.0].map(|n| (heard.tempo_bpm() / (n * bpm) - 1.0).abs());
            assert!(octaves.iter().any(|off| *off < 0.03), "{} for {bpm}", heard.tempo_bpm());
            assert_eq!(heard.notes.len(), score.n_notes());
        }
    }

    #[test]
    fn a_transcription_is_heard_by_beats_that_are_found_and_a_score_is_left_as_it_is() {
        let exact = recording(120.0, 0.0, 0.0);
        assert_eq!(Reduction::of(&exact, Reading::Heard), Reduction::of(&exact, Reading::Auto));
        let heard = Reduction::of(&exact, Reading::HeardFree).unwrap();
        assert_eq!((heard.heard_by, heard.is_free), (Some(HeardBy::FoundBeats), false));
    }

    #[test]
    fn what_has_no_beat_is_read_in_seconds() {
        let mut score = recording(97.0, 25.0, 0.0);
        score.parts[0].notes.truncate(3);
        let heard = Reduction::of(&score, Reading::HeardFree).unwrap();
        assert_eq!((heard.heard_by, heard.is_free, heard.notes.len()), (None, true, 3));
        score.parts[0].notes.clear();
        assert_eq!(Reduction::of(&score, Reading::HeardFree), None);
    }

    #[test]
    fn absurd_times_are_survived() {
        let mut score = recording(97.0, 25.0, 0.0);
        let last = score.parts[0].notes.last().copied().unwrap();
        score.parts[0].notes.push(Note { onset_ticks: i64::MAX / 4096, ..last });
        assert!(Reduction::of(&score, Reading::HeardFree).is_some());
    }
}
