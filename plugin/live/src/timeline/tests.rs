use engine::Metre;

use super::*;

const CAPACITY: usize = 4096;
const FREE: Metre = Metre::Free;
const FOUR: Metre = Metre::Bars { bar_line_ticks: 0, bar_ticks: 192 };

fn span(on_ticks: i64, off_ticks: i64, key: u8) -> Span {
    Span { on_parts: on_ticks * PARTS_PER_TICK, off_parts: off_ticks * PARTS_PER_TICK, key, velocity: 80 }
}

fn on(ticks: i64, key: u8) -> TimelineEvent {
    TimelineEvent::CallOn { parts: ticks * PARTS_PER_TICK, key, velocity: 90 }
}

fn off(ticks: i64, key: u8) -> TimelineEvent {
    TimelineEvent::CallOff { parts: ticks * PARTS_PER_TICK, key }
}

fn planned(turn: u32, span: Span) -> TimelineEvent {
    TimelineEvent::Planned { turn, written_ticks: span.on_parts.div_euclid(PARTS_PER_TICK), span }
}

/// A history and the events on the way to it.
#[derive(Default)]
struct Timeline {
    history: History,
    waiting: Vec<TimelineEvent>,
    now: (i64, Bars, f32),
    n_lost: u32,
}

impl Timeline {
    fn record(&mut self, event: TimelineEvent) {
        if self.waiting.len() < CAPACITY {
            self.waiting.push(event);
        } else {
            self.n_lost += 1;
        }
    }

    fn set_position(&mut self, ticks: i64, metre: Metre, tempo: f32) {
        self.now = (ticks, metre.into(), tempo);
    }

    fn read(&mut self) -> &History {
        let (ticks, bars, tempo) = self.now;
        self.history.drain(self.waiting.drain(..), ticks, bars, tempo, self.n_lost);
        &self.history
    }
}

fn seen(timeline: &mut Timeline) -> Vec<(Who, i64, i64, u8)> {
    let roll = timeline.read().roll(1 << 16, 1 << 16);
    let ticks = |parts: i64| if parts == i64::MAX { parts } else { parts / PARTS_PER_TICK };
    roll.notes
        .iter()
        .map(|note| (note.who, ticks(note.span.on_parts), ticks(note.span.off_parts), note.span.key))
        .collect()
}

#[test]
fn notes_are_taken_in_as_they_are_played() {
    let mut timeline = Timeline::default();
    timeline.record(on(10, 60));
    timeline.set_position(20, FREE, 120.0);
    assert_eq!(seen(&mut timeline), [(Who::Player, 10, i64::MAX, 60)]);
    timeline.record(off(30, 60));
    timeline.record(planned(1, span(50, 90, 64)));
    timeline.record(planned(1, span(60, 70, 67)));
    timeline.set_position(40, FREE, 120.0);
    assert_eq!(seen(&mut timeline), [(Who::Player, 10, 30, 60)]);
    assert_eq!(timeline.read().roll(100, 100).planned.len(), 2);

    timeline.record(TimelineEvent::Answer(span(50, 90, 64)));
    timeline.set_position(55, FREE, 120.0);
    assert_eq!(timeline.read().roll(100, 100).planned, [span(60, 70, 67)]);
    timeline.record(TimelineEvent::Forget { from_ticks: 60 });
    timeline.record(TimelineEvent::Cut { parts: 58 * PARTS_PER_TICK });
    timeline.set_position(59, FREE, 120.0);
    assert_eq!(seen(&mut timeline)[1], (Who::Antiphon, 50, 58, 64));
    assert_eq!(timeline.read().roll(100, 100).planned, []);
}

#[test]
fn a_new_plan_takes_the_place_of_the_last() {
    let mut timeline = Timeline::default();
    timeline.record(planned(1, span(50, 90, 64)));
    timeline.record(planned(2, span(70, 90, 65)));
    assert_eq!(timeline.read().roll(100, 100).planned, [span(70, 90, 65)]);
}

#[test]
fn a_loop_is_a_phrase_that_goes_on_in_bars_that_are_counted_as_in_the_song() {
    let mut timeline = Timeline::default();
    timeline.set_position(700, FOUR, 120.0);
    timeline.record(on(720, 60));
    timeline.set_position(760, FOUR, 120.0);
    timeline.read();
    timeline.record(TimelineEvent::Jump { ticks: 768, song_ticks: 0, bars: FOUR.into() });
    timeline.record(on(780, 62));
    timeline.record(off(790, 60));
    timeline.set_position(816, FOUR, 120.0);
    let notes = seen(&mut timeline);
    assert_eq!(notes, [(Who::Player, 720, 790, 60), (Who::Player, 780, i64::MAX, 62)], "keys are held over the wrap");
    let roll = timeline.read().roll(300, 200);
    assert_eq!(roll.now_ticks, 816);
    let bar = |line: &Line| match line.kind {
        LineKind::Bar(number) => Some((line.at_parts / PARTS_PER_TICK, number)),
        _ => None,
    };
    let bars: Vec<_> = roll.lines.iter().filter_map(bar).collect();
    assert_eq!(bars, [(768, 1), (960, 2)]);
    timeline.record(TimelineEvent::CallEnds { parts: 820 * PARTS_PER_TICK });
    assert_eq!(seen(&mut timeline)[1], (Who::Player, 780, 820, 62));
}

