//! The plugin's window as a monitor: reports go out as lines of JSON, wishes come in on the standard input.

use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use model::data::shards::partial_path;
use model::train::Monitor;
use takes::explain;
use takes::trainer::{FINISH, Report};

/// Nobody reads faster.
const PROGRESS_EVERY: Duration = Duration::from_millis(250);
/// Shares below this say nothing of the time that is left.
const LEAST_SHARE: f64 = 0.01;

/// See the module.
pub(super) struct Reports {
    /// The window wants to go on with what was learnt so far.
    is_finished: Arc<AtomicBool>,
    stage: String,
    began: Instant,
    /// When progress was told last.
    told: Option<Instant>,
}

impl Reports {
    /// Listens from now on. The end of the standard input ends the process at once, and takes an unfinished `out` with it.
    pub(super) fn listening(out: Option<&Path>) -> Self {
        let is_finished = Arc::new(AtomicBool::new(false));
        let (finished, partial) = (Arc::clone(&is_finished), out.map(partial_path));
        std::thread::spawn(move || listen(&finished, partial));
        Self { is_finished, stage: String::new(), began: Instant::now(), told: None }
    }

    /// Writes a report. Whoever does not read any more wants no pack either.
    #[expect(clippy::unused_self, reason = "who has it listens too")]
    pub(super) fn tell(&self, report: &Report) {
        let mut out = io::stdout().lock();
        let told = serde_json::to_writer(&mut out, report).map_err(io::Error::from);
        if told.and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush()).is_err() {
            process::exit(1);
        }
    }

    /// Does something and tells what comes of it, a failure too; after one, the process ends.
    pub(super) fn tell_whatever(&mut self, act: impl FnOnce(&mut Self) -> Result<Report>) -> Result<()> {
        match act(self) {
            Ok(report) => {
                self.tell(&report);
                Ok(())
            }
            Err(error) => {
                self.tell(&Report::Failed { why: sentence(&error) });
                process::exit(1);
            }
        }
    }
}

impl Monitor for Reports {
    fn should_stop(&self) -> bool {
        self.is_finished.load(Ordering::Relaxed)
    }

    fn stage(&mut self, name: &str) {
        name.clone_into(&mut self.stage);
        (self.began, self.told) = (Instant::now(), Some(Instant::now()));
        let share = if name == "measuring" { 1.0 } else { 0.0 };
        self.tell(&Report::Progress { stage: name.to_owned(), share, remaining_s: None, status: String::new() });
    }

    fn say(&mut self, line: &str) {
        self.tell(&Report::Remark { text: line.to_owned() });
    }

    fn progress(&mut self, share: f64, status: &str) {
        if self.told.is_some_and(|told| told.elapsed() < PROGRESS_EVERY) {
            return;
        }
        self.told = Some(Instant::now());
        let share = share.clamp(0.0, 1.0);
        let elapsed_s = self.began.elapsed().as_secs_f64();
        let remaining_s = (share >= LEAST_SHARE).then(|| elapsed_s * (1.0 - share) / share);
        self.tell(&Report::Progress { stage: self.stage.clone(), share, remaining_s, status: status.to_owned() });
    }
}

fn listen(is_finished: &AtomicBool, partial: Option<PathBuf>) {
    for line in io::stdin().lock().lines() {
        match line {
            Ok(line) if line.trim() == FINISH => is_finished.store(true, Ordering::Relaxed),
            Ok(_) => {}
            Err(_) => break,
        }
    }
    drop(partial.map(std::fs::remove_file));
    process::exit(130);
}

/// What went wrong, for musicians: without the numbers of the system.
fn sentence(error: &anyhow::Error) -> String {
    let Some(of_system) = error.chain().find_map(|cause| cause.downcast_ref::<io::Error>()) else {
        return format!("{error:#}");
    };
    let what = error.to_string();
    let what = what.split(';').next().unwrap_or_default();
    if what == of_system.to_string() { explain(of_system) } else { format!("{what}: {}", explain(of_system)) }
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn a_full_disk_is_said_without_numbers_or_commands() {
        let full = || io::Error::from_raw_os_error(if cfg!(windows) { 112 } else { 28 });
        let error = Err::<(), _>(full()).context("cannot write a.antiphon; free some space").unwrap_err();
        assert_eq!(sentence(&error), "cannot write a.antiphon: the disk is full; make room and try again");
        assert_eq!(sentence(&full().into()), "the disk is full; make room and try again");
        assert_eq!(sentence(&anyhow::anyhow!("3 notes; add pieces").context("no")), "no: 3 notes; add pieces");
    }
}
