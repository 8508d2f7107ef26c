//! libFuzzer's program for `fuzz::musicxml`.
#![no_main]

libfuzzer_sys::fuzz_target!(
    init: fuzz::write_seeds(&fuzz::musicxml::seeds()),
    |data: &[u8]| fuzz::musicxml::check(data)
);
