//! The trainer's critic beside the engine's, and its gradients beside differences.

use std::sync::Arc;

use candle_core::Tensor;
use engine::critic::{Critic, CriticConfig, random_file};
use engine::{Metre, Note, Pitch, Velocity};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::learn::{LearnConfig, Loss, Separation, file, learn, scores};
use super::measure::{hear, separation};
use super::network::{CriticNetwork, largest_singular_value, mean_softplus};
use super::trials::Trial;
use super::views::{Change, TrialBatch, View};

const STYLES: [&str; 2] = ["Any style", "Folk"];

fn styles() -> Vec<String> {
    STYLES.map(str::to_owned).to_vec()
}

/// Random notes that begin within some beats; the composer's on the beat in one octave, ours anywhere.
fn notes(random: &mut ChaCha8Rng, from: i64, n: usize, is_real: bool) -> Vec<Note> {
    let mut note = || Note {
        onset_ticks: from + if is_real { 48 * random.random_range(0..6) } else { random.random_range(0..300) },
        duration_ticks: random.random_range(3..90),
        pitch: Pitch::nearest(if is_real { random.random_range(60..72) } else { random.random_range(36..96) }),
        velocity: Velocity::nearest(random.random_range(20..120)),
    };
    let mut notes: Vec<Note> = (0..n).map(|_| note()).collect();
    notes.sort_by_key(Note::order);
    notes
}

/// Whose answers are up to so many groups of four beats long.
fn trials(n: usize, n_ours: usize, most_groups: i64, seed: u64) -> Vec<Trial> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let trial = |i: usize| {
        let (start_ticks, n_groups) = (random.random_range(400..600), random.random_range(1..=most_groups));
        Trial {
            piece: format!("{seed}-{i}"),
            style: STYLES[i % 2].to_owned(),
            is_flat: i.is_multiple_of(3),
            is_played: false,
            call: notes(&mut random, 0, 12, false),
            metre: if i.is_multiple_of(4) { Metre::Free } else { Metre::Bars { bar_line_ticks: 5, bar_ticks: 144 } },
            start_ticks,
            end_ticks: start_ticks + n_groups * 192,
            real: notes(&mut random, start_ticks, 12, true),
            ours: (0..n_ours).map(|_| notes(&mut random, start_ticks, 12, false)).collect(),
        }
    };
    (0..n).map(trial).collect()
}

#[test]
fn the_engine_computes_what_the_trainer_does() {
    for config in [CriticConfig::TINY, CriticConfig::SHIPPED] {
        let critic = Arc::new(Critic::parse(&random_file(config, 5).unwrap()).unwrap());
        let network = CriticNetwork::new(config, STYLES.len(), View::Tonic.n_channels(), 1).unwrap();
        for (shape, values) in critic.tensors() {
            network.set(&shape, values).unwrap();
        }
        let trials = trials(12, 3, 9, 1);
        let ours = scores(&network, &styles(), &trials, View::Tonic).unwrap();
        for (said, (real, ours)) in hear(&critic, &trials).iter().zip(&ours) {
            assert!((said.real.logit - real).abs() < 1e-4, "{} {real}", said.real.logit);
            for (said, ours) in said.ours.iter().zip(ours) {
                assert!((said.logit - ours).abs() < 1e-4, "{} {ours}", said.logit);
            }
        }
        assert!(ours.iter().any(|(real, _)| (real - ours[0].0).abs() > 1e-3), "they differ");
    }
}

/// Each layer's gradient is what a small change makes of the loss: none is silently lost.
#[test]
fn every_layer_has_the_gradient_of_its_differences() {
    const STEP: f32 = 5e-4;
    for view in [View::Tonic, View::Mel] {
        let network = CriticNetwork::new(CriticConfig::TINY, STYLES.len(), view.n_channels(), 4).unwrap();
        // Away from 0, where what is empty would lie in the bend of a rectifier.
        for shape in network.shapes().iter().filter(|shape| shape.name.ends_with(".bias")) {
            let values = (0..shape.columns).map(|i| if i % 2 == 0 { 0.05 } else { -0.05 });
            network.set(shape, values.collect()).unwrap();
        }
        let trials = trials(4, 1, 2, 2);
        let items: Vec<(&Trial, &[usize], Change)> =
            trials.iter().map(|trial| (trial, &[0usize][..], Change::default())).collect();
        let batch = TrialBatch::new(&items, &styles(), view);
        // A smooth function of the scores of one sign, so that no sum cancels out.
        let value = || -> Tensor {
            let logits = network.logits(&batch.calls, &batch.answers, &batch.styles).unwrap();
            mean_softplus(&logits).unwrap()
        };
        let gradients = value().backward().unwrap();
        for shape in network.shapes() {
            let gradient: Vec<f32> =
                gradients.get(&network.parameters()[&shape.name]).unwrap().flatten_all().unwrap().to_vec1().unwrap();
            let values = network.values(&shape.name).unwrap();
            // Where it is steepest, since rectifiers bend elsewhere.
            let at = (0..gradient.len()).max_by(|&a, &b| gradient[a].abs().total_cmp(&gradient[b].abs())).unwrap();
            let moved = |by: f32| {
                let mut values = values.clone();
                values[at] += by;
                network.set(shape, values).unwrap();
                value().to_scalar::<f32>().unwrap()
            };
            let difference = (moved(STEP) - moved(-STEP)) / (2.0 * STEP);
            network.set(shape, values.clone()).unwrap();
            let error = (difference - gradient[at]).abs();
            assert!(gradient[at].abs() > 1e-4, "{view:?} {}: no gradient", shape.name);
            // Of groups that are equally high, as empty ones are, candle counts each where one is pooled.
            assert!(error < 0.1 * gradient[at].abs() + 1e-4, "{view:?} {}: {difference} {}", shape.name, gradient[at]);
        }
    }
}

