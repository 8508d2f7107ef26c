//! How often the ear is right on human piano performances that are aligned with their scores and warped to a click
//! (`shared/data/bench/performed`). They may be measured on; no constant of the ear is set by them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use music::rhythm::{PlayedNote, hear};
use music::{Pitch, Velocity};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::hearing::{Hearing, TestNote, Written, heard_later, nearest_sixteenth_or_triplet};
use crate::data::hands::{Hands, USUAL_SD_MS, parts_of};

/// Notes of a performance that are heard.
const N_NOTES: usize = 500;
/// The same for what is hardly played.
const N_WRITTEN_NOTES: usize = 250;
const JITTER_MS: f64 = 12.0;

/// How the notes are played.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Playing {
    /// The score's own times.
    Exact,
    /// The score's times, each note off by a normal deviation of 12 ms.
    Jitter,
    /// The score, by simulated hands.
    Simulated,
    /// The player, each beat warped onto the click.
    Strict,
    /// The player, whose beats drift about the click.
    Loose,
}

impl Playing {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Exact, Self::Jitter, Self::Simulated, Self::Strict, Self::Loose];

    /// In a table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Jitter => "12 ms",
            Self::Simulated => "simulated, sd 20",
            Self::Strict => "strict",
            Self::Loose => "loose",
        }
    }
}

/// What to measure on.
#[derive(Clone, Debug)]
pub struct PerformedConfig {
    /// A folder of performances.
    pub data: PathBuf,
    /// Only so many of them.
    pub limit: Option<usize>,
}

/// Of one way of playing.
#[derive(Clone, Debug, Serialize)]
pub struct PlayingReport {
    /// Which way.
    pub playing: Playing,
    /// Mean over the performances.
    pub onsets: f64,
    /// The tenth percentile of the performances.
    pub onsets_p10: f64,
    /// Of all performances together.
    pub chord_f1: f64,
    /// Mean over the performances, on the onsets as heard.
    pub values: f64,
    /// The same by the nearest sixteenth or triplet eighth.
    pub naive_onsets: f64,
    /// The same by the nearest sixteenth or triplet eighth.
    pub naive_chord_f1: f64,
}

/// How the ear stands.
#[derive(Clone, Debug, Serialize)]
pub struct PerformedReport {
    /// How many there were.
    pub n_performances: usize,
    /// For each way of playing.
    pub playings: Vec<PlayingReport>,
    /// Strict: how many notes later it was decided, and share of the onsets that were right then; the mean over performances.
    pub later: Vec<(usize, f64)>,
    /// Of the ear, for each note.
    pub us_per_note: f64,
}

/// Hears all performances.
///
/// # Errors
/// When the folder or a performance cannot be read.
pub fn performed(config: &PerformedConfig) -> Result<PerformedReport> {
    let performances = read_all(&config.data, config.limit)?;
    let (mut playings, mut us, mut n) = (Vec::new(), 0.0, 0.0);
    for playing in Playing::ALL {
        let (mut all, mut naive_all) = (Hearing::default(), Hearing::default());
        let (mut onsets, mut naive_onsets, mut values) = (Vec::new(), Vec::new(), Vec::new());
        for (performance, seed) in performances.iter().zip(0..) {
            let notes = performance.notes(playing, seed);
            let played: Vec<PlayedNote> = notes.iter().map(|note| note.played).collect();
            let start = Instant::now();
            let heard = hear(&played);
            us += start.elapsed().as_secs_f64() * 1e6;
            n += count(played.len());
            let hearing = Hearing::new(&notes, &heard);
            let rounded = played.iter().map(|note| nearest_sixteenth_or_triplet(note.onset_parts));
            let naive = Hearing::of_onsets(&notes, rounded.map(|ticks| (ticks, ticks)));
            onsets.push(hearing.onsets());
            values.push(hearing.values());
            naive_onsets.push(naive.onsets());
            all.add(hearing);
            naive_all.add(naive);
        }
        playings.push(PlayingReport {
            playing,
            onsets: mean(&onsets),
            onsets_p10: tenth_percentile(&mut onsets),
            chord_f1: all.chord_f1(),
            values: mean(&values),
            naive_onsets: mean(&naive_onsets),
            naive_chord_f1: naive_all.chord_f1(),
        });
    }
    let later = [0, 2, 4, 8].map(|n_later| {
        let onsets = |performance: &Performance| {
            let notes = performance.notes(Playing::Strict, 0);
            Hearing::of_onsets(&notes, heard_later(&notes, n_later).into_iter()).onsets()
        };
        (n_later, mean(&performances.iter().map(onsets).collect::<Vec<_>>()))
    });
    Ok(PerformedReport { n_performances: performances.len(), playings, later: later.to_vec(), us_per_note: us / n })
}

/// A performance as its file has it.
#[derive(Deserialize)]
pub(super) struct Performance {
    click_quarter_bpm: f64,
    columns: Vec<String>,
    #[serde(default)]
    beats_score: Vec<String>,
    #[serde(default)]
    beats_s: Vec<f64>,
    #[serde(default)]
    downbeats_score: Vec<String>,
    notes: Vec<Row>,
}

