//! A piano to listen with: a small sound font, and notes to samples. The plugin plays it until the player has routed the
//! notes to an instrument of their own; the demo and pages to listen to render takes with it.
//!
//! There is no I/O in it, and it compiles for a browser. The font is part of the program; `font/README.md` says where it comes from.
//!
//! Reading order: `font` reads the sound font, `voice` is a note that sounds, `limiter` keeps many within full scale, `piano` is all
//! of them, and `take` plays a whole score.
//!
//! # The same samples
//! The same calls at the same samples give the same samples, whatever the lengths of the blocks, on the same build. Another
//! system may have other last bits in `powf`, `exp`, `sin` and `cos`, by which rustysynth finds pitches and loudness: such samples
//! differ by what nobody hears: six seconds of music in WebAssembly and on x86-64 with glibc, by 6e-8 at most. No note depends on them.
#![forbid(unsafe_code)]

mod font;
mod limiter;
mod piano;
mod take;
mod voice;

pub use piano::{MAX_NOTES, Piano};
pub use take::{render, wav};

/// Why there is no piano.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum PianoError {
    /// The sampling rate, in hertz, is not one of 16 to 192 kHz.
    SampleRate(f32),
    /// The built-in sound font cannot be read: a fault of ours.
    Font,
    /// A score is too long for its samples to be kept in memory.
    TooLong,
}

impl std::fmt::Display for PianoError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::SampleRate(hertz) => {
                write!(
                    formatter,
                    "the built-in piano plays at sampling rates of 16 to 192 kHz, not at {} kHz",
                    hertz / 1000.0
                )
            }
            Self::Font => write!(formatter, "the built-in piano is damaged; install Antiphon again"),
            Self::TooLong => write!(formatter, "this music is longer than an hour; render a part of it"),
        }
    }
}

impl std::error::Error for PianoError {}
