//! Deletes the log of what was played.

use anyhow::{Context, Result};
use takes::Home;

/// Deletes the files that Antiphon logged. The switch in the folder stays as it is.
///
/// # Errors
/// When there is no folder, or a file cannot be deleted.
pub(crate) fn run() -> Result<()> {
    let log = Home::of_user().context("this user has no music or home folder")?.log();
    let n = log.erase().with_context(|| format!("cannot delete all in {}", log.path().display()))?;
    println!("deleted in {}: {n} files", log.path().display());
    if log.is_on() {
        println!("The log is still on; press Stop under Kept in Antiphon's window to end it.");
    }
    Ok(())
}
