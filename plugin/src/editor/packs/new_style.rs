//! A style made in the window: from the choice of music to the pack that can be chosen. The trainer does the work, in a process of its
//! own; this is what the window knows of it.

use std::path::{Path, PathBuf};

use takes::trainer::{self, MadePack};

use super::super::Window;
use super::super::view::{NewStyleView, StylePhase};
use crate::models::built_in;
use crate::models::trainer_process::{Job, Outcome, Progress, TrainerProcess};

/// Minutes for which it may learn.
const MINUTES: [u32; 5] = [3, 5, 8, 12, 20];
const USUAL_MINUTES: usize = 2;
/// Letters of a style's name: as many as a list shows.
const MOST_LETTERS: usize = 32;

/// See the module.
#[derive(Debug)]
pub(in super::super) struct NewStyle {
    /// Files, or a folder.
    music: Vec<PathBuf>,
    minutes: usize,
    process: Option<TrainerProcess>,
    /// It lets the user choose, and does not learn.
    is_choosing: bool,
    made: Option<MadePack>,
    /// Why there is no style, and what to do.
    problem: Option<String>,
    /// What the last one said until it ended.
    ended: Progress,
    /// Instead of the one that is installed.
    #[cfg(test)]
    pub(in super::super) program: Option<PathBuf>,
}

impl Default for NewStyle {
    fn default() -> Self {
        Self {
            music: Vec::new(),
            minutes: USUAL_MINUTES,
            process: None,
            is_choosing: false,
            made: None,
            problem: None,
            ended: Progress::default(),
            #[cfg(test)]
            program: None,
        }
    }
}

impl NewStyle {
    pub(in super::super) fn view(&self) -> NewStyleView {
        let phase = match (&self.process, &self.made) {
            (Some(_), _) if self.is_choosing => StylePhase::Choosing,
            (Some(process), _) => learning(&process.progress()),
            (None, Some(made)) => StylePhase::Made { title: gain(made), about: losses(made) },
            (None, None) => StylePhase::Form { problem: self.problem.clone() },
        };
        let music = match self.music.as_slice() {
            [] => "5 to 50 files".to_owned(),
            [folder] if folder.is_dir() => name_of(folder),
            [file] => name_of(file),
            files => format!("{} files", files.len()),
        };
        let Progress { remarks, n_remarks, .. } =
            self.process.as_ref().map_or_else(|| self.ended.clone(), TrainerProcess::progress);
        let more = n_remarks.saturating_sub(remarks.len());
        let more = (more > 0).then(|| format!("and {more} more lines"));
        let remarks = remarks.into_iter().chain(more).collect();
        NewStyleView { phase, music, has_music: !self.music.is_empty(), minutes: MINUTES[self.minutes], remarks }
    }

    fn program(&self) -> Option<PathBuf> {
        #[cfg(test)]
        if self.program.is_some() {
            return self.program.clone();
        }
        trainer::program()
    }

    fn start(&mut self, job: Job) {
        self.cancel();
        self.is_choosing = matches!(job, Job::Choose { .. });
        match TrainerProcess::start(self.program(), job) {
            Ok(process) => self.process = Some(process),
            Err(why) => self.problem = Some(why),
        }
    }

    /// Lets the user choose.
    pub(in super::super) fn choose(&mut self, folder: bool) {
        self.start(Job::Choose { folder });
    }

    /// More or fewer minutes.
    pub(in super::super) fn change_minutes(&mut self, by: i8) {
        self.minutes = self.minutes.saturating_add_signed(by.into()).min(MINUTES.len() - 1);
    }

    pub(in super::super) fn finish(&mut self) {
        self.process.iter_mut().for_each(TrainerProcess::finish);
    }

    /// Ends what runs, and forgets what came of it; the music stays.
    pub(in super::super) fn cancel(&mut self) {
        (self.process, self.made, self.problem) = (None, None, None);
        self.ended = Progress::default();
    }
}

