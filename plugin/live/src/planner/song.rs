//! The song starts, or has other bars.

use engine::Metre;
use engine::answer::PlayerNotes;
use engine::note::Note;

use super::Planner;
use super::heard::Heard;
use super::pace::Pace;
use crate::song_memory::MOST_NOTES;

impl Planner {
    /// The song begins with what it remembers, and with the call so far.
    pub(super) fn start(&mut self) {
        self.tell_model(|| false);
        let lead_ticks = self.pace.lead_ticks().unwrap_or(0);
        let call = self.player.call();
        // The styles that were chosen then, as far as the session still knows them.
        let styles: Vec<(Note, u8)> =
            self.session.last_notes(call.len() + MOST_NOTES).map(|(note, known)| (note, known.style)).collect();
        let style = |note: &Note| styles.iter().rfind(|(known, _)| known == note).map_or(0, |(_, style)| *style);
        let call: Vec<Heard> = call.iter().map(|note| Heard::over(*note, style(note))).collect();
        self.heard.retain(|heard| !heard.is_ours && self.player.is_of_call(&heard.note));
        self.heard.splice(..0, call);
        for heard in &mut self.heard {
            if self.hearing.is_song_beat() {
                *heard = heard.decided();
            }
            heard.note.onset_ticks -= lead_ticks;
        }
        self.meet_played_time();
        self.over_ticks = i64::MIN;
        self.plan = None;
        self.player = PlayerNotes::default();
        self.hearing.forget();
        self.remind();
    }

    /// The song has other bars from now on, or none.
    pub(super) fn set_metre(&mut self, metre: Metre) {
        let is_other = self.hearing.is_other_beat(shifted(metre, self.pace.lead_ticks().unwrap_or(0)));
        let is_heard_anew = metre != Metre::Free && !self.hearing.is_song_beat();
        if is_other {
            self.tell_model(|| false);
            self.adopt_plan();
        }
        if is_heard_anew {
            // Score time goes on from where the phrase began, as fast as the song, and the phrase is heard by the song's beats.
            let played = self.heard.iter().filter(|heard| heard.played.is_some()).map(|heard| heard.struck_ticks);
            let from_ticks = played.min().unwrap_or(self.now_ticks);
            self.pace = Pace::later_by(self.pace.score_ticks(from_ticks).saturating_sub(from_ticks));
        } else if is_other {
            self.settle_phrase();
        }
        let lead_ticks = self.pace.lead_ticks().unwrap_or(0);
        let metre = shifted(metre, lead_ticks);
        if is_other {
            self.hearing.set_metre(metre, lead_ticks);
        }
        if is_heard_anew {
            self.hearing.hear_by_song(&mut self.heard);
            self.insights.song_beats();
        }
        self.tell_model(|| false);
        self.session.set_metre(metre);
        self.metre = metre;
        if let Some(plan) = &mut self.plan {
            plan.answer.set_metre(metre);
        }
    }

    /// Score time is played time again, as far as the song has bars.
    pub(super) fn meet_played_time(&mut self) {
        self.metre = shifted(self.metre, -self.pace.lead_ticks().unwrap_or(0));
        self.pace = Pace::SAME;
        self.hearing.set_metre(self.metre, 0);
    }
}

/// Bars that are so much later.
fn shifted(metre: Metre, ticks: i64) -> Metre {
    match metre {
        Metre::Free => Metre::Free,
        Metre::Bars { bar_line_ticks, bar_ticks } => Metre::Bars { bar_line_ticks: bar_line_ticks + ticks, bar_ticks },
    }
}
