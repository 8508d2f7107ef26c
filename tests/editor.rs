//! The plugin's window on Windows, in a VST3 host: it opens, is drawn while the music goes on, and closes.
//!
//! With `ANTIPHON_PICTURE`, it stays open until somebody has put a picture of it there, as `cargo xtask test-windows` does.

use std::path::Path;
use std::time::{Duration, Instant};

use host::{HostWindow, Pace, Rig, Vst3, bundle, pair};

use crate::common::{OFFLINE, assert_released, play_call, sample_of, start};

/// What a picture may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);
/// Enough for some pictures to be drawn.
const LOOK: Duration = Duration::from_secs(1);

#[test]
fn the_window_opens_shows_call_and_answer_and_closes_while_it_plays() {
    let (_folder, bundle) = bundle("antiphon").unwrap();
    let mut rig = start(Rig::new(Vst3::new(&bundle, OFFLINE).unwrap(), OFFLINE, Pace::Unpaced));
    rig.plugin.open_editor(HostWindow::open(1000, 680).unwrap()).unwrap();
    play_call(&mut rig, 0);
    rig.run(sample_of(&rig, 7.0)).unwrap();

    let picture = std::env::var_os("ANTIPHON_PICTURE");
    let is_seen = |begun: Instant| match &picture {
        Some(file) => Path::new(file).exists(),
        None => begun.elapsed() > LOOK,
    };
    let begun = Instant::now();
    while !is_seen(begun) {
        rig.plugin.window().unwrap().run_messages();
        assert!(begun.elapsed() < PATIENCE, "no picture of a window with a call and its answer");
        std::thread::sleep(Duration::from_millis(20));
    }

    rig.plugin.close_editor().unwrap();
    rig.run(sample_of(&rig, 9.0)).unwrap();
    let notes = pair(&rig.heard);
    assert!(!notes.is_empty());
    assert_released(&notes);
}
