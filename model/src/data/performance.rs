//! Prepared music as hands play it: as the notes come, and as the ear hears them.

use engine::Metre;
use music::Note;
use music::rhythm::grid::nearest_ticks;
use music::rhythm::{PlayedNote, write_down};

use crate::data::hands::{Hands, USUAL_SD_MS};
use crate::data::shards::PlacedNote;

/// Prepared music no longer knows its tempo: it is played at 120 beats a minute.
pub(crate) const USUAL_US_PER_BEAT: u32 = 500_000;

/// Music with a beat as the ear hears it, at one tempo in microseconds a beat. What else is known of a note stays with it.
pub(crate) fn heard(notes: &[PlacedNote], hands: &mut Hands, us_per_beat: u32) -> Vec<PlacedNote> {
    let bar_lines = BarLines::of(notes);
    // The ear knows where beats are.
    let beat_ticks = bar_lines.0.first().copied().unwrap_or(0);
    let (played, written): (Vec<PlayedNote>, Vec<usize>) = play(notes, hands, us_per_beat).into_iter().unzip();
    placed(write_down(&played, beat_ticks).into_iter().zip(written), notes, &bar_lines)
}

/// The same from usual hands, one pair for each seed.
pub(crate) fn heard_from_hands(notes: &[PlacedNote], seed: u64) -> Vec<PlacedNote> {
    heard(notes, &mut Hands::new(USUAL_SD_MS, seed), USUAL_US_PER_BEAT)
}

/// What [`heard_from_hands`] hears, as it sounds: to the nearest tick, and no ear has put it right.
pub(crate) fn played_by_hands(notes: &[PlacedNote], seed: u64) -> Vec<PlacedNote> {
    as_they_come(notes, &mut Hands::new(USUAL_SD_MS, seed), USUAL_US_PER_BEAT)
}

/// As [`heard`], but to the nearest tick, without an ear.
pub(crate) fn as_they_come(notes: &[PlacedNote], hands: &mut Hands, us_per_beat: u32) -> Vec<PlacedNote> {
    let rounded = |(played, i): (PlayedNote, usize)| {
        let onset_ticks = nearest_ticks(played.onset_parts);
        let duration_ticks = u32::try_from((nearest_ticks(played.off_parts) - onset_ticks).max(1)).unwrap_or(1);
        (Note { onset_ticks, duration_ticks, pitch: played.pitch, velocity: played.velocity }, i)
    };
    placed(play(notes, hands, us_per_beat).into_iter().map(rounded), notes, &BarLines::of(notes))
}

/// Each with its place in `notes`, in the order in which they are struck.
fn play(notes: &[PlacedNote], hands: &mut Hands, us_per_beat: u32) -> Vec<(PlayedNote, usize)> {
    let written: Vec<Note> = notes.iter().map(|placed| placed.note).collect();
    hands.play(&written, |_| us_per_beat)
}

/// Notes in their bars, in order, with the labels of the written ones.
fn placed(read: impl Iterator<Item = (Note, usize)>, written: &[PlacedNote], bar_lines: &BarLines) -> Vec<PlacedNote> {
    let mut placed: Vec<PlacedNote> = read.map(|(note, i)| bar_lines.placed(note, written[i])).collect();
    placed.sort_by_key(|placed| placed.note.order());
    placed
}

/// The bar lines of a piece that notes have told of.
struct BarLines(Vec<i64>);

impl BarLines {
    fn of(notes: &[PlacedNote]) -> Self {
        let line = |placed: &PlacedNote| Some(placed.note.onset_ticks - placed.position.in_bar_ticks()?);
        let mut lines: Vec<i64> = notes.iter().filter_map(line).collect();
        lines.sort_unstable();
        lines.dedup();
        Self(lines)
    }

    /// A note in the bar into which it falls.
    fn placed(&self, note: Note, like: PlacedNote) -> PlacedNote {
        let after = self.0.partition_point(|line| *line <= note.onset_ticks);
        let bar_line_ticks = self.0.get(after.saturating_sub(1)).copied().unwrap_or(0);
        // Before the first line the bar before begins, whose length is that of the first.
        let bar_ticks = match self.0.get(..2) {
            Some([first, second]) if after == 0 => u32::try_from(second - first).unwrap_or(u32::MAX),
            _ => u32::MAX,
        };
        let position = Metre::Bars { bar_line_ticks, bar_ticks }.position(note.onset_ticks);
        PlacedNote { note, position, ..like }
    }
}
