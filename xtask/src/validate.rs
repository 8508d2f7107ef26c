//! The long tests, and other people's validators where they are installed.

mod ardour;
mod browsers;
mod scores;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::test::expect_success;
use crate::{build, test};

/// Options of `cargo xtask validate`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Phrases that the random host plays
    #[arg(long, default_value_t = 10_000)]
    phrases: u32,
    /// The song to begin with: a failure names its song
    #[arg(long, default_value_t = 1)]
    seed: u32,
    /// Only the validators, without our own tests
    #[arg(long)]
    only_validators: bool,
    /// Only the comparison of scores
    #[arg(long)]
    only_scores: bool,
    /// Only pages in browsers
    #[arg(long)]
    only_browsers: bool,
    #[command(flatten)]
    scores: scores::Options,
}

/// Somebody else's test of plugins.
struct Validator {
    program: &'static str,
    arguments: &'static [&'static str],
    /// What leaves out its tests of the window, if it has any.
    without_window: Option<&'static str>,
    is_clap: bool,
    source: &'static str,
}

const VALIDATORS: [Validator; 3] = [
    Validator {
        program: "clap-validator",
        arguments: &["validate"],
        without_window: None,
        is_clap: true,
        source: "https://github.com/free-audio/clap-validator/releases, or `cargo install --locked --git \
            https://github.com/free-audio/clap-validator`",
    },
    Validator {
        program: "pluginval",
        arguments: &["--strictness-level", "10", "--validate"],
        without_window: Some("--skip-gui-tests"),
        is_clap: false,
        source: "https://github.com/Tracktion/pluginval/releases",
    },
    Validator {
        program: "validator",
        arguments: &["-e"],
        without_window: None,
        is_clap: false,
        source: "build the VST3 SDK (https://github.com/steinbergmedia/vst3sdk), and put its `validator` on the path",
    },
];

/// What the download for Windows is built and tested with on Debian.
const WINE: [&str; 3] = ["x86_64-w64-mingw32-gcc", "wine", "Xvfb"];
/// Wine takes twice as long.
const MOST_PHRASES_IN_WINE: u32 = 1000;

const SANITIZER_SOURCE: &str = "apt-get install libclang-rt-22-dev, or set RTSAN_LIB_PATH to LLVM's libclang_rt.rtsan";

/// Runs all that there is, and says what there is not.
///
/// # Errors
/// When the build or a test fails.
pub(crate) fn run(options: &Options) -> Result<()> {
    if options.only_scores {
        let program = find(scores::PROGRAM).with_context(|| format!("no {}; {}", scores::PROGRAM, scores::SOURCE))?;
        return scores::run(&program, &options.scores).map(|_| ());
    }
    if options.only_browsers {
        ensure!(browsers::run()?, "no {}; {}", browsers::NAME, browsers::SOURCE);
        return Ok(());
    }
    if !options.only_validators {
        test::install(&test::DEBIAN_PACKAGES)?;
        println!("== Random host, {} phrases (the first release build of the tests takes minutes)", options.phrases);
        let mut random = Command::new("cargo");
        random
            .args(["test", "--release", "--test", "plugin", "random_host", "--", "--nocapture"])
            .env("ANTIPHON_PHRASES", options.phrases.to_string())
            .env("ANTIPHON_SEED", options.seed.to_string());
        expect_success(random)?;
        println!("== Audio thread (a debug build, which ends at once when process() allocates)");
        let mut realtime = Command::new("cargo");
        realtime.args(["test", "--test", "realtime", "--", "--nocapture"]);
        expect_success(realtime)?;
    }
    let bundles = build::bundle()?;
    let mut missing = Vec::new();
    if !options.only_validators {
        if WINE.iter().all(|program| find(program).is_some()) {
            println!("== The download for Windows, in Wine");
            test::windows::release(options.phrases.min(MOST_PHRASES_IN_WINE))?;
        } else {
            missing.push(("Wine", "apt-get install gcc-mingw-w64-x86-64 wine wine64 xvfb x11-apps x11-utils"));
        }
    }
    match find("cargo-deny") {
        Some(program) => {
            println!("== {}", program.display());
            let mut deny = Command::new(program);
            deny.args(["check", "--hide-inclusion-graph"]);
            expect_success(deny)?;
        }
        None => missing.push(("cargo-deny", "cargo install --locked cargo-deny")),
    }
    match sanitizer() {
        Some(runtime) => sanitise(&runtime, &bundles.clap)?,
        None => missing.push(("RealtimeSanitizer", SANITIZER_SOURCE)),
    }
    for validator in &VALIDATORS {
        let Some(program) = find(validator.program) else {
            missing.push((validator.program, validator.source));
            continue;
        };
        println!("== {}", program.display());
        let has_display = !cfg!(target_os = "linux") || std::env::var_os("DISPLAY").is_some();
        let mut command = match validator.without_window {
            Some(argument) if !has_display => without_display(&program, argument, find("xvfb-run").as_deref()),
            _ => Command::new(program),
        };
        command.args(validator.arguments).arg(if validator.is_clap { &bundles.clap } else { &bundles.vst3 });
        expect_success(command)?;
    }
    match find(ardour::PROGRAM) {
        Some(program) => ardour::run(&program, &bundles.vst3)?,
        None => missing.push((ardour::PROGRAM, ardour::SOURCE)),
    }
    if !options.only_validators {
        match find(scores::PROGRAM) {
            Some(program) if scores::run(&program, &options.scores)? => {}
            _ => missing.push((scores::PROGRAM, scores::SOURCE)),
        }
        if !browsers::run()? {
            missing.push((browsers::NAME, browsers::SOURCE));
        }
    }
    println!("\nAll that ran has passed.");
    for (program, source) in missing {
        println!("Not run, because it is not here: {program}. To get it: {source}");
    }
    Ok(())
}

