//! Runs the trainer for the window: a process of its own, at the lowest priority, which makes a style pack or lets the user choose
//! music. A thread reads what it reports and ends with it; it ends with its handle, and so with the plugin.
//!
//! What comes out of the process is untrusted: a line is bounded, what is not a report is passed over, and words are cut.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use takes::explain;
use takes::trainer::{FINISH, MOST_LINE_BYTES, MadePack, Report};

/// Remarks that are kept; of more, only the number.
const MOST_REMARKS: usize = 50;
/// Letters of a text that are kept.
const MOST_LETTERS: usize = 1000;
/// It ends by itself in this time, or is made to.
const PATIENCE: Duration = Duration::from_millis(500);

/// What the trainer is to do.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Job {
    /// Let the user choose files, or a folder.
    Choose { folder: bool },
    /// Make a style pack.
    Learn { music: Vec<PathBuf>, name: String, minutes: u32, out: PathBuf, base_sha256: String },
}

/// How far it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Progress {
    /// What it does, in a word.
    pub(crate) stage: String,
    /// How much of the time for learning is over, 0 to 1.
    pub(crate) share: f32,
    /// Of the stage, at most.
    pub(crate) remaining_s: Option<f64>,
    /// How it goes.
    pub(crate) status: String,
    /// What it said of the user's files: the first of them.
    pub(crate) remarks: Vec<String>,
    pub(crate) n_remarks: usize,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    Made(MadePack),
    /// Nothing, if the user thought better of it.
    Chosen(Vec<PathBuf>),
    /// Why, and what to do.
    Failed(String),
}

#[derive(Debug, Default)]
struct State {
    progress: Progress,
    outcome: Option<Outcome>,
}

/// A trainer that runs. Dropped, it is ended, and leaves nothing behind.
#[derive(Debug)]
pub(crate) struct TrainerProcess {
    state: Arc<Mutex<State>>,
    /// As long as it is open, the trainer works.
    stdin: Option<ChildStdin>,
    child: Arc<Mutex<Child>>,
    thread: Option<JoinHandle<()>>,
}

impl TrainerProcess {
    /// Starts it. `program` is where it should be.
    ///
    /// # Errors
    /// A sentence that says why it does not start, and what to do.
    pub(crate) fn start(program: Option<PathBuf>, job: Job) -> Result<Self, String> {
        // Nobody waits for learning.
        let is_lowest = matches!(job, Job::Learn { .. });
        Self::start_at(is_lowest, program, job)
    }

    /// The same at the lowest priority, or at the host's.
    fn start_at(is_lowest: bool, program: Option<PathBuf>, job: Job) -> Result<Self, String> {
        let program = program.ok_or("This user has no home folder, where the trainer would be")?;
        if !program.is_file() {
            return Err(format!(
                "The trainer is not installed: there is no {}. It comes with the download; INSTALL.txt says where it goes",
                program.display()
            ));
        }
        let cannot = |why: std::io::Error| format!("The trainer does not start: {}", explain(&why));
        let mut child = command(&program, &job, is_lowest)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(cannot)?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let child = Arc::new(Mutex::new(child));
        let state = Arc::default();
        let mut started = Self { state: Arc::clone(&state), stdin, child: Arc::clone(&child), thread: None };
        let follow = move || stdout.into_iter().for_each(|stdout| follow(stdout, &job, &state, &child));
        started.thread =
            Some(std::thread::Builder::new().name("antiphon-trainer".into()).spawn(follow).map_err(cannot)?);
        Ok(started)
    }

    /// How far it is.
    pub(crate) fn progress(&self) -> Progress {
        self.state.lock().progress.clone()
    }

    /// How it ended; `None` while it runs.
    pub(crate) fn outcome(&self) -> Option<Outcome> {
        self.state.lock().outcome.clone()
    }

    /// Asks for a pack of what was learnt so far.
    pub(crate) fn finish(&mut self) {
        if let Some(stdin) = &mut self.stdin {
            // One that has ended says so itself.
            let _ = writeln!(stdin, "{FINISH}").and_then(|()| stdin.flush());
        }
    }
}

impl Drop for TrainerProcess {
    fn drop(&mut self) {
        self.stdin = None;
        let asked = Instant::now();
        while asked.elapsed() < PATIENCE && !has_ended(&self.child) {
            std::thread::sleep(Duration::from_millis(5));
        }
        end(&self.child);
        // No thread may run on when the host unloads this library.
        drop(self.thread.take().map(JoinHandle::join));
    }
}

