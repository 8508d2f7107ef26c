//! Reptile: weights from which a few steps lead to a style that was never seen.
#![expect(clippy::unwrap_used, reason = "a test may stop at what it does not expect")]

use std::fs;
use std::path::Path;

use candle_core::Device;
use engine::{ModelConfig, Note, Pitch, Velocity};
use model::data::batch::Batch;
use model::data::corpus::Split;
use model::data::dataset::{Dataset, SamplingPolicy};
use model::data::prepare::{PrepareOptions, prepare};
use model::network::Network;
use model::optim::AdamW;
use model::train::reptile::Task;
use model::train::{Likelihood, Objective};
use music::midi::write;
use music::{Part, Score, TimeSignature};

const WALTZ: TimeSignature = TimeSignature::new(3, 2).unwrap();

const RATE: f64 = 3e-3;

/// Walks round four keys, each style another four; all pieces of a folder are of one style.
fn dataset(folder: &Path, name: &str, styles: &[[u8; 4]]) -> Dataset {
    let data = folder.join(format!("midi-{name}"));
    for (s, walk) in styles.iter().enumerate() {
        fs::create_dir_all(data.join(format!("style {s}"))).unwrap();
        for k in 0..12u8 {
            let note = |i: u8| Note {
                onset_ticks: i64::from(i) * 24,
                duration_ticks: 24,
                pitch: Pitch::new(50 + k + walk[usize::from(i) % 4]).unwrap(),
                velocity: Velocity::new(80).unwrap(),
            };
            let notes: Vec<Note> = (0..60 + k).map(note).collect();
            let file = write(&Score::new(100.0, WALTZ).with_part(Part::new("tune", notes))).unwrap();
            fs::write(data.join(format!("style {s}/{k}.mid")), file).unwrap();
        }
    }
    prepare(&PrepareOptions { data, out: folder.join(name), ..PrepareOptions::default() }).unwrap();
    Dataset::open(&folder.join(name), &SamplingPolicy::default()).unwrap()
}

const KNOWN: [[u8; 4]; 5] = [[0, 4, 7, 4], [0, 2, 4, 2], [0, 7, 12, 7], [0, 5, 9, 5], [0, 3, 7, 3]];
const UNKNOWN: [u8; 4] = [0, 9, 4, 9];

fn network() -> Network {
    Network::new(ModelConfig::TINY, 1, &Device::Cpu).unwrap()
}

fn train(network: &Network, batches: &[Batch]) {
    let (mut likelihood, mut optimiser) = (Likelihood::default(), AdamW::new(network).unwrap());
    for batch in batches {
        likelihood.step(&mut optimiser, network, batch, None, RATE).unwrap();
    }
}

/// Steps on a task, of which `share` is gone.
fn learn(network: &Network, share: f64, batches: &[Batch]) -> anyhow::Result<()> {
    let (mut likelihood, mut task) = (Likelihood::default(), Task::begin(network)?);
    for batch in batches {
        task.step(network, &likelihood.gradients(network, batch, None)?.gradients, RATE)?;
    }
    task.end(network, share)
}

fn values(network: &Network) -> Vec<f32> {
    network.parameters().values().flat_map(|v| v.flatten_all().unwrap().to_vec1::<f32>().unwrap()).collect()
}

/// Bits per note of what is held out.
fn bits(network: &Network, dataset: &Dataset) -> f64 {
    let (mut nats, mut n) = (0.0, 0.0);
    for batch in dataset.valid_batches(Split::Valid, 4, 32) {
        nats += Likelihood::default().nats(network, &batch).unwrap().iter().sum::<f64>();
        n += batch.n_events();
    }
    nats / n / std::f64::consts::LN_2
}

/// Bits per note of an unknown style after four plain steps on it.
fn bits_adapted(network: &Network, unknown: &Dataset) -> f64 {
    train(network, &unknown.task(7, 0, 4, 2, 24));
    bits(network, unknown)
}

#[test]
fn a_share_of_one_is_plain_training_and_less_is_less_far() {
    let folder = tempfile::tempdir().unwrap();
    let batches = dataset(folder.path(), "known", &KNOWN).task(1, 3, 3, 2, 32);
    let start = values(&network());
    let plain = network();
    train(&plain, &batches);
    let plain = values(&plain);
    assert_ne!(plain, start);
    for share in [0.0f32, 0.25, 1.0] {
        let network = network();
        learn(&network, share.into(), &batches).unwrap();
        for ((now, start), plain) in values(&network).iter().zip(&start).zip(&plain) {
            assert!((now - (start + share * (plain - start))).abs() < 1e-6);
        }
    }
    assert!(learn(&network(), 1.5, &[]).is_err());
}

#[test]
fn a_task_is_of_one_style() {
    let folder = tempfile::tempdir().unwrap();
    let known = dataset(folder.path(), "known", &KNOWN);
    let mut seen = std::collections::BTreeSet::new();
    for task in 0..40 {
        let styles = known.task(1, task, 3, 4, 32).into_iter().flat_map(|batch| batch.conditions[0].clone());
        // 0 is a style left open, or padding.
        let told: std::collections::BTreeSet<u32> = styles.filter(|&style| style > 0).collect();
        assert!(told.len() <= 1, "{told:?}");
        seen.extend(told);
    }
    assert_eq!(seen.len(), KNOWN.len());
}

#[test]
fn a_pass_over_known_styles_helps_with_an_unknown_one() {
    let folder = tempfile::tempdir().unwrap();
    let known = dataset(folder.path(), "known", &KNOWN);
    let unknown = dataset(folder.path(), "unknown", &[UNKNOWN]);
    let (without, with) = (network(), network());
    for task in 0..16u32 {
        let batches = known.task(1, task.into(), 3, 2, 24);
        learn(&with, 1.0 - f64::from(task) / 16.0, &batches).unwrap();
    }
    let (without, with) = (bits_adapted(&without, &unknown), bits_adapted(&with, &unknown));
    assert!(with < without - 0.5, "{with} bits per note with the pass, {without} without");
}
