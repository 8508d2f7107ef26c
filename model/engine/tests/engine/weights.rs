//! Weight files, whole and damaged.

use engine::{Header, ModelConfig, Precision, Weights, WeightsError, random_file, weights};
use oorandom::Rand32;
use sha2::{Digest, Sha256};

fn file(precision: Precision) -> Vec<u8> {
    random_file(ModelConfig::TINY, precision, 11).unwrap()
}

fn refused(bytes: &[u8]) -> WeightsError {
    Weights::parse(bytes).unwrap_err()
}

/// The file with another header, and a checksum that matches.
fn with_header(bytes: &[u8], header: &[u8]) -> Vec<u8> {
    let old = 16 + u32::from_le_bytes(bytes[12..16].try_into().unwrap()) as usize;
    let mut new = bytes[..12].to_vec();
    new.extend((header.len() as u32).to_le_bytes());
    new.extend(header);
    new.resize(new.len().next_multiple_of(64), 0);
    new.extend(&bytes[old.next_multiple_of(64)..bytes.len() - 32]);
    sealed(new)
}

fn sealed(mut body: Vec<u8>) -> Vec<u8> {
    let checksum = Sha256::digest(&body);
    body.extend_from_slice(checksum.as_slice());
    body
}

/// The header's JSON with one thing replaced.
fn edited(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let json = serde_json::to_string(Weights::parse(bytes).unwrap().header()).unwrap();
    assert!(json.contains(from), "{json}");
    with_header(bytes, json.replace(from, to).as_bytes())
}

#[test]
fn a_header_is_read_without_what_is_behind_it() {
    let whole = file(Precision::Q8);
    let header_end = 16 + u32::from_le_bytes(whole[12..16].try_into().unwrap()) as usize;
    assert_eq!(Header::peek(&whole[..header_end]).unwrap().styles, Weights::parse(&whole).unwrap().header().styles);
    let truncated = Header::peek(&whole[..header_end - 1]).unwrap_err();
    assert_eq!(truncated.to_string(), format!("{}; {}", truncated.cause(), truncated.advice()));
    assert!(matches!(truncated, WeightsError::Truncated { .. }) && !truncated.cause().contains("download"));
}

#[test]
fn a_file_says_what_was_written() {
    let whole = file(Precision::Q8);
    let weights = Weights::parse(&whole).unwrap();
    assert_eq!(*weights.config(), ModelConfig::TINY);
    assert_eq!(weights.header().styles.len(), 4);
    assert!(whole.len() * 100 < file(Precision::F32).len() * 33, "8 bits are a quarter, and a little for scales");
    // A header may be laid out otherwise.
    Weights::parse(&edited(&whole, "\"Random\"", "\n\"Other\"  ")).unwrap();
}

#[test]
fn styles_are_found_by_name_or_by_a_word_that_only_one_has() {
    let weights = Weights::parse(&file(Precision::Q8)).unwrap();
    let cases = [
        ("any style", Some(0)),
        ("RAGTIME", Some(3)),
        (" c. p. e. bach ", Some(2)),
        ("chorales", Some(1)),
        ("Bach", None),
        ("rag", None),
        ("", None),
    ];
    for (name, index) in cases {
        assert_eq!(weights.style_index(name), index, "{name}");
    }
}

#[test]
fn every_truncation_is_refused() {
    let whole = file(Precision::Q8);
    let mut random = Rand32::new(1);
    let sampled = (0..200).map(|_| random.rand_range(0..whole.len() as u32) as usize);
    for length in (0..1500).step_by(7).chain(sampled).chain([whole.len() - 1]) {
        let error = refused(&whole[..length]);
        let expected = matches!(error, WeightsError::NotAntiphon | WeightsError::Truncated { .. });
        assert!(expected, "{length} bytes: {error}");
    }
    let mut longer = whole.clone();
    longer.push(0);
    assert!(matches!(refused(&longer), WeightsError::TooLong { .. }));
}

#[test]
fn every_corruption_is_refused() {
    let whole = file(Precision::Q8);
    let mut random = Rand32::new(2);
    for i in 0..300 {
        let mut damaged = whole.clone();
        // Every third one hits the start.
        let limit = if i % 3 == 0 { 600 } else { whole.len() as u32 };
        let at = random.rand_range(0..limit) as usize;
        damaged[at] ^= random.rand_range(1..256) as u8;
        let message = refused(&damaged).to_string();
        assert!(!message.is_empty(), "byte {at}");
    }
    let mut damaged = whole.clone();
    *damaged.last_mut().unwrap() ^= 1;
    assert_eq!(refused(&damaged), WeightsError::Checksum);
}

#[test]
fn other_files_and_versions_are_told_apart() {
    assert_eq!(refused(b"MThd and so on, a MIDI file"), WeightsError::NotAntiphon);
    assert_eq!(refused(b""), WeightsError::NotAntiphon);
    let mut newer = file(Precision::Q8);
    newer[8] = 2;
    assert_eq!(refused(&newer), WeightsError::NewerVersion(2));
    assert!(refused(&newer).to_string().contains("update"));
}