/// The runtime of LLVM's RealtimeSanitizer: what `RTSAN_LIB_PATH` names, or the one of Debian's newest LLVM.
fn sanitizer() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("RTSAN_LIB_PATH") {
        return Some(named.into());
    }
    let file = format!("lib/linux/libclang_rt.rtsan-{}.a", std::env::consts::ARCH);
    let folders = |path: &Path| std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
    let versions = folders(Path::new("/usr/lib")).flat_map(|llvm| folders(&llvm.join("lib/clang")).collect::<Vec<_>>());
    versions.map(|version| version.join(&file)).filter(|runtime| runtime.is_file()).max()
}

/// Plays the release plugin with the sanitizer watching its audio thread, after making sure that it watches.
fn sanitise(runtime: &Path, plugin: &Path) -> Result<()> {
    println!("== RealtimeSanitizer, {}", runtime.display());
    let program = || {
        let mut cargo = Command::new("cargo");
        cargo
            .args(["run", "--quiet", "--package", "host", "--features", "rtsan", "--example", "sanitised", "--"])
            .env("RTSAN_ENABLE", "1")
            .env("RTSAN_LIB_PATH", runtime);
        cargo
    };
    let planted = program().arg("--plant").output().context("cannot run cargo")?;
    let words = String::from_utf8_lossy(&planted.stderr);
    ensure!(words.contains("RealtimeSanitizer"), "the sanitizer did not see a planted allocation:\n{words}");
    let mut playing = program();
    playing.arg(plugin);
    expect_success(playing)
}

/// The program on a display of its own, or else without its tests of the window.
fn without_display(program: &Path, without_window: &str, xvfb: Option<&Path>) -> Command {
    let Some(xvfb) = xvfb else {
        println!("No display: the window is not tested. With xvfb-run on the path, it would be.");
        let mut command = Command::new(program);
        command.arg(without_window);
        return command;
    };
    let mut command = Command::new(xvfb);
    command.arg("--auto-servernum").arg(program);
    command
}

/// The program, if it is on the path.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let file = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    find_in(&std::env::var_os("PATH")?, Path::new(&file))
}

fn find_in(path: &OsStr, file: &Path) -> Option<PathBuf> {
    std::env::split_paths(path).map(|folder| folder.join(file)).find(|place| place.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_display_windows_are_tested_on_a_virtual_one_or_not_at_all() {
        let program = Path::new("pluginval");
        let words = |xvfb| format!("{:?}", without_display(program, "--skip-gui-tests", xvfb)).replace('"', "");
        assert_eq!(words(Some(Path::new("/usr/bin/xvfb-run"))), "/usr/bin/xvfb-run --auto-servernum pluginval");
        assert_eq!(words(None), "pluginval --skip-gui-tests");
    }

    #[test]
    fn programs_are_found_in_the_folders_of_the_path() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let path = std::env::join_paths([&folder.join("src"), folder]).unwrap();
        assert_eq!(find_in(&path, Path::new("Cargo.toml")), Some(folder.join("Cargo.toml")));
        assert_eq!(find_in(&path, Path::new("main.rs")), Some(folder.join("src/main.rs")));
        assert_eq!(find_in(&path, Path::new("no such program")), None);
    }
}
