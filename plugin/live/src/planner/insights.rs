//! What the player is shown of how the notes were understood. It decides nothing.

use std::collections::VecDeque;

use engine::TICKS_PER_BEAT;
use engine::answer::AnswerGenerator;
use engine::note::Note;
use engine::rhythm::PARTS_PER_TICK;

use super::following::BeatTimes;
use super::heard::Heard;
use super::hearing::Hearing;
use super::pace::Pace;
use crate::timeline::{CandidateNote, Candidates, FoundBeats, Insight, Written};

const BEAT_TICKS: i64 = TICKS_PER_BEAT as i64;
/// Insights that wait for somebody to take them; of more, the oldest are lost.
const MOST_WAITING: usize = 1024;
/// Notes whose meaning was told, and need not be told again.
const MOST_KNOWN: usize = 640;
/// Notes that an event may give another meaning: who floods the planner must not be looked at from the beginning each time.
pub(super) const MOST_NEWS: usize = 48;
/// Beats that are shown of an answer, which may be endless.
const MOST_BEATS: i64 = 256;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Insights {
    waiting: VecDeque<Insight>,
    /// When each note was struck, its key, and what was told of it.
    known: VecDeque<(i64, u8, Written)>,
    /// The plan whose candidates were told last, and which of them it played.
    candidates: Option<(u32, u8)>,
}

impl Insights {
    /// The next that was not taken yet.
    pub(super) fn take(&mut self) -> Option<Insight> {
        self.waiting.pop_front()
    }

    /// What waits is of no use any more, and the beats are the song's.
    pub(super) fn begin_anew(&mut self) {
        *self = Self { candidates: self.candidates, ..Self::default() };
        self.song_beats();
        self.no_candidates();
    }

    /// The beats are the song's from now on.
    pub(super) fn song_beats(&mut self) {
        self.wait(Insight::SongBeats);
    }

    /// The candidates of a plan are shown once they are known, and whenever another is played.
    pub(super) fn candidates(&mut self, turn: u32, answer: &AnswerGenerator) {
        let shown = (turn, answer.rank());
        if answer.candidates().is_empty() || self.candidates == Some(shown) {
            return;
        }
        self.candidates = Some(shown);
        let start_ticks = answer.request().start_ticks;
        let note = |note: &Note| CandidateNote {
            on_ticks: note.onset_ticks - start_ticks,
            off_ticks: note.end_ticks() - start_ticks,
            key: note.pitch.get(),
        };
        let answers = answer.candidates().iter().map(|notes| notes.iter().map(note).collect()).collect();
        self.wait(Insight::Candidates(Candidates { rank: answer.rank(), answers }));
    }

    /// Another answer is begun, or none: there is nothing to choose from yet.
    pub(super) fn no_candidates(&mut self) {
        if self.candidates.take().is_some() {
            self.wait(Insight::Candidates(Candidates::default()));
        }
    }

    /// All that is known of notes: they were heard by beats of the score, of which `played_parts` says when they are played.
    pub(super) fn notes(&mut self, heard: &[Heard], hearing: &Hearing, played_parts: impl Fn(i64) -> i64) {
        for heard in heard.iter().filter(|heard| !heard.is_ours) {
            let Some(played) = heard.played else { continue };
            let Some(id) = played.id else { continue };
            let at = |ticks: i64| played_parts(ticks.saturating_mul(PARTS_PER_TICK));
            let onset_ticks = heard.note.onset_ticks;
            let place = (onset_ticks - hearing.beat_ticks()).rem_euclid(BEAT_TICKS);
            let (beat, on_parts) = (onset_ticks - place, at(onset_ticks));
            let is_long_known = heard.is_settled && !heard.is_open();
            let is_on_grid = hearing.ear.note(id).is_some_and(|note| !note.is_ornament);
            let written = Written {
                on_parts,
                length_parts: is_long_known.then(|| (at(heard.note.end_ticks()) - on_parts).max(1)),
                beat_parts: (at(beat), at(beat + BEAT_TICKS)),
                place_ticks: u8::try_from(place).ok().filter(|_| is_on_grid),
            };
            self.note(played.strike.on_parts, heard.note.pitch.get(), written);
        }
    }

    /// The beats of a phrase were found. Its answer goes on in them, at a pace, from one tick of the score to another.
    pub(super) fn found(&mut self, times: &BeatTimes, pace: &Pace, (start_ticks, end_ticks): (i64, i64)) {
        let answer_beat = |n: i64| {
            let first = start_ticks + (times.first_ticks() - start_ticks).rem_euclid(BEAT_TICKS);
            first.saturating_add(n * BEAT_TICKS)
        };
        let start_parts = pace.played_parts(start_ticks.saturating_mul(PARTS_PER_TICK));
        // The beats of the phrase go on until the answer begins. One that comes just before the answer's own is that.
        let nearest_parts = start_parts - times.last_length_parts() / 4;
        let of_phrase = (0..MOST_BEATS * 4).map(|n| times.played_beat(n)).take_while(|beat| *beat < nearest_parts);
        let of_answer = (0..MOST_BEATS).map(answer_beat).take_while(|beat| *beat < end_ticks);
        let of_answer = of_answer.map(|beat| pace.played_parts(beat.saturating_mul(PARTS_PER_TICK)));
        let beats_parts: Vec<i64> = of_phrase.chain(of_answer).collect();
        let until_ticks = end_ticks.min(answer_beat(MOST_BEATS));
        let until_parts = pace.played_parts(until_ticks.saturating_mul(PARTS_PER_TICK));
        self.wait(Insight::Found(FoundBeats { beats_parts, until_parts }));
    }

    fn note(&mut self, struck_parts: i64, key: u8, written: Written) {
        let is_it = |known: &&mut (i64, u8, Written)| (known.0, known.1) == (struck_parts, key);
        match self.known.iter_mut().rev().find(is_it) {
            Some(known) if known.2 == written => return,
            Some(known) => known.2 = written,
            None => {
                if self.known.len() == MOST_KNOWN {
                    self.known.pop_front();
                }
                self.known.push_back((struck_parts, key, written));
            }
        }
        self.wait(Insight::Note { struck_parts, key, written });
    }

    fn wait(&mut self, insight: Insight) {
        if self.waiting.len() == MOST_WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back(insight);
    }
}
