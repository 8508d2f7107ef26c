//! Feel: how a player plays what is written. What the ear takes off the player's notes (how late, how spread, how long held, how
//! accented) is kept here and laid over notes that nobody has played yet.
//!
//! Nothing is modelled: each small deviation of a new note is one that the player has made lately, in the like place. A player of whom
//! nothing is known plays mildly loose.

use super::PARTS_PER_BEAT;
use crate::note::{Note, TICKS_PER_BEAT, Velocity};

/// What is kept of each kind.
const MOST_KEPT: usize = 32;
/// A touch later or earlier than this, in microseconds, is a slip or an arpeggio and not the player's manner.
const MOST_US: i32 = 80_000;
/// Held for less or more than this share of what is written: percent.
const HOLD_PERCENT: std::ops::RangeInclusive<i32> = 10..=150;

/// The mild feel: the middle of what drummers and pianists do (Gillick et al. 2019, Groove MIDI Dataset; Foscarin et al. 2020, ASAP).
const MILD_TIMING_US: [&[i32]; 3] =
    [&[-6_000, 0, 2_000, 6_000], &[-9_000, -3_000, 2_000, 9_000], &[-10_000, -2_000, 3_000, 11_000]];
const MILD_SPREAD_US: &[i32] = &[2_000, 5_000, 8_000, 12_000];
const MILD_HOLD_PERCENT: [&[i32]; 2] = [&[85, 92, 96, 100], &[90, 95, 98, 100]];
const MILD_ACCENTS: [&[i32]; 3] = [&[1, 3, 5, 7], &[-4, -1, 1, 3], &[-6, -3, -1, 2]];

/// The last deviations of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pool {
    kept: [i32; MOST_KEPT],
    n: usize,
    next: usize,
}

impl Pool {
    fn new(mild: &[i32]) -> Self {
        let mut pool = Self { kept: [0; MOST_KEPT], n: 0, next: 0 };
        mild.iter().for_each(|&value| pool.keep(value));
        pool
    }

    /// The oldest gives way.
    fn keep(&mut self, value: i32) {
        self.kept[self.next] = value;
        self.next = (self.next + 1) % MOST_KEPT;
        self.n = (self.n + 1).min(MOST_KEPT);
    }

    fn sum(&self) -> i32 {
        self.kept[..self.n].iter().sum()
    }

    fn draw(&self, random: u64) -> i32 {
        usize::try_from(random % (self.n.max(1) as u64)).map_or(0, |place| self.kept[place])
    }
}

/// What is left of a played note when what is written is taken off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Residual {
    /// Where it is written, from a beat: in ticks.
    pub onset_ticks: i64,
    /// How long it is written.
    pub value_ticks: u32,
    /// How late it was, in microseconds.
    pub late_us: i64,
    /// How much later than the first note of its chord it was; `None` if it is that note, or alone.
    pub after_chord_us: Option<i64>,
    /// How long the key was down, in ticks and parts of them.
    pub held_ticks: f32,
    /// Its velocity less that which is written.
    pub accent: i32,
}

/// A written note as it is to be played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Touch {
    /// How much later than it is written, in microseconds; negative if earlier.
    pub late_us: i64,
    /// How long it is held, in parts of a tick, at least one.
    pub held_parts: i64,
    /// How hard it is struck.
    pub velocity: Velocity,
}

/// How a player plays. Nothing is allocated.
///
/// ```
/// use music::rhythm::Feel;
/// use music::{Note, Pitch, Velocity};
///
/// let note = Note { onset_ticks: 48, duration_ticks: 24, pitch: Pitch::MIDDLE_C, velocity: Velocity::MEDIUM };
/// let feel = Feel::default();
/// let on_the_grid = feel.touch(&note, false, 0.0, 7);
/// assert_eq!((on_the_grid.late_us, on_the_grid.held_parts), (0, 24 * 16));
/// // The same note of the same song is always touched alike.
/// assert_eq!(feel.touch(&note, false, 1.0, 7), feel.touch(&note, false, 1.0, 7));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feel {
    /// On the beat, between two beats, and elsewhere.
    timing_us: [Pool; 3],
    spread_us: Pool,
    /// Of notes of at most half a beat, and of longer ones.
    hold_percent: [Pool; 2],
    /// By place, as the timing.
    accents: [Pool; 3],
}

impl Default for Feel {
    /// Mild.
    fn default() -> Self {
        Self {
            timing_us: MILD_TIMING_US.map(Pool::new),
            spread_us: Pool::new(MILD_SPREAD_US),
            hold_percent: MILD_HOLD_PERCENT.map(Pool::new),
            accents: MILD_ACCENTS.map(Pool::new),
        }
    }
}

