//! Makes answers. It owns the model's session and is told what the player does; all that it says is a function of the
//! messages in their order, so that a bounce repeats what was heard live.

mod answer;
mod heard;
mod speed;
mod taste;

use std::sync::Arc;

use engine::note::Note;
use engine::vocab::TIMES_TICKS;
use engine::{Conditions, Mark, Metre, Pitch, Session, Velocity, Weights};

use crate::link::{Begin, Controls, FromWorker, PlannedNote, ToWorker};
use crate::memory::{MOST_NOTES, Memory, Own};
use answer::{Plan, cut};
use heard::Heard;
use speed::Speed;
use taste::Facts;

/// The key is found from this many of the player's last notes.
const KEY_NOTES: usize = 64;
/// More notes than this at once are no music; the answer then ends.
const MAX_NOTES_PER_ASK: usize = 500;
/// Notes that the model reads before the worker looks for messages again: as many as it reads at once.
const TOLD_AT_ONCE: usize = 8;
/// The longest note that the model knows. One that is held for longer is told as this long.
const LONGEST_NOTE_TICKS: u32 = TIMES_TICKS[127] as u32;

/// What the planner asks of its surroundings.
pub(crate) trait Listener {
    /// Takes what the planner says. False if nobody listens any more.
    fn offer(&mut self, message: FromWorker) -> bool;
    /// The message that comes next, if it is known already.
    fn peek(&self) -> Option<ToWorker>;
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Planner {
    session: Session,
    memory: Arc<Memory>,
    /// The session with the memory of this version and nothing more.
    reminded: Option<(u32, Mark)>,
    metre: Metre,
    /// In [`Note::order`], as far as they have ended.
    heard: Vec<Heard>,
    /// The notes of the call that the model was told for good.
    call: Vec<Note>,
    /// Notes before this belong to an earlier call.
    call_from_ticks: i64,
    /// The player's last notes.
    recent: Vec<Note>,
    pedals: u16,
    /// Time of the last message that had one.
    now_ticks: i64,
    plan: Option<Plan>,
    speed: Speed,
}

impl Planner {
    pub(crate) fn new(weights: Arc<Weights>, memory: Arc<Memory>) -> Self {
        Self {
            session: Session::new(weights),
            memory,
            reminded: None,
            metre: Metre::Free,
            heard: Vec::new(),
            call: Vec::new(),
            call_from_ticks: i64::MIN,
            recent: Vec::new(),
            pedals: 0,
            now_ticks: 0,
            plan: None,
            speed: Speed::default(),
        }
    }

