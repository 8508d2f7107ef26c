//! Where in the music a sample falls. Ticks (1/48 beat) are counted from an anchor by whole samples, so that the size
//! of the blocks changes nothing.
//!
//! There are two times. The song's is what the host tells: it jumps, loops and stands still. Played time, in which all others
//! count, goes on with the samples whatever the song does; only the first block and [`Clock::restart`] begin it anew. The two differ by
//! whole ticks, which change where the song jumps: so a phrase over a loop's end is one phrase, and a note falls on the tick on
//! which it would in a song that was played straight on.
//!
//! Reading order: `transport` is what the host says, `drift` tells a song that is a little off from one that jumps, `song_loop` is a
//! loop whose bounds the host tells; `rounding` makes whole ticks and samples.

mod drift;
mod rounding;
mod song_loop;
mod transport;

use engine::rhythm::PARTS_PER_TICK;
use engine::{Metre, TICKS_PER_BEAT};

use drift::{Drift, JUMP_TICKS};
use rounding::{GUARD, floor, nearest, whole};
use song_loop::SongLoop;
pub use transport::Transport;
use transport::bars;

/// How a block follows the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Course {
    GoesOn,
    /// The song is elsewhere: a seek or a loop. Who plays along goes on playing.
    Jumps,
    /// The song begins to roll.
    Starts,
    /// The song stops.
    Stops,
    /// This is the first block, or the first after [`Clock::restart`].
    BeginsAnew,
}

/// A host that is off by less than this many samples only rounds.
const DRIFT_SAMPLES: f64 = 1.5;

/// What comes so soon after a jump is sent because of it.
const OF_THE_JUMP_MS: f64 = 1.0;

