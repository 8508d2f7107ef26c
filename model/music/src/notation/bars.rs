//! The bars of a page.

use super::{FINE, TooLong};
use crate::note::TICKS_PER_BEAT;
use crate::score::Score;
use crate::time_signature::TimeSignature;

/// Longer than any piece.
pub(super) const MAX_BARS: usize = 20_000;

/// A bar. Its times are in parts of a tick ([`FINE`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bar {
    pub(crate) start: i64,
    pub(crate) length: i64,
    /// As it is counted; it may be cut short.
    pub(crate) signature: TimeSignature,
    /// The signature stands before it.
    pub(crate) is_signed: bool,
    /// It leads to the first whole bar, and is not counted.
    pub(crate) is_pickup: bool,
}

impl Bar {
    pub(crate) const fn end(&self) -> i64 {
        self.start + self.length
    }

    /// Whether its beats are of three units, as in 6/8.
    pub(crate) const fn is_compound(&self) -> bool {
        let n = self.signature.numerator();
        self.signature.denominator() >= 8 && n.is_multiple_of(3)
    }

    /// The unit of its signature.
    pub(crate) fn unit(&self) -> i64 {
        4 * super::BEAT / i64::from(self.signature.denominator())
    }

    /// What is counted: three units in compound time, one else.
    pub(crate) fn beat(&self) -> i64 {
        if self.is_compound() { 3 * self.unit() } else { self.unit() }
    }
}

/// All bars from 0 to the end of the last note.
pub(super) fn bars(score: &Score) -> Result<Vec<Bar>, TooLong> {
    let end_ticks = score.end_ticks().max(1);
    let mut bars: Vec<Bar> = Vec::new();
    let mut start_ticks = 0;
    let pickup = match score.metres.as_slice() {
        [first, second, ..] => {
            let [short, whole] = [first, second].map(|metre| metre.signature.bar_ticks(TICKS_PER_BEAT));
            let is_one_bar = first.start_ticks == 0 && second.start_ticks == i64::from(short);
            // A length is all that is known of an unmeasured bar; 6/8 is a metre.
            let is_plain = TimeSignature::of_bar(short, TICKS_PER_BEAT) == Some(first.signature);
            (is_one_bar && is_plain && short < whole).then_some(second)
        }
        _ => None,
    };
    while start_ticks < end_ticks {
        if bars.len() >= MAX_BARS {
            return Err(TooLong);
        }
        let next_ticks = score.next_bar_line(start_ticks);
        let is_pickup = start_ticks == 0 && pickup.is_some();
        let is_begun = bars.is_empty() || score.metres.iter().any(|metre| metre.start_ticks == start_ticks);
        let (signature, is_signed) = match pickup {
            Some(second) if is_pickup => (second.signature, true),
            Some(second) if second.start_ticks == start_ticks => (second.signature, false),
            _ => (score.signature(start_ticks), is_begun),
        };
        let length = (next_ticks - start_ticks) * FINE;
        bars.push(Bar { start: start_ticks * FINE, length, signature, is_signed, is_pickup });
        start_ticks = next_ticks;
    }
    Ok(bars)
}
