//! Style packs, whole, damaged and at work.

use std::sync::Arc;

use engine::pack::{self, Adapter};
use engine::{
    Conditions, Event, ModelConfig, Note, Pack, PackError, PackHeader, Pitch, Precision, Session, Velocity, Weights,
    WeightsError, random_file,
};
use oorandom::Rand32;
use sha2::{Digest, Sha256};

const RANK: usize = 4;

fn base(precision: Precision) -> Weights {
    Weights::parse(&random_file(ModelConfig::TINY, precision, 11).unwrap()).unwrap()
}

fn header(base: &Weights) -> PackHeader {
    PackHeader {
        name: "My style".into(),
        author: "Me".into(),
        licence: "CC0-1.0".into(),
        sources: vec!["one.mid".into(), "two.mid".into()],
        card: "random".into(),
        tokeniser: engine::weights::TOKENISER,
        base: base.header().name.clone(),
        base_sha256: pack::hex(&base.checksum()),
        config: *base.config(),
        rank: RANK,
    }
}

/// A pack whose numbers are at most `size`.
fn file(base: &Weights, size: f32) -> Vec<u8> {
    let mut random = Rand32::new(5);
    let mut numbers = |n: usize| (0..n).map(|_| size * (2.0 * random.rand_float() - 1.0)).collect::<Vec<f32>>();
    let style = numbers(base.config().d_model);
    let adapter = |shape: &engine::config::TensorShape| Adapter {
        b: numbers(shape.rows * RANK),
        a: numbers(shape.columns * RANK),
    };
    let adapters: Vec<_> = pack::layers(base.config()).iter().map(adapter).collect();
    pack::write(&header(base), &style, &adapters).unwrap()
}

fn refused(bytes: &[u8]) -> PackError {
    Pack::parse(bytes).unwrap_err()
}

/// The nats of some notes in a style.
fn nats(weights: &Arc<Weights>, style: u8) -> Vec<f32> {
    let mut session = Session::new(Arc::clone(weights));
    let note = |i: u8| {
        let pitch = Pitch::new(50 + i % 5 * 4).unwrap();
        Note { onset_ticks: i64::from(i) * 24, duration_ticks: 24, pitch, velocity: Velocity::MEDIUM }
    };
    let conditions = Conditions { style, ..Conditions::default() };
    (0..40).flat_map(|i| session.score(Event::Note(note(i)), conditions)).collect()
}

fn difference(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f32>() / a.len() as f32
}

#[test]
fn a_pack_adds_a_style_and_keeps_the_others() {
    for precision in [Precision::F32, Precision::Q8] {
        let base = base(precision);
        let pack = Pack::parse(&file(&base, 0.1)).unwrap();
        let merged = pack.apply(&base).unwrap();
        assert_eq!(merged.header().styles.len(), 5);
        assert_eq!(merged.style_index("My style"), Some(4));
        assert_eq!(merged.header().styles[..4], base.header().styles[..]);
        assert_eq!(merged.header().precision, precision);
        // A pack that changes nothing does not.
        let none = Arc::new(Pack::parse(&file(&base, 0.0)).unwrap().apply(&base).unwrap());
        let (merged, base) = (Arc::new(merged), Arc::new(base));
        assert!(difference(&nats(&none, 2), &nats(&base, 2)) < 1e-4);
        assert!(difference(&nats(&merged, 2), &nats(&base, 2)) > 1e-3);
        assert!(difference(&nats(&merged, 4), &nats(&merged, 2)) > 1e-3);
    }
}

#[test]
fn layers_become_w_plus_b_a() {
    let base = base(Precision::F32);
    let bytes = file(&base, 0.5);
    let pack = Pack::parse(&bytes).unwrap();
    let merged = pack.apply(&base).unwrap();
    let half = |at: usize| f32::from_bits(u32::from(u16::from_le_bytes([bytes[at], bytes[at + 1]])) << 16);
    // The first linear layer comes right after the style.
    let shape = &pack::layers(base.config())[0];
    let header = 16 + u32::from_le_bytes(bytes[12..16].try_into().unwrap()) as usize;
    let b_at = header.next_multiple_of(64) + 4 * base.config().d_model;
    let a_at = b_at + 2 * shape.rows * RANK;
    let values = |weights: &Weights| weights.tensors().find(|(s, _)| s == shape).unwrap().1;
    let (before, after) = (values(&base), values(&merged));
    for (row, column) in [(0, 0), (1, 0), (0, 1), (shape.rows - 1, shape.columns - 1)] {
        let product = |r: usize| half(b_at + 2 * (row * RANK + r)) * half(a_at + 2 * (r * shape.columns + column));
        let expected = before[row * shape.columns + column] + (0..RANK).map(product).sum::<f32>();
        assert!((after[row * shape.columns + column] - expected).abs() < 1e-5);
    }
}

