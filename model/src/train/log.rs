//! The course of a run, as a table and as a picture.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::bits::Bits;
use crate::batch::ATTRIBUTES;
use crate::checkpoint::State;
use crate::{loss_picture, shards};

pub(super) struct Log {
    path: PathBuf,
    file: File,
}

impl Log {
    /// `log.csv` in a folder; goes on with it after `resumed_step`. What it says of later steps was lost with them, so that one
    /// log tells of all restarts.
    pub(super) fn open(folder: &Path, resumed_step: Option<u64>) -> Result<Self> {
        let path = folder.join("log.csv");
        let is_new = !(resumed_step.is_some() && path.exists());
        if let (Some(last), false) = (resumed_step, is_new) {
            forget_after(&path, last)?;
        }
        let mut options = OpenOptions::new();
        options.create(true).write(true).append(!is_new).truncate(is_new);
        let file = options.open(&path).with_context(|| format!("cannot write {}", path.display()))?;
        let mut log = Self { path, file };
        if is_new {
            let columns = ATTRIBUTES.map(|a| format!("valid_{a}")).join(",");
            log.line(&format!("step,notes,minutes,rate,train_bits,valid_bits,{columns}"))?;
        }
        Ok(log)
    }

    /// A line on training, and on validation when there was one.
    pub(super) fn write(&mut self, state: &State, rate: f64, recent: &Bits, valid: Option<&Bits>) -> Result<()> {
        let State { step, notes_seen, minutes, .. } = state;
        let valid = valid.map_or(",,,,".into(), |bits| {
            format!("{:.4},{:.4},{:.4},{:.4},{:.4}", bits.total(), bits.of(0), bits.of(1), bits.of(2), bits.of(3))
        });
        self.line(&format!("{step},{notes_seen},{minutes:.2},{rate:.3e},{:.4},{valid}", recent.total()))
    }

    /// Draws `loss.svg` beside the table.
    pub(super) fn draw(&self) -> Result<()> {
        loss_picture::draw(&self.path, &self.path.with_file_name("loss.svg"))
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
