//! What the player does.

use super::Performer;
use super::edges::Edge;
use super::sounding::bits;
use crate::events::{self, ALL_NOTES_OFF, ALL_SOUND_OFF, Host, Input, Output, RESET_ALL, SUSTAIN};
use crate::messages::ToWorker;
use crate::monitor::{Count, Monitor};
use crate::settings::{Settings, SettingsSource};
use crate::timeline::TimelineEvent;
use crate::worker::Worker;

impl<S: SettingsSource, W: Worker, M: Monitor> Performer<S, W, M> {
    pub(super) fn hear(&mut self, now: u32, event: Input, host: &mut impl Host) {
        let is_on = self.is_on();
        let Settings { is_off, is_thru, hand_key, .. } = *self.settings;
        match event {
            Input::On { channel, key, velocity } => {
                self.monitor.set_last_key(key);
                if Some(key) == hand_key && !is_off {
                    if is_on {
                        self.hand_over(now, host);
                    }
                    return;
                }
                if is_on {
                    self.key_down(now, channel, key, velocity, host);
                }
                if is_thru {
                    let is_sent = self.sounding.thru_on(now, channel, key, velocity, host);
                    self.count(is_sent);
                }
            }
            Input::Off { channel: Some(channel), key: Some(key) } => {
                self.sounding.thru_off(now, channel, key, host);
                if is_on {
                    self.key_up(now, channel, key, host);
                }
            }
            Input::Off { channel, key } => self.all_up(now, channel, key, host),
            Input::Control { channel, controller, value } => match controller {
                ALL_SOUND_OFF | ALL_NOTES_OFF => {
                    self.all_up(now, Some(channel), None, host);
                    // An instrument may hold more than it got from us, or let it ring.
                    self.pass(now, Output::Control { channel, controller, value }, host);
                }
                RESET_ALL => {
                    self.edges.pedal = Edge::OFF;
                    self.hear_pedal(now, channel, false);
                    self.sounding.let_go(now, channel, host);
                    self.pass(now, Output::Control { channel, controller, value }, host);
                }
                _ => self.control(now, channel, controller, value, host),
            },
            Input::Other(gesture) => self.pass(now, Output::Other(gesture), host),
        }
    }

    fn is_on(&self) -> bool {
        !self.settings.is_off && !self.worker.is_out_of_step()
    }

    /// Passes on what nothing needs to be remembered of.
    fn pass(&mut self, now: u32, event: Output, host: &mut impl Host) {
        if self.settings.is_thru {
            self.count(host.send(now, event));
        }
    }

    fn count(&self, is_sent: bool) {
        if !is_sent {
            self.monitor.count(Count::Refused);
        }
    }

    fn all_up(&mut self, now: u32, channel: Option<u8>, key: Option<u8>, host: &mut impl Host) {
        for channel in (0..16).filter(|&c| channel.is_none_or(|wanted| wanted == c)) {
            for key in (0..128).filter(|&k| key.is_none_or(|wanted| wanted == k)) {
                while self.sounding.thru_off(now, channel, key, host) {}
            }
            for key in bits(self.turn.held(channel)).filter(|&k| key.is_none_or(|wanted| wanted == k)) {
                self.key_up(now, channel, key, host);
            }
        }
    }

    fn control(&mut self, now: u32, channel: u8, controller: u8, value: f32, host: &mut impl Host) {
        self.monitor.set_last_controller(controller);
        let (is_down, is_up) = (value >= 0.5, value <= 0.0);
        let is_learnt = self.settings.hear_controller(controller, value);
        if self.read_settings() {
            self.invalidate_plan(now, host);
        }
        let Settings { is_off, is_bypassed, is_thru, hand_controller, .. } = *self.settings;
        let is_hand = Some(controller) == hand_controller;
        // What hands over, or moves a parameter, does nothing else; but a pedal that was down before that was its use
        // can go up.
        let is_ours = is_hand && !is_off || is_learnt && !is_bypassed;
        if controller == SUSTAIN && (!is_ours || is_up) {
            self.hear_pedal(now, channel, is_down);
        }
        if is_thru && (!is_ours || is_up && self.sounding.is_held_by(channel, controller)) {
            let is_sent = self.sounding.thru_control(now, channel, controller, value, host);
            self.count(is_sent);
        }
        if is_hand {
            let is_pressed = self.edges.pedal.rising(is_down);
            if is_pressed && self.is_on() {
                self.hand_over(now, host);
            }
        }
    }

    fn hear_pedal(&mut self, now: u32, channel: u8, is_down: bool) {
        self.edges.hear_sustain(channel, is_down);
        if self.is_on() {
            self.tell(ToWorker::Pedal { ticks: self.clock.tick_at(now), channel, is_down });
        }
    }

    fn key_down(&mut self, now: u32, channel: u8, key: u8, velocity: f32, host: &mut impl Host) {
        let ticks = self.clock.tick_at(now);
        self.output.hear(channel);
        self.monitor.count(Count::Heard);
        let action = self.turn.key_down(ticks, channel, key, &self.settings.rules(&self.clock));
        self.act(now, action, host);
        let (velocity, style) = (events::velocity(velocity).get(), self.settings.controls.style);
        self.tell(ToWorker::On { ticks, channel, key, velocity, style });
        self.monitor.record(TimelineEvent::CallOn { ticks, key, velocity });
        self.plan(now, ticks, host);
    }

    fn key_up(&mut self, now: u32, channel: u8, key: u8, host: &mut impl Host) {
        if self.turn.held(channel) & 1 << (key & 127) == 0 {
            return;
        }
        let ticks = self.clock.tick_at(now);
        self.tell(ToWorker::Off { ticks, channel, key });
        self.monitor.record(TimelineEvent::CallOff { ticks, key });
        self.turn.key_up(ticks, channel, key);
        self.plan(now, ticks, host);
    }
}
