//! How long a note takes, on one thread: `cargo bench -p engine`, or with a table, peers and a picture
//! `cargo xtask bench engine`. Prints JSON. With `--quick`, fewer rounds.

use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::config::TensorKind;
use engine::{
    Ask, Conditions, Event, ModelConfig, Note, Onset, Pitch, Precision, Sampling, Session, Velocity, Weights,
    random_file,
};
use serde::Serialize;

const MIB: usize = 1 << 20;
const SPACING_TICKS: i64 = 12;

#[derive(Serialize)]
struct Report {
    kernel: &'static str,
    networks: Vec<NetworkReport>,
}

#[derive(Serialize)]
struct NetworkReport {
    name: &'static str,
    config: ModelConfig,
    file_bytes: usize,
    load_ms: f64,
    /// Of this process, without the file: program, weights, and a session of which all is in use.
    resident_mib: Option<f64>,
    /// Reading a buffer as large as the weights again and again, in the same minute.
    stream_gb_s: f64,
    /// Reading one that fits no cache.
    memory_gb_s: f64,
    steps: Vec<Step>,
    /// Notes over several contexts, each chosen by the network.
    endless: Times,
    prefill: Vec<Prefill>,
}

#[derive(Serialize)]
struct Step {
    context: usize,
    state: &'static str,
    /// Weights and cache that a step reads.
    bytes: usize,
    times: Times,
    /// Of what the stream of the same kind allows.
    fraction_of_limit: f64,
}

#[derive(Serialize)]
struct Prefill {
    state: &'static str,
    n_notes: usize,
    median_us: f64,
}

#[derive(Clone, Copy, Serialize)]
struct Times {
    n: usize,
    p50_us: f64,
    p95_us: f64,
    p99_us: f64,
    p999_us: f64,
    max_us: f64,
    steps_per_s: f64,
}

