//! The page: all that stands on it, with its place in time.

use std::collections::VecDeque;

use super::accidentals::Accidentals;
use super::bars::{self, Bar};
use super::beams::{self, Beam, Stem};
use super::loudness::{self, Sign};
use super::staves::{self, Hands};
use super::tuplets::{self, Ratio, Tuplet};
use super::values::{self, Place, Value};
use super::voices::{self, Segment};
use super::{FINE, TooLong};
use crate::harmony::spelling::{Spelled, spell};
use crate::key::{Key, find_key};
use crate::note::{Note, Pitch, Velocity};
use crate::score::{Part, Score};

/// A page. Times are in parts of a tick ([`FINE`]).
#[derive(Clone, Debug)]
pub(crate) struct Sheet {
    /// Key signature, and the mode if the key is known.
    pub(crate) fifths: i8,
    pub(crate) key: Option<Key>,
    pub(crate) bars: Vec<Bar>,
    pub(crate) parts: Vec<SheetPart>,
    /// With microseconds in a beat.
    pub(crate) tempi: Vec<(i64, u32)>,
}

/// A part on a page.
#[derive(Clone, Debug)]
pub(crate) struct SheetPart {
    pub(crate) part: Part,
    /// One, or the right hand's above the left hand's.
    pub(crate) staves: Vec<Staff>,
    pub(crate) signs: Vec<Sign>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clef {
    Treble,
    Bass,
    Percussion,
}

/// A staff: for each bar, what stands in its voices, the upper one first.
#[derive(Clone, Debug)]
pub(crate) struct Staff {
    pub(crate) clef: Clef,
    pub(crate) bars: Vec<[Vec<Event>; 2]>,
}

/// A chord, or a rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) start: i64,
    pub(crate) end: i64,
    /// `None` for a rest of a whole bar.
    pub(crate) value: Option<Value>,
    /// From the lowest up; none is a rest.
    pub(crate) heads: Vec<Head>,
    /// Not drawn: in the lower voice, where the upper one says enough.
    pub(crate) is_hidden: bool,
    pub(crate) ratio: Option<Ratio>,
    /// A tuplet begins, or ends, with it.
    pub(crate) begins_tuplet: bool,
    pub(crate) ends_tuplet: bool,
    pub(crate) beams: Vec<Beam>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) pitch: Pitch,
    pub(crate) name: Spelled,
    pub(crate) velocity: Velocity,
    pub(crate) is_tied_from: bool,
    pub(crate) is_tied_to: bool,
    pub(crate) shows_accidental: bool,
}

/// Sets a score that is written in ticks of 1/48 beat.
pub(super) fn set(score: &Score) -> Result<Sheet, TooLong> {
    let bars = bars::bars(score)?;
    let pitched = |part: &&Part| !part.is_drums();
    let mut all: Vec<Note> = score.parts.iter().filter(pitched).flat_map(|part| part.notes.iter().copied()).collect();
    all.sort_by_key(Note::order);
    let key = find_key(&all).map(|(key, _)| key);
    let fifths = key.map_or(0, Key::fifths);
    let names = spell(&all, fifths);
    let part = |part: &Part| {
        // Equal notes of two parts have equal names.
        let name = |note: &Note| {
            let place = all.partition_point(|other| other.order() < note.order());
            names.get(place).copied().unwrap_or(Spelled { step: 0, alter: 0, octave: 4 })
        };
        let names: Vec<Spelled> = match part.is_drums() {
            true => spell(&part.notes, 0),
            false => part.notes.iter().map(name).collect(),
        };
        set_part(part, &names, fifths, &bars)
    };
    let parts = score.parts.iter().map(part).collect();
    let tempi = score.tempi.changes().map(|(ticks, us)| (ticks * FINE, us)).collect();
    Ok(Sheet { fifths, key, parts, tempi, bars })
}

