//! The notes of the last minutes, on a time that only goes forward.

use std::collections::VecDeque;

use rtrb::Consumer;
use takes::Take;

use super::take::{self, take};
use super::{Mark, Span};

/// Notes that are remembered.
const MAX_NOTES: usize = 4096;
/// Changes of place or metre that are remembered.
const MAX_SEGMENTS: usize = 64;
/// The end of a key that is still down.
pub(crate) const HELD: i64 = i64::MAX;

/// Who played a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    Player,
    Antiphon,
}

/// A note on the tape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) who: Who,
    /// Ticks of the tape; [`HELD`] as the end of a key that is down.
    pub(crate) span: Span,
    /// Number of the take that it belongs to: a call and its answer.
    take: u32,
}

/// Bar lines: one of them, and the length of a bar; 0 where there are none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bars {
    pub(crate) line_ticks: i64,
    pub(crate) length_ticks: u32,
}

/// A stretch of the tape without jumps or changes of metre.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Segment {
    from_ticks: i64,
    /// Ticks of the tape less ticks of the song.
    offset_ticks: i64,
    bars: Bars,
}

/// What the window shows, in ticks of the tape.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Roll {
    pub(crate) now_ticks: i64,
    /// In the order of their onsets.
    pub(crate) notes: Vec<Note>,
    pub(crate) planned: Vec<Span>,
    /// Bar lines with the number of the bar, and beat lines without.
    pub(crate) lines: Vec<(i64, Option<i64>)>,
}

/// A take, or as much of it as is asked for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Part {
    pub(crate) take: Take,
    /// Number of the note after its last.
    pub(crate) to: u64,
    /// There is no more of it.
    pub(crate) is_over: bool,
    /// A note of it still sounds.
    pub(crate) sounds: bool,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Reel {
    marks: Consumer<Mark>,
    notes: VecDeque<Note>,
    /// Notes that there were before them.
    n_forgotten: u64,
    planned: Vec<Span>,
    planned_turn: u32,
    segments: VecDeque<Segment>,
    now_ticks: i64,
    tempo: f32,
    take: u32,
    n_lost: u32,
}

impl Reel {
    pub(super) fn new(marks: Consumer<Mark>) -> Self {
        Self {
            marks,
            notes: VecDeque::new(),
            n_forgotten: 0,
            planned: Vec::new(),
            planned_turn: 0,
            segments: VecDeque::from([Segment { from_ticks: 0, offset_ticks: 0, bars: Bars::default() }]),
            now_ticks: 0,
            tempo: 120.0,
            take: 0,
            n_lost: 0,
        }
    }

    /// Takes the marks of a new audio thread from now on.
    pub(super) fn listen_to(&mut self, marks: Consumer<Mark>) {
        self.marks = marks;
        self.let_go(self.now_ticks);
        self.planned.clear();
    }

    /// Takes in all marks. `now_ticks` and `bars` are the song's.
    pub(super) fn wind(&mut self, now_ticks: i64, bars: Bars, tempo: f32, n_lost: u32) {
        let mut has_jumped = false;
        while let Ok(mark) = self.marks.pop() {
            has_jumped |= matches!(mark, Mark::Jump { .. });
            self.take_in(mark);
        }
        if !has_jumped {
            self.now_ticks = now_ticks + self.offset();
        }
        if self.segment().bars != bars {
            self.begin_segment(self.offset(), bars);
        }
        self.tempo = tempo;
        if std::mem::replace(&mut self.n_lost, n_lost) != n_lost {
            // An end may be among what was lost.
            self.let_go(self.now_ticks);
        }
    }

    fn take_in(&mut self, mark: Mark) {
        let offset = self.offset();
        let on_tape =
            |span: Span| Span { on_ticks: span.on_ticks + offset, off_ticks: span.off_ticks + offset, ..span };
        match mark {
            Mark::CallOn { ticks, key, velocity } => {
                let on_ticks = ticks + offset;
                self.end(Who::Player, Some(key), on_ticks);
                self.begin_take(on_ticks);
                self.push(Who::Player, Span { on_ticks, off_ticks: HELD, key, velocity });
            }
            Mark::CallOff { ticks, key } => self.end(Who::Player, Some(key), ticks + offset),
            Mark::Planned { turn, span } => {
                if std::mem::replace(&mut self.planned_turn, turn) != turn {
                    self.planned.clear();
                }
                self.planned.push(on_tape(span));
            }
            Mark::Forget { from_ticks } => {
                self.planned.retain(|span| span.on_ticks < from_ticks.saturating_add(offset));
            }
            Mark::Answer(span) => {
                let span = on_tape(span);
                self.planned.retain(|coming| (coming.on_ticks, coming.key) > (span.on_ticks, span.key));
                self.push(Who::Antiphon, span);
            }
            Mark::Cut { ticks } => {
                self.end(Who::Antiphon, None, ticks + offset);
                self.planned.clear();
            }
            Mark::Jump { ticks } => {
                self.let_go(self.now_ticks);
                self.begin_segment(self.now_ticks - ticks, self.segment().bars);
            }
        }
    }

    /// What falls between two distances from now, in ticks.
    pub(crate) fn roll(&self, past_ticks: i64, future_ticks: i64) -> Roll {
        let (from, to) = (self.now_ticks - past_ticks, self.now_ticks + future_ticks);
        let is_seen = |span: &Span| span.off_ticks > from && span.on_ticks < to;
        Roll {
            now_ticks: self.now_ticks,
            notes: self.notes.iter().filter(|note| is_seen(&note.span)).copied().collect(),
            planned: self.planned.iter().filter(|span| is_seen(span)).copied().collect(),
            lines: self.lines(from, to),
        }
    }

