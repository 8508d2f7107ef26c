//! The audio thread under load: it never allocates (debug builds abort if it does) and never waits.

#![forbid(unsafe_code)]
#![cfg(test)]

mod common;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use host::{Message, Pace, Rig, Settings, Transport, pair};

use common::{OFFLINE, answer, assert_released, open, play_call, sample_of};

const LIVE: Settings = Settings { max_block: 64, is_offline: false, ..OFFLINE };

/// Lets the tests of this file run one at a time, and each like the audio thread of a host: before all else, if the
/// system allows that. The plugin's worker asks for the same, but for less of it.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    #[cfg(target_os = "linux")]
    {
        use thread_priority::{
            RealtimeThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy, set_thread_priority_and_policy,
            thread_native_id,
        };
        let policy = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::RoundRobin);
        let priority = ThreadPriority::Crossplatform(20u8.try_into().unwrap());
        // A system that refuses this refuses the worker too.
        let _ = set_thread_priority_and_policy(thread_native_id(), priority, policy);
    }
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The time that `process` took in the given share of blocks, at most.
fn quantile(rig: &Rig<host::Clap>, share: f64) -> Duration {
    let mut times = rig.process_times.clone();
    times.sort_unstable();
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index"
    )]
    let place = ((times.len() - 1) as f64 * share) as usize;
    times[place]
}

#[test]
fn a_live_answer_comes_in_time_and_process_stays_short() {
    let _alone = alone();
    let mut rig = open(LIVE, Pace::RealTime(1.0));
    let end = play_call(&mut rig, 0);
    rig.run(sample_of(&rig, 12.0)).unwrap();
    let notes = pair(&rig.heard);
    assert_released(&notes);
    let first = notes.first().expect("a live answer");
    assert!(first.on_samples >= end, "the answer began before the call was over");
    let (p50, p90, p999) = (quantile(&rig, 0.5), quantile(&rig, 0.9), quantile(&rig, 0.999));
    println!("process() of 64 samples in a debug build: p50 {p50:?}, p90 {p90:?}, p99.9 {p999:?}");
    // A block lasts 1333 us. The bounds are loose, and leave out the worst blocks: this is a debug build, on a machine
    // that may be busy with other things.
    assert!(p50 < Duration::from_micros(200), "p50 {p50:?}");
    assert!(p90 < Duration::from_micros(1333), "p90 {p90:?}");
}

#[test]
fn a_thousand_notes_in_one_block_are_taken_or_counted() {
    let _alone = alone();
    for is_offline in [false, true] {
        let mut rig = open(Settings { is_offline, ..LIVE }, Pace::Unpaced);
        let mut fastest = Duration::MAX;
        for _ in 0..5 {
            rig.run(64).unwrap();
            for i in 0..1000u64 {
                let key = u8::try_from(i % 128).unwrap();
                rig.send(rig.now() + i % 64, Message::NoteOn { channel: 0, key, velocity: 100 });
            }
            rig.run(64).unwrap();
            fastest = fastest.min(*rig.process_times.last().unwrap());
            for i in 0..1000u64 {
                let key = u8::try_from(i % 128).unwrap();
                rig.send(rig.now() + i % 64, Message::NoteOff { channel: 0, key });
            }
            rig.run(64).unwrap();
        }
        // The fastest of five: the others may have had to share a processor.
        println!("process() of 1000 note-ons, offline {is_offline}: {fastest:?}");
        assert!(is_offline || fastest < Duration::from_millis(20), "1000 note-ons took {fastest:?}");
        rig.set_transport(Transport { is_playing: false, ..rig.transport() });
        rig.run(48_000).unwrap();
        assert_released(&pair(&rig.heard));
    }
}

#[test]
fn the_audio_thread_does_not_wait_for_a_worker_that_gets_no_time() {
    let _alone = alone();
    // Unpaced, a minute of music passes in less than the worker needs for a few notes.
    let mut rig = open(Settings { max_block: 512, ..LIVE }, Pace::Unpaced);
    for phrase in 0..30u32 {
        play_call(&mut rig, phrase * 8);
    }
    rig.run(sample_of(&rig, 240.0)).unwrap();
    let (p50, p90) = (quantile(&rig, 0.5), quantile(&rig, 0.9));
    println!("process() with a starved worker: p50 {p50:?}, p90 {p90:?}");
    assert!(p90 < Duration::from_millis(2), "process() waited: p90 {p90:?}");
    rig.set_transport(Transport { is_playing: false, ..rig.transport() });
    rig.run(4800).unwrap();
    assert_released(&pair(&rig.heard));
}

#[test]
fn a_flooded_queue_does_not_stop_the_plugin() {
    let _alone = alone();
    let mut rig = open(Settings { max_block: 64, ..LIVE }, Pace::Unpaced);
    for block in 0..2000u64 {
        for i in 0..64u64 {
            let key = u8::try_from((block + i) % 128).unwrap();
            rig.send(rig.now() + i, Message::NoteOn { channel: 0, key, velocity: 100 });
            rig.send(rig.now() + i, Message::NoteOff { channel: 0, key });
        }
        rig.run(64).unwrap();
    }
    let (p50, p90) = (quantile(&rig, 0.5), quantile(&rig, 0.9));
    println!("process() of 128 events in 64 samples: p50 {p50:?}, p90 {p90:?}");
    assert!(p50 < Duration::from_millis(2), "process() waited: p50 {p50:?}");
    // Given time and silence, it listens and answers again.
    rig.set_transport(Transport { is_playing: false, ..rig.transport() });
    rig.run(48_000).unwrap();
    std::thread::sleep(Duration::from_millis(500));
    rig.restart(OFFLINE).unwrap();
    rig.heard.clear();
    rig.set_transport(Transport::rolling(common::TEMPO));
    let start = rig.now();
    for beat in 0..4 {
        rig.send_note(start + sample_of(&rig, f64::from(beat)), 4000, 62, 90);
    }
    rig.run(sample_of(&rig, 12.0)).unwrap();
    assert!(!pair(&rig.heard).is_empty(), "no answer after the flood");
}

#[test]
fn an_offline_render_under_the_guard() {
    let _alone = alone();
    let notes = answer(&mut open(OFFLINE, Pace::Unpaced), 12);
    assert!(!notes.is_empty());
    assert_released(&notes);
}
