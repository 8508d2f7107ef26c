//! What the player played is drawn as it was played, and behind it how that was understood.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use egui::Rect;
use engine::Metre;
use live::timeline::{FoundBeats, Insight, LineKind, PARTS_PER_TICK, Roll, Span, TimelineEvent, Who, Written};

use super::super::Window;
use super::stage::Stage;
use super::{BAR, SMALL, USUAL, performing};
use crate::params::{AntiphonParams, ParamId};
use crate::status::{Doing, Engine, Status};

/// Where lines of a kind are, in parts of a tick from a tick.
fn lines(roll: &Roll, kind: LineKind, from_ticks: i64) -> Vec<i64> {
    let of_kind = roll.lines.iter().filter(|line| line.kind == kind);
    let mut lines: Vec<i64> = of_kind.map(|line| line.at_parts - from_ticks * PARTS_PER_TICK).collect();
    lines.sort_unstable();
    lines
}

#[test]
fn notes_are_drawn_as_played_before_what_was_understood_of_them() {
    let mut window = performing();
    let roll = window.view().roll;
    let start = 11 * BAR;
    let call: Vec<_> = roll.notes.iter().filter(|note| note.who == Who::Player).collect();
    assert_eq!(call.len(), 9);
    let written: Vec<Written> = call.iter().map(|note| note.written.unwrap()).collect();
    let shown = |parts: i64| parts - start * PARTS_PER_TICK;
    let played: Vec<i64> = call.iter().map(|note| shown(note.span.on_parts)).collect();
    let places: Vec<i64> = written.iter().map(|written| shown(written.on_parts) / PARTS_PER_TICK).collect();
    let lengths: Vec<i64> = written.iter().map(|written| written.length_parts.unwrap() / PARTS_PER_TICK).collect();
    assert_eq!(places, [0, 0, 24, 48, 84, 96, 96, 144, 168]);
    assert_eq!(lengths, [24, 24, 24, 36, 12, 48, 48, 24, 40]);
    assert_eq!(played, [6, 6, 422, 738, 1388, 1514, 1514, 2334, 2652], "not moved to where they are written");
    let parts = |ticks: &[i64]| ticks.iter().map(|ticks| ticks * PARTS_PER_TICK).collect::<Vec<_>>();
    assert_eq!(lines(&roll, LineKind::Division, start), parts(&[24, 60, 72, 84, 168]), "an eighth and sixteenths");
    assert!(roll.notes.iter().all(|note| note.who == Who::Player || note.written.is_none()), "an answer means itself");

    let mut stage = Stage::new(USUAL);
    let words = stage.show(&mut window);
    assert!(words.contains("as understood") && words.contains("you"));
    assert!(!Stage::new(SMALL).show(&mut window).contains("as understood"), "there is no room for it");
    stage.hover(&mut window, "as understood");
    assert!(stage.words().contains("the pale box says"), "the legend explains it");
    stage.save("understood-tooltip");
}

/// A window on a host that stands still at 120 BPM, while the player has played in 104 and is answered in that.
fn following() -> Window {
    let status = Arc::new(Status::new());
    status.set_engine(Engine::Ready, "Antiphon nano".into());
    let window = Window::new(Arc::new(AntiphonParams::default()), Arc::clone(&status));
    window.params.has_sound.store(true, Relaxed);
    let mut recorder = status.timeline.recorder();
    let timeline = &status.timeline;
    timeline.set_position(0, Metre::Free, 120.0);
    timeline.drain();
    // A beat of the player's in parts of a tick of the host's, and where a tick of the score is.
    let beat_parts = 768 * 120 / 104;
    let at = |ticks: i64| 4000 * PARTS_PER_TICK + 77 + ticks * beat_parts / 48;
    let call = [(0, 24, 67), (24, 24, 69), (48, 48, 71), (96, 16, 72), (112, 16, 74), (128, 16, 76), (144, 48, 74)];
    for ((on, length, key), late_parts) in call.into_iter().zip([0, 40, -34, 26, 46, -18, 30]) {
        let parts = at(on) + late_parts;
        recorder.record(timeline, TimelineEvent::CallOn { parts, key, velocity: 90 });
        recorder.record(timeline, TimelineEvent::CallOff { parts: parts + (at(length) - at(0)) * 4 / 5, key });
        let beat = on - on.rem_euclid(48);
        let written = Written {
            on_parts: at(on),
            length_parts: Some(at(on + length) - at(on)),
            beat_parts: (at(beat), at(beat + 48)),
            place_ticks: u8::try_from(on - beat).ok(),
        };
        timeline.learn(std::iter::once(Insight::Note { struck_parts: parts, key, written }));
    }
    let beats_parts = (0..10).map(|beat| at(48 * beat)).collect();
    timeline.learn(std::iter::once(Insight::Found(FoundBeats { beats_parts, until_parts: at(480) })));
    let answer = [(288, 24, 71), (312, 24, 72), (336, 48, 74), (384, 24, 76), (408, 24, 74), (432, 48, 72)];
    for (on, length, key) in answer {
        let span = Span { on_parts: at(on), off_parts: at(on + length), key, velocity: 80 };
        recorder.record(timeline, TimelineEvent::Planned { turn: 1, written_ticks: at(on) / PARTS_PER_TICK, span });
        if on < 336 {
            recorder.record(timeline, TimelineEvent::Answer(span));
        }
    }
    timeline.set_position(at(330) / PARTS_PER_TICK, Metre::Free, 120.0);
    for (counter, n) in [(&status.n_heard, 7), (&status.n_played, 2), (&status.n_call, 7), (&status.bar, 1)] {
        counter.set(n);
    }
    status.n_bars.set(1);
    status.notes_per_second.set(5200);
    status.found_us_per_beat.set(576_923);
    status.chord.set(2 + 2);
    status.set_doing(Doing::Answering);
    window
}

