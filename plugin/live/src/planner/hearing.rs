//! What the player's hands mean: notes as they were played become notes of a score, as the network has learnt them.

use engine::rhythm::tempo_finder::Struck;
use engine::rhythm::{Ear, Feel, NoteId, PARTS_PER_BEAT, PARTS_PER_TICK, Residual};
use engine::{Metre, Pitch, Velocity};

use super::following::Following;
use super::heard::Heard;

/// How a note was played.
#[derive(Clone, Copy, Debug)]
pub(super) struct Played {
    /// The ear's name for it; `None` until it has a beat to hear it by.
    pub(super) id: Option<NoteId>,
    pub(super) strike: Strike,
    /// When the key went down, in microseconds.
    pub(super) on_us: i64,
    /// When it went up; `None` while it is down.
    pub(super) off_us: Option<i64>,
    /// How long the key was down, in parts of a tick of the score; 0 while it is.
    pub(super) held_parts: i64,
}

impl Played {
    /// What the tempo is found from.
    pub(super) fn struck(&self) -> Struck {
        let Strike { pitch, velocity, .. } = self.strike;
        Struck { onset_us: self.on_us, pitch, velocity }
    }
}

/// A key that goes down.
#[derive(Clone, Copy, Debug)]
pub(super) struct Strike {
    /// When, in parts of a tick of played time.
    pub(super) on_parts: i64,
    /// The tempo by which it is heard, in microseconds a beat.
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
    pub(super) velocity: Velocity,
    /// Nothing that is played later changes it.
    pub(super) is_settled: bool,
}

/// Listens to the player: by the song's beat while it rolls, else by the player's own, which is known at the hand-over.
#[derive(Clone, Debug)]
pub(super) struct Hearing {
    pub(super) ear: Ear,
    feel: Feel,
    pub(super) following: Following,
    /// A beat of the score.
    beat_ticks: i64,
    /// Whether the song rolls, so that its beats are known.
    is_song_beat: bool,
    /// By how much the score is later than played time while the song rolls.
    lead_parts: i64,
}

impl Hearing {
    pub(super) fn new() -> Self {
        let (ear, feel, following) = (Ear::new(), Feel::default(), Following::default());
        Self { ear, feel, following, beat_ticks: 0, is_song_beat: false, lead_parts: 0 }
    }

    /// Whether the song rolls.
    pub(super) fn is_song_beat(&self) -> bool {
        self.is_song_beat
    }

    /// Whether these bars have other beats: what was played must be understood before.
    pub(super) fn is_other_beat(&self, metre: Metre) -> bool {
        self.is_song_beat.then_some(self.beat_ticks) != metre.beat_ticks()
    }

    /// The beats from now on, in the score, which is so much later than played time. A new phrase begins.
    pub(super) fn set_metre(&mut self, metre: Metre, lead_ticks: i64) {
        self.is_song_beat = metre.beat_ticks().is_some();
        self.beat_ticks = metre.beat_ticks().unwrap_or(self.beat_ticks);
        self.lead_parts = lead_ticks * PARTS_PER_TICK;
        self.begin();
    }

    /// A new phrase begins, on a beat of the player's own that was found.
    pub(super) fn begin_on(&mut self, beat_ticks: i64) {
        self.begin();
        self.beat_ticks = beat_ticks;
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
        self.following.forget();
    }

    /// Goes on with what another has made of the phrase.
    pub(super) fn take_over(&mut self, other: Self) {
        let Self { ear, following, beat_ticks, .. } = other;
        (self.ear, self.beat_ticks) = (ear, beat_ticks);
        self.following = following.with_clock_of(&self.following);
    }

    /// How the player plays.
    pub(super) fn feel(&self) -> &Feel {
        &self.feel
    }

    /// A beat of the score.
    pub(super) fn beat_ticks(&self) -> i64 {
        self.beat_ticks
    }

    /// A key goes down: how it is played, and how loud it is written as far as that is known.
    pub(super) fn strike(&mut self, strike: Strike) -> (Played, Velocity) {
        let on_us = self.following.us_at(strike.on_parts, Some(strike.us_per_beat));
        let Strike { on_parts, us_per_beat, pitch, velocity } = strike;
        let id = self.parts(on_parts).map(|parts| self.ear.strike(parts, us_per_beat, pitch, velocity));
        let written = id.and_then(|id| self.ear.note(id)).map_or(velocity, |heard| heard.velocity);
        (Played { id, strike, on_us, off_us: None, held_parts: 0 }, written)
    }

    /// A key goes up, at a part of a tick of played time.
    pub(super) fn release(&mut self, played: &mut Played, off_parts: i64) {
        played.off_us = Some(self.following.us_at(off_parts, None).max(played.on_us));
        played.held_parts = (off_parts - played.strike.on_parts).max(1);
        if let (Some(id), Some(parts)) = (played.id, self.parts(off_parts)) {
            self.ear.release(id, parts);
        }
    }

    /// The player's manner shows in a note that means this for good.
    pub(super) fn learn(&mut self, note: &Heard) {
        let (Some(played), value_ticks) = (&note.played, note.note.duration_ticks) else { return };
        let Some(id) = played.id else { return };
        let Some(heard) = self.ear.note(id).filter(|heard| !heard.is_ornament) else { return };
        let us = |parts: i64| parts * i64::from(played.strike.us_per_beat) / PARTS_PER_BEAT;
        let first = self.ear.note(heard.chord).filter(|_| heard.chord != id);
        #[expect(clippy::cast_precision_loss, reason = "a note is far shorter than 2^23 parts")]
        let held_ticks = played.held_parts as f32 / PARTS_PER_TICK as f32;
        self.feel.learn(&Residual {
            onset_ticks: heard.onset_ticks,
            value_ticks,
            late_us: us(heard.deviation_parts),
            after_chord_us: first.map(|first| us(heard.deviation_parts - first.deviation_parts)),
            held_ticks,
            accent: i32::from(played.strike.velocity.get()) - i32::from(heard.velocity.get()),
        });
    }

    /// Time goes on.
    pub(super) fn advance(&mut self, ticks: i64) {
        if let Some(now_parts) = self.parts(ticks.saturating_mul(PARTS_PER_TICK)) {
            self.ear.advance(now_parts);
        }
    }

    /// Decides all, as if the phrase ended here.
    pub(super) fn settle(&mut self) {
        self.ear.settle();
    }

    /// What is known of a note. `None` if it was forgotten, long after it was settled.
    pub(super) fn meant(&self, id: NoteId) -> Option<Meant> {
        let heard = self.ear.note(id)?;
        let is_exact = self.ear.is_exact();
        Some(Meant {
            onset_ticks: heard.onset_ticks + self.beat_ticks(),
            duration_ticks: heard.value_ticks.filter(|_| !is_exact),
            velocity: heard.velocity,
            is_settled: heard.is_settled && (is_exact || heard.value_ticks.is_some()),
        })
    }

    /// Where a part of a tick of played time is from a beat of the song; `None` if there is none.
    pub(super) fn parts(&self, played_parts: i64) -> Option<i64> {
        let beat_parts = self.beat_ticks * PARTS_PER_TICK - self.lead_parts;
        self.is_song_beat.then(|| played_parts.saturating_sub(beat_parts))
    }
}
