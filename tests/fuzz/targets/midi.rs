//! libFuzzer's program for `fuzz::midi`.
#![no_main]

libfuzzer_sys::fuzz_target!(
    init: fuzz::write_seeds(&fuzz::midi::seeds()),
    |data: &[u8]| fuzz::midi::check(data)
);
