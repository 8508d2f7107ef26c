//! One of several answers is chosen.

use std::time::{Duration, Instant};

use live::timeline::{CandidateNote, Candidates, Insight};

use super::super::Window;
use super::super::view::UiAction;
use super::stage::Stage;
use super::{SMALL, USUAL, performing};
use crate::params::ParamId;
use crate::status::Doing;

/// A window in which these are the candidates, of which one is played.
pub(super) fn choosing(window: &Window, rank: u8, n_answers: u8) {
    let note = |answer: u8, i: u8| CandidateNote {
        on_ticks: i64::from(i) * 24,
        off_ticks: i64::from(i) * 24 + i64::from(12 + 24 * (i % 2)),
        key: 55 + (i * (3 + answer) + 5 * answer) % 24,
    };
    let answers = (0..n_answers).map(|answer| (0..15).map(|i| note(answer, i)).collect()).collect();
    window.status.timeline.learn([Insight::Candidates(Candidates { rank, answers })].into_iter());
}

#[test]
fn the_best_answers_are_small_rolls_of_which_one_can_be_pressed() {
    for (size, suffix) in [(USUAL, ""), (SMALL, "-small")] {
        let mut stage = Stage::new(size);
        let mut window = performing();
        assert!(stage.show(&mut window).count("Second") == 0);
        choosing(&window, 1, 3);
        let words = stage.show(&mut window);
        assert!(["Best", "Second", "Third"].iter().all(|name| words.contains(name)), "{suffix}");
        assert_eq!(words.cut(), [""; 0], "{suffix}");
        stage.save(&format!("answers{suffix}"));
        assert_eq!(stage.click(&mut window, "Third"), [UiAction::ChooseAnswer(2)]);
        window.status.set_doing(Doing::Idle);
        assert!(stage.show(&mut window).count("Second") == 0, "its time is over");
        window.status.set_doing(Doing::Answering);
        choosing(&window, 0, 1);
        assert!(stage.show(&mut window).count("Best") == 0, "one is no choice");
    }
}

#[test]
fn a_choice_presses_the_buttons_until_it_is_played() {
    for (from, to, expected) in [(0, 2, vec![ParamId::Another; 2]), (2, 0, vec![ParamId::Back; 2]), (1, 1, vec![])] {
        let mut window = performing();
        let mut rank: u8 = from;
        choosing(&window, rank, 3);
        window.choose_answer(to);
        let begun = Instant::now();
        let mut pressed = Vec::new();
        for _ in 0..40 {
            window.follow_choice(begun);
            // As the performer and the planner do, one block later.
            if let Some(id) = window.touched {
                pressed.push(id);
                rank = if id == ParamId::Another { rank + 1 } else { rank - 1 };
                choosing(&window, rank, 3);
            }
        }
        assert_eq!((pressed, rank, window.choice.is_none(), window.touched), (expected, to, true, None));
    }
}

#[test]
fn a_host_that_does_nothing_gets_one_press_and_no_button_stays_down() {
    let mut window = performing();
    choosing(&window, 0, 3);
    window.choose_answer(1);
    let begun = Instant::now();
    window.follow_choice(begun);
    assert_eq!(window.touched, Some(ParamId::Another));
    window.follow_choice(begun);
    assert_eq!(window.touched, None);
    window.follow_choice(begun + Duration::from_millis(900));
    assert!(window.choice.is_some() && window.touched.is_none(), "it waits for the answer");
    window.follow_choice(begun + Duration::from_millis(1100));
    assert!(window.choice.is_none());
    window.choose_answer(1);
    window.follow_choice(begun);
    window.leave_choice();
    assert_eq!(window.touched, None);
}