    /// Takes a message, and plans what it asks for.
    pub(crate) fn handle(&mut self, message: ToWorker, listener: &mut impl Listener) {
        match message {
            ToWorker::On { ticks, channel, key, velocity, style } => {
                self.now_ticks = ticks;
                self.release(channel, |heard| heard.note.pitch.get() == key);
                let (Some(pitch), Some(velocity)) = (Pitch::new(key), Velocity::new(velocity)) else { return };
                let note = Note { onset_ticks: ticks, duration_ticks: 1, pitch, velocity };
                let key_down = Heard { note, channel, is_key_down: true, is_pedalled: false, is_ours: false, style };
                self.heard.push(key_down);
            }
            ToWorker::Off { ticks, channel, key } => {
                self.now_ticks = ticks;
                self.key_up(channel, key);
            }
            ToWorker::Pedal { ticks, channel, is_down } => {
                self.now_ticks = ticks;
                self.pedal(channel, is_down);
            }
            ToWorker::Metre(metre) => {
                self.tell_model(|| false);
                self.session.set_metre(metre);
                self.metre = metre;
                if let Some(plan) = &mut self.plan {
                    plan.metre = metre;
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
                if let Some(plan) = self.plan.as_mut().filter(|plan| plan.begin.turn == turn)
                    && plan.take_back(from_ticks, &mut self.session)
                    && listener.offer(FromWorker::Replace { turn, from_ticks })
                {
                    self.extend(turn, until_ticks, controls, listener);
                }
            }
            ToWorker::Cancel { turn } => {
                if let Some(plan) = self.plan.take_if(|plan| plan.begin.turn == turn) {
                    self.session.rewind(&plan.before);
                }
            }
            ToWorker::Finish { turn, at_ticks } => {
                if let Some(plan) = self.plan.take_if(|plan| plan.begin.turn == turn) {
                    self.finish(plan, at_ticks);
                }
            }
            ToWorker::Reset => {
                self.remind();
                self.heard.clear();
                self.call.clear();
                self.call_from_ticks = i64::MIN;
                self.recent.clear();
                self.pedals = 0;
                self.plan = None;
            }
        }
        // While more is waiting, the model can hear of it later: it may have to forget it all anyway.
        self.tell_model(|| listener.peek().is_some());
    }

    /// Keeps the last notes, played and planned, as the project's memory.
    pub(crate) fn remember(&self) {
        let notes = self.session.last_notes(MOST_NOTES).map(|(note, conditions)| (note, conditions.style));
        self.memory.keep_notes(self.metre, notes, self.learnt());
    }

    /// Hands out the notes that were learnt from the player.
    pub(crate) fn tell_learnt(&self) {
        self.memory.tell(self.metre, self.learnt().collect());
    }

    fn learnt(&self) -> impl Iterator<Item = Own> {
        self.session.learnt().map(|(note, is_first)| Own { note, is_first })
    }

    /// Notes of the player that answers can lean towards.
    pub(crate) fn n_learnt(&self) -> usize {
        self.session.learnt().len()
    }

    /// Notes that it makes in a second, lately; 0 before the first.
    pub(crate) fn notes_per_second(&self) -> u32 {
        self.speed.notes_per_second()
    }

    /// Name of the weights that it plays.
    pub(crate) fn model(&self) -> String {
        self.session.weights().header().name.clone()
    }

    /// Tells a session of other weights what this planner's knows, a little at a time. True when it is ready to take over.
    pub(crate) fn teach(&self, next: &mut Session) -> bool {
        next.follow(&self.session);
        next.read_some(TOLD_AT_ONCE)
    }

    /// Goes on with another session that has been taught. Plans, and what is remembered of them, stay as they are.
    pub(crate) fn take_over(&mut self, next: Session) {
        self.session = next;
    }

    /// Forgets all but the project's memory.
    fn remind(&mut self) {
        self.session.unlearn();
        for own in self.memory.own() {
            self.session.learn(own.note, own.is_first);
        }
        let version = self.memory.version();
        let mark = self.reminded.filter(|(known, _)| *known == version).map(|(_, mark)| mark);
        if mark.is_some_and(|mark| self.session.rewind(&mark)) {
            return;
        }
        self.session.reset();
        let (metre, notes) = self.memory.notes();
        self.session.set_metre(metre);
        let conditions = |style| Conditions { style, ..Conditions::default() };
        self.session.feed_all(notes.into_iter().map(|(note, style)| (note, conditions(style))));
        self.session.set_metre(self.metre);
        self.reminded = Some((version, self.session.mark()));
    }

    fn key_up(&mut self, channel: u8, key: u8) {
        if self.pedals & 1 << (channel & 15) == 0 {
            return self.release(channel, |heard| heard.note.pitch.get() == key);
        }
        for heard in &mut self.heard {
            if heard.is_key_down && heard.channel == channel && heard.note.pitch.get() == key {
                *heard = Heard { is_key_down: false, is_pedalled: true, ..*heard };
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

    /// Tells the model, while it listens, what can no longer change: ended notes that began earlier than now, up to the
    /// first that still sounds. When it stops before that changes nothing but when the work is done.
    fn tell_model(&mut self, stops: impl Fn() -> bool) {
        if self.plan.is_some() || stops() {
            return;
        }
        self.heard.sort_by_key(|heard| heard.note.order());
        let now = self.now_ticks;
        let is_endless = |heard: &Heard| now - heard.note.onset_ticks >= i64::from(LONGEST_NOTE_TICKS);
        let is_final = |heard: &&Heard| heard.note.onset_ticks < now && (!heard.is_open() || is_endless(heard));
        let n_final = self.heard.iter().take_while(is_final).count();
        let mut n_told = 0;
        while n_told < n_final && !stops() {
            let part = n_told..n_final.min(n_told + TOLD_AT_ONCE);
            for heard in self.heard[part.clone()].iter_mut().filter(|heard| heard.is_open()) {
                heard.note.duration_ticks = LONGEST_NOTE_TICKS;
            }
            self.session.feed_all(self.heard[part.clone()].iter().map(|heard| (heard.note, heard.conditions())));
            n_told = part.end;
            for index in part {
                let heard = self.heard[index];
                self.keep(&heard, heard.note);
            }
        }
        self.heard.drain(..n_told);
    }

    fn keep(&mut self, heard: &Heard, note: Note) {
        if !heard.is_ours {
            if note.onset_ticks >= self.call_from_ticks {
                self.call.push(note);
            }
            // Between two calls there was an answer.
            self.session.learn(note, self.call.len() == 1);
            self.recent.push(note);
            let n_too_many = self.recent.len().saturating_sub(KEY_NOTES);
            self.recent.drain(..n_too_many);
        }
    }

    fn begin(&mut self, begin: Begin) {
        if let Some(plan) = self.plan.take() {
            self.session.rewind(&plan.before);
        }
        self.tell_model(|| false);
        let before = self.session.mark();
        let mut call = self.call.clone();
        let mut recent = self.recent.clone();
        let ended = |heard: &Heard| heard.ended(begin.start_ticks);
        self.session.feed_all(self.heard.iter().map(|heard| (ended(heard), heard.conditions())));
        for heard in &self.heard {
            let note = ended(heard);
            if !heard.is_ours {
                recent.push(note);
                if note.onset_ticks >= self.call_from_ticks {
                    call.push(note);
                }
            }
        }
        let is_cut_short = self.heard.iter().any(Heard::is_open);
        // The song's seed, without the number of the answer.
        let facts = Facts::of(&call, &recent, begin.seed >> 32);
        self.plan = Some(Plan::new(begin, before, self.heard.len(), is_cut_short, facts, self.metre));
    }

    fn extend(&mut self, turn: u32, until_ticks: i64, controls: Controls, listener: &mut impl Listener) {
        let Some(plan) = self.plan.as_mut().filter(|plan| plan.begin.turn == turn) else { return };
        for _ in 0..MAX_NOTES_PER_ASK {
            while let Some(note) = plan.offer(until_ticks) {
                if !listener.offer(FromWorker::Note(planned(turn, note))) {
                    return;
                }
            }
            if plan.reaches(until_ticks) || is_pointless(listener.peek(), plan) {
                return;
            }
            self.speed.time(|| plan.make(&mut self.session, &controls));
        }
        plan.complete();
    }

    /// The answer is over: what was heard of it stays in the model's memory, beside what was played meanwhile.
    fn finish(&mut self, plan: Plan, at_ticks: i64) {
        self.call.clear();
        self.call_from_ticks = plan.begin.start_ticks;
        // Keys that were still down at the hand-over: now their lengths are known, so the model reads them again.
        let is_read_again = plan.is_cut_short && plan.n_forgotten == 0 && self.session.rewind(&plan.before);
        let meanwhile = self.heard.iter().skip(plan.n_told).map(|heard| heard.note.onset_ticks).min();
        let others = if is_read_again {
            &plan.notes[..]
        } else {
            for heard in self.heard.drain(..plan.n_told).collect::<Vec<_>>() {
                self.keep(&heard, heard.ended(plan.begin.start_ticks));
            }
            let is_as_heard =
                |note: &Note| note.end_ticks() <= at_ticks && meanwhile.is_none_or(|ticks| note.onset_ticks < ticks);
            let n_as_heard = plan.notes.iter().take_while(|made| is_as_heard(&made.note)).count();
            let others = &plan.notes[n_as_heard..];
            if others.first().is_some_and(|made| self.session.rewind(&made.before)) { others } else { &[] }
        };
        for made in others.iter().filter(|made| made.note.onset_ticks < at_ticks) {
            let (note, style) = (cut(made.note, at_ticks), plan.begin.controls.style);
            let ours = Heard { note, channel: 0, is_key_down: false, is_pedalled: false, is_ours: true, style };
            self.heard.push(ours);
        }
        self.now_ticks = at_ticks;
    }
}

fn planned(turn: u32, note: Note) -> PlannedNote {
    PlannedNote {
        turn,
        on_ticks: note.onset_ticks,
        off_ticks: note.end_ticks(),
        key: note.pitch.get(),
        velocity: note.velocity.get(),
    }
}

/// Whether the next message makes the rest of this plan worthless. Nothing that is heard or remembered depends on it.
fn is_pointless(next: Option<ToWorker>, plan: &Plan) -> bool {
    let reached = plan.last_ticks().unwrap_or(i64::MIN);
    match next {
        Some(ToWorker::Cancel { turn }) => turn == plan.begin.turn,
        Some(ToWorker::Finish { turn, at_ticks }) => turn == plan.begin.turn && reached >= at_ticks,
        Some(ToWorker::Replace { turn, from_ticks, .. }) => turn == plan.begin.turn && reached >= from_ticks,
        Some(ToWorker::Reset) => true,
        _ => false,
    }
}

#[cfg(test)]
pub(crate) mod tests;
