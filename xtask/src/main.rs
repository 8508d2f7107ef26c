//! Antiphon's tasks. `cargo xtask` shows them all.

#![forbid(unsafe_code)]

mod bench;
mod browsers;
mod build;
mod check;
mod dist;
mod erase_log;
mod fuzz;
mod install;
mod play;
mod test;
mod tidy;
mod validate;
mod web;

use anyhow::Result;
use clap::{CommandFactory, Parser, Subcommand};

/// Build, hear, install and test Antiphon.
///
/// Start with `cargo xtask play`: it builds the plugin, plays it a phrase and saves its answer.
#[derive(Parser)]
#[command(bin_name = "cargo xtask", arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Play a phrase to the plugin and save its answer, as MIDI, as sound and as a picture.
    Play(play::Options),
    /// Run all tests; installs the Debian packages they need, or says which.
    Test(test::Options),
    /// Check that the trainer compiles for NVIDIA GPUs; needs none, and no CUDA.
    CheckCuda,
    /// Check that plugin and trainer compile for Windows and both chips of macOS, and the page for browsers.
    CheckPlatforms(check::platforms::Options),
    /// Check that the vendored plugin framework is the published one with our patches.
    CheckVendor,
    /// Check the rules of the house: crate arrows, sizes, reading orders, commands named in texts, licences, vendored code.
    Tidy,
    /// Build the plugin and put it into target/bundled, as Antiphon.clap and Antiphon.vst3.
    Bundle,
    /// Bundle the plugin and copy it to where your music software looks for plugins, and the trainer to where the plugin looks for it.
    Install(install::Options),
    /// Make what musicians download: an archive for Linux, Windows or macOS in target/dist, and its checksum.
    Dist(dist::Options),
    /// Build the page that plays in a browser, in target/web; --serve opens it to this machine.
    Web(web::Options),
    /// Test that page in the browsers that are installed.
    TestWeb(test::web::Options),
    /// Delete all that Antiphon logged of your playing, and nothing else.
    EraseLog,
    /// Test the engine as ARM processors run it, in an emulator; installs what that needs.
    TestAarch64,
    /// Test the plugin for Windows, in Wine, and take a picture of its window there; installs what that needs.
    TestWindows(test::windows::Options),
    /// Look for files that break the readers of MIDI files, weight files, style packs and saved songs.
    Fuzz(fuzz::Options),
    /// Run the long tests: 10,000 phrases in a random host, the audio thread, and plugin validators that are installed.
    Validate(validate::Options),
    /// Measure speed, beside peers where they are installed.
    #[command(subcommand)]
    Bench(bench::Benchmark),
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    build::enter_workspace()?;
    match arguments.task {
        Task::Play(options) => play::run(&options),
        Task::Test(options) => test::run(&options),
        Task::CheckCuda => check::cuda::run(),
        Task::CheckPlatforms(options) => check::platforms::run(&options),
        Task::CheckVendor => check::vendor::run(),
        Task::Tidy => tidy::run(&Arguments::command()),
        Task::Bundle => {
            let bundles = build::bundle()?;
            println!("{}\n{}", bundles.clap.display(), bundles.vst3.display());
            Ok(())
        }
        Task::Install(options) => install::run(&options),
        Task::Dist(options) => dist::run(&options),
        Task::Web(options) => web::run(&options),
        Task::TestWeb(options) => test::web::run(&options),
        Task::EraseLog => erase_log::run(),
        Task::Fuzz(options) => fuzz::run(&options),
        Task::TestAarch64 => test::aarch64::run(),
        Task::TestWindows(options) => test::windows::run(&options),
        Task::Validate(options) => validate::run(&options),
        Task::Bench(benchmark) => bench::run(&benchmark),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }
}
