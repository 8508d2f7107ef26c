//! Antiphon in a browser: a thin host of [`live`], so that a page plays what the plugin plays, note for note.
//!
//! ```text
//! main thread ─ keys, MIDI, roll, controls          worker ─ Page: Performer, Planner          audio ─ Piano
//!      └── input, with the time of each ──────────────>│  │── output, each at its time ────────────>│
//! ```
//!
//! Two instances of this module run: one in a worker, which plays the duet, and one in the audio thread, which is a piano. The page's
//! scripts are in `www/`; `cargo xtask web` builds both into a folder of files that any server can serve.
//!
//! Time is counted in samples at 48 kHz that the worker's clock stands for: no note depends on the sound of the page or on when its
//! messages arrive, as long as they do not come later than the worker's delay.
//!
//! Reading order: `midi` is what keyboards send, `song` the tempo and bars to play in, `duet` what performer and planner share,
//! [`page`] the duet as a page drives it, `files` what can be dropped and downloaded, [`request`] what a page can ask for, and `exports`
//! what a browser calls.
#![deny(unsafe_code)]

mod duet;
#[cfg(target_arch = "wasm32")]
mod exports;
mod files;
mod midi;
pub mod page;
pub mod request;
mod song;

pub use song::Song;
