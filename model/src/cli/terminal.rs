//! The terminal as a monitor: lines, a progress bar, and Ctrl-C.

use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use model::train::Monitor;

/// Steps of the bar.
const BAR_LENGTH: u64 = 1000;

/// Prints lines above a progress bar, which is gone with it.
pub(super) struct Terminal {
    /// Once there is progress.
    bar: Option<ProgressBar>,
    stop: Arc<AtomicBool>,
}

impl Terminal {
    /// Ctrl-C ends the process, as it does by itself.
    pub(super) fn new() -> Self {
        Self { bar: None, stop: Arc::default() }
    }

    /// The first Ctrl-C, or a machine that shuts down, asks for an end in good order; the second ends the process.
    pub(super) fn listening() -> Result<Self> {
        Ok(Self { bar: None, stop: ctrl_c()? })
    }
}

impl Monitor for Terminal {
    fn should_stop(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn say(&mut self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| println!("{line}")),
            None => println!("{line}"),
        }
    }

    fn progress(&mut self, share: f64, status: &str) {
        let bar = self.bar.get_or_insert_with(|| {
            let style = ProgressStyle::with_template("{wide_bar} {percent} %, at most {eta} left, {msg}");
            ProgressBar::new(BAR_LENGTH).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        bar.set_message(status.to_owned());
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1000")]
        bar.set_position((share * 1000.0) as u64);
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// What the first Ctrl-C sets. To be called once in a process.
pub(super) fn ctrl_c() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    ctrlc::set_handler(move || {
        if asked.swap(true, Ordering::Relaxed) {
            process::exit(130);
        }
    })
    .context("cannot listen to Ctrl-C")?;
    Ok(stop)
}
