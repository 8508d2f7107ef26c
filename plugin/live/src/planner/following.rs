//! The player's own beat, where the song has none: found in the phrase, which is then understood by it.

use engine::rhythm::grid::nearest_ticks;
use engine::rhythm::tempo_finder::{Beat, Hints, Struck, find_beat};
use engine::rhythm::{PARTS_PER_BEAT, PARTS_PER_TICK};
use engine::{Pitch, TICKS_PER_BEAT};

use super::heard::Heard;
use super::hearing::{Hearing, Played, Strike};
use super::pace::Pace;

const BEAT_TICKS: i64 = TICKS_PER_BEAT as i64;
/// Earlier phrases whose beats are remembered.
const MOST_BEATS: usize = 3;
/// How many of the last beats say how fast an unsteady player is now.
const LATEST_BEATS: usize = 4;

/// Time on the clock of the player's phrases, in microseconds, and what was found of their beats.
#[derive(Clone, Debug, Default)]
pub(super) struct Following {
    /// The last moment: in parts of a tick of played time, and in microseconds.
    last: Option<(i64, i64)>,
    /// A beat of played time then.
    us_per_beat: u32,
    /// Of the latest phrases, the last of them the latest.
    beats: Vec<Beat>,
    /// Where the beats of the last phrase are.
    times: BeatTimes,
}

/// Where beats of the score, one after the other, are in played time.
#[derive(Clone, Debug, Default)]
pub(super) struct BeatTimes {
    /// The first of them, in ticks of the score.
    first_ticks: i64,
    /// When they are, in parts of a tick of played time: at least two.
    played_parts: Vec<i64>,
}

impl BeatTimes {
    /// The first beat, in ticks of the score.
    pub(super) fn first_ticks(&self) -> i64 {
        self.first_ticks
    }

    /// When a part of a tick of the score is played. Before and after the beats, the nearest tempo goes on.
    pub(super) fn played_parts(&self, score_parts: i64) -> i64 {
        let since = score_parts.saturating_sub(self.first_ticks.saturating_mul(PARTS_PER_TICK));
        let last = self.played_parts.len().saturating_sub(2);
        let beat = usize::try_from(since.div_euclid(PARTS_PER_BEAT)).unwrap_or(0).min(last);
        let &[from, to] = self.played_parts.get(beat..).and_then(|beats| beats.first_chunk()).unwrap_or(&[0, 1]);
        let within = since.saturating_sub(i64::try_from(beat).unwrap_or(0) * PARTS_PER_BEAT);
        from.saturating_add(within.saturating_mul(to - from).div_euclid(PARTS_PER_BEAT))
    }

    /// When one of the beats is played, counted from the first.
    pub(super) fn played_beat(&self, n: i64) -> i64 {
        self.played_parts(self.first_ticks.saturating_add(n * BEAT_TICKS).saturating_mul(PARTS_PER_TICK))
    }

    /// How long the last of them is.
    pub(super) fn last_length_parts(&self) -> i64 {
        self.played_parts.last_chunk().map_or(0, |[from, to]| to - from)
    }
}

impl Following {
    /// A moment in microseconds. `us_per_beat` is the tempo of played time since the last one; `None` if it is as it was.
    pub(super) fn us_at(&mut self, parts: i64, us_per_beat: Option<u32>) -> i64 {
        self.us_per_beat = us_per_beat.unwrap_or(self.us_per_beat).max(1);
        let (last_parts, last_us) = self.last.unwrap_or((parts, 0));
        let us = last_us.saturating_add(us_of(parts.saturating_sub(last_parts), self.us_per_beat));
        self.last = Some((parts, us));
        us
    }

    /// A moment in parts of a tick of played time.
    fn parts_at(&self, us: i64) -> i64 {
        let (last_parts, last_us) = self.last.unwrap_or((0, 0));
        let since = i128::from(us.saturating_sub(last_us)) * i128::from(PARTS_PER_BEAT);
        last_parts.saturating_add(i64::try_from(since / i128::from(self.us_per_beat.max(1))).unwrap_or(0))
    }

