//! Antiphon's offline side: MIDI files become notes, notes become a trained network, a network becomes an 8-bit style.

pub mod batch;
