//! What the audio thread may call.

use nice_assert_no_alloc::assert_no_alloc;

use crate::piano;

#[test]
fn nothing_is_allocated_or_freed_once_there_is_a_piano() {
    let mut piano = piano();
    let (mut left, mut right) = ([0.0; 100], [0.0; 100]);
    assert_no_alloc(|| {
        for i in 0..2000_u32 {
            let key = u8::try_from(i * 7 % 128).unwrap_or(0);
            let channel = key % 16;
            piano.note_on(channel, key, f32::from(key) / 127.0);
            piano.controller(channel, [64, 121, 120, 123, 7][usize::from(key) % 5], f32::from(key % 2));
            piano.render(&mut left, &mut right);
            piano.note_off(channel, key / 2);
            if i % 500 == 499 {
                piano.all_off();
            }
        }
    });
}
