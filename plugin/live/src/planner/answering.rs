//! Answers: what is told to the model for them, where they lie in the score, and what stays of them.

use engine::TICKS_PER_BEAT;
use engine::answer::{AnswerGenerator, AnswerRequest, Controls};
use engine::note::Note;
use engine::rhythm::PARTS_PER_TICK;

use super::heard::Heard;
use super::pace::Pace;
use super::plan::{Plan, PlanTouch};
use super::{Listener, Planner, understand};
use crate::messages::{Begin, FromWorker};
use crate::turn::Start;

const BEAT_TICKS: i64 = TICKS_PER_BEAT as i64;
/// Where the player's beat was found, an answer begins on a sixteenth.
const GRID_TICKS: i64 = BEAT_TICKS / 4;
/// So little after a beat is on it.
const ON_BEAT_TICKS: i64 = 2;

impl Planner {
    /// Plans an answer: nothing of it is made yet.
    pub(super) fn begin(&mut self, begin: Begin) {
        let Begin { turn, controls, us_per_beat, .. } = begin;
        if let Some(plan) = self.plan.take() {
            plan.withdraw(&mut self.session);
        }
        self.insights.no_candidates();
        self.tell_model(|| false);
        // All of this is for the time being: a plan that is withdrawn, or never made because that was known, leaves no trace.
        let mut hearing = self.hearing.clone();
        let mut told = self.heard.clone();
        let is_ours_to_find = !hearing.is_song_beat();
        let found = if is_ours_to_find { hearing.follow(&mut told, &self.pace, self.over_ticks) } else { None };
        hearing.settle();
        understand(&mut told, &hearing, i64::MAX);
        let (request, pace) = match found {
            Some(found) => in_found_beat(&begin, found, hearing.beat_ticks(), &told),
            None => (in_score(begin.request, &self.pace), self.pace),
        };
        // Who is early with a note and hands it over at once has struck it before the answer all the same.
        understand(&mut told, &hearing, request.start_ticks);
        if found.is_some() {
            let times = hearing.following.times();
            self.insights.notes(&told, &hearing, |parts| times.played_parts(parts));
            self.insights.found(times, &pace, (request.start_ticks, request.end_ticks));
        } else {
            self.insights.notes(&told, &hearing, |parts| pace.played_parts(parts));
        }
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
        let heard = player.heard_call(sounding, request.song_seed);
        self.plan = Some(Plan {
            turn,
            answer: AnswerGenerator::new(request, heard, self.metre, before),
            touch: PlanTouch::new(&hearing, &request, pace, us_per_beat),
            pace,
            followed: found.map(|_| hearing),
            n_lent,
            style: controls.style,
            is_cut_short: told.iter().any(Heard::is_open),
            told,
        });
    }

    /// Makes more of it.
    pub(super) fn extend(&mut self, turn: u32, until_ticks: i64, controls: Controls, listener: &mut impl Listener) {
        if let Some(plan) = self.plan.as_mut().filter(|plan| plan.turn == turn) {
            plan.extend(until_ticks, &controls, &mut self.session, &mut self.speed, listener);
            self.insights.candidates(turn, &plan.answer);
        }
    }

    /// Makes it anew from `from_ticks` on.
    pub(super) fn replace(
        &mut self,
        turn: u32,
        from_ticks: i64,
        until_ticks: i64,
        controls: Controls,
        listener: &mut impl Listener,
    ) {
        if let Some(plan) = self.plan.as_mut().filter(|plan| plan.turn == turn)
            && plan.answer.take_back(plan.pace.score_ticks(from_ticks), &mut self.session)
            && listener.offer(FromWorker::Replace { turn, from_ticks })
        {
            plan.touch.take_back(plan.pace.score_ticks(from_ticks));
            self.extend(turn, until_ticks, controls, listener);
        }
    }

