//! Time signatures: 6/8 is not 3/4, though its bars are as long.

/// How a bar is counted: so many units of so much of a whole note.
///
/// ```
/// use music::{TICKS_PER_BEAT, TimeSignature};
///
/// let six_eight = TimeSignature::new(6, 3).unwrap();
/// assert_eq!(six_eight.to_string(), "6/8");
/// assert_eq!(six_eight.bar_ticks(TICKS_PER_BEAT), 144);
/// assert_eq!(TimeSignature::of_bar(168, TICKS_PER_BEAT).unwrap().to_string(), "7/8");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeSignature {
    numerator: u8,
    unit_power: u8,
}

impl TimeSignature {
    /// 4/4.
    pub const COMMON: Self = Self { numerator: 4, unit_power: 2 };

    /// The highest power of two below the line: 64ths. Shorter units are a damaged file's.
    pub const MAX_UNIT_POWER: u8 = 6;

    /// `numerator` units of 1/2^`unit_power` of a whole note, as MIDI files have it: (6, 3) is 6/8. `None` for a bar
    /// without units, or of units shorter than 64ths.
    #[must_use]
    pub const fn new(numerator: u8, unit_power: u8) -> Option<Self> {
        if numerator > 0 && unit_power <= Self::MAX_UNIT_POWER { Some(Self { numerator, unit_power }) } else { None }
    }

    /// The plainest signature of a bar of so many ticks: in quarters, else in eighths, and so on. `None` if there is none.
    #[must_use]
    pub fn of_bar(bar_ticks: u32, ticks_per_beat: u32) -> Option<Self> {
        (2..=Self::MAX_UNIT_POWER).find_map(|unit_power| {
            // (4 * ticks_per_beat / 2^power) * numerator = bar_ticks
            let scaled = u64::from(bar_ticks) << unit_power;
            let whole = 4 * u64::from(ticks_per_beat);
            let numerator = scaled.checked_div(whole).filter(|n| n * whole == scaled)?;
            Self::new(u8::try_from(numerator).ok()?, unit_power)
        })
    }

    /// The number above the line.
    #[must_use]
    pub const fn numerator(self) -> u8 {
        self.numerator
    }

    /// The number below the line.
    #[must_use]
    pub const fn denominator(self) -> u8 {
        1 << self.unit_power
    }

    /// The number below the line, as a power of two.
    #[must_use]
    pub const fn unit_power(self) -> u8 {
        self.unit_power
    }

    /// Length of a bar, to the nearest tick and at least 1.
    #[must_use]
    pub fn bar_ticks(self, ticks_per_beat: u32) -> u32 {
        let quarters64 = 4 * u64::from(ticks_per_beat) * u64::from(self.numerator);
        let ticks = (quarters64 + (1 << self.unit_power) / 2) >> self.unit_power;
        u32::try_from(ticks).unwrap_or(u32::MAX).max(1)
    }

    /// Length of a bar in beats (quarter notes).
    #[must_use]
    pub fn bar_beats(self) -> f64 {
        4.0 * f64::from(self.numerator) / f64::from(self.denominator())
    }
}

impl Default for TimeSignature {
    fn default() -> Self {
        Self::COMMON
    }
}

impl std::fmt::Display for TimeSignature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.numerator, self.denominator())
    }
}

/// A time signature that is in force from a bar line on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetreChange {
    /// Its first bar line.
    pub start_ticks: i64,
    /// How bars are counted from there on.
    pub signature: TimeSignature,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_and_signatures_belong_together() {
        for (bar_ticks, name) in [(192, "4/4"), (144, "3/4"), (168, "7/8"), (120, "5/8"), (78, "13/32"), (48, "1/4")] {
            let signature = TimeSignature::of_bar(bar_ticks, 48).unwrap();
            assert_eq!((signature.to_string().as_str(), signature.bar_ticks(48)), (name, bar_ticks));
        }
        assert_eq!(TimeSignature::of_bar(0, 48), None);
        assert_eq!(TimeSignature::of_bar(25, 48), None);
        assert_eq!(TimeSignature::of_bar(u32::MAX, 48), None);
        assert_eq!(TimeSignature::of_bar(192, 0), None);
    }

    #[test]
    fn what_no_one_would_write_is_no_signature() {
        assert_eq!([(0, 2), (4, 7), (4, 255)].map(|(n, power)| TimeSignature::new(n, power)), [None; 3]);
        assert_eq!(TimeSignature::new(13, 5).unwrap().bar_ticks(480), 780);
        assert_eq!(TimeSignature::new(1, 6).unwrap().bar_ticks(1), 1);
    }
}
