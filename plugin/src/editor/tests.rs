//! Draws the window without a window, reads it, clicks on it, and looks at its pixels. With `ANTIPHON_PICTURES` set to a
//! folder, the pictures are written there; `docs/editor.png` is `answering.png`, `docs/new-style.png` `style-learning.png`.

mod answers;
mod files;
mod keys;
#[cfg(unix)]
mod new_style;
mod pixels;
mod sound_offer;
mod stage;
mod states;
mod understood;

use egui::{Color32, Vec2, vec2};
use engine::Metre;

use self::stage::Stage;
use super::view::{Kind, UiAction};
use super::{Window, theme};
use crate::params::{AntiphonParams, ParamId};
use crate::status::{Doing, Engine, Priority, Status};
use live::timeline::{Insight, PARTS_PER_TICK, Span, TimelineEvent, Written};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

const BAR: i64 = 192;
const USUAL: Vec2 = vec2(1000.0, 680.0);
/// The least that there is.
const SMALL: Vec2 = vec2(640.0, 480.0);

const VERSION: &str = concat!("Antiphon ", env!("CARGO_PKG_VERSION"));

/// A window on a plugin that has heard a call, plays an answer and has planned more, in the middle of a bar.
fn performing() -> Window {
    let status = Arc::new(Status::new());
    status.set_engine(Engine::Ready, "Antiphon nano".into());
    status.set_priority(Priority::RealTime);
    let window = Window::new(Arc::new(AntiphonParams::default()), Arc::clone(&status));
    window.params.has_sound.store(true, Relaxed);
    let mut recorder = status.timeline.recorder();
    let timeline = &status.timeline;
    let metre = Metre::Bars { bar_line_ticks: 0, bar_ticks: 192 };
    recorder.record(timeline, TimelineEvent::Anew { ticks: 0, bars: metre.into() });
    timeline.set_position(0, metre, 96.0);
    timeline.drain();
    let start = 11 * BAR;
    let call = [(0, 24, 67), (24, 24, 71), (48, 36, 74), (84, 12, 72), (96, 48, 71), (144, 24, 69), (168, 40, 67)];
    // By hand: a little early and late, and let go a little early.
    let late_parts = [6, 38, -30, 44, -22, 30, -36];
    for ((on, length, key), late_parts) in call.into_iter().zip(late_parts) {
        for (key, velocity) in [(key, 96), (key - 16, 60)].into_iter().take(1 + usize::from(on % 96 == 0)) {
            let parts = (start + on) * PARTS_PER_TICK + late_parts;
            recorder.record(timeline, TimelineEvent::CallOn { parts, key, velocity });
            let off_parts = parts + length * PARTS_PER_TICK * 3 / 4;
            recorder.record(timeline, TimelineEvent::CallOff { parts: off_parts, key });
            timeline.learn(std::iter::once(understood(parts, key, (start + on, length))));
        }
    }
    let answer = [(0, 24, 69), (24, 24, 72), (48, 36, 76), (84, 12, 74), (96, 60, 72), (120, 60, 64), (144, 30, 71)];
    let coming = [(192, 40, 67), (192, 90, 55), (240, 24, 71), (264, 24, 74), (288, 90, 67), (336, 48, 62)];
    let span = |(on, length, key): (i64, i64, u8)| Span {
        on_parts: (start + 2 * BAR + on) * PARTS_PER_TICK,
        off_parts: (start + 2 * BAR + on + length) * PARTS_PER_TICK,
        key,
        velocity: 60 + key % 40,
    };
    for note in answer.into_iter().chain(coming) {
        let (span, written_ticks) = (span(note), start + 2 * BAR + note.0);
        recorder.record(timeline, TimelineEvent::Planned { turn: 1, written_ticks, span });
    }
    for note in answer {
        recorder.record(timeline, TimelineEvent::Answer(span(note)));
    }
    timeline.set_position(start + 2 * BAR + 156, metre, 96.0);
    for (counter, n) in [(&status.n_heard, 9), (&status.n_played, 7), (&status.n_call, 9), (&status.bar, 1)] {
        counter.set(n);
    }
    status.n_bars.set(2);
    status.notes_per_second.set(5200);
    status.set_doing(Doing::Answering);
    window
}

/// A note was understood to be written at a tick, so many ticks long, in the song's beats.
fn understood(struck_parts: i64, key: u8, (on_ticks, length_ticks): (i64, i64)) -> Insight {
    let beat = on_ticks - on_ticks.rem_euclid(48);
    let written = Written {
        on_parts: on_ticks * PARTS_PER_TICK,
        length_parts: Some(length_ticks * PARTS_PER_TICK),
        beat_parts: (beat * PARTS_PER_TICK, (beat + 48) * PARTS_PER_TICK),
        place_ticks: u8::try_from(on_ticks - beat).ok(),
    };
    Insight::Note { struck_parts, key, written }
}

