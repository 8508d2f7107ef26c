//! An answer in the making: note after note, as the controls are when each is made.

use super::candidates::{Choice, JUDGED_NOTES, JUDGED_TICKS};
use super::closing::{Closing, is_of_melody};
use super::controls::Controls;
use super::features::{Bounds, quantised};
use super::player::HeardCall;
use super::request::{AnswerRequest, stream, unit};
use super::scale::chord_bias;
use super::sounding::as_sounded;
use crate::conditions::bars_left;
use crate::critic::CriticSession;
use crate::metre::Metre;
use crate::note::{Note, Pitch, TICKS_PER_BEAT};
use crate::sampling::grammar::Onset;
use crate::sampling::repeat::{self, MOST_RETRIES, RETRY_TEMPERATURE, SHARE_LET_THROUGH, is_enough, is_repeat};
use crate::session::{Checkpoint, Event, LogitBias, NoteRequest, Session};

/// An answer does not fall silent for longer than two bars of 4/4.
const LONGEST_REST_TICKS: i64 = 8 * TICKS_PER_BEAT as i64;
/// Notes of an endless answer that are kept, at least: more than two contexts of most models.
const KEPT_NOTES: usize = 2048;
/// No more notes than this accompany the last one of a melody.
const MOST_AFTER_MELODY: usize = 64;

/// A note of an answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct GeneratedNote {
    /// As it is to be played, but for the end of the answer.
    pub(super) note: Note,
    /// The session just before it.
    pub(super) before: Checkpoint,
    /// The time from the onset before it that was wanted.
    target_ioi_ticks: f32,
    /// Running mean of the velocities that the network chose, up to this note.
    mean_velocity: f32,
    /// It said what had been said before.
    is_repeat: bool,
    /// The melody ends with it.
    pub(super) is_last_of_melody: bool,
}

impl repeat::RepeatCandidate for GeneratedNote {
    fn note(&self) -> Note {
        self.note
    }

    fn is_repeat(&self) -> bool {
        self.is_repeat
    }
}

/// Makes an answer, one note at a time: of several [`candidates`](super::candidates) the best. A session that it is given has heard
/// the call, and is always the same one (or one that [follows](Session::follow) it); what is generated is fed to it.
///
/// What the notes are depends on weights, call, request and controls only, and not on how many are made at a time or on what
/// was made and taken back.
#[derive(Debug)]
pub struct AnswerGenerator {
    pub(super) request: AnswerRequest,
    call: HeardCall,
    metre: Metre,
    /// Whose random streams the notes have.
    pub(super) candidate: u8,
    /// While the notes are a candidate's, and none is offered.
    pub(super) choice: Option<Choice>,
    /// Candidates that were judged, the best first; empty where there was no choice.
    pub(super) ranking: Vec<u8>,
    /// What the best of them play.
    pub(super) best: Vec<Vec<Note>>,
    is_begun: bool,
    /// The session before anything of this answer.
    pub(super) before: Checkpoint,
    /// In the order of their onsets; the oldest of an endless answer are forgotten.
    pub(super) notes: Vec<GeneratedNote>,
    pub(super) n_offered: usize,
    pub(super) n_forgotten: usize,
    /// A note that is made now begins here at the earliest.
    pub(super) not_before_ticks: i64,
    pub(super) is_complete: bool,
}

impl AnswerGenerator {
    /// Nothing is made yet. `before` is where [`AnswerGenerator::withdraw`] goes back to: before the end of a call that was told
    /// for the time being, if there is such an end.
    #[must_use]
    pub fn new(request: AnswerRequest, call: HeardCall, metre: Metre, before: Checkpoint) -> Self {
        Self {
            request,
            call,
            metre,
            candidate: 0,
            choice: None,
            ranking: Vec::new(),
            best: Vec::new(),
            is_begun: false,
            before,
            notes: Vec::new(),
            n_offered: 0,
            n_forgotten: 0,
            not_before_ticks: request.start_ticks,
            is_complete: false,
        }
    }

    /// What was asked for.
    #[must_use]
    pub fn request(&self) -> AnswerRequest {
        self.request
    }

    /// The grid for notes made from now on, as far as they are drawn to it.
    pub fn set_metre(&mut self, metre: Metre) {
        self.metre = metre;
    }