    /// Whether there is a take.
    pub(crate) fn has_take(&self) -> bool {
        !self.notes.is_empty()
    }

    /// The latest call and its answer; `None` before the first.
    pub(crate) fn last_take(&self) -> Option<Take> {
        let last = self.notes.back()?.take;
        self.take_of(&self.notes.iter().filter(|note| note.take == last).copied().collect::<Vec<_>>())
    }

    /// Notes that there ever were: the number of the next one.
    pub(crate) fn n_notes(&self) -> u64 {
        self.n_forgotten + self.notes.len() as u64
    }

    /// The first take of the notes from one number to another, as far as it is among them; `None` if none are left.
    pub(crate) fn part(&self, from: u64, to: u64) -> Option<Part> {
        let place = |number: u64| usize::try_from(number.saturating_sub(self.n_forgotten)).unwrap_or(usize::MAX);
        let (from, to) = (place(from), place(to).min(self.notes.len()));
        let number = self.notes.get(from)?.take;
        let notes = self.notes.range(from.min(to)..to).take_while(|note| note.take == number).take(take::MAX_NOTES);
        let notes: Vec<Note> = notes.copied().collect();
        let end = from + notes.len();
        Some(Part {
            take: self.take_of(&notes)?,
            to: self.n_forgotten + end as u64,
            is_over: end < to || notes.len() == take::MAX_NOTES,
            sounds: notes.iter().any(|note| note.span.off_ticks > self.now_ticks),
        })
    }

    fn take_of(&self, notes: &[Note]) -> Option<Take> {
        let first_ticks = notes.first()?.span.on_ticks;
        let segment = self.segments.iter().rfind(|segment| segment.from_ticks <= first_ticks);
        let start_ticks = match segment {
            Some(Segment { offset_ticks, bars: Bars { line_ticks, length_ticks: 1.. }, .. }) => {
                let length_ticks = i64::from(self.bar_ticks_at(first_ticks));
                first_ticks - (first_ticks - offset_ticks - line_ticks).rem_euclid(length_ticks)
            }
            _ => first_ticks,
        };
        Some(take(self.tempo, self.bar_ticks_at(first_ticks), start_ticks, self.now_ticks, notes))
    }

    fn bar_ticks_at(&self, ticks: i64) -> u32 {
        let segment = self.segments.iter().rfind(|segment| segment.from_ticks <= ticks);
        segment.map_or(0, |segment| segment.bars.length_ticks)
    }

    fn lines(&self, from: i64, to: i64) -> Vec<(i64, Option<i64>)> {
        const BEAT: i64 = engine::TICKS_PER_BEAT as i64;
        let ends = self.segments.iter().skip(1).map(|segment| segment.from_ticks).chain([i64::MAX]);
        let mut lines = Vec::new();
        for (segment, end) in self.segments.iter().zip(ends) {
            let (from, to) = (from.max(segment.from_ticks), to.min(end));
            let line = segment.bars.line_ticks + segment.offset_ticks;
            let bar = i64::from(segment.bars.length_ticks);
            let mut at = from + (line - from).rem_euclid(BEAT);
            while at < to && bar == 0 {
                lines.push((at, None));
                at += BEAT;
            }
            if bar == 0 {
                continue;
            }
            let mut at = from - (from - line).rem_euclid(bar);
            while at < to {
                let number = (at - line).div_euclid(bar) + 1;
                lines.extend([(at, Some(number))].into_iter().filter(|&(at, _)| at >= from));
                let beats = (1..).map(|beat| at + beat * BEAT).take_while(|&beat| beat < (at + bar).min(to));
                lines.extend(beats.filter(|&beat| beat >= from).map(|beat| (beat, None)));
                at += bar;
            }
        }
        lines
    }

    fn segment(&self) -> Segment {
        self.segments.back().copied().unwrap_or(Segment { from_ticks: 0, offset_ticks: 0, bars: Bars::default() })
    }

    fn offset(&self) -> i64 {
        self.segment().offset_ticks
    }

    fn begin_segment(&mut self, offset_ticks: i64, bars: Bars) {
        if self.segments.len() == MAX_SEGMENTS {
            self.segments.pop_front();
        }
        self.segments.push_back(Segment { from_ticks: self.now_ticks, offset_ticks, bars });
    }

    /// A call that begins after an answer has ended begins a new take.
    fn begin_take(&mut self, on_ticks: i64) {
        let mut answer = self.notes.iter().rev().filter(|note| note.take == self.take && note.who == Who::Antiphon);
        let is_over = answer.clone().next().is_some() && answer.all(|note| note.span.off_ticks <= on_ticks);
        self.take += u32::from(is_over);
    }

    fn push(&mut self, who: Who, span: Span) {
        if self.notes.len() == MAX_NOTES {
            self.notes.pop_front();
            self.n_forgotten += 1;
        }
        self.notes.push_back(Note { who, span, take: self.take });
        self.now_ticks = self.now_ticks.max(span.on_ticks);
    }

    /// Ends what sounds: of one key, or of all.
    fn end(&mut self, who: Who, key: Option<u8>, ticks: i64) {
        let sounds = |note: &&mut Note| note.who == who && note.span.off_ticks > ticks;
        for note in self.notes.iter_mut().rev().filter(sounds) {
            if key.is_none_or(|key| note.span.key == key) {
                note.span.off_ticks = ticks.max(note.span.on_ticks + 1);
            }
        }
    }

    fn let_go(&mut self, ticks: i64) {
        self.end(Who::Player, None, ticks);
        self.end(Who::Antiphon, None, ticks);
    }
}
