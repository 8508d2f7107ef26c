//! Recordings, whose notes are all there: heard as if they were played now, and whole files as they are written, by their own beats if
//! they were played to them, else by the beats that are found in the playing.

use super::tempo_finder::{Beat, Hints, Struck, find_beat};
use super::{CAPACITY, Ear, HeardNote, NoteId, PARTS_PER_BEAT, PARTS_PER_TICK, SeenEnds};
use crate::note::{Note, Pitch, TICKS_PER_BEAT, Velocity};
use crate::score::{Part, Score};
use crate::tempo::{TempoMap, resample, us_per_beat};
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
/// Times are held within 35 years.
const MOST_US: i64 = 1 << 50;
/// Beats are looked for in stretches of this length, which overlap by half: what comes before and after says where they are.
const STRETCH_US: i64 = 24_000_000;
/// Found in so many stretches before, a tempo is more probable.
const MOST_EARLIER: usize = 3;
/// A longer silence has as many beats, and longer ones.
const MOST_SILENT_BEATS: i64 = 4096;
/// Beats of the longest bar that is looked for.
const MOST_BAR_BEATS: usize = 4;
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

/// A note of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlayedNote {
    /// When it was struck, in parts of a tick.
    pub onset_parts: i64,
    /// When the key went up.
    pub off_parts: i64,
    /// Its key.
    pub pitch: Pitch,
    /// How hard it was struck.
    pub velocity: Velocity,
    /// The tempo when it was struck, in microseconds a beat.
    pub us_per_beat: u32,
}

impl PlayedNote {
    /// A note that was played to the nearest tick.
    #[must_use]
    pub fn in_ticks(note: &Note, us_per_beat: u32) -> Self {
        let Note { onset_ticks, pitch, velocity, .. } = *note;
        let [onset_parts, off_parts] =
            [onset_ticks, note.end_ticks()].map(|ticks| ticks.saturating_mul(PARTS_PER_TICK));
        Self { onset_parts, off_parts, pitch, velocity, us_per_beat }
    }
}

/// Hears a whole recording: notes in order of their onsets, each as [`Ear`] has it in the end.
#[must_use]
pub fn hear(played: &[PlayedNote]) -> Vec<HeardNote> {
    hear_with(&mut Ear::new(), played)
}

/// What the scorer of note values sees while a recording is heard, and what is heard in the end: to train it.
#[must_use]
#[doc(hidden)]
pub fn hear_and_see(played: &[PlayedNote]) -> (Vec<HeardNote>, Vec<SeenEnds>) {
    let mut ear = Ear { seen: Some(Vec::new()), ..Ear::new() };
    let heard = hear_with(&mut ear, played);
    (heard, ear.seen.unwrap_or_default())
}

fn hear_with(ear: &mut Ear, played: &[PlayedNote]) -> Vec<HeardNote> {
    let mut heard = Vec::with_capacity(played.len());
    // Releases wait in order of their time, ends before beginnings.
    let mut releases: Vec<usize> = (0..played.len()).collect();
    releases.sort_by_key(|&i| (played[i].off_parts.max(played[i].onset_parts), i));
    let mut releases = releases.into_iter().peekable();
    for (number, note) in played.iter().enumerate() {
        while let Some(i) = releases.next_if(|&i| i < number && played[i].off_parts <= note.onset_parts) {
            ear.release(NoteId(i), played[i].off_parts);
        }
        if ear.n_notes() == CAPACITY {
            heard.extend(ear.notes().next().map(|(_, oldest)| oldest));
        }
        ear.strike(note.onset_parts, note.us_per_beat, note.pitch, note.velocity);
    }
    for i in releases {
        ear.release(NoteId(i), played[i].off_parts);
    }
    ear.settle();
    heard.extend(ear.notes().map(|(_, note)| note));
    heard
}

