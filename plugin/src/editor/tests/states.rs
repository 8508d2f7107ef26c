//! Every state, at every size, says what it is, why, and what to do next; and can be read.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use egui::vec2;
use nice_plug::prelude::{BoolParam, IntParam, IntRange};

use super::super::view::{Notice, StatusKind, UiAction};
use super::super::{NOTICE_TIME, Window};
use super::stage::{Stage, Words};
use super::{SMALL, USUAL, idle, performing};
use takes::explain;

use crate::params::{AntiphonParams, AnyParam, ParamId};
use crate::status::{Doing, Engine};

/// A parameter that has this value.
fn choice(names: [&'static str; 3], value: i32) -> AnyParam {
    let name = move |value: i32| names[usize::try_from(value).unwrap()].to_owned();
    AnyParam::Int(IntParam::new("", value, IntRange::Linear { min: 0, max: 2 }).with_value_to_string(Arc::new(name)))
}

/// Every state of the large line: its name, the words that are wanted, and a window in it.
fn states() -> Vec<(&'static str, StatusKind, [&'static str; 2], Window)> {
    let doing = |doing| {
        let window = performing();
        window.status.set_doing(doing);
        window
    };
    let engine = |engine, message: &str| {
        let window = idle();
        window.status.set_engine(engine, message.to_owned());
        window
    };
    let with = |mut window: Window, change: fn(&mut AntiphonParams)| {
        let mut params = AntiphonParams::default();
        change(&mut params);
        window.params = Arc::new(params);
        window
    };
    let goes_on =
        |params: &mut AntiphonParams| *params.get_mut(ParamId::Mode) = choice(["Answer", "Continue", "Off"], 1);
    let endless = with(doing(Doing::Answering), goes_on);
    endless.status.n_bars.set(0);
    let waiting = with(idle(), goes_on);
    let off =
        with(doing(Doing::Off), |params| *params.get_mut(ParamId::Mode) = choice(["Answer", "Continue", "Off"], 2));
    let bypassed = with(doing(Doing::Off), |params| {
        *params.get_mut(ParamId::Bypass) = AnyParam::Bool(BoolParam::new("Bypass", true))
    });
    let by_hand = with(doing(Doing::Planning), |params| {
        *params.get_mut(ParamId::HandSilence) = choice(["Off", "Time", "Beats"], 0);
        *params.get_mut(ParamId::Start) = choice(["At once", "Next beat", "Next bar"], 2);
    });
    vec![
        ("asleep", StatusKind::Calm, ["Asleep", "arm the track"], doing(Doing::Asleep)),
        ("loading", StatusKind::Calm, ["Loading the model", "takes a moment"], engine(Engine::Loading, "")),
        ("planning", StatusKind::Ready, ["Ready: 9 notes heard", "after 700 ms of silence"], doing(Doing::Planning)),
        ("planning-bar", StatusKind::Ready, ["Ready: 9 notes heard", "comes on the next bar"], by_hand),
        ("continue", StatusKind::Answering, ["Continuing: bar 1", "Play, and I stop"], endless),
        ("continue-idle", StatusKind::Calm, ["Your turn: play, or start", "Start the song"], waiting),
        ("stuck", StatusKind::Wrong, ["Too much at once", "Pause for a moment"], doing(Doing::Stuck)),
        ("frozen", StatusKind::Wrong, ["position stands still", "start it again"], doing(Doing::Frozen)),
        ("broken", StatusKind::Wrong, ["Stopped after a fault", "add it again"], doing(Doing::Broken)),
        ("off", StatusKind::Calm, ["Off", "choose Answer"], off),
        ("bypass", StatusKind::Calm, ["Bypassed", "switch Bypass off"], bypassed),
        ("no-model", StatusKind::Wrong, ["No answers: no model", "Install Antiphon again"], {
            engine(
                Engine::NoWeights,
                "Install Antiphon again: the model inside it cannot be used, since the file is damaged (its checksum does not \
                 match)",
            )
        }),
    ]
}

/// The least size of words that anybody has to read.
fn is_legible(words: &Words, name: &str) {
    let (size, text) = words.smallest();
    assert!(size >= 13.0, "{name}: {text} has {size} px");
}

#[test]
fn every_state_says_why_and_what_to_do_at_any_size() {
    for (name, kind, wanted, mut window) in states() {
        assert_eq!(window.view().status_line.kind, kind, "{name}");
        for (size, suffix) in [(USUAL, ""), (SMALL, "-small")] {
            let mut stage = Stage::new(size);
            let words = stage.show(&mut window);
            for word in wanted {
                assert!(words.contains(word), "{name}{suffix}: {word}");
            }
            is_legible(&words, name);
            assert_eq!(words.cut(), [""; 0], "{name}{suffix}");
            stage.save(&format!("state-{name}{suffix}"));
        }
    }
}

#[test]
fn the_word_is_read_from_afar_and_grows_with_the_window() {
    let mut window = performing();
    let size = |size, window: &mut Window| Stage::new(size).show(window).size("Answering: bar 1 of 2");
    // Capitals are 0.69 of the size: 7 mm at 96 dots an inch, which is 16 minutes of arc at 1.5 m.
    assert!(size(USUAL, &mut window) * 0.69 >= 26.0);
    assert!(size(SMALL, &mut window) >= 24.0);
    assert!(size(vec2(1920.0, 1200.0), &mut window) > 64.0);
}

