//! The plugin's window on Windows, in a VST3 host: it opens, shows what is played and answered, and closes while the music goes on.
//!
//! `ANTIPHON_PICTURE` names a PNG file in which to keep what was on the screen.

use std::time::{Duration, Instant};

use host::{HostWindow, Pace, Picture, Rig, Vst3, bundle, pair};
use tiny_skia::{IntSize, Pixmap};

use crate::common::{OFFLINE, assert_released, play_call, sample_of, start};

const SIZE: (u16, u16) = (1000, 680);
/// What a window may take to be drawn on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// The colours of the call, of the answer, and of what is behind both.
const CALL: [u8; 3] = [86, 168, 255];
const ANSWER: [u8; 3] = [255, 159, 67];
const GROUND: [u8; 3] = [13, 16, 20];

#[test]
fn the_window_shows_call_and_answer_and_closes_while_it_plays() {
    let (_folder, bundle) = bundle("antiphon").unwrap();
    let mut rig = start(Rig::new(Vst3::new(&bundle, OFFLINE).unwrap(), OFFLINE, Pace::Unpaced));
    rig.plugin.open_editor(HostWindow::open(SIZE.0, SIZE.1).unwrap()).unwrap();
    play_call(&mut rig, 0);
    rig.run(sample_of(&rig, 7.0)).unwrap();

    let begun = Instant::now();
    let picture = loop {
        let window = rig.plugin.window().unwrap();
        window.run_messages();
        let picture = window.picture().unwrap();
        if is_drawn(&picture) || begun.elapsed() > PATIENCE {
            break picture;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    if let Some(file) = std::env::var_os("ANTIPHON_PICTURE") {
        let size = IntSize::from_wh(picture.width, picture.height).unwrap();
        Pixmap::from_vec(picture.pixels.concat(), size).unwrap().save_png(file).unwrap();
    }
    let shares = [CALL, ANSWER, GROUND].map(|colour| share(&picture, colour));
    assert!(is_drawn(&picture), "shares of call, answer and ground: {shares:?}");

    rig.plugin.close_editor().unwrap();
    rig.run(sample_of(&rig, 9.0)).unwrap();
    let notes = pair(&rig.heard);
    assert!(!notes.is_empty());
    assert_released(&notes);
}

/// Ground all over, on it notes of both, and enough colours for smooth letters.
fn is_drawn(picture: &Picture) -> bool {
    let mut colours = picture.pixels.clone();
    colours.sort_unstable();
    colours.dedup();
    let notes = [CALL, ANSWER].map(|colour| share(picture, colour));
    share(picture, GROUND) > 0.2 && notes.iter().all(|&share| share > 0.001) && colours.len() > 100
}

/// The share of pixels of a colour.
#[expect(clippy::cast_precision_loss, reason = "at most a million")]
fn share(picture: &Picture, colour: [u8; 3]) -> f64 {
    let is_near = |pixel: &&[u8; 4]| pixel.iter().zip(colour).all(|(&one, other)| one.abs_diff(other) <= 3);
    picture.pixels.iter().filter(is_near).count() as f64 / picture.pixels.len() as f64
}
