//! Patch 01. The editor's window opens, slowly, while parameters change.
//!
//! The window needs no screen here: its display is a socket that says nothing for a while and then hangs up. Until then the
//! plugin is inside `attached()`, where it was aborted.

use std::io::Read;
use std::net::TcpListener;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use host::{Instance, Message};

use crate::common::OFFLINE;
use crate::vst3::with_vst3;

const NAME: &str = "framework::window::a_window_may_open_while_parameters_change";
/// Tells the test that it is the program within the test.
const IS_INNER: &str = "ANTIPHON_TEST_WINDOW";
/// An X display of that number listens on the port 6000 above it.
const FIRST_PORT: u16 = 6000;
const N_WINDOWS: usize = 10;

#[test]
fn a_window_may_open_while_parameters_change() {
    if std::env::var_os(IS_INNER).is_some() {
        return open_windows();
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let display = listener.local_addr().unwrap().port() - FIRST_PORT;
    static N_ASKED: AtomicUsize = AtomicUsize::new(0);
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            N_ASKED.fetch_add(1, Ordering::Relaxed);
            let _ = connection.unwrap().read(&mut [0; 12]);
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    // A program of its own, because what was wrong ends the program.
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", NAME, "--nocapture"])
        .env(IS_INNER, "1")
        .env("DISPLAY", format!("127.0.0.1:{display}"))
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !words.contains("panicked"), "{}\n{words}", output.status);
    assert!(N_ASKED.load(Ordering::Relaxed) >= N_WINDOWS, "the window did not ask for its display: is libX11 here?");
}

fn open_windows() {
    with_vst3(OFFLINE, |mut rig| {
        let ids: Vec<u32> = rig.plugin.parameters().iter().take(36).map(|parameter| parameter.id).collect();
        for _ in 0..N_WINDOWS {
            // Each change is a task for the window. From a thread that may not touch it, all of them wait in a queue.
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    for _ in 0..3 {
                        for i in 0..25u32 {
                            for &id in &ids {
                                let value = f64::from(i % 2);
                                rig.send(rig.now() + u64::from(i) * 20, Message::Parameter { id, value });
                            }
                        }
                        rig.run(512).unwrap();
                    }
                });
            });
            assert!(rig.plugin.open_editor(1).is_err(), "there is no such window");
        }
    });
}
