//! The offer of a sound, to who hears nothing.

use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use nice_plug::prelude::Params;
use piano::PianoError;

use super::stage::Stage;
use super::{SMALL, USUAL, idle, performing};
use crate::editor::Window;
use crate::editor::view::UiAction;
use crate::params::{AntiphonParams, ParamId};

const OFFER: &str = "Hear it on the built-in piano";

/// A new instance that has answered, and that nobody has told of an instrument.
fn unheard() -> Window {
    let window = performing();
    window.params.has_sound.store(false, Relaxed);
    window
}

#[test]
fn a_new_instance_offers_a_sound_once_notes_go_out_and_one_press_takes_it() {
    let mut window = idle();
    assert!(!Stage::new(USUAL).show(&mut window).contains(OFFER), "nobody has played");
    window.status.n_heard.set(1);
    assert!(Stage::new(USUAL).show(&mut window).contains(OFFER));
    for (name, size) in [("sound-offer", USUAL), ("sound-offer-small", SMALL)] {
        let mut stage = Stage::new(size);
        let mut window = unheard();
        stage.show(&mut window);
        stage.save(name);
        let actions = stage.click(&mut window, OFFER);
        assert_eq!(actions, UiAction::change(ParamId::Preview, 1.0));
        actions.into_iter().for_each(|action| window.perform(action));
        assert_eq!(window.params.get(ParamId::Preview).text_at(1.0), "Both");
        assert!(!stage.show(&mut window).contains(OFFER), "it has been taken");
    }
}

#[test]
fn it_is_offered_no_more_to_who_hears_the_notes_also_when_the_song_is_loaded_again() {
    let mut window = unheard();
    let mut stage = Stage::new(USUAL);
    assert_eq!(stage.click(&mut window, "I hear it"), [UiAction::HearsNotes]);
    window.perform(UiAction::HearsNotes);
    assert!(!stage.show(&mut window).contains(OFFER));
    let again = AntiphonParams::default();
    again.deserialize_fields(&window.params.serialize_fields());
    assert!(again.has_sound.load(Relaxed));
}

#[test]
fn it_is_offered_for_a_while_and_not_where_there_is_no_piano() {
    let window = unheard();
    let later = |seconds| Instant::now() + Duration::from_secs(seconds);
    assert!(window.is_sound_offered(later(500)) && !window.is_sound_offered(later(700)));
    window.status.set_preview_error(Some(PianoError::SampleRate(8000.0)));
    assert!(!window.is_sound_offered(Instant::now()));
}
