//! What the player's hands mean: notes as they were played become notes of a score, as the network has learnt them.

use engine::rhythm::{Ear, Feel, NoteId, PARTS_PER_BEAT, PARTS_PER_TICK, Residual};
use engine::{Metre, Pitch, TICKS_PER_BEAT, Velocity};

use super::heard::Heard;

/// A note is written at most so far from where it was played.
const REACH_TICKS: i64 = 16;

/// How a note was played.
#[derive(Clone, Copy, Debug)]
pub(super) struct Played {
    id: NoteId,
    strike: Strike,
    /// How long the key was down, in parts of a tick; 0 while it is.
    held_parts: i64,
    /// How loud it is written.
    written: Velocity,
}

/// A key that goes down.
#[derive(Clone, Copy, Debug)]
pub(super) struct Strike {
    pub(super) ticks: i64,
    /// How much later than that, in parts of a tick.
    pub(super) parts: i8,
    pub(super) us_per_beat: u32,
    pub(super) pitch: Pitch,
    pub(super) velocity: Velocity,
}

/// What is known of a note by now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Meant {
    pub(super) onset_ticks: i64,
    /// Written length; `None` if that is not known yet, or if it is as long as it was played.
    pub(super) duration_ticks: Option<u32>,
    /// Nothing that is played later changes it.
    pub(super) is_settled: bool,
}

/// Listens to the player while the song has a beat. Without one, notes are what was played.
#[derive(Clone, Debug)]
pub(super) struct Hearing {
    ear: Ear,
    feel: Feel,
    /// A beat of the song, 0 to 47; `None` while it stands still.
    beat_ticks: Option<i64>,
}

impl Hearing {
    pub(super) fn new() -> Self {
        Self { ear: Ear::new(), feel: Feel::default(), beat_ticks: None }
    }

    /// Whether these bars have other beats: what was played must be understood before.
    pub(super) fn is_other_beat(&self, metre: Metre) -> bool {
        self.beat_ticks != metre.beat_ticks()
    }

    /// The beats from now on. A new phrase begins.
    pub(super) fn set_metre(&mut self, metre: Metre) {
        self.beat_ticks = metre.beat_ticks();
        self.begin();
    }

    /// A new phrase begins. The player is remembered.
    pub(super) fn begin(&mut self) {
        self.ear.begin();
    }

    /// All that is known of the player is forgotten, too.
    pub(super) fn forget(&mut self) {
        self.begin();
        self.ear.forget_player();
        self.feel = Feel::default();
    }

    /// How the player plays.
    pub(super) fn feel(&self) -> &Feel {
        &self.feel
    }

    /// What is played from now on is written no earlier than this. `latest` is the note that was struck last.
    pub(super) fn frontier_ticks(&self, latest: &Heard, now_ticks: i64) -> i64 {
        let is_long_ago = now_ticks - latest.struck_ticks >= i64::from(TICKS_PER_BEAT);
        if latest.played.is_none() || is_long_ago { i64::MAX } else { latest.note.onset_ticks - REACH_TICKS }
    }

    /// A beat of the song, 0 to 47.
    pub(super) fn beat_ticks(&self) -> i64 {
        self.beat_ticks.unwrap_or(0)
    }

    /// A key goes down: how it is played if the song has a beat, and how loud it is written.
    pub(super) fn strike(&mut self, strike: Strike) -> (Option<Played>, Velocity) {
        let Some(onset_parts) = self.parts(strike.ticks, strike.parts) else { return (None, strike.velocity) };
        let id = self.ear.strike(onset_parts, strike.us_per_beat, strike.pitch, strike.velocity);
        let written = self.ear.note(id).map_or(strike.velocity, |heard| heard.velocity);
        (Some(Played { id, strike, held_parts: 0, written }), written)
    }

    /// A key goes up.
    pub(super) fn release(&mut self, played: &mut Played, ticks: i64, parts: i8) {
        let Strike { ticks: on_ticks, parts: on_parts, .. } = played.strike;
        played.held_parts = ((ticks - on_ticks) * PARTS_PER_TICK + i64::from(parts) - i64::from(on_parts)).max(1);
        if let Some(off_parts) = self.parts(ticks, parts) {
            self.ear.release(played.id, off_parts);
        }
    }

    /// The player's manner shows in a note that means this for good.
    pub(super) fn learn(&mut self, note: &Heard) {
        let (Some(played), value_ticks) = (&note.played, note.note.duration_ticks) else { return };
        let Some(heard) = self.ear.note(played.id).filter(|heard| !heard.is_ornament) else { return };
        let us = |parts: i64| parts * i64::from(played.strike.us_per_beat) / PARTS_PER_BEAT;
        let first = self.ear.note(heard.chord).filter(|_| heard.chord != played.id);
        #[expect(clippy::cast_precision_loss, reason = "a note is far shorter than 2^23 parts")]
        let held_ticks = played.held_parts as f32 / PARTS_PER_TICK as f32;
        self.feel.learn(&Residual {
            onset_ticks: heard.onset_ticks,
            value_ticks,
            late_us: us(heard.deviation_parts),
            after_chord_us: first.map(|first| us(heard.deviation_parts - first.deviation_parts)),
            held_ticks,
            accent: i32::from(played.strike.velocity.get()) - i32::from(played.written.get()),
        });
    }

    /// Time goes on.
    pub(super) fn advance(&mut self, ticks: i64) {
        if let Some(now_parts) = self.parts(ticks, 0) {
            self.ear.advance(now_parts);
        }
    }

    /// Decides all, as if the phrase ended here.
    pub(super) fn settle(&mut self) {
        self.ear.settle();
    }

    /// What is known of a note. `None` if it was forgotten, long after it was settled.
    pub(super) fn meant(&self, played: &Played) -> Option<Meant> {
        let heard = self.ear.note(played.id)?;
        Some(Meant {
            onset_ticks: heard.onset_ticks + self.beat_ticks(),
            duration_ticks: heard.value_ticks.filter(|_| !heard.is_exact),
            is_settled: heard.is_settled && (heard.is_exact || heard.value_ticks.is_some()),
        })
    }

    fn parts(&self, ticks: i64, parts: i8) -> Option<i64> {
        Some((ticks - self.beat_ticks?) * PARTS_PER_TICK + i64::from(parts))
    }
}
