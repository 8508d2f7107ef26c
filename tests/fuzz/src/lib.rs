//! Untrusted input: MIDI and MusicXML files, weight files, style packs and saved songs. Each module has a `check` that must hold for any
//! bytes, and `seeds` to begin with. `cargo xtask fuzz` looks for bytes for which one does not hold.
//!
//! Reading order: [`midi`], [`musicxml`], [`weights`], [`pack`] and [`state`] are the targets; `container` is what files of Antiphon's own
//! have in common.
#![forbid(unsafe_code)]

mod container;
pub mod midi;
pub mod musicxml;
pub mod pack;
pub mod state;
pub mod weights;

use std::collections::BTreeSet;
use std::path::Path;

/// Where `cargo xtask fuzz` wants a target's seeds.
pub const CORPUS: &str = "ANTIPHON_FUZZ_CORPUS";
/// Where it wants the words that occur in them.
pub const WORDS: &str = "ANTIPHON_FUZZ_WORDS";
const MOST_WORDS: usize = 400;

/// Writes seeds, and a dictionary of the words between quotes in them, to where the environment says; if it does.
///
/// # Panics
/// If they cannot be written.
pub fn write_seeds(seeds: &[Vec<u8>]) {
    if let Some(folder) = std::env::var_os(CORPUS) {
        for (i, seed) in seeds.iter().enumerate() {
            let file = Path::new(&folder).join(format!("seed-{i}"));
            std::fs::write(&file, seed).unwrap_or_else(|why| panic!("cannot write {}: {why}", file.display()));
        }
    }
    if let Some(file) = std::env::var_os(WORDS) {
        let words: BTreeSet<&str> = seeds.iter().flat_map(|seed| words(seed)).collect();
        // libFuzzer refuses an empty dictionary.
        let words = words.into_iter().chain(["\\x00"]);
        let lines: String = words.take(MOST_WORDS).map(|word| format!("\"{word}\"\n")).collect();
        std::fs::write(&file, lines).unwrap_or_else(|why| panic!("cannot write {}: {why}", file.display()));
    }
}

/// Short plain words between quotes, as JSON has them.
fn words(seed: &[u8]) -> impl Iterator<Item = &str> {
    let is_plain = |part: &&[u8]| {
        (2..=32).contains(&part.len()) && part.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    };
    seed.split(|&byte| byte == b'"').filter(is_plain).filter_map(|part| std::str::from_utf8(part).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What libFuzzer does, without its eyes: the seeds, and seeds of which some bytes are others, are missing or are twice.
    fn survives(seeds: &[Vec<u8>], check: fn(&[u8]), n_rounds: usize) {
        let mut state = 0x9E37_79B9_7F4A_7C15u64;
        let mut below = |n: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state % n.max(1) as u64).unwrap()
        };
        for seed in seeds {
            check(seed);
            for _ in 0..n_rounds {
                let mut damaged = seed.clone();
                for _ in 0..=below(3) {
                    let at = below(damaged.len());
                    match below(4) {
                        0 => damaged.truncate(at),
                        1 => damaged.extend_from_within(at..),
                        2 => damaged[at..].iter_mut().take(1).for_each(|byte| *byte ^= 1 << below(8)),
                        _ => drop(damaged.splice(at..at, [u8::try_from(below(256)).unwrap()])),
                    }
                }
                check(&damaged);
            }
        }
        check(&[]);
    }

    #[test]
    fn midi_files() {
        survives(&midi::seeds(), midi::check, 200);
    }

    #[test]
    fn musicxml_files() {
        survives(&musicxml::seeds(), musicxml::check, 200);
    }

    #[test]
    fn weight_files() {
        survives(&weights::seeds(), weights::check, 50);
    }

    #[test]
    fn style_packs() {
        survives(&pack::seeds(), pack::check, 50);
    }

    #[test]
    fn saved_songs() {
        survives(&state::seeds(), state::check, 30);
    }

    #[test]
    fn words_are_what_stands_between_quotes() {
        assert_eq!(
            words(br#"x{"name":"Bach","n_blocks":2,"a b":"","x":1}"#).collect::<Vec<_>>(),
            ["name", "Bach", "n_blocks"]
        );
    }
}
