//! How long the critic takes to score an answer, on one thread: `cargo bench -p engine --bench critic`. Prints JSON: for answers of
//! so many notes, in eighths of three voices, the time of the network and of the rules, and that of hearing the call once.

use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use engine::critic::{Critic, CriticConfig, CriticSession, random_file};
use engine::{Metre, Note, Pitch, Velocity};

const N_ROUNDS: usize = 400;
const METRE: Metre = Metre::Bars { bar_line_ticks: 0, bar_ticks: 192 };

fn main() -> Result<(), Box<dyn Error>> {
    let mut critic = CriticSession::new(Arc::new(Critic::parse(&random_file(CriticConfig::SHIPPED, 1)?)?));
    let times = [16, 32, 64, 96].map(|n_notes| {
        let (call, answer) = (music(0, n_notes), music(192 * 8, n_notes));
        let end_ticks = answer.iter().map(Note::end_ticks).max().unwrap_or(0);
        let hear_us = median_us(|| critic.hear(black_box(&call), METRE, "Folk"));
        let network_us = median_us(|| _ = black_box(critic.logit(black_box(&answer), 192 * 8, end_ticks)));
        let rules_us = median_us(|| _ = black_box(critic.rules(black_box(&answer))));
        serde_json::json!({ "n_notes": n_notes, "hear_us": hear_us, "network_us": network_us, "rules_us": rules_us })
    });
    println!("{}", serde_json::json!({ "n_parameters": CriticConfig::SHIPPED.n_parameters(24), "times": times }));
    Ok(())
}

/// Three voices, a chord at each eighth.
fn music(from: i64, n_notes: u8) -> Vec<Note> {
    let note = |i: u8| Note {
        onset_ticks: from + i64::from(i / 3) * 24,
        duration_ticks: 24,
        pitch: Pitch::nearest(48 + 12 * (i % 3) + i * 7 % 12),
        velocity: Velocity::nearest(60 + i % 32),
    };
    (0..n_notes).map(note).collect()
}

fn median_us(mut work: impl FnMut()) -> f64 {
    let mut us: Vec<f64> = (0..N_ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            work();
            begun.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    us.sort_by(f64::total_cmp);
    us[N_ROUNDS / 2]
}
