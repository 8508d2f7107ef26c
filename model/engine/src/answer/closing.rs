//! How an answer ends: as phrases do, with a melody that comes to rest, and not wherever its time is up.
//!
//! Told how many bars are left, networks of our size still play on to the last beat: 41 of 100 answers ended on a note of a beat or
//! more, and 78 of 100 phrases of composers do (`model benchmark steering`). In those the melody's last note is held, two beats as a
//! rule, while what accompanies it goes on below for another beat. So most answers take the first note of the melody on one of
//! their last beats for its last, and hold it to the end. What note that is, and what is played below, is left to the network.

use super::request::{AnswerRequest, stream, unit};
use crate::metre::Metre;
use crate::note::{Note, TICKS_PER_BEAT};

const BEAT_TICKS: i64 = TICKS_PER_BEAT as i64;
/// Answers that are shorter have no room to end in.
const SHORTEST_TICKS: i64 = 4 * BEAT_TICKS;
/// How many beats before the end the last note of the melody may begin (0: with the last bar), whether it is let go early and nothing
/// comes after it, and the share of answers that end so. Of 100 phrases of composers (360 were counted), 25 end on a note of three
/// beats or more, 47 on one of two, and about 20 on a shorter one with a rest after it.
const ENDINGS: [(i64, bool, f32); 5] =
    [(0, false, 0.35), (2, false, 0.45), (1, false, 0.02), (1, true, 0.09), (2, true, 0.09)];
/// A note that is lower than the melody was in the beat before, by more than these semitones, is no note of the melody.
const FALL_SEMITONES: u8 = 4;
/// Of the random streams of an answer, the one that chooses.
const PLACE: u64 = u64::MAX - 1;

/// Where the melody of an answer may take its last note.
#[derive(Clone, Copy, Debug)]
pub(super) struct Closing {
    from_ticks: i64,
    end_ticks: i64,
    bar_line_ticks: i64,
    /// The last note is let go early, and nothing comes after it.
    pub(super) is_short: bool,
}

impl Closing {
    /// Of an answer of these random streams; `None` if it ends as it comes.
    pub(super) fn of(request: &AnswerRequest, metre: Metre, seed: u64) -> Option<Self> {
        let AnswerRequest { start_ticks, end_ticks, .. } = *request;
        let Metre::Bars { bar_line_ticks, bar_ticks } = metre else { return None };
        let length_ticks = end_ticks.saturating_sub(start_ticks);
        if end_ticks == i64::MAX || length_ticks < SHORTEST_TICKS {
            return None;
        }
        let mut chance = unit(stream(seed, PLACE, 0));
        let is_drawn = |(_, _, share): &&(i64, bool, f32)| {
            chance -= share;
            chance < 0.0
        };
        let &(n_beats, is_short, _) = ENDINGS.iter().find(is_drawn)?;
        let last_bar_ticks = (end_ticks - 1 - bar_line_ticks).rem_euclid(i64::from(bar_ticks.max(1))) + 1;
        let held_ticks =
            if n_beats == 0 { last_bar_ticks.clamp(BEAT_TICKS, length_ticks / 2) } else { n_beats * BEAT_TICKS };
        Some(Self { from_ticks: end_ticks - held_ticks, end_ticks, bar_line_ticks, is_short })
    }

    /// Whether the melody may take its last note here: on a beat, a beat before the end at the latest, or it would not be held.
    pub(super) fn is_at(&self, onset_ticks: i64) -> bool {
        (self.from_ticks..=self.end_ticks - BEAT_TICKS).contains(&onset_ticks)
            && (onset_ticks - self.bar_line_ticks).rem_euclid(BEAT_TICKS) == 0
    }

    /// How long the last note is.
    pub(super) fn duration_ticks(&self, note: Note) -> u32 {
        let to_end_ticks = u32::try_from(self.end_ticks - note.onset_ticks).unwrap_or(1);
        if self.is_short { note.duration_ticks.min(to_end_ticks / 2) } else { note.duration_ticks.max(to_end_ticks) }
    }
}

/// Whether a note is of the melody of an answer. `earlier` are the notes before it, the latest first.
pub(super) fn is_of_melody(note: Note, earlier: impl Iterator<Item = Note>) -> bool {
    let near = earlier
        .take_while(|other| other.onset_ticks >= note.onset_ticks - BEAT_TICKS)
        .filter(|other| other.onset_ticks < note.onset_ticks);
    let highest = near.map(|other| other.pitch.get()).max();
    highest.is_none_or(|highest| note.pitch.get().saturating_add(FALL_SEMITONES) >= highest)
}

#[cfg(test)]
mod tests {
    use super::super::tests::note;
    use super::*;

    const BARS: Metre = Metre::Bars { bar_line_ticks: 0, bar_ticks: 192 };

    fn request(end_ticks: i64) -> AnswerRequest {
        AnswerRequest { song_seed: 1, number: 0, start_ticks: 192, end_ticks, most_candidates: 1 }
    }

    #[test]
    fn most_melodies_end_on_one_of_the_last_beats() {
        let closings: Vec<_> = (0..1000).filter_map(|seed| Closing::of(&request(768), BARS, seed)).collect();
        let n_at = |ticks: i64| closings.iter().filter(|closing| closing.is_at(ticks)).count();
        assert_eq!(closings.len(), 1000, "the shares add up to one");
        assert!((300..400).contains(&n_at(576)), "{}", n_at(576));
        assert!((840..940).contains(&n_at(672)), "who finds none with the last bar takes the next: {}", n_at(672));
        assert_eq!(n_at(720), closings.len());
        assert_eq!([528, 671, 700, 744, 768].map(n_at), [0; 5], "off the beats, or too early, or too late to be held");
        let n_short = closings.iter().filter(|closing| closing.is_short).count();
        assert!((130..230).contains(&n_short), "{n_short}");
    }

    #[test]
    fn the_last_note_is_held_to_the_end_or_followed_by_a_rest() {
        let lengths: Vec<u32> = (0..100)
            .filter_map(|seed| Closing::of(&request(768), BARS, seed))
            .map(|closing| closing.duration_ticks(note(672, 60)))
            .collect();
        assert!(lengths.contains(&96) && lengths.iter().all(|ticks| [96, 24].contains(ticks)), "{lengths:?}");
    }

    #[test]
    fn a_bass_ends_no_melody() {
        let earlier = [note(96, 72), note(96, 48), note(72, 74), note(0, 90)];
        let ends = |key| is_of_melody(note(96 + 24, key), earlier.into_iter());
        assert_eq!([48, 69, 70, 80].map(ends), [false, false, true, true]);
        assert!(is_of_melody(note(500, 30), earlier.into_iter()), "after a rest anything may be the melody");
        assert!(is_of_melody(note(96, 72), earlier.into_iter()), "what begins with it says nothing");
    }

    #[test]
    fn what_is_short_free_or_endless_ends_as_it_comes() {
        let cases = [(request(383), BARS), (request(576), Metre::Free), (request(i64::MAX), BARS)];
        assert!(cases.iter().all(|(request, metre)| (0..50).all(|seed| Closing::of(request, *metre, seed).is_none())));
    }
}