    /// The next note, as it is to be played, made if need be; `None` when the answer is over.
    pub fn next_note(&mut self, session: &mut Session, controls: &Controls) -> Option<Note> {
        loop {
            let note = self.offer(i64::MAX);
            if note.is_some() || self.reaches(i64::MAX) {
                return note;
            }
            self.generate(session, controls);
        }
    }

    /// The next note that begins before `until_ticks` and was not offered yet, as it is to be played; it counts as
    /// offered now.
    pub fn offer(&mut self, until_ticks: i64) -> Option<Note> {
        let made = self.chosen().get(self.n_offered).filter(|made| made.note.onset_ticks < until_ticks)?;
        let note = cut(made.note, self.request.end_ticks);
        self.n_offered += 1;
        Some(note)
    }

    /// Whether all notes that begin before `until_ticks` are made.
    #[must_use]
    pub fn reaches(&self, until_ticks: i64) -> bool {
        let is_after = |made: &GeneratedNote| made.note.onset_ticks >= until_ticks;
        self.choice.is_none() && (self.is_complete || self.notes.last().is_some_and(is_after))
    }

    /// Whether candidates are made, and none is chosen yet.
    #[must_use]
    pub fn is_choosing(&self, controls: &Controls) -> bool {
        self.choice.is_some() || !self.is_begun && self.n_candidates(controls) > 1
    }

    /// Makes this candidate without a choice.
    #[cfg(test)]
    pub(super) fn only(&mut self, candidate: u8) {
        (self.candidate, self.is_begun) = (candidate, true);
    }

    fn n_candidates(&self, controls: &Controls) -> u8 {
        if controls.is_guided { controls.candidates.min(self.request.most_candidates) } else { 1 }
    }

    /// The notes of the candidate that is played.
    pub(super) fn chosen(&self) -> &[GeneratedNote] {
        if self.choice.is_some() { &[] } else { &self.notes }
    }

    fn last_ticks(&self) -> Option<i64> {
        self.notes.last().map(|made| made.note.onset_ticks)
    }

    /// Onset of the last note that is made.
    #[must_use]
    pub fn reached_ticks(&self) -> Option<i64> {
        self.chosen().last().map(|made| made.note.onset_ticks)
    }

    /// There is nothing more to come.
    pub fn complete(&mut self) {
        self.is_complete = true;
    }

    /// Makes a note, if the answer goes on: of a candidate, while the choice is open.
    pub fn generate(&mut self, session: &mut Session, controls: &Controls) {
        if !self.is_begun && self.is_choosing(controls) {
            let mut critic = CriticSession::built_in();
            critic.hear(self.call.notes(), self.metre, session.weights().style_name(controls.style));
            self.choice = Some(Choice::new(self.n_candidates(controls), session.checkpoint(), critic));
        }
        self.is_begun = true;
        let judged_ticks = self.request.start_ticks.saturating_add(JUDGED_TICKS);
        let is_enough = self.notes.len() >= JUDGED_NOTES || self.last_ticks() >= Some(judged_ticks);
        if self.choice.is_some() && (self.is_complete || is_enough) {
            self.judge(session, controls);
        } else {
            self.add_note(session, controls);
        }
    }

    /// A candidate is made as far as it is judged. The next is made, or the best one again.
    fn judge(&mut self, session: &mut Session, controls: &Controls) {
        let Some(choice) = &mut self.choice else { return };
        let planned: Vec<Note> = self.notes.iter().map(|made| cut(made.note, self.request.end_ticks)).collect();
        // What is cut off has no end yet.
        let end_ticks = if self.is_complete { self.request.end_ticks } else { i64::MAX };
        let is_decided = choice.judge(&as_sounded(&planned, controls.voices), self.request.start_ticks, end_ticks);
        session.rewind(&choice.before);
        self.notes.clear();
        (self.is_complete, self.not_before_ticks) = (false, self.request.start_ticks);
        if is_decided {
            self.ranking = choice.ranking();
            self.best = choice.best(&self.ranking);
            self.choice = None;
            self.candidate = self.ranking.first().copied().unwrap_or(0);
        } else {
            self.candidate += 1;
        }
    }