#[test]
fn every_loss_learns_to_tell_what_is_plain_from_noise() {
    for (loss, view) in [
        (Loss::Bce, View::Tonic),
        (Loss::Pairwise, View::Tonic),
        (Loss::Both, View::Pitch),
        (Loss::Wasserstein, View::Tonic),
        (Loss::Pairwise, View::Mel),
    ] {
        let (train, valid) = (trials(40, 2, 1, 3), trials(20, 2, 1, 4));
        let critic = CriticConfig { widths: [4, 4, 8, 8], hidden: 8 };
        let config = LearnConfig { loss, view, critic, passes: 6, batch_size: 8, learning_rate: 1e-2, seed: 1 };
        let learnt = learn(&train, &valid, &config, |_| {}).unwrap();
        let best = learnt.passes.iter().map(|pass| pass.valid.paired).fold(0.0, f64::max);
        assert!(best > 0.75, "{loss:?} {view:?}: {:?}", learnt.passes);
        let kept = Separation::of(&scores(&learnt.network, &learnt.styles, &valid, view).unwrap());
        assert_eq!(kept.paired, best, "the weights of the best pass");
        if loss == Loss::Wasserstein {
            for shape in learnt.network.shapes().iter().filter(|shape| shape.name.ends_with(".weight")) {
                let values = learnt.network.values(&shape.name).unwrap();
                let mut direction = Vec::new();
                let found = (0..20).map(|_| largest_singular_value(&values, shape.columns, &mut direction));
                let largest = found.last().unwrap();
                assert!(largest < 1.1, "{}: {largest}", shape.name);
            }
        }
        if view == View::Tonic {
            let critic = Arc::new(Critic::parse(&file(&learnt, &config, "a test", 0.0).unwrap()).unwrap());
            let rounded = separation(&hear(&critic, &valid), 0.0);
            assert!((rounded.paired - kept.paired).abs() < 0.1, "8 bits: {rounded:?} {kept:?}");
        }
    }
}

#[test]
fn training_and_validation_must_not_share_pieces() {
    let trials = trials(4, 1, 1, 9);
    let error = learn(&trials, &trials[3..], &LearnConfig::default(), |_| {}).unwrap_err();
    assert!(error.to_string().contains("share pieces"), "{error}");
}

#[test]
fn separations_are_counted() {
    let separation = Separation::of(&[(1.0, vec![0.0, 2.0]), (3.0, vec![3.0])]);
    assert!((separation.paired - 0.5).abs() < 1e-9, "{separation:?}");
    assert!((separation.area - 3.5 / 6.0).abs() < 1e-9, "{separation:?}");
    assert!((separation.distance - (2.0 - 5.0 / 3.0)).abs() < 1e-9, "{separation:?}");
}

#[test]
fn singular_values_are_found() {
    let mut direction = Vec::new();
    let values = [3.0, 0.0, 0.0, 0.0, -5.0, 0.0];
    let found = (0..10).map(|_| largest_singular_value(&values, 3, &mut direction)).last().unwrap();
    assert!((found - 5.0).abs() < 1e-3, "{found}");
}

#[test]
fn the_shipped_critic_is_sound_and_tells_answers_apart() {
    let critic = Arc::new(Critic::parse(engine::critic::BUILT_IN).unwrap());
    assert_eq!(critic.header().config, CriticConfig::SHIPPED);
    let mut session = engine::critic::CriticSession::new(critic);
    let note = |i: i64, key: u8| Note {
        onset_ticks: 48 * i,
        duration_ticks: 48,
        pitch: Pitch::nearest(key),
        velocity: Velocity::MEDIUM,
    };
    let keys = [60, 62, 64, 65, 67, 65, 64, 62, 60, 64, 67, 64, 62, 59, 60, 60];
    let call: Vec<Note> = (0..).zip(keys).map(|(i, key)| note(i, key)).collect();
    session.hear(&call, Metre::Bars { bar_line_ticks: 0, bar_ticks: 192 }, "Folk");
    let tune: Vec<Note> = (16..).zip(keys).map(|(i, key)| note(i, key)).collect();
    let noise: Vec<Note> = (16..32).map(|i| note(i, 36 + u8::try_from(i * 37 % 60).unwrap())).collect();
    // Which is higher is not said: it has only ever seen composers' music and ours.
    let scores = [&tune, &noise].map(|answer| session.score(answer, 768, 1536));
    assert!(scores.iter().all(|score| score.is_finite()) && scores[0] != scores[1], "{scores:?}");
}
