//! The song position that a host tells its plugins.

/// Where the song is, and how fast it goes. The rig moves `beats` on while `is_playing`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transport {
    /// Rolling or stopped.
    pub is_playing: bool,
    /// Quarter notes a minute.
    pub tempo: f64,
    /// Time signature, such as (4, 4).
    pub signature: (u16, u16),
    /// Song position in quarter notes, at the start of the block.
    pub beats: f64,
    /// Start and end of the loop in quarter notes, when looping.
    pub loop_beats: Option<(f64, f64)>,
}

impl Default for Transport {
    /// Stopped at the start of a song at 120 in 4/4.
    fn default() -> Self {
        Self { is_playing: false, tempo: 120.0, signature: (4, 4), beats: 0.0, loop_beats: None }
    }
}

impl Transport {
    /// Rolling from the start of a song in 4/4.
    #[must_use]
    pub fn rolling(tempo: f64) -> Self {
        Self { is_playing: true, tempo, ..Self::default() }
    }

    /// Length of a bar in quarter notes.
    #[must_use]
    pub fn bar_beats(&self) -> f64 {
        f64::from(self.signature.0) * 4.0 / f64::from(self.signature.1)
    }
}
