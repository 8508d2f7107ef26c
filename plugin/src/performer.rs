//! The performer of `live`, wired to what this plugin's threads share: parameters, link, status and timeline.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use engine::Metre;
use live::timeline::TimelineEvent;
use live::{Count, Doing, Monitor, Settings, SettingsSource};

use crate::link::AudioSide;
use crate::params::AntiphonParams;
use crate::status::Status;
use crate::timeline::EventRecorder;

/// What the audio thread owns.
pub(crate) type Performer = live::Performer<WatchedParams, AudioSide, StatusMonitor>;

/// Made on the main thread.
pub(crate) fn performer(params: Arc<AntiphonParams>, status: Arc<Status>, link: AudioSide) -> Performer {
    let recorder = status.timeline.recorder();
    Performer::new(WatchedParams(params), link, StatusMonitor { status, recorder })
}

/// The parameters, as the performer reads them.
pub(crate) struct WatchedParams(Arc<AntiphonParams>);

impl SettingsSource for WatchedParams {
    fn n_changes(&self) -> u32 {
        self.0.changes.count()
    }

    fn settings(&self) -> Settings {
        self.0.settings()
    }

    fn hear_controller(&self, controller: u8, value: f32) -> bool {
        self.0.hear_controller(controller, value)
    }
}

/// What the window shows of the performer.
#[derive(Debug)]
pub(crate) struct StatusMonitor {
    status: Arc<Status>,
    recorder: EventRecorder,
}

impl Monitor for StatusMonitor {
    fn count(&self, what: Count) {
        let status = &self.status;
        let counter = match what {
            Count::Heard => &status.n_heard,
            Count::Played => &status.n_played,
            Count::Late => &status.n_late,
            Count::Dropped => &status.n_dropped,
            Count::QueueFull => &status.n_queue_full,
            Count::Refused => &status.n_refused,
        };
        counter.add(1);
    }

    fn record(&mut self, event: TimelineEvent) {
        self.recorder.record(&self.status.timeline, event);
    }

    fn set_last_key(&self, key: u8) {
        self.status.last_key.set_latest(key);
    }

    fn set_last_controller(&self, controller: u8) {
        self.status.last_controller.set_latest(controller);
    }

    fn set_hand_over_ms(&self, late_ms: f32) {
        self.status.hand_over_ms.store(late_ms, Relaxed);
    }

    fn set_call(&self, n_notes: u32) {
        self.status.n_call.set(n_notes);
    }

    fn set_chord(&self, harmony: u8) {
        self.status.chord.set(harmony.into());
    }

    fn set_answer_bar(&self, bar: u32, n_bars: u32) {
        self.status.bar.set(bar);
        self.status.n_bars.set(n_bars);
    }

    fn set_position(&self, ticks: i64, metre: Metre, tempo: f32) {
        self.status.timeline.set_position(ticks, metre, tempo);
    }

    fn set_doing(&self, doing: Doing) {
        self.status.set_doing(doing);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_has_touched_is_what_the_duet_takes_for_the_default() {
        assert_eq!(AntiphonParams::default().settings(), Settings::default());
    }
}
