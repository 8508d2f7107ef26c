//! Counts the rules of counterpoint in the music of each style, and says what that is worth: whether voices are found rightly, and
//! whether a score of the rules tells real music from music that is spoilt.
//!
//! Reading order: `separation` compares voices that are found with parts that are known; `anchors` spoils music.

mod anchors;
mod separation;

use std::cmp;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Result, ensure};
use music::bar_lines::BarLines;
use music::counterpoint::{Counts, StyleRates, count};
use music::{Note, Reading, Reduction, file};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::data::corpus::{self, ANY_STYLE, Source, Split};

pub use anchors::Anchor;
pub use separation::{Separation, separation};

/// Notes of a passage that is scored, about as many as an answer has.
const PASSAGE_NOTES: usize = 96;
/// So many passages of a piece, from its beginning to its end.
const MOST_PASSAGES: usize = 4;
/// Pieces that are timed.
const MOST_TIMED: usize = 50;
const N_ANCHORS: usize = Anchor::ALL.len();

/// What to count.
#[derive(Clone, Debug)]
pub struct RulesConfig {
    /// A folder of MIDI files, or a manifest.
    pub data: PathBuf,
    /// The split that stands beside the training pieces.
    pub split: Split,
    /// Only so many files of each style and split.
    pub limit: Option<usize>,
}

/// How often real music has a better score than the same music spoilt.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ordering {
    /// Pairs of a passage and its spoilt twin.
    pub n_pairs: u32,
    /// In which the real one breaks the rules less, in halves: equal ones count half.
    pub by_score: f64,
    /// In which the real one is nearer to the style.
    pub by_divergence: f64,
}

impl Ordering {
    fn add(&mut self, other: Self) {
        self.n_pairs += other.n_pairs;
        self.by_score += other.by_score;
        self.by_divergence += other.by_divergence;
    }
}

/// What was counted in a style.
#[derive(Clone, Debug, Default)]
pub struct StyleReport {
    /// Whole training pieces.
    pub train: Counts,
    /// The same, spoilt in two ways that do not mind the rules: a voice transposed, and notes at random.
    pub chance: [Counts; 2],
    /// Whole pieces of the other split.
    pub held_out: Counts,
    /// The same, spoilt in each way.
    pub spoilt: [Counts; N_ANCHORS],
    /// Passages of the other split.
    pub orderings: [Ordering; N_ANCHORS],
    /// Voices of the other split.
    pub separation: Separation,
}

/// What was counted, and how fast.
#[derive(Clone, Debug)]
pub struct RulesReport {
    /// By the names of the styles.
    pub styles: BTreeMap<String, StyleReport>,
    /// What a table of the styles' rates should hold.
    pub rates: Vec<StyleRates>,
    /// To find voices and count, on one thread, in microseconds a note.
    pub us_per_note: f64,
}

/// Counts and compares. Played music is left out: its chords are spread.
///
/// # Errors
/// When the corpus cannot be listed, or holds no score.
pub fn rules(config: &RulesConfig) -> Result<RulesReport> {
    let sources = sources(config)?;
    let pieces: Vec<Piece> = sources.par_iter().enumerate().filter_map(|(seed, source)| piece(source, seed)).collect();
    let mut styles: BTreeMap<String, StyleReport> = BTreeMap::new();
    for piece in &pieces {
        for style in [&piece.style[..], ANY_STYLE] {
            let sum = styles.entry(style.to_owned()).or_default();
            let [transposed, _, at_random] = &piece.spoilt;
            if piece.split == Split::Train {
                sum.train.add(&piece.counts);
                sum.chance.iter_mut().zip([transposed, at_random]).for_each(|(sum, counts)| sum.add(counts));
            }
            if piece.split == config.split {
                sum.held_out.add(&piece.counts);
                sum.spoilt.iter_mut().zip(&piece.spoilt).for_each(|(sum, counts)| sum.add(counts));
                piece.separation.iter().for_each(|separation| sum.separation.add(separation));
            }
        }
    }
    let rates: Vec<StyleRates> = styles
        .iter()
        .filter(|(_, report)| report.train.n_notes > 0)
        .map(|(style, report)| StyleRates::new(style, &report.train, report.chance.each_ref()))
        .collect();
    let held_out: Vec<&Piece> = pieces.iter().filter(|piece| piece.split == config.split).collect();
    ensure!(!rates.is_empty() && !held_out.is_empty(), "no scores in beats, of train and of {}", config.split.name());
    let orderings: Vec<[Ordering; N_ANCHORS]> = held_out
        .par_iter()
        .map(|piece| match rates.iter().find(|rates| rates.style == piece.style) {
            Some(rates) => orderings(piece, rates),
            None => Default::default(),
        })
        .collect();
    for (piece, found) in held_out.iter().zip(orderings) {
        for style in [&piece.style[..], ANY_STYLE] {
            let sum = &mut styles.entry(style.to_owned()).or_default().orderings;
            sum.iter_mut().zip(found).for_each(|(sum, ordering)| sum.add(ordering));
        }
    }
    Ok(RulesReport { styles, rates, us_per_note: us_per_note(&held_out) })
}

/// The scores of both splits.
fn sources(config: &RulesConfig) -> Result<Vec<Source>> {
    let mut seen: BTreeMap<(String, Split), usize> = BTreeMap::new();
    let is_wanted = |source: &Source| {
        let is_score = !source.is_expressive && !source.is_transcription;
        if !is_score || ![Split::Train, config.split].contains(&source.split) {
            return false;
        }
        let n_before = seen.entry((source.style.clone(), source.split)).or_default();
        *n_before += 1;
        config.limit.is_none_or(|limit| *n_before <= limit)
    };
    Ok(corpus::list(&config.data)?.sources.into_iter().filter(is_wanted).collect())
}

