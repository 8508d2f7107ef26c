//! What a player can set of an answer, and may change while it is being made.

use super::scale::{KeyChoice, KeyLock};
use crate::conditions::{Conditions, Relation};
use crate::note::Pitch;
use crate::sampling::density_control::DensityRequest;
use crate::sampling::sample::Sampling;

/// The grids that notes can be drawn to, as they are shown. Their order is in saved songs: new ones come last.
pub const GRID_NAMES: &[&str] = &["Off", "1/4", "1/8", "1/8 triplet", "1/16", "1/16 triplet", "1/32"];
/// Ticks from line to line of each of [`GRID_NAMES`].
pub const GRID_TICKS: [u8; 7] = [0, 48, 24, 16, 12, 8, 6];

/// What an answer may do with its call, as it is shown. Their order is in saved songs: new ones come last.
pub const RELATION_NAMES: &[&str] = &["Open", "Echo", "Vary", "Contrast"];
/// Each of [`RELATION_NAMES`]; what is open is not told to the network.
pub const RELATIONS: [Option<Relation>; 4] =
    [None, Some(Relation::Echo), Some(Relation::Vary), Some(Relation::Contrast)];

/// How far an echo and a variation lean towards what was played, at least.
const ECHO_WEIGHT: f32 = 0.97;
const VARY_WEIGHT: f32 = 0.88;
/// Lengths are chosen by so much more freely than onsets, and from nearly all values: the likely ones alone are more alike than
/// composers' are.
const LENGTH_FREEDOM: Sampling = Sampling { temperature: 1.1, top_p: 0.99 };

/// Loudness is chosen by so much more freely than pitch.
const VELOCITY_TEMPERATURE: f32 = 1.1;

/// What an answer should be like. The default is what the plugin plays when nobody has touched it.
///
/// ```
/// use engine::answer::Controls;
///
/// let denser = Controls { density: 2.0, ..Controls::default() };
/// assert!(denser.is_guided && denser.velocity_follow > 0.0);
/// assert!(!Controls::raw().is_guided);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Controls {
    /// Place in the weights' list of styles; 0 for any.
    pub style: u8,
    /// The style to mix with.
    pub style2: u8,
    /// The share of notes that come in the second style, 0 to 1.
    pub style_mix: f32,
    /// Of pitch and velocity.
    pub temperature: f32,
    /// Of time and length.
    pub rhythm_temperature: f32,
    /// Values are chosen among the likeliest that together have this probability, 0 to 1.
    pub top_p: f32,
    /// How far the answer leans towards what the player has played, 0 to 1.
    pub learn_from_me: f32,
    /// What the answer does with the call; `None` leaves it open.
    pub relation: Option<Relation>,
    /// The chord that the answer keeps to, as the condition [`harmony`](crate::conditions::harmony); 0 leaves it open.
    pub harmony: u8,
    /// Notes per beat, times the call's; above 0.
    pub density: f32,
    /// From -1 to 1: fewer notes and thinner chords than the call's, or more and fuller.
    pub complexity: f32,
    /// Notes at a time, at most; 0 for the call's polyphony.
    pub voices: u8,
    /// How near the answer's loudness is kept to the call's: 0 leaves it free, 1 makes them equal on average.
    pub velocity_follow: f32,
    /// Lowest key, inclusive.
    pub lowest: Pitch,
    /// Highest key, inclusive.
    pub highest: Pitch,
    /// The key and the scale.
    pub key: KeyChoice,
    /// How strictly the answer keeps to them.
    pub key_lock: KeyLock,
    /// Ticks from line to line of the grid that notes are drawn to, one of [`GRID_TICKS`]; 0 for none.
    pub quantise_ticks: u8,
    /// How far they are drawn, 0 to 1.
    pub quantise_strength: f32,
    /// How far the answer is played as loosely as the player plays: 0 is as it is written, 1 as loose as the player. It is laid over
    /// the notes by whoever plays them (see [`Feel`](crate::rhythm::Feel)), and changes none.
    pub feel: f32,
    /// Of how many answers the best is played, 1 to [`MOST_CANDIDATES`](super::MOST_CANDIDATES), as far as there is time.
    pub candidates: u8,
    /// Whether the call's number of notes, chords and rhythm, and how many bars are left, are told to the network, and the answer is
    /// held to them and to its start, and never rests for long. Always, but where the network alone is measured.
    pub is_guided: bool,
}

