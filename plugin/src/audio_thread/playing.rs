//! What Antiphon plays.

use std::sync::atomic::Ordering::Relaxed;

use super::AudioThread;
use crate::link::FromWorker;
use crate::midi::Host;
use crate::sounding::Whose;
use crate::tape::Mark;
use crate::turn::Phase;

/// A note that is later than this is left out: late is worse than missing.
const MAX_LATE_MS: f64 = 20.0;

impl AudioThread {
    /// Ends the answer's notes, those that sound and those to come.
    pub(super) fn drop_answer(&mut self, now: u32, host: &mut impl Host) {
        self.schedule.forget_coming();
        self.schedule.forget_ending();
        self.pen.mark(&self.status.tape, Mark::Cut { ticks: self.clock.tick_at(now) });
        self.sounding.release(now, Whose::Answer, host);
    }

    pub(super) fn end_notes(&mut self, now: u32, host: &mut impl Host) {
        let is_due = |tick| self.clock.offset_of(tick) - self.ahead_samples <= i64::from(now);
        while let Some(ending) = self.schedule.take_ended(is_due) {
            self.sounding.answer_off(now, (ending.channel, ending.key), ending.id, host);
        }
    }

    pub(super) fn begin_note(&mut self, now: u32, host: &mut impl Host) {
        let Some(note) = self.schedule.take_coming() else { return };
        let is_first =
            matches!(self.turn.phase(), Phase::Answering { start_ticks, .. } if note.on_ticks == start_ticks);
        // An answer that is asked for between two ticks begins up to half a tick after its first.
        let due = if is_first { self.begun_samples } else { self.due(note.on_ticks) };
        let late_samples = i64::from(now) - due;
        let late_ms = self.clock.ms_of_samples(late_samples);
        if is_first {
            #[expect(clippy::cast_possible_truncation, reason = "shown with one decimal")]
            self.status.hand_over_ms.store(late_ms as f32, Relaxed);
        }
        if late_ms > MAX_LATE_MS {
            self.status.n_dropped.add(1);
            return;
        }
        if late_samples > 0 {
            self.status.n_late.add(1);
        }
        let channel = self.settings.channel.unwrap_or(self.call_channel & 15);
        while self.schedule.n_sounding() >= self.settings.most_voices() {
            let Some(oldest) = self.schedule.take_oldest() else { break };
            self.sounding.answer_off(now, (oldest.channel, oldest.key), oldest.id, host);
        }
        let Some(id) = self.schedule.begin(&note, channel) else {
            self.status.n_queue_full.add(1);
            return;
        };
        let velocity = f32::from(note.velocity) / 127.0;
        if self.sounding.answer_on(now, (channel, note.key), velocity, id, host) {
            self.status.n_played.add(1);
            self.pen.mark(&self.status.tape, Mark::Answer(note.span()));
        } else {
            self.status.n_refused.add(1);
        }
    }

    /// Takes in what the worker has planned; in an offline render, all that it was asked for.
    pub(super) fn receive(&mut self) {
        if std::mem::take(&mut self.is_asked) {
            self.wait();
        }
        while let Some(message) = self.link.receive() {
            self.take(message);
        }
    }

    /// In an offline render, lets the worker catch up.
    pub(super) fn wait(&mut self) {
        let Some(may_wait) = self.may_wait else { return };
        let waiting = self.link.begin_wait(may_wait);
        while waiting.goes_on(&self.link) {
            while let Some(message) = self.link.receive() {
                self.take(message);
            }
        }
    }

    fn take(&mut self, message: FromWorker) {
        if !matches!(self.turn.phase(), Phase::Planning { .. } | Phase::Answering { .. }) {
            return;
        }
        match message {
            FromWorker::Note(note) if note.turn == self.plan => {
                if self.schedule.plan(note) {
                    self.pen.mark(&self.status.tape, Mark::Planned { turn: note.turn, span: note.span() });
                } else {
                    self.status.n_queue_full.add(1);
                }
            }
            FromWorker::Replace { turn, from_ticks } if turn == self.plan => {
                self.schedule.forget_from(from_ticks);
                self.pen.mark(&self.status.tape, Mark::Forget { from_ticks });
            }
            FromWorker::Note(_) | FromWorker::Replace { .. } => {}
        }
    }
}
