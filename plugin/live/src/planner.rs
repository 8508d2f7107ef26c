//! Makes answers. It owns the model's session and is told what the player does; all that it says is a function of the
//! messages in their order, so that a bounce repeats what was heard live.
//!
//! Reading order: `hearing` understands what the player's hands mean, `heard` is a note on its way to the model, `plan` an answer that
//! is being made, `speed` how fast that goes.

mod heard;
mod hearing;
mod plan;
mod speed;

use std::sync::Arc;
use std::time::Duration;

use engine::answer::{AnswerGenerator, Controls, PlayerNotes};
use engine::note::Note;
use engine::vocab::TIMES_TICKS;
use engine::{Checkpoint, Conditions, Metre, Pitch, Session, Velocity, Weights};

use crate::messages::{Begin, FromWorker, ToWorker};
use crate::song_memory::{LearnedNote, MOST_NOTES, SongMemory};
use heard::Heard;
use hearing::{Hearing, Strike};
use plan::{Plan, PlanTouch};
use speed::Speed;

/// Notes that the model reads before the worker looks for messages again: as many as it reads at once.
const TOLD_AT_ONCE: usize = 8;
/// The longest note that the model knows. One that is held for longer is told as this long.
const LONGEST_NOTE_TICKS: u32 = TIMES_TICKS[127] as u32;

/// What the planner asks of its surroundings.
pub trait Listener {
    /// Takes what the planner says. False if nobody listens any more.
    fn offer(&mut self, message: FromWorker) -> bool;
    /// The message that comes next, if it is known already.
    fn peek(&self) -> Option<ToWorker>;
    /// The time on the wall, since any moment that stays the same. How fast notes are made is shown, and decides nothing.
    fn wall_clock(&self) -> Duration;
}

/// See the module.
#[derive(Debug)]
pub struct Planner {
    session: Session,
    /// What the song knows from its next start on.
    memory: SongMemory,
    /// The session with that memory and nothing more.
    reminded: Option<Checkpoint>,
    metre: Metre,
    hearing: Hearing,
    /// What may still change, or mean something else.
    heard: Vec<Heard>,
    /// What may not, and waits to be told to the model for good.
    decided: Vec<Heard>,
    /// The notes of the player that the model was told for good.
    player: PlayerNotes,
    pedals: u16,
    /// Time of the last message that had one.
    now_ticks: i64,
    plan: Option<Plan>,
    speed: Speed,
}

impl Planner {
    /// A planner that has heard nothing.
    #[must_use]
    pub fn new(weights: Arc<Weights>) -> Self {
        Self {
            session: Session::new(weights),
            memory: SongMemory::default(),
            reminded: None,
            metre: Metre::Free,
            hearing: Hearing::new(),
            heard: Vec::new(),
            decided: Vec::new(),
            player: PlayerNotes::default(),
            pedals: 0,
            now_ticks: 0,
            plan: None,
            speed: Speed::default(),
        }
    }

