//! Rules of harmony and counterpoint, and how far music keeps them.
//!
//! For each [`Rule`], [`count`] says how often a passage could have broken it and how often it did. [`StyleRates`] says how often
//! real music of a style breaks it, counted in the training pieces by `model benchmark rules`. Together they give a
//! [score](StyleRates::score) in which a rule weighs as much as the style keeps it, and nothing where it does not.
//!
//! Voices are found ([`Voices`]), and rules are judged only where they are sure. All rules are of intervals between notes, and none
//! needs a key or a metre: music that is transposed or moved in time has the same counts. What is a step, a leap or a
//! dissonance is told by semitones, since keys of a piano have no spelling. Voices that cross where no note is held are found as
//! voices that do not, so crossing and overlap are seen less than scores in parts have them.
//!
//! Reading order: `texture` is what sounds at each moment; `motion` judges how two voices move, `dissonance` what clashes, `tendency`
//! leading notes and sevenths, `lines` single voices and their distances, `cadence` the ends of phrases; `rates` is what
//! styles do.
//!
//! ```
//! use music::counterpoint::{Rule, StyleRates, count};
//! use music::{Note, Pitch, Velocity};
//!
//! let note = |onset_ticks, key| {
//!     let (pitch, velocity) = (Pitch::new(key).unwrap(), Velocity::MEDIUM);
//!     Note { onset_ticks, duration_ticks: 48, pitch, velocity }
//! };
//! let fifths = [note(0, 60), note(0, 67), note(48, 62), note(48, 69)];
//! let counts = count(&fifths);
//! assert_eq!((counts[Rule::ParallelFifths].opportunities, counts[Rule::ParallelFifths].violations), (1, 1));
//! assert!(StyleRates::of("Renaissance").score(&counts) < 0.0);
//! ```

mod cadence;
mod dissonance;
mod lines;
mod motion;
mod rates;
mod tendency;
#[cfg(test)]
mod tests;
mod texture;

use std::ops::{Index, IndexMut};

use crate::harmony::voices::Voices;
use crate::note::Note;

pub use cadence::{Cadence, N_CADENCES};
pub use rates::{Rate, StyleRates};
use texture::Texture;

/// How many rules there are.
pub const N_RULES: usize = 17;

/// Something that textbooks ask of voices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// Two voices do not move from fifth to fifth in one direction (Fux 1725, I; Aldwell and Schachter). Asked where both
    /// leave a fifth.
    ParallelFifths,
    /// Nor from octave to octave or unison. Asked where both leave one; three octaves in a row are a doubling, not two voices.
    ParallelOctaves,
    /// The outer voices do not move in one direction into a fifth while the upper leaps (Aldwell and Schachter).
    HiddenFifths,
    /// Nor into an octave.
    HiddenOctaves,
    /// Notes that are struck together are consonant (Fux, first species).
    StruckDissonance,
    /// Who moves into a dissonance with a held note does so by step (Fux, second and third species).
    DissonanceEntered,
    /// And leaves it by step.
    DissonanceLeft,
    /// A held note that has become dissonant falls by step (Fux, fourth species).
    Suspension,
    /// The seventh of a seventh chord falls by step when the chord changes (Piston).
    Seventh,
    /// The third of a major chord, or of a dominant seventh, rises by a semitone when the root falls a fifth: the leading note
    /// (Aldwell and Schachter).
    LeadingNote,
    /// A moving voice does not pass a note that another holds (Aldwell and Schachter). Asked of each held neighbour.
    Crossing,
    /// Of two neighbours that move, neither goes past where the other just was: overlap (the same).
    Overlap,
    /// Adjacent upper voices lie within an octave (Piston).
    Spacing,
    /// A voice does not move by a tritone or seventh, nor by more than an octave (Fux, first species; Jeppesen).
    MelodicInterval,
    /// After a fourth or more, a voice turns back (Jeppesen 1931; von Hippel and Huron 2000 say why).
    LeapRecovery,
    /// Twelve or more notes of one voice stay within an eleventh (Jeppesen).
    Range,
    /// A phrase ends on a consonant chord in root position.
    Ending,
}