impl Window {
    /// Makes a style of what was chosen.
    pub(in super::super) fn learn_style(&mut self) {
        let name = self.ui_state.style_name.trim().chars().take(MOST_LETTERS).collect::<String>();
        let folder = self.params.files.data_dir().map(takes::Home::styles);
        let Some(folder) = folder else {
            self.new_style.problem = Some(super::folder());
            return;
        };
        let made = std::fs::create_dir_all(&folder)
            .map_err(|why| format!("There is no room for a style in {}: {}", folder.display(), takes::explain(&why)));
        if let Err(why) = made {
            self.new_style.problem = Some(why);
            return;
        }
        self.new_style.start(Job::Learn {
            music: self.new_style.music.clone(),
            minutes: MINUTES[self.new_style.minutes],
            out: free_file(&folder, &name),
            name,
            base_sha256: built_in::checksum(),
        });
    }

    /// Plays with the style that was made.
    pub(in super::super) fn use_style(&mut self) {
        let Some(made) = self.new_style.made.take() else { return };
        self.params.model.choose(&made.path);
        self.packs.is_new = true;
        self.ui_state.is_new_style = false;
    }

    /// Takes in what the trainer has come to.
    pub(in super::super) fn follow_style(&mut self) {
        let Some(outcome) = self.new_style.process.as_ref().and_then(TrainerProcess::outcome) else { return };
        if let Some(process) = self.new_style.process.take() {
            self.new_style.ended = process.progress();
        }
        match outcome {
            Outcome::Chosen(paths) if paths.is_empty() => {}
            Outcome::Chosen(paths) => {
                // The music lies in a folder, which will have a name that says what it is.
                let first = paths.first().map(PathBuf::as_path);
                if let Some(folder) = first.and_then(|path| if path.is_dir() { Some(path) } else { path.parent() }) {
                    self.ui_state.style_name = name_of(folder).chars().take(MOST_LETTERS).collect();
                }
                self.new_style.music = paths;
            }
            Outcome::Made(made) => {
                self.packs.add(made.path.clone());
                self.say(format!("The style {} is ready, under Packs", made.name), false);
                self.new_style.made = Some(made);
            }
            Outcome::Failed(why) => self.new_style.problem = Some(why),
        }
    }
}

/// What it does, in words.
fn learning(progress: &Progress) -> StylePhase {
    let left = progress.remaining_s.map(|left_s| match left_s {
        ..60.0 => "less than a minute left".to_owned(),
        _ => format!("{:.0} min left at most", (left_s / 60.0).ceil()),
    });
    let title = match (progress.stage.as_str(), left) {
        ("", _) => "Starting the trainer".to_owned(),
        ("reading", _) => "Reading your music".to_owned(),
        ("comparing", _) => "Comparing it with the styles that there are".to_owned(),
        ("learning", None) => "Learning".to_owned(),
        ("learning", Some(left)) => format!("Learning: {left}"),
        ("measuring", _) => "Measuring what was learnt".to_owned(),
        (other, _) => other.to_owned(),
    };
    let (share, status) = (progress.share, progress.status.clone());
    StylePhase::Learning { title, status, share, can_finish: progress.stage == "learning" }
}

/// By how much one number of bits is less than another, in percent.
fn less_percent([before, after]: [f64; 2]) -> f64 {
    if before > 0.0 { 100.0 * (1.0 - after / before) } else { 0.0 }
}

fn gain(made: &MadePack) -> String {
    match less_percent(made.own_bits) {
        gain @ 0.5.. => format!("{} is ready: it foresees your music {gain:.1} % better", made.name),
        _ => format!("{} is ready, but has learnt little: give it more music of one kind", made.name),
    }
}

fn losses(made: &MadePack) -> String {
    let MadePack { n_files, n_notes, minutes, nearest, .. } = made;
    let other = -less_percent(made.other_bits);
    let other = if other > 0.05 { format!("{other:.1} % worse") } else { "as well as before".to_owned() };
    format!(
        "than as {nearest}, measured on music that was held back; other music {other}. {n_notes} notes of {n_files} files, \
         {minutes:.1} min"
    )
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// A file for a style of this name that is not there yet.
fn free_file(folder: &Path, name: &str) -> PathBuf {
    let is_safe = |letter: char| letter.is_alphanumeric() || " -_".contains(letter);
    let name: String = name.chars().map(|letter| if is_safe(letter) { letter } else { '-' }).collect();
    let file = |n: u32| folder.join(if n == 1 { format!("{name}.antiphon") } else { format!("{name} {n}.antiphon") });
    (1..).map(file).find(|file| !file.exists()).unwrap_or_else(|| file(1))
}