    /// Takes a message, and plans what it asks for.
    pub fn handle(&mut self, message: ToWorker, listener: &mut impl Listener) {
        match message {
            ToWorker::On { ticks, parts, us_per_beat, channel, key, velocity, style, strike } => {
                self.now_ticks = ticks;
                // A string that rings on by the pedal ends when it is struck again. A key that is down has another voice.
                self.release(channel, |heard| !heard.is_key_down && heard.note.pitch.get() == key);
                let (Some(pitch), Some(velocity)) = (Pitch::new(key), Velocity::new(velocity)) else { return };
                let (played, velocity) = self.hearing.strike(Strike { ticks, parts, us_per_beat, pitch, velocity });
                let note = Note { onset_ticks: ticks, duration_ticks: 1, pitch, velocity };
                let (is_key_down, is_settled) = (true, played.is_none());
                let heard = Heard { played, is_settled, channel, strike, is_key_down, ..Heard::over(note, style) };
                self.heard.push(heard);
            }
            ToWorker::Off { ticks, parts, strike } => {
                self.now_ticks = ticks;
                self.key_up(strike, parts);
            }
            ToWorker::Pedal { ticks, channel, is_down } => {
                self.now_ticks = ticks;
                self.pedal(channel, is_down);
            }
            ToWorker::Metre(metre) => {
                if self.hearing.is_other_beat(metre) {
                    self.tell_model(|| false);
                    self.hearing.settle();
                    understand(&mut self.heard, &self.hearing, i64::MAX);
                    self.heard.iter_mut().for_each(|heard| *heard = heard.decided());
                    self.hearing.set_metre(metre);
                }
                self.tell_model(|| false);
                self.session.set_metre(metre);
                self.metre = metre;
                if let Some(plan) = &mut self.plan {
                    plan.answer.set_metre(metre);
                }
            }
            // Fast playing asks for an answer after each note, and takes it back with the next.
            ToWorker::Begin(Begin { turn, .. }) if listener.peek() == Some(ToWorker::Cancel { turn }) => {}
            ToWorker::Begin(begin) => {
                self.begin(begin);
                self.extend(begin.turn, begin.until_ticks, begin.controls, listener);
            }
            ToWorker::Extend { turn, until_ticks, controls } => self.extend(turn, until_ticks, controls, listener),
            ToWorker::Replace { turn, from_ticks, until_ticks, controls } => {
                if let Some(plan) = self.plan.as_mut().filter(|plan| plan.turn == turn)
                    && plan.answer.take_back(from_ticks, &mut self.session)
                    && listener.offer(FromWorker::Replace { turn, from_ticks })
                {
                    plan.touch.take_back(from_ticks);
                    self.extend(turn, until_ticks, controls, listener);
                }
            }
            ToWorker::Cancel { turn } => {
                if let Some(plan) = self.plan.take_if(|plan| plan.turn == turn) {
                    plan.withdraw(&mut self.session);
                }
            }
            ToWorker::Finish { turn, at_ticks } => {
                if let Some(plan) = self.plan.take_if(|plan| plan.turn == turn) {
                    self.finish(plan, at_ticks);
                }
            }
            ToWorker::Start => self.start(),
            ToWorker::Reset => {
                self.remind();
                self.hearing.forget();
                self.heard.clear();
                self.decided.clear();
                self.player = PlayerNotes::default();
                self.pedals = 0;
                self.plan = None;
            }
        }
        // While more is waiting, the model can hear of it later: it may have to forget it all anyway.
        self.tell_model(|| listener.peek().is_some());
    }

    /// The song begins with what it remembers, and with the call so far.
    fn start(&mut self) {
        self.tell_model(|| false);
        let call = self.player.call();
        // The styles that were chosen then, as far as the session still knows them.
        let styles: Vec<(Note, u8)> =
            self.session.last_notes(call.len() + MOST_NOTES).map(|(note, known)| (note, known.style)).collect();
        let style = |note: &Note| styles.iter().rfind(|(known, _)| known == note).map_or(0, |(_, style)| *style);
        let call: Vec<Heard> = call.iter().map(|note| Heard::over(*note, style(note))).collect();
        self.heard.retain(|heard| !heard.is_ours && self.player.is_of_call(&heard.note));
        self.heard.splice(..0, call);
        self.heard.iter_mut().for_each(|heard| *heard = heard.decided());
        self.plan = None;
        self.player = PlayerNotes::default();
        self.hearing.forget();
        self.remind();
    }

    /// From its next start on, the song begins with this.
    pub fn set_memory(&mut self, memory: SongMemory) {
        if self.memory != memory {
            self.memory = memory;
            self.reminded = None;
        }
    }

    /// The last notes, played and planned, as a memory for the song.
    #[must_use]
    pub fn to_remember(&self) -> SongMemory {
        let notes = self.session.last_notes(MOST_NOTES).map(|(note, conditions)| (note, conditions.style));
        SongMemory::new(self.metre, notes, self.learned())
    }

    /// The notes that were learnt from the player.
    pub fn learned(&self) -> impl Iterator<Item = LearnedNote> {
        self.session.user_notes().map(|(note, is_first)| LearnedNote { note, is_first })
    }

    /// The bars of the song.
    #[must_use]
    pub fn metre(&self) -> Metre {
        self.metre
    }

    /// Notes of the player that answers can lean towards.
    pub fn n_learnt(&self) -> usize {
        self.session.user_notes().len()
    }

    /// Notes that it makes in a second, lately; 0 before the first.
    pub fn notes_per_second(&self) -> u32 {
        self.speed.notes_per_second()
    }

