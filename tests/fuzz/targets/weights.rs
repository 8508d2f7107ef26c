//! libFuzzer's program for `fuzz::weights`.
#![no_main]

libfuzzer_sys::fuzz_target!(
    init: fuzz::write_seeds(&fuzz::weights::seeds()),
    |data: &[u8]| fuzz::weights::check(data)
);
