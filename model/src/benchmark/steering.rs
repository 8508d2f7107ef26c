//! Whether an answer does what it is asked for: its relation to the call, a close at its end, the chord that is held. Calls and what
//! the composer answered are phrases of held-out music; our answers are made as the plugin makes them, as long as the composer's.

mod texture;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Result, ensure};
use engine::answer::Controls;
use engine::answer::controls::{RELATION_NAMES, RELATIONS};
use engine::answer::scale::share_in_key;
use engine::conditions::harmony::{self, Chord, ChordKind};
use engine::conditions::similarity;
use engine::key::Key;
use engine::{Note, TICKS_PER_BEAT, Weights};
use rayon::prelude::*;
use serde::Serialize;

use super::{mean, share};
use crate::data::corpus::Split;
use crate::data::performance::heard_from_hands;
use crate::data::phrases::{PhrasePair, phrase_pairs, plain};
use crate::data::shards::PlacedNote;
use crate::evaluate::music::Music;
use crate::evaluate::passages::answer_of_plugin;
use crate::evaluate::{chosen_whole, load, shipped};
use crate::judge::features::deviation;
use crate::judge::features::form::{Close, returned_motifs};
pub use texture::Texture;

const BEAT: i64 = TICKS_PER_BEAT as i64;
/// Of one piece.
const MOST_PAIRS: usize = 2;

/// What to measure.
#[derive(Clone, Debug)]
pub struct SteeringConfig {
    /// A weight file; the plugin's own weights when not given.
    pub weights: Option<PathBuf>,
    /// A folder that `model prepare` wrote, or music to prepare.
    pub data: PathBuf,
    /// How many calls, at most.
    pub n_calls: usize,
    /// What is set for all answers, but for what each row asks for.
    pub controls: Controls,
}

/// What answers are like; shares from 0 to 1, of those answers of which each can be said.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Manner {
    /// How they came about.
    pub name: String,
    /// Answers.
    pub n_answers: usize,
    /// Of the call's motifs (four notes of its top voice, in any key), the share that returns.
    pub motifs: f64,
    /// How alike call and answer are, in rhythm and contour.
    pub similarity: f64,
    /// Answers that are an echo, a variation, a contrast.
    pub relations: [f64; 3],
    /// Whose last note is of the tonic triad.
    pub end_on_tonic: f64,
    /// Whose last note is a beat long or longer.
    pub end_long: f64,
    /// That end within a beat of their end.
    pub end_in_time: f64,
    /// All three.
    pub close: f64,
    /// Notes in the key, less the call's.
    pub in_key_over_call: f64,
    /// The standard deviation of the velocities.
    pub velocity_sd: f64,
}

/// How answers keep to a chord.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Fit {
    /// How they came about.
    pub name: String,
    /// The share of notes that begin on a beat and belong to the chord.
    pub on_beats: f64,
    /// The same of all notes.
    pub all: f64,
}

/// All of it.
#[derive(Clone, Debug, Serialize)]
pub struct SteeringReport {
    /// Name of the weights.
    pub weights: String,
    /// The composer's answers, then ours by relation.
    pub manners: Vec<Manner>,
    /// Real music with the chords that were found in it; our answers when a chord is held, and when it is not.
    pub fits: Vec<Fit>,
    /// Answers to the calls as they are written, and as they are heard when hands play them.
    pub textures: Vec<Texture>,
}

/// A call with what the composer answered, and its style in the weights.
pub(crate) type Call<'a> = (u8, PhrasePair<'a>);

/// Lets the plugin answer held-out calls.
///
/// # Errors
/// When a file cannot be read, or there are no phrases.
pub fn steering(config: &SteeringConfig) -> Result<SteeringReport> {
    let weights = Arc::new(config.weights.as_deref().map_or_else(shipped, load)?);
    let music = Music::open(&config.data, false)?;
    let pieces = chosen_whole(&music, Split::Test);
    let mut pairs: Vec<Call> = Vec::new();
    for (piece, notes) in &pieces {
        let style = weights.style_index(music.style(piece)).unwrap_or(0);
        let of_piece = phrase_pairs(notes, MOST_PAIRS).into_iter().map(|pair| (style, pair));
        pairs.extend(of_piece.take(config.n_calls - pairs.len()));
    }
    ensure!(!pairs.is_empty(), "there are no phrases that answer one another in the test music");
    let real: Vec<Vec<Note>> = pairs.iter().map(|(_, pair)| plain(pair.answer)).collect();
    let mut manners = vec![manner("the composer's", &pairs, &real)];
    let mut open = Vec::new();
    for (name, relation) in RELATION_NAMES.iter().zip(RELATIONS) {
        let controls = Controls { relation, ..config.controls };
        let answers = answers(&weights, &pairs, |_| controls);
        manners.push(manner(&format!("ours, {}", name.to_lowercase()), &pairs, &answers));
        if relation.is_none() {
            open = answers;
        }
    }
    let chords: Vec<Chord> = pairs.iter().enumerate().map(|(i, (_, pair))| diatonic(pair.key, i)).collect();
    let held = answers(&weights, &pairs, |i| Controls { harmony: harmony::value(Some(chords[i])), ..config.controls });
    let with_chord = |answers: &[Vec<Note>]| -> Vec<(Note, Chord)> {
        answers.iter().zip(&chords).flat_map(|(notes, &chord)| notes.iter().map(move |&note| (note, chord))).collect()
    };
    let found = |placed: &PlacedNote| Some((placed.note, harmony::chord(placed.labels.harmony)?));
    let in_real: Vec<(Note, Chord)> = pairs.iter().flat_map(|(_, pair)| pair.answer.iter().filter_map(found)).collect();
    let fits = vec![
        fit("the composer's, with the chords found in them", &in_real),
        fit("ours, a chord of the key held", &with_chord(&held)),
        fit("ours without it, with the same chord", &with_chord(&open)),
    ];
    let mut textures = vec![Texture::of("as written", &open)];
    for (seed, (_, pair)) in (0..).zip(&mut pairs) {
        pair.call = heard_from_hands(&pair.call, seed);
    }
    textures.push(Texture::of("played and heard", &answers(&weights, &pairs, |_| config.controls)));
    Ok(SteeringReport { weights: weights.header().name.clone(), manners, fits, textures })
}

