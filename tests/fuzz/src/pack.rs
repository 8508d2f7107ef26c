//! Style packs, from anybody.

use std::sync::LazyLock;

use engine::pack::{self, Adapter};
use engine::{Pack, PackError, PackHeader, Precision, Weights, WeightsError};

use crate::{container, weights};

/// The weights that the packs are for.
static BASE: LazyLock<Weights> =
    LazyLock::new(|| Weights::parse(&weights::file(Precision::Q8)).expect("a small network"));

/// A pack is refused with a reason, or it is for other weights, or the weights with it can be played.
///
/// # Panics
/// If it does not hold.
pub fn check(bytes: &[u8]) {
    container::read(bytes, parse, |pack| apply(&pack));
}

/// With the errors of weight files, which most of a pack's are.
fn parse(bytes: &[u8]) -> Result<Pack, WeightsError> {
    Pack::parse(bytes).map_err(|why| match why {
        PackError::File(why) => why,
        other => {
            assert!(!other.to_string().is_empty());
            WeightsError::NotAntiphon
        }
    })
}

fn apply(pack: &Pack) {
    match pack.apply(&BASE) {
        Ok(weights) => {
            assert_eq!(weights.header().styles.len(), BASE.header().styles.len() + 1);
            weights::play(weights);
        }
        Err(why) => assert!(!why.to_string().is_empty()),
    }
}

/// One pack for the weights, and one for others.
///
/// # Panics
/// If one cannot be made.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let config = *BASE.config();
    let numbers = |n: usize| vec![0.01; n];
    let layers = pack::layers(&config);
    let adapters: Vec<_> =
        layers.iter().map(|layer| Adapter { b: numbers(layer.rows), a: numbers(layer.columns) }).collect();
    let of = |base_sha256: String| {
        let header = PackHeader {
            name: "My own".into(),
            author: String::new(),
            licence: "CC0-1.0".into(),
            sources: vec!["a.mid".into()],
            card: String::new(),
            tokeniser: engine::weights::TOKENISER,
            base: BASE.header().name.clone(),
            base_sha256,
            config,
            rank: 1,
        };
        pack::write(&header, &numbers(config.d_model), &adapters).expect("a small pack")
    };
    vec![of(pack::hex(&BASE.checksum())), of("00".repeat(32))]
}
