//! Makes answers. It owns the model's session and is told what the player does; all that it says is a function of the
//! messages in their order, so that a bounce repeats what was heard live.

use std::sync::Arc;

use engine::conditions::{density_level, polyphony_level};
use engine::key::find_key;
use engine::note::Note;
use engine::{Ask, Conditions, Event, Mark, Onset, Pitch, Sampling, Session, TICKS_PER_BEAT, Velocity, Weights};

use crate::link::{Begin, Controls, PlannedNote, ToWorker};

/// The key is found from this many of the player's last notes.
const KEY_NOTES: usize = 64;
/// Density levels are about this factor apart.
const DENSITY_STEP: f32 = 1.5;
/// The density level from which the parameter moves when the call is too short to have one.
const MIDDLE_DENSITY: u8 = 4;
/// An answer does not fall silent for longer than two bars of 4/4.
const LONGEST_REST_TICKS: i64 = 8 * TICKS_PER_BEAT as i64;
/// More notes than this at once are no music; the answer then ends.
const MAX_NOTES_PER_ASK: usize = 500;

/// A note that was heard and not yet told to the model for good.
#[derive(Clone, Copy, Debug)]
struct Heard {
    note: Note,
    channel: u8,
    is_key_down: bool,
    is_pedalled: bool,
    /// It was played by us.
    is_ours: bool,
    /// The style that was chosen then.
    style: u8,
}

impl Heard {
    fn is_open(&self) -> bool {
        self.is_key_down || self.is_pedalled
    }

    fn conditions(&self) -> Conditions {
        Conditions { style: self.style, ..Conditions::default() }
    }

    /// The note, which ends here if it still sounds.
    fn ended(&self, ticks: i64) -> Note {
        if !self.is_open() {
            return self.note;
        }
        let duration_ticks = u32::try_from((ticks - self.note.onset_ticks).max(1)).unwrap_or(u32::MAX);
        Note { duration_ticks, ..self.note }
    }
}

/// An answer in the making.
#[derive(Debug)]
struct Plan {
    begin: Begin,
    /// The session before anything of this plan.
    before: Mark,
    /// Of the notes heard, the first so many were told to the model, ended at the hand-over.
    n_told: usize,
    conditions: Conditions,
    /// Each note with the session just before it.
    notes: Vec<(Mark, Note)>,
    n_offered: usize,
    is_complete: bool,
}