impl Times {
    fn new(mut seconds: Vec<f64>) -> Self {
        seconds.sort_by(f64::total_cmp);
        let n = seconds.len();
        let at = |per_mille: usize| seconds[(n * per_mille / 1000).min(n - 1)] * 1e6;
        let (p50_us, max_us) = (at(500), seconds[n - 1] * 1e6);
        Self { n, p50_us, p95_us: at(950), p99_us: at(990), p999_us: at(999), max_us, steps_per_s: 1e6 / p50_us }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let rounds = if std::env::args().any(|a| a == "--quick") { 60 } else { 1000 };
    let mut networks = Vec::new();
    for (name, config) in [("nano", ModelConfig::NANO), ("base", ModelConfig::BASE)] {
        networks.push(measure(name, config, rounds)?);
    }
    println!("{}", serde_json::to_string_pretty(&Report { kernel: engine::kernel_name(), networks })?);
    Ok(())
}

fn measure(name: &'static str, config: ModelConfig, rounds: usize) -> Result<NetworkReport, Box<dyn Error>> {
    let file = random_file(config, Precision::Q8, 1)?;
    let file_bytes = file.len();
    let start = Instant::now();
    let weights = Arc::new(Weights::parse(&file)?);
    let load_ms = start.elapsed().as_secs_f64() * 1e3;
    let mut session = Session::new(weights);
    session.feed_all((0..2 * config.n_context).map(note));
    #[expect(clippy::cast_precision_loss, reason = "for show")]
    let resident_mib = resident_mib().map(|mib| mib - file_bytes as f64 / MIB as f64);
    drop(file);
    let mut eviction = vec![1u64; 128 * MIB / 8];
    let seconds_of = |buffer: &[u64]| {
        let mut seconds: Vec<f64> = (0..15).map(|_| timed(|| _ = black_box(sum(black_box(buffer))))).collect();
        seconds.sort_by(f64::total_cmp);
        seconds[seconds.len() / 2]
    };
    let stream_gb_s = gb_per_s(weight_bytes(&config), seconds_of(&eviction[..weight_bytes(&config) / 8]));
    let memory_gb_s = gb_per_s(128 * MIB, seconds_of(&eviction));

    let mut steps = Vec::new();
    for context in [0, 256, 512, 1024].into_iter().filter(|&n| n <= config.n_context) {
        // A full context has room for one note less than its size, since BEGIN is in it too.
        let n_notes = context.min(config.n_context - 2);
        session.reset();
        (0..n_notes).map(note).for_each(|(note, conditions)| session.feed(note, conditions));
        let mark = session.mark();
        let ask = ask(n_notes);
        for state in ["warm", "rested", "flushed"] {
            let rounds = if state == "warm" { rounds } else { (rounds / 8).max(10) };
            let seconds = (0..rounds).map(|_| {
                session.rewind(&mark);
                match state {
                    "rested" => std::thread::sleep(Duration::from_millis(20)),
                    "flushed" => eviction.iter_mut().for_each(|v| *v = v.wrapping_add(1)),
                    _ => {}
                }
                timed(|| _ = black_box(session.next(&ask)))
            });
            let times = Times::new(seconds.collect());
            let bytes = weight_bytes(&config) + cache_bytes(&config, context);
            let limit = if state == "warm" { stream_gb_s } else { memory_gb_s };
            let fraction_of_limit = gb_per_s(bytes, times.p50_us / 1e6) / limit;
            steps.push(Step { context, state, bytes, times, fraction_of_limit });
        }
    }
    let endless = endless(&mut session, 3 * config.n_context.min(rounds));
    let prefill = prefill(&mut session, rounds);
    Ok(NetworkReport {
        name,
        config,
        file_bytes,
        load_ms,
        resident_mib,
        stream_gb_s,
        memory_gb_s,
        steps,
        endless,
        prefill,
    })
}

/// Every note that the network goes on with, over the edges of contexts.
fn endless(session: &mut Session, n_notes: usize) -> Times {
    session.reset();
    let mut last_ticks = 0;
    let seconds = (0..n_notes).map(|_| {
        let ask = Ask { onset: Onset::NotBefore(last_ticks + SPACING_TICKS), ..ask(0) };
        let start = Instant::now();
        let event = session.next(&ask);
        let seconds = start.elapsed().as_secs_f64();
        if let Event::Note(note) = event {
            last_ticks = note.onset_ticks;
        }
        seconds
    });
    Times::new(seconds.collect())
}

/// Phrases at once, onto an empty context. The last note of a phrase is read with what follows, so one more is fed.
fn prefill(session: &mut Session, rounds: usize) -> Vec<Prefill> {
    let mut all = Vec::new();
    for state in ["warm", "rested"] {
        for n_notes in [1, 2, 4, 8, 16, 64, 256] {
            let rounds = (rounds / n_notes / 4).clamp(5, 100);
            let seconds = (0..rounds).map(|_| {
                session.reset();
                session.feed_all([note(0)]);
                if state == "rested" {
                    std::thread::sleep(Duration::from_millis(20));
                }
                timed(|| session.feed_all((1..=n_notes).map(note)))
            });
            all.push(Prefill { state, n_notes, median_us: Times::new(seconds.collect()).p50_us });
        }
    }
    all
}

fn note(index: usize) -> (Note, Conditions) {
    let onset_ticks = i64::try_from(index).unwrap_or(0) * SPACING_TICKS;
    let note = Note { onset_ticks, duration_ticks: 12, pitch: Pitch::MIDDLE_C, velocity: Velocity::MEDIUM };
    (note, Conditions::default())
}

/// All four attributes are drawn.
fn ask(index: usize) -> Ask {
    Ask {
        conditions: Conditions::default(),
        sampling: Sampling { temperature: 1.0, top_p: 0.95 },
        lowest: Pitch::new(21).unwrap_or(Pitch::MIDDLE_C),
        highest: Pitch::new(108).unwrap_or(Pitch::MIDDLE_C),
        onset: Onset::NotBefore(note(index).0.onset_ticks),
        may_end: false,
    }
}

/// Bytes of the matrices: a step reads all of them once.
fn weight_bytes(config: &ModelConfig) -> usize {
    let linear = config.tensors().into_iter().filter(|t| t.kind == TensorKind::Linear);
    linear.map(|t| t.rows.next_multiple_of(16) * (t.columns + 4)).sum()
}

/// Bytes of keys and values of `n` positions, with their scales.
fn cache_bytes(config: &ModelConfig, n: usize) -> usize {
    2 * n * config.n_blocks * (config.d_kv() + 4 * config.n_kv_heads)
}

fn timed(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}

#[expect(clippy::cast_precision_loss, reason = "a rate")]
fn gb_per_s(bytes: usize, seconds: f64) -> f64 {
    bytes as f64 / seconds / 1e9
}

/// Reads all of a buffer, in several sums so that adding does not limit it.
fn sum(buffer: &[u64]) -> u64 {
    let mut sums = [0u64; 16];
    for chunk in buffer.as_chunks::<16>().0 {
        for (sum, value) in sums.iter_mut().zip(chunk) {
            *sum = sum.wrapping_add(*value);
        }
    }
    sums.iter().fold(0, |all, sum| all.wrapping_add(*sum))
}

/// Memory of this process, where the system tells it in a file.
fn resident_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib / 1024.0)
}
