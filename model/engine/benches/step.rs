//! How long a note takes: `cargo bench -p engine`. Medians, in microseconds, on one thread.

use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use engine::{
    Ask, Conditions, ModelConfig, Note, Onset, Pitch, Precision, Sampling, Session, Velocity, Weights, random_file,
};

const ROUNDS: usize = 41;

fn main() -> Result<(), Box<dyn Error>> {
    println!("{:<10} {:>8} {:>8} {:>8}", "network", "context", "feed", "next");
    for (name, config, precision) in [
        ("nano q8", ModelConfig::NANO, Precision::Q8),
        ("base q8", ModelConfig::BASE, Precision::Q8),
        ("nano f32", ModelConfig::NANO, Precision::F32),
    ] {
        let file = random_file(config, precision, 1)?;
        let start = Instant::now();
        let weights = Arc::new(Weights::parse(&file)?);
        let parse_ms = start.elapsed().as_secs_f64() * 1e3;
        println!("{name}: {:.1} MB, read in {parse_ms:.0} ms", file.len() as f64 / 1e6);
        let mut session = Session::new(weights);
        // Up to half a context: from three quarters on, notes also prepare the context to come.
        for context in [0, 128, 256, 512].into_iter().take_while(|&n| n <= config.n_context / 2) {
            let (feed, next) = measure(&mut session, context);
            println!("{name:<10} {context:>8} {feed:>8.1} {next:>8.1}");
        }
    }
    Ok(())
}

/// Median microseconds of feed and of next, after `context` notes.
fn measure(session: &mut Session, context: usize) -> (f64, f64) {
    let context = i64::try_from(context).unwrap_or(0);
    let ask = Ask {
        conditions: Conditions::default(),
        sampling: Sampling { temperature: 1.0, top_p: 0.95 },
        lowest: Pitch::MIDDLE_C,
        highest: Pitch::MIDDLE_C,
        onset: Onset::NotBefore(context * 12),
        may_end: false,
    };
    let note =
        |i: i64| Note { onset_ticks: i * 12, duration_ticks: 12, pitch: Pitch::MIDDLE_C, velocity: Velocity::MEDIUM };
    session.reset();
    (0..context).for_each(|i| session.feed(note(i), Conditions::default()));
    let mark = session.mark();
    let feed = median(session, |session| {
        session.rewind(&mark);
        let start = Instant::now();
        session.feed(note(context), Conditions::default());
        start.elapsed().as_secs_f64()
    });
    let next = median(session, |session| {
        session.rewind(&mark);
        let start = Instant::now();
        std::hint::black_box(session.next(&ask));
        start.elapsed().as_secs_f64()
    });
    (feed * 1e6, next * 1e6)
}

fn median(session: &mut Session, mut round: impl FnMut(&mut Session) -> f64) -> f64 {
    let mut seconds: Vec<f64> = (0..ROUNDS).map(|_| round(session)).collect();
    seconds.sort_by(f64::total_cmp);
    seconds[ROUNDS / 2]
}
