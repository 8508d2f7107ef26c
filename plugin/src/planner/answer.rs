//! An answer in the making: note after note, as the controls are when each is made.

use engine::note::Note;
use engine::repeat::{self, FREER, MOST_TRIES, SHARE_LET_THROUGH, is_enough, is_repeat};
use engine::{Ask, Bend, Event, Mark, Metre, Onset, Pitch, Sampling, Session, TICKS_PER_BEAT};

use super::taste::{Facts, asked, quantised};
use crate::link::{Begin, Controls};

/// An answer does not fall silent for longer than two bars of 4/4.
const LONGEST_REST_TICKS: i64 = 8 * TICKS_PER_BEAT as i64;
/// Notes of an endless answer that are kept, at least: more than two contexts of most models.
const KEPT_NOTES: usize = 2048;

/// A note of an answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Made {
    /// The session just before it.
    pub(super) before: Mark,
    pub(super) note: Note,
    /// The time from the onset before it that was wanted.
    goal_ticks: f32,
    /// Mean velocity of the notes as the model chose them, up to this one.
    pub(super) loudness: f32,
    /// It said what had been said before.
    pub(super) is_repeat: bool,
}

impl repeat::Made for Made {
    fn note(&self) -> Note {
        self.note
    }

    fn is_repeat(&self) -> bool {
        self.is_repeat
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) begin: Begin,
    /// The session before anything of this plan.
    pub(super) before: Mark,
    /// Of the notes heard, the first so many were told to the model, ended at the hand-over.
    pub(super) n_told: usize,
    /// Some of those sounded on.
    pub(super) is_cut_short: bool,
    pub(super) facts: Facts,
    pub(super) metre: Metre,
    /// In the order of their onsets; the oldest of an endless answer are forgotten.
    pub(super) notes: Vec<Made>,
    pub(super) n_offered: usize,
    pub(super) n_forgotten: usize,
    /// A note that is made now begins here at the earliest.
    not_before_ticks: i64,
    is_complete: bool,
}

impl Plan {
    pub(super) fn new(
        begin: Begin,
        before: Mark,
        n_told: usize,
        is_cut_short: bool,
        facts: Facts,
        metre: Metre,
    ) -> Self {
        Self {
            begin,
            before,
            n_told,
            is_cut_short,
            facts,
            metre,
            notes: Vec::new(),
            n_offered: 0,
            n_forgotten: 0,
            not_before_ticks: begin.start_ticks,
            is_complete: false,
        }
    }

    /// The next note that begins before `until_ticks` and was not offered yet, as it is to be played; it counts as
    /// offered now.
    pub(super) fn offer(&mut self, until_ticks: i64) -> Option<Note> {
        let made = self.notes.get(self.n_offered).filter(|made| made.note.onset_ticks < until_ticks)?;
        let note = cut(made.note, self.begin.end_ticks);
        self.n_offered += 1;
        Some(note)
    }

    /// Whether all notes that begin before `until_ticks` are made.
    pub(super) fn reaches(&self, until_ticks: i64) -> bool {
        self.is_complete || self.notes.last().is_some_and(|made| made.note.onset_ticks >= until_ticks)
    }

    /// Onset of the last note.
    pub(super) fn last_ticks(&self) -> Option<i64> {
        self.notes.last().map(|made| made.note.onset_ticks)
    }

    /// There is nothing more to come.
    pub(super) fn complete(&mut self) {
        self.is_complete = true;
    }

    /// Takes back the notes that begin at `from_ticks` or later. False, and nothing is done, if the session has moved on.
    pub(super) fn take_back(&mut self, from_ticks: i64, session: &mut Session) -> bool {
        let n_kept = self.notes.partition_point(|made| made.note.onset_ticks < from_ticks);
        if self.notes.get(n_kept).is_some_and(|made| !session.rewind(&made.before)) {
            return false;
        }
        self.notes.truncate(n_kept);
        self.n_offered = self.n_offered.min(n_kept);
        self.not_before_ticks = from_ticks;
        self.is_complete = false;
        true
    }