    /// The answer is over: what was heard of it stays in the model's memory, beside what was played meanwhile.
    pub(super) fn finish(&mut self, plan: Plan, at_ticks: i64) {
        let Plan { answer, style, told, n_lent, is_cut_short, pace, followed, .. } = plan;
        self.now_ticks = at_ticks;
        let at_ticks = pace.score_ticks(at_ticks);
        self.session.forget_user_notes(n_lent);
        let start_ticks = answer.request().start_ticks;
        self.player.begin_call(start_ticks);
        let is_followed = followed.is_some();
        if !self.hearing.is_song_beat() {
            (self.pace, self.over_ticks) = (pace, at_ticks);
        }
        if let Some(hearing) = followed {
            self.hearing.take_over(hearing);
        }
        // Keys that were still down at the hand-over: now their lengths are known, so the model reads them again.
        let is_read_again = is_cut_short && answer.is_whole() && answer.withdraw(&mut self.session);
        let again = if is_read_again {
            if is_followed {
                self.adopt(&told);
            }
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
        if self.heard.is_empty() || !self.hearing.is_song_beat() {
            self.hearing.begin();
        }
        self.heard.extend(again.into_iter().map(|note| Heard::ours(note, style)));
    }

    /// What was told to the model for an answer that goes on means that for good, if it was heard by the player's own beat.
    pub(super) fn adopt_plan(&mut self) {
        if let Some(told) = self.plan.as_ref().filter(|plan| plan.followed.is_some()).map(|plan| plan.told.clone()) {
            self.adopt(&told);
        }
    }

    /// The notes that were told to the model mean what it was told, but for the ends of those that sounded on.
    fn adopt(&mut self, told: &[Heard]) {
        let us_per_beat = i64::from(self.pace().us_per_beat(self.hearing.following.us_per_beat()).max(1));
        for heard in self.heard.iter_mut().take(told.len()) {
            let is_it = |told: &&Heard| told.strike == heard.strike && told.struck_ticks == heard.struck_ticks;
            let Some(told) = told.iter().filter(|told| !told.is_ours).find(is_it) else { continue };
            let played_us = heard.played.as_ref().and_then(|played| Some(played.off_us? - played.on_us));
            heard.note = Note { duration_ticks: heard.note.duration_ticks, ..told.note };
            if !told.is_open() {
                heard.note.duration_ticks = told.note.duration_ticks;
            } else if let Some(us) = played_us {
                heard.note.duration_ticks = u32::try_from((us * BEAT_TICKS / us_per_beat).max(1)).unwrap_or(u32::MAX);
            }
            *heard = heard.decided();
        }
    }
}

/// The request in score time.
fn in_score(request: AnswerRequest, pace: &Pace) -> AnswerRequest {
    let [start_ticks, end_ticks] = [request.start_ticks, request.end_ticks].map(|ticks| pace.score_ticks(ticks));
    AnswerRequest { start_ticks, end_ticks, ..request }
}

/// The request in score time, and how that is played: at once but for the beat, or on the player's next beat.
fn in_found_beat(begin: &Begin, found: Pace, beat_ticks: i64, told: &[Heard]) -> (AnswerRequest, Pace) {
    let on_line = |ticks: i64, line_ticks: i64| ticks + (beat_ticks - ticks).rem_euclid(line_ticks);
    let after_call = told.iter().map(|heard| heard.note.onset_ticks + 1).max().unwrap_or(i64::MIN);
    let wanted_ticks = found.score_ticks(begin.request.start_ticks);
    let next_beat_ticks = on_line((wanted_ticks - ON_BEAT_TICKS).max(after_call), BEAT_TICKS);
    // Who would wait for half of the answer would not hear much of it.
    let end_ticks = found.score_ticks(begin.request.end_ticks);
    let is_near = next_beat_ticks.saturating_sub(wanted_ticks) <= end_ticks.saturating_sub(next_beat_ticks);
    let (start_ticks, pace) = if begin.start != Start::AtOnce && is_near {
        (next_beat_ticks, found)
    } else {
        let start_ticks = on_line((wanted_ticks - GRID_TICKS / 2).max(after_call), GRID_TICKS);
        let played_parts = begin.request.start_ticks.saturating_mul(PARTS_PER_TICK);
        (start_ticks, found.moved(start_ticks * PARTS_PER_TICK, played_parts))
    };
    (AnswerRequest { start_ticks, ..in_score(begin.request, &pace) }, pace)
}
