//! What the player does.

use super::Performer;
use super::edges::Edge;
use super::strikes::Strike;
use crate::events::{
    self, ALL_NOTES_OFF, ALL_SOUND_OFF, Gesture, Host, Input, NEUTRAL_RELEASE, Output, RESET_ALL, SUSTAIN, Which,
};
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
            Input::On { channel, key, id, velocity } => {
                self.monitor.set_last_key(key);
                if Some(key) == hand_key && !is_off {
                    if is_on {
                        self.hand_over(now, host);
                    }
                    return;
                }
                if let Some(oldest) = self.sounding.strikes.make_room() {
                    self.end_strike(now, oldest, NEUTRAL_RELEASE, host);
                }
                let meaning = self.meaning(channel, is_on);
                let strike = self.sounding.strikes.push(now, Which { id, ..Which::key(channel, key) }, meaning);
                if meaning.is_heard {
                    self.key_down(now, strike, velocity, host);
                }
                if meaning.is_chord {
                    self.chord_down(now, host);
                }
                if is_thru {
                    let is_sent = self.sounding.thru_on(now, strike, velocity, host);
                    self.count(is_sent);
                }
            }
            Input::Off { which, velocity } => {
                let is_one = which.id.is_some() || which.channel.is_some() && which.key.is_some();
                self.keys_up(now, &which, is_one, velocity, host);
            }
            Input::Choke(which) => self.keys_up(now, &which, which.id.is_some(), NEUTRAL_RELEASE, host),
            Input::Control { channel, controller, value } => match controller {
                ALL_SOUND_OFF | ALL_NOTES_OFF => {
                    self.silence(now, channel, controller, host);
                    // An instrument may hold more than it got from us, or let it ring.
                    self.pass(now, Output::Control { channel, controller, value }, host);
                }
                RESET_ALL => {
                    self.edges.pedal = Edge::OFF;
                    self.hear_pedal(now, channel, false);
                    self.sounding.let_go(now, channel, host);
                    if self.pass(now, Output::Control { channel, controller, value }, host) {
                        self.sounding.forget_bend(channel);
                    }
                }
                _ => self.control(now, channel, controller, value, host),
            },
            Input::Other(Gesture::Bend { channel, value }) if is_thru => {
                let is_sent = self.sounding.bend(now, channel, value, host);
                self.count(is_sent);
            }
            Input::Other(gesture) => {
                self.pass(now, Output::Other(gesture), host);
            }
        }
    }

    fn is_on(&self) -> bool {
        !self.settings.is_off && !self.worker.is_out_of_step()
    }

    /// Passes on what nothing needs to be remembered of. Whether it was.
    fn pass(&mut self, now: u32, event: Output, host: &mut impl Host) -> bool {
        let is_sent = self.settings.is_thru && host.send(now, event);
        self.count(is_sent || !self.settings.is_thru);
        is_sent
    }

    fn count(&self, is_sent: bool) {
        if !is_sent {
            self.monitor.count(Count::Refused);
        }
    }

    /// The panic button of a keyboard or host: ends what the player holds on this channel, and the answer.
    fn silence(&mut self, now: u32, channel: u8, controller: u8, host: &mut impl Host) {
        let ticks = self.clock.tick_at(now);
        // Some keyboards say with each last key that goes up that all notes are off. A panic says so later, of another channel
        // too, or while keys are down.
        let is_last_key_up = controller == ALL_NOTES_OFF
            && channel == self.output.played()
            && !self.turn.is_any_held()
            && self.turn.last_played().is_some_and(|last| ticks <= last + 1);
        // Hosts say so where the song jumps, to end what its tracks have played there.
        let is_of_the_jump = self.clock.has_jumped(now);
        if self.is_on() && !is_last_key_up && !is_of_the_jump {
            let action = self.turn.silence(ticks);
            self.act(now, action, host);
            self.plan(now, ticks, host);
        }
        self.keys_up(now, &Which { channel: Some(channel), ..Which::ALL }, false, NEUTRAL_RELEASE, host);
    }

    /// One of these keys goes up, or all of them.
    fn keys_up(&mut self, now: u32, which: &Which, is_one: bool, velocity: f32, host: &mut impl Host) {
        while let Some(strike) = self.sounding.strikes.take(now, which) {
            self.end_strike(now, strike, velocity, host);
            if is_one {
                break;
            }
        }
    }

    /// A key goes up, once if it was struck several times.
    fn end_strike(&mut self, now: u32, strike: Strike, velocity: f32, host: &mut impl Host) {
        self.sounding.thru_off(now, strike, velocity, host);
        if strike.is_heard && self.is_on() {
            self.key_up(now, strike, host);
        }
        self.chord_up();
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

    fn key_down(&mut self, now: u32, strike: Strike, velocity: f32, host: &mut impl Host) {
        let Strike { channel, key, number, .. } = strike;
        let ticks = self.clock.tick_at(now);
        self.output.hear(channel);
        self.monitor.count(Count::Heard);
        let action = self.turn.key_down(ticks, channel, key, &self.settings.rules(&self.clock));
        self.act(now, action, host);
        let (velocity, style) = (events::velocity(velocity).get(), self.settings.controls.style);
        let (parts, us_per_beat) = (self.clock.parts_after_tick(now), self.clock.us_per_beat());
        // First recorded, then told: what the worker makes of a note never comes before the note.
        self.monitor.record(TimelineEvent::CallOn { parts: self.clock.parts_at(now), key, velocity });
        self.tell(ToWorker::On { ticks, parts, us_per_beat, channel, key, velocity, style, strike: number });
        self.plan(now, ticks, host);
    }

    fn key_up(&mut self, now: u32, strike: Strike, host: &mut impl Host) {
        let Strike { channel, key, number, .. } = strike;
        let ticks = self.clock.tick_at(now);
        if !self.turn.key_up(ticks, channel, key) {
            return;
        }
        self.tell(ToWorker::Off { ticks, parts: self.clock.parts_after_tick(now), strike: number });
        self.monitor.record(TimelineEvent::CallOff { parts: self.clock.parts_at(now), key });
        self.plan(now, ticks, host);
    }
}
