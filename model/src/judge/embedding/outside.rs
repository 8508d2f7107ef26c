//! An embedding that no network of ours has a part in: features of jSymbolic (McKay and Fujinaga 2006) as music21 extracts them,
//! by a Python that has music21. Without one, the judge says so and goes on.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;

use super::super::features::{Passage, deviation, mean};

/// Reads passages as JSON, and writes a row of numbers for each.
const SCRIPT: &str = include_str!("jsymbolic.py");
/// Passages of each set, since music21 takes a sixth of a second for each.
const MOST_PASSAGES: usize = 120;

/// A row of numbers for each passage of each set, scaled by the first set's spread; of as many passages of each, spread evenly.
///
/// # Errors
/// When Python or music21 is missing or fails; the message says how to install it.
pub(crate) fn embed(python: &Path, sets: &[&[Passage]]) -> Result<Vec<Vec<Vec<f64>>>> {
    let n = sets.iter().map(|set| set.len()).min().unwrap_or(0);
    let n_chosen = n.min(MOST_PASSAGES);
    let chosen = |set: &&[Passage]| (0..n_chosen).map(|i| set[i * n / n_chosen].clone()).collect::<Vec<_>>();
    let passages: Vec<Passage> = sets.iter().flat_map(chosen).collect();
    let rows = ask(python, &passages)?;
    ensure!(rows.len() == passages.len(), "music21 gave {} rows for {} passages", rows.len(), passages.len());
    let first = &rows[..n_chosen];
    let columns: Vec<(usize, f64, f64)> = (0..first.first().map_or(0, Vec::len))
        .filter_map(|column| {
            let values: Vec<f64> = first.iter().map(|row| row[column]).collect();
            let spread = deviation(&values);
            // What is the same in all real music says nothing.
            (spread > 1e-9).then(|| (column, mean(values), spread))
        })
        .collect();
    let scaled = |row: &Vec<f64>| columns.iter().map(|&(column, mean, spread)| (row[column] - mean) / spread).collect();
    Ok(rows.chunks(n_chosen.max(1)).map(|set| set.iter().map(scaled).collect()).collect())
}

fn ask(python: &Path, passages: &[Passage]) -> Result<Vec<Vec<f64>>> {
    let name = python.display();
    // As a file, since its workers read it again.
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let script = folder.path().join("jsymbolic.py");
    std::fs::write(&script, SCRIPT).with_context(|| format!("cannot write {}", script.display()))?;
    let mut child = Command::new(python)
        .arg(&script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {name}; --python wants the program of a Python"))?;
    let notes = passages.iter().map(|passage| {
        let note = |note: &music::Note| {
            let onset_ticks = note.onset_ticks - passage.start_ticks;
            [onset_ticks, note.duration_ticks.into(), note.pitch.get().into(), note.velocity.get().into()]
        };
        passage.answer.iter().map(note).collect::<Vec<_>>()
    });
    let input = json!(notes.collect::<Vec<_>>()).to_string();
    // A script that stops early closes its input; its words say why.
    let written = child.stdin.take().map(|mut stdin| stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().with_context(|| format!("{name} was stopped"))?;
    if !output.status.success() || written.is_some_and(|written| written.is_err()) {
        let words = String::from_utf8_lossy(&output.stderr);
        let last = words.trim().lines().last().unwrap_or("it said nothing").to_owned();
        bail!("{name} could not extract features ({last}); it needs music21: {name} -m pip install music21");
    }
    serde_json::from_slice(&output.stdout).with_context(|| format!("{name} did not answer with rows of numbers"))
}

#[cfg(test)]
mod tests {
    use super::super::super::features::tests::{passage, tune};
    use super::*;

    #[test]
    fn a_python_that_cannot_says_what_it_needs() {
        let passages = [passage(tune(&[60, 62], 384, 48))];
        let missing = embed(Path::new("no-such-python"), &[&passages]).unwrap_err();
        assert!(format!("{missing:#}").contains("--python wants"), "{missing:#}");
        let failing = embed(Path::new("false"), &[&passages]);
        if let Err(failing) = failing {
            assert!(format!("{failing:#}").contains("pip install music21"), "{failing:#}");
        }
    }
}
