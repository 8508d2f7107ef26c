//! What only the pixels tell.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "places of pixels"
)]

use egui::{Rect, pos2, vec2};

use super::super::{Window, theme};
use super::stage::Stage;
use super::{BAR, SMALL, USUAL, performing};
use live::timeline::{PARTS_PER_TICK, Span, TimelineEvent};

#[test]
fn twice_the_pixels_show_the_same_window() {
    let (mut one, mut two) = (Stage::new(USUAL), Stage::at_scale(USUAL, 2.0));
    let mut window = performing();
    one.show(&mut window);
    two.show(&mut window);
    for (x, y) in [(30, 40), (900, 30), (688, 300), (374, 424), (20, 412), (500, 640)] {
        let part = |stage: &Stage| stage.paint_part(Rect::from_center_size(pos2(x as f32, y as f32), vec2(4.0, 4.0)));
        let (a, b) = (part(&one).at(x, y), part(&two).at(2 * x, 2 * y));
        assert!(a.iter().zip(b).all(|(a, b)| a.abs_diff(b) < 60), "{x}, {y}: {a:?} and {b:?}");
    }
    two.save("twice");
}

#[test]
fn two_hundred_notes_on_all_keys_are_seen() {
    let mut window = performing();
    let mut recorder = window.status.timeline.recorder();
    for i in 0..200_i64 {
        let key = u8::try_from(21 + i * 37 % 88).unwrap();
        let on_parts = (11 * BAR + 2 * i) * PARTS_PER_TICK;
        let off_parts = on_parts + 20 * PARTS_PER_TICK;
        let event = match i % 2 {
            0 => TimelineEvent::CallOn { parts: on_parts, key, velocity: 90 },
            _ => TimelineEvent::Answer(Span { on_parts, off_parts, key, velocity: 90 }),
        };
        recorder.record(&window.status.timeline, event);
        if i % 2 == 0 {
            recorder.record(&window.status.timeline, TimelineEvent::CallOff { parts: off_parts, key });
        }
        if i % 20 == 0 {
            window.status.timeline.drain();
        }
    }
    window.status.timeline.drain();
    let mut stage = Stage::new(SMALL);
    for _ in 0..4 {
        stage.show(&mut window);
    }
    let picture = stage.paint_part(Rect::from_min_max(pos2(56.0, 100.0), pos2(430.0, 230.0)));
    let near = |colour: egui::Color32| {
        let is_near =
            |&(x, y): &(u32, u32)| picture.at(x, y).iter().zip(colour.to_array()).all(|(a, b)| a.abs_diff(b) < 60);
        (56..430).flat_map(|x| (120..215).map(move |y| (x, y))).filter(is_near).count()
    };
    stage.save("crowd-small");
    assert!(near(theme::CALL) > 800 && near(theme::ANSWER) > 800, "{} {}", near(theme::CALL), near(theme::ANSWER));
    let mut stage = Stage::new(USUAL);
    stage.show(&mut window);
    stage.show(&mut window);
    stage.save("crowd");
}

#[test]
fn colours_that_mean_something_stand_out() {
    let contrast = |one: egui::Color32, other: egui::Color32| {
        let light = |colour: egui::Color32| {
            let [red, green, blue, _] = egui::Rgba::from(colour).to_array();
            0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05
        };
        let (one, other) = (light(one), light(other));
        one.max(other) / one.min(other)
    };
    use theme::{ANSWER, CALL, CARD, CARD_HOVER, GOOD, GROUND, MUTED, PANEL, TEXT, WRONG};
    for ink in [TEXT, MUTED, CALL, ANSWER, WRONG] {
        for ground in [GROUND, PANEL, CARD] {
            assert!(contrast(ink, ground) >= 4.5, "{ink:?} on {ground:?}: {}", contrast(ink, ground));
        }
    }
    assert!(contrast(MUTED, CARD_HOVER) >= 3.0);

    // The knob of a switch, on and off.
    let mut stage = Stage::new(USUAL);
    let mut window = performing();
    stage.click(&mut window, "Output");
    stage.show(&mut window);
    let picture = stage.paint_part(Rect::from_min_max(pos2(190.0, 500.0), pos2(500.0, 630.0)));
    let colour = |x, y| {
        let [red, green, blue] = picture.at(x, y);
        egui::Color32::from_rgb(red, green, blue)
    };
    let (thru, bypass) = ((464, 539), (220, 605));
    let at = |pill: (u32, u32), by: i32| colour(pill.0.checked_add_signed(by).unwrap(), pill.1);
    assert!(contrast(at(thru, 9), at(thru, -8)) >= 3.0, "on: {:?} {:?}", at(thru, 9), at(thru, -8));
    assert_eq!(at(thru, -8), GOOD);
    assert!(contrast(at(bypass, -9), at(bypass, 8)) >= 3.0, "off");
}

#[test]
fn where_there_is_more_to_see_a_bar_says_so() {
    let mut window = performing();
    window.ui_state.is_help = true;
    let handle = |window: &mut Window, size: egui::Vec2| {
        let mut stage = Stage::new(size);
        for _ in 0..3 {
            stage.show(window);
        }
        let picture = stage.paint_part(Rect::from_min_max(pos2(size.x - 60.0, 0.0), size.to_pos2()));
        let [red, green, blue, _] = theme::MUTED.to_array();
        let right = size.x as u32;
        let is_handle = |&(x, y): &(u32, u32)| picture.at(x, y) == [red, green, blue];
        (right - 60..right).flat_map(|x| (150..size.y as u32 - 40).map(move |y| (x, y))).filter(is_handle).count()
    };
    assert!(handle(&mut window, SMALL) > 300, "the help in a small window");
    for page in 0..3 {
        window.ui_state.help = page;
        assert!(handle(&mut window, USUAL) < 100, "page {page} fits into the usual one");
    }
    window.ui_state.is_help = false;
    assert!(handle(&mut window, SMALL) > 150, "the cards in a small window");
}
