//! Notes as text that anyone can read, one event a line: `NOTE_ON pitch velocity`, `NOTE_OFF pitch`,
//! `TIME_SHIFT ticks`. Time starts at 0; music that starts before has a negative first shift. For tools; it allocates.

use std::fmt::Write;

use crate::note::{Note, Pitch, Velocity};
use crate::score::close_overlaps;

/// Why a text cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventTextError {
    /// Line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: String,
}

impl std::fmt::Display for EventTextError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.problem)
    }
}

impl std::error::Error for EventTextError {}

/// The text of `notes`, after [`close_overlaps`].
///
/// ```
/// use music::{Note, Pitch, Velocity, event_text};
///
/// let (pitch, velocity) = (Pitch::MIDDLE_C, Velocity::MEDIUM);
/// let note = Note { onset_ticks: 0, duration_ticks: 24, pitch, velocity };
/// let text = event_text::write(&[note]);
/// assert_eq!(text, "NOTE_ON 60 74\nTIME_SHIFT 24\nNOTE_OFF 60\n");
/// assert_eq!(event_text::parse(&text), Ok(vec![note]));
/// ```
#[must_use]
pub fn write(notes: &[Note]) -> String {
    let notes = close_overlaps(notes);
    // Ends before beginnings at the same tick.
    let end = |note: &Note| note.onset_ticks.saturating_add(i64::from(note.duration_ticks));
    let mut events: Vec<(i64, Option<u8>, u8)> = Vec::with_capacity(2 * notes.len());
    for note in &notes {
        events.push((note.onset_ticks, Some(note.velocity.get()), note.pitch.get()));
        events.push((end(note), None, note.pitch.get()));
    }
    events.sort_by_key(|&(tick, velocity, pitch)| (tick, velocity.is_some(), pitch));
    let (mut text, mut now) = (String::new(), 0i64);
    for (tick, velocity, pitch) in events {
        let line = match velocity {
            Some(velocity) => format!("NOTE_ON {pitch} {velocity}"),
            None => format!("NOTE_OFF {pitch}"),
        };
        let shift = tick.saturating_sub(now);
        now = tick;
        let result = if shift == 0 { writeln!(text, "{line}") } else { writeln!(text, "TIME_SHIFT {shift}\n{line}") };
        debug_assert!(result.is_ok(), "writing to a string does not fail");
    }
    text
}

/// The notes of a text, in [`Note::order`]. Empty lines are skipped.
///
/// # Errors
/// The first line that is wrong: an unknown word, a number that is missing, extra or out of range, a key struck while it
/// sounds or released while it does not, a note without length, a shift back in time after the first note.
pub fn parse(text: &str) -> Result<Vec<Note>, EventTextError> {
    let (mut notes, mut now) = (Vec::new(), 0i64);
    // Line, onset and velocity of what sounds.
    let mut sounding = [None::<(usize, i64, Velocity)>; 128];
    for (line, words) in (1..).zip(text.lines()) {
        let error = |problem: String| EventTextError { line, problem };
        let words: Vec<&str> = words.split_whitespace().collect();
        let pitch_of = |word: &str| {
            word.parse().ok().and_then(Pitch::new).ok_or_else(|| error(format!("the pitch {word} is not 0 to 127")))
        };
        match *words.as_slice() {
            [] => {}
            ["TIME_SHIFT", ticks] => {
                let shift: i64 = ticks.parse().map_err(|_| error(format!("{ticks} is not a number of ticks")))?;
                let begun = !notes.is_empty() || sounding.iter().any(Option::is_some);
                if shift < 0 && begun {
                    return Err(error("only music that has not begun may shift back in time".into()));
                }
                now = now.checked_add(shift).ok_or_else(|| error("time runs beyond all limits".into()))?;
            }
            ["NOTE_ON", pitch, velocity] => {
                let pitch = pitch_of(pitch)?;
                let number = velocity.parse().ok().and_then(Velocity::new);
                let velocity = number.ok_or_else(|| error(format!("the velocity {velocity} is not 1 to 127")))?;
                if sounding[usize::from(pitch.get())].replace((line, now, velocity)).is_some() {
                    return Err(error(format!("{} already sounds; release it first", pitch.get())));
                }
            }
            ["NOTE_OFF", pitch] => {
                let pitch = pitch_of(pitch)?;
                let Some((_, onset_ticks, velocity)) = sounding[usize::from(pitch.get())].take() else {
                    return Err(error(format!("{} does not sound; strike it first", pitch.get())));
                };
                let length = now.checked_sub(onset_ticks).and_then(|ticks| u32::try_from(ticks).ok());
                let Some(duration_ticks @ 1..) = length else {
                    return Err(error("the note's length is not 1 to 4294967295 ticks".into()));
                };
                notes.push(Note { onset_ticks, duration_ticks, pitch, velocity });
            }
            ["TIME_SHIFT" | "NOTE_ON" | "NOTE_OFF", ..] => {
                return Err(error("write NOTE_ON pitch velocity, NOTE_OFF pitch or TIME_SHIFT ticks".into()));
            }
            [word, ..] => return Err(error(format!("{word} is not NOTE_ON, NOTE_OFF or TIME_SHIFT"))),
        }
    }
    if let Some(&(line, ..)) = sounding.iter().flatten().min_by_key(|(line, ..)| line) {
        return Err(EventTextError { line, problem: "this note is never released; add its NOTE_OFF".into() });
    }
    notes.sort_by_key(Note::order);
    Ok(notes)
}

