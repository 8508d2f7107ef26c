//! Where in the music a sample falls. Ticks (1/48 beat) are counted from an anchor by whole samples, so that the size
//! of the blocks changes nothing.

use engine::{Metre, TICKS_PER_BEAT};

/// What the host says about its song at the start of a block.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Transport {
    /// Whether the song rolls.
    pub is_playing: bool,
    /// Where it is, in quarter notes from its start.
    pub beats: Option<f64>,
    /// Beats a minute.
    pub tempo: Option<f64>,
    /// A bar line, in quarter notes from the song's start.
    pub bar_start_beats: Option<f64>,
    /// Beats of a bar, and how many of them make a whole note.
    pub signature: Option<(i32, i32)>,
}

/// How a block follows the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Course {
    GoesOn,
    /// The song has started, or is elsewhere: a seek or a loop. Who plays along goes on playing.
    Jumps,
    /// All begins anew: the song has stopped, or this is the first block, or the first after [`Clock::restart`].
    BeginsAnew,
}

/// The song is elsewhere than expected by more than this: a seek or a loop, not a curve of the tempo.
const JUMP_TICKS: f64 = 12.0;
/// A host that is off by less than this many samples only rounds.
const DRIFT_SAMPLES: f64 = 1.5;
/// Keeps rounding errors from moving what falls exactly on a sample, or halfway between two ticks.
const GUARD: f64 = 1e-4;

/// The clock. While the song plays, tick 0 is its start; else it is the moment at which the song stopped.
///
/// # Realtime safety
/// Never allocates.
#[derive(Debug)]
pub(crate) struct Clock {
    samples_per_minute: f64,
    tempo: f64,
    ticks_per_sample: f64,
    /// Tick of the anchor.
    anchor_ticks: f64,
    /// Samples from the anchor to the start of this block.
    block_samples: i64,
    /// False before the first block and after [`Clock::restart`].
    is_running: bool,
    /// What the host said last, without the position.
    told: Transport,
    bars: Metre,
    /// The bars, if the song rolls.
    metre: Metre,
}

impl Clock {
    pub(crate) fn new(sample_rate: f32) -> Self {
        let samples_per_minute = if sample_rate >= 1.0 { 60.0 * f64::from(sample_rate) } else { 60.0 * 48_000.0 };
        let mut clock = Self {
            samples_per_minute,
            tempo: 0.0,
            ticks_per_sample: 0.0,
            anchor_ticks: 0.0,
            block_samples: 0,
            is_running: false,
            told: Transport::default(),
            bars: bars(&Transport::default()),
            metre: Metre::Free,
        };
        clock.anchor(0.0, 120.0);
        clock
    }

    /// Makes the next block begin anew.
    pub(crate) fn restart(&mut self) {
        self.is_running = false;
    }

    /// Takes the host's word at the start of a block.
    pub(crate) fn begin_block(&mut self, transport: &Transport) -> Course {
        let (was_playing, is_playing) = (self.told.is_playing, transport.is_playing);
        let mut tempo = self.tempo;
        let told = Transport { beats: None, ..*transport };
        if told != self.told {
            tempo = transport.tempo.filter(|t| t.is_finite()).map_or(120.0, |t| t.clamp(1.0, 2000.0));
            self.bars = bars(transport);
            self.told = told;
        }
        let song_ticks = transport
            .beats
            .filter(|beats| transport.is_playing && beats.abs() < 1e9)
            .map(|beats| beats * f64::from(TICKS_PER_BEAT));

        let expected = self.ticks_at(0);
        let off_by = song_ticks.map_or(0.0, |ticks| ticks - expected);
        let course = match std::mem::replace(&mut self.is_running, true) {
            false => Course::BeginsAnew,
            true if was_playing && !is_playing => Course::BeginsAnew,
            true if was_playing != is_playing || off_by.abs() > JUMP_TICKS => Course::Jumps,
            true => Course::GoesOn,
        };

        #[expect(clippy::float_cmp, reason = "any change counts")]
        let tempo_changed = tempo != self.tempo;
        if course != Course::GoesOn {
            self.anchor(song_ticks.unwrap_or(0.0), tempo);
        } else if tempo_changed || off_by.abs() > DRIFT_SAMPLES * self.ticks_per_sample {
            self.anchor(song_ticks.unwrap_or(expected), tempo);
        }
        self.metre = if song_ticks.is_some() { self.bars } else { Metre::Free };
        course
    }