fn set_part(part: &Part, names: &[Spelled], fifths: i8, bars: &[Bar]) -> SheetPart {
    let all: Vec<usize> = (0..part.notes.len()).collect();
    let hands: Vec<(Clef, Vec<usize>)> = match staves::divide(&part.notes) {
        _ if part.is_drums() => vec![(Clef::Percussion, all)],
        Hands::One(clef) => vec![(clef, all)],
        Hands::Two(is_left) => {
            let (left, right) = all.into_iter().partition(|&note| is_left[note]);
            vec![(Clef::Treble, right), (Clef::Bass, left)]
        }
    };
    let staff = |(clef, hand): (Clef, Vec<usize>)| {
        let notes: Vec<Note> = hand.iter().map(|&note| part.notes[note]).collect();
        let mut voices = voices::separate(&notes, &hand).map(VecDeque::from);
        let page = Page { notes: &part.notes, names, fifths };
        let bars = bars.iter().map(|bar| page.bar(bar, &mut voices)).collect();
        Staff { clef, bars }
    };
    let signs = loudness::signs(&part.notes, bars);
    let staves = hands.into_iter().map(staff).collect();
    let kept = Part { notes: Vec::new(), ..part.clone() };
    SheetPart { part: kept, staves, signs }
}

/// The notes of a part.
struct Page<'a> {
    notes: &'a [Note],
    names: &'a [Spelled],
    fifths: i8,
}

impl Page<'_> {
    /// A bar of a staff. What of the voices lies in it is taken from them.
    fn bar(&self, bar: &Bar, voices: &mut [VecDeque<Segment>; 2]) -> [Vec<Event>; 2] {
        let mut within = voices.each_mut().map(|voice| take(voice, bar.end()));
        let begins_or_ends = |segment: &Segment| {
            segment.notes.iter().any(|&note| {
                let note = &self.notes[note];
                note.onset_ticks * FINE < bar.start || note.end_ticks() * FINE > bar.end()
            })
        };
        // A voice alone is the upper one, unless it is tied to other bars.
        if within[0].is_empty() && !within[1].iter().any(begins_or_ends) {
            within.swap(0, 1);
        }
        let is_upper_silent = within[0].is_empty();
        let [upper, lower] = within;
        let mut set = [self.voice(bar, &upper, false), Vec::new()];
        if !lower.is_empty() {
            set[1] = self.voice(bar, &lower, true);
            if is_upper_silent {
                set[0].iter_mut().for_each(|event| event.is_hidden = true);
            }
        }
        self.accidentals(&mut set);
        set
    }

    fn voice(&self, bar: &Bar, segments: &[Segment], is_lower: bool) -> Vec<Event> {
        if segments.is_empty() {
            return vec![Event::rest(bar.start, bar.end(), None)];
        }
        let spans = spans(bar, segments);
        let mut times: Vec<i64> = spans.iter().flat_map(|span| [span.start, span.end]).collect();
        times.sort_unstable();
        times.dedup();
        let tuplets = tuplets::find(bar, &times);
        let mut events: Vec<Event> = Vec::new();
        let mut stems: Vec<Stem> = Vec::new();
        for span in &spans {
            for (place, from, to) in cut(span.start, span.end, &tuplets) {
                let tuplet = place.map(|place| &tuplets[place]);
                for (start, end, value) in pieces(bar, tuplet, from, to, span.notes.is_empty()) {
                    let heads = span.notes.iter().map(|&note| self.head(note, bar.start + start, bar.start + end));
                    let exact = |at| bar.start + tuplet.map_or(at, |tuplet| tuplet.exact(at));
                    let event = Event {
                        heads: heads.collect(),
                        is_hidden: is_lower && span.notes.is_empty() && tuplet.is_none(),
                        ratio: tuplet.map(|tuplet| tuplet.ratio),
                        begins_tuplet: tuplet.is_some_and(|tuplet| start == tuplet.start),
                        ends_tuplet: tuplet.is_some_and(|tuplet| end == tuplet.end()),
                        ..Event::rest(exact(start), exact(end), Some(value))
                    };
                    let stem = (!event.heads.is_empty()).then_some(value);
                    stems.push(Stem { start, value: stem, tuplet: place });
                    events.push(event);
                }
            }
        }
        for (event, beams) in events.iter_mut().zip(beams::beams(bar, &stems)) {
            event.beams = beams;
        }
        events
    }

    fn head(&self, note: usize, start: i64, end: i64) -> Head {
        let Note { onset_ticks, pitch, velocity, .. } = self.notes[note];
        Head {
            pitch,
            name: self.names[note],
            velocity,
            is_tied_from: onset_ticks * FINE < start,
            is_tied_to: self.notes[note].end_ticks() * FINE > end,
            shows_accidental: false,
        }
    }

    /// In the order in which they are read.
    fn accidentals(&self, voices: &mut [Vec<Event>; 2]) {
        let mut accidentals = Accidentals::new(self.fifths);
        let mut events: Vec<&mut Event> = voices.iter_mut().flatten().collect();
        events.sort_by_key(|event| event.start);
        for head in events.iter_mut().flat_map(|event| &mut event.heads) {
            head.shows_accidental = accidentals.needs(head.name, head.is_tied_from);
        }
    }
}

