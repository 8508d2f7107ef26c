//! The notes of the last minutes, on a time that only goes forward.

use std::collections::VecDeque;

use super::bars::{Bars, Segment};
use super::insight::{self, Candidates, Insight, Stretches};
use super::passage::{MAX_NOTES as MAX_PASSAGE_NOTES, Passage};
use super::{Line, PARTS_PER_TICK, Span, TimelineEvent, TimelineNote, Who};

/// Notes that are remembered.
const MAX_NOTES: usize = 4096;
/// Changes of place or metre that are remembered.
const MAX_SEGMENTS: usize = 64;
/// The end of a key that is still down.
const HELD: i64 = i64::MAX;

/// A part of the timeline as it is shown, in its ticks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Roll {
    /// Now.
    pub now_ticks: i64,
    /// In the order of their onsets.
    pub notes: Vec<TimelineNote>,
    /// Notes to come.
    pub planned: Vec<Span>,
    /// Bars and beats, and how the ear has understood these to be divided, in no order.
    pub lines: Vec<Line>,
}

/// A take, or as much of it as is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Its notes.
    pub passage: Passage,
    /// Number of the note after its last.
    pub to: u64,
    /// There is no more of it.
    pub is_over: bool,
    /// A note of it still sounds.
    pub sounds: bool,
}

/// See the module. Not for the audio thread: it allocates.
#[derive(Debug)]
pub struct History {
    notes: VecDeque<TimelineNote>,
    /// Notes that there were before them.
    n_forgotten: u64,
    /// With their onsets as they are written, in the timeline's ticks.
    planned: Vec<(i64, Span)>,
    planned_turn: u32,
    segments: VecDeque<Segment>,
    found: Stretches,
    candidates: Candidates,
    now_ticks: i64,
    tempo: f32,
    take: u32,
    n_lost: u32,
}

impl Default for History {
    fn default() -> Self {
        Self {
            notes: VecDeque::new(),
            n_forgotten: 0,
            planned: Vec::new(),
            planned_turn: 0,
            segments: VecDeque::from([Segment::default()]),
            found: Stretches::default(),
            candidates: Candidates::default(),
            now_ticks: 0,
            tempo: 120.0,
            take: 0,
            n_lost: 0,
        }
    }
}

impl History {
    /// Another performer records from now on: what the last one held has ended.
    pub fn begin_anew(&mut self) {
        self.end_held_notes(self.now_ticks);
        self.planned.clear();
    }

    /// Takes in all events. `now_ticks` and `bars` are as they were before the first of the events was read, in played time; `tempo`
    /// is in beats a minute, and `n_lost` counts all events that found no room so far.
    pub fn drain(
        &mut self,
        events: impl Iterator<Item = TimelineEvent>,
        now_ticks: i64,
        bars: Bars,
        tempo: f32,
        n_lost: u32,
    ) {
        let mut has_jumped = false;
        for event in events {
            has_jumped |= matches!(event, TimelineEvent::Anew { .. } | TimelineEvent::Jump { .. });
            self.take_in(event);
        }
        // What was before a jump tells nothing of what is after it.
        if !has_jumped {
            self.now_ticks = now_ticks + self.offset();
        }
        if !has_jumped && self.segment().bars != bars {
            self.begin_segment(Segment { from_ticks: self.now_ticks, bars, ..self.segment() });
        }
        self.tempo = tempo;
        if std::mem::replace(&mut self.n_lost, n_lost) != n_lost {
            // An end may be among what was lost.
            self.end_held_notes(self.now_ticks);
        }
    }