/// What the plugin answers to each call, with these controls in the style of its piece.
fn answers(weights: &Arc<Weights>, pairs: &[Call], controls: impl Fn(usize) -> Controls + Sync) -> Vec<Vec<Note>> {
    let answer_to = |(i, (style, pair)): (usize, &Call)| {
        let call = engine::answer::Call::new(plain(&pair.call), pair.metre);
        let song_seed = u32::try_from(i).unwrap_or(u32::MAX);
        let PhrasePair { start_ticks, end_ticks, .. } = *pair;
        let controls = Controls { style: *style, ..controls(i) };
        answer_of_plugin(weights, &call, (start_ticks, end_ticks), song_seed, &controls, usize::MAX)
    };
    pairs.par_iter().enumerate().with_max_len(1).map(answer_to).collect()
}

/// Tonic, subdominant, dominant and the triad on the sixth, one after the other.
fn diatonic(key: Key, i: usize) -> Chord {
    let (root, kind) = match (i % 4, key.is_minor) {
        (0, false) => (0, ChordKind::Major),
        (0, true) => (0, ChordKind::Minor),
        (1, false) => (5, ChordKind::Major),
        (1, true) => (5, ChordKind::Minor),
        (2, _) => (7, ChordKind::Major),
        (_, false) => (9, ChordKind::Minor),
        (_, true) => (8, ChordKind::Major),
    };
    Chord { root: (key.tonic + root) % 12, kind }
}

/// What answers are like, each to the call of its pair.
pub(crate) fn manner(name: &str, pairs: &[Call], answers: &[Vec<Note>]) -> Manner {
    let mut manner = Manner { name: name.to_owned(), n_answers: answers.len(), ..Manner::default() };
    let (mut motifs, mut alike, mut ends, mut keys, mut sds) = (vec![], vec![], vec![], vec![], vec![]);
    for ((_, pair), notes) in pairs.iter().zip(answers) {
        let call = plain(&pair.call);
        motifs.extend(returned_motifs(&call, notes));
        alike.extend(similarity(&call, notes));
        if let Some(close) = Close::of(notes, pair.key, pair.end_ticks) {
            ends.push([close.is_on_tonic, close.is_long, close.is_in_time, close.is_close()].map(f64::from));
            keys.push(f64::from(share_in_key(notes, pair.key) - share_in_key(&call, pair.key)));
        }
        if notes.len() > 1 {
            sds.push(deviation(&notes.iter().map(|note| f64::from(note.velocity.get())).collect::<Vec<_>>()));
        }
    }
    manner.motifs = mean(motifs.into_iter());
    manner.similarity = mean(alike.iter().map(|found| f64::from(f32::midpoint(found.rhythm, found.contour))));
    manner.relations = [1, 2, 3].map(|n| mean(alike.iter().map(|found| f64::from(found.relation() as u8 == n))));
    [manner.end_on_tonic, manner.end_long, manner.end_in_time, manner.close] =
        std::array::from_fn(|i| mean(ends.iter().map(|end| end[i])));
    (manner.in_key_over_call, manner.velocity_sd) = (mean(keys.into_iter()), mean(sds.into_iter()));
    manner
}

fn fit(name: &str, notes: &[(Note, Chord)]) -> Fit {
    let belongs = |(note, chord): &(Note, Chord)| f64::from(chord.has(note.pitch.get()));
    let on_beats = notes.iter().filter(|(note, _)| note.onset_ticks.rem_euclid(BEAT) == 0);
    Fit { name: name.to_owned(), on_beats: mean(on_beats.map(belongs)), all: mean(notes.iter().map(belongs)) }
}

#[cfg(test)]
mod tests {
    use engine::{Pitch, Velocity};

    use super::*;

    fn tune(keys: &[u8], from: i64) -> Vec<Note> {
        let note = |(i, &key): (i64, &u8)| Note {
            onset_ticks: from + 48 * i,
            duration_ticks: 48,
            pitch: Pitch::nearest(key),
            velocity: Velocity::MEDIUM,
        };
        (0..).zip(keys).map(note).collect()
    }

    #[test]
    fn notes_belong_to_the_chord_or_not() {
        let chord = Chord { root: 9, kind: ChordKind::Minor };
        let mut notes: Vec<_> = tune(&[57, 60, 62, 64], 0).into_iter().map(|note| (note, chord)).collect();
        notes[3].0.onset_ticks += 24;
        let Fit { on_beats, all, .. } = fit("", &notes);
        assert!((on_beats - 2.0 / 3.0).abs() < 1e-9 && (all - 0.75).abs() < 1e-9);
        assert!((share_in_key(&tune(&[60, 61, 62, 64], 0), Key { tonic: 0, is_minor: false }) - 0.75).abs() < 1e-9);
    }
}