#[test]
fn every_truncation_and_corruption_is_refused() {
    let whole = file(&base(Precision::Q8), 0.1);
    let mut random = Rand32::new(1);
    let sampled = (0..200).map(|_| random.rand_range(0..whole.len() as u32) as usize);
    for length in (0..1500).step_by(7).chain(sampled.collect::<Vec<_>>()).chain([whole.len() - 1]) {
        let error = refused(&whole[..length]);
        let expected = matches!(error, PackError::File(WeightsError::NotAntiphon | WeightsError::Truncated { .. }));
        assert!(expected, "{length} bytes: {error}");
    }
    for i in 0..300 {
        let mut damaged = whole.clone();
        let limit = if i % 3 == 0 { 600 } else { whole.len() as u32 };
        let at = random.rand_range(0..limit) as usize;
        damaged[at] ^= random.rand_range(1..256) as u8;
        assert!(!refused(&damaged).to_string().is_empty(), "byte {at}");
    }
    let mut longer = whole;
    longer.push(0);
    assert!(matches!(refused(&longer), PackError::File(WeightsError::TooLong { .. })));
}

#[test]
fn hostile_headers_and_numbers_are_refused() {
    let base = base(Precision::Q8);
    let whole = file(&base, 0.1);
    let old = 16 + u32::from_le_bytes(whole[12..16].try_into().unwrap()) as usize;
    let json = serde_json::to_string(Pack::parse(&whole).unwrap().header()).unwrap();
    let with_header = |header: &str| {
        let mut new = whole[..12].to_vec();
        new.extend((header.len() as u32).to_le_bytes());
        new.extend(header.as_bytes());
        new.resize(new.len().next_multiple_of(64), 0);
        new.extend(&whole[old.next_multiple_of(64)..whole.len() - 32]);
        let checksum = Sha256::digest(&new);
        new.extend_from_slice(checksum.as_slice());
        new
    };
    assert!(Pack::parse(&with_header(&json)).is_ok());
    let cases = [
        ("\"rank\":4", "\"rank\":0"),
        ("\"rank\":4", "\"rank\":65"),
        ("\"rank\":4", "\"rank\":18446744073709551615"),
        ("\"rank\":4", "\"rank\":3"),
        ("\"rank\":4", "\"rank\":5"),
        ("\"n_blocks\":2", "\"n_blocks\":32"),
        ("\"n_blocks\":2", "\"n_blocks\":1000000"),
        ("\"d_model\":64", "\"d_model\":4294967296"),
        ("\"My style\"", "\" \""),
        ("\"My style\"", "\"a\\nb\""),
        ("\"My style\"", &format!("\"{}\"", "x".repeat(65))),
        ("\"tokeniser\":2", "\"tokeniser\":1"),
    ];
    for (from, to) in cases {
        assert!(json.contains(from), "{json}");
        assert!(matches!(refused(&with_header(&json.replace(from, to))), PackError::File(_)), "{to}");
    }
    for json in ["", "{", "null", &"[".repeat(60_000)] {
        assert!(matches!(refused(&with_header(json)), PackError::File(WeightsError::Header(_))));
    }
    let mut bits = whole[..whole.len() - 32].to_vec();
    let last = bits.len() - 2;
    bits[last..].copy_from_slice(&0x7fc0u16.to_le_bytes());
    let checksum = Sha256::digest(&bits);
    bits.extend_from_slice(checksum.as_slice());
    assert!(matches!(refused(&bits), PackError::File(WeightsError::Values(_))));
}

#[test]
fn a_pack_for_other_weights_is_refused_with_advice() {
    let base = base(Precision::Q8);
    let pack = Pack::parse(&file(&base, 0.1)).unwrap();
    let other = Weights::parse(&random_file(ModelConfig::TINY, Precision::Q8, 12).unwrap()).unwrap();
    let error = pack.apply(&other).unwrap_err();
    assert!(matches!(error, PackError::OtherBase { .. }) && error.to_string().contains("make it again"));
    // Nor does it go on top of another pack.
    assert!(pack.apply(&pack.apply(&base).unwrap()).is_err());
    let whole = random_file(ModelConfig::TINY, Precision::Q8, 12).unwrap();
    assert_eq!(refused(&whole), PackError::IsWeights);
    assert!(refused(b"MThd and so on").to_string().contains("model adapt"));
}
