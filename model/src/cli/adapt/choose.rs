//! `model choose`: lets the user choose music in a window of the system. The plugin asks the trainer, so that this window is none of
//! the host's process.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use takes::trainer::Report;

use super::reports::Reports;

/// Nobody thinks better of it so soon: there was no window.
const TOO_SOON: Duration = Duration::from_millis(250);

/// What to choose.
#[derive(clap::Args)]
pub(in super::super) struct ChooseArgs {
    /// A folder instead of files
    #[arg(long)]
    folder: bool,
}

/// Reports what was chosen.
pub(in super::super) fn run(args: &ChooseArgs) -> Result<()> {
    Reports::listening(None).tell_whatever(|_| {
        let began = Instant::now();
        let dialog = rfd::FileDialog::new();
        let paths = if args.folder {
            dialog.set_title("A folder of your music").pick_folder().into_iter().collect()
        } else {
            let endings = [music::midi::EXTENSIONS.as_slice(), music::musicxml::EXTENSIONS.as_slice()].concat();
            let dialog = dialog.set_title("Your music").add_filter("MIDI and MusicXML", &endings);
            dialog.pick_files().unwrap_or_default()
        };
        ensure!(
            !paths.is_empty() || cfg!(not(target_os = "linux")) || began.elapsed() > TOO_SOON,
            "this system has no window for choosing files; install xdg-desktop-portal or zenity"
        );
        ensure!(
            paths.iter().all(|path| path.to_str().is_some()),
            "a file's name is no Unicode; give it another name, and choose it again"
        );
        Ok(Report::Chosen { paths })
    })
}
