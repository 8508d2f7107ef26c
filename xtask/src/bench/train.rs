//! Training speed: our trainer and PyTorch take steps in turns, on the same shapes and threads.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::peer;
use crate::build;

/// Options of `cargo xtask bench train`.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  cargo xtask bench train --install-peers\n  cargo xtask bench train --threads 1")]
pub(crate) struct Options {
    /// Install PyTorch into target/peers when it is not there.
    #[arg(long)]
    install_peers: bool,
    /// Threads of each; all cores when not given.
    #[arg(long)]
    threads: Option<usize>,
    /// Measured steps of each, after two to warm up.
    #[arg(long, default_value_t = 9)]
    rounds: usize,
    /// Where the numbers go as JSON.
    #[arg(long, default_value = "out/bench-train.json")]
    out: PathBuf,
}

/// Size of the network, and crops of a batch and notes of a crop.
const SHAPES: [(&str, usize, usize); 2] = [("nano", 8, 512), ("base", 2, 1024)];
const PEER_SCRIPT: &str = "xtask/src/bench/train_peer.py";
const WARM_UP: usize = 2;
/// Whoever has used this long takes no more steps, if three are measured.
const MAX_SECONDS: f64 = 60.0;

/// Measures and reports.
///
/// # Errors
/// When the trainer cannot be built, or one of the programs fails.
pub(crate) fn run(options: &Options) -> Result<()> {
    ensure!(options.rounds > 0, "--rounds must be at least 1");
    let status = Command::new("cargo").args(["build", "--release", "--package", "model"]).status();
    ensure!(status.context("cannot run cargo")?.success(), "the trainer does not build");
    let trainer = build::target_folder()?.join("release").join("model").with_extension(std::env::consts::EXE_EXTENSION);
    let python = peer::python(&["torch"], options.install_peers)?;
    if python.is_none() {
        println!("PyTorch is not here: measuring only our own trainer. --install-peers installs it.");
    }
    let threads = options.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let mut report = Vec::new();
    for (size, batch_size, sequence_length) in SHAPES {
        let shape = Shape { size, batch_size, sequence_length, threads };
        report.push(measure(&shape, &trainer, python.as_deref(), options.rounds)?);
    }
    if let Some(folder) = options.out.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(&options.out, serde_json::to_string_pretty(&report)?)
        .with_context(|| format!("cannot write {}", options.out.display()))?;
    println!("saved    {}", options.out.display());
    Ok(())
}

struct Shape {
    size: &'static str,
    batch_size: usize,
    sequence_length: usize,
    threads: usize,
}

fn measure(shape: &Shape, trainer: &Path, python: Option<&Path>, rounds: usize) -> Result<Value> {
    let mut command = Command::new(trainer);
    command.args(["bench", "--size", shape.size]);
    for (name, value) in
        [("--batch-size", shape.batch_size), ("--sequence-length", shape.sequence_length), ("--threads", shape.threads)]
    {
        command.args([name, &value.to_string()]);
    }
    let ours = Contestant::start("Antiphon, f32", &mut command)?;
    let mut description: Value = serde_json::from_str(&ours.greeting).context("the trainer said no sizes")?;
    let mut contestants = vec![ours];
    if let Some(python) = python {
        let both = [("PyTorch, f32", false), ("PyTorch, bf16 autocast", true)];
        for (name, is_bf16) in both.into_iter().filter(|(_, is_bf16)| !is_bf16 || has_bf16()) {
            description["bf16"] = is_bf16.into();
            let mut command = Command::new(python);
            command.arg(PEER_SCRIPT).arg(description.to_string());
            contestants.push(Contestant::start(name, &mut command)?);
        }
    }
    for round in 0..WARM_UP + rounds {
        for contestant in &mut contestants {
            contestant.step(round >= WARM_UP)?;
        }
    }
    let n_events = f64::from(u32::try_from(shape.batch_size * shape.sequence_length)?);
    let speeds: Vec<f64> = contestants.iter().map(|c| n_events / c.median()).collect();
    let mut table = format!(
        "\n{}: {:.1} M parameters, {} x {} notes, {} threads\n  {:24}{:>10}{:>16}{:>8}{:>8}\n",
        shape.size,
        description["parameters"].as_f64().unwrap_or_default() / 1e6,
        shape.batch_size,
        shape.sequence_length,
        shape.threads,
        "",
        "notes/s",
        "fastest, slowest",
        "ratio",
        "steps"
    );
    let mut rows = Vec::new();
    for (contestant, speed) in contestants.iter().zip(&speeds) {
        let (fastest, slowest) = contestant.extremes();
        let ratio = speeds.get(1).map(|torch| speed / torch);
        writeln!(
            table,
            "  {:24}{speed:>10.0}{:>16}{:>8}{:>8}",
            contestant.name,
            format!("{:.0}, {:.0}", n_events / fastest, n_events / slowest),
            ratio.map_or("-".into(), |ratio| format!("{ratio:.2}")),
            contestant.seconds.len()
        )?;
        rows.push(json!({
            "name": contestant.name, "version": contestant.greeting, "notes_per_second": speed,
            "ratio_to_pytorch_f32": ratio, "seconds": contestant.seconds, "last_loss": contestant.loss,
        }));
    }
    println!("{table}");
    Ok(json!({
        "size": shape.size, "batch_size": shape.batch_size, "sequence_length": shape.sequence_length,
        "threads": shape.threads, "results": rows,
    }))
}

/// Whether the processor calculates in bf16. Where it does not, PyTorch takes minutes for a step.
fn has_bf16() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::arch::is_x86_feature_detected!("avx512bf16");
    #[cfg(not(target_arch = "x86_64"))]
    true
}

/// A program that takes a training step for every line that it is sent.
struct Contestant {
    name: &'static str,
    greeting: String,
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    /// Of the measured steps.
    seconds: Vec<f64>,
    loss: f64,
}

impl Contestant {
    fn start(name: &'static str, command: &mut Command) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot run {}", command.get_program().display()))?;
        let input = child.stdin.take().context("a piped input")?;
        let mut output = BufReader::new(child.stdout.take().context("a piped output")?);
        let mut greeting = String::new();
        output.read_line(&mut greeting)?;
        ensure!(!greeting.is_empty(), "{name} ended before its first step");
        Ok(Self { name, greeting: greeting.trim().to_owned(), child, input, output, seconds: Vec::new(), loss: 0.0 })
    }

    fn step(&mut self, counts: bool) -> Result<()> {
        if self.seconds.len() >= 3 && self.seconds.iter().sum::<f64>() > MAX_SECONDS {
            return Ok(());
        }
        writeln!(self.input)?;
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        let mut numbers = line.split_whitespace().map(str::parse::<f64>);
        let (Some(Ok(seconds)), Some(Ok(loss))) = (numbers.next(), numbers.next()) else {
            anyhow::bail!("{} said \"{}\" instead of a time and a loss", self.name, line.trim())
        };
        ensure!(loss.is_finite(), "the loss of {} is not a number", self.name);
        self.loss = loss;
        if counts {
            self.seconds.push(seconds);
        }
        Ok(())
    }

    fn median(&self) -> f64 {
        let mut sorted = self.seconds.clone();
        sorted.sort_by(f64::total_cmp);
        f64::midpoint(sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2])
    }

    /// The shortest and the longest time.
    fn extremes(&self) -> (f64, f64) {
        self.seconds.iter().fold((f64::MAX, 0.0), |(low, high), &s| (low.min(s), high.max(s)))
    }
}

impl Drop for Contestant {
    fn drop(&mut self) {
        // A program that has ended already cannot be ended again, which is no harm.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