    fn take_in(&mut self, event: TimelineEvent) {
        let offset = self.offset();
        let offset_parts = offset * PARTS_PER_TICK;
        let on_timeline = |span: Span| Span {
            on_parts: span.on_parts + offset_parts,
            off_parts: span.off_parts + offset_parts,
            ..span
        };
        match event {
            TimelineEvent::CallOn { parts, key, velocity } => {
                let on_parts = parts + offset_parts;
                self.end(Who::Player, Some(key), on_parts);
                self.begin_take(on_parts);
                self.push(Who::Player, Span { on_parts, off_parts: HELD, key, velocity });
            }
            TimelineEvent::CallOff { parts, key } => self.end(Who::Player, Some(key), parts + offset_parts),
            TimelineEvent::Planned { turn, written_ticks, span } => {
                if std::mem::replace(&mut self.planned_turn, turn) != turn {
                    self.planned.clear();
                }
                self.planned.push((written_ticks + offset, on_timeline(span)));
            }
            TimelineEvent::Forget { from_ticks } => {
                self.planned.retain(|(written_ticks, _)| *written_ticks < from_ticks.saturating_add(offset));
            }
            TimelineEvent::Answer(span) => {
                let span = on_timeline(span);
                self.planned.retain(|(_, coming)| (coming.on_parts, coming.key) > (span.on_parts, span.key));
                // Its key goes to it: who struck that before is heard no longer.
                self.end(Who::Antiphon, Some(span.key), span.on_parts);
                self.push(Who::Antiphon, span);
            }
            TimelineEvent::Cut { parts } => {
                self.end(Who::Antiphon, None, parts + offset_parts);
                self.planned.clear();
            }
            TimelineEvent::CallEnds { parts } => self.end(Who::Player, None, parts + offset_parts),
            TimelineEvent::Jump { ticks, song_ticks, bars } => {
                let from_ticks = ticks + offset;
                let song_offset_ticks = from_ticks - song_ticks;
                self.begin_segment(Segment { from_ticks, song_offset_ticks, bars, ..self.segment() });
                self.now_ticks = self.now_ticks.max(from_ticks);
            }
            TimelineEvent::Anew { ticks, bars } => {
                self.end_held_notes(self.now_ticks);
                let (from_ticks, offset_ticks) = (self.now_ticks, self.now_ticks - ticks);
                let song_offset_ticks = offset_ticks;
                self.begin_segment(Segment { from_ticks, offset_ticks, song_offset_ticks, bars });
            }
        }
    }

    /// Takes in what the ear makes of notes that are taken in already.
    pub fn learn(&mut self, insight: Insight) {
        let offset_parts = self.offset() * PARTS_PER_TICK;
        match insight {
            Insight::Note { struck_parts, key, written } => {
                let struck = (Who::Player, struck_parts.saturating_add(offset_parts), key);
                let is_it = |note: &&mut TimelineNote| (note.who, note.span.on_parts, note.span.key) == struck;
                if let Some(note) = self.notes.iter_mut().rev().find(is_it) {
                    note.written = Some(insight::better(note.written, written, offset_parts));
                }
            }
            Insight::Found(found) => self.found.find(found, offset_parts),
            Insight::SongBeats => self.found.end(self.now_ticks * PARTS_PER_TICK),
            Insight::Candidates(candidates) => self.candidates = candidates,
        }
    }

    /// What falls between two distances from now, in ticks.
    #[must_use]
    pub fn roll(&self, past_ticks: i64, future_ticks: i64) -> Roll {
        let (from, to) = (self.now_ticks - past_ticks, self.now_ticks + future_ticks);
        let is_seen = |span: &Span| span.off_parts > from * PARTS_PER_TICK && span.on_parts < to * PARTS_PER_TICK;
        Roll {
            now_ticks: self.now_ticks,
            notes: self.notes.iter().filter(|note| is_seen(&note.span)).copied().collect(),
            planned: self.planned.iter().map(|(_, span)| *span).filter(is_seen).collect(),
            lines: self.lines(from, to),
        }
    }

    /// The answers among which the latest was chosen.
    #[must_use]
    pub fn candidates(&self) -> &Candidates {
        &self.candidates
    }

    /// Whether there is a take.
    #[must_use]
    pub fn has_take(&self) -> bool {
        !self.notes.is_empty()
    }

    /// The latest call and its answer; `None` before the first.
    #[must_use]
    pub fn last_take(&self) -> Option<Passage> {
        let last = self.notes.back()?.take;
        self.passage_of(&self.notes.iter().filter(|note| note.take == last).copied().collect::<Vec<_>>())
    }

    /// Notes that there ever were: the number of the next one.
    #[must_use]
    pub fn n_notes(&self) -> u64 {
        self.n_forgotten + self.notes.len() as u64
    }

