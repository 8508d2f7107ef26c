//! `cargo xtask bench engine`: runs the engine's benchmark and its peers, one after another on one core, and writes a
//! table, JSON and a picture.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::{peer, picture};

const PEER_SCRIPT: &str = "xtask/src/bench/engine_peer.py";
/// Peers from PyPI: the name that the script knows, what to call it, and its packages. cyllama is llama.cpp, built already.
const PYTHON_PEERS: [(&str, &str, &[&str]); 2] = [
    ("llama", "llama.cpp Q8_0", &["cyllama", "gguf", "numpy"]),
    ("onnx", "ONNX Runtime int8", &["onnxruntime", "onnx", "numpy"]),
];

/// Options of `cargo xtask bench engine`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Leave out candle, which takes minutes to build
    #[arg(long)]
    no_candle: bool,
    /// Install llama.cpp and ONNX Runtime into target/peers when they are not there
    #[arg(long)]
    install_peers: bool,
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
    for network in report["networks"].as_array_mut().context("no networks were measured")? {
        let mut peers = serde_json::Map::new();
        if !options.no_candle {
            peers.insert("candle Q8_0".into(), candle(options, network)?);
        }
        for (peer, name, packages) in PYTHON_PEERS {
            match peer::python(packages, options.install_peers)? {
                Some(python) => drop(peers.insert(name.into(), python_peer(options, network, &python, peer)?)),
                None => println!("{name} is not here: --install-peers installs it."),
            }
        }
        network["peers"] = peers.into();
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
    times(options, network, command)
}

/// Times of the same network in llama.cpp or ONNX Runtime.
fn python_peer(options: &Options, network: &Value, python: &Path, peer: &str) -> Result<Value> {
    let mut command = on_core(options, &python.to_string_lossy());
    command.args([PEER_SCRIPT, peer, &network["config"].to_string()]);
    times(options, network, command)
}

/// Runs a peer, and reads its lines.
fn times(options: &Options, network: &Value, mut command: Command) -> Result<Value> {
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

/// The peers' names and medians at a context.
fn peers_us<'a>(network: &'a Value, context: &'a Value) -> impl Iterator<Item = (&'a String, f64)> {
    network["peers"].as_object().into_iter().flatten().filter_map(|(name, rows)| {
        let at = rows.as_array()?.iter().find(|row| row["context"].as_f64() == context.as_f64())?;
        Some((name, at["p50_us"].as_f64()?))
    })
}

fn print_table(report: &Value) {
    println!(
        "One note: the network reads an event, and all four attributes of the next are drawn. One thread, {}.",
        report["kernel"].as_str().unwrap_or_default()
    );
    for network in list(report, "networks") {
        let text = |name: &str| number(&network[name]);
        println!(
            "\n{}: loads in {:.0} ms, takes {:.0} MiB; memory gives {:.1} GB/s at best",
            network["name"].as_str().unwrap_or_default(),
            text("load_ms"),
            text("resident_mib"),
            text("memory_gb_s")
        );
        println!(
            "{:<8}{:<10}{:>9}{:>9}{:>9}{:>9}{:>9}{:>10}{:>10}",
            "context", "state", "p50 us", "p95", "p99", "p99.9", "max", "steps/s", "of limit"
        );
        for step in list(network, "steps") {
            row(&step["context"].to_string(), step);
            for (limit, title) in [("reads", "reading"), ("streams", "streaming")] {
                if !step[limit].is_null() {
                    row("", &json!({ "state": title, "times": step[limit] }));
                }
            }
        }
        row("endless", &json!({ "state": "warm", "times": network["endless"] }));
        for step in warm_steps(network) {
            let ours = number(&step["times"]["p50_us"]);
            for (name, us) in peers_us(network, &step["context"]) {
                println!("context {}, {name}: {us:.0} us, {:.1} times ours", step["context"], us / ours);
            }
        }
        for (what, title) in [("fed", "notes fed at once"), ("chosen", "candidates' notes chosen together")] {
            for state in ["warm", "rested"] {
                let rows = list(network, "at_once").filter(|row| row["what"] == what && row["state"] == state);
                let cell = |row: &Value| {
                    format!(
                        "{}: {:.0} us ({:.2})",
                        row["n_notes"],
                        number(&row["median_us"]),
                        number(&row["single_notes"])
                    )
                };
                println!("{title}, {state} (in single notes): {}", rows.map(cell).collect::<Vec<_>>().join(", "));
            }
        }
    }
    println!(
        "\n\"reading\": a buffer as large as what a warm step reads, in eight places side by side, in turns with the steps; \
         \"streaming\": the same from start to end. \"of limit\": the time of reading over \
         the step's, medians; after a rest or a flush, what memory gives at best over what the step took from it."
    );
}

fn row(context: &str, step: &Value) {
    let times = &step["times"];
    let us = |name: &str| format!("{:>9.0}", number(&times[name]));
    let of_limit = step["fraction_of_limit"].as_f64().map_or(String::new(), |f| format!("{:.0} %", 100.0 * f));
    println!(
        "{context:<8}{:<10}{}{}{}{}{}{:>10.0}{of_limit:>10}",
        step["state"].as_str().unwrap_or_default(),
        us("p50_us"),
        us("p95_us"),
        us("p99_us"),
        us("p999_us"),
        us("max_us"),
        number(&times["steps_per_s"])
    );
}

/// What the picture shows: medians, ours and the peers'.
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
            for (name, us) in peers_us(network, context) {
                bars.push(picture::Bar { label: name.clone(), us, is_ours: false });
            }
        }
    }
    bars
}
