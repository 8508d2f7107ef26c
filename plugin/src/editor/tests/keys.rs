//! What the keyboard and a fine hand do.

use egui::{Key, Modifiers, vec2};

use super::super::view::UiAction;
use super::stage::Stage;
use super::{idle, performing};
use crate::params::ParamId;

#[test]
fn panic_and_hand_over_are_held_by_keys_too() {
    let mut stage = Stage::new(vec2(1000.0, 680.0));
    let mut window = performing();
    for (label, id, key) in [("Panic", ParamId::Panic, Key::Space), ("Hand over", ParamId::HandOver, Key::Enter)] {
        stage.tab_to(&mut window, label);
        assert_eq!(stage.key(&mut window, key, true), [UiAction::Touch(id), UiAction::Set(id, 1.0)], "{label}");
        assert!(stage.show(&mut window).contains(label), "held");
        assert_eq!(stage.key(&mut window, key, false), [UiAction::Set(id, 0.0), UiAction::LetGo(id)], "{label}");
        assert!(stage.tap(&mut window, Key::Escape).is_empty());
        assert!(stage.tap(&mut window, key).is_empty(), "the key is the host's again");
    }
    stage.tab_to(&mut window, "Save");
    assert_eq!(stage.key(&mut window, Key::Enter, true), [UiAction::Save]);
    assert!(stage.key(&mut window, Key::Enter, true).is_empty(), "a key that is held repeats nothing");
    stage.key(&mut window, Key::Enter, false);
}

#[test]
fn two_keys_ask_for_other_answers_wherever_the_keyboard_is_but_in_a_text() {
    let mut stage = Stage::new(vec2(1000.0, 680.0));
    let mut window = performing();
    stage.show(&mut window);
    for (key, id) in [(Key::Period, ParamId::Another), (Key::Comma, ParamId::Back)] {
        assert_eq!(stage.key(&mut window, key, true), [UiAction::Touch(id), UiAction::Set(id, 1.0)]);
        assert_eq!(stage.key(&mut window, key, false), [UiAction::Set(id, 0.0), UiAction::LetGo(id)]);
    }
    window.ui_state.tab = window.view().groups.len() + 1;
    window.ui_state.is_new_style = true;
    stage.click(&mut window, "of the style, as lists show it");
    assert!(stage.tap(&mut window, Key::Period).is_empty(), "it is a part of a name");
}

#[test]
fn whatever_has_the_keyboard_is_framed() {
    let mut stage = Stage::new(vec2(1000.0, 680.0));
    let mut window = performing();
    stage.show(&mut window);
    assert_eq!(stage.frames(), 0);
    // Buttons, a tab, and a card of each kind.
    for name in ["Panic", "Hand over", "Answer", "Texture", "Style", "Temperature", "Learn temperature"] {
        stage.tab_to(&mut window, name);
        stage.show(&mut window);
        assert_eq!(stage.frames(), 1, "{name}");
        stage.save(&format!("focus-{}", name.to_lowercase().replace(' ', "-")));
        stage.tap(&mut window, Key::Escape);
    }
    assert_eq!(stage.frames(), 0);
}

#[test]
fn the_keyboard_goes_from_left_to_right_and_down() {
    let mut stage = Stage::new(vec2(1000.0, 680.0));
    let mut window = performing();
    window.perform(UiAction::Keep);
    window.perform(UiAction::Dismiss);
    let expected = [
        "Help",
        "Panic",
        "Answer",
        "Continue",
        "Off",
        "Hand over",
        "<",
        "Another",
        "Undo",
        "Keep",
        "Save",
        "Presets",
        "Style",
    ];
    let mut found = Vec::new();
    for _ in expected {
        stage.tap(&mut window, Key::Tab);
        found.push(stage.focused().to_owned());
    }
    assert_eq!(found, expected);
}

#[test]
fn arrows_step_and_delete_brings_the_default_back() {
    let mut stage = Stage::new(vec2(1000.0, 680.0));
    let mut window = performing();
    let seed = window.params.get(ParamId::Seed);
    let (normalized, default) = (seed.normalized(), seed.default());
    stage.tab_to(&mut window, "Seed");
    let actions = stage.tap(&mut window, Key::ArrowRight);
    let [UiAction::Touch(ParamId::Seed), UiAction::Set(ParamId::Seed, to), UiAction::LetGo(ParamId::Seed)] =
        actions[..]
    else {
        panic!("{actions:?}")
    };
    assert!((to - normalized - 1.0 / 9999.0).abs() < 1e-6, "one seed further");
    let actions = stage.tap(&mut window, Key::ArrowLeft);
    assert!(
        matches!(actions[1], UiAction::Set(ParamId::Seed, to) if to < normalized),
        "and the keyboard is still here"
    );
    assert_eq!(stage.tap(&mut window, Key::Delete), UiAction::change(ParamId::Seed, default));
}

#[test]
fn shift_moves_finely_and_a_double_click_brings_the_default_back() {
    let mut stage = Stage::new(vec2(1000.0, 680.0));
    let mut window = idle();
    let moved = |actions: &[UiAction]| {
        let set = actions
            .iter()
            .rev()
            .find_map(|action| if let UiAction::Set(ParamId::Seed, to) = action { Some(*to) } else { None });
        set.unwrap() - 1.0 / 9999.0
    };
    let coarse = moved(&stage.drag(&mut window, "Seed", 60.0));
    let fine = moved(&stage.holding(Modifiers::SHIFT, |stage| stage.drag(&mut window, "Seed", 60.0)));
    assert!((coarse - 10.0 * fine).abs() < 1e-4 && fine > 0.0, "{coarse} and {fine}");

    let actions = stage.double_click(&mut window, "Temperature");
    let default = window.params.get(ParamId::Temperature).default();
    assert_eq!(actions, UiAction::change(ParamId::Temperature, default));
}

#[test]
fn a_choice_is_made_by_keys() {
    let mut stage = Stage::new(vec2(1000.0, 680.0));
    let mut window = performing();
    stage.tab_to(&mut window, "Turns");
    stage.tap(&mut window, Key::Enter);
    stage.tab_to(&mut window, "Trade");
    stage.tap(&mut window, Key::Enter);
    assert!(stage.show(&mut window).contains("Every 8 bars"), "the list is open");
    stage.save("choice");
    stage.tab_to(&mut window, "Every bar");
    assert_eq!(stage.tap(&mut window, Key::Space), UiAction::change(ParamId::Trade, 0.25));
    assert!(!stage.show(&mut window).contains("Every 8 bars"), "and closed");
}