fn idle() -> Window {
    let status = Arc::new(Status::new());
    status.set_engine(Engine::Ready, "Antiphon nano".into());
    status.set_doing(Doing::Idle);
    Window::new(Arc::default(), status)
}

#[test]
fn it_says_what_is_going_on_and_names_every_control() {
    for (name, size) in
        [("answering", vec2(1000.0, 680.0)), ("small", vec2(640.0, 480.0)), ("large", vec2(1600.0, 1000.0))]
    {
        let mut stage = Stage::new(size);
        let mut window = performing();
        let words = stage.show(&mut window);
        for word in [
            "Answering: bar 1 of 2",
            "Play, and I stop",
            "Panic",
            "Help",
            "Hand over",
            "Keep",
            "Save",
            "you",
            "to come",
        ] {
            assert!(words.contains(word), "{name}: {word}");
        }
        assert!(words.contains("13"), "{name}: the number of the bar that the song is in");
        if name == "answering" {
            for word in ["First note", "Late", "Dropped", "5200 notes/s", "real-time priority"] {
                assert!(words.contains(word), "{name}: {word} in the health line");
            }
        }
        stage.save(name);
        stage.click(&mut window, "Presets");
        assert!(stage.show(&mut window).contains(window.view().presets[0].0), "{name}: the presets");
        stage.save(&format!("{name}-presets"));
        for tab in 0..window.view().groups.len() {
            window.ui_state.tab = tab + 1;
            let words = stage.show(&mut window);
            for control in window.view().groups[tab].controls.iter().take(3) {
                let is_there = |text: &str| words.contains(text) || words.contains(&text[..text.len() / 2]);
                assert!(
                    is_there(control.id.spec().name) && is_there(&control.text),
                    "{name}: {} {}",
                    control.id.spec().name,
                    control.text
                );
            }
            if name == "answering" {
                stage.save(&format!("{name}-{tab}"));
            }
        }
    }
}

#[test]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "places of pixels")]
fn call_answer_and_plan_are_where_they_belong() {
    let mut stage = Stage::new(vec2(1000.0, 680.0));
    stage.show(&mut performing());
    let picture = stage.paint();
    // The roll's field: from the margin and the keys' names to the other margin, with the present at 11 of 16 beats.
    let (left, right) = (16.0 + 40.0, 1000.0 - 16.0 - 8.0);
    let x = |beats: f64| (left + (right - left) * beats / 16.0) as u32;
    let count = |beats: std::ops::Range<f64>, colour: Color32| {
        let is_near = |at: &[u8; 3]| at.iter().zip(colour.to_array()).all(|(a, b)| a.abs_diff(b) < 60);
        let columns = x(beats.start)..x(beats.end);
        // Below the legend, which has both colours.
        columns.flat_map(|x| (138..400).map(move |y| (x, y))).filter(|&(x, y)| is_near(&picture.at(x, y))).count()
    };
    // Now is 156 ticks into the third bar since the call: the call is 11.25 to 7 beats ago, the answer began 3.25 ago.
    assert!(count(0.5..3.5, theme::CALL) > 700, "the call is blue");
    assert_eq!(count(0.5..3.5, theme::ANSWER), 0);
    assert!(count(7.8..11.0, theme::ANSWER) > 1000, "the answer is orange");
    assert_eq!(count(4.5..11.0, theme::CALL), 0);
    let (outlined, filled) = (count(11.8..16.0, theme::ANSWER), count(7.8..11.0, theme::ANSWER));
    assert!(outlined > 200 && outlined < filled, "what is to come is outlined: {outlined} of {filled}");
}

#[test]
fn every_state_can_be_read() {
    let mut stage = Stage::new(vec2(1000.0, 680.0));
    let mut window = idle();
    assert!(stage.show(&mut window).contains("Your turn: play a phrase"));
    stage.save("idle");

    let mut window = performing();
    window.status.set_doing(Doing::Listening);
    let words = stage.show(&mut window);
    assert!(words.contains("Listening: 9 notes") && words.contains("I answer after 700 ms of silence"));
    stage.save("listening");

    window.status.set_engine(Engine::NoWeights, "the file is damaged; install Antiphon again".into());
    assert!(stage.show(&mut window).contains("install Antiphon again"));
    stage.save("error");

    let mut window = performing();
    stage.click(&mut window, "Help");
    let words = stage.show(&mut window);
    for word in ["MIDI From", "Monitor of track B", "Bitwig Studio, Reaper: one track", "Back", VERSION] {
        assert!(words.contains(word), "{word}");
    }
    stage.save("help");
    let mut small = Stage::new(vec2(640.0, 480.0));
    small.show(&mut window);
    small.save("help-small");
}

