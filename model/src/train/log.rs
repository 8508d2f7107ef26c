//! The course of a run, as a table and as a picture.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::bits::Bits;
use crate::batch::ATTRIBUTES;
use crate::checkpoint::State;
use crate::loss_picture;

pub(super) struct Log {
    path: PathBuf,
    file: File,
}

impl Log {
    /// `log.csv` in a folder; goes on with it after `resume`.
    pub(super) fn open(folder: &Path, resume: bool) -> Result<Self> {
        let path = folder.join("log.csv");
        let is_new = !(resume && path.exists());
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
    pub(super) fn write(
        &mut self,
        state: &State,
        minutes: f64,
        rate: f64,
        recent: &Bits,
        valid: Option<&Bits>,
    ) -> Result<()> {
        let State { step, notes_seen, .. } = state;
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
