//! All notes that sound.

use crate::PianoError;
use crate::font;
use crate::limiter::limit;
use crate::voice::{State, Voice};

/// Notes that sound at a time. A further one ends the one that is missed least.
pub const MAX_NOTES: usize = 40;
/// More voices, for notes that are fading to make room.
const N_VOICES: usize = MAX_NOTES + 8;
/// How long a note takes to go that has to.
const FADE_SECONDS: f32 = 0.01;
const SUSTAIN: u8 = 64;
const ALL_SOUND_OFF: u8 = 120;
const RESET_CONTROLLERS: u8 = 121;
const ALL_NOTES_OFF: u8 = 123;

/// A piano: keys and a pedal in, samples out.
///
/// # Realtime safety
/// [`Piano::new`] and dropping allocate, free and may wait for another piano that is being made. Nothing else does.
#[derive(Debug)]
pub struct Piano {
    voices: Vec<Voice>,
    /// By channel.
    is_pedal_down: [bool; 16],
    /// The voices lie too far apart to be asked in each block.
    is_silent: bool,
    n_begun: u64,
    /// What a fading note loses in a sample.
    fade: f32,
}

impl Piano {
    /// A silent piano. Reads the sound font unless there is another piano, and takes 20 to 100 ms for that.
    ///
    /// # Errors
    /// If it cannot play at this sampling rate.
    pub fn new(sample_rate_hz: f32) -> Result<Self, PianoError> {
        if !(16_000.0..=192_000.0).contains(&sample_rate_hz) {
            return Err(PianoError::SampleRate(sample_rate_hz));
        }
        #[expect(clippy::cast_possible_truncation, reason = "in the range above")]
        let sample_rate = sample_rate_hz.round() as i32;
        let font = font::shared()?;
        let voices = (0..N_VOICES).map(|_| Voice::new(&font, sample_rate)).collect::<Result<_, _>>()?;
        let fade = 1.0 / (FADE_SECONDS * sample_rate_hz);
        Ok(Self { voices, is_pedal_down: [false; 16], is_silent: true, n_begun: 0, fade })
    }

    /// A key of a channel, both from 0, goes down, from now on. A velocity of 0 is the softest, 1 the hardest.
    pub fn note_on(&mut self, channel: u8, key: u8, velocity: f32) {
        #[expect(clippy::cast_possible_truncation, reason = "it saturates")]
        let velocity = ((velocity * 127.0).round() as i32).clamp(1, 127);
        let (channel, key) = (channel & 15, key & 127);
        // The hammer strikes a string that sounds: it does not sound twice.
        for voice in self.sounding(channel).filter(|voice| voice.key == key) {
            voice.release();
        }
        let is_playing = |voice: &&mut Voice| !matches!(voice.state, State::Silent | State::Fading);
        if self.voices.iter_mut().filter(is_playing).count() >= MAX_NOTES {
            let least_missed = self
                .voices
                .iter_mut()
                .filter(is_playing)
                .min_by_key(|voice| (voice.state != State::Released, voice.order));
            if let Some(voice) = least_missed {
                voice.fade();
            }
        }
        let order = self.n_begun;
        self.n_begun += 1;
        let is_silent = |voice: &Voice| voice.state == State::Silent;
        let free = match self.voices.iter().position(is_silent) {
            Some(place) => self.voices.get_mut(place),
            // All at once: what is nearly gone is cut off.
            None => self
                .voices
                .iter_mut()
                .filter(|voice| voice.state == State::Fading)
                .min_by(|a, b| a.gain().total_cmp(&b.gain())),
        };
        if let Some(voice) = free {
            voice.begin(channel, key, velocity, order);
            self.is_silent = false;
        }
    }

    /// A key of a channel goes up. The pedal may hold its note.
    pub fn note_off(&mut self, channel: u8, key: u8) {
        let is_pedal_down = self.is_pedal_down[usize::from(channel & 15)];
        let is_it = |voice: &&mut Voice| voice.key == key & 127 && voice.state == State::Down;
        for voice in self.sounding(channel & 15).filter(is_it) {
            lift(voice, is_pedal_down);
        }
    }

    /// A controller of a channel moves, to a part of its way from 0 to 1. The sustain pedal, all sound off, reset all controllers
    /// and all notes off do something.
    pub fn controller(&mut self, channel: u8, controller: u8, value: f32) {
        let channel = channel & 15;
        match controller {
            SUSTAIN => self.set_pedal(channel, value >= 0.5),
            RESET_CONTROLLERS => self.set_pedal(channel, false),
            ALL_SOUND_OFF => self.sounding(channel).for_each(Voice::fade),
            ALL_NOTES_OFF => {
                let is_pedal_down = self.is_pedal_down[usize::from(channel)];
                let is_down = |voice: &&mut Voice| voice.state == State::Down;
                self.sounding(channel).filter(is_down).for_each(|voice| lift(voice, is_pedal_down));
            }
            _ => {}
        }
    }

    /// All keys and pedals are up, and what sounds is gone within 10 ms.
    pub fn all_off(&mut self) {
        self.is_pedal_down = [false; 16];
        for channel in 0..16 {
            self.sounding(channel).for_each(Voice::fade);
        }
    }

    /// The next samples, between -1 and 1, of each channel as many as fit into the shorter of both. What was there before is gone.
    pub fn render(&mut self, left: &mut [f32], right: &mut [f32]) {
        left.fill(0.0);
        right.fill(0.0);
        if self.is_silent {
            return;
        }
        self.is_silent = true;
        for voice in self.voices.iter_mut().filter(|voice| voice.state != State::Silent) {
            voice.add_to(left, right, self.fade);
            self.is_silent &= voice.state == State::Silent;
        }
        for sample in left.iter_mut().chain(right) {
            *sample = limit(*sample);
        }
    }

    /// Whether nothing sounds.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.is_silent
    }

    fn set_pedal(&mut self, channel: u8, is_down: bool) {
        self.is_pedal_down[usize::from(channel)] = is_down;
        if !is_down {
            self.sounding(channel).filter(|voice| voice.state == State::Held).for_each(Voice::release);
        }
    }

    /// A channel's notes that have not been told to go.
    fn sounding(&mut self, channel: u8) -> impl Iterator<Item = &mut Voice> {
        let is_sounding =
            move |voice: &&mut Voice| voice.channel == channel && !matches!(voice.state, State::Silent | State::Fading);
        self.voices.iter_mut().filter(is_sounding)
    }
}

/// A key goes up.
fn lift(voice: &mut Voice, is_pedal_down: bool) {
    if is_pedal_down {
        voice.state = State::Held;
    } else {
        voice.release();
    }
}