    /// Name of the weights that it plays.
    pub fn model(&self) -> String {
        self.session.weights().header().name.clone()
    }

    /// Tells a session of other weights what this planner's knows, a little at a time. True when it is ready to take over.
    pub fn teach(&self, next: &mut Session) -> bool {
        next.follow(&self.session);
        next.read_some(TOLD_AT_ONCE)
    }

    /// Goes on with another session that has been taught. Plans, and what is remembered of them, stay as they are.
    pub fn take_over(&mut self, next: Session) {
        self.session = next;
    }

    /// Forgets all but the project's memory.
    fn remind(&mut self) {
        self.session.clear_user_notes();
        for learned in self.memory.learned() {
            self.session.add_user_note(learned.note, learned.is_first);
        }
        if self.reminded.is_some_and(|checkpoint| self.session.rewind(&checkpoint)) {
            return;
        }
        self.session.reset();
        let (metre, notes) = self.memory.notes();
        self.session.set_metre(metre);
        let conditions = |style| Conditions { style, ..Conditions::default() };
        self.session.feed_all(notes.into_iter().map(|(note, style)| (note, conditions(style))));
        self.session.set_metre(self.metre);
        self.reminded = Some(self.session.checkpoint());
    }

    fn key_up(&mut self, strike: u32, parts: i8) {
        let is_meant = |heard: &&mut Heard| heard.is_key_down && heard.strike == strike;
        if let Some(heard) = self.heard.iter_mut().find(is_meant) {
            let is_pedalled = self.pedals & 1 << (heard.channel & 15) != 0;
            let note = if is_pedalled { heard.note } else { heard.ended(self.now_ticks) };
            *heard = Heard { note, is_key_down: false, is_pedalled, ..*heard };
            if let Some(played) = &mut heard.played {
                self.hearing.release(played, self.now_ticks, parts);
            }
        }
    }

    fn pedal(&mut self, channel: u8, is_down: bool) {
        let bit = 1 << (channel & 15);
        self.pedals = if is_down { self.pedals | bit } else { self.pedals & !bit };
        if !is_down {
            self.release(channel, |heard| !heard.is_key_down);
        }
    }

    /// Ends notes of a channel that still sound.
    fn release(&mut self, channel: u8, is_released: impl Fn(&Heard) -> bool) {
        for heard in &mut self.heard {
            if heard.is_open() && heard.channel == channel && is_released(heard) {
                *heard = Heard { note: heard.ended(self.now_ticks), is_key_down: false, is_pedalled: false, ..*heard };
            }
        }
    }

    /// Decides what can no longer change, and tells it to the model while that listens. What is told by when depends on the messages
    /// alone wherever it matters: only the work may wait.
    fn tell_model(&mut self, stops: impl Fn() -> bool) {
        if self.plan.is_some() {
            return;
        }
        self.decide();
        while !self.decided.is_empty() && !stops() {
            let part: Vec<Heard> = self.decided.drain(..self.decided.len().min(TOLD_AT_ONCE)).collect();
            self.session.feed_all(part.iter().map(|heard| (heard.note, heard.conditions())));
            for heard in part.iter().filter(|heard| !heard.is_ours) {
                self.player.push(heard.note, &mut self.session);
            }
        }
    }

    /// What is decided are ended notes that began earlier than now, up to the first that still sounds.
    fn decide(&mut self) {
        self.hearing.advance(self.now_ticks);
        understand(&mut self.heard, &self.hearing, i64::MAX);
        let now = self.now_ticks;
        let is_endless = |heard: &Heard| now - heard.note.onset_ticks >= i64::from(LONGEST_NOTE_TICKS);
        let is_over = |heard: &Heard| heard.is_settled && !heard.is_open();
        // Nothing that comes later may belong before what is told, or when that is told would matter.
        let latest = self.heard.iter().filter(|heard| !heard.is_ours).max_by_key(|heard| heard.struck_ticks);
        let frontier = latest.map_or(now, |latest| self.hearing.frontier_ticks(latest, now).min(now));
        let is_final = |heard: &&Heard| heard.note.onset_ticks < frontier && (is_over(heard) || is_endless(heard));
        let n_final = self.heard.iter().take_while(is_final).count();
        for mut heard in self.heard.drain(..n_final) {
            if heard.is_open() {
                heard.note.duration_ticks = LONGEST_NOTE_TICKS;
            }
            self.hearing.learn(&heard);
            self.decided.push(heard);
        }
    }

