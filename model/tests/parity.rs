//! The trainer and the engine are the same network: what candle learns is what the plugin plays.
#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "a test of small sizes"
)]

use std::sync::Arc;

use candle_core::{Device, Tensor};
use candle_transformers::generation::{LogitsProcessor, Sampling as Reference};
use engine::conditions::{N_CONDITIONS, TABLES};
use engine::sample::{Sampling, choose};

use engine::weights::{self, Header, Precision};
use engine::{Conditions, Event, Metre, ModelConfig, Note, Pitch, Session, Velocity, Weights};
use model::data::batch::Batch;
use model::data::sequence;
use model::data::shards::{Labels, PlacedNote};
use model::network::Network;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const WALTZ: Metre = Metre::Bars { bar_line_ticks: -24, bar_ticks: 144 };

/// Weights large enough that every part of the network matters.
fn network(config: ModelConfig) -> Network {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    Network::from_values(config, &Device::Cpu, |shape| {
        let (centre, spread) = if shape.name.ends_with("gain") { (1.0, 0.3) } else { (0.0, 0.25) };
        Ok((0..shape.rows * shape.columns).map(|_| centre + random.random_range(-spread..spread)).collect())
    })
    .unwrap()
}

fn session(network: &Network, precision: Precision) -> Session {
    let header = Header {
        config: *network.config(),
        precision,
        name: "Parity".into(),
        styles: vec!["Any style".into(), "Bach".into(), "Mozart".into()],
        licence: "CC0-1.0".into(),
        credits: String::new(),
        training: String::new(),
        tokeniser: engine::weights::TOKENISER,
    };
    let file = weights::write(&header, &mut |shape| -> anyhow::Result<Vec<f32>> {
        Ok(network.parameters()[&shape.name].flatten_all()?.to_vec1()?)
    })
    .unwrap();
    Session::new(Arc::new(Weights::parse(&file).unwrap()))
}

/// A phrase with chords, runs, rests and every kind of condition, and the batch a trainer would make of it.
fn phrase(n_notes: usize) -> (Vec<Note>, Vec<Conditions>, Batch) {
    let mut random = ChaCha8Rng::seed_from_u64(11);
    let mut onset_ticks = 24;
    let mut placed: Vec<PlacedNote> = (0..n_notes)
        .map(|i| {
            onset_ticks += if i == 0 { 0 } else { [0, 0, 6, 12, 16, 24, 48, 100, 500][random.random_range(0..9)] };
            let note = Note {
                onset_ticks,
                duration_ticks: random.random_range(1..300),
                pitch: Pitch::new(random.random_range(30..100)).unwrap(),
                velocity: Velocity::new(random.random_range(1..128)).unwrap(),
            };
            PlacedNote { note, position: WALTZ.position(onset_ticks), labels: Labels::default() }
        })
        .collect();
    placed.sort_by_key(|p| p.note.order());
    placed.dedup_by_key(|p| p.note.order());
    let conditions: Vec<Conditions> = (0..placed.len())
        .map(|i| {
            let values: [usize; N_CONDITIONS] = std::array::from_fn(|c| i / (c + 2) % TABLES[c].1);
            // The network below knows three styles.
            Conditions { style: (i / 7 % 3) as u8, ..Conditions::from_values(values.map(|value| value as u8)) }
        })
        .collect();

    let events = sequence::events(&placed, None);
    let fed = std::iter::once(sequence::begin(events[0].position)).chain(events.iter().copied());
    let mut batch = Batch { batch_size: 1, sequence_length: events.len(), ..Batch::default() };
    for ((fed, target), told) in fed.zip(&events).zip(&conditions) {
        for a in 0..4 {
            batch.event[a].push(fed.values[a].into());
            batch.target[a].push(target.values[a].into());
            batch.mask[a].push(1.0);
        }
        batch.conditions.iter_mut().zip(told.values()).for_each(|(ids, value)| ids.push(value.into()));
        batch.levels.iter_mut().for_each(|levels| levels.push(0));
        for (positions, of) in [(&mut batch.position, fed.position), (&mut batch.target_position, target.position)] {
            positions[0].push(of.beat_phase.into());
            positions[1].push(of.bar_beat.into());
        }
    }
    (placed.iter().map(|p| p.note).collect(), conditions, batch)
}

/// Largest and mean difference in nats between candle and the engine over a phrase.
fn difference(precision: Precision) -> (f32, f32) {
    let network = network(ModelConfig::TINY);
    let (notes, conditions, batch) = phrase(60);
    let theirs = network.nats(&batch, None).unwrap().map(|nats| nats.to_vec1::<f32>().unwrap());
    let mut session = session(&network, precision);
    session.set_metre(WALTZ);
    let (mut largest, mut sum) = (0.0f32, 0.0);
    for (i, (&note, &told)) in notes.iter().zip(&conditions).enumerate() {
        let ours = session.score(Event::Note(note), told);
        // The first shift is 0 by convention: the engine charges nothing for it.
        for a in usize::from(i == 0)..4 {
            let off = (ours[a] - theirs[a][i]).abs();
            largest = largest.max(off);
            sum += off;
        }
    }
    (largest, sum / (4 * notes.len()) as f32)
}

#[test]
fn candle_and_the_engine_agree_in_floats() {
    let (largest, _) = difference(Precision::F32);
    assert!(largest < 2e-3, "they differ by {largest} nats");
}

#[test]
fn eight_bits_stay_close_to_floats() {
    let (largest, mean) = difference(Precision::Q8);
    assert!(mean > 0.0 && mean < 0.05 && largest < 0.6, "they differ by {mean} nats on average, {largest} at most");
}

#[test]
fn values_are_drawn_as_often_as_by_the_reference_sampler() {
    const DRAWS: usize = 4000;
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let logits: Vec<f32> = (0..24).map(|_| random.random_range(-3.0..3.0)).collect();
    let tensor = Tensor::new(&logits[..], &Device::Cpu).unwrap();
    for (temperature, top_p) in [(1.0, 1.0), (0.7, 0.9), (1.3, 0.6)] {
        let reference = if top_p < 1.0 {
            Reference::TopP { p: f64::from(top_p), temperature: f64::from(temperature) }
        } else {
            Reference::All { temperature: f64::from(temperature) }
        };
        let mut theirs = LogitsProcessor::from_sampling(1, reference);
        let mut stream = oorandom::Rand32::new(1);
        let mut counts = [[0usize; 2]; 24];
        for _ in 0..DRAWS {
            let sampling = Sampling { temperature, top_p };
            counts[usize::from(choose(&logits, |_| true, sampling, &mut stream).unwrap())][0] += 1;
            counts[theirs.sample(&tensor).unwrap() as usize][1] += 1;
        }
        for (value, [ours, theirs]) in counts.into_iter().enumerate() {
            // Five standard deviations of the difference of two binomial counts.
            let allowed = 5.0 * ((ours + theirs + 1) as f32).sqrt();
            assert!((ours as f32 - theirs as f32).abs() < allowed, "value {value}: {ours} and {theirs} times");
        }
        let nuclei = counts.map(|[ours, theirs]| (ours > 0) == (theirs > 0));
        let differing = nuclei.iter().filter(|&&same| !same).count();
        assert!(differing <= 2, "top-p {top_p}: {differing} values are drawn by one sampler alone");
    }
}