    fn add_note(&mut self, session: &mut Session, controls: &Controls) {
        let AnswerRequest { start_ticks, end_ticks, .. } = self.request;
        let seed = self.request.seed_of(self.candidate);
        let last = self.last_ticks();
        let place = u64::try_from(self.n_forgotten + self.notes.len()).unwrap_or(u64::MAX);
        // The music may end by itself in the second half of its time.
        let may_end = end_ticks != i64::MAX && last.is_some_and(|last| last - start_ticks >= end_ticks - last);
        let not_before =
            self.not_before_ticks.max(if self.is_chord_full(controls) { last.unwrap_or(0) + 1 } else { 0 });
        let is_second = unit(stream(seed, place, u64::MAX)) < controls.style_mix;
        let style = if is_second { controls.style2 } else { controls.style };
        let is_first = last.is_none() && controls.is_guided;
        let mut note_request = NoteRequest {
            conditions: self.call.features().conditions(controls, style, self.bars_left()),
            sampling: controls.sampling(),
            lowest: controls.lowest,
            highest: controls.highest,
            onset: if is_first { Onset::Exactly(start_ticks) } else { Onset::NotBefore(not_before) },
            may_end,
        };
        let mut rhythm = controls.rhythm_sampling();
        let length = controls.is_guided.then(|| controls.length_sampling());
        let velocity = controls.is_guided.then(|| controls.velocity_sampling());
        let made = self.notes.iter().map(|made| (made.note, made.target_ioi_ticks));
        let onset_bias = self.call.features().onset_bias(controls, made);
        let class_bias = self.call.features().class_bias(controls);
        let beat_bias = chord_bias(controls.harmony);
        let mut avoid = None;
        let over_ticks = match self.last_of_melody() {
            None => end_ticks,
            // What accompanies the melody goes on below its last note.
            Some(held) if self.is_accompanied(controls) && held.pitch > controls.lowest => {
                note_request.highest = controls.highest.min(Pitch::nearest(held.pitch.get() - 1));
                end_ticks
            }
            Some(held) => held.onset_ticks.saturating_add(1),
        };
        // Drawn once for each note, like the style.
        let is_let_through = unit(stream(seed, place, u64::MAX - 1)) < SHARE_LET_THROUGH;
        session.set_cache_weight(controls.cache_weight());
        let before = session.checkpoint();
        for attempt in 0.. {
            // Each note has a random stream of its own, so that the notes before it leave no trace in it.
            session.seed(stream(seed, place, attempt));
            let bias = LogitBias { rhythm: Some(rhythm), length, velocity, onset_bias, class_bias, beat_bias, avoid };
            let mut event = session.next_biased(&note_request, &bias);
            if let (Event::Note(note), Some(last)) = (event, last)
                && controls.is_guided
                && note.onset_ticks > last.max(not_before).saturating_add(LONGEST_REST_TICKS)
            {
                session.rewind(&before);
                let onset = Onset::Exactly(last.max(not_before) + LONGEST_REST_TICKS);
                event = session.next_biased(&NoteRequest { onset, ..note_request }, &bias);
            }
            match event {
                Event::Note(note) if note.onset_ticks < over_ticks => {
                    let made = self.rendered(before, note, controls);
                    let is_too_much = made.is_repeat && is_enough(&self.notes, made.note.onset_ticks);
                    if !is_too_much || is_let_through || attempt == MOST_RETRIES {
                        return self.keep(made, note, session);
                    }
                    session.rewind(&before);
                    avoid = Some(note.pitch);
                    note_request.sampling.temperature *= RETRY_TEMPERATURE;
                    rhythm.temperature *= RETRY_TEMPERATURE;
                }
                Event::Note(_) | Event::End { .. } => {
                    session.rewind(&before);
                    self.is_complete = true;
                    return;
                }
            }
        }
    }

    fn closing(&self, controls: &Controls) -> Option<Closing> {
        controls.is_guided.then(|| Closing::of(&self.request, self.metre, self.request.seed_of(self.candidate)))?
    }

    /// Whether others play on when the melody has ended.
    fn is_accompanied(&self, controls: &Controls) -> bool {
        self.is_polyphonic(controls) && !self.closing(controls).is_some_and(|closing| closing.is_short)
    }

