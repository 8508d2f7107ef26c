//! A score as a picture: time from left to right with a line at each beat and bar, pitch from the bottom up, a colour for
//! each part, paler for softer notes.

mod canvas;

use crate::note::{Note, Pitch};
use crate::score::{Part, Role, Score};
use crate::tempo::as_f64;
use canvas::{Canvas, Colour, mix};

const MIN_WIDTH: f64 = 1600.0;
/// Longer music is squeezed into this.
const MAX_WIDTH: f64 = 6000.0;
const PIXELS_PER_BEAT: f64 = 24.0;
const MIN_HEIGHT: f64 = 640.0;
const MIN_ROW: f64 = 8.0;
const LEFT: f32 = 90.0;
const RIGHT: f32 = 30.0;
const TOP: f32 = 96.0;
const BOTTOM: f32 = 56.0;
/// Lines closer than this would be a grey sheet.
const MIN_GAP: f64 = 4.0;
/// Numbers of bars closer than this would run into each other.
const MIN_NUMBER_GAP: f64 = 36.0;
/// Keys to show above and below the music.
const MARGIN_KEYS: u8 = 2;

const PAPER: Colour = [252, 251, 248];
const BLACK_KEY: Colour = [244, 242, 237];
const LINE: Colour = [222, 218, 209];
const BAR_LINE: Colour = [176, 170, 158];
const INK: Colour = [52, 50, 46];
const CALL: Colour = [44, 105, 178];
const ANSWER: Colour = [219, 104, 36];
/// Of parts that are neither, in turn.
const OTHERS: [Colour; 4] = [[44, 130, 70], [130, 70, 150], [150, 110, 20], [20, 130, 140]];

/// Why there is no picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureError {
    /// No notes, or none but drums.
    NoNotes,
    /// The picture does not fit into the memory, or the font is damaged.
    NoCanvas,
}

impl std::fmt::Display for PictureError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::NoNotes => "there are no notes to draw",
            Self::NoCanvas => "there is no room for the picture; close other programs and try again",
        })
    }
}

impl std::error::Error for PictureError {}

/// The PNG file of a piano roll, as it sounds; drums are left out. `title` is written above.
///
/// ```
/// use music::{Note, Part, Pitch, Score, TimeSignature, Velocity, piano_roll};
///
/// let (pitch, velocity) = (Pitch::MIDDLE_C, Velocity::MEDIUM);
/// let note = Note { onset_ticks: 0, duration_ticks: 48, pitch, velocity };
/// let score = Score::new(120.0, TimeSignature::COMMON).with_part(Part::new("Call", vec![note]));
/// assert!(piano_roll::draw(&score, "One note")?.starts_with(b"\x89PNG"));
/// # Ok::<(), piano_roll::PictureError>(())
/// ```
///
/// # Errors
/// When there are no notes.
pub fn draw(score: &Score, title: &str) -> Result<Vec<u8>, PictureError> {
    let score = score.without_pedal();
    let is_drawn = |part: &&Part| !part.is_drums() && !part.notes.is_empty();
    let parts: Vec<&Part> = score.parts.iter().filter(is_drawn).collect();
    let roll = Roll::new(&score, &parts).ok_or(PictureError::NoNotes)?;
    let mut canvas = Canvas::new(roll.width, roll.height, PAPER).ok_or(PictureError::NoCanvas)?;
    roll.draw_keys(&mut canvas);
    roll.draw_bars(&mut canvas, &score);
    canvas.text(LEFT, 30.0, 26.0, INK, title);
    let mut legend: Vec<(&str, Colour, usize)> = Vec::new();
    let mut n_others = 0;
    for part in parts {
        let (label, colour) = match part.role {
            Role::Call => ("call", CALL),
            Role::Answer => ("answer", ANSWER),
            Role::Other => {
                n_others += 1;
                (if part.name.is_empty() { "part" } else { part.name.as_str() }, OTHERS[(n_others - 1) % OTHERS.len()])
            }
        };
        for note in &part.notes {
            roll.draw_note(&mut canvas, note, colour);
        }
        match legend.iter_mut().find(|(known, ..)| *known == label) {
            Some((_, _, n_notes)) => *n_notes += part.notes.len(),
            None => legend.push((label, colour, part.notes.len())),
        }
    }
    let mut x = LEFT;
    for (label, colour, n_notes) in legend {
        canvas.rounded(x, 58.0, 22.0, 14.0, colour);
        x = canvas.text(x + 30.0, 65.0, 19.0, INK, &format!("{label}, {n_notes} notes")) + 36.0;
    }
    canvas.png().ok_or(PictureError::NoCanvas)
}

