//! The player's music: read, checked, and split into what is learnt and what is held out.

use std::path::PathBuf;

use anyhow::{Result, bail, ensure};
use music::Reduction;

use crate::data::corpus::{self, Source, Split};
use crate::data::prepare::{Reject, memory};
use crate::data::shards::{Index, Prepared};

/// Less music than this says little of a style: about three minutes of piano.
const MIN_NOTES: usize = 1000;
/// From so many files on, whole files are held out.
const FEW_FILES: usize = 5;
/// One in so many files is held out.
const HELD_OUT_FILES: usize = 6;
/// With few files, the last part of each is held out.
const HELD_OUT_SHARE: usize = 6;

/// The player's music, ready to be drawn from.
pub(super) struct Music {
    /// All of it in the new style.
    pub(super) prepared: Prepared,
    pub(super) n_files: usize,
    /// Names of the files.
    pub(super) sources: Vec<String>,
    /// Files of no use.
    pub(super) rejects: Vec<Reject>,
    /// Files that are learnt from, and what of them could not be read.
    pub(super) in_part: Vec<Reject>,
    /// What is held out, in words.
    pub(super) held_out: String,
}

impl Music {
    /// Reads files and folders.
    pub(super) fn read(files: &[PathBuf], base_styles: &[String], name: &str, without_ear: bool) -> Result<Self> {
        let (mut sources, mut rejects) = (Vec::new(), Vec::new());
        for file in files {
            ensure!(file.exists(), "there is no {}; give MIDI or MusicXML files, or folders of them", file.display());
            let listed = corpus::from_folder(file);
            sources.extend(listed.sources);
            rejects.extend(listed.rejects);
        }
        ensure!(!sources.is_empty(), "there are no files of {}; export your pieces first", music::file::FORMATS);
        for source in &mut sources {
            name.clone_into(&mut source.style);
        }
        let memory::Files { mut kept, rejects: unused, in_part } = memory::read(&sources, without_ear)?;
        rejects.extend(unused);
        let n_notes: usize = kept.iter().map(|(_, score)| score.notes.len()).sum();
        if n_notes < MIN_NOTES {
            let left_out: String =
                rejects.iter().map(|r| format!("\n  {}: {} ({})", r.path, r.reason, r.detail)).collect();
            bail!(
                "{n_notes} notes in {} usable files of {} are too little to learn from; add pieces until there are \
                 {MIN_NOTES} notes at least (about three minutes of piano), better ten times that{left_out}",
                kept.len(),
                sources.len()
            );
        }
        // The same order, whatever the files are called.
        kept.sort_by_key(|(_, score)| (score.notes.len(), score.end_ticks));
        let (pieces, held_out) = if kept.len() < FEW_FILES {
            let parts = kept.iter().flat_map(|(source, score)| halves(source, score)).collect();
            (parts, format!("the last {HELD_OUT_SHARE}th of each file; with {FEW_FILES} files it would be whole ones"))
        } else {
            // Neither the shortest nor the longest.
            let is_held_out = |i: usize| i % HELD_OUT_FILES == HELD_OUT_FILES / 2;
            let n = (0..kept.len()).filter(|&i| is_held_out(i)).count();
            let split = |i| if is_held_out(i) { Split::Valid } else { Split::Train };
            let whole = |(i, (source, score)): (usize, &(&Source, Reduction))| placed(source, split(i), score.clone());
            (kept.iter().enumerate().map(whole).collect::<Vec<_>>(), format!("{n} files"))
        };
        let mut styles = base_styles.to_vec();
        styles.push(name.to_owned());
        let mut notes = [const { Vec::new() }; 3];
        let stored = pieces.iter().map(|(source, score)| memory::store(source, score, &styles, &mut notes)).collect();
        Ok(Self {
            n_files: kept.len(),
            sources: kept.iter().map(|(source, _)| source.path.clone()).collect(),
            prepared: Prepared { index: Index { styles, pieces: stored, ..Index::default() }, notes },
            rejects,
            in_part,
            held_out,
        })
    }
}

fn placed(source: &Source, split: Split, score: Reduction) -> (Source, Reduction) {
    (Source { split, ..source.clone() }, score)
}

/// The beginning, to learn from, and the end, held out.
fn halves(source: &Source, score: &Reduction) -> [(Source, Reduction); 2] {
    let cut = score.notes.len() - score.notes.len() / HELD_OUT_SHARE;
    let (head, tail) = score.notes.split_at(cut);
    let end_ticks = tail.first().map_or(score.end_ticks, |note| note.onset_ticks);
    [
        placed(source, Split::Train, Reduction { notes: head.to_vec(), end_ticks, ..score.clone() }),
        placed(source, Split::Valid, Reduction { notes: tail.to_vec(), ..score.clone() }),
    ]
}

#[cfg(test)]
mod tests {
    use engine::{Pitch, Velocity};
    use takes::{Home, Take, TakeNote};

    use super::*;

    #[test]
    fn what_of_a_file_cannot_be_read_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let note = |i: i64| music::Note {
            onset_ticks: 25 * i + i % 5,
            duration_ticks: 12,
            pitch: Pitch::nearest(u8::try_from(50 + i * i % 30).unwrap()),
            velocity: Velocity::MEDIUM,
        };
        let tune = music::Part::new("tune", (0..MIN_NOTES + 10).zip(0..).map(|(_, i)| note(i)).collect());
        let score = music::Score::new(100.0, music::TimeSignature::COMMON).with_part(tune);
        let mut bytes = music::midi::write(&score).unwrap();
        bytes.splice(bytes.len() - 4..bytes.len() - 4, [0, 0xF8]);
        std::fs::write(folder.path().join("tune.mid"), bytes).unwrap();
        let music = Music::read(&[folder.path().to_owned()], &["Any style".to_owned()], "Mine", true).unwrap();
        assert_eq!((music.n_files, music.rejects.len(), music.in_part.len()), (1, 0, 1));
        assert!(music.in_part[0].detail.contains("a system message (F8)"), "{:?}", music.in_part);
    }

    #[test]
    fn the_log_is_learnt_from_without_the_answers() {
        let folder = tempfile::tempdir().unwrap();
        let log = Home::at(folder.path()).log();
        log.switch(true).unwrap();
        for k in 0..20 {
            // A call, and an answer an octave above.
            let note = |i: u32, is_answer| {
                let on_ticks = i * 25 + i * (k + 3) % 11 + 2000 * u32::from(is_answer);
                let key = 60 + u8::try_from((i + k) % 7).unwrap() + 12 * u8::from(is_answer);
                let (pitch, velocity) = (Pitch::nearest(key), Velocity::nearest(80));
                TakeNote { is_answer, on_parts: 16 * on_ticks, off_parts: 16 * (on_ticks + 12), pitch, velocity }
            };
            let notes = [false, true].iter().flat_map(|&is_answer| (0..64).map(move |i| note(i, is_answer)));
            log.write(&Take { tempo: 97.0, bar_ticks: 192, notes: notes.collect() }).unwrap();
        }
        log.keep(&log.files()[3]).unwrap();
        let music = Music::read(&[log.path().to_owned()], &["Any style".to_owned()], "Mine", true).unwrap();
        assert_eq!((music.n_files, music.rejects.len()), (20, 0));
        let notes: Vec<_> = music.prepared.notes.iter().flatten().collect();
        assert_eq!(notes.len(), 64 * 20);
        assert!(notes.iter().all(|placed| placed.note.pitch.get() < 72), "an answer is learnt from");
    }
}
