//! Checks the rules of the house that neither compiler nor Clippy knows.

mod arrows;
mod exceptions;
mod licences;
mod reading_order;
mod sizes;
mod tree;
mod verbs;

use anyhow::{Result, ensure};

use crate::check::vendor;
pub(crate) use arrows::cargo;
use tree::Tree;

/// Checks everything, and says of each fault what to do about it. `commands` is the command line of these tasks.
///
/// # Errors
/// When something is not tidy, or Cargo cannot be asked.
pub(crate) fn run(commands: &clap::Command) -> Result<()> {
    let tree = Tree::read()?;
    let mut problems = exceptions::apply([sizes::check(&tree), reading_order::check(&tree)].concat());
    problems.extend(verbs::check(&tree, commands));
    problems.extend(arrows::check()?);
    problems.extend(licences::check()?);
    problems.extend(vendor::problems()?);
    for problem in &problems {
        println!("- {problem}");
    }
    ensure!(problems.is_empty(), "not tidy yet; each line above says what to do");
    println!("The sources are tidy.");
    Ok(())
}
