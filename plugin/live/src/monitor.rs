//! What the performer lets its surroundings know, to be shown and kept.

use engine::Metre;

use crate::timeline::TimelineEvent;

/// What the performer is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Doing {
    /// The host has not begun to process.
    Asleep,
    /// Nobody has played.
    Idle,
    /// The player plays.
    Listening,
    /// An answer is ready or being made.
    Planning,
    /// An answer is heard.
    Answering,
    /// Mode is off, or the plugin is bypassed.
    Off,
    /// The worker cannot follow.
    Stuck,
    /// A fault was caught.
    Broken,
    /// Nothing is heard or planned, and the host says that the song rolls, but has told the same position for a second.
    Frozen,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// Notes of the player.
    Heard,
    /// Notes of answers.
    Played,
    /// Those of them that were late, by 20 ms at most.
    Late,
    /// Notes that came too late to be played.
    Dropped,
    /// Messages and notes that found no room.
    QueueFull,
    /// Events that the host refused.
    Refused,
}

/// Takes what the performer lets know.
///
/// # Realtime safety
/// The performer calls all of it: it must not allocate, lock or wait.
pub trait Monitor {
    /// One more of these.
    fn count(&self, what: Count);
    /// What happens to the notes. What finds no room may be left out.
    fn record(&mut self, event: TimelineEvent);
    /// The player strikes a key, 0 to 127.
    fn set_last_key(&self, key: u8);
    /// The player moves a controller, 0 to 127.
    fn set_last_controller(&self, controller: u8);
    /// The answer's first note came so long after it was due: after the hand-over that was asked for, or after the beat of the player for
    /// which it waits.
    fn set_hand_over_ms(&self, late_ms: f32);
    /// How many notes the call has so far.
    fn set_call(&self, n_notes: u32);
    /// The bar of the answer that is heard, from 1, and how many it has; 0 if it is endless.
    fn set_answer_bar(&self, bar: u32, n_bars: u32);
    /// The chord to which the answer keeps, as the condition [`harmony`](engine::conditions::harmony); 0 for none.
    fn set_chord(&self, harmony: u8);
    /// Where played time is, in ticks, with its bars and in beats a minute. Comes after the block's events.
    fn set_position(&self, ticks: i64, metre: Metre, tempo: f32);
    /// Comes last in each block.
    fn set_doing(&self, doing: Doing);
}