#[test]
fn no_words_are_too_small_or_cut_on_any_page() {
    for (size, scale, suffix) in [(USUAL, 1.0, ""), (SMALL, 1.0, "-small"), (vec2(1920.0, 1200.0), 1.0, "-huge")] {
        let mut stage = Stage::at_scale(size, scale);
        let mut window = performing();
        window.perform(UiAction::Keep);
        let n_pages = window.view().groups.len() + 3;
        for page in 0..n_pages {
            window.ui_state.tab = page;
            let words = stage.show(&mut window);
            is_legible(&words, &format!("page {page}{suffix}"));
            stage.save(&format!("page-{page}{suffix}"));
            assert_eq!(words.cut(), [""; 0], "page {page}{suffix}");
        }
        window.ui_state.is_help = true;
        for page in 0..3 {
            window.ui_state.help = page;
            let words = stage.show(&mut window);
            is_legible(&words, &format!("help {page}{suffix}"));
            stage.save(&format!("help-{page}{suffix}"));
        }
    }
}

#[test]
fn a_notice_hides_neither_the_late_notes_nor_the_reason() {
    let text = "Saved as /home/a-user-with-a-long-name/Music/Antiphon/and/a/folder/with/a/long/name/take-0012.mid; and that \
        is not all that there is to say about it";
    let mut window = performing();
    window.status.notes_per_second.set(20);
    window.status.n_refused.add(2);
    *window.params.files.log_error_mut() = Some("the disk is full; make room and try again".to_owned());
    for [late, dropped] in [["0", "0"], ["3", "12"]] {
        window.status.n_late.set(late.parse().unwrap());
        window.status.n_dropped.set(dropped.parse().unwrap());
        for (size, suffix) in [(USUAL, ""), (SMALL, "-small")] {
            let mut stage = Stage::new(size);
            for is_help in [false, true] {
                window.ui_state.is_help = is_help;
                window.say(text.to_owned(), true);
                let words = stage.show(&mut window);
                for word in
                    ["Late", late, "Dropped", dropped, "Log", "Answering: bar 1 of 2", "take-0012.mid", "say about it"]
                {
                    assert!(words.contains(word), "{word}{suffix}");
                }
                stage.save(&format!("notice-{late}{}{suffix}", if is_help { "-help" } else { "" }));
            }
        }
    }
    window.ui_state.is_help = false;
    window.notice = None;
    window.say("Kept as take 1, with the song".to_owned(), false);
    let mut stage = Stage::new(USUAL);
    stage.show(&mut window);
    stage.save("notice-good");
    assert_eq!(stage.click(&mut window, "Kept as take 1, with the song"), [UiAction::Dismiss]);
    window.perform(UiAction::Dismiss);
    assert_eq!(window.view().notice, None::<Notice>);
}

#[test]
fn a_notice_goes_by_itself_after_a_while_and_not_before() {
    let mut window = performing();
    window.say("Kept as take 1, with the song".to_owned(), false);
    let said = window.notice.as_ref().unwrap().0;
    window.drop_old_notice(said + NOTICE_TIME);
    assert!(window.view().notice.is_some());
    window.drop_old_notice(said + NOTICE_TIME + Duration::from_millis(1));
    assert_eq!(window.view().notice, None);
}

#[test]
fn a_lost_pack_says_where_it_belongs_and_what_to_do() {
    let folder = std::env::temp_dir().join("a-folder-that-is-not-there-any-more").join("Antiphon").join("Styles");
    let mut window = idle();
    window.ui_state.tab = window.view().groups.len() + 1;
    window.params.model.choose(&folder.join("my-own-style.antiphon"));
    window.packs.is_new = true;
    window.params.model.wait();
    window.follow_pack();
    for (size, suffix) in [(USUAL, ""), (SMALL, "-small")] {
        let mut stage = Stage::new(size);
        let words = stage.show(&mut window);
        for word in
            ["I play without the song's style pack", "it is not there. Put it back and press Retry", "not loaded"]
        {
            assert!(words.contains(word), "{word}{suffix}");
        }
        assert!(!words.contains("os error"));
        if size == USUAL {
            assert_eq!(words.cut(), [""; 0], "{suffix}");
            assert!(words.contains("cannot be played"));
        }
        stage.save(&format!("lost-pack{suffix}"));
    }
    let place = window.packs.cards(&window.params.model).iter().position(|pack| pack.is_bad).unwrap();
    let mut stage = Stage::new(USUAL);
    assert_eq!(stage.click(&mut window, "Retry"), [UiAction::ChoosePack(place)]);
}

#[test]
fn what_the_system_refuses_is_said_in_words() {
    let mut window = performing();
    window.params = Arc::default();
    let text = explain(&ErrorKind::PermissionDenied.into());
    window.say(format!("Not saved: {text}"), true);
    let words = Stage::new(USUAL).show(&mut window);
    assert!(words.contains("give this user the right to the folder"));
}