#[test]
fn hostile_headers_are_refused() {
    let whole = file(Precision::Q8);
    let header = |error| matches!(error, WeightsError::Header(_));
    for json in ["", "{", "null", "[[[[", "{\"config\":{}}", "\"\\u0000\"", &"[".repeat(60_000)] {
        assert!(header(refused(&with_header(&whole, json.as_bytes()))), "{json:.20}");
    }
    assert!(header(refused(&with_header(&whole, &[0xff; 100]))));
    let mut endless = whole.clone();
    endless[12..16].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(header(refused(&endless)));
    let cases = [
        ("\"n_blocks\":2", "\"n_blocks\":0"),
        ("\"n_blocks\":2", "\"n_blocks\":18446744073709551615"),
        ("\"n_blocks\":2", "\"n_blocks\":-1"),
        ("\"n_blocks\":2", "\"n_blocks\":2.5"),
        ("\"d_model\":64", "\"d_model\":65"),
        ("\"d_model\":64", "\"d_model\":4294967296"),
        ("\"n_heads\":2", "\"n_heads\":0"),
        ("\"n_kv_heads\":1", "\"n_kv_heads\":0"),
        ("\"n_kv_heads\":1", "\"n_kv_heads\":3"),
        ("\"n_context\":64", "\"n_context\":1000000000"),
        ("\"n_context\":64", "\"n_context\":64,\"more\":1"),
        ("\"q8\"", "\"q4\""),
        ("\"Ragtime\"", "\" \""),
        ("[\"Any style\",", "[],\"rest\":["),
        ("\"Ragtime\"", &format!("\"Ragtime\"{}", ",\"x\"".repeat(61))),
    ];
    for (from, to) in cases {
        let error = refused(&edited(&whole, from, to));
        assert!(header(error.clone()), "{to}: {error}");
    }
    for (other, advice) in [(1, "make it again"), (3, "update Antiphon")] {
        let error = refused(&edited(&whole, "\"tokeniser\":2", &format!("\"tokeniser\":{other}")));
        assert_eq!(error, WeightsError::Representation(other));
        assert!(error.to_string().contains(advice), "{error}");
    }
    // Sizes that are sound, but not those of this file.
    let huge = "\"n_blocks\":32";
    assert!(matches!(refused(&edited(&whole, "\"n_blocks\":2", huge)), WeightsError::Truncated { .. }));
    assert!(matches!(refused(&edited(&whole, "\"n_blocks\":2", "\"n_blocks\":1")), WeightsError::TooLong { .. }));
    assert!(matches!(refused(&edited(&whole, "\"q8\"", "\"f32\"")), WeightsError::Truncated { .. }));
}

#[test]
fn senseless_numbers_are_refused_even_with_a_good_checksum() {
    for (precision, bits) in [(Precision::Q8, f32::NAN), (Precision::Q8, 1e9), (Precision::F32, f32::INFINITY)] {
        let whole = file(precision);
        let start = (16 + u32::from_le_bytes(whole[12..16].try_into().unwrap()) as usize).next_multiple_of(64);
        let mut body = whole[..whole.len() - 32].to_vec();
        body[start..start + 4].copy_from_slice(&bits.to_le_bytes());
        assert_eq!(refused(&sealed(body)), WeightsError::Values("embed.shift".into()));
    }
    // -128 is not written: rows go from -127 to 127.
    let whole = file(Precision::Q8);
    let start = (16 + u32::from_le_bytes(whole[12..16].try_into().unwrap()) as usize).next_multiple_of(64);
    let mut body = whole[..whole.len() - 32].to_vec();
    body[start + 4 * 128] = 0x80;
    assert_eq!(refused(&sealed(body)), WeightsError::Values("embed.shift".into()));
}

#[test]
fn the_writer_refuses_what_the_reader_would() {
    let header = Weights::parse(&file(Precision::Q8)).unwrap().header().clone();
    let write = |header: &Header, value: f32, extra: usize| {
        weights::write(header, &mut |shape| Ok::<_, WeightsError>(vec![value; shape.rows * shape.columns + extra]))
    };
    let whole = write(&header, 0.0, 0).unwrap();
    Weights::parse(&whole).unwrap();
    assert!(matches!(write(&header, f32::NAN, 0), Err(WeightsError::Values(_))));
    assert!(matches!(write(&header, 0.5, 1), Err(WeightsError::Shape { .. })));
    let odd = ModelConfig { n_heads: 3, ..ModelConfig::TINY };
    assert!(matches!(write(&Header { config: odd, ..header.clone() }, 0.5, 0), Err(WeightsError::Header(_))));
    let wordy = Header { credits: "x".repeat(70_000), ..header.clone() };
    assert!(matches!(write(&wordy, 0.5, 0), Err(WeightsError::Header(_))));
    assert!(matches!(write(&Header { styles: vec![], ..header }, 0.5, 0), Err(WeightsError::Header(_))));
}
