//! What Antiphon plays.

use super::Performer;
use super::schedule::Schedule;
use super::sounding::Whose;
use crate::events::Host;
use crate::messages::FromWorker;
use crate::monitor::{Count, Monitor};
use crate::settings::SettingsSource;
use crate::timeline::TimelineEvent;
use crate::turn::Phase;
use crate::worker::Worker;

/// A note that is later than this is left out: late is worse than missing.
const MAX_LATE_MS: f64 = 20.0;

impl<S: SettingsSource, W: Worker, M: Monitor> Performer<S, W, M> {
    /// Ends the answer's notes, those that sound and those to come.
    pub(super) fn drop_answer(&mut self, now: u32, host: &mut impl Host) {
        self.schedule.forget_coming();
        self.schedule.forget_ending();
        self.monitor.record(TimelineEvent::Cut { parts: self.clock.parts_at(now) });
        self.sounding.release(now, Whose::Answer, host);
    }

    /// Ends notes of an answer that is over or given up.
    pub(super) fn end_what_sounds(&mut self, now: u32, host: &mut impl Host) {
        if self.schedule.n_sounding() > 0 {
            self.schedule.forget_ending();
            self.monitor.record(TimelineEvent::Cut { parts: self.clock.parts_at(now) });
            self.sounding.release(now, Whose::Answer, host);
        }
    }

    pub(super) fn end_notes(&mut self, now: u32, host: &mut impl Host) {
        let is_due = |parts| self.clock.offset_of_parts(parts) - self.ahead_samples <= i64::from(now);
        while let Some(ending) = self.schedule.take_ended(is_due) {
            self.sounding.answer_off(now, (ending.channel, ending.key), ending.id, host);
        }
    }

    pub(super) fn begin_note(&mut self, now: u32, host: &mut impl Host) {
        let Some(note) = self.schedule.take_coming() else { return };
        // Where an answer waits for the player's own next beat, its first note is due there and not at the hand-over.
        let is_first = std::mem::take(&mut self.is_first_to_come);
        let is_at_once =
            matches!(self.turn.phase(), Phase::Answering { start_ticks, .. } if note.on_ticks == start_ticks);
        let mut due = self.due_parts(note.on_parts());
        if is_at_once {
            // An answer that is asked for between two ticks begins up to half a tick after its first.
            due += self.begun_samples - self.due(note.on_ticks);
        }
        let late_samples = i64::from(now) - due;
        let late_ms = self.clock.ms_of_samples(late_samples);
        if is_first {
            #[expect(clippy::cast_possible_truncation, reason = "shown with one decimal")]
            self.monitor.set_hand_over_ms(late_ms as f32);
        }
        if late_ms > MAX_LATE_MS {
            self.monitor.count(Count::Dropped);
            return;
        }
        if late_samples > 0 {
            self.monitor.count(Count::Late);
        }
        let channel = self.output.of_answer(self.settings.channel);
        while self.schedule.n_sounding() >= self.settings.most_voices() {
            let Some(oldest) = self.schedule.take_oldest() else { break };
            self.sounding.answer_off(now, (oldest.channel, oldest.key), oldest.id, host);
        }
        let Some(id) = self.schedule.begin(&note, channel) else {
            self.monitor.count(Count::QueueFull);
            return;
        };
        // An instrument that plays each note of the player on a channel of its own (MPE) has been left with its wheel bent.
        if self.output.is_new(channel) && self.sounding.centre_bend(now, channel, host) {
            self.output.begin(channel);
        }
        let velocity = f32::from(note.velocity) / 127.0;
        if self.sounding.answer_on(now, (channel, note.key), velocity, id, host) {
            self.monitor.count(Count::Played);
            self.monitor.record(TimelineEvent::Answer(note.span()));
        } else {
            self.monitor.count(Count::Refused);
        }
    }

    /// Takes in what the worker has planned; in an offline render, all that it was asked for.
    pub(super) fn receive(&mut self) {
        let is_wanted = is_wanted(self.turn.phase());
        let Self { worker, schedule, monitor, .. } = self;
        worker.receive(|message| take_in(message, is_wanted, schedule, monitor));
    }
}

/// Whether what is planned in this phase will be heard.
pub(super) fn is_wanted(phase: Phase) -> bool {
    matches!(phase, Phase::Planning { .. } | Phase::Answering { .. })
}

/// Takes in what the worker says of the latest plan, if that is still wanted.
pub(super) fn take_in(message: FromWorker, is_wanted: bool, schedule: &mut Schedule, monitor: &mut impl Monitor) {
    if !is_wanted {
        return;
    }
    match message {
        FromWorker::Note(note) => {
            if schedule.plan(note) {
                monitor.record(TimelineEvent::Planned {
                    turn: note.turn,
                    written_ticks: note.on_ticks,
                    span: note.span(),
                });
            } else {
                monitor.count(Count::QueueFull);
            }
        }
        FromWorker::Replace { from_ticks, .. } => {
            schedule.forget_from(from_ticks);
            monitor.record(TimelineEvent::Forget { from_ticks });
        }
    }
}
