//! Bar lines of a score, and the music between two times.

use crate::note::Note;
use crate::score::{Part, PedalChange, Score};
use crate::tempo::TempoMap;
use crate::time_signature::MetreChange;

impl Score {
    /// The bar line at or before a time.
    #[must_use]
    pub fn bar_line(&self, ticks: i64) -> i64 {
        let (start, bar_ticks) = self.bars_at(ticks);
        start + (ticks - start).div_euclid(bar_ticks) * bar_ticks
    }

    /// The first bar line after a time. A change of metre begins a bar, even within one.
    #[must_use]
    pub fn next_bar_line(&self, ticks: i64) -> i64 {
        let (_, bar_ticks) = self.bars_at(ticks);
        let next = self.bar_line(ticks).saturating_add(bar_ticks);
        let changes = self.metres.iter().map(|metre| metre.start_ticks);
        changes.filter(|&start| start > ticks).fold(next, i64::min)
    }

    /// A bar line, and the length of the bars from there on.
    fn bars_at(&self, ticks: i64) -> (i64, i64) {
        let start = self.metre_change(ticks).map_or(0, |metre| metre.start_ticks);
        (start, i64::from(self.signature(ticks).bar_ticks(self.ticks_per_beat)))
    }

    /// The music from `start` (a bar line, or the metre is lost) to `end`, as a score that begins at 0. Notes that begin
    /// before are left out, and those that go on are cut; a pedal that is down stays down, and goes up at the end.
    ///
    /// ```
    /// use music::{Note, Part, Pitch, Score, TimeSignature, Velocity};
    ///
    /// let (pitch, velocity) = (Pitch::MIDDLE_C, Velocity::MEDIUM);
    /// let notes = [0, 192, 384].map(|onset_ticks| Note { onset_ticks, duration_ticks: 192, pitch, velocity });
    /// let score = Score::new(120.0, TimeSignature::COMMON).with_part(Part::new("", notes.to_vec()));
    /// let second_bar = score.excerpt(192, score.next_bar_line(192));
    /// assert_eq!(second_bar.parts[0].notes, [notes[0]]);
    /// ```
    #[must_use]
    pub fn excerpt(&self, start: i64, end: i64) -> Self {
        let is_in = |ticks: i64| (start..end).contains(&ticks);
        let note = |note: &Note| {
            let room = end.saturating_sub(note.onset_ticks);
            let duration_ticks = note.duration_ticks.min(u32::try_from(room).unwrap_or(u32::MAX));
            Note { onset_ticks: note.onset_ticks - start, duration_ticks, ..*note }
        };
        let part = |part: &Part| Part {
            notes: part.notes.iter().filter(|note| is_in(note.onset_ticks)).map(note).collect(),
            pedal: pedal_between(&part.pedal, start, end),
            ..part.clone()
        };
        let changes = self.tempi.changes().filter(|&(from, _)| from < end);
        let mut metres: Vec<MetreChange> = Vec::new();
        for metre in self.metres.iter().filter(|metre| metre.start_ticks < end) {
            let start_ticks = (metre.start_ticks - start).max(0);
            metres.retain(|before| before.start_ticks < start_ticks);
            metres.push(MetreChange { start_ticks, ..*metre });
        }
        Self {
            ticks_per_beat: self.ticks_per_beat,
            parts: self.parts.iter().map(part).collect(),
            metres,
            tempi: TempoMap::new(self.ticks_per_beat, changes.map(|(from, us)| ((from - start).max(0), us))),
        }
    }
}

fn pedal_between(pedal: &[PedalChange], start: i64, end: i64) -> Vec<PedalChange> {
    let first = pedal.partition_point(|change| change.ticks < start);
    let last = pedal.partition_point(|change| change.ticks < end);
    let is_down = |before: usize| before.checked_sub(1).is_some_and(|place| pedal[place].is_down);
    let held = is_down(first).then_some(PedalChange { ticks: 0, is_down: true });
    let moves = pedal[first..last].iter().map(|change| PedalChange { ticks: change.ticks - start, ..*change });
    let release = is_down(last).then_some(PedalChange { ticks: end - start, is_down: false });
    held.into_iter().chain(moves).chain(release).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::{Pitch, Velocity};
    use crate::time_signature::TimeSignature;

    fn note(onset_ticks: i64, duration_ticks: u32) -> Note {
        Note { onset_ticks, duration_ticks, pitch: Pitch::MIDDLE_C, velocity: Velocity::MEDIUM }
    }

    #[test]
    fn bar_lines_follow_the_metre() {
        let mut score = Score::new(120.0, TimeSignature::new(6, 3).unwrap());
        score.metres.push(MetreChange { start_ticks: 288, signature: TimeSignature::new(7, 3).unwrap() });
        score.metres.push(MetreChange { start_ticks: 500, signature: TimeSignature::COMMON });
        let lines = [-1, 0, 143, 144, 290, 456, 500].map(|ticks| (score.bar_line(ticks), score.next_bar_line(ticks)));
        assert_eq!(lines, [(-144, 0), (0, 144), (0, 144), (144, 288), (288, 456), (456, 500), (500, 692)]);
    }

    #[test]
    fn an_excerpt_has_its_notes_tempi_metres_and_pedals() {
        let mut score = Score::new(120.0, TimeSignature::COMMON);
        score.tempi = TempoMap::new(48, [(0, 500_000), (100, 400_000), (250, 300_000), (400, 200_000)]);
        score.metres.push(MetreChange { start_ticks: 288, signature: TimeSignature::new(3, 2).unwrap() });
        let mut part = Part::new("Call", vec![note(0, 400), note(192, 48), note(300, 200), note(384, 9)]);
        part.pedal = [(10, true), (200, false), (210, true), (390, false)]
            .map(|(ticks, is_down)| PedalChange { ticks, is_down })
            .to_vec();
        let middle = score.with_part(part).excerpt(192, 384);
        assert_eq!(middle.parts[0].notes, [note(0, 48), note(108, 84)]);
        let pedal: Vec<_> = middle.parts[0].pedal.iter().map(|change| (change.ticks, change.is_down)).collect();
        assert_eq!(pedal, [(0, true), (8, false), (18, true), (192, false)]);
        assert_eq!(middle.tempi.changes().collect::<Vec<_>>(), [(0, 400_000), (58, 300_000)]);
        let metres: Vec<_> = middle.metres.iter().map(|m| (m.start_ticks, m.signature.to_string())).collect();
        assert_eq!(metres, [(0, "4/4".to_owned()), (96, "3/4".to_owned())]);
    }
}