    /// Makes a note, if the answer goes on.
    pub(super) fn make(&mut self, session: &mut Session, controls: &Controls) {
        let Begin { start_ticks, end_ticks, seed, .. } = self.begin;
        let last = self.last_ticks();
        let place = u64::try_from(self.n_forgotten + self.notes.len()).unwrap_or(u64::MAX);
        // The music may end by itself in the second half of its time.
        let may_end = end_ticks != i64::MAX && last.is_some_and(|last| last - start_ticks >= end_ticks - last);
        let not_before =
            self.not_before_ticks.max(if self.is_chord_full(controls) { last.unwrap_or(0) + 1 } else { 0 });
        let is_second = unit(mixed(seed, place, u64::MAX)) < controls.style_mix;
        let style = if is_second { controls.style2 } else { controls.style };
        let mut ask = Ask {
            conditions: self.facts.conditions(controls, style),
            sampling: Sampling { temperature: controls.temperature, top_p: controls.top_p },
            lowest: Pitch::new(controls.lowest).unwrap_or(Pitch::MIDDLE_C),
            highest: Pitch::new(controls.highest).unwrap_or(Pitch::MIDDLE_C),
            onset: if last.is_none() { Onset::Exactly(start_ticks) } else { Onset::NotBefore(not_before) },
            may_end,
        };
        let mut rhythm = Sampling { temperature: controls.rhythm_temperature, top_p: controls.top_p };
        let made = self.notes.iter().map(|made| (made.note, made.goal_ticks));
        let pacing = self.facts.texture.pacing(asked(controls), made);
        let class_bias = controls.wish.class_bias(self.facts.key, controls.lock);
        let mut avoid = None;
        // Drawn once for each note, like the style.
        let is_let_through = unit(mixed(seed, place, u64::MAX - 1)) < SHARE_LET_THROUGH;
        session.lean(controls.learn_from_me);
        let before = session.mark();
        for attempt in 0.. {
            // Each note has a random stream of its own, so that the notes before it leave no trace in it.
            session.seed(mixed(seed, place, attempt));
            let bend = Bend { rhythm: Some(rhythm), pacing, class_bias, avoid };
            let mut event = session.next_bent(&ask, &bend);
            if let (Event::Note(note), Some(last)) = (event, last)
                && note.onset_ticks > last.max(not_before).saturating_add(LONGEST_REST_TICKS)
            {
                session.rewind(&before);
                let onset = Onset::Exactly(last.max(not_before) + LONGEST_REST_TICKS);
                event = session.next_bent(&Ask { onset, ..ask }, &bend);
            }
            match event {
                Event::Note(note) if note.onset_ticks < end_ticks => {
                    let made = self.made(before, note, controls);
                    let is_too_much = made.is_repeat && is_enough(&self.notes, made.note.onset_ticks);
                    if !is_too_much || is_let_through || attempt == MOST_TRIES {
                        return self.keep(made, note, session);
                    }
                    session.rewind(&before);
                    avoid = Some(note.pitch);
                    ask.sampling.temperature *= FREER;
                    rhythm.temperature *= FREER;
                }
                Event::Note(_) | Event::End { .. } => {
                    session.rewind(&before);
                    self.is_complete = true;
                    return;
                }
            }
        }
    }

    /// The note as it is to be played.
    fn made(&self, before: Mark, note: Note, controls: &Controls) -> Made {
        let last = self.notes.last();
        let least_ticks = last.map_or(i64::MIN, |made| made.note.onset_ticks).max(self.not_before_ticks);
        let bounds = (self.begin.start_ticks, least_ticks, self.begin.end_ticks);
        let loudness = last.map(|made| made.loudness);
        let (mut note, loudness) = self.facts.played(note, controls, self.metre, bounds, loudness);
        let mut at_once = self.notes.iter().rev().take_while(|made| made.note.onset_ticks == note.onset_ticks);
        let is_at_last = last.is_some_and(|made| made.note.onset_ticks == note.onset_ticks);
        if is_at_last && self.is_chord_full(controls) || at_once.any(|made| made.note.pitch == note.pitch) {
            // Two notes of one key, or more than there are voices, were drawn to the same line: the later one takes the next.
            let later = note.onset_ticks + i64::from(controls.quantise_ticks);
            note.onset_ticks = quantised(later, self.metre, (bounds.0, bounds.2), controls);
        }
        let goal_ticks = self.facts.texture.goal_ticks(asked(controls));
        Made { before, note, goal_ticks, loudness, is_repeat: is_repeat(&self.notes, note) }
    }

    /// Takes a note that the session chose as `chosen`.
    fn keep(&mut self, made: Made, chosen: Note, session: &mut Session) {
        if made.note.onset_ticks >= self.begin.end_ticks {
            session.rewind(&made.before);
            self.is_complete = true;
            return;
        }
        if made.note != chosen {
            session.amend(made.note);
        }
        self.notes.push(made);
        if self.notes.len() >= 2 * KEPT_NOTES && self.n_offered > KEPT_NOTES {
            self.notes.drain(..KEPT_NOTES);
            self.n_offered -= KEPT_NOTES;
            self.n_forgotten += KEPT_NOTES;
        }
    }

    fn is_chord_full(&self, controls: &Controls) -> bool {
        let last = self.last_ticks();
        let n_at_last = self.notes.iter().rev().take_while(|made| Some(made.note.onset_ticks) == last).count();
        controls.voices > 0 && n_at_last >= usize::from(controls.voices)
    }
}

/// The note, ended at `ticks` at the latest; at least a tick long.
pub(super) fn cut(note: Note, ticks: i64) -> Note {
    let longest = u32::try_from(ticks.saturating_sub(note.onset_ticks).max(1)).unwrap_or(u32::MAX);
    Note {
        duration_ticks: if ticks == i64::MAX { note.duration_ticks } else { longest.min(note.duration_ticks) },
        ..note
    }
}

/// A random number of its own for each attempt at each note (SplitMix64; Steele et al. 2014).
fn mixed(seed: u64, place: u64, attempt: u64) -> u64 {
    let turn = |z: u64| {
        let z = z.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    };
    turn(turn(turn(seed) ^ place) ^ attempt)
}

/// A number from 0 to 1, less than 1.
fn unit(random: u64) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "24 bits, exact")]
    let unit = (random >> 40) as f32 / (1u64 << 24) as f32;
    unit
}