/// The clock. Ticks are of played time unless they are said to be the song's.
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
    /// Length of the last block.
    last_samples: u32,
    /// Played time less the song's. While the song stands still, that has stopped at tick 0.
    offset_ticks: i64,
    /// By how much played time lags behind the samples: a jump moves it by less than a tick, to the fraction of the song's.
    lag_ticks: f64,
    /// When that was.
    jumped_ticks: f64,
    /// No sample from now on falls on an earlier tick.
    least_ticks: i64,
    drift: Drift,
    /// False before the first block and after [`Clock::restart`].
    is_running: bool,
    /// What the host said last, without the position.
    told: Transport,
    /// And the position.
    told_beats: Option<f64>,
    /// For so long the host has told the same position of a song that rolls.
    still_samples: i64,
    /// Samples from the last jump to the start of this block: a jump within the block counts below 0.
    samples_since_jump: i64,
    /// The loop whose end is ahead.
    song_loop: Option<SongLoop>,
    /// The song has jumped back within the last block: where it is was not told since, and errors would add up.
    has_wrapped: bool,
    /// In ticks of the song.
    song_bars: Metre,
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
            last_samples: 0,
            offset_ticks: 0,
            lag_ticks: 0.0,
            jumped_ticks: 0.0,
            least_ticks: i64::MIN,
            drift: Drift::default(),
            is_running: false,
            told: Transport::default(),
            told_beats: None,
            still_samples: 0,
            samples_since_jump: i64::MAX,
            song_loop: None,
            has_wrapped: false,
            song_bars: bars(&Transport::default()),
            metre: Metre::Free,
        };
        clock.anchor(0.0, 0, 120.0);
        clock
    }

    /// Makes the next block begin anew.
    pub(crate) fn restart(&mut self) {
        self.is_running = false;
    }

    /// Takes the host's word at the start of a block.
    #[inline]
    pub(crate) fn begin_block(&mut self, transport: &Transport) -> Course {
        let (was_playing, is_playing) = (self.told.is_playing, transport.is_playing);
        let (tempo, is_news) = self.hear(transport);
        let song_ticks = transport
            .beats
            .filter(|beats| is_playing && beats.abs() < 1e9)
            .map(|beats| beats * f64::from(TICKS_PER_BEAT));
        let song_loop = song_ticks.and_then(|_| SongLoop::of(transport.loop_beats?));
        let beats_before = std::mem::replace(&mut self.told_beats, transport.beats);

        // Where the loop's end was ahead until now, the song is expected at its start; a host that tells its position only once
        // for several blocks is taken to be there too.
        let guard = GUARD * self.ticks_per_sample;
        let ahead = song_loop.filter(|song_loop| self.song_ticks_at(-1) < song_loop.end_ticks - guard);
        let straight_on = self.song_ticks_at(0);
        let expected = ahead.map_or(straight_on, |song_loop| song_loop.wrapped(straight_on, guard));
        let song_ticks = song_ticks.map(|ticks| ahead.map_or(ticks, |ahead| ahead.wrapped_lately(ticks, guard)));
        #[expect(clippy::float_cmp, reason = "the same unless it has wrapped")]
        let wraps = expected != straight_on;
        let is_still = was_playing && song_ticks.is_some() && !wraps && transport.beats == beats_before;
        self.still_samples = if is_still { self.still_samples + i64::from(self.last_samples) } else { 0 };

        let off_by = song_ticks.filter(|_| !is_still).map_or(0.0, |ticks| ticks - expected);
        let block_ticks = f64::from(self.last_samples) * self.ticks_per_sample;
        let is_drift = self.drift.is_drift(off_by, block_ticks, DRIFT_SAMPLES * self.ticks_per_sample);
        let course = match std::mem::replace(&mut self.is_running, true) {
            false => Course::BeginsAnew,
            true if was_playing && !is_playing => Course::Stops,
            true if !was_playing && is_playing => Course::Starts,
            true if wraps || !is_drift => Course::Jumps,
            true => Course::GoesOn,
        };

        #[expect(clippy::float_cmp, reason = "any change counts")]
        let is_other_tempo = tempo != self.tempo;
        let is_off = off_by.abs() > DRIFT_SAMPLES * self.ticks_per_sample;
        let has_wrapped = std::mem::take(&mut self.has_wrapped);
        match course {
            Course::BeginsAnew => {
                (self.offset_ticks, self.lag_ticks, self.least_ticks) = (0, 0.0, i64::MIN);
                self.drift = Drift::default();
                self.anchor(song_ticks.unwrap_or(0.0), 0, tempo);
            }
            Course::Jumps | Course::Starts | Course::Stops => {
                if course == Course::Jumps && !is_drift {
                    self.anchor_ticks += self.drift.taken_ticks();
                }
                self.go_to(song_ticks.unwrap_or(0.0), 0, tempo);
            }
            Course::GoesOn if is_other_tempo || is_off || has_wrapped => {
                self.keep_from_going_back(0);
                // Told or expected, they are nearly the same, but told without the errors of many sums.
                let song_ticks = song_ticks.filter(|_| !is_still).unwrap_or(expected);
                self.anchor(song_ticks + whole(self.offset_ticks), 0, tempo);
            }
            Course::GoesOn => {}
        }
        self.song_loop = song_loop.filter(|ahead| !is_still && self.song_ticks_at(0) < ahead.end_ticks - guard);
        let is_free = song_ticks.is_none();
        if is_news || course != Course::GoesOn || is_free != (self.metre == Metre::Free) {
            self.metre = if is_free { Metre::Free } else { self.played_bars() };
        }
        course
    }

    /// Takes in all but the position. The tempo, and whether any of that is new.
    #[inline]
    fn hear(&mut self, transport: &Transport) -> (f64, bool) {
        let told = Transport { beats: None, ..*transport };
        if told == self.told {
            return (self.tempo, false);
        }
        self.song_bars = bars(transport);
        self.told = told;
        (transport.tempo.filter(|t| t.is_finite()).map_or(120.0, |t| t.clamp(1.0, 2000.0)), true)
    }

    /// The sample of this block, or of a later one, at which the song jumps back to the start of its loop, as far as that is known.
    #[inline]
    pub(crate) fn next_wrap(&self) -> Option<i64> {
        let end_ticks = self.song_loop?.end_ticks + whole(self.offset_ticks);
        // One that is wrapped to is never the next.
        let samples = -floor(GUARD - (end_ticks - self.anchor_ticks) / self.ticks_per_sample);
        Some(samples.max(1) - self.block_samples)
    }

    /// The song jumps back, at a sample of this block.
    #[inline]
    pub(crate) fn wrap(&mut self, offset: u32) {
        if let Some(song_loop) = self.song_loop {
            let song_ticks = self.song_ticks_at(offset.into());
            let wrapped = song_loop.wrapped(song_ticks, GUARD * self.ticks_per_sample);
            self.go_to(wrapped, offset.into(), self.tempo);
            self.metre = self.played_bars();
            self.has_wrapped = true;
        }
    }

    /// Goes on to the next block.
    pub(crate) fn end_block(&mut self, n_samples: u32) {
        self.block_samples += i64::from(n_samples);
        self.last_samples = n_samples;
        self.samples_since_jump = self.samples_since_jump.saturating_add(n_samples.into());
    }

    /// The bars of the song; [`Metre::Free`] while it stands still.
    pub(crate) fn metre(&self) -> Metre {
        self.metre
    }

    /// Played time less the song's.
    pub(crate) fn offset_ticks(&self) -> i64 {
        self.offset_ticks
    }

    /// Whether the host tells where its loop ends, so that no wrap comes unforeseen.
    pub(crate) fn tells_loop(&self) -> bool {
        self.told.loop_beats.is_some()
    }

    /// Whether the song has started, stopped or gone elsewhere just before a sample of this block.
    pub(crate) fn has_jumped(&self, offset: u32) -> bool {
        let since = self.samples_since_jump.saturating_add(offset.into());
        (0..=self.samples_of_ms(OF_THE_JUMP_MS)).contains(&since)
    }

    /// How long the host has told the same position of a song that rolls, in milliseconds.
    pub(crate) fn still_ms(&self) -> f64 {
        self.ms_of_samples(self.still_samples)
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
    #[inline]
    pub(crate) fn tick_at(&self, offset: u32) -> i64 {
        self.tick_of(offset.into())
    }

    /// How much later than [`Clock::tick_at`] a sample of this block falls, in parts of a tick: what a tick is too coarse for.
    #[inline]
    pub(crate) fn parts_after_tick(&self, offset: u32) -> i8 {
        let parts_per_tick = whole(PARTS_PER_TICK);
        let parts = nearest(self.ticks_at(offset.into()) * parts_per_tick) - self.tick_at(offset) * PARTS_PER_TICK;
        i8::try_from(parts.clamp(-PARTS_PER_TICK / 2, PARTS_PER_TICK / 2)).unwrap_or(0)
    }

    /// A sample of this block, in parts of a tick.
    #[inline]
    pub(crate) fn parts_at(&self, offset: u32) -> i64 {
        self.tick_at(offset) * PARTS_PER_TICK + i64::from(self.parts_after_tick(offset))
    }

    /// The tick nearest to the start of the block before this one.
    #[inline]
    pub(crate) fn last_block_tick(&self) -> i64 {
        nearest(self.ticks_at(-i64::from(self.last_samples)))
    }

    /// The first sample of a tick, from the start of this block; negative if it has passed.
    #[inline]
    pub(crate) fn offset_of(&self, tick: i64) -> i64 {
        self.offset_of_parts(tick.saturating_mul(PARTS_PER_TICK))
    }

    /// The same of a part of a tick.
    #[inline]
    pub(crate) fn offset_of_parts(&self, parts: i64) -> i64 {
        let samples = (whole(parts) / whole(PARTS_PER_TICK) - self.anchor_ticks) / self.ticks_per_sample;
        -floor(GUARD - samples) - self.block_samples
    }

    /// The tempo, as MIDI files have it: microseconds in a beat.
    #[inline]
    pub(crate) fn us_per_beat(&self) -> u32 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a tempo is 1 to 2000")]
        let us = (60e6 / self.tempo) as u32;
        us
    }

    /// A time in ticks, at least 1.
    #[inline]
    pub(crate) fn ticks_of_ms(&self, ms: f64) -> i64 {
        floor(ms / 60_000.0 * self.tempo * f64::from(TICKS_PER_BEAT) + 0.5 + GUARD).max(1)
    }

    /// A length in ticks, at least 1.
    #[inline]
    pub(crate) fn ticks_of_beats(&self, beats: f64) -> i64 {
        floor(beats * f64::from(TICKS_PER_BEAT) + 0.5).max(1)
    }

    /// Milliseconds as whole samples.
    #[inline]
    pub(crate) fn samples_of_ms(&self, ms: f64) -> i64 {
        floor(ms / 60_000.0 * self.samples_per_minute + 0.5)
    }

    /// A time in milliseconds.
    #[inline]
    pub(crate) fn ms_of_samples(&self, samples: i64) -> f64 {
        whole(samples) * 60_000.0 / self.samples_per_minute
    }

    #[inline]
    fn tick_of(&self, offset: i64) -> i64 {
        nearest(self.ticks_at(offset)).max(self.least_ticks)
    }

    #[inline]
    fn ticks_at(&self, offset: i64) -> f64 {
        self.anchor_ticks + whole(self.block_samples + offset) * self.ticks_per_sample
    }

    /// Ticks of the song.
    #[inline]
    fn song_ticks_at(&self, offset: i64) -> f64 {
        self.ticks_at(offset) - whole(self.offset_ticks)
    }

    /// From a sample of this block on, the song is elsewhere. Played time goes on, with the fraction of a tick that is the song's.
    #[inline]
    fn go_to(&mut self, song_ticks: f64, offset: i64, tempo: f64) {
        self.samples_since_jump = -offset;
        self.keep_from_going_back(offset);
        let expected = self.ticks_at(offset);
        // Where jumps come thick and fast, what each of them has rounded off must not add up.
        let lag_ticks = if expected - self.jumped_ticks < JUMP_TICKS { self.lag_ticks } else { 0.0 };
        self.offset_ticks = nearest(expected + lag_ticks - song_ticks);
        let played_ticks = song_ticks + whole(self.offset_ticks);
        self.lag_ticks = expected + lag_ticks - played_ticks;
        self.jumped_ticks = played_ticks;
        self.drift = Drift::default();
        self.anchor(played_ticks, offset, tempo);
    }

    /// What was before a sample of this block was before it.
    #[inline]
    fn keep_from_going_back(&mut self, offset: i64) {
        self.least_ticks = self.tick_of(offset - 1);
    }

    #[inline]
    fn anchor(&mut self, ticks: f64, offset: i64, tempo: f64) {
        self.anchor_ticks = ticks;
        self.tempo = tempo;
        self.ticks_per_sample = tempo * f64::from(TICKS_PER_BEAT) / self.samples_per_minute;
        self.block_samples = -offset;
    }

    /// The bars of the song in played time. The bar line stays near 0, so that the value changes only when the metre does.
    #[inline]
    fn played_bars(&self) -> Metre {
        match self.song_bars {
            Metre::Bars { bar_line_ticks, bar_ticks } => Metre::Bars {
                bar_line_ticks: (bar_line_ticks + self.offset_ticks).rem_euclid(i64::from(bar_ticks)),
                bar_ticks,
            },
            Metre::Free => Metre::Free,
        }
    }
}

#[cfg(test)]
mod tests;
