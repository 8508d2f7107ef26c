//! What the random player and the random host do. All that may change what is heard is written into a log.

use host::{Instance, Message, NoteEvent, Parameter, Rig, Settings, Transport};

use super::oracle::{Act, Log};
use crate::common::{TEMPO, start};
use crate::state::Random;

/// What only one of the formats can.
pub(super) struct Kind<I> {
    /// Clears the plugin's playing state.
    pub(super) reset: Option<fn(&mut I)>,
    /// Whether a note-off may name a note by its id alone.
    pub(super) has_wildcards: bool,
}

/// A rig of either format, with what was done to it in this phrase.
pub(super) struct Stage<I: Instance> {
    pub(super) rig: Rig<I>,
    pub(super) log: Log,
    /// Without those through which the VST3 hears controllers.
    parameters: Vec<Parameter>,
    settings: Settings,
    kind: Kind<I>,
}

impl<I: Instance> Stage<I> {
    pub(super) fn new(rig: Rig<I>, kind: Kind<I>) -> Self {
        let (settings, mut rig) = (rig.settings(), start(rig));
        let mut parameters = rig.plugin.parameters().to_vec();
        parameters.retain(|parameter| rig.plugin.value_text(parameter.id, parameter.default).is_ok());
        let mut stage = Self { rig, log: Log::default(), parameters, settings, kind };
        // What the start has set is as it is in each phrase from now on.
        stage.rig.run(64).unwrap();
        stage
    }

    /// A phrase begins: nothing is held, and all settings are at their defaults.
    pub(super) fn begin(&mut self) {
        self.rig.heard.clear();
        self.rig.plugin.take_notes();
        self.rig.process_times.clear();
        let mut log = Log::default();
        for parameter in self.parameters.clone() {
            let text = self.rig.plugin.value_text(parameter.id, parameter.default).unwrap();
            log.set(0, parameter.name, text);
        }
        self.log = log;
    }

    fn send(&mut self, at: u64, message: Message) {
        self.rig.send(at, message);
        if let Message::Parameter { id, value } = message {
            let name = self.parameters.iter().find(|parameter| parameter.id == id).unwrap().name.clone();
            let text = self.rig.plugin.value_text(id, value).unwrap();
            self.log.set(at, name, text);
        } else {
            self.log.message(at, message);
        }
    }

    pub(super) fn set(&mut self, name: &str, value: f64) {
        let id = self.rig.parameter(name).unwrap().id;
        self.send(self.rig.now(), Message::Parameter { id, value });
    }

    fn set_transport(&mut self, transport: Transport) {
        let act = match (self.rig.transport().is_playing, transport.is_playing) {
            (true, false) => Act::Stop,
            (false, true) => Act::Start,
            _ => Act::Move,
        };
        self.log.act(self.rig.now(), act);
        self.rig.set_transport(transport);
    }

    /// Sets a parameter at random, somewhere in the next second.
    pub(super) fn turn_a_knob(&mut self, random: &mut Random) {
        let n_parameters = self.parameters.len() as u64;
        let parameter = &self.parameters[usize::try_from(random.below(n_parameters)).unwrap()];
        let (low, high) = (*parameter.range.start(), *parameter.range.end());
        let (id, value) = (parameter.id, low + random.fraction() * (high - low));
        self.send(self.rig.now() + random.below(48_000), Message::Parameter { id, value });
    }