impl Default for Controls {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Controls {
    /// What the plugin plays when nobody has touched it.
    pub const DEFAULT: Self = Self {
        style: 0,
        style2: 0,
        style_mix: 0.0,
        temperature: 0.9,
        rhythm_temperature: 0.9,
        top_p: 0.95,
        learn_from_me: 0.45,
        relation: None,
        harmony: 0,
        density: 1.0,
        complexity: 0.0,
        voices: 0,
        velocity_follow: 0.75,
        lowest: Pitch::nearest(36),
        highest: Pitch::nearest(96),
        key: KeyChoice { tonic: None, scale: 0 },
        key_lock: KeyLock::Lean,
        quantise_ticks: 0,
        quantise_strength: 1.0,
        feel: 0.5,
        candidates: 4,
        is_guided: true,
    };

    /// The network alone, on the keys of a piano: it is told style and mode, what it chooses is played as it is, and only
    /// what would run in circles is chosen anew. For measurements of the network; nobody plays like this.
    #[must_use]
    pub fn raw() -> Self {
        Self {
            temperature: 0.95,
            rhythm_temperature: 0.95,
            learn_from_me: 0.0,
            velocity_follow: 0.0,
            lowest: Pitch::nearest(21),
            highest: Pitch::nearest(108),
            key_lock: KeyLock::Off,
            feel: 0.0,
            candidates: 1,
            is_guided: false,
            ..Self::default()
        }
    }

    /// How freely pitch and velocity are chosen.
    pub(super) fn sampling(&self) -> Sampling {
        Sampling { temperature: self.temperature, top_p: self.top_p }
    }

    /// How freely time and length are chosen.
    pub(super) fn rhythm_sampling(&self) -> Sampling {
        Sampling { temperature: self.rhythm_temperature, top_p: self.top_p }
    }

    /// How far the answer leans towards what was played: also as far as its relation to the call wants it, which networks follow less
    /// than real answers do.
    ///
    /// From 0 to 1. Motifs return evenly along [`Controls::learn_from_me`], which a weight itself does not do: they hardly come at
    /// half of it, and at nine tenths as often as composers let them.
    #[must_use]
    pub fn cache_weight(&self) -> f32 {
        let left = 1.0 - self.learn_from_me.clamp(0.0, 1.0);
        let weight = 1.0 - left * left * left;
        match self.relation {
            None => weight,
            Some(Relation::Echo) => weight.max(ECHO_WEIGHT),
            Some(Relation::Vary) => weight.max(VARY_WEIGHT),
            Some(Relation::Contrast) => 0.0,
        }
    }

    /// How freely lengths are chosen.
    pub(super) fn length_sampling(&self) -> Sampling {
        let Sampling { temperature, top_p } = LENGTH_FREEDOM;
        Sampling { temperature: self.rhythm_temperature * temperature, top_p: self.top_p.max(top_p) }
    }

    /// How freely loudness is chosen: from all values, since the likely ones alone are flatter than playing is.
    pub(super) fn velocity_sampling(&self) -> Sampling {
        Sampling { temperature: self.temperature * VELOCITY_TEMPERATURE, top_p: 1.0 }
    }

    /// How many notes are asked for.
    pub(super) fn density_request(&self) -> DensityRequest {
        let grid_ticks = f32::from(self.quantise_ticks) * self.quantise_strength;
        DensityRequest { density: self.density, complexity: self.complexity, grid_ticks }
    }

    /// What the network is told of a note that the player plays.
    #[must_use]
    pub fn call_conditions(&self) -> Conditions {
        Conditions { style: self.style, ..Conditions::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_echo_leans_more_than_a_variation_and_a_contrast_not_at_all() {
        let weight =
            |relation, learn_from_me| Controls { relation, learn_from_me, ..Controls::default() }.cache_weight();
        let weights = RELATIONS.map(|relation| weight(relation, 0.1));
        assert!((weights[0] - 0.271).abs() < 1e-6);
        assert!(weights[1] > weights[2] && weights[2] > weights[0] && weights[3] == 0.0, "{weights:?}");
        assert_eq!(weight(Some(Relation::Vary), 1.0), 1.0, "who wants more gets more");
    }
}
