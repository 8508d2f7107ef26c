//! Which pieces of a corpus are wanted.

use std::str::FromStr;

use music::{Key, Reduction, find_key};

use crate::data::corpus::Source;

/// What a piece must be like; anything when nothing is given.
#[derive(Clone, Debug, Default)]
pub struct Filters {
    /// Only composers whose names hold one of these, for example bach and mozart
    pub composers: Vec<String>,
    /// Only this first tempo in BPM, for example 60-140 or 100-; leaves out pieces that have no beat
    pub tempo: Option<Span>,
    /// Only major or minor, as found from the notes
    pub mode: Option<Mode>,
    /// Only these keys, as found from the notes
    pub keys: Vec<Key>,
    /// Only this many notes per second on average, for example 2-12
    pub density: Option<Span>,
    /// Only pieces this long, in seconds, for example 30-900
    pub length: Option<Span>,
}

/// Major or minor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// As C major.
    Major,
    /// As A minor.
    Minor,
}

/// From one number to another, both included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    low: f64,
    high: f64,
}

impl Span {
    fn holds(self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str, or: f64| if text.is_empty() { Some(or) } else { text.trim().parse::<f64>().ok() };
        text.split_once('-')
            .and_then(|(low, high)| Some(Self { low: number(low, 0.0)?, high: number(high, f64::INFINITY)? }))
            .filter(|span| span.low <= span.high)
            .ok_or_else(|| "give two numbers, the lower first, as in 60-140; or one, as in 60-".to_owned())
    }
}

/// A key by its name, in any of the usual spellings.
///
/// # Errors
/// In words, when it is none.
pub fn key_named(name: &str) -> Result<Key, String> {
    const OTHER_NAMES: [(&str, &str); 5] = [("db", "c#"), ("d#", "eb"), ("gb", "f#"), ("g#", "ab"), ("a#", "bb")];
    let name = name.trim().to_lowercase();
    let (tonic, mode) = name.split_once(' ').unwrap_or((&name, ""));
    let tonic = OTHER_NAMES.iter().find(|(other, _)| *other == tonic).map_or(tonic, |(_, usual)| usual);
    let wanted = format!("{tonic} {}", mode.trim());
    (0..12)
        .flat_map(|tonic| [false, true].map(|is_minor| Key { tonic, is_minor }))
        .find(|key| key.to_string().to_lowercase() == wanted)
        .ok_or_else(|| "give a note and major or minor, as in C major or F# minor".to_owned())
}

impl Filters {
    /// Whether the composer is wanted.
    pub(super) fn wants_composer(&self, source: &Source) -> bool {
        let composer = source.composer.to_lowercase();
        self.composers.is_empty() || self.composers.iter().any(|name| composer.contains(&name.to_lowercase()))
    }

    /// Why a piece is not wanted, and what it is instead.
    pub(super) fn refuse(&self, score: &Reduction) -> Option<(&'static str, String)> {
        let wants_key = self.mode.is_some() || !self.keys.is_empty();
        let key = if wants_key { find_key(&score.notes).map(|(key, _)| key) } else { None };
        let is_outside = |span: Option<Span>, value: f64| span.is_some_and(|span| !span.holds(value));
        #[expect(clippy::cast_precision_loss, reason = "a count of notes")]
        let density = score.notes.len() as f64 / score.seconds.max(1e-3);
        let key_name = || key.map_or("unclear".to_owned(), |key| key.to_string());
        if self.tempo.is_some() && score.is_free {
            Some(("a tempo that was not asked for", "no beat".to_owned()))
        } else if is_outside(self.tempo, score.tempo_bpm()) {
            Some(("a tempo that was not asked for", format!("{:.1} BPM", score.tempo_bpm())))
        } else if self.mode.is_some_and(|mode| key.map(|key| key.is_minor) != Some(mode == Mode::Minor)) {
            Some(("a mode that was not asked for", key_name()))
        } else if !self.keys.is_empty() && !key.is_some_and(|key| self.keys.contains(&key)) {
            Some(("a key that was not asked for", key_name()))
        } else if is_outside(self.density, density) {
            Some(("a density that was not asked for", format!("{density:.1} notes per second")))
        } else if is_outside(self.length, score.seconds) {
            Some(("a length that was not asked for", format!("{:.0} seconds", score.seconds)))
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_keys_are_read_as_people_write_them() {
        let span: Span = "60-140".parse().unwrap();
        assert!(span.holds(60.0) && span.holds(140.0) && !span.holds(59.9) && !span.holds(140.1));
        assert!("100-".parse::<Span>().unwrap().holds(1e6) && "-2.5".parse::<Span>().unwrap().holds(0.0));
        for bad in ["", "60", "140-60", "a-b", "1-2-3"] {
            assert!(bad.parse::<Span>().is_err(), "{bad}");
        }
        assert_eq!(key_named("c Major").unwrap(), Key { tonic: 0, is_minor: false });
        assert_eq!(key_named(" Gb minor").unwrap(), key_named("F# minor").unwrap());
        assert!(key_named("H dur").is_err() && key_named("").is_err());
    }
}
