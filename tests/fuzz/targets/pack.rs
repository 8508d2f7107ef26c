//! libFuzzer's program for `fuzz::pack`.
#![no_main]

libfuzzer_sys::fuzz_target!(
    init: fuzz::write_seeds(&fuzz::pack::seeds()),
    |data: &[u8]| fuzz::pack::check(data)
);
