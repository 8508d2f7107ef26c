//! `cargo xtask bench engine`: runs the engine's benchmark and its peers, one after another on one core, and writes a
//! table, JSON and a picture.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::picture;

/// Options of `cargo xtask bench engine`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Leave out candle, which takes minutes to build
    #[arg(long)]
    no_candle: bool,
    /// Fewer rounds: seconds instead of minutes, and rare delays are not seen
    #[arg(long)]
    quick: bool,
    /// Run on this core only, with `taskset`
    #[arg(long)]
    core: Option<usize>,
    /// A program that measures candle, if it is built already (`cargo build --release -p model --example candle_decoder`)
    #[arg(long)]
    candle_program: Option<PathBuf>,
    /// Folder for engine.json and engine.svg
    #[arg(long, default_value = "out/bench")]
    out: PathBuf,
}

/// Measures, prints the table, and writes the files.
///
/// # Errors
/// When a benchmark cannot be built or run, or the folder not be written.
pub(crate) fn run(options: &Options) -> Result<()> {
    let mut cargo = on_core(options, "cargo");
    cargo.args(["bench", "--quiet", "-p", "engine", "--bench", "step", "--"]);
    if options.quick {
        cargo.arg("--quick");
    }
    let mut report: Value = serde_json::from_str(&output(cargo)?).context("the engine's benchmark printed no JSON")?;
    if !options.no_candle {
        for network in report["networks"].as_array_mut().context("no networks were measured")? {
            network["candle"] = candle(options, network)?;
        }
    }
    print_table(&report);
    fs::create_dir_all(&options.out).with_context(|| format!("cannot make {}", options.out.display()))?;
    for (name, text) in
        [("engine.json", serde_json::to_string_pretty(&report)?), ("engine.svg", picture::svg(&bars(&report)))]
    {
        let path = options.out.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        println!("{}", path.display());
    }
    Ok(())
}

/// Times of candle's decoder of the same sizes at the same contexts.
fn candle(options: &Options, network: &Value) -> Result<Value> {
    let mut command = match &options.candle_program {
        Some(program) => on_core(options, &program.to_string_lossy()),
        None => {
            let mut cargo = on_core(options, "cargo");
            cargo.args(["run", "--quiet", "--release", "-p", "model", "--example", "candle_decoder", "--"]);
            cargo
        }
    };
    // candle has no other way to be told of one thread.
    command.env("RAYON_NUM_THREADS", "1").env("CANDLE_NUM_THREADS", "1");
    let config = &network["config"];
    for size in ["n_blocks", "d_model", "n_heads", "n_kv_heads", "d_ff", "d_head_hidden"] {
        command.arg(config[size].to_string());
    }
    command.arg(if options.quick { "20" } else { "100" });
    for step in warm_steps(network) {
        command.arg(step["context"].to_string());
    }
    let text = output(command)?;
    let line = |line: &str| -> Option<Value> {
        let numbers: Vec<f64> = line.split_whitespace().map(str::parse).collect::<Result<_, _>>().ok()?;
        let [context, p50_us, p99_us] = numbers[..] else { return None };
        Some(json!({ "context": context, "p50_us": p50_us, "p99_us": p99_us }))
    };
    Ok(text.lines().filter_map(line).collect())
}

fn on_core(options: &Options, program: &str) -> Command {
    let Some(core) = options.core else { return Command::new(program) };
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", &core.to_string(), program]);
    command
}

fn output(mut command: Command) -> Result<String> {
    let program = format!("{command:?}");
    let output =
        command.stderr(std::process::Stdio::inherit()).output().with_context(|| format!("cannot run {program}"))?;
    ensure!(output.status.success(), "{program} failed; the lines above say why");
    String::from_utf8(output.stdout).with_context(|| format!("{program} printed no text"))
}

fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    value[name].as_array().into_iter().flatten()
}

fn warm_steps(network: &Value) -> impl Iterator<Item = &Value> {
    list(network, "steps").filter(|step| step["state"] == "warm")
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

/// candle's median at a context.
fn candle_us(network: &Value, context: &Value) -> Option<f64> {
    let at = list(network, "candle").find(|row| row["context"].as_f64() == context.as_f64())?;
    at["p50_us"].as_f64()
}

fn print_table(report: &Value) {
    println!(
        "One note: the network reads an event, and all four attributes of the next are drawn. One thread, {}.",
        report["kernel"].as_str().unwrap_or_default()
    );
    for network in list(report, "networks") {
        let text = |name: &str| number(&network[name]);
        println!(
            "\n{}: loads in {:.0} ms, takes {:.0} MiB; streams {:.1} GB/s from a buffer of its size, {:.1} GB/s from memory",
            network["name"].as_str().unwrap_or_default(),
            text("load_ms"),
            text("resident_mib"),
            text("stream_gb_s"),
            text("memory_gb_s")
        );
        println!(
            "{:<8}{:<9}{:>9}{:>9}{:>9}{:>9}{:>9}{:>10}{:>10}{:>10}",
            "context", "state", "p50 us", "p95", "p99", "p99.9", "max", "steps/s", "of limit", "candle"
        );
        for step in list(network, "steps") {
            row(
                &step["context"].to_string(),
                step,
                candle_us(network, &step["context"]).filter(|_| step["state"] == "warm"),
            );
        }
        let endless = json!({ "state": "warm", "times": network["endless"] });
        row("endless", &endless, None);
        for state in ["warm", "rested"] {
            let of_state = list(network, "prefill").filter(|row| row["state"] == state);
            let cells: Vec<String> =
                of_state.map(|row| format!("{}: {:.0} us", row["n_notes"], number(&row["median_us"]))).collect();
            println!("notes fed at once, {state}: {}", cells.join(", "));
        }
    }
    println!(
        "\n\"of limit\": bytes read by a step over its median, as a share of the stream of the same size (warm) or of memory."
    );
}

fn row(context: &str, step: &Value, candle_us: Option<f64>) {
    let times = &step["times"];
    let us = |name: &str| format!("{:>9.0}", number(&times[name]));
    let of_limit = step["fraction_of_limit"].as_f64().map_or(String::new(), |f| format!("{:.0} %", 100.0 * f));
    let candle = candle_us.map_or(String::new(), |theirs| format!("{:.1} x", theirs / number(&times["p50_us"])));
    println!(
        "{context:<8}{:<9}{}{}{}{}{}{:>10.0}{of_limit:>10}{candle:>10}",
        step["state"].as_str().unwrap_or_default(),
        us("p50_us"),
        us("p95_us"),
        us("p99_us"),
        us("p999_us"),
        us("max_us"),
        number(&times["steps_per_s"])
    );
}

/// What the picture shows: medians of the base network, ours and candle's.
fn bars(report: &Value) -> Vec<picture::Bar> {
    let mut bars = Vec::new();
    for network in list(report, "networks") {
        let name = network["name"].as_str().unwrap_or_default();
        for step in warm_steps(network) {
            let context = &step["context"];
            bars.push(picture::Bar {
                label: format!("{name}, context {context}"),
                us: number(&step["times"]["p50_us"]),
                is_ours: true,
            });
            if let Some(us) = candle_us(network, context) {
                bars.push(picture::Bar { label: "candle Q8_0".into(), us, is_ours: false });
            }
        }
    }
    bars
}
