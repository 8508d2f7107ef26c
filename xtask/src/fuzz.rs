//! Looks for input that a parser of untrusted files does not stand: libFuzzer, led by which branches an input reaches.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Mutex;

use anyhow::{Context, Result, bail, ensure};

use crate::{build, test};

/// Options of `cargo xtask fuzz`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only this target
    #[arg(value_parser = TARGETS)]
    target: Option<String>,
    /// How long to look at each target
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Try this one file, such as one that was found before
    #[arg(long, requires = "target")]
    input: Option<PathBuf>,
}

/// The modules of `tests/fuzz/src`.
const TARGETS: [&str; 5] = ["midi", "musicxml", "pack", "state", "weights"];

/// Lets libFuzzer see which branches are taken, and what is compared with what. All of this is stable.
const INSTRUMENTED: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
     -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 --cfg=fuzzing";

/// More of a bad input is not shown: its file has the rest.
const MOST_SHOWN_BYTES: usize = 512;

/// Builds the targets and tries to break them, as many at a time as there are processors.
///
/// # Errors
/// When one breaks; then it says by what, and how to see it again.
pub(crate) fn run(options: &Options) -> Result<()> {
    test::install(&["g++"])?;
    let programs = programs()?;
    let target = options.target.as_deref();
    if let (Some(target), Some(input)) = (target, &options.input) {
        let status = Command::new(programs.join(format!("fuzz_{target}"))).arg(input).status()?;
        ensure!(status.success(), "{} breaks {target}; the lines above say where", input.display());
        println!("{} does not break {target}", input.display());
        return Ok(());
    }
    let folder = build::target_folder()?.join("fuzz");
    let waiting = Mutex::new(TARGETS.iter().filter(|name| target.is_none_or(|only| only == **name)));
    let broken = Mutex::new(Vec::new());
    let n_workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..n_workers {
            scope.spawn(|| {
                while let Some(name) = waiting.lock().ok().and_then(|mut waiting| waiting.next()) {
                    if let Err(why) = fuzz(name, &programs, &folder.join(name), options.seconds)
                        && let Ok(mut broken) = broken.lock()
                    {
                        broken.push(why.to_string());
                    }
                }
            });
        }
    });
    let broken = broken.into_inner().unwrap_or_default();
    ensure!(broken.is_empty(), "{}", broken.join("\n\n"));
    Ok(())
}

/// Builds the targets; returns the folder of their programs. They have one of their own, because they are instrumented.
fn programs() -> Result<PathBuf> {
    let version = Command::new("rustc").arg("-vV").output().context("cannot run rustc")?;
    let version = String::from_utf8(version.stdout)?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc does not name its host")?;
    let status = Command::new("cargo")
        .args(["build", "--package", "fuzz", "--features", "libfuzzer", "--bins", "--locked", "--target", host])
        .env("RUSTFLAGS", INSTRUMENTED)
        .env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only")
        .status()
        .context("cannot run cargo")?;
    ensure!(status.success(), "the fuzz targets do not build; the lines above say why");
    Ok(build::target_folder()?.join(host).join("debug"))
}

fn fuzz(name: &str, programs: &Path, folder: &Path, seconds: u32) -> Result<()> {
    let (corpus, found, words) = (folder.join("corpus"), folder.join("found"), folder.join("words"));
    for new in [&corpus, &found] {
        fs::create_dir_all(new)?;
    }
    let output = Command::new(programs.join(format!("fuzz_{name}")))
        .arg(&corpus)
        .args([format!("-max_total_time={seconds}"), format!("-artifact_prefix={}/", found.display())])
        .args([format!("-dict={}", words.display()), "-timeout=20".into(), "-print_final_stats=1".into()])
        .env("ANTIPHON_FUZZ_CORPUS", &corpus)
        .env("ANTIPHON_FUZZ_WORDS", &words)
        .output()
        .with_context(|| format!("cannot run fuzz_{name}"))?;
    let log = String::from_utf8_lossy(&output.stderr);
    fs::write(folder.join("log"), log.as_bytes())?;
    if !output.status.success() {
        bail!("{}", report(name, &output, &log)?);
    }
    let count = log.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    let files = fs::read_dir(&corpus)?.count();
    println!("{name}: stood {} inputs; {files} of them reach different code", count.unwrap_or(" ?").trim());
    Ok(())
}

/// What broke, by what, and how to see it again.
fn report(name: &str, output: &Output, log: &str) -> Result<String> {
    let lines: Vec<&str> = log.lines().collect();
    let first = lines.iter().position(|line| line.contains("panicked at") || line.contains("ERROR: libFuzzer"));
    let words = lines.get(first.unwrap_or_else(|| lines.len().saturating_sub(20))..).unwrap_or_default();
    let words: Vec<&str> = words.iter().take(20).copied().collect();
    let mut report = format!("{name} breaks ({}):\n{}", output.status, words.join("\n"));
    if let Some(file) = log.lines().find_map(|line| Some(line.split_once("Test unit written to ")?.1)) {
        let input = fs::read(file)?;
        report += &format!(
            "\n\nInput, {} bytes:\n{}\n\nAgain: cargo xtask fuzz {name} --input {file}",
            input.len(),
            hex(&input)
        );
    }
    Ok(report)
}

/// Bytes as a reader of dumps knows them.
fn hex(bytes: &[u8]) -> String {
    let shown = bytes.get(..MOST_SHOWN_BYTES).unwrap_or(bytes);
    let lines: Vec<String> = shown
        .chunks(32)
        .map(|line| line.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" "))
        .collect();
    let rest = if shown.len() < bytes.len() { "\n... and so on in the file" } else { "" };
    lines.join("\n") + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_input_is_cut() {
        assert_eq!(hex(&[0, 255]), "00 ff");
        let long = hex(&[7; MOST_SHOWN_BYTES + 1]);
        assert!(long.ends_with("... and so on in the file") && long.lines().count() == MOST_SHOWN_BYTES / 32 + 1);
    }

    #[test]
    fn a_target_is_a_module() {
        for name in TARGETS {
            let module = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../tests/fuzz/src/{name}.rs"));
            assert!(module.is_file(), "{name}");
        }
    }
}