#[test]
fn by_the_players_own_beat_the_lines_are_those_that_were_found() {
    let mut window = following();
    let roll = window.view().roll;
    let beat_parts = 768 * 120 / 104;
    let found = lines(&roll, LineKind::FoundBeat, 4000);
    assert!(found.windows(2).all(|pair| (pair[1] - pair[0] - beat_parts).abs() <= 1), "{found:?}");
    assert!(
        found.len() >= 9 && roll.now_ticks * PARTS_PER_TICK < 4000 * PARTS_PER_TICK + found[8],
        "and those to come"
    );
    let of_host = lines(&roll, LineKind::Beat, 4000);
    assert!(of_host.iter().all(|line| *line < found[0] || *line >= found[0] + 10 * beat_parts), "{of_host:?}");
    let divisions = lines(&roll, LineKind::Division, 4000);
    let of_beat = |n: i64, k: i64| 77 + n * beat_parts + k * beat_parts / 6;
    let expected = [of_beat(0, 3), of_beat(2, 2), of_beat(2, 4)];
    assert!(divisions.len() == 3 && divisions.iter().zip(expected).all(|(a, b)| (a - b).abs() <= 2), "{divisions:?}");
    for (size, suffix) in [(USUAL, ""), (SMALL, "-small")] {
        let mut stage = Stage::new(size);
        let words = stage.show(&mut window);
        assert!(!suffix.is_empty() || words.contains("104 BPM"));
        stage.save(&format!("following{suffix}"));
    }
}

#[test]
fn what_was_understood_is_paler_than_what_was_played() {
    let mut window = performing();
    let mut stage = Stage::new(USUAL);
    stage.show(&mut window);
    stage.show(&mut window);
    let picture = stage.paint_part(Rect::from_min_max(egui::pos2(56.0, 110.0), egui::pos2(480.0, 420.0)));
    let blue = |x: u32, y: u32| {
        let [red, _, blue] = picture.at(x, y);
        i32::from(blue) - i32::from(red)
    };
    let all = || (56..480).flat_map(|x| (110..420).map(move |y| (x, y)));
    let pale = all().filter(|&(x, y)| (14..70).contains(&blue(x, y))).count();
    let full = all().filter(|&(x, y)| blue(x, y) > 90).count();
    assert!(pale > 400 && full > 800, "{pale} pale, {full} full");
}

#[test]
fn the_page_of_time_shows_tempo_and_feel_whole() {
    let mut window = performing();
    let groups = window.view().groups;
    let place =
        groups.iter().position(|group| group.controls.iter().any(|control| control.id == ParamId::Feel)).unwrap();
    assert!(groups[place].controls.iter().any(|control| control.id == ParamId::Tempo));
    window.ui_state.tab = place + 1;
    for (size, suffix) in [(USUAL, ""), (SMALL, "-small")] {
        let mut stage = Stage::new(size);
        let words = stage.show(&mut window);
        for word in ["Tempo", "Feel"] {
            assert!(words.contains(word), "{word}{suffix}");
        }
        assert_eq!(words.cut(), [""; 0], "{suffix}");
        stage.save(&format!("time{suffix}"));
    }
}
