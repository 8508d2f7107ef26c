//! A note that sounds.
//!
//! rustysynth begins notes where its own blocks begin. So that each note begins at its sample, each has a synthesizer for itself,
//! whose blocks begin with the note.

use std::sync::Arc;

use rustysynth::{SoundFont, Synthesizer, SynthesizerSettings};

use crate::PianoError;

/// Samples in a block of a synthesizer: what it knows of envelopes is this old at most, 1.3 ms at 48 kHz.
const BLOCK: usize = 64;
/// The fewest voices that a synthesizer can have. A note takes two: left and right.
const MIN_POLYPHONY: usize = 8;
/// Of all notes: one at full strength peaks at some -9 dB, one of medium strength at -17 dB.
const GAIN: f32 = 0.7;

/// What a voice does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Nothing.
    Silent,
    /// Its key is down.
    Down,
    /// Its key is up, and the pedal holds it.
    Held,
    /// Its damper has fallen.
    Released,
    /// It goes at once, without a click.
    Fading,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Voice {
    synthesizer: Synthesizer,
    pub(crate) state: State,
    pub(crate) channel: u8,
    pub(crate) key: u8,
    /// Notes begun before it.
    pub(crate) order: u64,
    /// Something of it has been heard: samples may begin with silence.
    is_heard: bool,
    /// From 1 to 0 while it fades.
    gain: f32,
    left: [f32; BLOCK],
    right: [f32; BLOCK],
    /// How much of the block has been heard.
    n_read: usize,
}

impl Voice {
    pub(crate) fn new(font: &Arc<SoundFont>, sample_rate: i32) -> Result<Self, PianoError> {
        let mut settings = SynthesizerSettings::new(sample_rate);
        settings.block_size = BLOCK;
        settings.maximum_polyphony = MIN_POLYPHONY;
        settings.enable_reverb_and_chorus = false;
        let mut synthesizer = Synthesizer::new(font, &settings).map_err(|_| PianoError::Font)?;
        synthesizer.set_master_volume(GAIN);
        Ok(Self {
            synthesizer,
            state: State::Silent,
            channel: 0,
            key: 0,
            order: 0,
            is_heard: false,
            gain: 0.0,
            left: [0.0; BLOCK],
            right: [0.0; BLOCK],
            n_read: BLOCK,
        })
    }

    /// Strikes a key. What the voice did before is cut off.
    pub(crate) fn begin(&mut self, channel: u8, key: u8, velocity: i32, order: u64) {
        self.synthesizer.reset();
        self.synthesizer.note_on(0, i32::from(key), velocity);
        (self.state, self.channel, self.key, self.order) = (State::Down, channel, key, order);
        (self.is_heard, self.gain, self.n_read) = (false, 1.0, BLOCK);
    }

    /// The damper falls.
    pub(crate) fn release(&mut self) {
        self.synthesizer.note_off_all(false);
        self.state = State::Released;
    }

    /// Ends it soon.
    pub(crate) fn fade(&mut self) {
        self.state = State::Fading;
    }

    /// How much is left of it while it fades.
    pub(crate) fn gain(&self) -> f32 {
        self.gain
    }

    /// Adds the note to what others play, and ends it once it is not heard any more. `fade` is what it loses in a sample.
    pub(crate) fn add_to(&mut self, left: &mut [f32], right: &mut [f32], fade: f32) {
        for (left, right) in left.iter_mut().zip(right) {
            if self.n_read == BLOCK {
                self.synthesizer.render(&mut self.left, &mut self.right);
                self.n_read = 0;
                let is_silent = self.left.iter().chain(&self.right).all(|sample| *sample == 0.0);
                if is_silent && self.is_heard {
                    self.state = State::Silent;
                }
                self.is_heard |= !is_silent;
            }
            if self.state == State::Fading {
                self.gain -= fade;
                if self.gain <= 0.0 {
                    self.state = State::Silent;
                }
            }
            if self.state == State::Silent {
                return;
            }
            *left += self.gain * self.left[self.n_read];
            *right += self.gain * self.right[self.n_read];
            self.n_read += 1;
        }
    }
}
