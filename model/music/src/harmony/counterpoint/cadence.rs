//! Ends of phrases: on what they rest, and how the bass comes to it.

use super::texture::{Texture, chord};
use super::{Counts, Rule};

/// A rest of all voices ends a phrase from here on.
const REST_TICKS: i64 = 24;
/// A chord may end a phrase if nothing follows it for so long, and for twice as long as is usual in the passage.
const LONG_TICKS: i64 = 96;
/// The last chord of all ends a phrase from here on.
const LAST_TICKS: i64 = 48;
/// How far back the bass before the last is looked for.
const MOST_MOMENTS_BACK: usize = 8;

/// How many kinds of cadence there are.
pub const N_CADENCES: usize = 5;

/// How the bass comes to the last note of a phrase. Without a key, a half cadence looks like a plagal one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cadence {
    /// Down a fifth, with the leading note above.
    Authentic,
    /// Down a fifth without it.
    Modal,
    /// Down a fourth: IV to I, or I to V.
    PlagalOrHalf,
    /// By step: to a sixth chord's tonic, Phrygian, deceptive, or a tenor clause.
    Stepwise,
    /// In some other way.
    Other,
}

impl Cadence {
    /// All kinds, in the order of their numbers.
    pub const ALL: [Self; N_CADENCES] = [Self::Authentic, Self::Modal, Self::PlagalOrHalf, Self::Stepwise, Self::Other];

    /// Its name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Authentic => "authentic",
            Self::Modal => "modal",
            Self::PlagalOrHalf => "plagal-or-half",
            Self::Stepwise => "stepwise",
            Self::Other => "other",
        }
    }
}

pub(super) fn count(texture: &Texture, counts: &mut Counts) {
    let usual_ticks = usual_ticks(texture);
    let mut sounds_until = i64::MIN;
    for (moment, here) in texture.moments.iter().enumerate() {
        let ends = here.starting.clone().map(|note| texture.notes()[note].end_ticks());
        sounds_until = ends.fold(sounds_until, i64::max);
        let is_end = match texture.moments.get(moment + 1) {
            Some(next) => {
                let wait_ticks = next.ticks - here.ticks;
                let is_long = wait_ticks >= LONG_TICKS && wait_ticks >= 2 * usual_ticks;
                is_long || next.ticks - sounds_until >= REST_TICKS && wait_ticks >= LAST_TICKS
            }
            None => sounds_until - here.ticks >= LAST_TICKS,
        };
        if is_end && texture.sounding(moment).len() >= 2 {
            end(texture, moment, counts);
        }
    }
}

fn end(texture: &Texture, moment: usize, counts: &mut Counts) {
    let class = |moment| texture.notes()[texture.bass(moment)].pitch.get() % 12;
    let bass = class(moment);
    let classes = texture.moments[moment].classes;
    let is_triad = [3, 4].iter().any(|&third| classes & !chord(bass, &[0, third, 7]) == 0);
    counts[Rule::Ending].see(!is_triad);
    let before = (moment.saturating_sub(MOST_MOMENTS_BACK)..moment).rev().find(|&before| class(before) != bass);
    let Some(before) = before else { return };
    let has_leading_note = texture.moments[before].classes & chord(bass, &[11]) != 0;
    let cadence = match (class(before) + 12 - bass) % 12 {
        7 if has_leading_note => Cadence::Authentic,
        7 => Cadence::Modal,
        5 => Cadence::PlagalOrHalf,
        1 | 2 | 10 | 11 => Cadence::Stepwise,
        _ => Cadence::Other,
    };
    counts.cadences[cadence as usize] += 1;
}

/// The median time from moment to moment.
fn usual_ticks(texture: &Texture) -> i64 {
    let mut waits: Vec<i64> = texture.moments.windows(2).map(|pair| pair[1].ticks - pair[0].ticks).collect();
    let middle = waits.len() / 2;
    if waits.is_empty() { 0 } else { *waits.select_nth_unstable(middle).1 }
}