impl Event {
    const fn rest(start: i64, end: i64, value: Option<Value>) -> Self {
        Self {
            start,
            end,
            value,
            heads: Vec::new(),
            is_hidden: false,
            ratio: None,
            begins_tuplet: false,
            ends_tuplet: false,
            beams: Vec::new(),
        }
    }
}

/// Takes what begins before a time; what goes on after it stays for later.
fn take(voice: &mut VecDeque<Segment>, end: i64) -> Vec<Segment> {
    let n_begun = voice.iter().take_while(|segment| segment.start < end).count();
    let mut taken: Vec<Segment> = voice.drain(..n_begun).collect();
    if let Some(last) = taken.last_mut().filter(|last| last.end > end) {
        voice.push_front(Segment { start: end, ..last.clone() });
        last.end = end;
    }
    taken
}

/// What fills the bar, with rests between; from its beginning.
fn spans(bar: &Bar, segments: &[Segment]) -> Vec<Segment> {
    let mut spans = Vec::with_capacity(2 * segments.len() + 1);
    let mut now = 0;
    let rest = |start, end| Segment { start, end, notes: Vec::new() };
    for segment in segments {
        let (start, end) = (segment.start - bar.start, segment.end - bar.start);
        if start > now {
            spans.push(rest(now, start));
        }
        spans.push(Segment { start, end, notes: segment.notes.clone() });
        now = end;
    }
    if now < bar.length {
        spans.push(rest(now, bar.length));
    }
    spans
}

/// The parts of a span that lie within tuplets and between them.
fn cut(start: i64, end: i64, tuplets: &[Tuplet]) -> Vec<(Option<usize>, i64, i64)> {
    let mut parts = Vec::new();
    let mut now = start;
    for (place, tuplet) in tuplets.iter().enumerate().filter(|(_, tuplet)| tuplet.start < end && tuplet.end() > start) {
        if tuplet.start > now {
            parts.push((None, now, tuplet.start));
        }
        let to = end.min(tuplet.end());
        parts.push((Some(place), now.max(tuplet.start), to));
        now = to;
    }
    if now < end {
        parts.push((None, now, end));
    }
    parts
}

/// The note values of a part of a span, with their times in the bar.
fn pieces(bar: &Bar, tuplet: Option<&Tuplet>, from: i64, to: i64, is_rest: bool) -> Vec<(i64, i64, Value)> {
    let Some(tuplet) = tuplet else {
        let values = values::split(Place::Bar(bar), from, to, is_rest);
        let ends = values.iter().skip(1).map(|(start, _)| *start).chain([to]);
        return values.iter().zip(ends).map(|(&(start, value), end)| (start, end, value)).collect();
    };
    let [start, end] = [from, to].map(|at| tuplet.written(at));
    let values = values::split(Place::Tuplet(tuplet), start, end, is_rest);
    // Back to the times of ticks, which are those of the notes.
    let at = |written: i64| match written {
        _ if written == start => from,
        _ if written == end => to,
        _ => tuplet.start + written * tuplet.ratio.normal / tuplet.ratio.actual,
    };
    let ends = values.iter().skip(1).map(|(start, _)| *start).chain([end]);
    values.iter().zip(ends).map(|(&(start, value), end)| (at(start), at(end), value)).collect()
}
