//! A loop whose bounds the host tells.

use engine::TICKS_PER_BEAT;

use super::rounding::{floor, whole};

/// A shorter one is left to the positions that the host tells.
const SHORTEST_TICKS: f64 = 1.0;
/// A host that tells its position only once for several blocks goes on counting beyond the loop's end, for so long at most. One that is
/// further does not loop, whatever it says.
const LATELY_TICKS: f64 = 48.0;

/// Its bounds, in ticks of the song.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct SongLoop {
    pub(super) start_ticks: f64,
    pub(super) end_ticks: f64,
}

impl SongLoop {
    /// The loop from one beat to another, if it makes sense.
    pub(super) fn of((start, end): (f64, f64)) -> Option<Self> {
        let ticks = |beats: f64| beats * f64::from(TICKS_PER_BEAT);
        let song_loop = Self { start_ticks: ticks(start), end_ticks: ticks(end) };
        let is_sound = start.abs() < 1e9 && end.abs() < 1e9 && song_loop.length() >= SHORTEST_TICKS;
        is_sound.then_some(song_loop)
    }

    fn length(&self) -> f64 {
        self.end_ticks - self.start_ticks
    }

    /// Where the song is that would be at a tick if it did not loop. What is within `guard` of the end has reached it.
    pub(super) fn wrapped(&self, ticks: f64, guard: f64) -> f64 {
        if ticks < self.end_ticks - guard {
            return ticks;
        }
        ticks - whole(floor((ticks - self.start_ticks + guard) / self.length())) * self.length()
    }

    /// As [`SongLoop::wrapped`], for a tick that the host tells.
    pub(super) fn wrapped_lately(&self, ticks: f64, guard: f64) -> f64 {
        if ticks > self.end_ticks + LATELY_TICKS { ticks } else { self.wrapped(ticks, guard) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_song_wraps_at_the_end_and_not_before() {
        let song_loop = SongLoop::of((1.0, 2.0)).unwrap();
        let wrapped = |ticks| song_loop.wrapped(ticks, 0.01);
        for (ticks, expected) in [(0.0, 0.0), (95.0, 95.0), (96.0, 48.0), (95.995, 47.995), (97.5, 49.5), (200.0, 56.0)]
        {
            assert!((wrapped(ticks) - expected).abs() < 1e-9, "{ticks}: {}", wrapped(ticks));
        }
        assert_eq!(song_loop.wrapped_lately(200.0, 0.01), 200.0, "that song does not loop");
        for bad in [(2.0, 1.0), (0.0, 0.001), (0.0, f64::NAN), (f64::NEG_INFINITY, 0.0)] {
            assert_eq!(SongLoop::of(bad), None, "{bad:?}");
        }
    }
}