    /// A beat of played time, in microseconds, when something was played last.
    pub(super) fn us_per_beat(&self) -> u32 {
        self.us_per_beat
    }

    /// What was found is remembered for the next phrases.
    fn remember(&mut self, beat: Beat) {
        self.beats.push(beat);
        let n_old = self.beats.len().saturating_sub(MOST_BEATS);
        self.beats.drain(..n_old);
    }

    /// All but the clock is forgotten.
    pub(super) fn forget(&mut self) {
        self.beats.clear();
    }

    /// The same, with the clock as it is there.
    pub(super) fn with_clock_of(self, other: &Self) -> Self {
        Self { last: other.last, us_per_beat: other.us_per_beat, ..self }
    }

    /// Where the beats of the last phrase are.
    pub(super) fn times(&self) -> &BeatTimes {
        &self.times
    }

    /// The tempo of the last phrase in microseconds a beat; `None` if none was found.
    pub(super) fn found_us_per_beat(&self) -> Option<u32> {
        self.beats.last().map(|beat| beat.us_per_beat)
    }
}

impl Hearing {
    /// Finds the beat of what was played since the last answer, and hears it by that. `least_ticks` of the score are over. How score time
    /// and played time go from now on; `None` if nothing was played.
    pub(super) fn follow(&mut self, heard: &mut [Heard], pace: &Pace, least_ticks: i64) -> Option<Pace> {
        let mut struck: Vec<Struck> =
            heard.iter().filter_map(|heard| heard.played.as_ref().map(Played::struck)).collect();
        struck.sort_by_key(|struck| (struck.onset_us, struck.pitch));
        let (first, last) = (struck.first()?.onset_us, struck.last()?.onset_us);
        let beat = find_beat(&struck, &Hints { earlier: &self.following.beats, told: None });
        // Who plays too little to have a beat goes on in the last one, from the first note on.
        let kept_us_per_beat = pace.us_per_beat(self.following.us_per_beat).max(1);
        let parts_at = |us: i64| match &beat {
            Some(beat) => beat.parts_at(us),
            None => ((us - first).saturating_mul(PARTS_PER_BEAT) / i64::from(kept_us_per_beat), kept_us_per_beat),
        };
        let first_beat_us = beat.as_ref().map_or(first, |beat| beat.beats_us[0]);

        // Where the phrase lies in the score: on its beats, as near as that can be to where it was played.
        let near_ticks = pace.score_ticks(self.following.parts_at(first_beat_us).div_euclid(PARTS_PER_TICK));
        let latest_ticks = near_ticks + BEAT_TICKS / 2;
        let mut beat_ticks = latest_ticks - (latest_ticks - self.beat_ticks()).rem_euclid(BEAT_TICKS);
        let first_ticks = beat_ticks + parts_at(first).0.div_euclid(PARTS_PER_TICK);
        let missing_ticks = least_ticks.saturating_sub(first_ticks).max(0);
        beat_ticks += missing_ticks + (-missing_ticks).rem_euclid(BEAT_TICKS);

        let beats_us = match &beat {
            Some(beat) => beat.beats_us.clone(),
            None => vec![first, first.saturating_add(kept_us_per_beat.into())],
        };
        let played_parts = beats_us.into_iter().map(|us| self.following.parts_at(us)).collect();
        self.following.times = BeatTimes { first_ticks: beat_ticks, played_parts };
        self.begin_on(beat_ticks);
        let place = |heard: &Heard| {
            let played = heard.played.as_ref()?;
            let (on_parts, us_per_beat) = parts_at(played.on_us);
            Some(Place { on_parts, us_per_beat, off_parts: played.off_us.map(|off_us| parts_at(off_us).0) })
        };
        let places: Vec<Option<Place>> = heard.iter().map(place).collect();
        self.hear(heard, &places);
        let (last_parts, local_us_per_beat) = parts_at(last);
        let us_per_beat = beat.as_ref().map_or(local_us_per_beat, |beat| {
            if beat.is_steady { beat.us_per_beat } else { latest_us_per_beat(&beat.beats_us) }
        });
        let played = (self.following.parts_at(last), self.following.us_per_beat);
        if let Some(beat) = beat {
            self.following.remember(beat);
        }
        Some(Pace::at(played, (beat_ticks * PARTS_PER_TICK + last_parts, us_per_beat)))
    }