#[cfg(test)]
mod tests {
    use oorandom::Rand32;

    use super::*;

    fn note(onset_ticks: i64, duration_ticks: u32, key: u8) -> Note {
        Note { onset_ticks, duration_ticks, pitch: Pitch::new(key).unwrap(), velocity: Velocity::new(81).unwrap() }
    }

    #[test]
    fn a_chord_and_a_note_read_as_anyone_would_write_them() {
        let text = write(&[note(0, 48, 60), note(0, 48, 64), note(48, 24, 60)]);
        let want = "NOTE_ON 60 81\nNOTE_ON 64 81\nTIME_SHIFT 48\nNOTE_OFF 60\nNOTE_OFF 64\nNOTE_ON 60 81\n\
                    TIME_SHIFT 24\nNOTE_OFF 60\n";
        assert_eq!(text, want);
    }

    #[test]
    fn any_notes_come_back() {
        let mut random = Rand32::new(4);
        for round in 0..50i64 {
            let notes: Vec<Note> = (0..200)
                .map(|_| {
                    let key = u8::try_from(random.rand_range(50..70)).unwrap();
                    let onset = i64::from(random.rand_range(0..3000)) - 100 * round;
                    note(onset, random.rand_range(0..400), key)
                })
                .collect();
            let closed = close_overlaps(&notes);
            assert_eq!(parse(&write(&notes)).unwrap(), closed);
            assert_eq!(close_overlaps(&closed), closed);
            assert!(closed.len() > 100);
        }
    }

    #[test]
    fn overlaps_on_a_key_are_closed() {
        let closed = close_overlaps(&[note(0, 100, 60), note(40, 10, 60), note(40, 20, 60), note(40, 0, 62)]);
        assert_eq!(closed, [note(0, 40, 60), note(40, 20, 60), note(40, 1, 62)]);
        assert_eq!(write(&[]), "");
        assert_eq!(parse("\n  \n").unwrap(), []);
    }

    #[test]
    fn wrong_lines_are_named() {
        let cases = [
            ("NOTE_ON 60 80\nNOTE_OF 60", 2),
            ("NOTE_ON 128 80", 1),
            ("NOTE_ON 60 0", 1),
            ("NOTE_ON 60", 1),
            ("NOTE_ON 60 80 1", 1),
            ("TIME_SHIFT x", 1),
            ("TIME_SHIFT 9223372036854775807\nTIME_SHIFT 1", 2),
            ("NOTE_ON 60 80\nTIME_SHIFT -1", 2),
            ("NOTE_ON 60 80\nTIME_SHIFT 4\nNOTE_ON 60 80", 3),
            ("NOTE_ON 60 80\nNOTE_OFF 60", 2),
            ("NOTE_ON 60 80\nTIME_SHIFT 5000000000\nNOTE_OFF 60", 3),
            ("\nNOTE_OFF 60", 2),
            ("NOTE_ON 64 80\nNOTE_ON 60 80\nTIME_SHIFT 4\nNOTE_OFF 64", 2),
        ];
        for (text, line) in cases {
            assert_eq!(parse(text).unwrap_err().line, line, "{text}");
        }
    }
}
