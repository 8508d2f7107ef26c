use engine::Metre;

use super::*;

const CAPACITY: usize = 4096;
const FREE: Metre = Metre::Free;
const FOUR: Metre = Metre::Bars { bar_line_ticks: 0, bar_ticks: 192 };

fn span(on_ticks: i64, off_ticks: i64, key: u8) -> Span {
    Span { on_ticks, off_ticks, key, velocity: 80 }
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
    roll.notes.iter().map(|note| (note.who, note.span.on_ticks, note.span.off_ticks, note.span.key)).collect()
}

#[test]
fn notes_are_taken_in_as_they_are_played() {
    let mut timeline = Timeline::default();
    timeline.record(TimelineEvent::CallOn { ticks: 10, key: 60, velocity: 90 });
    timeline.set_position(20, FREE, 120.0);
    assert_eq!(seen(&mut timeline), [(Who::Player, 10, i64::MAX, 60)]);
    timeline.record(TimelineEvent::CallOff { ticks: 30, key: 60 });
    timeline.record(TimelineEvent::Planned { turn: 1, span: span(50, 90, 64) });
    timeline.record(TimelineEvent::Planned { turn: 1, span: span(60, 70, 67) });
    timeline.set_position(40, FREE, 120.0);
    assert_eq!(seen(&mut timeline), [(Who::Player, 10, 30, 60)]);
    assert_eq!(timeline.read().roll(100, 100).planned.len(), 2);

    timeline.record(TimelineEvent::Answer(span(50, 90, 64)));
    timeline.set_position(55, FREE, 120.0);
    assert_eq!(timeline.read().roll(100, 100).planned, [span(60, 70, 67)]);
    timeline.record(TimelineEvent::Forget { from_ticks: 60 });
    timeline.record(TimelineEvent::Cut { ticks: 58 });
    timeline.set_position(59, FREE, 120.0);
    assert_eq!(seen(&mut timeline)[1], (Who::Antiphon, 50, 58, 64));
    assert_eq!(timeline.read().roll(100, 100).planned, []);
}

#[test]
fn a_new_plan_takes_the_place_of_the_last() {
    let mut timeline = Timeline::default();
    timeline.record(TimelineEvent::Planned { turn: 1, span: span(50, 90, 64) });
    timeline.record(TimelineEvent::Planned { turn: 2, span: span(70, 90, 65) });
    assert_eq!(timeline.read().roll(100, 100).planned, [span(70, 90, 65)]);
}

#[test]
fn a_loop_is_a_phrase_that_goes_on_in_bars_that_are_counted_as_in_the_song() {
    let mut timeline = Timeline::default();
    timeline.set_position(700, FOUR, 120.0);
    timeline.record(TimelineEvent::CallOn { ticks: 720, key: 60, velocity: 90 });
    timeline.set_position(760, FOUR, 120.0);
    timeline.read();
    timeline.record(TimelineEvent::Jump { ticks: 768, song_ticks: 0, bars: FOUR.into() });
    timeline.record(TimelineEvent::CallOn { ticks: 780, key: 62, velocity: 90 });
    timeline.record(TimelineEvent::CallOff { ticks: 790, key: 60 });
    timeline.set_position(816, FOUR, 120.0);
    let notes = seen(&mut timeline);
    assert_eq!(notes, [(Who::Player, 720, 790, 60), (Who::Player, 780, i64::MAX, 62)], "keys are held over the wrap");
    let roll = timeline.read().roll(300, 200);
    assert_eq!(roll.now_ticks, 816);
    let bars: Vec<_> = roll.lines.iter().filter_map(|&(ticks, bar)| Some((ticks, bar?))).collect();
    assert_eq!(bars, [(768, 1), (960, 2)]);
    timeline.record(TimelineEvent::CallEnds { ticks: 820 });
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
    timeline.record(TimelineEvent::CallOn { ticks: 180, key: 62, velocity: 90 });
    let take = timeline.read().last_take().unwrap();
    assert_eq!((take.notes[0].on_ticks, take.bar_ticks), (12, 192));
    timeline.set_position(200, Metre::Bars { bar_line_ticks: 168, bar_ticks: 192 }, 120.0);
    assert_eq!(timeline.read().last_take().unwrap().notes[0].on_ticks, 12);
}

#[test]
fn another_performer_does_not_turn_the_timeline_back() {
    let mut timeline = Timeline::default();
    timeline.record(TimelineEvent::CallOn { ticks: 720, key: 60, velocity: 90 });
    timeline.set_position(768, FOUR, 120.0);
    timeline.read();
    timeline.record(TimelineEvent::Anew { ticks: 0, bars: FOUR.into() });
    timeline.record(TimelineEvent::CallOn { ticks: 12, key: 62, velocity: 90 });
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
            timeline.record(TimelineEvent::CallOn { ticks, key: 60, velocity: 90 });
            timeline.record(TimelineEvent::CallOff { ticks: ticks + 40, key: 60 });
        }
        timeline.record(TimelineEvent::Answer(span(start + 200, start + 230, 67)));
        timeline.record(TimelineEvent::Answer(span(start + 240, start + 250, 69)));
    }
    timeline.set_position(1100, FOUR, 90.0);
    let take = timeline.read().last_take().unwrap();
    let notes: Vec<_> = take.notes.iter().map(|note| (note.is_answer, note.on_ticks, note.off_ticks)).collect();
    assert_eq!(notes, [(false, 48, 88), (false, 96, 136), (true, 200, 230), (true, 240, 250)]);
    assert_eq!((take.tempo, take.bar_ticks), (90.0, 192));
}

#[test]
fn lost_events_leave_no_endless_note() {
    let mut timeline = Timeline::default();
    timeline.record(TimelineEvent::CallOn { ticks: 0, key: 1, velocity: 90 });
    for _ in 0..CAPACITY {
        timeline.record(TimelineEvent::CallOff { ticks: 5, key: 2 });
    }
    timeline.set_position(400, FREE, 120.0);
    assert_eq!(seen(&mut timeline), [(Who::Player, 0, 400, 1)]);
}

#[test]
fn the_history_is_bounded() {
    let mut timeline = Timeline::default();
    for ticks in 0..6000 {
        timeline.record(TimelineEvent::CallOn { ticks, key: 60, velocity: 90 });
        timeline.record(TimelineEvent::Jump { ticks, song_ticks: 0, bars: Bars::default() });
        timeline.set_position(ticks, FREE, 120.0);
        if ticks % 100 == 0 {
            timeline.read();
        }
    }
    assert!(seen(&mut timeline).len() <= 4096);
    assert!(timeline.read().last_take().unwrap().notes.len() <= 2048);
}
