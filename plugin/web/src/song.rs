//! The song to which one plays on a page: tempo, bars and when they began.

use live::Transport;

use crate::page::SAMPLE_RATE_HZ;

/// A song, as the page's player and its metronome have it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Song {
    /// Whether it rolls. If not, the player is followed.
    pub is_playing: bool,
    /// Beats a minute.
    pub tempo: f64,
    /// Beats of a bar, and how many of them make a whole note.
    pub signature: (i32, i32),
    /// The sample at which it was here.
    from_samples: u64,
    /// In quarter notes from its start.
    from_beats: f64,
}

impl Default for Song {
    fn default() -> Self {
        Self { is_playing: false, tempo: 120.0, signature: (4, 4), from_samples: 0, from_beats: 0.0 }
    }
}

impl Song {
    /// It begins, or stops, at a sample.
    pub(crate) fn roll(&mut self, is_playing: bool, at_samples: u64) {
        (self.is_playing, self.from_samples, self.from_beats) = (is_playing, at_samples, 0.0);
    }

    /// It goes on like this from a sample on.
    pub(crate) fn change(&mut self, tempo: f64, signature: (i32, i32), at_samples: u64) {
        self.from_beats = self.beats(at_samples);
        self.from_samples = at_samples;
        self.tempo = tempo;
        self.signature = signature;
    }

    /// What a host would say of it at a sample.
    pub(crate) fn transport(&self, at_samples: u64) -> Transport {
        Transport {
            is_playing: self.is_playing,
            beats: self.is_playing.then(|| self.beats(at_samples)),
            tempo: Some(self.tempo),
            bar_start_beats: self.is_playing.then_some(0.0),
            signature: Some(self.signature),
            loop_beats: None,
        }
    }

    fn beats(&self, at_samples: u64) -> f64 {
        if !self.is_playing {
            return 0.0;
        }
        #[expect(clippy::cast_precision_loss, reason = "no page is open for 2^52 samples")]
        let samples = at_samples.saturating_sub(self.from_samples) as f64;
        self.from_beats + samples * self.tempo / (60.0 * f64::from(SAMPLE_RATE_HZ))
    }
}