/// The command, without a console.
fn command(program: &Path, job: &Job, is_lowest: bool) -> Command {
    let mut command = if cfg!(unix) && is_lowest { Command::new("nice") } else { Command::new(program) };
    if cfg!(unix) && is_lowest {
        command.args(["-n", "19"]).arg(program);
    }
    #[cfg(windows)]
    {
        const CREATE_NO_WINDOW: u32 = 0x0800_0000;
        const IDLE_PRIORITY_CLASS: u32 = 0x40;
        let priority = if is_lowest { IDLE_PRIORITY_CLASS } else { 0 };
        std::os::windows::process::CommandExt::creation_flags(&mut command, CREATE_NO_WINDOW | priority);
    }
    match job {
        Job::Choose { folder } => {
            command.arg("choose").args(folder.then_some("--folder"));
        }
        Job::Learn { music, name, minutes, out, .. } => {
            command.args(["adapt", "--progress", "json", "--minutes", &minutes.to_string()]);
            // A name may begin with a hyphen.
            command.arg(format!("--name={name}")).arg("--out").arg(out).arg("--").args(music);
        }
    }
    command
}

/// Reads reports until the process has no more to say.
fn follow(stdout: ChildStdout, job: &Job, state: &Mutex<State>, child: &Mutex<Child>) {
    let mut stdout = BufReader::new(stdout);
    let mut line = Vec::new();
    loop {
        line.clear();
        let most = u64::try_from(MOST_LINE_BYTES).unwrap_or(u64::MAX);
        let n_bytes = (&mut stdout).take(most).read_until(b'\n', &mut line).unwrap_or(0);
        if n_bytes == 0 {
            break;
        }
        if line.last() != Some(&b'\n') && n_bytes >= MOST_LINE_BYTES {
            fail(state, "The trainer says what nobody understands; install Antiphon again, with its trainer");
            end(child);
            return;
        }
        let Ok(report) = serde_json::from_slice::<Report>(&line) else { continue };
        if take(report, job, &mut state.lock()).is_err() {
            end(child);
            return;
        }
    }
    while !has_ended(child) {
        std::thread::sleep(Duration::from_millis(20));
    }
    let status = child.lock().wait().map_or_else(|error| error.to_string(), |status| status.to_string());
    fail(
        state,
        &format!(
            "The trainer ended without a word ({status}). Perhaps the memory was full: close other programs and try again; \
             else install Antiphon again, with its trainer"
        ),
    );
}

/// Takes a report in. An error ends the process.
fn take(report: Report, job: &Job, state: &mut State) -> Result<(), ()> {
    if state.outcome.is_some() {
        return Ok(());
    }
    let progress = &mut state.progress;
    match (report, job) {
        (Report::Begun { base_sha256 }, Job::Learn { base_sha256: ours, .. }) if base_sha256 != *ours => {
            let why = "The trainer is of another version than the plugin; install both from one download";
            state.outcome = Some(Outcome::Failed(why.to_owned()));
            return Err(());
        }
        (Report::Progress { stage, share, remaining_s, status }, _) => {
            (progress.stage, progress.status) = (cut(stage), cut(status));
            #[expect(clippy::cast_possible_truncation, reason = "0 to 1")]
            let share = share.clamp(0.0, 1.0) as f32;
            (progress.share, progress.remaining_s) = (share, remaining_s.map(|left| left.max(0.0)));
        }
        (Report::Remark { text }, _) => {
            progress.n_remarks += 1;
            if progress.remarks.len() < MOST_REMARKS {
                progress.remarks.push(cut(text));
            }
        }
        (Report::Made(made), Job::Learn { out, .. }) if made.path == *out && out.is_file() => {
            state.outcome = Some(Outcome::Made(MadePack { name: cut(made.name), nearest: cut(made.nearest), ..made }));
        }
        (Report::Chosen { paths }, Job::Choose { .. }) => state.outcome = Some(Outcome::Chosen(paths)),
        (Report::Failed { why }, _) => state.outcome = Some(Outcome::Failed(cut(why))),
        // What does not belong to the job.
        _ => {}
    }
    Ok(())
}

/// Unless it is known already how it ended.
fn fail(state: &Mutex<State>, why: &str) {
    state.lock().outcome.get_or_insert_with(|| Outcome::Failed(why.to_owned()));
}

fn has_ended(child: &Mutex<Child>) -> bool {
    !matches!(child.lock().try_wait(), Ok(None))
}

fn end(child: &Mutex<Child>) {
    let mut child = child.lock();
    let _ = child.kill();
    let _ = child.wait();
}

fn cut(text: String) -> String {
    if text.chars().nth(MOST_LETTERS).is_none() {
        text
    } else {
        text.chars().take(MOST_LETTERS).chain(['…']).collect()
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
