//! *Preview sound*: the built-in piano plays what is sent to the host, so that there is a sound before the notes reach an
//! instrument. It is an instrument like any other: what ends a note for the host ends it here.

use live::Output;
use nice_plug::plugin::ParamValue;
use nice_plug::prelude::PluginState;
use piano::{Piano, PianoError};

use crate::params::{AntiphonParams, ParamId};

/// The channel of drums, whose keys are no pitches.
const DRUMS: u8 = 9;

/// What is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Off,
    Answers,
    /// What the player does too, as far as it is passed on.
    Both,
}

/// What the audio thread keeps of it.
///
/// # Realtime safety
/// Allocates and frees in [`Preview::activate`] only.
#[derive(Debug)]
pub(crate) struct Preview {
    piano: Option<Piano>,
    sample_rate_hz: f32,
    mode: Mode,
    are_drums_played: bool,
    is_panic: bool,
    /// Moves of the parameters that have been seen.
    n_changes: Option<u32>,
}

impl Preview {
    pub(crate) fn new() -> Self {
        Self {
            piano: None,
            sample_rate_hz: 0.0,
            mode: Mode::Off,
            are_drums_played: false,
            is_panic: false,
            n_changes: None,
        }
    }

    /// Before processing (again). Not for the audio thread: it may read the sound font, in some milliseconds.
    ///
    /// # Errors
    /// If the piano cannot play at this sampling rate. Then there is no sound, and nothing else is wrong.
    pub(crate) fn activate(&mut self, sample_rate_hz: f32) -> Result<(), PianoError> {
        if self.piano.is_some() && self.sample_rate_hz.to_bits() == sample_rate_hz.to_bits() {
            self.end();
            return Ok(());
        }
        self.piano = None;
        self.piano = Some(Piano::new(sample_rate_hz)?);
        self.sample_rate_hz = sample_rate_hz;
        Ok(())
    }

    /// Ends what sounds, without a click.
    pub(crate) fn end(&mut self) {
        if let Some(piano) = &mut self.piano {
            piano.all_off();
        }
    }

    /// Begins a block. Its samples are all 0.
    pub(crate) fn block<'a>(&'a mut self, params: &AntiphonParams, buffer: &'a mut [&mut [f32]]) -> PreviewBlock<'a> {
        self.read(params);
        let (left, right) = match buffer {
            [left, right, ..] => (&mut **left, &mut **right),
            _ => Default::default(),
        };
        PreviewBlock {
            piano: self.piano.as_mut().filter(|_| !left.is_empty()),
            mode: self.mode,
            are_drums_played: self.are_drums_played,
            left,
            right,
            n_filled: 0,
        }
    }

    fn read(&mut self, params: &AntiphonParams) {
        let n_changes = Some(params.changes.count());
        if n_changes == self.n_changes {
            return;
        }
        self.n_changes = n_changes;
        let mode = match params.int(ParamId::Preview) {
            _ if params.is_on(ParamId::Bypass) => Mode::Off,
            1 => Mode::Answers,
            2 => Mode::Both,
            _ => Mode::Off,
        };
        let is_panic = params.is_on(ParamId::Panic);
        if mode != self.mode || is_panic && !self.is_panic {
            self.end();
        }
        (self.mode, self.is_panic) = (mode, is_panic);
        self.are_drums_played = params.int(ParamId::Drums) == 1;
    }
}

/// A block that is being filled, up to the latest event.
#[derive(Debug)]
pub(crate) struct PreviewBlock<'a> {
    /// `None` if nothing can sound.
    piano: Option<&'a mut Piano>,
    mode: Mode,
    are_drums_played: bool,
    left: &'a mut [f32],
    right: &'a mut [f32],
    n_filled: usize,
}

/// For songs that were saved before there was a sound: they stay silent, and are not asked whether they want one.
pub(crate) fn keep_old_songs_silent(song: &mut PluginState) {
    song.params.entry(ParamId::Preview.spec().id.to_owned()).or_insert(ParamValue::I32(0));
    song.fields.entry("has_sound".to_owned()).or_insert_with(|| "true".to_owned());
}

impl PreviewBlock<'_> {
    /// Whether notes sound even if no host takes them.
    pub(crate) fn is_on(&self) -> bool {
        self.mode != Mode::Off && self.piano.is_some()
    }

    /// An event is sent, at a sample of the block and not before the last one.
    pub(crate) fn hear(&mut self, offset: u32, event: Output, is_answer: bool) {
        if self.mode == Mode::Off {
            return;
        }
        self.render_to(usize::try_from(offset).unwrap_or(usize::MAX));
        let Some(piano) = &mut self.piano else { return };
        let is_meant = is_answer || self.mode == Mode::Both;
        match event {
            Output::On { channel: DRUMS, .. } if !self.are_drums_played => {}
            Output::On { channel, key, velocity, .. } if is_meant => piano.note_on(channel, key, velocity),
            Output::Off { channel, key, .. } => piano.note_off(channel, key),
            // The player's pedals are not the answer's.
            Output::Control { channel, controller, value } if is_meant => piano.controller(channel, controller, value),
            _ => {}
        }
    }

    /// Fills what is left of the block.
    pub(crate) fn finish(&mut self) {
        self.render_to(usize::MAX);
    }

    /// Plays no more in this block.
    pub(crate) fn give_up(&mut self) {
        self.piano = None;
    }

    fn render_to(&mut self, end: usize) {
        let end = self.left.len().min(self.right.len()).min(end);
        if let Some(piano) = &mut self.piano
            && end > self.n_filled
            && !piano.is_silent()
        {
            piano.render(&mut self.left[self.n_filled..end], &mut self.right[self.n_filled..end]);
        }
        self.n_filled = self.n_filled.max(end);
    }
}