#[test]
fn buttons_and_cards_do_what_they_say() {
    let mut stage = Stage::new(vec2(1000.0, 680.0));
    let mut window = performing();
    assert_eq!(stage.click(&mut window, "Keep"), [UiAction::Keep]);
    assert_eq!(stage.click(&mut window, "Save"), [UiAction::Save]);
    assert!(stage.click(&mut window, "Undo").is_empty(), "there is nothing to undo");
    for (label, id) in [("Panic", ParamId::Panic), ("Hand over", ParamId::HandOver)] {
        let held = [UiAction::Touch(id), UiAction::Set(id, 1.0), UiAction::Set(id, 0.0), UiAction::LetGo(id)];
        assert_eq!(stage.click(&mut window, label), held);
    }
    let Kind::Choice(modes) = window.view().mode.kind else { panic!("the mode has choices") };
    assert_eq!(stage.click(&mut window, "Off"), UiAction::change(ParamId::Mode, modes[2].1));

    stage.click(&mut window, "Turns");
    assert_eq!(stage.click(&mut window, "Learn"), [UiAction::Learn(ParamId::HandCc)]);
    stage.click(&mut window, "Output");
    assert_eq!(stage.click(&mut window, "Thru"), UiAction::change(ParamId::Thru, 0.0));
    stage.click(&mut window, "Texture");
    let actions = stage.drag(&mut window, "Density", 60.0);
    assert_eq!(
        (actions.first(), actions.last()),
        (Some(&UiAction::Touch(ParamId::Density)), Some(&UiAction::LetGo(ParamId::Density)))
    );
    assert!(
        actions.iter().any(|action| matches!(action, UiAction::Set(ParamId::Density, to) if (0.1..0.9).contains(to)))
    );
}

#[test]
fn takes_are_kept_with_the_song_and_can_be_brought_back() {
    use nice_plug::prelude::Params;

    let mut window = performing();
    window.perform(UiAction::Keep);
    window.perform(UiAction::Keep);
    let kept = window.params.takes.read().clone();
    assert_eq!(kept.len(), 1, "the same take is kept once");
    let answers = kept[0].notes.iter().filter(|note| note.is_answer).count();
    assert_eq!((kept[0].notes.len(), answers, kept[0].bar_ticks, kept[0].tempo), (16, 7, 192, 96.0));

    let song = window.params.serialize_fields();
    let other = AntiphonParams::default();
    other.deserialize_fields(&song);
    assert_eq!(*other.takes.read(), kept);

    window.perform(UiAction::Discard(0));
    assert!(window.params.takes.read().is_empty());
    window.perform(UiAction::Undo);
    assert_eq!(*window.params.takes.read(), kept);
    window.perform(UiAction::Undo);
    window.perform(UiAction::Undo);
    assert!(window.params.takes.read().is_empty());
    window.perform(UiAction::SaveKept(7));
    window.perform(UiAction::SaveScore(7));
    window.perform(UiAction::Discard(7));

    window.perform(UiAction::Keep);
    window.ui_state.tab = window.view().groups.len() + 2;
    let mut stage = Stage::new(vec2(1000.0, 680.0));
    let words = stage.show(&mut window);
    assert!(words.contains("Take 1") && words.contains("9 + 7 notes"));
    assert!(["Save", "Score", "Drop"].iter().all(|label| words.contains(label)));
    stage.save("takes");
}

#[test]
fn a_control_learns_from_what_is_played() {
    let mut window = performing();
    window.status.last_controller.set_latest(7);
    window.perform(UiAction::Learn(ParamId::HandCc));
    let is_learning = |window: &mut Window, id: ParamId| {
        let view = window.view();
        let mut controls = view.groups.iter().flat_map(|group| &group.controls);
        controls.find(|control| control.id == id).unwrap().learn.clone().unwrap().is_learning
    };
    window.learn();
    assert!(is_learning(&mut window, ParamId::HandCc), "what came before does not count");
    window.status.last_controller.set_latest(7);
    window.learn();
    assert!(!is_learning(&mut window, ParamId::HandCc));
    for id in [ParamId::HandKey, ParamId::Density] {
        window.perform(UiAction::Learn(id));
        assert!(is_learning(&mut window, id));
        window.perform(UiAction::Learn(id));
        assert!(!is_learning(&mut window, id), "a second press thinks better of it");
    }
}

#[test]
fn a_pack_that_cannot_be_read_is_named_with_the_reason_and_changes_nothing() {
    let mut stage = Stage::new(vec2(1000.0, 680.0));
    let mut window = idle();
    window.ui_state.tab = window.view().groups.len() + 1;
    let words = stage.show(&mut window);
    assert!(words.contains("Built-in styles") && words.contains("More packs"));
    let lost = std::env::temp_dir().join("no-such-folder").join("lost.antiphon");
    window.params.model.choose(&lost);
    window.packs.is_new = true;
    window.params.model.wait();
    window.follow_pack();
    let words = stage.show(&mut window);
    for word in ["lost", "cannot read", "without the song's style pack", "The style stays as it was"] {
        assert!(words.contains(word), "{word}");
    }
    assert_eq!(window.params.settings().controls.style, 0);
    stage.save("packs");
    window.perform(UiAction::LeavePack);
    assert!(stage.show(&mut window).contains("Your turn: play a phrase"));
}