/// A note without its click.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heard {
    pub(super) onset_s: f64,
    pub(super) click_on_ms: f64,
    pub(super) pitch: Pitch,
    pub(super) velocity: Velocity,
    /// Where it is written, in quarters, if that is sure.
    pub(super) written: Option<f64>,
}

/// In the order of [`COLUMNS`].
#[derive(Deserialize)]
struct Row(f64, IgnoredAny, u8, u8, String, String, String, f64, f64, f64, f64);

const COLUMNS: [&str; 11] = [
    "onset_s",
    "offset_s",
    "pitch",
    "velocity",
    "score_onset",
    "score_duration",
    "flag",
    "click_on_ms",
    "click_off_ms",
    "loose_on_ms",
    "loose_off_ms",
];

pub(super) fn read_all(folder: &Path, limit: Option<usize>) -> Result<Vec<Performance>> {
    let entries = folder.read_dir().with_context(|| format!("cannot open the folder {}", folder.display()))?;
    let mut files: Vec<PathBuf> = entries.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    files.retain(|file| file.extension().is_some_and(|ending| ending == "json"));
    files.sort();
    files.truncate(limit.unwrap_or(usize::MAX));
    ensure!(!files.is_empty(), "no performance (.json) in {}; give the folder bench/performed", folder.display());
    files.iter().map(|file| read(file).with_context(|| format!("cannot read {}", file.display()))).collect()
}

fn read(file: &Path) -> Result<Performance> {
    let performance: Performance = serde_json::from_slice(&fs::read(file)?)?;
    ensure!(performance.columns == COLUMNS, "its columns are not {}", COLUMNS.join(", "));
    let bpm = performance.click_quarter_bpm;
    ensure!((6.0..=1000.0).contains(&bpm), "{bpm} is no tempo");
    for row in &performance.notes {
        row.written()?;
    }
    Ok(performance)
}

impl Row {
    /// `None` if its place is not sure.
    fn written(&self) -> Result<Option<Written>> {
        if !self.6.is_empty() {
            return Ok(None);
        }
        Ok(Some(Written { onset: fraction(&self.4)?, value: fraction(&self.5)? }))
    }
}

/// Such as "3/2", "-1" or "7".
fn fraction(text: &str) -> Result<f64> {
    let (above, below) = text.split_once('/').unwrap_or((text, "1"));
    match (above.parse::<f64>(), below.parse::<f64>()) {
        (Ok(above), Ok(below)) if below > 0.0 && above.is_finite() => Ok(above / below),
        _ => bail!("\"{text}\" is no fraction"),
    }
}

impl Performance {
    pub(super) const fn click_quarter_bpm(&self) -> f64 {
        self.click_quarter_bpm
    }

    /// Its beats, in quarters and in seconds.
    pub(super) fn beats(&self) -> Result<Vec<(f64, f64)>> {
        let n = self.beats_score.len();
        ensure!(n >= 2 && n == self.beats_s.len(), "it has no beats (beats_score, beats_s)");
        let quarters = self.beats_score.iter().map(|text| fraction(text)).collect::<Result<Vec<_>>>()?;
        ensure!(quarters.is_sorted_by(|a, b| a < b) && self.beats_s.is_sorted(), "its beats are not in order");
        Ok(quarters.into_iter().zip(self.beats_s.iter().copied()).collect())
    }

    /// Where its bars begin, in quarters.
    pub(super) fn downbeats(&self) -> Result<Vec<f64>> {
        self.downbeats_score.iter().map(|text| fraction(text)).collect()
    }

    /// All its notes, in order of the file.
    pub(super) fn heard(&self) -> Result<Vec<Heard>> {
        let heard = |row: &Row| {
            let written = row.written()?.map(|written| written.onset);
            let (pitch, velocity) = (Pitch::nearest(row.2), Velocity::nearest(row.3));
            Ok(Heard { onset_s: row.0, click_on_ms: row.7, pitch, velocity, written })
        };
        self.notes.iter().map(heard).collect()
    }

    /// The notes as they are played, in order.
    fn notes(&self, playing: Playing, seed: u64) -> Vec<TestNote> {
        let is_written = matches!(playing, Playing::Exact | Playing::Jitter);
        let rows = &self.notes[..self.notes.len().min(if is_written { N_WRITTEN_NOTES } else { N_NOTES })];
        let us_per_beat = self.us_per_beat();
        let mut notes: Vec<TestNote> = rows.iter().filter_map(|row| self.note(row, playing)).collect();
        match playing {
            Playing::Jitter => {
                let mut rng = ChaCha8Rng::seed_from_u64(seed);
                for note in &mut notes {
                    // Twelve uniform numbers are as good as normal.
                    let normal: f64 = (0..12).map(|_| rng.random_range(-0.5..0.5)).sum();
                    note.move_by(parts_of(JITTER_MS * normal, us_per_beat));
                }
            }
            Playing::Simulated => {
                // What no score has stays where it was played.
                notes.sort_by_key(|note| note.played.onset_parts);
                let written: Vec<usize> = (0..notes.len()).filter(|&i| notes[i].written.is_some()).collect();
                let times: Vec<i64> = written.iter().map(|&i| notes[i].played.onset_parts).collect();
                let struck = Hands::new(USUAL_SD_MS, seed).strike(&times, |_| us_per_beat);
                for ((i, from), to) in written.into_iter().zip(times).zip(struck) {
                    notes[i].move_by(to - from);
                }
            }
            _ => {}
        }
        notes.sort_by_key(|note| (note.played.onset_parts, note.played.pitch));
        notes
    }

