//! MIDI files, from anywhere.

/// A file is refused with a reason; or what is read of it, once written, is read again, all of it.
///
/// # Panics
/// If it does not hold.
pub fn check(bytes: &[u8]) {
    match music::midi::read(bytes) {
        Err(why) => assert!(!why.to_string().is_empty()),
        Ok(file) => {
            let count = |score: &music::Score| score.parts.iter().map(|part| part.notes.len()).sum::<usize>();
            for reading in [music::Reading::Heard, music::Reading::HeardFree] {
                let n_read = music::Reduction::of(&file.score, reading).map_or(0, |reduction| reduction.notes.len());
                assert!(n_read <= count(&file.score));
            }
            if let Ok(written) = music::midi::write(&file.score) {
                let again = music::midi::read(&written).expect("it reads its own file");
                assert!(again.left_out.is_empty(), "{:?}", again.left_out);
                assert_eq!(count(&again.score), count(&file.score));
            }
        }
    }
}

/// Two files as the demo plays them, and the smallest ones.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let files: [&[u8]; 4] = [
        include_bytes!("../../fixtures/call.mid"),
        include_bytes!("../../fixtures/call-waltz.mid"),
        b"MThd\0\0\0\x06\0\0\0\x01\0\x60MTrk\0\0\0\x0c\0\x90\x3c\x40\x60\x80\x3c\x40\0\xff\x2f\0",
        b"MThd\0\0\0\x06\0\x01\0\0\0\x60",
    ];
    files.map(<[u8]>::to_vec).into()
}
