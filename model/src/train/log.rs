//! The course of a training, as a table and as a picture.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::hooks::Progress;
use super::loss_picture;
use crate::data::shards;

/// A table with a line for each time that training, or training and validation, is reported.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    file: File,
    n_measures: usize,
}

impl Log {
    /// Begins a table, or goes on with it after `resumed_step`: what it says of later steps was lost with them, so that one log
    /// tells of all restarts. `measures` are the columns of what validation measures, the first of them the total.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn open(path: PathBuf, measures: &[&str], resumed_step: Option<u64>) -> Result<Self> {
        let is_new = !(resumed_step.is_some() && path.exists());
        if let (Some(last), false) = (resumed_step, is_new) {
            forget_after(&path, last)?;
        }
        let mut options = OpenOptions::new();
        options.create(true).write(true).append(!is_new).truncate(is_new);
        let file = options.open(&path).with_context(|| format!("cannot write {}", path.display()))?;
        let mut log = Self { path, file, n_measures: measures.len() };
        if is_new {
            log.line(&format!("step,notes,minutes,rate,train_bits,{}", measures.join(",")))?;
        }
        Ok(log)
    }

    /// A line on training, and on validation when there was one.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn write(&mut self, progress: &Progress, measured: Option<&[f64]>) -> Result<()> {
        let Progress { step, notes_seen, minutes, learning_rate, recent, .. } = progress;
        let cell = |i: usize| measured.and_then(|bits| bits.get(i)).map_or(String::new(), |bits| format!("{bits:.4}"));
        let measured = (0..self.n_measures).map(cell).collect::<Vec<_>>().join(",");
        let train = if recent.n_events() > 0.0 { format!("{:.4}", recent.total()) } else { String::new() };
        self.line(&format!("{step},{notes_seen},{minutes:.2},{learning_rate:.3e},{train},{measured}"))
    }

    /// Draws the course as `picture`, an SVG file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn draw(&self, picture: &Path) -> Result<()> {
        loss_picture::draw(&self.path, picture).with_context(|| format!("cannot draw {}", picture.display()))
    }

    fn line(&mut self, line: &str) -> Result<()> {
        writeln!(self.file, "{line}")
            .with_context(|| format!("cannot write {}; is the disk full?", self.path.display()))
    }
}

/// Takes the lines of later steps out of a log.
fn forget_after(path: &Path, last_step: u64) -> Result<()> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let is_kept = |line: &&str| {
        let step = line.split(',').next().and_then(|step| step.parse::<u64>().ok());
        step.is_none_or(|step| step <= last_step)
    };
    let kept: String = text.lines().filter(is_kept).flat_map(|line| [line, "\n"]).collect();
    shards::write_atomically(path, kept.as_bytes())
}
