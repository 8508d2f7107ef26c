//! 20,000 files with one wrong byte: none loses a note without a word.
//!
//! What "without a word" means. If a mutated file is refused, or anything is said of it that is not said of the sound one,
//! nothing is silent. If nothing is said, every byte was understood, and the wrong byte must be a value that a composer
//! could have written there:
//!
//! * a time between events: the same keys at the same velocities in the same order, some of them at other times;
//! * a velocity: the same notes, one of which is louder or softer;
//! * anything else, such as a text, a tempo, a pedal, a channel, or the header's format: the same keys, velocities and
//!   lengths. They may come later: a text can turn into programs that take time.

use music::midi::{MidiFile, read, write};
use music::{MetreChange, Note, Part, PedalChange, Score, TempoMap, TimeSignature};
use oorandom::Rand32;

use crate::common::{music, note};

const N_MUTATIONS: u32 = 20_000;

/// What a byte of a sound file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Time,
    Velocity,
    Other,
}

/// A sound file and what each of its bytes is, found with a parser that knows nothing of damage.
struct Sound {
    bytes: Vec<u8>,
    places: Vec<Place>,
    file: MidiFile,
}

impl Sound {
    fn new(bytes: Vec<u8>) -> Self {
        let mut places = vec![Place::Other; bytes.len()];
        let mut at = 14;
        while at < bytes.len() {
            let length = u32::from_be_bytes(bytes[at + 4..at + 8].try_into().unwrap()) as usize;
            mark_track(&bytes, at + 8, at + 8 + length, &mut places);
            at += 8 + length;
        }
        let file = read(&bytes).unwrap();
        assert_eq!(file.left_out, [], "a sound file");
        Self { bytes, places, file }
    }
}

/// Marks the bytes of a sound track.
fn mark_track(bytes: &[u8], mut at: usize, end: usize, places: &mut [Place]) {
    let mut running = 0;
    while at < end {
        while bytes[at] >= 0x80 {
            places[at] = Place::Time;
            at += 1;
        }
        places[at] = Place::Time;
        at += 1;
        let mut status = running;
        if bytes[at] >= 0x80 {
            status = bytes[at];
            at += 1;
        }
        match status {
            0xF0 | 0xFF => {
                at += usize::from(status == 0xFF);
                assert!(bytes[at] < 0x80, "long data");
                at += 1 + usize::from(bytes[at]);
            }
            0xC0..=0xDF => at += 1,
            _ => {
                if status & 0xF0 == 0x90 {
                    places[at + 1] = Place::Velocity;
                }
                at += 2;
            }
        }
        if status < 0xF0 {
            running = status;
        }
    }
}

/// Music with all that a sound file may hold: names, two ports, pedals, metres, tempi.
fn rich() -> Vec<u8> {
    let signature = |numerator, power| TimeSignature::new(numerator, power).unwrap();
    let mut score = Score::new(96.0, signature(6, 3)).with_part(Part::new("Right hand", music()));
    score.metres.push(MetreChange { start_ticks: 288, signature: signature(7, 3) });
    score.tempi = TempoMap::new(48, [(0, 600_000), (96, 400_123), (300, 500_000)]);
    score.parts[0].pedal = (0..8).map(|k| PedalChange { ticks: 40 * i64::from(k) + 3, is_down: k % 2 == 0 }).collect();
    let bass = (0..24).map(|i| note(32 * i, 30, 36 + u8::try_from(i % 7).unwrap(), 100)).collect();
    let mut left = Part::new("Left hand", bass).on_channel(3);
    left.port = 1;
    score.parts.push(left);
    write(&score).unwrap()
}

