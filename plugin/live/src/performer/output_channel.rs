//! The MIDI channel of answers.

/// Remembers on which channel the player plays: an answer goes to that of its call.
#[derive(Debug, Default)]
pub(super) struct OutputChannel {
    /// The channel that the player used last.
    played: u8,
    /// The same, when the answer began.
    call: u8,
    /// Channels on which this answer has begun, a bit each.
    begun: u16,
}

impl OutputChannel {
    /// The player strikes a key of this channel.
    pub(super) fn hear(&mut self, channel: u8) {
        self.played = channel;
    }

    /// What was played so far is the call of the answer that begins.
    pub(super) fn begin_answer(&mut self) {
        self.call = self.played;
        self.begun = 0;
    }

    /// The channel that the player used last.
    pub(super) fn played(&self) -> u8 {
        self.played & 15
    }

    /// Whether no note of this answer was played on this channel yet.
    pub(super) fn is_new(&self, channel: u8) -> bool {
        self.begun & 1 << (channel & 15) == 0
    }

    /// A note of this answer is played on this channel.
    pub(super) fn begin(&mut self, channel: u8) {
        self.begun |= 1 << (channel & 15);
    }

    /// The channel of the answer, 0 to 15: the one that is set, or the call's.
    pub(super) fn of_answer(&self, set: Option<u8>) -> u8 {
        set.unwrap_or(self.call & 15)
    }
}
