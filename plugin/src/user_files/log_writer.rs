//! Logs what is played, for users who have switched the log on: a thread of its own looks at the timeline now and then, and
//! writes each take that is over. The audio thread and the worker know nothing of it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use live::timeline::Part;
use parking_lot::Mutex;
use takes::{Home, Log, TICK_PARTS, Take, explain};

use super::data_dir::data_dir;
use crate::status::Status;
use crate::timeline::take;

const POLL: Duration = Duration::from_millis(250);
/// After so long without a note, a take is over.
const QUIET: Duration = Duration::from_secs(10);
/// Takes are gathered in a file until the player's part has so many notes, which the trainer can learn from.
const FILE_NOTES: usize = 64;
/// Takes that a playback or a loop may bring again.
const REMEMBERED: usize = 256;
/// A shorter call may well be played twice.
const REPEATED_NOTES: usize = 4;

/// Where an instance keeps its files, and why its log cannot be written. Not for the audio thread.
#[derive(Debug)]
pub(crate) struct UserFiles {
    data_dir: Option<Home>,
    log_error: Mutex<Option<String>>,
}

impl Default for UserFiles {
    fn default() -> Self {
        Self { data_dir: data_dir(), log_error: Mutex::new(None) }
    }
}

impl UserFiles {
    /// The folder of all that is written; `None` for a user without one.
    pub(crate) fn data_dir(&self) -> Option<&Home> {
        self.data_dir.as_ref()
    }

    pub(crate) fn log(&self) -> Option<Log> {
        self.data_dir.as_ref().map(Home::log)
    }

    /// Why the log cannot be written, if so. What could not be written is tried again.
    pub(crate) fn log_error(&self) -> Option<String> {
        self.log_error.lock().clone()
    }
}

#[cfg(test)]
impl UserFiles {
    /// As if the log could not be written.
    pub(crate) fn log_error_mut(&self) -> parking_lot::MutexGuard<'_, Option<String>> {
        self.log_error.lock()
    }
}

/// The running thread. Dropped, it writes what is left and ends.
#[derive(Debug)]
pub(crate) struct Logger {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Logger {
    /// Begins to watch the timeline. Without a folder, or a thread to spare, there is no log.
    pub(crate) fn spawn(files: Arc<UserFiles>, status: Arc<Status>) -> Self {
        let (stop, stopped) = mpsc::channel::<()>();
        let for_spawn = Arc::clone(&files);
        let thread = files.log().and_then(|log| {
            let is_on = log.is_on();
            let mut detector = TakeDetector::new(status.timeline.read(|history| history.n_notes()), is_on);
            let mut log_file = LogFile { log, file: None };
            let run = move || {
                loop {
                    let is_last = stopped.recv_timeout(POLL) != Err(RecvTimeoutError::Timeout);
                    let is_on = log_file.log.is_on();
                    let outcome = detector.poll(&status, is_on, is_last, |take| log_file.write(take));
                    *files.log_error.lock() = outcome.err().map(|error| explain(&error));
                    if is_last {
                        return;
                    }
                }
            };
            let thread = std::thread::Builder::new().name("antiphon-log".into()).spawn(run);
            thread.map_err(|why| *for_spawn.log_error.lock() = Some(explain(&why))).ok()
        });
        Self { stop: Some(stop), thread }
    }
}

impl Drop for Logger {
    fn drop(&mut self) {
        self.stop = None;
        // No thread may run on when the host unloads this library.
        drop(self.thread.take().map(JoinHandle::join));
    }
}

/// Says which takes are over and were played while the log was on.
#[derive(Debug)]
struct TakeDetector {
    was_on: bool,
    /// Notes of the timeline before this one are done with.
    next: u64,
    /// Notes of the timeline at the last look, and when there were fewer.
    seen: u64,
    changed: Instant,
    /// The calls that were logged last.
    calls: Vec<Call>,
}

/// A loop or a playback brings a note again to within this many parts of a tick.
const SAME_PARTS: u32 = TICK_PARTS;

/// Onset and end, in parts of a tick, and key of each note.
type Call = Vec<(u32, u32, u8)>;

impl TakeDetector {
    fn new(n_notes: u64, is_on: bool) -> Self {
        Self { was_on: is_on, next: n_notes, seen: n_notes, changed: Instant::now(), calls: Vec::new() }
    }

    /// Writes what is over. A take that cannot be written is kept for the next time.
    fn poll<E>(
        &mut self,
        status: &Status,
        is_on: bool,
        is_last: bool,
        mut write: impl FnMut(&Take) -> Result<(), E>,
    ) -> Result<(), E> {
        let n_notes = status.timeline.read(|history| history.n_notes());
        if !self.was_on {
            // What was played before the user agreed is not logged.
            (self.was_on, self.next, self.seen) = (is_on, n_notes, n_notes);
            return Ok(());
        }
        // Nor is what is played after the user has switched it off.
        if is_on && n_notes != self.seen {
            (self.seen, self.changed) = (n_notes, Instant::now());
        }
        let ends = is_last || !is_on;
        let is_quiet = self.changed.elapsed() >= QUIET;
        while let Some(Part { passage, to, is_over, sounds }) =
            status.timeline.read(|history| history.part(self.next, self.seen))
        {
            if !(ends || is_over || is_quiet && !sounds) {
                break;
            }
            let take = take(&passage);
            if self.is_new(&take) {
                write(&take)?;
                self.remember(&take);
            }
            self.next = to;
        }
        if !is_on {
            (self.was_on, self.next, self.seen) = (false, n_notes, n_notes);
        }
        Ok(())
    }

    /// Whether somebody played, and not a loop or a playback what it brought before.
    fn is_new(&self, take: &Take) -> bool {
        let new = call(take);
        let is_near = |(one, other): (&(u32, u32, u8), &(u32, u32, u8))| {
            one.0.abs_diff(other.0) <= SAME_PARTS && one.1.abs_diff(other.1) <= SAME_PARTS && one.2 == other.2
        };
        let is_same = |known: &Call| known.len() == new.len() && known.iter().zip(&new).all(is_near);
        !new.is_empty() && (new.len() < REPEATED_NOTES || !self.calls.iter().any(is_same))
    }

    fn remember(&mut self, take: &Take) {
        if self.calls.len() == REMEMBERED {
            self.calls.remove(0);
        }
        self.calls.push(call(take));
    }
}

fn call(take: &Take) -> Call {
    let notes = take.notes.iter().filter(|note| !note.is_answer);
    notes.map(|note| (note.on_parts, note.off_parts, note.pitch.get())).collect()
}

/// Gathers takes in files.
#[derive(Debug)]
struct LogFile {
    log: Log,
    /// The latest, which is not full yet.
    file: Option<(PathBuf, Take)>,
}

impl LogFile {
    fn write(&mut self, take: &Take) -> std::io::Result<()> {
        if let Some((path, takes)) = self.file.as_mut().filter(|(_, takes)| takes.agrees(take)) {
            let mut longer = takes.clone();
            longer.append(take);
            // Unless the user has kept, dropped or erased it.
            if self.log.rewrite(path, &longer)? {
                *takes = longer;
                self.file.take_if(|(_, takes)| takes.n_call() >= FILE_NOTES);
                return Ok(());
            }
        }
        let path = self.log.write(take)?;
        self.file = Some((path, take.clone())).filter(|(_, takes)| takes.n_call() < FILE_NOTES);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