/// What the planner asks of its surroundings.
pub(crate) trait Listener {
    /// Takes a planned note. False if nobody listens any more.
    fn offer(&mut self, note: PlannedNote) -> bool;
    /// The message that comes next, if it is known already.
    fn peek(&self) -> Option<ToWorker>;
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Planner {
    session: Session,
    /// In [`Note::order`], as far as they have ended.
    heard: Vec<Heard>,
    /// The notes of the call that the model was told for good.
    call: Vec<Note>,
    /// The player's last notes.
    recent: Vec<Note>,
    pedals: u16,
    /// Time of the last message that had one.
    now_ticks: i64,
    plan: Option<Plan>,
}

impl Planner {
    pub(crate) fn new(weights: Arc<Weights>) -> Self {
        Self {
            session: Session::new(weights),
            heard: Vec::new(),
            call: Vec::new(),
            recent: Vec::new(),
            pedals: 0,
            now_ticks: 0,
            plan: None,
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
            }
            // Fast playing asks for an answer after each note, and takes it back with the next.
            ToWorker::Begin(Begin { turn, .. }) if listener.peek() == Some(ToWorker::Cancel { turn }) => {}
            ToWorker::Begin(begin) => {
                self.begin(begin);
                self.extend(begin.turn, begin.until_ticks, begin.controls, listener);
            }
            ToWorker::Extend { turn, until_ticks, controls } => self.extend(turn, until_ticks, controls, listener),
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
                self.session.reset();
                self.heard.clear();
                self.call.clear();
                self.recent.clear();
                self.pedals = 0;
                self.plan = None;
            }
        }
        // While more is waiting, the model can hear of it later: it may have to forget it all anyway.
        self.tell_model(|| listener.peek().is_some());
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
        let is_final = |heard: &&Heard| !heard.is_open() && heard.note.onset_ticks < self.now_ticks;
        let n_final = self.heard.iter().take_while(is_final).count();
        let mut n_told = 0;
        while n_told < n_final && !stops() {
            let heard = self.heard[n_told];
            self.session.feed(heard.note, heard.conditions());
            self.keep(&heard, heard.note);
            n_told += 1;
        }
        self.heard.drain(..n_told);
    }

    fn keep(&mut self, heard: &Heard, note: Note) {
        if !heard.is_ours {
            self.call.push(note);
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
        for heard in &self.heard {
            let note = heard.ended(begin.start_ticks);
            self.session.feed(note, heard.conditions());
            if !heard.is_ours {
                call.push(note);
                recent.push(note);
            }
        }
        self.session.seed(begin.seed);
        let conditions = Conditions {
            style: begin.controls.style,
            mode: find_key(&recent).map_or(0, |(key, _)| key.mode_condition()),
            density: moved_density(density_level(&call), begin.controls.density),
            polyphony: polyphony_level(&call),
        };
        let n_told = self.heard.len();
        self.plan =
            Some(Plan { begin, before, n_told, conditions, notes: Vec::new(), n_offered: 0, is_complete: false });
    }

    fn extend(&mut self, turn: u32, until_ticks: i64, controls: Controls, listener: &mut impl Listener) {
        let Some(plan) = self.plan.as_mut().filter(|plan| plan.begin.turn == turn) else { return };
        let Begin { start_ticks, end_ticks, .. } = plan.begin;
        let call_density = plan.conditions.density;
        let conditions = Conditions {
            style: controls.style,
            density: moved_density(call_density, controls.density / plan.begin.controls.density),
            ..plan.conditions
        };
        for _ in 0..MAX_NOTES_PER_ASK {
            if let Some(&(_, note)) = plan.notes.get(plan.n_offered) {
                if note.onset_ticks >= until_ticks {
                    return;
                }
                let note = cut(note, end_ticks);
                plan.n_offered += 1;
                let planned = PlannedNote {
                    turn,
                    on_ticks: note.onset_ticks,
                    off_ticks: note.end_ticks(),
                    key: note.pitch.get(),
                    velocity: note.velocity.get(),
                };
                if !listener.offer(planned) {
                    return;
                }
            }
            if plan.is_complete || is_pointless(listener.peek(), plan) {
                return;
            }
            let last = plan.notes.last().map(|(_, note)| note.onset_ticks);
            let half_over = end_ticks != i64::MAX && last.is_some_and(|last| last - start_ticks >= end_ticks - last);
            let ask = Ask {
                conditions,
                sampling: Sampling { temperature: controls.temperature, top_p: controls.top_p },
                lowest: Pitch::new(controls.lowest).unwrap_or(Pitch::MIDDLE_C),
                highest: Pitch::new(controls.highest).unwrap_or(Pitch::MIDDLE_C),
                onset: if last.is_none() { Onset::Exactly(start_ticks) } else { Onset::NotBefore(start_ticks) },
                may_end: half_over,
            };
            let mark = self.session.mark();
            let mut event = self.session.next(&ask);
            if let (Event::Note(note), Some(last)) = (event, last)
                && note.onset_ticks > last + LONGEST_REST_TICKS
            {
                self.session.rewind(&mark);
                event = self.session.next(&Ask { onset: Onset::Exactly(last + LONGEST_REST_TICKS), ..ask });
            }
            match event {
                Event::Note(note) if note.onset_ticks < end_ticks => plan.notes.push((mark, note)),
                Event::Note(_) | Event::End { .. } => {
                    self.session.rewind(&mark);
                    plan.is_complete = true;
                }
            }
        }
        plan.is_complete = true;
    }

    /// The answer is over: what was heard of it stays in the model's memory, beside what was played meanwhile.
    fn finish(&mut self, plan: Plan, at_ticks: i64) {
        for heard in self.heard.drain(..plan.n_told).collect::<Vec<_>>() {
            let note = heard.ended(plan.begin.start_ticks);
            self.keep(&heard, note);
        }
        self.call.clear();
        let meanwhile = self.heard.iter().map(|heard| heard.note.onset_ticks).min().unwrap_or(i64::MAX);
        let is_as_heard = |note: &Note| note.end_ticks() <= at_ticks && note.onset_ticks < meanwhile;
        let n_as_heard = plan.notes.iter().take_while(|(_, note)| is_as_heard(note)).count();
        let others = &plan.notes[n_as_heard..];
        if others.first().is_some_and(|(mark, _)| self.session.rewind(mark)) {
            for &(_, note) in others.iter().filter(|(_, note)| note.onset_ticks < at_ticks) {
                let (note, style) = (cut(note, at_ticks), plan.begin.controls.style);
                let ours = Heard { note, channel: 0, is_key_down: false, is_pedalled: false, is_ours: true, style };
                self.heard.push(ours);
            }
        }
        self.now_ticks = at_ticks;
    }
}

/// Whether the next message makes the rest of this plan worthless. Nothing that is heard or remembered depends on it.
fn is_pointless(next: Option<ToWorker>, plan: &Plan) -> bool {
    let reached = plan.notes.last().map_or(i64::MIN, |(_, note)| note.onset_ticks);
    match next {
        Some(ToWorker::Cancel { turn }) => turn == plan.begin.turn,
        Some(ToWorker::Finish { turn, at_ticks }) => turn == plan.begin.turn && reached >= at_ticks,
        Some(ToWorker::Reset) => true,
        _ => false,
    }
}

/// The note, ended at `ticks` at the latest; at least a tick long.
fn cut(note: Note, ticks: i64) -> Note {
    let longest = u32::try_from(ticks.saturating_sub(note.onset_ticks).max(1)).unwrap_or(u32::MAX);
    Note {
        duration_ticks: if ticks == i64::MAX { note.duration_ticks } else { longest.min(note.duration_ticks) },
        ..note
    }
}

/// The density level that is `factor` times as dense.
fn moved_density(level: u8, factor: f32) -> u8 {
    let steps = (factor.ln() / DENSITY_STEP.ln()).round();
    if !steps.is_finite() || steps == 0.0 {
        return level;
    }
    let from = if level == 0 { MIDDLE_DENSITY } else { level };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 1..=8")]
    let moved = (f32::from(from) + steps).clamp(1.0, 8.0) as u8;
    moved
}

#[cfg(test)]
mod tests;
