//! What a critic learns from and is measured on: phrases of real music as calls, the phrase that the composer went on with, and
//! answers that Antiphon gives to the same call, in the same time, with the plugin's defaults.
//!
//! A critic finds whatever tells the two apart, so what is no music must not: the composer's phrase goes through the same steps as
//! ours ([`as_ours`]): times and velocities of the vocabulary, keys of the plugin's range, one strike of a key at a time, and
//! the same end. Scores without dynamics are marked ([`Trial::is_flat`]), so that nothing is learnt of their velocities.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use engine::answer::{Call, Controls};
use engine::vocab::{duration_value, time_ticks, time_value, velocity_of, velocity_value};
use engine::{Metre, Note, Pitch, Velocity, Weights};
use music::close_overlaps;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::data::corpus::Split;
use crate::data::performance::heard_from_hands;
use crate::data::phrases::{PhrasePair, in_plugins_range, in_turns, phrase_pairs, plain};
use crate::data::shards::PlacedNote;
use crate::evaluate::chosen_whole;
use crate::evaluate::music::Music;
use crate::evaluate::passages::answer_of_plugin;

/// Most pairs of one piece.
const MOST_PAIRS: usize = 4;
/// A phrase with more notes outside the plugin's keys than one in so many is left out; the others are moved by octaves.
const FEW: usize = 20;
/// Song seeds of a trial, at most.
const MOST_SEEDS: u32 = 256;

/// A call, and what follows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// The file of the piece within the corpus; all trials of a piece are in one split, and so are all pieces of a work.
    pub piece: String,
    /// The name of its style.
    pub style: String,
    /// Its velocities say nothing.
    pub is_flat: bool,
    /// Hands played the call, and this is what the ear heard.
    pub is_played: bool,
    /// In [`Note::order`].
    pub call: Vec<Note>,
    /// Of call and answer.
    pub metre: Metre,
    /// When the answer begins.
    pub start_ticks: i64,
    /// When it must be over.
    pub end_ticks: i64,
    /// What the composer wrote, through [`as_ours`].
    pub real: Vec<Note>,
    /// What Antiphon answers, one for each seed, never empty.
    pub ours: Vec<Vec<Note>>,
}

/// What to make.
#[derive(Clone, Copy, Debug)]
pub struct TrialsConfig {
    /// The pieces to take calls from.
    pub split: Split,
    /// Pairs of phrases, at most.
    pub n_pairs: usize,
    /// Answers to each call as it is written.
    pub n_written: u32,
    /// Answers to each call as it is heard when hands play it.
    pub n_played: u32,
}

/// Makes trials: the same for the same weights and music. Styles take turns, so that the small ones are not drowned.
///
/// # Errors
/// When there are no phrases that answer one another in the split.
pub fn make(
    weights: &Arc<Weights>,
    music: &Music,
    config: TrialsConfig,
    on_made: impl Fn(usize, usize) + Sync,
) -> Result<Vec<Trial>> {
    let sources = sources(music, config);
    ensure!(!sources.is_empty(), "no phrases that answer one another in the {} music", config.split.name());
    let n_made = std::sync::atomic::AtomicUsize::new(0);
    let trials = sources.par_iter().enumerate().with_max_len(1).map(|(i, source)| {
        let trials = trials(weights, source, i, config);
        on_made(n_made.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1, sources.len());
        trials
    });
    Ok(trials.flatten_iter().collect())
}

/// A pair of phrases, and where it is from.
struct Source<'a> {
    piece: &'a str,
    style: &'a str,
    is_flat: bool,
    pair: PhrasePair<'a>,
    real: Vec<Note>,
}

fn sources<'a>(music: &'a Music, config: TrialsConfig) -> Vec<Source<'a>> {
    let mut by_style: BTreeMap<&str, Vec<Source>> = BTreeMap::new();
    for held in chosen_whole(music, config.split) {
        let style = music.style(held.0);
        for pair in phrase_pairs(held.1, MOST_PAIRS) {
            let Some(real) = as_ours(&plain(pair.answer), pair.end_ticks) else { continue };
            let source = Source { piece: &held.0.path, style, is_flat: held.0.is_flat, pair, real };
            by_style.entry(style).or_default().push(source);
        }
    }
    in_turns(by_style, config.n_pairs)
}