    /// Goes on to the next block.
    pub(crate) fn end_block(&mut self, n_samples: u32) {
        self.block_samples += i64::from(n_samples);
    }

    /// The bars of the song; [`Metre::Free`] while it stands still.
    pub(crate) fn metre(&self) -> Metre {
        self.metre
    }

    /// Beats a minute.
    pub(crate) fn tempo(&self) -> f64 {
        self.tempo
    }

    /// Whether the song rolls.
    pub(crate) fn is_playing(&self) -> bool {
        self.told.is_playing
    }

    /// The tick nearest to a sample of this block.
    pub(crate) fn tick_at(&self, offset: u32) -> i64 {
        floor(self.ticks_at(offset) + 0.5 + GUARD)
    }

    /// The first sample of a tick, from the start of this block; negative if it has passed.
    pub(crate) fn offset_of(&self, tick: i64) -> i64 {
        #[expect(clippy::cast_precision_loss, reason = "songs have less than 2^52 ticks")]
        let samples = (tick as f64 - self.anchor_ticks) / self.ticks_per_sample;
        -floor(GUARD - samples) - self.block_samples
    }

    /// A time in ticks, at least 1.
    pub(crate) fn ticks_of_ms(&self, ms: f64) -> i64 {
        floor(ms / 60_000.0 * self.tempo * f64::from(TICKS_PER_BEAT) + 0.5 + GUARD).max(1)
    }

    /// A length in ticks, at least 1.
    pub(crate) fn ticks_of_beats(&self, beats: f64) -> i64 {
        floor(beats * f64::from(TICKS_PER_BEAT) + 0.5).max(1)
    }

    /// Milliseconds as whole samples.
    pub(crate) fn samples_of_ms(&self, ms: f64) -> i64 {
        floor(ms / 60_000.0 * self.samples_per_minute + 0.5)
    }

    /// A time in milliseconds.
    pub(crate) fn ms_of_samples(&self, samples: i64) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a part of a block")]
        let samples = samples as f64;
        samples * 60_000.0 / self.samples_per_minute
    }

    fn ticks_at(&self, offset: u32) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a thousand years of samples")]
        let samples = (self.block_samples + i64::from(offset)) as f64;
        self.anchor_ticks + samples * self.ticks_per_sample
    }

    fn anchor(&mut self, ticks: f64, tempo: f64) {
        self.anchor_ticks = ticks;
        self.tempo = tempo;
        self.ticks_per_sample = tempo * f64::from(TICKS_PER_BEAT) / self.samples_per_minute;
        self.block_samples = 0;
    }
}

/// The host's bars. The bar line is brought near 0, so that the value changes only when the metre does.
fn bars(transport: &Transport) -> Metre {
    let bar_ticks = match transport.signature {
        Some((beats @ 1..=64, unit @ 1..=64)) => {
            (beats.unsigned_abs() * 4 * TICKS_PER_BEAT / unit.unsigned_abs()).max(1)
        }
        _ => 4 * TICKS_PER_BEAT,
    };
    let bar_start = transport.bar_start_beats.filter(|beats| beats.abs() < 1e9).unwrap_or(0.0);
    let bar_line = floor(bar_start * f64::from(TICKS_PER_BEAT) + 0.5 + GUARD);
    Metre::Bars { bar_line_ticks: bar_line.rem_euclid(i64::from(bar_ticks)), bar_ticks }
}

/// Not `f64::floor`, which calls the mathematics library on processors that must also be of 2004: pages of code and data
/// that nothing else in a block needs.
#[expect(clippy::cast_possible_truncation, reason = "a cast saturates, and no song is that long")]
#[expect(clippy::cast_precision_loss, reason = "the cast back is exact where there was anything to cut off")]
fn floor(value: f64) -> i64 {
    let towards_zero = value as i64;
    towards_zero.saturating_sub(i64::from(value < towards_zero as f64))
}

#[cfg(test)]
mod tests;
