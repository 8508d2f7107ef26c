//! How long a note takes, on one thread: `cargo bench -p engine`, or with a table, peers and a picture
//! `cargo xtask bench engine`. Prints JSON. With `--quick`, fewer rounds.

use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::config::TensorKind;
use engine::{
    Conditions, Event, LogitBias, ModelConfig, Note, NoteRequest, Onset, Pitch, Precision, Sampling, Session, Velocity,
    Weights, random_file,
};
use memmap2::MmapMut;
use serde::Serialize;

/// Fits no cache.
const EVICTION_BYTES: usize = 128 << 20;
/// Steps, and reads of as many bytes, take turns this many at a time; the first after the other's turn does not count.
const IN_A_ROW: usize = 10;
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
    /// Reading as many bytes in eight places side by side, in turns with the warm steps: what the machine allowed then.
    reads: Option<Times>,
    /// The same from start to end, as memory benchmarks do.
    streams: Option<Times>,
    /// Time of those reads over that of the steps, medians. Where there are none: what memory gives at best.
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
    // On huge pages, as the weights are.
    let mut eviction = MmapMut::map_anon(EVICTION_BYTES)?;
    #[cfg(target_os = "linux")]
    let _ = eviction.advise(memmap2::Advice::HugePage);
    eviction.fill(1);
    let mut memory_gb_s = 0.0f64;

    let mut steps = Vec::new();
    for context in [0, 256, 512, 1024].into_iter().filter(|&n| n <= config.n_context) {
        // A full context has room for one note less than its size, since BEGIN is in it too.
        let n_notes = context.min(config.n_context - 2);
        session.reset();
        (0..n_notes).map(note).for_each(|(note, conditions)| session.feed(note, conditions));
        let mark = session.checkpoint();
        let ask = ask(n_notes);
        let bytes = weight_bytes(&config) + cache_bytes(&config, context);
        let mut step = || {
            session.rewind(&mark);
            timed(|| _ = black_box(session.next(&ask)))
        };
        let mut add = |state, seconds, limits: Option<[Vec<f64>; 2]>| {
            let [reads, streams] = limits.map_or([None; 2], |limits| limits.map(|limit| Some(Times::new(limit))));
            steps.push(Step {
                context,
                state,
                bytes,
                times: Times::new(seconds),
                reads,
                streams,
                fraction_of_limit: 0.0,
            });
        };
        let (mut seconds, mut reads, mut streams) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rounds / IN_A_ROW {
            step();
            seconds.extend((0..IN_A_ROW).map(|_| step()));
            black_box(read::<8>(&eviction[..bytes]));
            reads.extend((0..IN_A_ROW).map(|_| timed(|| _ = black_box(read::<8>(black_box(&eviction[..bytes]))))));
            streams.extend((0..IN_A_ROW).map(|_| timed(|| _ = black_box(read::<1>(black_box(&eviction[..bytes]))))));
        }
        add("warm", seconds, Some([reads, streams]));
        let n_rare = (rounds / 8).max(10);
        let rested = (0..n_rare).map(|_| {
            std::thread::sleep(Duration::from_millis(20));
            step()
        });
        add("rested", rested.collect(), None);
        let flushed = (0..n_rare).map(|_| {
            let seconds = timed(|| _ = black_box(read::<8>(black_box(&eviction))));
            memory_gb_s = memory_gb_s.max(gb_per_s(EVICTION_BYTES, seconds));
            step()
        });
        add("flushed", flushed.collect(), None);
    }
    for step in &mut steps {
        let limit_us = step.reads.map_or(step.bytes as f64 / memory_gb_s / 1e3, |reads| reads.p50_us);
        step.fraction_of_limit = limit_us / step.times.p50_us;
    }
    let endless = endless(&mut session, 3 * config.n_context.min(rounds));
    let at_once = at_once(&mut session, (rounds / 20).max(5));
    Ok(NetworkReport { name, config, file_bytes, load_ms, resident_mib: None, memory_gb_s, steps, endless, at_once })
}

/// Every note that the network goes on with, over the edges of contexts.
fn endless(session: &mut Session, n_notes: usize) -> Times {
    session.reset();
    let mut last_ticks = 0;
    let seconds = (0..n_notes).map(|_| {
        let ask = NoteRequest { onset: Onset::NotBefore(last_ticks + SPACING_TICKS), ..ask(0) };
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
                            _ = black_box(Session::next_batch([a, b], [(ask(1), LogitBias::default()); 2]));
                        }
                        _ => {
                            let asks = [(ask(1), LogitBias::default()); 4];
                            _ = black_box(Session::next_batch(candidates.each_mut(), asks));
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
fn ask(index: usize) -> NoteRequest {
    NoteRequest {
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

/// Reads a buffer in so many places side by side: eight were 1.9 times as fast as one.
fn read<const N_PLACES: usize>(buffer: &[u8]) -> u64 {
    let (chunks, _) = buffer.as_chunks::<8>().0.as_chunks::<16>();
    let n = chunks.len() / N_PLACES;
    let mut sums = [0u64; 16];
    for i in 0..n {
        for place in 0..N_PLACES {
            for (sum, value) in sums.iter_mut().zip(&chunks[place * n + i]) {
                *sum = sum.wrapping_add(u64::from_le_bytes(*value));
            }
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
