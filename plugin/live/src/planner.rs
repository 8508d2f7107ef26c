//! Makes answers. It owns the model's session and is told what the player does; all that it says is a function of the
//! messages in their order, so that a bounce repeats what was heard live.
//!
//! Reading order: `keys` is what the player does; `hearing` understands what the hands mean, `following` finds the player's beat where the
//! song has none, and `pace` is score time beside played time; `heard` is a note on its way to the model; `song` is what becomes of all that
//! where the song starts or has other bars; `answering` makes answers, `plan` is one that is being made, `speed` how fast that goes;
//! `insights` is what is shown of how the notes were understood. Messages are in played time, notes in score time.

mod answering;
mod following;
mod heard;
mod hearing;
mod insights;
mod keys;
mod pace;
mod plan;
mod song;
mod speed;

use std::sync::Arc;
use std::time::Duration;

use engine::answer::PlayerNotes;
use engine::rhythm::PARTS_PER_TICK;
use engine::vocab::TIMES_TICKS;
use engine::{Checkpoint, Conditions, Metre, Pitch, Session, Velocity, Weights};

use crate::messages::{Begin, FromWorker, ToWorker};
use crate::song_memory::{LearnedNote, MOST_NOTES, SongMemory};
use crate::timeline::Insight;
use heard::Heard;
use hearing::{Hearing, Strike};
use insights::{Insights, MOST_NEWS};
use pace::Pace;
use plan::Plan;
use speed::Speed;

/// Notes that the model reads before the worker looks for messages again: as many as it reads at once.
const TOLD_AT_ONCE: usize = 8;
/// The longest note that the model knows. One that is held for longer is told as this long.
const LONGEST_NOTE_TICKS: u32 = TIMES_TICKS[127] as u32;

/// Of a phrase without a song's beat that is longer, what was played so far is decided.
const LONGEST_PHRASE: usize = 512;

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
    /// How score time and played time go where no plan says otherwise.
    pace: Pace,
    /// So much of the score is over.
    over_ticks: i64,
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
    insights: Insights,
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
            pace: Pace::SAME,
            over_ticks: i64::MIN,
            hearing: Hearing::new(),
            heard: Vec::new(),
            decided: Vec::new(),
            player: PlayerNotes::default(),
            pedals: 0,
            now_ticks: 0,
            plan: None,
            speed: Speed::default(),
            insights: Insights::default(),
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
                let on_parts = ticks.saturating_mul(PARTS_PER_TICK).saturating_add(parts.into());
                self.key_down(Strike { on_parts, us_per_beat, pitch, velocity }, channel, strike, style);
            }
            ToWorker::Off { ticks, parts, strike } => {
                self.now_ticks = ticks;
                self.key_up(strike, ticks.saturating_mul(PARTS_PER_TICK).saturating_add(parts.into()));
            }
            ToWorker::Pedal { ticks, channel, is_down } => {
                self.now_ticks = ticks;
                self.pedal(channel, is_down);
            }
            ToWorker::Metre(metre) => self.set_metre(metre),
            // Fast playing asks for an answer after each note, and takes it back with the next.
            ToWorker::Begin(Begin { turn, .. }) if listener.peek() == Some(ToWorker::Cancel { turn }) => {}
            ToWorker::Begin(begin) => {
                self.begin(begin);
                self.extend(begin.turn, begin.until_ticks, begin.controls, listener);
            }
            ToWorker::Extend { turn, until_ticks, controls } => self.extend(turn, until_ticks, controls, listener),
            ToWorker::Another { turn, rank, from_ticks, until_ticks, controls } => {
                // What comes before is the present one's.
                self.extend(turn, from_ticks, controls, listener);
                if let Some(plan) = self.plan.as_mut().filter(|plan| plan.turn == turn) {
                    plan.answer.follow_candidate(rank);
                }
                self.replace(turn, from_ticks, until_ticks, controls, listener);
            }
            ToWorker::Replace { turn, from_ticks, until_ticks, controls } => {
                self.replace(turn, from_ticks, until_ticks, controls, listener);
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
                self.insights.begin_anew();
                self.meet_played_time();
                self.remind();
                self.hearing.forget();
                self.heard.clear();
                self.over_ticks = i64::MIN;
                self.decided.clear();
                self.player = PlayerNotes::default();
                self.pedals = 0;
                self.plan = None;
            }
        }
        // While more is waiting, the model can hear of it later: it may have to forget it all anyway.
        self.tell_model(|| listener.peek().is_some());
    }

    /// What the phrase means so far is decided, as if it ended here.
    fn settle_phrase(&mut self) {
        self.adopt_plan();
        if !self.hearing.is_song_beat()
            && let Some(pace) = self.hearing.follow(&mut self.heard, &self.pace, self.over_ticks)
        {
            self.pace = pace;
        }
        self.hearing.settle();
        understand(&mut self.heard, &self.hearing, i64::MAX);
        if self.hearing.is_song_beat() {
            self.show_heard();
        } else {
            let times = self.hearing.following.times();
            self.insights.notes(&self.heard, &self.hearing, |parts| times.played_parts(parts));
        }
        self.heard.iter_mut().for_each(|heard| *heard = heard.decided());
        let last = self.heard.last().map_or(i64::MIN, |heard| heard.note.onset_ticks);
        self.over_ticks = self.over_ticks.max(last);
        self.hearing.begin();
    }

    /// How score time and played time go now.
    fn pace(&self) -> Pace {
        self.plan.as_ref().map_or(self.pace, |plan| plan.pace)
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

    /// The tempo that was found in the last phrase, in microseconds a beat. `None` while the song rolls, and before there is one.
    pub fn found_us_per_beat(&self) -> Option<u32> {
        let hearing = self.plan.as_ref().and_then(|plan| plan.followed.as_ref()).unwrap_or(&self.hearing);
        hearing.following.found_us_per_beat().filter(|_| !hearing.is_song_beat())
    }

    /// What it has understood of the player's notes since it was last asked, to be shown; one at a time.
    pub fn take_insight(&mut self) -> Option<Insight> {
        self.insights.take()
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

    /// What is known of the notes that were heard by the song's beats is to be shown.
    fn show_heard(&mut self) {
        let latest = &self.heard[self.heard.len().saturating_sub(MOST_NEWS)..];
        self.insights.notes(latest, &self.hearing, |parts| self.pace.played_parts(parts));
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
        if !self.hearing.is_song_beat() && self.heard.len() >= LONGEST_PHRASE {
            self.settle_phrase();
        }
        self.hearing.advance(self.now_ticks);
        understand(&mut self.heard, &self.hearing, i64::MAX);
        self.show_heard();
        let (now, now_score) = (self.now_ticks, self.pace.score_ticks(self.now_ticks));
        let is_endless = |heard: &Heard| now - heard.struck_ticks >= i64::from(LONGEST_NOTE_TICKS);
        let is_over = |heard: &Heard| heard.is_settled && !heard.is_open();
        // Nothing that comes later may belong before what is told, or when that is told would matter.
        let latest = self.heard.iter().filter(|heard| !heard.is_ours).max_by_key(|heard| heard.struck_ticks);
        let frontier = latest.map_or(now_score, |latest| latest.frontier_ticks(now).min(now_score));
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