impl Feel {
    /// Keeps how a note was played.
    pub fn learn(&mut self, residual: &Residual) {
        let place = place(residual.onset_ticks);
        let us = |us: i64| i32::try_from(us).unwrap_or(i32::MAX);
        match residual.after_chord_us.map(us) {
            Some(after) if (0..=MOST_US).contains(&after) => self.spread_us.keep(after),
            None if us(residual.late_us.saturating_abs()) <= MOST_US => {
                self.timing_us[place].keep(us(residual.late_us))
            }
            _ => {}
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "percents; a cast saturates")]
        let percent = (100.0 * residual.held_ticks / residual.value_ticks.max(1) as f32).round() as i32;
        self.hold_percent[value_class(residual.value_ticks)]
            .keep(percent.clamp(*HOLD_PERCENT.start(), *HOLD_PERCENT.end()));
        self.accents[place].keep(residual.accent.clamp(-40, 40));
    }

    /// How a note is played, whose onset is told from a beat. `amount` is 0 for as it is written to 1 for as loose as the player.
    /// Notes of a chord (all but its first are `in_chord`) share one `stream` of random numbers, and other notes have others.
    #[must_use]
    pub fn touch(&self, note: &Note, in_chord: bool, amount: f32, stream: u64) -> Touch {
        let place = place(note.onset_ticks);
        let of_onset = mix(stream);
        let of_note = mix(of_onset ^ u64::from(note.pitch.get()));
        let timing = self.timing_us[place].draw(of_onset) - self.steady_us();
        let spread = if in_chord { self.spread_us.draw(of_note) } else { 0 };
        let hold = self.hold_percent[value_class(note.duration_ticks)].draw(mix(of_note));
        let accent = self.accents[place].draw(mix(of_onset));
        let amount = if amount.is_finite() { amount.clamp(0.0, 1.0) } else { 0.0 };
        // Whole numbers from here on, so that it is the same on every machine.
        #[expect(clippy::cast_possible_truncation, reason = "0 to 256")]
        let share = (amount * 256.0).round() as i64;
        let of = |value: i32| (i64::from(value) * share) >> 8;
        let written_parts = i64::from(note.duration_ticks) * PARTS_PER_BEAT / i64::from(TICKS_PER_BEAT);
        let velocity = i64::from(note.velocity.get()) + of(accent);
        Touch {
            late_us: of(timing + spread),
            held_parts: (written_parts * (25_600 + (i64::from(hold) - 100) * share) / 25_600).max(1),
            velocity: u8::try_from(velocity.clamp(1, 127)).map_or(note.velocity, Velocity::nearest),
        }
    }

    /// How late the player is as a rule: their instrument's delay, and not to be imitated.
    fn steady_us(&self) -> i32 {
        let (sum, n) = self.timing_us.iter().fold((0, 0), |(sum, n), pool| (sum + pool.sum(), n + pool.n));
        sum / i32::try_from(n.max(1)).unwrap_or(i32::MAX)
    }
}

/// On the beat, halfway to the next, or elsewhere.
fn place(onset_ticks: i64) -> usize {
    match onset_ticks.rem_euclid(TICKS_PER_BEAT.into()) {
        0 => 0,
        24 => 1,
        _ => 2,
    }
}

fn value_class(value_ticks: u32) -> usize {
    usize::from(value_ticks > TICKS_PER_BEAT / 2)
}

/// Spreads a number over all (Steele, Lea and Flood 2014, `SplitMix`).
const fn mix(number: u64) -> u64 {
    let z = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::Pitch;

    fn note(onset_ticks: i64, key: u8) -> Note {
        Note { onset_ticks, duration_ticks: 24, pitch: Pitch::nearest(key), velocity: Velocity::nearest(80) }
    }

    fn residual(late_us: i64) -> Residual {
        Residual { onset_ticks: 48, value_ticks: 24, late_us, after_chord_us: None, held_ticks: 12.0, accent: -9 }
    }

    #[test]
    fn who_is_heard_for_a_while_is_imitated_and_the_mild_feel_forgotten() {
        let mut feel = Feel::default();
        // On each beat 20 ms after the others: 5 ms are the instrument's delay.
        for (onset_ticks, late_us) in [(0, 20_000), (24, 0), (12, -5_000)] {
            (0..32).for_each(|_| feel.learn(&Residual { onset_ticks, ..residual(late_us) }));
        }
        for stream in 0..50 {
            let touch = feel.touch(&note(96, 60), false, 1.0, stream);
            assert_eq!((touch.late_us, touch.held_parts, touch.velocity.get()), (15_000, 12 * 16, 71));
            let half = feel.touch(&note(96, 60), false, 0.5, stream);
            assert_eq!((half.late_us, half.held_parts), (7_500, 18 * 16));
            assert_eq!(feel.touch(&note(72, 60), false, 1.0, stream).late_us, -5_000);
        }
    }

    #[test]
    fn a_chord_is_spread_one_way_and_a_slip_is_no_manner() {
        let mut feel = Feel::default();
        for late_us in [500_000, -500_000, i64::MAX, i64::MIN + 1] {
            feel.learn(&residual(late_us));
            feel.learn(&Residual { after_chord_us: Some(late_us), ..residual(0) });
        }
        for stream in 0..200 {
            let [first, second] = [(60, false), (64, true)]
                .map(|(key, in_chord)| feel.touch(&note(0, key), in_chord, 1.0, stream).late_us);
            assert!((-7_000..=7_000).contains(&first) && (2_000..=12_000).contains(&(second - first)));
        }
    }

    #[test]
    fn without_feel_it_is_as_written() {
        let touch = Feel::default().touch(&note(5, 60), true, 0.0, 3);
        assert_eq!(touch, Touch { late_us: 0, held_parts: 24 * 16, velocity: Velocity::nearest(80) });
        assert_eq!(Feel::default().touch(&note(5, 60), true, f32::NAN, 3), touch);
    }
}
