//! A score as one who plays it to Antiphon has it under the hands.

use super::{CALL_TRACK, Part, Role, Score};
use crate::note::Note;
use crate::tempo::TempoMap;

/// Finer than the ear: answers are written in the call's own ticks.
const MIN_TICKS_PER_BEAT: u32 = 480;
/// The slowest and the fastest beat, in microseconds: 20 and 400 BPM.
const US_PER_BEAT: std::ops::RangeInclusive<u32> = 150_000..=3_000_000;
const SUSTAIN: u8 = 64;

impl Score {
    /// The parts to play, on channels on which no pedal holds what is not its own: all but drums and Antiphon's own, unless there are no
    /// others. No one plays slower than 20 beats a minute, or faster than 400.
    #[must_use]
    pub fn as_call(self) -> Self {
        let mut score = self;
        let fine = score.ticks_per_beat * MIN_TICKS_PER_BEAT.div_ceil(score.ticks_per_beat);
        if fine != score.ticks_per_beat {
            score = score.resampled(fine);
        }
        score.parts.retain(|part| !part.is_drums());
        if score.parts.iter().any(|part| part.role != Role::Answer && !part.notes.is_empty()) {
            score.parts.retain(|part| part.role != Role::Answer);
        }
        let tempi =
            score.tempi.changes().map(|(start, us)| (start, us.clamp(*US_PER_BEAT.start(), *US_PER_BEAT.end())));
        score.tempi = TempoMap::new(score.ticks_per_beat, tempi.collect::<Vec<_>>());

        let mut instruments: Vec<(u8, u8)> = score.parts.iter().map(|part| (part.port, part.channel)).collect();
        instruments.sort_unstable();
        instruments.dedup();
        let has_pedal = score.parts.iter().any(|part| !part.pedal.is_empty());
        let mut parts: Vec<Part> = Vec::new();
        for part in std::mem::take(&mut score.parts) {
            let place = instruments.iter().position(|&it| it == (part.port, part.channel)).unwrap_or(0);
            // Channel 10 is for drums.
            let channel = u8::try_from(place + usize::from(place >= 9)).unwrap_or(15).min(15);
            let channel = if has_pedal { channel } else { 0 };
            match parts.iter_mut().find(|known| known.channel == channel) {
                Some(known) => {
                    known.notes.extend(part.notes);
                    known.pedal.extend(part.pedal);
                }
                None => parts.push(Part { pedal: part.pedal, ..Part::new(CALL_TRACK, part.notes).on_channel(channel) }),
            }
        }
        for part in &mut parts {
            part.notes.sort_by_key(Note::order);
            part.pedal.sort_by_key(|change| change.ticks);
        }
        score.parts = parts;
        score
    }

    /// What hands and feet do to play it, as MIDI messages in order of time. `at` is the sample at so many seconds of the score.
    pub fn messages(&self, at: impl Fn(f64) -> u64) -> Vec<(u64, [u8; 3])> {
        let sample = |ticks: i64| at(self.tempi.seconds(ticks));
        // At one sample keys go up, then the pedal moves, then keys go down.
        let mut messages: Vec<(u64, u8, [u8; 3])> = Vec::new();
        for part in &self.parts {
            let channel = part.channel;
            for note in &part.notes {
                let (key, velocity) = (note.pitch.get(), note.velocity.get());
                let (on, off) = (sample(note.onset_ticks), sample(note.end_ticks()));
                messages.push((on, 2, [0x90 | channel, key, velocity]));
                messages.push((off.max(on + 1), 0, [0x80 | channel, key, 0]));
            }
            for change in &part.pedal {
                let value = if change.is_down { 127 } else { 0 };
                messages.push((sample(change.ticks), 1, [0xb0 | channel, SUSTAIN, value]));
            }
        }
        messages.sort_by_key(|&(at, order, _)| (at, order));
        messages.into_iter().map(|(at, _, message)| (at, message)).collect()
    }
}
