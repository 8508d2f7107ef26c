use engine::{Metre, Pitch, Velocity};
use live::timeline::{PARTS_PER_TICK, Span, TimelineEvent};
use takes::TakeNote;

use super::*;
use crate::timeline::EventRecorder;

/// A timeline that is played on, and the detector that reads it.
struct Scene {
    status: Status,
    recorder: EventRecorder,
    detector: TakeDetector,
    /// What was written.
    takes: Vec<Take>,
    is_full: bool,
}

impl Scene {
    fn new(is_on: bool) -> Self {
        let status = Status::new();
        let recorder = status.timeline.recorder();
        status.timeline.set_position(0, Metre::Bars { bar_line_ticks: 0, bar_ticks: 192 }, 120.0);
        status.timeline.drain();
        Self { status, recorder, detector: TakeDetector::new(0, is_on), takes: Vec::new(), is_full: false }
    }

    /// A call of four notes at a bar, and an answer of one.
    fn play(&mut self, bar: i64, key: u8) {
        let start = bar * 192;
        for ticks in [start, start + 20, start + 40, start + 60] {
            let parts = ticks * PARTS_PER_TICK + 3;
            self.recorder.record(&self.status.timeline, TimelineEvent::CallOn { parts, key, velocity: 90 });
            self.recorder.record(&self.status.timeline, TimelineEvent::CallOff { parts: parts + 160, key });
        }
        let (on_parts, off_parts) = ((start + 100) * PARTS_PER_TICK - 5, (start + 150) * PARTS_PER_TICK);
        let span = Span { on_parts, off_parts, key: key + 12, velocity: 70 };
        self.recorder.record(&self.status.timeline, TimelineEvent::Answer(span));
        self.status.timeline.set_position(start + 160, Metre::Bars { bar_line_ticks: 0, bar_ticks: 192 }, 120.0);
    }

    fn poll(&mut self, is_on: bool, is_last: bool) -> Result<(), &'static str> {
        let (takes, is_full) = (&mut self.takes, self.is_full);
        self.detector.poll(&self.status, is_on, is_last, |take| {
            if is_full {
                return Err("full");
            }
            takes.push(take.clone());
            Ok(())
        })
    }

    fn keys(&self) -> Vec<u8> {
        self.takes.iter().map(|take| take.notes[0].pitch.get()).collect()
    }
}

#[test]
fn only_what_is_played_while_it_is_on_is_logged() {
    let mut scene = Scene::new(false);
    scene.play(1, 50);
    scene.poll(false, false).unwrap();
    scene.play(2, 51);
    scene.poll(true, false).unwrap();
    scene.play(3, 52);
    scene.poll(true, false).unwrap();
    assert!(scene.takes.is_empty(), "the take goes on");
    scene.play(4, 53);
    scene.poll(true, false).unwrap();
    assert_eq!(scene.keys(), [52]);
    let notes: Vec<_> = scene.takes[0].notes.iter().map(|note| (note.is_answer, note.on_parts)).collect();
    assert_eq!(notes, [(false, 3), (false, 323), (false, 643), (false, 963), (true, 1595)]);
    scene.play(5, 54);
    scene.poll(false, false).unwrap();
    assert_eq!(scene.keys(), [52, 53], "what came after the last look may have been played after it was switched off");
    scene.play(6, 55);
    scene.poll(false, true).unwrap();
    assert_eq!(scene.keys(), [52, 53]);
}

#[test]
fn what_cannot_be_written_is_written_later() {
    let mut scene = Scene::new(true);
    scene.is_full = true;
    scene.play(1, 50);
    scene.play(2, 51);
    assert_eq!(scene.poll(true, false), Err("full"));
    assert_eq!(scene.poll(false, false), Err("full"));
    scene.play(3, 52);
    scene.is_full = false;
    scene.poll(false, false).unwrap();
    assert_eq!(scene.keys(), [50, 51], "and no more than was to be");
}

#[test]
fn a_take_is_over_after_a_silence_or_at_the_end() {
    let mut scene = Scene::new(true);
    scene.play(1, 50);
    scene.poll(true, false).unwrap();
    assert!(scene.takes.is_empty());
    scene.detector.changed = scene.detector.changed.checked_sub(QUIET).unwrap();
    scene.poll(true, false).unwrap();
    scene.poll(true, false).unwrap();
    assert_eq!(scene.keys(), [50]);
    scene.play(2, 51);
    scene.poll(true, true).unwrap();
    assert_eq!(scene.keys(), [50, 51]);
}

#[test]
fn a_loop_is_logged_once() {
    let mut scene = Scene::new(true);
    for (bar, key) in [(1, 50), (2, 50), (3, 51), (4, 50)] {
        scene.play(bar, key);
    }
    scene.poll(true, true).unwrap();
    assert_eq!(scene.keys(), [50, 51]);
}

#[test]
fn takes_are_gathered_until_a_file_is_worth_training_on() {
    let folder = std::env::temp_dir().join(format!("antiphon-log-log_file-{}", std::process::id()));
    let log = Log::at(folder.clone());
    let mut log_file = LogFile { log: log.clone(), file: None };
    let (pitch, velocity) = (Pitch::MIDDLE_C, Velocity::nearest(90));
    let note = |on_parts| TakeNote { is_answer: false, on_parts, off_parts: on_parts + 96, pitch, velocity };
    let take = Take { tempo: 100.0, bar_ticks: 192, notes: (0..20).map(|i| note(144 * i)).collect() };
    let counts = || {
        let read = |path| takes::count_notes(&std::fs::read(path).unwrap()).unwrap().0;
        log.files().into_iter().map(|file| read(file.path)).collect::<Vec<_>>()
    };
    for _ in 0..5 {
        log_file.write(&take).unwrap();
    }
    assert_eq!(counts(), [80, 20]);
    log_file.write(&Take { bar_ticks: 144, ..take.clone() }).unwrap();
    assert_eq!(counts(), [80, 20, 20], "other bars");
    log.discard(&log.files()[2]).unwrap();
    log_file.write(&Take { bar_ticks: 144, ..take.clone() }).unwrap();
    assert_eq!(counts(), [80, 20, 20], "what was dropped does not come back");
    std::fs::remove_dir_all(folder).unwrap();
}
