//! Draws a take as a piano roll: the call and its answer in two colours, with bar lines and a legend.

use std::path::Path;

use ab_glyph::{Font, FontRef, Glyph, Point, PxScale, ScaleFont};
use anyhow::{Context, Result};
use tiny_skia::{Color, FillRule, Paint, PathBuilder, Pixmap, Rect, Transform};

use super::midi_file::Note;

const WIDTH: u32 = 1600;
const HEIGHT: u32 = 640;
const LEFT: f32 = 90.0;
const RIGHT: f32 = 30.0;
const TOP: f32 = 96.0;
const BOTTOM: f32 = 56.0;

const PAPER: [u8; 3] = [252, 251, 248];
const BLACK_KEY: [u8; 3] = [244, 242, 237];
const LINE: [u8; 3] = [222, 218, 209];
const BAR_LINE: [u8; 3] = [176, 170, 158];
const INK: [u8; 3] = [52, 50, 46];
const CALL: [u8; 3] = [44, 105, 178];
const ANSWER: [u8; 3] = [219, 104, 36];

/// What to draw.
pub(super) struct Take<'a> {
    /// Written above the roll.
    pub title: &'a str,
    /// Length of a bar, in quarter notes.
    pub bar_beats: f64,
    /// What was played to the plugin.
    pub call: &'a [Note],
    /// What it played back.
    pub answer: &'a [Note],
}

/// Writes the picture as a PNG.
///
/// # Errors
/// When the file cannot be written.
pub(super) fn draw(path: &Path, take: &Take) -> Result<()> {
    let mut canvas = Canvas::new()?;
    let notes = || take.call.iter().chain(take.answer);
    let low = notes().map(|n| n.key).min().unwrap_or(48).saturating_sub(2);
    let high = notes().map(|n| n.key).max().unwrap_or(72).saturating_add(2).min(127).max(low + 12);
    let end = notes().map(|n| n.end_beats).fold(take.bar_beats, f64::max);
    let bars = (end / take.bar_beats - 1e-6).ceil();
    let roll = Roll::new(bars * take.bar_beats, low, high);

    roll.draw_keys(&mut canvas);
    roll.draw_bars(&mut canvas, take.bar_beats);
    for (notes, colour) in [(take.call, CALL), (take.answer, ANSWER)] {
        for note in notes {
            let (x, y) = (roll.x(note.start_beats), roll.y(note.key));
            let width = (roll.x(note.end_beats) - x - 1.5).max(2.5);
            // Loud notes are solid, soft ones pale.
            let strength = 0.45 + 0.55 * f32::from(note.velocity) / 127.0;
            canvas.rounded(x, y + 1.0, width, roll.row - 2.0, mix(colour, PAPER, strength));
        }
    }
    canvas.text(LEFT, 30.0, 26.0, INK, take.title);
    let mut x = LEFT;
    for (label, colour, count) in [("call", CALL, take.call.len()), ("answer", ANSWER, take.answer.len())] {
        canvas.rounded(x, 58.0, 22.0, 14.0, colour);
        x = canvas.text(x + 30.0, 65.0, 19.0, INK, &format!("{label}, {count} notes")) + 36.0;
    }
    canvas.save(path)
}

/// The mapping from music to pixels.
struct Roll {
    beats: f64,
    high: u8,
    low: u8,
    /// Height of a key, in pixels.
    row: f32,
}

impl Roll {
    fn new(beats: f64, low: u8, high: u8) -> Self {
        let row = (px(HEIGHT) - TOP - BOTTOM) / f32::from(high - low + 1);
        Self { beats, high, low, row }
    }

    #[expect(clippy::cast_possible_truncation, reason = "pixels")]
    fn x(&self, beats: f64) -> f32 {
        LEFT + (px(WIDTH) - LEFT - RIGHT) * (beats / self.beats) as f32
    }

    /// Top of a key's row.
    fn y(&self, key: u8) -> f32 {
        TOP + self.row * (f32::from(self.high) - f32::from(key))
    }

    fn draw_keys(&self, canvas: &mut Canvas) {
        let (left, width) = (LEFT, px(WIDTH) - LEFT - RIGHT);
        for key in self.low..=self.high {
            if matches!(key % 12, 1 | 3 | 6 | 8 | 10) {
                canvas.rectangle(left, self.y(key), width, self.row, BLACK_KEY);
            }
            if key % 12 == 0 {
                canvas.rectangle(left, self.y(key) + self.row, width, 1.0, LINE);
                let name = format!("C{}", i16::from(key / 12) - 1);
                canvas.text(LEFT - 42.0, self.y(key) + self.row / 2.0, 17.0, INK, &name);
            }
        }
    }

    fn draw_bars(&self, canvas: &mut Canvas, bar_beats: f64) {
        let (top, height) = (TOP, self.y(self.low) + self.row - TOP);
        let mut beat = 0.0;
        while beat <= self.beats + 1e-6 {
            let bar = beat / bar_beats;
            let is_bar = (bar - bar.round()).abs() < 1e-6;
            let colour = if is_bar { BAR_LINE } else { LINE };
            canvas.rectangle(self.x(beat), top, if is_bar { 1.5 } else { 1.0 }, height, colour);
            if is_bar && beat < self.beats - 1e-6 {
                let label = format!("{:.0}", bar + 1.0);
                canvas.text(self.x(beat) + 4.0, top + height + 20.0, 17.0, INK, &label);
            }
            beat += 1.0;
        }
    }
}

