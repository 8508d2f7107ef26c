//! Finding the way in a damaged track: of several places where the next event could begin, the one from which most looks
//! like music.

use super::status::{Frame, META, frame};

/// Events to look ahead.
const LOOK_AHEAD: i32 = 24;
/// Events after which a track counts as sound.
const LONG_WHILE: usize = 20_000;
/// Bytes behind a fault in which the next event is looked for.
const LOOK_BEHIND: usize = 300;
/// A time longer than this between two events is rare, and costs so much.
const LONG_TICKS: u32 = 1 << 13;
const LONG_COST: i32 = 8;
/// Data longer than this are not searched for notes.
const MAX_SEARCHED: usize = 300;

/// Which keys of which channels are down.
#[derive(Clone, Debug, Default)]
pub(super) struct Keys([u128; 16]);

impl Keys {
    /// Moves a key; whether it was down before.
    pub(super) fn set(&mut self, channel: u8, key: u8, is_down: bool) -> bool {
        let (keys, bit) = (&mut self.0[usize::from(channel & 15)], 1u128 << (key & 127));
        let was_down = *keys & bit != 0;
        *keys = if is_down { *keys | bit } else { *keys & !bit };
        was_down
    }

    /// Lets all keys of a channel go.
    pub(super) fn clear(&mut self, channel: u8) {
        self.0[usize::from(channel & 15)] = 0;
    }

    /// Plays an event: whether its key goes down, and whether it was down before; `None` for what is no note.
    fn play(&mut self, bytes: &[u8], event: &Frame) -> Option<(bool, bool)> {
        let (&[key, velocity], 0x80..=0x9F) = (bytes.get(event.data..event.data + 2)?, event.status) else {
            return None;
        };
        let is_on = event.status >= 0x90 && velocity > 0;
        let was_down = self.set(event.status & 15, key, is_on);
        Some((is_on, was_down))
    }
}

/// Where it is best to go on, and how much that promises: at one of the places that the bytes themselves give, of which the first wins if they are equal,
/// or somewhere behind `at`, as near as possible.
pub(super) fn best(
    bytes: &[u8],
    at: usize,
    given: impl IntoIterator<Item = usize>,
    running: Option<u8>,
    keys: &Keys,
) -> (usize, i32) {
    let given = given.into_iter().filter(|&place| place > at && place <= bytes.len()).map(|place| (place, 0));
    // What is skipped might have been music as well.
    let behind = (at + 1..=(at + LOOK_BEHIND).min(bytes.len())).zip((1..).map(|n_skipped| 2 * n_skipped));
    let mut best = (bytes.len(), i32::MIN);
    for (place, cost) in given.chain(behind) {
        let promise = promise(bytes, place, running, keys.clone(), LONG_COST) - cost;
        if promise > best.1 {
            best = (place, promise);
        }
    }
    best
}

/// How much of what follows looks like music: 4 for a beginning of a note and 12 for its end, less for what is no note.
/// Plain music has about 8 for each event. A long time before an event costs `long_cost`.
pub(super) fn promise(bytes: &[u8], mut at: usize, mut running: Option<u8>, mut keys: Keys, long_cost: i32) -> i32 {
    let mut sum = 0;
    for i in 0..LOOK_AHEAD {
        let Ok(event) = frame(bytes, at, running) else { return sum };
        if event.doubt.is_some() || event.oddity.is_some() {
            return sum - 8;
        }
        if event.is_end() {
            return if event.next == bytes.len() { sum + 8 * (LOOK_AHEAD - i) } else { sum - 8 };
        }
        if event.delta > LONG_TICKS {
            sum -= long_cost;
        }
        sum += match keys.play(bytes, &event) {
            Some((true, was_down)) => 4 - 8 * i32::from(was_down),
            Some((false, was_down)) => 16 * i32::from(was_down) - 4,
            None if event.status == META => 8,
            None => 1,
        };
        if event.status < 0xF0 {
            running = Some(event.status);
        }
        at = event.next;
    }
    sum
}

/// Whether no event breaks a rule, to the end of the track or for a long while.
pub(super) fn is_clean(bytes: &[u8], mut at: usize, mut running: Option<u8>) -> bool {
    for _ in 0..LONG_WHILE {
        if at >= bytes.len() {
            return true;
        }
        let Ok(event) = frame(bytes, at, running) else { return false };
        if event.status < 0xF0 {
            running = Some(event.status);
        }
        at = event.next;
    }
    true
}

/// Where data end with at least one whole note that a wrong length may have hidden: the place where the events begin.
pub(super) fn hidden_notes(bytes: &[u8], data: usize, end: usize, running: Option<u8>) -> Option<usize> {
    let within = &bytes[..end];
    (end.saturating_sub(data) <= MAX_SEARCHED).then_some(())?;
    (data..end).find(|&start| is_music(within, start, running))
}

/// Whether events, with at least one note from its beginning to its end, go on right to the end.
fn is_music(bytes: &[u8], mut at: usize, mut running: Option<u8>) -> bool {
    let (mut keys, mut n_notes) = (Keys::default(), 0);
    while at < bytes.len() {
        match frame(bytes, at, running) {
            Ok(event) if event.doubt.is_none() && event.oddity.is_none() => {
                match keys.play(bytes, &event) {
                    Some((false, true)) => n_notes += 1,
                    Some((false, false)) => return false,
                    _ => {}
                }
                if event.status < 0xF0 {
                    running = Some(event.status);
                }
                at = event.next;
            }
            _ => return false,
        }
    }
    n_notes > 0
}