/// The mapping from music to pixels.
struct Roll {
    start_ticks: i64,
    end_ticks: i64,
    high: u8,
    low: u8,
    width: f32,
    height: f32,
    /// Height of a key.
    row: f32,
}

impl Roll {
    fn new(score: &Score, parts: &[&Part]) -> Option<Self> {
        let notes = || parts.iter().flat_map(|part| &part.notes);
        let keys = || notes().map(|note| note.pitch.get());
        let low = keys().min()?.saturating_sub(MARGIN_KEYS);
        let high = keys().max()?.saturating_add(MARGIN_KEYS).min(127).max(low.saturating_add(12).min(127));
        let first = notes().map(|note| note.onset_ticks).min()?;
        let last = notes().map(Note::end_ticks).max()?;
        let (start_ticks, end_ticks) = (score.bar_line(first), score.next_bar_line(last - 1));
        let n_beats = as_f64(end_ticks.saturating_sub(start_ticks)) / f64::from(score.ticks_per_beat);
        let margins = f64::from(LEFT + RIGHT);
        let width = pixels((n_beats * PIXELS_PER_BEAT + margins).clamp(MIN_WIDTH, MAX_WIDTH));
        let height = pixels((f64::from(high - low + 1) * MIN_ROW + f64::from(TOP + BOTTOM)).max(MIN_HEIGHT));
        let row = (height - TOP - BOTTOM) / f32::from(high - low + 1);
        Some(Self { start_ticks, end_ticks, high, low, width, height, row })
    }

    fn pixels_per_tick(&self) -> f64 {
        f64::from(self.width - LEFT - RIGHT) / as_f64(self.end_ticks.saturating_sub(self.start_ticks).max(1))
    }

    fn x(&self, ticks: i64) -> f32 {
        LEFT + pixels(as_f64(ticks.saturating_sub(self.start_ticks)) * self.pixels_per_tick())
    }

    /// Top of a key's row.
    fn y(&self, key: u8) -> f32 {
        TOP + self.row * (f32::from(self.high) - f32::from(key))
    }

    fn draw_note(&self, canvas: &mut Canvas, note: &Note, colour: Colour) {
        let (x, y) = (self.x(note.onset_ticks), self.y(note.pitch.get()));
        // A gap shows where a key is struck again.
        let width = (self.x(note.end_ticks()) - x - 1.5).max(2.5);
        let strength = 0.45 + 0.55 * f32::from(note.velocity.get()) / 127.0;
        canvas.rounded(x, y + 1.0, width, self.row - 2.0, mix(colour, PAPER, strength));
    }

    fn draw_keys(&self, canvas: &mut Canvas) {
        let (left, width) = (LEFT, self.width - LEFT - RIGHT);
        for key in self.low..=self.high {
            if Pitch::nearest(key).is_black() {
                canvas.rectangle(left, self.y(key), width, self.row, BLACK_KEY);
            }
            if key % 12 == 0 {
                canvas.rectangle(left, self.y(key) + self.row, width, 1.0, LINE);
                let name = format!("C{}", i16::from(key / 12) - 1);
                canvas.text(LEFT - 42.0, self.y(key) + self.row / 2.0, 17.0, INK, &name);
            }
        }
    }

    fn draw_bars(&self, canvas: &mut Canvas, score: &Score) {
        let beat = i64::from(score.ticks_per_beat.max(1));
        let (top, height) = (TOP, self.y(self.low) + self.row - TOP);
        let (mut line, mut number) = (self.start_ticks, 1u64);
        while line < self.end_ticks {
            let next = score.next_bar_line(line);
            let gap = as_f64(next - line) * self.pixels_per_tick();
            if gap < MIN_GAP {
                break;
            }
            if as_f64(beat) * self.pixels_per_tick() >= MIN_GAP {
                let mut at = line + beat;
                while at < next {
                    canvas.rectangle(self.x(at), top, 1.0, height, LINE);
                    at += beat;
                }
            }
            canvas.rectangle(self.x(line), top, 1.5, height, BAR_LINE);
            if gap >= MIN_NUMBER_GAP || number % 10 == 1 {
                canvas.text(self.x(line) + 4.0, top + height + 20.0, 17.0, INK, &number.to_string());
            }
            (line, number) = (next, number + 1);
        }
        canvas.rectangle(self.x(self.end_ticks), top, 1.5, height, BAR_LINE);
    }
}