fn trials(weights: &Arc<Weights>, source: &Source, i: usize, config: TrialsConfig) -> Vec<Trial> {
    let pair = &source.pair;
    let style = weights.style_index(source.style).unwrap_or(0);
    let seed = u32::try_from(i).unwrap_or(u32::MAX).wrapping_mul(MOST_SEEDS);
    let trial = |is_played: bool, n_answers: u32| {
        let call: Vec<PlacedNote> =
            if is_played { heard_from_hands(&pair.call, seed.into()) } else { pair.call.clone() };
        let call = plain(&call);
        // Page and hands have seeds of their own.
        let first = seed.wrapping_add(if is_played { MOST_SEEDS / 2 } else { 0 });
        let ours = (0..n_answers.min(MOST_SEEDS / 2)).filter_map(|n| {
            let notes = our_answer(weights, &call, (pair, style), first.wrapping_add(n));
            as_ours(&notes, pair.end_ticks).filter(|notes| !notes.is_empty())
        });
        let ours: Vec<Vec<Note>> = ours.collect();
        Trial {
            piece: source.piece.to_owned(),
            style: source.style.to_owned(),
            is_flat: source.is_flat,
            is_played,
            call,
            metre: pair.metre,
            start_ticks: pair.start_ticks,
            end_ticks: pair.end_ticks,
            real: source.real.clone(),
            ours,
        }
    };
    let all = [(false, config.n_written), (true, config.n_played)];
    let all = all.into_iter().filter(|(_, n)| *n > 0).map(|(is_played, n)| trial(is_played, n));
    all.filter(|trial| !trial.ours.is_empty()).collect()
}

fn our_answer(weights: &Arc<Weights>, call: &[Note], (pair, style): (&PhrasePair, u8), song_seed: u32) -> Vec<Note> {
    let call = Call::new(call.iter().copied(), pair.metre);
    let PhrasePair { start_ticks, end_ticks, .. } = *pair;
    // Each alone: the trials show what there is to choose from.
    let controls = Controls { style, candidates: 1, ..Controls::default() };
    answer_of_plugin(weights, &call, (start_ticks, end_ticks), song_seed, &controls, usize::MAX)
}

/// Notes as the plugin could have played them; `None` where too many lie outside its keys. What is ours stays as it is.
#[must_use]
pub fn as_ours(notes: &[Note], end_ticks: i64) -> Option<Vec<Note>> {
    let (lowest, highest) = (Controls::DEFAULT.lowest, Controls::DEFAULT.highest);
    let n_outside = notes.iter().filter(|note| note.pitch < lowest || note.pitch > highest).count();
    if n_outside * FEW > notes.len() {
        return None;
    }
    // Times are told from onset to onset, so that one that has no value moves all that follow.
    let (mut written_ticks, mut onset_ticks) = (notes.first()?.onset_ticks, notes.first()?.onset_ticks);
    let mut ours = Vec::with_capacity(notes.len());
    for note in notes {
        let shift_ticks = u32::try_from(note.onset_ticks - written_ticks).unwrap_or(0);
        (written_ticks, onset_ticks) = (note.onset_ticks, onset_ticks + i64::from(time_ticks(time_value(shift_ticks))));
        let room_ticks = u32::try_from(end_ticks - onset_ticks).unwrap_or(0);
        if room_ticks > 0 {
            ours.push(Note {
                onset_ticks,
                duration_ticks: time_ticks(duration_value(note.duration_ticks)).min(room_ticks),
                pitch: in_plugins_range(note.pitch),
                velocity: velocity_of(velocity_value(note.velocity)),
            });
        }
    }
    Some(close_overlaps(&ours))
}

/// Onset, length, key, velocity.
type Numbers = (i64, u32, u8, u8);

/// A line of the file.
#[derive(Serialize, Deserialize)]
struct Line {
    piece: String,
    style: String,
    is_flat: bool,
    is_played: bool,
    /// A bar line and the length of a bar.
    bars: Option<(i64, u32)>,
    start_ticks: i64,
    end_ticks: i64,
    call: Vec<Numbers>,
    real: Vec<Numbers>,
    ours: Vec<Vec<Numbers>>,
}

/// Writes trials, each on a line in JSON.
///
/// # Errors
/// When the file cannot be written.
pub fn write(path: &Path, trials: &[Trial]) -> Result<()> {
    let cannot = || format!("cannot write {}", path.display());
    let mut file = BufWriter::new(File::create(path).with_context(cannot)?);
    let numbers = |notes: &[Note]| -> Vec<Numbers> {
        notes.iter().map(|n| (n.onset_ticks, n.duration_ticks, n.pitch.get(), n.velocity.get())).collect()
    };
    for trial in trials {
        let line = Line {
            piece: trial.piece.clone(),
            style: trial.style.clone(),
            is_flat: trial.is_flat,
            is_played: trial.is_played,
            bars: match trial.metre {
                Metre::Free => None,
                Metre::Bars { bar_line_ticks, bar_ticks } => Some((bar_line_ticks, bar_ticks)),
            },
            start_ticks: trial.start_ticks,
            end_ticks: trial.end_ticks,
            call: numbers(&trial.call),
            real: numbers(&trial.real),
            ours: trial.ours.iter().map(|notes| numbers(notes)).collect(),
        };
        serde_json::to_writer(&mut file, &line)?;
        file.write_all(b"\n").with_context(cannot)?;
    }
    file.flush().with_context(cannot)
}

