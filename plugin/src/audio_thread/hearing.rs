//! What the player does.

use super::AudioThread;
use crate::link::ToWorker;
use crate::midi::{self, Host, Input, SUSTAIN};
use crate::settings::Settings;
use crate::sounding::bits;
use crate::tape::Mark;

impl AudioThread {
    pub(super) fn hear(&mut self, now: u32, event: Input, host: &mut impl Host) {
        let is_on = !self.settings.is_off && !self.is_out_of_step;
        let Settings { is_thru, hand_key, .. } = self.settings;
        match event {
            Input::On { key, .. } => self.status.last_key.set_latest(key),
            Input::Control { controller, .. } => self.status.last_controller.set_latest(controller),
            Input::Off { .. } => {}
        }
        match event {
            Input::On { key, .. } if Some(key) == hand_key && !self.settings.is_off => {
                if is_on {
                    self.hand_over(now, host);
                }
            }
            Input::On { channel, key, velocity } => {
                if is_on {
                    self.key_down(now, channel, key, velocity, host);
                }
                if is_thru && !self.sounding.thru_on(now, channel, key, velocity, host) {
                    self.status.n_refused.add(1);
                }
            }
            Input::Off { channel: Some(channel), key: Some(key) } => {
                self.sounding.thru_off(now, channel, key, host);
                if is_on {
                    self.key_up(now, channel, key, host);
                }
            }
            Input::Off { channel, key } => {
                for channel in (0..16).filter(|&c| channel.is_none_or(|wanted| wanted == c)) {
                    for key in (0..128).filter(|&k| key.is_none_or(|wanted| wanted == k)) {
                        while self.sounding.thru_off(now, channel, key, host) {}
                    }
                    for key in bits(self.turn.held(channel)).filter(|&k| key.is_none_or(|wanted| wanted == k)) {
                        self.key_up(now, channel, key, host);
                    }
                }
            }
            Input::Control { channel, controller, value } => {
                let is_down = value >= 0.5;
                self.params.hear_controller(controller, value);
                self.read_settings();
                let is_hand = Some(controller) == self.settings.hand_controller && !self.settings.is_off;
                // A pedal that hands over does nothing else; but if it was down before that was its use, it can go up.
                if controller == SUSTAIN && (!is_hand || value <= 0.0) {
                    if is_on {
                        self.tell(ToWorker::Pedal { ticks: self.clock.tick_at(now), channel, is_down });
                    }
                    if is_thru {
                        self.sounding.pedal(now, channel, value, host);
                    }
                }
                if Some(controller) == self.settings.hand_controller {
                    if is_down && !self.was_pedal_down && is_on {
                        self.hand_over(now, host);
                    }
                    self.was_pedal_down = is_down;
                }
            }
        }
    }

    fn key_down(&mut self, now: u32, channel: u8, key: u8, velocity: f32, host: &mut impl Host) {
        let ticks = self.clock.tick_at(now);
        self.played_channel = channel;
        self.status.n_heard.add(1);
        let action = self.turn.key_down(ticks, channel, key, &self.settings.rules(&self.clock));
        self.act(now, action, host);
        let (velocity, style) = (midi::velocity(velocity).get(), self.settings.controls.style);
        self.tell(ToWorker::On { ticks, channel, key, velocity, style });
        self.pen.mark(&self.status.tape, Mark::CallOn { ticks, key, velocity });
        self.plan(now, ticks, host);
    }

    fn key_up(&mut self, now: u32, channel: u8, key: u8, host: &mut impl Host) {
        if self.turn.held(channel) & 1 << (key & 127) == 0 {
            return;
        }
        let ticks = self.clock.tick_at(now);
        self.tell(ToWorker::Off { ticks, channel, key });
        self.pen.mark(&self.status.tape, Mark::CallOff { ticks, key });
        self.turn.key_up(ticks, channel, key);
        self.plan(now, ticks, host);
    }
}
