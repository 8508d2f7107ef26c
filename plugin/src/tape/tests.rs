use super::*;

const FREE: Metre = Metre::Free;
const FOUR: Metre = Metre::Bars { bar_line_ticks: 0, bar_ticks: 192 };

fn span(on_ticks: i64, off_ticks: i64, key: u8) -> Span {
    Span { on_ticks, off_ticks, key, velocity: 80 }
}

fn seen(tape: &Tape) -> Vec<(Who, i64, i64, u8)> {
    let roll = tape.look(|reel| reel.roll(1 << 16, 1 << 16));
    roll.notes.iter().map(|note| (note.who, note.span.on_ticks, note.span.off_ticks, note.span.key)).collect()
}

#[test]
fn notes_are_wound_on_as_they_are_played() {
    let tape = Tape::new();
    let mut pen = tape.pen();
    pen.mark(&tape, Mark::CallOn { ticks: 10, key: 60, velocity: 90 });
    tape.be_at(20, FREE, 120.0);
    assert_eq!(seen(&tape), [(Who::Player, 10, i64::MAX, 60)]);
    pen.mark(&tape, Mark::CallOff { ticks: 30, key: 60 });
    pen.mark(&tape, Mark::Planned { turn: 1, span: span(50, 90, 64) });
    pen.mark(&tape, Mark::Planned { turn: 1, span: span(60, 70, 67) });
    tape.be_at(40, FREE, 120.0);
    assert_eq!(seen(&tape), [(Who::Player, 10, 30, 60)]);
    assert_eq!(tape.look(|reel| reel.roll(100, 100).planned.len()), 2);

    pen.mark(&tape, Mark::Answer(span(50, 90, 64)));
    tape.be_at(55, FREE, 120.0);
    assert_eq!(tape.look(|reel| reel.roll(100, 100).planned), [span(60, 70, 67)]);
    pen.mark(&tape, Mark::Forget { from_ticks: 60 });
    pen.mark(&tape, Mark::Cut { ticks: 58 });
    tape.be_at(59, FREE, 120.0);
    assert_eq!(seen(&tape)[1], (Who::Antiphon, 50, 58, 64));
    assert_eq!(tape.look(|reel| reel.roll(100, 100).planned), []);
}

#[test]
fn a_new_plan_takes_the_place_of_the_last() {
    let tape = Tape::new();
    let mut pen = tape.pen();
    pen.mark(&tape, Mark::Planned { turn: 1, span: span(50, 90, 64) });
    pen.mark(&tape, Mark::Planned { turn: 2, span: span(70, 90, 65) });
    assert_eq!(tape.look(|reel| reel.roll(100, 100).planned), [span(70, 90, 65)]);
}

#[test]
fn a_loop_does_not_turn_the_tape_back() {
    let tape = Tape::new();
    let mut pen = tape.pen();
    tape.be_at(700, FOUR, 120.0);
    pen.mark(&tape, Mark::CallOn { ticks: 720, key: 60, velocity: 90 });
    tape.be_at(768, FOUR, 120.0);
    tape.wind();
    pen.mark(&tape, Mark::Jump { ticks: 0 });
    pen.mark(&tape, Mark::CallOn { ticks: 12, key: 62, velocity: 90 });
    tape.be_at(24, FOUR, 120.0);
    let notes = seen(&tape);
    assert_eq!(notes, [(Who::Player, 720, 768, 60), (Who::Player, 780, i64::MAX, 62)], "the key is let go at the jump");
    tape.be_at(48, FOUR, 120.0);
    let roll = tape.look(|reel| reel.roll(200, 200));
    assert_eq!(roll.now_ticks, 816);
    let bars: Vec<_> = roll.lines.iter().filter_map(|&(ticks, bar)| Some((ticks, bar?))).collect();
    assert_eq!(bars, [(768, 1), (960, 2)], "bars are counted as in the song");
}

#[test]
fn a_take_is_a_call_and_its_answer_from_the_bar_line_on() {
    let tape = Tape::new();
    let mut pen = tape.pen();
    tape.be_at(0, FOUR, 90.0);
    tape.wind();
    assert!(tape.look(Reel::last_take).is_none());
    for start in [192, 768] {
        for ticks in [start + 48, start + 96] {
            pen.mark(&tape, Mark::CallOn { ticks, key: 60, velocity: 90 });
            pen.mark(&tape, Mark::CallOff { ticks: ticks + 40, key: 60 });
        }
        pen.mark(&tape, Mark::Answer(span(start + 200, start + 230, 67)));
        pen.mark(&tape, Mark::Answer(span(start + 240, start + 250, 69)));
    }
    tape.be_at(1100, FOUR, 90.0);
    let take = tape.look(Reel::last_take).unwrap();
    let notes: Vec<_> = take.notes.iter().map(|note| (note.is_answer, note.on_ticks, note.off_ticks)).collect();
    assert_eq!(notes, [(false, 48, 88), (false, 96, 136), (true, 200, 230), (true, 240, 250)]);
    assert_eq!((take.tempo, take.bar_ticks), (90.0, 192));
}

#[test]
fn lost_marks_leave_no_endless_note() {
    let tape = Tape::new();
    let mut pen = tape.pen();
    pen.mark(&tape, Mark::CallOn { ticks: 0, key: 1, velocity: 90 });
    for _ in 0..CAPACITY {
        pen.mark(&tape, Mark::CallOff { ticks: 5, key: 2 });
    }
    tape.be_at(400, FREE, 120.0);
    assert_eq!(seen(&tape), [(Who::Player, 0, 400, 1)]);
}

#[test]
fn the_reel_is_bounded() {
    let tape = Tape::new();
    let mut pen = tape.pen();
    for ticks in 0..6000 {
        pen.mark(&tape, Mark::CallOn { ticks, key: 60, velocity: 90 });
        pen.mark(&tape, Mark::Jump { ticks });
        tape.be_at(ticks, FREE, 120.0);
        if ticks % 100 == 0 {
            tape.wind();
        }
    }
    assert!(seen(&tape).len() <= 4096);
    assert!(tape.look(Reel::last_take).unwrap().notes.len() <= 2048);
}