    /// One to eight notes and now and then a pedal, some of them still held when the host does something else. Some hosts name notes by
    /// ids, some keyboards give each note a channel with a wheel of its own, some play drums, and some press their panic button.
    pub(super) fn play_phrase(&mut self, random: &mut Random) {
        let mut at = self.rig.now();
        let (has_ids, has_channels) = (random.below(2) == 0, random.below(4) == 0);
        for i in 0..=random.below(8) {
            let byte = |number: u64| u8::try_from(number).unwrap();
            let key = if random.below(4) == 0 { 60 } else { byte(36 + random.below(60)) };
            let channel = match random.below(12) {
                0 => 9,
                _ if has_channels => 1 + byte(i),
                _ => 0,
            };
            let id = has_ids.then(|| i32::try_from(random.below(1_000)).unwrap());
            let strength = byte(1 + random.below(127));
            let note = NoteEvent {
                is_on: true,
                channel: Some(channel),
                key: Some(key),
                id,
                velocity: f32::from(strength) / 127.0,
            };
            let off_key = Some(key).filter(|_| !has_ids || random.below(2) == 0 || !self.kind.has_wildcards);
            let end = at + random.below(12_000) + u64::from(random.below(8) > 0);
            self.send(at, Message::Note(note));
            self.send(end, Message::Note(NoteEvent { is_on: false, key: off_key, ..note }));
            if has_channels {
                self.send(at + random.below(3_000), Message::Midi([0xE0 | channel, 0, byte(random.below(128))]));
            }
            if random.below(8) == 0 {
                let controller = [1, 64, 66, 69][usize::try_from(random.below(4)).unwrap()];
                self.send(at, Message::Midi([0xB0, controller, byte(random.below(128))]));
            }
            if random.below(64) == 0 {
                let panic = [120, 123][usize::try_from(random.below(2)).unwrap()];
                // A sample later: not all formats keep the order of a note and a controller.
                (0..16).for_each(|channel| self.send(at + 1, Message::Midi([0xB0 | channel, panic, 0])));
            }
            at += random.below(9_000);
        }
    }

    /// One of the things that hosts do to plugins in the middle of the music.
    pub(super) fn disturb(&mut self, random: &mut Random) {
        self.rig.run(random.below(60_000)).unwrap();
        let transport = self.rig.transport();
        match random.below(10) {
            0 => self.set_transport(Transport { tempo: 40.0 + 260.0 * random.fraction(), ..transport }),
            1 => self.set_transport(Transport { beats: (72.0 * random.fraction()).floor() - 8.0, ..transport }),
            2 => {
                let start = [transport.beats, (transport.beats / 4.0).floor() * 4.0][usize::from(random.below(2) == 0)];
                let length = [0.05, 1.0, 8.0][usize::try_from(random.below(3)).unwrap()] * random.fraction();
                // A whole bar now and then; never one that is over already. A loop of one block, of which nothing is told, is no other
                // than a position that stands still.
                let length = if random.below(4) == 0 { 4.0 } else { length };
                let shortest = if self.rig.tells_loop { 0.05 } else { 1.0 };
                let loop_beats = Some((start, (start + length).max(transport.beats + shortest)));
                self.set_transport(Transport { loop_beats, ..transport });
            }
            3 => self.set_transport(Transport { is_playing: !transport.is_playing, ..transport }),
            4 => {
                let signature = [(3, 4), (6, 8), (7, 8)][self.rig.heard.len() % 3];
                self.set_transport(Transport { signature, ..transport });
            }
            5 => self.reset(),
            6 => self.restart(),
            // Automation in motion.
            7 => (0..20).for_each(|_| self.turn_a_knob(random)),
            8 => self.set("Bypass", 1.0),
            _ => {}
        }
    }

    /// Stops the song, lets the player's last notes end, and begins anew, which must release everything.
    pub(super) fn release(&mut self) {
        for parameter in self.parameters.clone() {
            let message = Message::Parameter { id: parameter.id, value: parameter.default };
            self.send(self.rig.now() + 48_000, message);
        }
        self.set_transport(Transport { is_playing: false, ..self.rig.transport() });
        self.rig.run(100_000).unwrap();
        self.reset();
        self.rig.run(64).unwrap();
        self.rig.set_transport(Transport::rolling(TEMPO));
    }

    fn reset(&mut self) {
        let Some(reset) = self.kind.reset else { return self.restart() };
        reset(&mut self.rig.plugin);
        self.log.act(self.rig.now(), Act::Anew);
    }

    fn restart(&mut self) {
        let block = self.rig.block;
        self.rig.restart(self.settings).unwrap();
        self.rig.block = block;
        self.log.act(self.rig.now(), Act::Anew);
    }
}
