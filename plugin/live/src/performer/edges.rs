//! Switches and pedals, whose moves matter more than their places.

/// The place of a switch when it was last looked at; `None` before the first look, which finds no move.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Edge(Option<bool>);

impl Edge {
    /// A switch that is off at first.
    pub(super) const OFF: Self = Self(Some(false));
    /// A switch that is on at first.
    pub(super) const ON: Self = Self(Some(true));

    /// Whether it has gone on since the last look.
    pub(super) fn rising(&mut self, is_on: bool) -> bool {
        self.0.replace(is_on) == Some(false) && is_on
    }

    /// Whether it has gone off since the last look.
    pub(super) fn falling(&mut self, is_on: bool) -> bool {
        self.0.replace(is_on) == Some(true) && !is_on
    }

    /// Whether it has moved since the last look.
    pub(super) fn moved(&mut self, is_on: bool) -> bool {
        self.0.replace(is_on) == Some(!is_on)
    }
}

/// The switches of the settings, and the pedal that hands over.
#[derive(Debug)]
pub(super) struct Edges {
    pub(super) off: Edge,
    pub(super) thru: Edge,
    pub(super) panic: Edge,
    /// The button. A song may have been saved with it down.
    pub(super) hand_over: Edge,
    /// The buttons for other answers.
    pub(super) another: Edge,
    pub(super) back: Edge,
    /// The controller.
    pub(super) pedal: Edge,
    /// Channels whose sustain pedal is down, a bit each. No stop lets it go: only the player's foot does.
    pub(super) sustain: u16,
}

impl Edges {
    pub(super) fn new() -> Self {
        Self {
            off: Edge::OFF,
            thru: Edge::ON,
            panic: Edge::OFF,
            hand_over: Edge::default(),
            another: Edge::default(),
            back: Edge::default(),
            pedal: Edge::OFF,
            sustain: 0,
        }
    }

    /// The sustain pedal of a channel goes down or up.
    pub(super) fn hear_sustain(&mut self, channel: u8, is_down: bool) {
        let bit = 1 << (channel & 15);
        self.sustain = if is_down { self.sustain | bit } else { self.sustain & !bit };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_moves_are_told_and_each_once() {
        let told = |look: fn(&mut Edge, bool) -> bool, mut edge: Edge| {
            [true, true, false, false].map(|is_on| look(&mut edge, is_on))
        };
        assert_eq!(told(Edge::rising, Edge::OFF), [true, false, false, false]);
        assert_eq!(told(Edge::rising, Edge::default()), [false; 4], "where it is at first is no move");
        assert_eq!(told(Edge::falling, Edge::ON), [false, false, true, false]);
        assert_eq!(told(Edge::moved, Edge::OFF), [true, false, true, false]);
    }
}