/// Running status from beginning to end, times of one byte, a program, a text, a message and data for one program.
fn terse() -> Vec<u8> {
    let mut events = vec![0, 0xC0, 5, 0, 0xFF, 1, 5];
    events.extend(b"Terse");
    events.extend([0, 0xF0, 4, 0x7E, 9, 1, 0xF7, 0, 0xFF, 0x7F, 3, 0x43, 0, 1, 0, 0x90, 60, 80]);
    for i in 1..48u8 {
        let key = |i: u8| 60 + i % 25 * 7 % 25;
        events.extend([24, key(i - 1), 0, 0, key(i), 70 + i]);
    }
    events.extend([24, 60 + 47 % 25 * 7 % 25, 0]);
    crate::common::track(&events)
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)).unwrap()
}

/// The notes of each track; a wrong channel in a track is one with notes in another part.
fn tracks(file: &MidiFile) -> Vec<Note> {
    let mut notes: Vec<Note> = file.score.parts.iter().flat_map(|part| part.notes.iter().copied()).collect();
    notes.sort_by_key(|note| (note.onset_ticks, note.pitch, note.duration_ticks, note.velocity));
    notes
}

fn sorted<T: Ord>(notes: &[Note], of: impl Fn(&Note) -> T) -> Vec<T> {
    let mut values: Vec<T> = notes.iter().map(of).collect();
    values.sort();
    values
}

/// Why the mutated file, of which nothing is said, has lost something.
fn silent_loss(sound: &Sound, place: Place, mutated: &MidiFile) -> Option<&'static str> {
    let (before, after) = (tracks(&sound.file), tracks(mutated));
    let key_and_velocity = |note: &Note| (note.pitch, note.velocity);
    match place {
        Place::Time if sorted(&before, key_and_velocity) != sorted(&after, key_and_velocity) => {
            Some("a time changed keys or velocities")
        }
        Place::Other => {
            let of = |note: &Note| (note.pitch, note.velocity, note.duration_ticks);
            (sorted(&before, of) != sorted(&after, of)).then_some("more than onsets changed")
        }
        Place::Velocity => {
            let of = |note: &Note| (note.onset_ticks, note.pitch, note.duration_ticks);
            let n_changed = before.iter().zip(&after).filter(|(a, b)| a.velocity != b.velocity).count();
            (sorted(&before, of) != sorted(&after, of) || n_changed > 1).then_some("more than a velocity changed")
        }
        Place::Time => None,
    }
}

#[test]
fn no_wrong_byte_costs_a_note_without_a_word() {
    let sounds =
        [rich(), terse(), fixture("00-control.mid"), fixture("02-running-status-after-sysex.mid")].map(Sound::new);
    let mut random = Rand32::new(20_000);
    let (mut n_silent, mut n_refused, mut n_kept) = (0, 0, [0usize; 2]);
    for round in 0..N_MUTATIONS {
        let sound = &sounds[round as usize % sounds.len()];
        let mut bytes = sound.bytes.clone();
        let at = random.rand_range(0..u32::try_from(bytes.len()).unwrap()) as usize;
        bytes[at] = bytes[at].wrapping_add(u8::try_from(random.rand_range(1..256)).unwrap());
        match read(&bytes) {
            Err(_) => n_refused += 1,
            Ok(mutated) => {
                n_kept[0] += mutated.score.n_notes().min(sound.file.score.n_notes());
                n_kept[1] += sound.file.score.n_notes();
                if mutated.left_out.is_empty() {
                    n_silent += 1;
                    let loss = silent_loss(sound, sound.places[at], &mutated);
                    let was = sound.bytes[at];
                    assert_eq!(
                        loss,
                        None,
                        "round {round}, file {}: byte {at} of {}, {was:02X} -> {:02X}, {:?}",
                        round as usize % sounds.len(),
                        bytes.len(),
                        bytes[at],
                        sound.places[at]
                    );
                }
            }
        }
    }
    println!("{n_silent} of {N_MUTATIONS} say nothing, {n_refused} are refused; kept {n_kept:?}");
    // Most wrong bytes are values, and nothing else; hardly any makes the file useless.
    assert!(n_refused < N_MUTATIONS / 50, "{n_refused} are refused");
    assert!(n_kept[0] * 100 > n_kept[1] * 98, "{n_kept:?}");
}
