//! How long a note takes, on one thread: `cargo bench -p engine`, or with a table, peers and a picture
//! `cargo xtask bench engine`. Prints JSON. With `--quick`, fewer rounds.

use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::config::TensorKind;
use engine::{
    Ask, Bend, Conditions, Event, ModelConfig, Note, Onset, Pitch, Precision, Sampling, Session, Velocity, Weights,
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
    stream_gb_s: f64,
    memory_gb_s: f64,
    steps: Vec<Step>,
    /// Notes over several contexts, each chosen by the network.
    endless: Times,
    at_once: Vec<AtOnce>,
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

/// Many notes at once, or several candidates' next notes, beside single notes measured in turns with them.
#[derive(Serialize)]
struct AtOnce {
    what: &'static str,
    state: &'static str,
    n_notes: usize,
    median_us: f64,
    /// Over that of a single note in the same state.
    single_notes: f64,
}

/// What the machine can read at best, measured now and then among the steps.
#[derive(Default)]
struct Limits {
    /// A buffer as large as the weights, again and again.
    stream_gb_s: f64,
    /// One that fits no cache.
    memory_gb_s: f64,
}

impl Limits {
    fn measure(&mut self, buffer: &[u64], weight_bytes: usize) {
        let rate = |buffer: &[u64], n_times: usize| {
            let seconds = (0..n_times).map(|_| timed(|| _ = black_box(sum(black_box(buffer)))));
            gb_per_s(size_of_val(buffer), seconds.fold(f64::MAX, f64::min))
        };
        self.stream_gb_s = self.stream_gb_s.max(rate(&buffer[..weight_bytes / 8], 40));
        self.memory_gb_s = self.memory_gb_s.max(rate(buffer, 4));
    }
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
    let configs = [("nano", ModelConfig::NANO), ("base", ModelConfig::BASE)];
    // Before anything else has used memory that the system does not get back.
    let resident_mib = configs.iter().map(|(_, config)| resident_mib(*config)).collect::<Result<Vec<_>, _>>()?;
    let mut networks = Vec::new();
    for ((name, config), resident_mib) in configs.into_iter().zip(resident_mib) {
        networks.push(NetworkReport { resident_mib, ..measure(name, config, rounds)? });
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
    drop(file);
    let mut eviction = vec![1u64; 128 * MIB / 8];
    let mut limits = Limits::default();
    limits.measure(&eviction, weight_bytes(&config));

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
            steps.push(Step { context, state, bytes, times, fraction_of_limit: 0.0 });
        }
        limits.measure(&eviction, weight_bytes(&config));
    }
    let Limits { stream_gb_s, memory_gb_s } = limits;
    for step in &mut steps {
        let limit = if step.state == "warm" { stream_gb_s } else { memory_gb_s };
        step.fraction_of_limit = gb_per_s(step.bytes, step.times.p50_us / 1e6) / limit;
    }
    let endless = endless(&mut session, 3 * config.n_context.min(rounds));
    let at_once = at_once(&mut session, (rounds / 20).max(5));
    Ok(NetworkReport {
        name,
        config,
        file_bytes,
        load_ms,
        resident_mib: None,
        stream_gb_s,
        memory_gb_s,
        steps,
        endless,
        at_once,
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

/// Phrases fed at once onto an empty context, and up to four candidates that choose together. The last note of a phrase
/// is read with what follows, so one more is fed. Everything takes turns, so that all see the same machine.
fn at_once(session: &mut Session, rounds: usize) -> Vec<AtOnce> {
    let kinds = [("chosen", 1), ("chosen", 2), ("chosen", 4)].into_iter();
    let kinds: Vec<_> = kinds.chain([1, 2, 4, 8, 16, 64, 256].map(|n| ("fed", n))).collect();
    let mut candidates = [0; 4].map(|_| Session::new(Arc::clone(session.weights())));
    let mut all = Vec::new();
    for state in ["warm", "rested"] {
        let mut seconds = vec![Vec::new(); kinds.len()];
        for round in 0..rounds {
            for (&(what, n_notes), seconds) in kinds.iter().zip(&mut seconds) {
                // The long ones need fewer rounds. What runs before the clock starts warms up.
                let n_repeats = if n_notes > 16 && round > 5 { 0 } else { 2 };
                for repeat in 0..n_repeats {
                    for session in candidates.iter_mut().chain([&mut *session]) {
                        session.reset();
                        session.feed_all([note(0)]);
                    }
                    if state == "rested" {
                        std::thread::sleep(Duration::from_millis(20));
                    }
                    let time = timed(|| match (what, n_notes) {
                        ("fed", _) => session.feed_all((1..=n_notes).map(note)),
                        (_, 1) => _ = black_box(session.next(&ask(1))),
                        (_, 2) => {
                            let [a, b, ..] = &mut candidates;
                            _ = black_box(Session::next_together([a, b], [(ask(1), Bend::default()); 2]));
                        }
                        _ => {
                            let asks = [(ask(1), Bend::default()); 4];
                            _ = black_box(Session::next_together(candidates.each_mut(), asks));
                        }
                    });
                    if repeat > 0 {
                        seconds.push(time);
                    }
                }
            }
        }
        let medians: Vec<f64> = seconds.into_iter().map(|seconds| Times::new(seconds).p50_us).collect();
        for (&(what, n_notes), &median_us) in kinds.iter().zip(&medians) {
            all.push(AtOnce { what, state, n_notes, median_us, single_notes: median_us / medians[0] });
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

/// Memory of this process with weights and a session of which all is in use, where the system tells it in a file.
fn resident_mib(config: ModelConfig) -> Result<Option<f64>, Box<dyn Error>> {
    let weights = Arc::new(Weights::parse(&random_file(config, Precision::Q8, 1)?)?);
    let mut session = Session::new(weights);
    session.feed_all((0..2 * config.n_context).map(note));
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else { return Ok(None) };
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    let kib: Option<f64> = line.split_whitespace().next().and_then(|kib| kib.parse().ok());
    Ok(kib.map(|kib| kib / 1024.0))
}