    /// Whether more than one voice is asked for.
    fn is_polyphonic(&self, controls: &Controls) -> bool {
        self.call.features().conditions(controls, controls.style, 0).polyphony > 1
    }

    /// The lowest, if several begin together.
    fn last_of_melody(&self) -> Option<Note> {
        let after = self.notes.iter().rev().take(MOST_AFTER_MELODY);
        after.filter(|made| made.is_last_of_melody).map(|made| made.note).min_by_key(|note| note.pitch)
    }

    /// How long a note is that ends the melody; `None` for one that does not.
    fn last_duration_ticks(&self, note: Note, controls: &Controls) -> Option<u32> {
        let closing = self.closing(controls).filter(|closing| closing.is_at(note.onset_ticks))?;
        let is_over = self.last_of_melody().is_some_and(|last| last.onset_ticks != note.onset_ticks);
        let earlier = || self.notes.iter().rev().map(|made| made.note);
        let ends = !is_over && (!self.is_polyphonic(controls) || is_of_melody(note, earlier()));
        ends.then(|| closing.duration_ticks(note))
    }

    /// As the condition: the bars that begin after the last note, or after the beginning, and before the end. Open without either.
    fn bars_left(&self) -> u8 {
        let AnswerRequest { start_ticks, end_ticks, .. } = self.request;
        match self.metre {
            Metre::Bars { bar_line_ticks, bar_ticks } if end_ticks != i64::MAX => {
                let bar = |ticks: i64| (ticks - bar_line_ticks).div_euclid(i64::from(bar_ticks.max(1)));
                let n_bars = bar(end_ticks - 1) - bar(self.last_ticks().unwrap_or(start_ticks));
                bars_left(u32::try_from(n_bars.max(0)).unwrap_or(u32::MAX))
            }
            _ => 0,
        }
    }

    /// The note as it is to be played.
    fn rendered(&self, before: Checkpoint, note: Note, controls: &Controls) -> GeneratedNote {
        let last = self.notes.last();
        let least_ticks = last.map_or(i64::MIN, |made| made.note.onset_ticks).max(self.not_before_ticks);
        let AnswerRequest { start_ticks, end_ticks, .. } = self.request;
        let bounds = Bounds { start_ticks, least_ticks, end_ticks };
        let mean_velocity = last.map(|made| made.mean_velocity);
        let (mut note, mean_velocity) = self.call.features().render(note, controls, self.metre, bounds, mean_velocity);
        let mut at_once = self.notes.iter().rev().take_while(|made| made.note.onset_ticks == note.onset_ticks);
        let is_at_last = last.is_some_and(|made| made.note.onset_ticks == note.onset_ticks);
        if is_at_last && self.is_chord_full(controls) || at_once.any(|made| made.note.pitch == note.pitch) {
            // Two notes of one key, or more than there are voices, were drawn to the same line: the later one takes the next.
            let later = note.onset_ticks + i64::from(controls.quantise_ticks);
            note.onset_ticks = quantised(later, self.metre, bounds, controls);
        }
        let last_duration_ticks = self.last_duration_ticks(note, controls);
        note.duration_ticks = last_duration_ticks.unwrap_or(note.duration_ticks);
        let target_ioi_ticks = self.call.features().target_ioi_ticks(controls);
        let (is_repeat, is_last_of_melody) = (is_repeat(&self.notes, note), last_duration_ticks.is_some());
        GeneratedNote { note, before, target_ioi_ticks, mean_velocity, is_repeat, is_last_of_melody }
    }

    /// Takes a note that the session chose as `chosen`.
    fn keep(&mut self, made: GeneratedNote, chosen: Note, session: &mut Session) {
        if made.note.onset_ticks >= self.request.end_ticks {
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

/// The note, ended at `ticks` at the latest; at least a tick long. `i64::MAX` ends nothing.
pub(super) fn cut(note: Note, ticks: i64) -> Note {
    let longest = u32::try_from(ticks.saturating_sub(note.onset_ticks).max(1)).unwrap_or(u32::MAX);
    Note {
        duration_ticks: if ticks == i64::MAX { note.duration_ticks } else { longest.min(note.duration_ticks) },
        ..note
    }
}