/// What a recording means: notes as they are written, in the order in which they were struck. `beat_ticks` is the time of any beat.
///
/// What is given here is what [`Ear`] says of the same notes while they are played.
#[must_use]
pub fn write_down(played: &[PlayedNote], beat_ticks: i64) -> Vec<Note> {
    let offset_parts = beat_ticks.saturating_mul(PARTS_PER_TICK);
    let from_beat = |note: &PlayedNote| {
        let [onset_parts, off_parts] =
            [note.onset_parts, note.off_parts].map(|parts| parts.saturating_sub(offset_parts));
        PlayedNote { onset_parts, off_parts, ..*note }
    };
    let played: Vec<PlayedNote> = played.iter().map(from_beat).collect();
    let written = |heard: HeardNote| Note {
        onset_ticks: heard.onset_ticks + beat_ticks,
        duration_ticks: heard.value_ticks.unwrap_or(1),
        pitch: heard.pitch,
        velocity: heard.velocity,
    };
    hear(&played).into_iter().map(written).collect()
}

/// The same in [`Note::order`].
#[must_use]
pub fn transcribe(played: &[PlayedNote], beat_ticks: i64) -> Vec<Note> {
    let mut notes = write_down(played, beat_ticks);
    notes.sort_by_key(Note::order);
    notes
}

/// The score of a recording in ticks of [`TICKS_PER_BEAT`], and by what it was heard. `has_beats` says that the file's beats may
/// mean something. Drums and answers are left out. `None` if it is too short to have a beat.
pub(crate) fn written(score: &Score, has_beats: bool) -> Option<(Score, HeardBy)> {
    let read = score.parts.iter().enumerate().filter(|(_, part)| part.is_read());
    let mut strikes: Vec<Strike> =
        read.flat_map(|(part, of)| of.notes.iter().map(move |&note| Strike { part, note })).collect();
    strikes.sort_by_key(|strike| (strike.note.onset_ticks, strike.note.pitch));
    let parts = |ticks| resample(ticks, score.ticks_per_beat, PARTS);
    let onsets: Vec<i64> = strikes.iter().map(|strike| parts(strike.note.onset_ticks)).collect();
    if has_beats && follows(&onsets) {
        let played = strikes.iter().map(|Strike { note, .. }| PlayedNote {
            onset_parts: parts(note.onset_ticks),
            off_parts: parts(note.end_ticks()),
            pitch: note.pitch,
            velocity: note.velocity,
            us_per_beat: us_per_beat(score.tempi.bpm(note.onset_ticks)),
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
    for (strike, note) in strikes.iter().zip(write_down(&played, 0)) {
        parts[strike.part].notes.push(Note { onset_ticks: note.onset_ticks.max(0), ..note });
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
    /// Those before the first note are in them, so that the first begins a bar.
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
        let before = (1..=n_before).rev().map(|n| beats_us[0] - first_gap_us * as_i64(n));
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

/// Adds the beats of a stretch from a time on. A silence between is filled with beats of its tempo.
fn append(beats_us: &mut Vec<i64>, beat: &Beat, own_us: i64) {
    let length_us = i64::from(beat.us_per_beat).max(1);
    for &us in beat.beats_us.iter().filter(|us| **us >= own_us) {
        if let Some(&last_us) = beats_us.last() {
            let gap_us = us - last_us;
            if gap_us * 16 < length_us * LEAST_GAP_16THS {
                continue;
            }
            let n_beats = (gap_us / length_us + i64::from(gap_us % length_us * 2 >= length_us)).min(MOST_SILENT_BEATS);
            beats_us.extend((1..n_beats).map(|n| last_us + gap_us / n_beats * n));
        }
        beats_us.push(us);
    }
}

#[expect(clippy::cast_possible_truncation, reason = "saturates")]
fn us_of(seconds: f64) -> i64 {
    ((seconds * 1e6).round() as i64).clamp(-MOST_US, MOST_US)
}

#[expect(clippy::cast_precision_loss, reason = "counts of notes")]
const fn as_f64(n: usize) -> f64 {
    n as f64
}

fn as_i64(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