    /// The first take of the notes from one number to another, as far as it is among them; `None` if none are left.
    #[must_use]
    pub fn part(&self, from: u64, to: u64) -> Option<Part> {
        let place = |number: u64| usize::try_from(number.saturating_sub(self.n_forgotten)).unwrap_or(usize::MAX);
        let (from, to) = (place(from), place(to).min(self.notes.len()));
        let number = self.notes.get(from)?.take;
        let notes = self.notes.range(from.min(to)..to).take_while(|note| note.take == number).take(MAX_PASSAGE_NOTES);
        let notes: Vec<TimelineNote> = notes.copied().collect();
        let end = from + notes.len();
        Some(Part {
            passage: self.passage_of(&notes)?,
            to: self.n_forgotten + end as u64,
            is_over: end < to || notes.len() == MAX_PASSAGE_NOTES,
            sounds: notes.iter().any(|note| note.span.off_parts > self.now_ticks * PARTS_PER_TICK),
        })
    }

    fn passage_of(&self, notes: &[TimelineNote]) -> Option<Passage> {
        let first_ticks = notes.first()?.span.on_parts.div_euclid(PARTS_PER_TICK);
        let segment = self.segment_at(first_ticks);
        let start_ticks = segment.bar_line_before(first_ticks);
        Some(Passage::new(self.tempo, segment.bars.length_ticks, start_ticks, self.now_ticks, notes))
    }

    fn lines(&self, from: i64, to: i64) -> Vec<Line> {
        let ends = self.segments.iter().skip(1).map(|segment| segment.from_ticks).chain([i64::MAX]);
        let mut lines = Vec::new();
        for (segment, end) in self.segments.iter().zip(ends) {
            segment.lines(from.max(segment.from_ticks), to.min(end), &mut lines);
        }
        lines.retain(|line| !self.found.contains(line.at_parts));
        let (from_parts, to_parts) = (from * PARTS_PER_TICK, to * PARTS_PER_TICK);
        lines.extend(self.found.beats(from_parts, to_parts));
        let heard = self.notes.iter().filter(|note| note.span.off_parts > from_parts);
        lines.extend(insight::divisions(heard));
        lines
    }

    /// The segment of a tick. The first that is remembered stands for those before it.
    fn segment_at(&self, ticks: i64) -> Segment {
        let at = self.segments.iter().rfind(|segment| segment.from_ticks <= ticks);
        at.or(self.segments.front()).copied().unwrap_or_default()
    }

    fn segment(&self) -> Segment {
        self.segments.back().copied().unwrap_or_default()
    }

    fn offset(&self) -> i64 {
        self.segment().offset_ticks
    }

    fn begin_segment(&mut self, segment: Segment) {
        if self.segments.len() == MAX_SEGMENTS {
            self.segments.pop_front();
        }
        self.segments.push_back(segment);
    }

    /// A call that begins after an answer has ended begins a new take.
    fn begin_take(&mut self, on_parts: i64) {
        let mut answer = self.notes.iter().rev().filter(|note| note.take == self.take && note.who == Who::Antiphon);
        let is_over = answer.clone().next().is_some() && answer.all(|note| note.span.off_parts <= on_parts);
        self.take += u32::from(is_over);
    }

    fn push(&mut self, who: Who, span: Span) {
        if self.notes.len() == MAX_NOTES {
            self.notes.pop_front();
            self.n_forgotten += 1;
        }
        self.notes.push_back(TimelineNote { who, span, written: None, take: self.take });
        self.now_ticks = self.now_ticks.max(span.on_parts.div_euclid(PARTS_PER_TICK));
    }

    /// Ends what sounds: of one key, or of all.
    fn end(&mut self, who: Who, key: Option<u8>, parts: i64) {
        let sounds = |note: &&mut TimelineNote| note.who == who && note.span.off_parts > parts;
        for note in self.notes.iter_mut().rev().filter(sounds) {
            if key.is_none_or(|key| note.span.key == key) {
                note.span.off_parts = parts.max(note.span.on_parts + 1);
            }
        }
    }

    fn end_held_notes(&mut self, ticks: i64) {
        self.end(Who::Player, None, ticks * PARTS_PER_TICK);
        self.end(Who::Antiphon, None, ticks * PARTS_PER_TICK);
    }
}