impl Rule {
    /// All rules, in the order of their numbers.
    pub const ALL: [Self; N_RULES] = [
        Self::ParallelFifths,
        Self::ParallelOctaves,
        Self::HiddenFifths,
        Self::HiddenOctaves,
        Self::StruckDissonance,
        Self::DissonanceEntered,
        Self::DissonanceLeft,
        Self::Suspension,
        Self::Seventh,
        Self::LeadingNote,
        Self::Crossing,
        Self::Overlap,
        Self::Spacing,
        Self::MelodicInterval,
        Self::LeapRecovery,
        Self::Range,
        Self::Ending,
    ];

    /// Its name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ParallelFifths => "parallel-fifths",
            Self::ParallelOctaves => "parallel-octaves",
            Self::HiddenFifths => "hidden-fifths",
            Self::HiddenOctaves => "hidden-octaves",
            Self::StruckDissonance => "struck-dissonance",
            Self::DissonanceEntered => "dissonance-entered",
            Self::DissonanceLeft => "dissonance-left",
            Self::Suspension => "suspension",
            Self::Seventh => "seventh",
            Self::LeadingNote => "leading-note",
            Self::Crossing => "crossing",
            Self::Overlap => "overlap",
            Self::Spacing => "spacing",
            Self::MelodicInterval => "melodic-interval",
            Self::LeapRecovery => "leap-recovery",
            Self::Range => "range",
            Self::Ending => "ending",
        }
    }
}

/// How often a rule could have been broken, and was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Places where the rule applies.
    pub opportunities: u32,
    /// Places of these where it is broken.
    pub violations: u32,
}

impl Count {
    fn see(&mut self, is_broken: bool) {
        self.opportunities += 1;
        self.violations += u32::from(is_broken);
    }

    fn add(&mut self, other: Self) {
        self.opportunities += other.opportunities;
        self.violations += other.violations;
    }

    /// Violations per opportunity, 0 to 1; `None` without opportunities.
    #[must_use]
    pub fn rate(self) -> Option<f64> {
        (self.opportunities > 0).then(|| f64::from(self.violations) / f64::from(self.opportunities))
    }
}

/// What was counted in some music.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// By the number of the rule.
    rules: [Count; N_RULES],
    /// Ends of phrases by how the bass comes to them.
    pub cadences: [u32; N_CADENCES],
    /// Notes that were looked at.
    pub n_notes: u32,
}

impl Index<Rule> for Counts {
    type Output = Count;

    fn index(&self, rule: Rule) -> &Count {
        &self.rules[rule as usize]
    }
}

impl IndexMut<Rule> for Counts {
    fn index_mut(&mut self, rule: Rule) -> &mut Count {
        &mut self.rules[rule as usize]
    }
}

impl Counts {
    /// Counts those of other music too.
    pub fn add(&mut self, other: &Self) {
        for (sum, count) in self.rules.iter_mut().zip(other.rules) {
            sum.add(count);
        }
        for (sum, n) in self.cadences.iter_mut().zip(other.cadences) {
            *sum += n;
        }
        self.n_notes += other.n_notes;
    }
}

/// Counts in notes of any order, times in ticks of 1/48 beat, on an exact grid: chords that are spread are not heard as chords.
#[must_use]
pub fn count(notes: &[Note]) -> Counts {
    count_voices(&Voices::separate(notes))
}

/// Counts in voices that are known or found.
#[must_use]
pub fn count_voices(voices: &Voices) -> Counts {
    let mut counts = Counts { n_notes: u32::try_from(voices.notes().len()).unwrap_or(u32::MAX), ..Counts::default() };
    let texture = Texture::new(voices);
    motion::count(&texture, &mut counts);
    dissonance::count(&texture, &mut counts);
    tendency::count(&texture, &mut counts);
    lines::count(&texture, &mut counts);
    cadence::count(&texture, &mut counts);
    counts
}
