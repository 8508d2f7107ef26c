//! libFuzzer's program for `fuzz::state`.
#![no_main]

libfuzzer_sys::fuzz_target!(
    init: fuzz::write_seeds(&fuzz::state::seeds()),
    |data: &[u8]| fuzz::state::check(data)
);
