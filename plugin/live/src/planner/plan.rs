//! An answer that is being made.

use engine::Session;
use engine::answer::{AnswerGenerator, AnswerRequest, Controls};
use engine::note::Note;
use engine::rhythm::{Feel, PARTS_PER_BEAT, PARTS_PER_TICK};

use super::Listener;
use super::heard::Heard;
use super::hearing::Hearing;
use super::pace::Pace;
use super::speed::Speed;
use crate::messages::{FromWorker, PlannedNote, ToWorker};

/// More notes than this at once are no music; the answer then ends.
const MAX_NOTES_PER_ASK: usize = 500;

/// See the module.
#[derive(Debug)]
pub(super) struct Plan {
    /// Tells it from all others.
    pub(super) turn: u32,
    pub(super) answer: AnswerGenerator,
    pub(super) touch: PlanTouch,
    /// How it is played.
    pub(super) pace: Pace,
    /// How the call was heard, if that was by the player's own beat.
    pub(super) followed: Option<Hearing>,
    /// The session has learnt so many notes for the time being.
    pub(super) n_lent: usize,
    /// The style that was chosen when it began.
    pub(super) style: u8,
    /// The notes heard that the model was told then, as they were understood, in the order of their onsets.
    pub(super) told: Vec<Heard>,
    /// Some of those sounded on.
    pub(super) is_cut_short: bool,
}

impl Plan {
    /// It is not wanted: the session is as it was before.
    pub(super) fn withdraw(&self, session: &mut Session) {
        session.forget_user_notes(self.n_lent);
        self.answer.withdraw(session);
    }

    /// Makes and offers all notes that begin before `until_ticks`, unless the next message makes that worthless.
    pub(super) fn extend(
        &mut self,
        until_ticks: i64,
        controls: &Controls,
        session: &mut Session,
        speed: &mut Speed,
        listener: &mut impl Listener,
    ) {
        let until_ticks = self.pace.score_ticks(until_ticks);
        while self.answer.is_choosing(controls) && !self.is_pointless(listener.peek()) {
            self.make(controls, session, speed, listener);
        }
        for _ in 0..MAX_NOTES_PER_ASK {
            while let Some(note) = self.answer.offer(until_ticks) {
                let planned = self.touch.planned(self.turn, note, controls.feel);
                if !listener.offer(FromWorker::Note(planned)) {
                    return;
                }
            }
            if self.answer.reaches(until_ticks) || self.is_pointless(listener.peek()) {
                return;
            }
            self.make(controls, session, speed, listener);
        }
        self.answer.complete();
    }

    /// Makes a note, or judges a candidate.
    fn make(&mut self, controls: &Controls, session: &mut Session, speed: &mut Speed, listener: &impl Listener) {
        let begun = listener.wall_clock();
        self.answer.generate(session, controls);
        speed.add(listener.wall_clock().saturating_sub(begun));
    }

    /// Whether the next message makes the rest of this plan worthless. Nothing that is heard or remembered depends on it.
    fn is_pointless(&self, next: Option<ToWorker>) -> bool {
        let reached = self.answer.reached_ticks().unwrap_or(i64::MIN);
        match next {
            Some(ToWorker::Cancel { turn }) => turn == self.turn,
            Some(ToWorker::Finish { turn, at_ticks }) => {
                turn == self.turn && reached >= self.pace.score_ticks(at_ticks)
            }
            Some(ToWorker::Replace { turn, from_ticks, .. } | ToWorker::Another { turn, from_ticks, .. }) => {
                turn == self.turn && reached >= self.pace.score_ticks(from_ticks)
            }
            Some(ToWorker::Reset | ToWorker::Start) => true,
            _ => false,
        }
    }
}

/// How the notes of a plan are played: with the player's feel, as it was when the plan began.
#[derive(Debug)]
pub(super) struct PlanTouch {
    feel: Feel,
    /// Each answer of a song has random numbers of its own.
    stream: u64,
    start_ticks: i64,
    beat_ticks: i64,
    /// A beat of the score.
    us_per_beat: i64,
    pace: Pace,
    /// The notes so far that may be taken back, and one before them: onset as written in ticks, and as played in parts of a tick.
    played: Vec<(i64, i64)>,
}

impl PlanTouch {
    pub(super) fn new(hearing: &Hearing, request: &AnswerRequest, pace: Pace, us_per_beat: u32) -> Self {
        Self {
            feel: hearing.feel().clone(),
            stream: u64::from(request.song_seed) << 32 | u64::from(request.number),
            start_ticks: request.start_ticks,
            beat_ticks: hearing.beat_ticks(),
            us_per_beat: pace.us_per_beat(us_per_beat).max(1).into(),
            pace,
            played: Vec::new(),
        }
    }

    /// Notes from here on are planned anew.
    pub(super) fn take_back(&mut self, from_ticks: i64) {
        self.played.truncate(self.played.partition_point(|(onset_ticks, _)| *onset_ticks < from_ticks));
    }

    /// A note as it is to be played: no earlier than the one before it, and the answer's first exactly where it begins.
    fn planned(&mut self, turn: u32, note: Note, feel: f32) -> PlannedNote {
        let (last_ticks, last_parts) = self.played.last().copied().unwrap_or((i64::MIN, i64::MIN));
        let in_chord = note.onset_ticks == last_ticks;
        let from_beat = Note { onset_ticks: note.onset_ticks - self.beat_ticks, ..note };
        // The answer's own time, so that it is the same wherever it is played.
        let stream = self.stream ^ note.onset_ticks.wrapping_sub(self.start_ticks).cast_unsigned() << 48;
        let touch = self.feel.touch(&from_beat, in_chord, feel, stream);
        let is_first = note.onset_ticks <= self.start_ticks && !in_chord;
        let late_parts = if is_first { 0 } else { touch.late_us * PARTS_PER_BEAT / self.us_per_beat };
        let written_parts = note.onset_ticks.saturating_mul(PARTS_PER_TICK);
        let earliest = last_parts.max(self.start_ticks.saturating_mul(PARTS_PER_TICK));
        let on_parts = written_parts.saturating_add(late_parts).max(earliest);
        if self.played.len() >= 2 * MAX_NOTES_PER_ASK {
            self.played.drain(..MAX_NOTES_PER_ASK);
        }
        self.played.push((note.onset_ticks, on_parts));
        let [written, on, off] = [written_parts, on_parts, on_parts.saturating_add(touch.held_parts)]
            .map(|parts| self.pace.played_parts(parts));
        let on_ticks = written.div_euclid(PARTS_PER_TICK);
        PlannedNote {
            turn,
            on_ticks,
            late_parts: i16::try_from(on.saturating_sub(on_ticks.saturating_mul(PARTS_PER_TICK))).unwrap_or(0),
            held_parts: u32::try_from(off.saturating_sub(on)).unwrap_or(u32::MAX),
            key: note.pitch.get(),
            velocity: touch.velocity.get(),
        }
    }
}