    fn begin(&mut self, begin: Begin) {
        let Begin { turn, request, controls, us_per_beat, .. } = begin;
        if let Some(plan) = self.plan.take() {
            plan.withdraw(&mut self.session);
        }
        self.tell_model(|| false);
        // All of this is for the time being: a plan that is withdrawn, or never made because that was known, leaves no trace.
        let mut hearing = self.hearing.clone();
        hearing.settle();
        let mut told = self.heard.clone();
        // Who is early with a note and hands it over at once has struck it before the answer all the same.
        understand(&mut told, &hearing, request.start_ticks);
        let before = self.session.checkpoint();
        // What still sounds ends at the hand-over, as far as can be known by now.
        let ended = |heard: &Heard| heard.ended_by(request.start_ticks);
        self.session.feed_all(told.iter().map(|heard| (ended(heard), heard.conditions())));
        // What is over is learnt for the time being, as if it were told for good.
        let is_over = |heard: &&Heard| !heard.is_open() && heard.note.end_ticks() <= request.start_ticks;
        let n_over = told.iter().take_while(is_over).count();
        let mut player = self.player.clone();
        let n_learnt = self.session.user_notes().len();
        for heard in told[..n_over].iter().filter(|heard| !heard.is_ours) {
            player.push(heard.note, &mut self.session);
        }
        let n_lent = self.session.user_notes().len().saturating_sub(n_learnt);
        let sounding = told[n_over..].iter().filter(|heard| !heard.is_ours).map(ended);
        let features = player.features(sounding, request.song_seed);
        self.plan = Some(Plan {
            turn,
            answer: AnswerGenerator::new(request, features, self.metre, before),
            touch: PlanTouch::new(&self.hearing, &request, us_per_beat),
            n_lent,
            style: controls.style,
            is_cut_short: told.iter().any(Heard::is_open),
            told,
        });
    }

    fn extend(&mut self, turn: u32, until_ticks: i64, controls: Controls, listener: &mut impl Listener) {
        if let Some(plan) = self.plan.as_mut().filter(|plan| plan.turn == turn) {
            plan.extend(until_ticks, &controls, &mut self.session, &mut self.speed, listener);
        }
    }

    /// The answer is over: what was heard of it stays in the model's memory, beside what was played meanwhile.
    fn finish(&mut self, plan: Plan, at_ticks: i64) {
        let Plan { answer, style, told, n_lent, is_cut_short, .. } = plan;
        self.session.forget_user_notes(n_lent);
        let start_ticks = answer.request().start_ticks;
        self.player.begin_call(start_ticks);
        // Keys that were still down at the hand-over: now their lengths are known, so the model reads them again.
        let is_read_again = is_cut_short && answer.is_whole() && answer.withdraw(&mut self.session);
        let again = if is_read_again {
            answer.heard_until(at_ticks).collect()
        } else {
            self.heard.drain(..told.len());
            let meanwhile = self.heard.iter().map(|heard| heard.note.onset_ticks).min();
            for heard in told.iter().filter(|heard| !heard.is_ours) {
                let heard = Heard { note: heard.ended_by(start_ticks), ..*heard };
                self.player.push(heard.note, &mut self.session);
                self.hearing.learn(&heard);
            }
            answer.settle(at_ticks, meanwhile, &mut self.session)
        };
        if self.heard.is_empty() {
            self.hearing.begin();
        }
        self.heard.extend(again.into_iter().map(|note| Heard::ours(note, style)));
        self.now_ticks = at_ticks;
    }
}

/// Takes in what the notes mean, as far as that is known. Each begins at `latest_ticks` at the latest.
fn understand(heard: &mut [Heard], hearing: &Hearing, latest_ticks: i64) {
    for heard in &mut *heard {
        *heard = heard.understood(hearing);
        heard.note.onset_ticks = heard.note.onset_ticks.min(latest_ticks);
    }
    heard.sort_by_key(|heard| heard.note.order());
}

#[cfg(test)]
pub(crate) mod tests;