    /// The song rolls from now on: what was played since the last answer is heard by its beats.
    pub(super) fn hear_by_song(&mut self, heard: &mut [Heard]) {
        let places: Vec<Option<Place>> = heard.iter().map(|heard| self.by_song(heard.played.as_ref()?)).collect();
        for (heard, place) in heard.iter_mut().zip(&places) {
            let Some(Place { on_parts, off_parts, .. }) = *place else { continue };
            heard.note.onset_ticks = self.beat_ticks() + nearest_ticks(on_parts);
            let played_ticks = off_parts.map(|off_parts| nearest_ticks(off_parts - on_parts).max(1));
            heard.note.duration_ticks = played_ticks.map_or(1, |ticks| u32::try_from(ticks).unwrap_or(u32::MAX));
        }
        self.hear(heard, &places);
    }

    fn by_song(&self, played: &Played) -> Option<Place> {
        let Strike { on_parts, us_per_beat, .. } = played.strike;
        let on_parts = self.parts(on_parts)?;
        Some(Place { on_parts, us_per_beat, off_parts: played.off_us.map(|_| on_parts + played.held_parts) })
    }

    /// Keys go down and up again, in the order in which they were played, at places of the score.
    fn hear(&mut self, heard: &mut [Heard], places: &[Option<Place>]) {
        // Ends before beginnings; but what ends as it begins ends after that.
        let mut events: Vec<(i64, u8, Pitch, usize)> = Vec::new();
        for (index, (heard, place)) in heard.iter().zip(places).enumerate() {
            let Some(Place { on_parts, off_parts, .. }) = *place else { continue };
            events.push((on_parts, 1, heard.note.pitch, index));
            let order = |off_parts| if off_parts > on_parts { 0 } else { 2 };
            events.extend(off_parts.map(|off_parts| (off_parts, order(off_parts), heard.note.pitch, index)));
        }
        events.sort_unstable();
        for (parts, kind, pitch, index) in events {
            let (Some(played), Some(place)) = (&mut heard[index].played, places[index]) else { continue };
            if kind == 1 {
                played.id = Some(self.ear.strike(parts, place.us_per_beat, pitch, played.strike.velocity));
                played.strike.us_per_beat = place.us_per_beat;
                played.held_parts = place.off_parts.map_or(0, |off_parts| (off_parts - parts).max(1));
            } else if let Some(id) = played.id {
                self.ear.release(id, parts);
            }
        }
    }
}

/// Where a note is in the score, in parts of a tick from a beat.
#[derive(Clone, Copy, Debug)]
struct Place {
    on_parts: i64,
    us_per_beat: u32,
    /// `None` while the key is down.
    off_parts: Option<i64>,
}

/// The mean of the last beats.
fn latest_us_per_beat(beats_us: &[i64]) -> u32 {
    let latest = &beats_us[beats_us.len().saturating_sub(LATEST_BEATS + 1)..];
    let n_beats = i64::try_from(latest.len()).unwrap_or(1) - 1;
    let us = latest.last().zip(latest.first()).map_or(0, |(last, first)| last - first);
    u32::try_from(us / n_beats.max(1)).unwrap_or(1)
}

fn us_of(parts: i64, us_per_beat: u32) -> i64 {
    i64::try_from(i128::from(parts) * i128::from(us_per_beat) / i128::from(PARTS_PER_BEAT)).unwrap_or(0)
}