struct Canvas {
    pixels: Pixmap,
    font: FontRef<'static>,
}

impl Canvas {
    fn new() -> Result<Self> {
        let mut pixels = Pixmap::new(WIDTH, HEIGHT).context("a picture has a size")?;
        pixels.fill(Color::from_rgba8(PAPER[0], PAPER[1], PAPER[2], 255));
        Ok(Self { pixels, font: FontRef::try_from_slice(epaint_default_fonts::UBUNTU_LIGHT)? })
    }

    fn rectangle(&mut self, x: f32, y: f32, width: f32, height: f32, colour: [u8; 3]) {
        if let Some(rectangle) = Rect::from_xywh(x, y, width, height) {
            self.pixels.fill_rect(rectangle, &paint(colour), Transform::identity(), None);
        }
    }

    /// A rectangle with soft corners.
    fn rounded(&mut self, x: f32, y: f32, width: f32, height: f32, colour: [u8; 3]) {
        let r = 3.5f32.min(width / 2.0).min(height / 2.0);
        let (right, bottom) = (x + width, y + height);
        let mut path = PathBuilder::new();
        path.move_to(x + r, y);
        path.line_to(right - r, y);
        path.quad_to(right, y, right, y + r);
        path.line_to(right, bottom - r);
        path.quad_to(right, bottom, right - r, bottom);
        path.line_to(x + r, bottom);
        path.quad_to(x, bottom, x, bottom - r);
        path.line_to(x, y + r);
        path.quad_to(x, y, x + r, y);
        path.close();
        if let Some(path) = path.finish() {
            self.pixels.fill_path(&path, &paint(colour), FillRule::Winding, Transform::identity(), None);
        }
    }

    /// Writes a line of text that is centred on `middle_y`; returns where it ends.
    fn text(&mut self, x: f32, middle_y: f32, size: f32, colour: [u8; 3], text: &str) -> f32 {
        let font = self.font.as_scaled(PxScale::from(size));
        let baseline = middle_y + (font.ascent() + font.descent()) / 2.0;
        let mut pen = x;
        let mut glyphs: Vec<Glyph> = Vec::new();
        for character in text.chars() {
            let mut glyph = font.scaled_glyph(character);
            glyph.position = Point { x: pen, y: baseline };
            pen += font.h_advance(glyph.id);
            glyphs.push(glyph);
        }
        let outlines: Vec<_> = glyphs.into_iter().filter_map(|glyph| self.font.outline_glyph(glyph)).collect();
        for outline in outlines {
            let corner = outline.px_bounds().min;
            outline.draw(|dx, dy, coverage| self.blend(corner.x + px(dx), corner.y + px(dy), colour, coverage));
        }
        pen
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and is checked after")]
    fn blend(&mut self, x: f32, y: f32, colour: [u8; 3], coverage: f32) {
        if x < 0.0 || y < 0.0 || x >= px(WIDTH) || y >= px(HEIGHT) {
            return;
        }
        let at = 4 * (y as usize * WIDTH as usize + x as usize);
        let Some(pixel) = self.pixels.data_mut().get_mut(at..at + 3) else { return };
        let mixed = mix(colour, [pixel[0], pixel[1], pixel[2]], coverage);
        pixel.copy_from_slice(&mixed);
    }

    fn save(&self, path: &Path) -> Result<()> {
        self.pixels.save_png(path).with_context(|| format!("cannot write {}", path.display()))
    }
}

fn paint(colour: [u8; 3]) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color_rgba8(colour[0], colour[1], colour[2], 255);
    paint
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between two bytes")]
fn mix(over: [u8; 3], under: [u8; 3], strength: f32) -> [u8; 3] {
    let strength = strength.clamp(0.0, 1.0);
    std::array::from_fn(|i| (f32::from(over[i]) * strength + f32::from(under[i]) * (1.0 - strength)) as u8)
}

#[expect(clippy::cast_precision_loss, reason = "pixels")]
fn px(value: u32) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_both_parts_in_their_colours() {
        let note = |start: f64, key| Note { start_beats: start, end_beats: start + 1.0, key, velocity: 127 };
        let path = std::env::temp_dir().join(format!("antiphon-roll-{}.png", std::process::id()));
        let (call, answer) = ([note(0.0, 60), note(1.0, 67)], [note(4.0, 72)]);
        draw(&path, &Take { title: "A take", bar_beats: 4.0, call: &call, answer: &answer }).unwrap();
        let picture = Pixmap::load_png(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let n_pixels =
            |colour: [u8; 3]| picture.pixels().iter().filter(|p| [p.red(), p.green(), p.blue()] == colour).count();
        // Two notes of the call for one of the answer, and a legend for each.
        assert!(n_pixels(CALL) > 3 * n_pixels(ANSWER) / 2, "{} and {}", n_pixels(CALL), n_pixels(ANSWER));
        assert!(n_pixels(ANSWER) > 1000);
    }
}