    fn note(&self, row: &Row, playing: Playing) -> Option<TestNote> {
        let written = row.written().ok().flatten();
        let us_per_beat = self.us_per_beat();
        let (on_ms, off_ms) = if playing == Playing::Loose { (row.9, row.10) } else { (row.7, row.8) };
        let onset_parts = match (playing, written) {
            (Playing::Strict | Playing::Loose, _) | (Playing::Simulated, None) => parts_of(on_ms, us_per_beat),
            (_, Some(written)) => parts_of(written.onset * f64::from(us_per_beat) / 1000.0, us_per_beat),
            // The score's own times have no place for it.
            (_, None) => return None,
        };
        let played = PlayedNote {
            onset_parts,
            off_parts: onset_parts + parts_of((off_ms - on_ms).max(1.0), us_per_beat),
            pitch: Pitch::nearest(row.2),
            velocity: Velocity::nearest(row.3),
            us_per_beat,
        };
        Some(TestNote { played, written })
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the tempo was checked")]
    fn us_per_beat(&self) -> u32 {
        (60e6 / self.click_quarter_bpm).round() as u32
    }
}

impl TestNote {
    const fn move_by(&mut self, parts: i64) {
        self.played.onset_parts += parts;
        self.played.off_parts += parts;
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / count(values.len().max(1))
}

fn tenth_percentile(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 10).copied().unwrap_or(0.0)
}

#[expect(clippy::cast_precision_loss, reason = "counts")]
const fn count(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(folder: &Path, text: &str) {
        fs::write(folder.join("one.json"), text).unwrap();
    }

    #[test]
    fn a_performance_is_read_and_heard() {
        let folder = tempfile::tempdir().unwrap();
        let row = |i: i32| {
            let ms = 250 * i;
            let (on, off) = (ms + 7 * (i % 3), ms + 200);
            let (on_s, pitch) = (f64::from(on) / 1000.0, 60 + i % 7);
            format!("[{on_s}, 1, {pitch}, 70, \"{i}/2\", \"1/2\", \"\", {on}, {off}, {on}, {off}]")
        };
        let rows: Vec<String> = (-2..100).map(row).collect();
        let columns = format!("{COLUMNS:?}");
        let beats = "\"beats_score\": [\"-1\", \"50\"], \"beats_s\": [-0.5, 25]";
        let text = format!(
            "{{\"click_quarter_bpm\": 120, \"columns\": {columns}, {beats}, \"notes\": [{}]}}",
            rows.join(", ")
        );
        file(folder.path(), &text);
        let config = PerformedConfig { data: folder.path().into(), limit: None };
        let report = performed(&config).unwrap();
        assert_eq!(report.n_performances, 1);
        for playing in report.playings {
            assert!(playing.onsets > 0.9, "{playing:?}");
        }
        let report = super::super::tempo::unknown_beat(&config).unwrap();
        for (_, condition, report) in report.rows {
            // Eighths without accents do not say which of them is on the beat.
            assert!(report.up_to_octave > 0.9 && report.onsets_displaced > 0.9, "{condition:?}: {report:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let error = |folder: &Path| {
            let config = PerformedConfig { data: folder.into(), limit: None };
            format!("{:#}", performed(&config).unwrap_err())
        };
        assert!(error(Path::new("/no/such")).contains("cannot open the folder /no/such"));
        let folder = tempfile::tempdir().unwrap();
        assert!(error(folder.path()).contains("no performance"));
        file(folder.path(), "{\"notes\": [");
        assert!(error(folder.path()).contains("one.json"));
        file(folder.path(), "{\"click_quarter_bpm\": 0, \"columns\": [], \"notes\": []}");
        assert!(error(folder.path()).contains("its columns are not onset_s"));
        file(folder.path(), &format!("{{\"click_quarter_bpm\": 90, \"columns\": {COLUMNS:?}, \"notes\": []}}"));
        let config = PerformedConfig { data: folder.path().into(), limit: None };
        assert!(super::super::tempo::unknown_beat(&config).unwrap_err().to_string().contains("it has no beats"));
        assert!(fraction("1/0").is_err() && fraction("x").is_err() && fraction("-3/2").unwrap() < -1.0);
    }
}