#[expect(clippy::cast_possible_truncation, reason = "pixels")]
const fn pixels(value: f64) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use tiny_skia::Pixmap;

    use super::*;
    use crate::note::Velocity;
    use crate::time_signature::{MetreChange, TimeSignature};

    fn note(onset_ticks: i64, duration_ticks: u32, key: u8, velocity: u8) -> Note {
        let (pitch, velocity) = (Pitch::new(key).unwrap(), Velocity::new(velocity).unwrap());
        Note { onset_ticks, duration_ticks, pitch, velocity }
    }

    fn picture(score: &Score) -> Pixmap {
        Pixmap::decode_png(&draw(score, "A take").unwrap()).unwrap()
    }

    fn n_pixels(picture: &Pixmap, colour: Colour) -> usize {
        picture.pixels().iter().filter(|p| [p.red(), p.green(), p.blue()] == colour).count()
    }

    #[test]
    fn draws_both_parts_in_their_colours() {
        let call = Part::new("Call", vec![note(0, 48, 60, 127), note(48, 48, 67, 127)]);
        let answer = Part::new(crate::score::ANSWER_TRACK, vec![note(192, 48, 72, 127)]);
        let score = Score::new(120.0, TimeSignature::COMMON).with_part(call).with_part(answer);
        let picture = picture(&score);
        let (call, answer) = (n_pixels(&picture, CALL), n_pixels(&picture, ANSWER));
        // Two notes of the call for one of the answer, and a legend for each.
        assert!(call > 3 * answer / 2 && answer > 1000, "{call} and {answer}");
    }

    #[test]
    fn a_note_is_drawn_where_and_as_loud_as_it_is() {
        let score = Score::new(120.0, TimeSignature::COMMON)
            .with_part(Part::new("Call", vec![note(0, 48, 60, 127)]))
            .with_part(Part::new("Antiphon's answer", vec![note(384, 48, 64, 40)]));
        let picture = picture(&score);
        // 12 beats over the width between the margins; keys 58 to 70.
        let at = |beats: f32, key: u8| {
            let row = (640.0 - TOP - BOTTOM) / 13.0;
            let x = LEFT + (1600.0 - LEFT - RIGHT) * beats / 12.0;
            let y = TOP + row * (70.5 - f32::from(key));
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "pixels")]
            let pixel = picture.pixel(x as u32, y as u32).unwrap();
            [pixel.red(), pixel.green(), pixel.blue()]
        };
        assert_eq!(at(0.5, 60), CALL);
        assert_eq!(at(0.5, 64), PAPER);
        assert_eq!(at(8.5, 64), mix(ANSWER, PAPER, 0.45 + 0.55 * 40.0 / 127.0));
        assert!(at(4.0005, 65)[0] < LINE[0], "a bar line is darker than a beat's");
    }

    #[test]
    fn bars_follow_the_metre_and_the_pedal_is_heard() {
        let mut score = Score::new(120.0, TimeSignature::new(6, 3).unwrap());
        score.metres.push(MetreChange { start_ticks: 288, signature: TimeSignature::new(7, 3).unwrap() });
        let mut part = Part::new("Call", vec![note(0, 12, 60, 127), note(440, 16, 60, 127)]);
        let short = n_pixels(&picture(&score.clone().with_part(part.clone())), CALL);
        part.pedal = [(6, true), (144, false)].map(|(ticks, is_down)| crate::PedalChange { ticks, is_down }).to_vec();
        let long = n_pixels(&picture(&score.clone().with_part(part)), CALL);
        assert!(long > 3 * short, "{long} and {short}");
    }

    #[test]
    fn extremes_are_drawn_and_nothing_is_refused() {
        let score = |notes| Score::new(120.0, TimeSignature::COMMON).with_part(Part::new("", notes));
        let far = score(vec![note(-500, 1, 0, 1), note(9_000_000, u32::MAX, 127, 127)]);
        assert!(draw(&far, "").is_ok());
        assert_eq!(draw(&score(Vec::new()), ""), Err(PictureError::NoNotes));
        assert_eq!(draw(&score(vec![note(0, 1, 127, 1)]), "x").map(|png| png.len() > 100), Ok(true));
    }
}
