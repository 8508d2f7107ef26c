//! Pictures of notes: a piano roll as a PNG, a colour for each player, darker for louder notes.

use anyhow::{Context, Result};
use engine::{Note, TICKS_PER_BEAT};

const KEY_PIXELS: usize = 8;
const PIXELS_PER_BEAT: usize = 24;
/// Longer music is squeezed into this.
const MAX_WIDTH: usize = 6000;
const MARGIN_KEYS: u8 = 3;

type Colour = [u8; 3];
const PAPER: Colour = [250, 250, 247];
const BLACK_KEY_ROW: Colour = [240, 240, 236];
const BEAT_LINE: Colour = [228, 228, 224];
const BAR_LINE: Colour = [190, 190, 186];
/// Of the loudest notes of each player in turn.
const PLAYERS: [Colour; 3] = [[28, 98, 178], [206, 84, 30], [44, 130, 70]];

/// The PNG file of a piano roll: time from left to right with a line at each beat and bar, pitch from the bottom up.
/// Each element of `players` is drawn in its own colour.
///
/// # Errors
/// If there are no notes.
pub fn piano_roll(players: &[&[Note]], bar_ticks: u32) -> Result<Vec<u8>> {
    let notes = || players.iter().flat_map(|notes| notes.iter());
    let nothing = "there are no notes to draw";
    let bar_ticks = i64::from(bar_ticks.max(1));
    let first = notes().map(|note| note.onset_ticks).min().context(nothing)?.div_euclid(bar_ticks) * bar_ticks;
    let last = notes().map(Note::end_ticks).max().context(nothing)?;
    let lowest = notes().map(|note| note.pitch.get()).min().context(nothing)?.saturating_sub(MARGIN_KEYS);
    let highest = (notes().map(|note| note.pitch.get()).max().context(nothing)? + MARGIN_KEYS).min(127);

    let span_ticks = usize::try_from(last - first).unwrap_or(usize::MAX).max(1);
    let width = (span_ticks.saturating_mul(PIXELS_PER_BEAT) / TICKS_PER_BEAT as usize).clamp(200, MAX_WIDTH);
    let height = usize::from(highest - lowest + 1) * KEY_PIXELS;
    let x = |ticks: i64| usize::try_from(ticks - first).unwrap_or(0).saturating_mul(width) / span_ticks;
    let y = |key: u8| usize::from(highest - key) * KEY_PIXELS;
    let mut canvas = Canvas { width, pixels: vec![PAPER; width * height] };

    for key in (lowest..=highest).filter(|key| matches!(key % 12, 1 | 3 | 6 | 8 | 10)) {
        canvas.fill(0..width, y(key)..y(key) + KEY_PIXELS, BLACK_KEY_ROW);
    }
    for (unit_ticks, colour) in [(i64::from(TICKS_PER_BEAT), BEAT_LINE), (bar_ticks, BAR_LINE)] {
        // Lines closer than this would be a grey sheet.
        if x(first + unit_ticks) >= 4 {
            for ticks in (first..=last).step_by(usize::try_from(unit_ticks)?) {
                canvas.fill(x(ticks)..x(ticks) + 1, 0..height, colour);
            }
        }
    }
    for (notes, colour) in players.iter().zip(PLAYERS.iter().cycle()) {
        for note in *notes {
            let left = x(note.onset_ticks);
            // A gap shows where a key is struck again.
            let right = x(note.end_ticks()).saturating_sub(1).max(left + 2);
            let top = y(note.pitch.get());
            canvas.fill(left..right, top + 1..top + KEY_PIXELS - 1, shade(*colour, note.velocity.get()));
        }
    }
    canvas.png()
}

/// The colour, mixed with paper for soft notes.
fn shade(colour: Colour, velocity: u8) -> Colour {
    let loud = u32::from(velocity.clamp(32, 112)) - 32 + 20;
    std::array::from_fn(|i| {
        let mixed = (u32::from(colour[i]) * loud + u32::from(PAPER[i]) * (100 - loud)) / 100;
        u8::try_from(mixed).unwrap_or(u8::MAX)
    })
}

struct Canvas {
    width: usize,
    /// (height, width)
    pixels: Vec<Colour>,
}

impl Canvas {
    fn fill(&mut self, columns: std::ops::Range<usize>, rows: std::ops::Range<usize>, colour: Colour) {
        let columns = columns.start.min(self.width)..columns.end.min(self.width);
        for row in self.pixels.chunks_mut(self.width).take(rows.end).skip(rows.start) {
            row[columns.clone()].fill(colour);
        }
    }

    fn png(&self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let height = self.pixels.len() / self.width;
        let mut encoder = png::Encoder::new(&mut bytes, u32::try_from(self.width)?, u32::try_from(height)?);
        encoder.set_color(png::ColorType::Rgb);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(self.pixels.as_flattened())?;
        writer.finish()?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use engine::{Pitch, Velocity};

    use super::*;

    fn note(onset_ticks: i64, duration_ticks: u32, key: u8, velocity: u8) -> Note {
        let (pitch, velocity) = (Pitch::new(key).unwrap(), Velocity::new(velocity).unwrap());
        Note { onset_ticks, duration_ticks, pitch, velocity }
    }

    #[test]
    fn a_note_is_drawn_where_and_as_loud_as_it_is() {
        let (call, answer) = ([note(0, 48, 60, 127)], [note(384, 48, 64, 40)]);
        let bytes = piano_roll(&[&call, &answer], 192).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        // Keys 57 to 67; 9 beats.
        assert_eq!((info.width, info.height), (9 * 24, 11 * 8));
        let at = |x: usize, key: usize| {
            let i = ((67 - key) * 8 + 4) * info.line_size + 3 * x;
            [pixels[i], pixels[i + 1], pixels[i + 2]]
        };
        assert_eq!(at(12, 60), PLAYERS[0]);
        assert_eq!(at(12, 64), PAPER);
        assert_eq!(at(8 * 24 + 12, 64), shade(PLAYERS[1], 40));
        assert_ne!(at(8 * 24 + 12, 64), PLAYERS[1]);
        assert_eq!(at(192, 60), BAR_LINE);
    }

    #[test]
    fn extremes_are_drawn_and_nothing_is_refused() {
        let far = [note(-500, 1, 0, 1), note(9_000_000, u32::MAX, 127, 127)];
        assert!(piano_roll(&[&far], 0).is_ok());
        assert!(piano_roll(&[&[], &[]], 192).is_err());
    }
}