#[test]
fn a_take_after_a_jump_into_other_bars_begins_with_a_bar_of_those() {
    let mut timeline = Timeline::default();
    timeline.set_position(0, FOUR, 120.0);
    timeline.read();
    // A loop of three beats and a half, of which the position is not told yet.
    let bars = Bars { line_ticks: 168, length_ticks: 192 };
    timeline.record(TimelineEvent::Jump { ticks: 168, song_ticks: 0, bars });
    timeline.record(on(180, 62));
    let take = timeline.read().last_take().unwrap();
    assert_eq!((take.notes[0].on_parts, take.bar_ticks), (12 * 16, 192));
    timeline.set_position(200, Metre::Bars { bar_line_ticks: 168, bar_ticks: 192 }, 120.0);
    assert_eq!(timeline.read().last_take().unwrap().notes[0].on_parts, 12 * 16);
}

#[test]
fn another_performer_does_not_turn_the_timeline_back() {
    let mut timeline = Timeline::default();
    timeline.record(on(720, 60));
    timeline.set_position(768, FOUR, 120.0);
    timeline.read();
    timeline.record(TimelineEvent::Anew { ticks: 0, bars: FOUR.into() });
    timeline.record(on(12, 62));
    timeline.set_position(24, FOUR, 120.0);
    assert_eq!(seen(&mut timeline), [(Who::Player, 720, 768, 60), (Who::Player, 780, i64::MAX, 62)]);
    timeline.set_position(48, FOUR, 120.0);
    assert_eq!(timeline.read().roll(200, 200).now_ticks, 816);
}

#[test]
fn a_take_is_a_call_and_its_answer_from_the_bar_line_on() {
    let mut timeline = Timeline::default();
    timeline.set_position(0, FOUR, 90.0);
    timeline.read();
    assert!(timeline.read().last_take().is_none());
    for start in [192, 768] {
        for ticks in [start + 48, start + 96] {
            timeline.record(on(ticks, 60));
            timeline.record(off(ticks + 40, 60));
        }
        timeline.record(TimelineEvent::Answer(span(start + 200, start + 230, 67)));
        timeline.record(TimelineEvent::Answer(span(start + 240, start + 250, 69)));
    }
    timeline.set_position(1100, FOUR, 90.0);
    let take = timeline.read().last_take().unwrap();
    let notes: Vec<_> =
        take.notes.iter().map(|note| (note.is_answer, note.on_parts / 16, note.off_parts / 16)).collect();
    assert_eq!(notes, [(false, 48, 88), (false, 96, 136), (true, 200, 230), (true, 240, 250)]);
    assert_eq!((take.tempo, take.bar_ticks), (90.0, 192));
}

#[test]
fn lost_events_leave_no_endless_note() {
    let mut timeline = Timeline::default();
    timeline.record(on(0, 1));
    for _ in 0..CAPACITY {
        timeline.record(off(5, 2));
    }
    timeline.set_position(400, FREE, 120.0);
    assert_eq!(seen(&mut timeline), [(Who::Player, 0, 400, 1)]);
}

#[test]
fn the_history_is_bounded() {
    let mut timeline = Timeline::default();
    for ticks in 0..6000 {
        timeline.record(on(ticks, 60));
        timeline.record(TimelineEvent::Jump { ticks, song_ticks: 0, bars: Bars::default() });
        timeline.set_position(ticks, FREE, 120.0);
        if ticks % 100 == 0 {
            timeline.read();
        }
    }
    assert!(seen(&mut timeline).len() <= 4096);
    assert!(timeline.read().last_take().unwrap().notes.len() <= 2048);
}

#[test]
fn a_take_holds_each_note_as_it_was_played_and_not_to_the_nearest_tick() {
    let mut timeline = Timeline::default();
    timeline.set_position(192, FOUR, 90.0);
    timeline.read();
    let line = 192 * PARTS_PER_TICK;
    timeline.record(TimelineEvent::CallOn { parts: line + 7, key: 60, velocity: 90 });
    timeline.record(TimelineEvent::CallOff { parts: line + 10, key: 60 });
    timeline.record(TimelineEvent::Answer(Span {
        on_parts: line + 797,
        off_parts: line + 1501,
        key: 67,
        velocity: 70,
    }));
    timeline.set_position(400, FOUR, 90.0);
    let take = timeline.read().last_take().unwrap();
    let notes: Vec<_> = take.notes.iter().map(|note| (note.on_parts, note.off_parts)).collect();
    assert_eq!(notes, [(7, 10), (797, 1501)]);
}

#[test]
fn a_note_of_an_answer_sounds_until_its_key_is_struck_again() {
    let mut timeline = Timeline::default();
    for span in [span(10, 60, 64), span(40, 50, 64), span(45, 90, 67)] {
        timeline.record(TimelineEvent::Answer(span));
    }
    timeline.set_position(100, FREE, 120.0);
    let ends: Vec<i64> = seen(&mut timeline).into_iter().map(|(_, _, off, _)| off).collect();
    assert_eq!(ends, [40, 50, 90]);
}

#[test]
fn what_is_replaced_of_a_plan_is_told_by_where_it_is_written() {
    let mut timeline = Timeline::default();
    let early = |ticks: i64, key| {
        let on_parts = ticks * PARTS_PER_TICK - 20;
        let span = Span { on_parts, off_parts: on_parts + 200, key, velocity: 80 };
        (span, TimelineEvent::Planned { turn: 1, written_ticks: ticks, span })
    };
    let (kept, first) = early(48, 60);
    timeline.record(first);
    timeline.record(early(96, 62).1);
    timeline.record(TimelineEvent::Forget { from_ticks: 96 });
    assert_eq!(timeline.read().roll(100, 100).planned, [kept], "played early, it is still of what is replaced");
}
