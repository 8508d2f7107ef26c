//! How music is written down on a page: from the notes of a [`Score`] to staves, voices, bars and note values that a musician reads
//! at once, and that sound exactly as long as the notes do.
//!
//! Reading order: `written` decides which notes stand on the page; `bars` rules it; `staves` divides a part between two hands, `voices`
//! a staff between two voices; `tuplets` and `values` find the note values of a bar, `beams` what joins them; `accidentals` is what
//! stands before heads, `loudness` what stands below them. `sheet` is the page.

mod accidentals;
mod bars;
mod beams;
mod loudness;
mod sheet;
mod staves;
mod tuplets;
mod values;
mod voices;
mod written;

pub(crate) use bars::Bar;
pub(crate) use beams::Beam;
pub(crate) use loudness::LEVELS;
pub(crate) use sheet::{Clef, Event, Head, Sheet, SheetPart};
pub(crate) use values::Value;

use crate::note::TICKS_PER_BEAT;
use crate::score::Score;

/// Parts of a tick in which positions on the page are: so that halves, fifths and sevenths are whole.
pub(crate) const FINE: i64 = 70;
/// A beat on the page.
pub(crate) const BEAT: i64 = FINE * TICKS_PER_BEAT as i64;

/// More bars than that make no page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

impl std::fmt::Display for TooLong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "longer than {} bars, which no page holds; move its notes nearer to the beginning", bars::MAX_BARS)
    }
}

impl std::error::Error for TooLong {}

/// Sets a score on a page.
pub(crate) fn set(score: &Score) -> Result<Sheet, TooLong> {
    sheet::set(&written::written(score))
}