/// What a file says; notes and bars of the other split only, which are cut into passages later.
struct Piece {
    style: String,
    split: Split,
    /// Of the random choices.
    seed: u64,
    counts: Counts,
    spoilt: [Counts; N_ANCHORS],
    separation: Option<Separation>,
    notes: Vec<Note>,
    bar_lines: BarLines,
}

/// `None` for what cannot be read, or follows no beat.
fn piece(source: &Source, seed: usize) -> Option<Piece> {
    let score = file::read(&fs::read(&source.file).ok()?).ok()?.score;
    let Reduction { notes, metres, is_free: false, .. } = Reduction::of(&score, Reading::Auto)? else { return None };
    let (bar_lines, seed) = (BarLines::new(&metres), u64::try_from(seed).unwrap_or(0));
    let spoilt = Anchor::ALL.map(|anchor| {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        anchor.spoil(&notes, &bar_lines, &mut random).map(|notes| count(&notes)).unwrap_or_default()
    });
    let is_train = source.split == Split::Train;
    Some(Piece {
        style: source.style.clone(),
        split: source.split,
        seed,
        counts: count(&notes),
        spoilt,
        separation: if is_train { None } else { separation(&score) },
        notes: if is_train { Vec::new() } else { notes },
        bar_lines,
    })
}

/// Compares passages of a piece with their spoilt twins.
fn orderings(piece: &Piece, rates: &StyleRates) -> [Ordering; N_ANCHORS] {
    let mut random = ChaCha8Rng::seed_from_u64(piece.seed);
    let mut orderings = [Ordering::default(); N_ANCHORS];
    let passages: Vec<&[Note]> = piece.notes.chunks_exact(PASSAGE_NOTES).collect();
    for passage in passages.iter().step_by(passages.len().div_ceil(MOST_PASSAGES).max(1)) {
        let real = count(passage);
        for (anchor, ordering) in Anchor::ALL.into_iter().zip(&mut orderings) {
            let Some(spoilt) = anchor.spoil(passage, &piece.bar_lines, &mut random) else { continue };
            let spoilt = count(&spoilt);
            ordering.n_pairs += 1;
            ordering.by_score += won(rates.score(&real), rates.score(&spoilt));
            ordering.by_divergence += won(-rates.divergence(&real), -rates.divergence(&spoilt));
        }
    }
    orderings
}

fn won(real: f64, spoilt: f64) -> f64 {
    match real.total_cmp(&spoilt) {
        cmp::Ordering::Less => 0.0,
        cmp::Ordering::Equal => 0.5,
        cmp::Ordering::Greater => 1.0,
    }
}

fn us_per_note(pieces: &[&Piece]) -> f64 {
    let (begin, mut n_notes) = (Instant::now(), 0);
    for piece in pieces.iter().take(MOST_TIMED) {
        n_notes += count(&piece.notes).n_notes;
    }
    begin.elapsed().as_secs_f64() * 1e6 / f64::from(n_notes.max(1))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use music::counterpoint::Rule;
    use music::{Part, Pitch, Score, TICKS_PER_BEAT, TimeSignature, Velocity};

    use super::*;

    /// Two voices in thirds and sixths, over eight bars.
    fn write(folder: &Path, name: &str, tonic: u8) {
        let voice = |above: [u8; 8]| {
            let note = |i: u8| Note {
                onset_ticks: i64::from(i) * i64::from(TICKS_PER_BEAT),
                duration_ticks: TICKS_PER_BEAT,
                pitch: Pitch::new(tonic + above[usize::from(i % 8)]).unwrap(),
                velocity: Velocity::MEDIUM,
            };
            Part::new("", (0..128).map(note).collect())
        };
        let score = Score::new(120.0, TimeSignature::COMMON)
            .with_part(voice([16, 17, 19, 21, 19, 17, 16, 14]))
            .with_part(voice([0, 2, 4, 5, 4, 2, 0, 5]));
        fs::write(folder.join(name), music::midi::write(&score).unwrap()).unwrap();
    }

    #[test]
    fn rules_are_counted_by_style_and_tell_real_music_from_spoilt() {
        let folder = tempfile::tempdir().unwrap();
        let mut table = String::from("path,style,split\n");
        for (tonic, split) in [(48, "train"), (50, "train"), (53, "train"), (55, "test")] {
            write(folder.path(), &format!("{tonic}.mid"), tonic);
            table += &format!("{tonic}.mid,hymn,{split}\n");
        }
        fs::write(folder.path().join("manifest.csv"), table).unwrap();
        let config = RulesConfig { data: folder.path().to_owned(), split: Split::Test, limit: None };
        let report = rules(&config).unwrap();
        let hymn = &report.styles["Hymn"];
        assert_eq!(hymn.train[Rule::StruckDissonance].violations, 0);
        assert!(hymn.train[Rule::StruckDissonance].opportunities > 300, "{:?}", hymn.train);
        assert!(hymn.chance[1][Rule::StruckDissonance].violations > 0);
        assert_eq!((hymn.separation.n_pieces, hymn.separation.n_sure), (1, hymn.separation.n_sure_right));
        let [transposed, _, at_random] = hymn.orderings;
        assert_eq!((transposed.n_pairs, at_random.n_pairs), (2, 2));
        assert!(at_random.by_score == 2.0 && transposed.by_score > 1.0, "{:?}", hymn.orderings);
        assert_eq!(report.rates.len(), 2, "the style, and all together");
    }
}