/// Reads what [`write`] wrote.
///
/// # Errors
/// When the file is not one of trials; the message says which line is wrong.
pub fn read(path: &Path) -> Result<Vec<Trial>> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let trials = BufReader::new(file).lines().enumerate().map(|(i, line)| {
        let wrong = || format!("line {} of {} is no trial; make the file again", i + 1, path.display());
        let line: Line = serde_json::from_str(&line.with_context(wrong)?).with_context(wrong)?;
        trial(line).with_context(wrong)
    });
    let trials = trials.collect::<Result<Vec<Trial>>>()?;
    ensure!(!trials.is_empty(), "{} holds no trials; make the file again", path.display());
    Ok(trials)
}

fn trial(line: Line) -> Option<Trial> {
    let note = |&(onset_ticks, duration_ticks, pitch, velocity): &Numbers| {
        let (pitch, velocity) = (Pitch::new(pitch)?, Velocity::new(velocity)?);
        Some(Note { onset_ticks, duration_ticks, pitch, velocity })
    };
    let notes = |numbers: &[Numbers]| numbers.iter().map(note).collect::<Option<Vec<Note>>>();
    Some(Trial {
        piece: line.piece,
        style: line.style,
        is_flat: line.is_flat,
        is_played: line.is_played,
        metre: match line.bars {
            None => Metre::Free,
            Some((bar_line_ticks, bar_ticks)) => Metre::Bars { bar_line_ticks, bar_ticks },
        },
        start_ticks: line.start_ticks,
        end_ticks: line.end_ticks,
        call: notes(&line.call)?,
        real: notes(&line.real)?,
        ours: line
            .ours
            .iter()
            .map(|numbers| notes(numbers))
            .collect::<Option<_>>()
            .filter(|all: &Vec<_>| !all.is_empty())?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(onset_ticks: i64, duration_ticks: u32, key: u8, velocity: u8) -> Note {
        Note { onset_ticks, duration_ticks, pitch: Pitch::nearest(key), velocity: Velocity::nearest(velocity) }
    }

    #[test]
    fn the_composers_notes_become_such_as_the_plugin_plays() {
        let mut written: Vec<Note> = (0..30u8).map(|i| note(24 * i64::from(i), 24, 60 + i % 12, 80)).collect();
        // Below the range, between two times of the vocabulary, and beyond the end.
        written[3].pitch = Pitch::nearest(30);
        written[5].duration_ticks = 51;
        written[29].duration_ticks = 500;
        let ours = as_ours(&written, 720).unwrap();
        assert_eq!((ours[3].pitch.get(), ours[5].duration_ticks, ours[29].end_ticks()), (42, 50, 720));
        assert!(ours.iter().all(|note| note.velocity.get() == 82));
        assert_eq!(as_ours(&ours, 720).unwrap(), ours, "ours stays");
        written.iter_mut().take(3).for_each(|note| note.pitch = Pitch::nearest(100));
        assert_eq!(as_ours(&written, 720), None);
    }

    #[test]
    fn a_file_of_trials_is_read_as_it_was_written() {
        let trial = Trial {
            piece: "a.mid".into(),
            style: "Folk".into(),
            is_flat: true,
            is_played: false,
            call: vec![note(-5, 24, 60, 80), note(20, 24, 64, 80)],
            metre: Metre::Bars { bar_line_ticks: 0, bar_ticks: 144 },
            start_ticks: 144,
            end_ticks: 288,
            real: vec![note(144, 48, 60, 82)],
            ours: vec![vec![note(144, 24, 61, 2)], vec![note(150, 24, 61, 126)]],
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trials");
        write(&path, &[trial.clone(), Trial { metre: Metre::Free, ..trial.clone() }]).unwrap();
        let read_back = read(&path).unwrap();
        assert_eq!((&read_back[0], read_back[1].metre), (&trial, Metre::Free));
        std::fs::write(&path, "{}\n").unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("line 1"));
    }
}
