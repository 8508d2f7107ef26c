//! Gradients: none is lost, each is right, and following them teaches.
#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "a test of small sizes"
)]

mod common;

use candle_core::{DType, Device, Tensor, Var};
use common::random_batch;
use engine::ModelConfig;
use model::network::Network;
use model::network::cpu::{self, Workspace};
use model::network::ops::{self, AttentionShape, Dropout, Kernels, Table, stock};
use model::optim::AdamW;
use model::train::{Likelihood, Objective};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn random_var(shape: &[usize], seed: u64) -> Var {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let n = shape.iter().product();
    let values: Vec<f32> = (0..n).map(|_| random.random_range(-2.0..2.0)).collect();
    Var::from_vec(values, shape, &Device::Cpu).unwrap()
}

fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

fn assert_close(ours: &Tensor, theirs: &Tensor, what: &str) {
    let (ours, theirs) = (values(ours), values(theirs));
    let largest = theirs.iter().fold(0f32, |max, x| max.max(x.abs()));
    assert!(largest > 0.0, "{what}: all zero");
    for (i, (a, b)) in ours.iter().zip(&theirs).enumerate() {
        assert!((a - b).abs() <= 1e-4 * largest, "{what}: {a} is not {b} at {i}");
    }
}

/// Compares results and the gradients of all inputs, under a random weighting of the output.
fn compare(name: &str, inputs: &[&Var], ours: impl Fn() -> Tensor, theirs: impl Fn() -> Tensor) {
    let (ours, theirs) = (ours(), theirs());
    assert_close(&ours, &theirs, name);
    let weights = random_var(ours.dims(), 99);
    let gradients = |y: &Tensor| (y * weights.as_tensor()).unwrap().sum_all().unwrap().backward().unwrap();
    let (ours, theirs) = (gradients(&ours), gradients(&theirs));
    for (i, input) in inputs.iter().enumerate() {
        assert_close(ours.get(input).unwrap(), theirs.get(input).unwrap(), &format!("{name}, input {i}"));
    }
}

#[test]
fn element_wise_operations_equal_the_stock_ones() {
    let (x, y) = (random_var(&[300, 70], 1), random_var(&[300, 70], 2));
    compare("gelu", &[&x], || ops::gelu(&x).unwrap(), || stock::gelu(&x).unwrap());
    let dropout = Dropout { rate: 0.3, seed: 5 };
    compare(
        "dropout",
        &[&x, &y],
        || ops::add_dropout(&x, &y, Some(dropout)).unwrap(),
        || stock::add_dropout(&x, &y, dropout).unwrap(),
    );
    let w = random_var(&[50, 70], 3);
    compare("linear", &[&x, &w], || ops::linear(&x, &w).unwrap(), || x.matmul(&w.t().unwrap()).unwrap());
}

#[test]
fn layer_norm_equals_the_stock_one() {
    let (x, gain, bias) = (random_var(&[300, 70], 1), random_var(&[70], 2), random_var(&[70], 3));
    compare(
        "layer norm",
        &[&x, &gain, &bias],
        || ops::layer_norm(&x, &gain, &bias).unwrap(),
        || stock::layer_norm(&x, &gain, &bias).unwrap(),
    );
}

#[test]
fn attention_equals_the_stock_one() {
    for (heads, kv_heads, steps) in [(4, 2, 150), (2, 2, 64), (3, 1, 7)] {
        let shape = AttentionShape::new(heads, kv_heads, 32, steps);
        let qkv = random_var(&[2 * steps, shape.d_qkv()], 4);
        compare(
            "attention",
            &[&qkv],
            || ops::attention(&qkv, &shape).unwrap(),
            || stock::attention(&qkv, &shape).unwrap(),
        );
    }
}

#[test]
fn lookups_equal_the_stock_ones() {
    let (base, a, b) = (random_var(&[300, 40], 1), random_var(&[9, 20], 2), random_var(&[5, 20], 3));
    let a_ids: Vec<u32> = (0..300).map(|i| i * i % 9).collect();
    let b_ids: Vec<u32> = (0..300).map(|i| i % 5).collect();
    let tables = [Table { table: &a, ids: &a_ids, column: 0 }, Table { table: &b, ids: &b_ids, column: 20 }];
    compare(
        "lookup",
        &[&base, &a, &b],
        || ops::lookup_add(&base, &tables).unwrap(),
        || stock::lookup_add(&base, &tables).unwrap(),
    );
}

#[test]
fn cross_entropy_equals_the_stock_one() {
    let (logits, bias) = (random_var(&[300, 37], 1), random_var(&[37], 2));
    let targets: Vec<u32> = (0..300).map(|i| i * 7 % 37).collect();
    let mask: Vec<f32> = (0..300).map(|i| if i % 3 == 0 { 0.0 } else { 1.0 }).collect();
    compare(
        "cross entropy",
        &[&logits, &bias],
        || ops::cross_entropy(&logits, &bias, &targets, &mask).unwrap(),
        || stock::cross_entropy(&logits, &bias, &targets, &mask).unwrap(),
    );
}

fn loss(network: &Network, batch: &model::data::batch::Batch, dropout_seed: Option<u32>) -> Tensor {
    let (nats, levels) = network.nats_and_levels(batch, dropout_seed.map(|seed| Dropout { rate: 0.1, seed })).unwrap();
    let all = (Tensor::cat(&nats, 0).unwrap().sum_all().unwrap() + levels).unwrap();
    (all / (batch.batch_size * batch.sequence_length) as f64).unwrap()
}

#[test]
fn every_parameter_receives_a_gradient() {
    let network = Network::new(ModelConfig::TINY, 1, &Device::Cpu).unwrap();
    let batch = random_batch(3, 64, 2);
    let anywhere = network.clone().with_kernels(ANYWHERE);
    for (network, dropout_seed) in [(&network, None), (&network, Some(7)), (&anywhere, None), (&anywhere, Some(7))] {
        let gradients = loss(network, &batch, dropout_seed).backward().unwrap();
        for (name, var) in network.parameters() {
            let gradient = values(gradients.get(var).unwrap_or_else(|| panic!("{name} has no gradient")));
            assert!(gradient.iter().all(|g| g.is_finite()), "{name}");
            assert!(gradient.iter().any(|g| *g != 0.0), "{name} has a gradient of zero");
        }
    }
}

const ANYWHERE: Kernels = Kernels::Anywhere(DType::F32);

#[test]
fn a_gpus_operations_equal_the_cpus() {
    let (x, y, w) = (random_var(&[300, 70], 1), random_var(&[300, 70], 2), random_var(&[50, 70], 3));
    compare("gelu", &[&x], || ANYWHERE.gelu(&x).unwrap(), || ops::gelu(&x).unwrap());
    compare("linear", &[&x, &w], || ANYWHERE.linear(&x, &w).unwrap(), || ops::linear(&x, &w).unwrap());
    compare(
        "sum",
        &[&x, &y],
        || ANYWHERE.add_dropout(&x, &y, None).unwrap(),
        || ops::add_dropout(&x, &y, None).unwrap(),
    );
    let (gain, bias) = (random_var(&[70], 4), random_var(&[70], 5));
    compare(
        "layer norm",
        &[&x, &gain, &bias],
        || ANYWHERE.layer_norm(&x, &gain, &bias).unwrap(),
        || ops::layer_norm(&x, &gain, &bias).unwrap(),
    );
    let (a, b) = (random_var(&[9, 20], 6), random_var(&[5, 20], 7));
    let (a_ids, b_ids): (Vec<u32>, Vec<u32>) = (0..300).map(|i| (i * i % 9, i % 5)).unzip();
    let tables = [Table { table: &a, ids: &a_ids, column: 0 }, Table { table: &b, ids: &b_ids, column: 20 }];
    compare(
        "lookup",
        &[&x, &a, &b],
        || ANYWHERE.lookup_add(&x, &tables).unwrap(),
        || ops::lookup_add(&x, &tables).unwrap(),
    );
    let targets: Vec<u32> = (0..300).map(|i| i * 7 % 70).collect();
    let mask: Vec<f32> = (0..300).map(|i| if i % 3 == 0 { 0.0 } else { 1.0 }).collect();
    compare(
        "cross entropy",
        &[&x, &bias],
        || ANYWHERE.cross_entropy(&x, &bias, &targets, &mask).unwrap(),
        || ops::cross_entropy(&x, &bias, &targets, &mask).unwrap(),
    );
    // The longest has more than one block of queries.
    for (heads, kv_heads, steps) in [(4, 2, 150), (3, 1, 7), (2, 1, 300)] {
        let shape = AttentionShape::new(heads, kv_heads, 32, steps);
        let qkv = random_var(&[2 * steps, shape.d_qkv()], 8);
        compare(
            "attention",
            &[&qkv],
            || ANYWHERE.attention(&qkv, &shape).unwrap(),
            || ops::attention(&qkv, &shape).unwrap(),
        );
    }
}

#[test]
fn a_gpus_dropout_drops_its_share_and_the_same_backwards() {
    let (x, y) =
        (random_var(&[512, 96], 1), Var::from_tensor(&random_var(&[512, 96], 2).ones_like().unwrap()).unwrap());
    let run = |seed| {
        let out = ANYWHERE.add_dropout(&x, &y, Some(Dropout { rate: 0.1, seed })).unwrap();
        let gradients = out.sum_all().unwrap().backward().unwrap();
        assert!(values(gradients.get(&x).unwrap()).iter().all(|g| *g == 1.0));
        let kept = values(&(out - x.as_tensor()).unwrap());
        let gradient = values(gradients.get(&y).unwrap());
        assert!(kept.iter().zip(&gradient).all(|(a, b)| (a - b).abs() < 1e-5));
        gradient
    };
    let factors = run(1);
    assert!(factors.iter().all(|&f| f == 0.0 || (f - 1.0 / 0.9).abs() < 1e-6));
    let dropped = |factors: &[f32]| factors.iter().filter(|f| **f == 0.0).count() as f64 / factors.len() as f64;
    assert!((dropped(&factors) - 0.1).abs() < 0.01, "{}", dropped(&factors));
    // No row or column is dropped more than chance would: 96 and 512 elements at 10 %, five deviations.
    assert!(factors.chunks(96).all(|row| dropped(row) < 0.26));
    assert!(
        (0..96).all(|c| (dropped(&factors.iter().skip(c).step_by(96).copied().collect::<Vec<_>>()) - 0.1).abs() < 0.07)
    );
    assert_eq!(factors, run(1), "the same seed drops the same");
    let both = factors.iter().zip(run(2)).filter(|(a, b)| **a == 0.0 && *b == 0.0).count() as f64;
    assert!((both / factors.len() as f64 - 0.01).abs() < 0.004, "another seed drops others");
}

#[test]
fn a_gpus_network_equals_the_cpus() {
    let network = Network::new(ModelConfig::TINY, 1, &Device::Cpu).unwrap();
    let batch = random_batch(3, 64, 2);
    let run = |network: &Network| {
        let loss = loss(network, &batch, None);
        (f64::from(loss.to_scalar::<f32>().unwrap()), loss.backward().unwrap())
    };
    let (nats, gradients) = run(&network);
    let (same_nats, same) = run(&network.clone().with_kernels(ANYWHERE));
    assert!((nats / same_nats - 1.0).abs() < 1e-5, "{nats} {same_nats}");
    // bf16 has three digits.
    let (rough_nats, rough) = run(&network.clone().with_kernels(Kernels::Anywhere(DType::BF16)));
    assert!((nats / rough_nats - 1.0).abs() < 1e-2, "{nats} {rough_nats}");
    for (name, var) in network.parameters() {
        let gradient = gradients.get(var).unwrap();
        assert_close(same.get(var).unwrap(), gradient, name);
        let size = |x: &Tensor| values(x).iter().map(|v| v * v).sum::<f32>().sqrt();
        let rough = rough.get(var).unwrap();
        assert_eq!(rough.dtype(), DType::F32);
        let error = size(&(rough - gradient).unwrap()) / size(gradient);
        assert!(error < 0.1, "{name} is {error} off in bf16");
    }
}

#[test]
fn passes_without_a_tape_equal_those_with_one() {
    let network = Network::new(ModelConfig::TINY, 1, &Device::Cpu).unwrap();
    // Enough events for three parts, the last one smaller.
    let (batch, workspace) = (random_batch(20, 60, 2), Workspace::default());
    for dropout in [None, Some(Dropout { rate: 0.1, seed: 7 })] {
        let (nats, levels) = network.nats_and_levels(&batch, dropout).unwrap();
        let all = (Tensor::cat(&nats, 0).unwrap().sum_all().unwrap() + levels).unwrap();
        let tape = (all * 1e-3).unwrap().backward().unwrap();
        let (sums, gradients) = cpu::gradients(&network, &batch, dropout, 1e-3, &workspace).unwrap();
        for (sum, nats) in sums.iter().zip(&nats) {
            let expected = f64::from(nats.sum_all().unwrap().to_scalar::<f32>().unwrap());
            assert!((sum / expected - 1.0).abs() < 1e-5, "{sum} nats, not {expected}");
        }
        assert_eq!(gradients.len(), network.parameters().len());
        for (name, var) in network.parameters() {
            let (ours, theirs) = (values(&gradients[name]), values(tape.get(var).unwrap()));
            let largest = theirs.iter().fold(0f32, |max, x| max.max(x.abs()));
            assert!(largest > 0.0, "{name}: all zero");
            for (a, b) in ours.iter().zip(&theirs) {
                assert!((a - b).abs() <= 1e-5 * largest, "{name}: {a} is not {b}, with numbers up to {largest}");
            }
        }
    }
    let without_dropout = cpu::nats(&network, &batch, &workspace).unwrap();
    assert_eq!(without_dropout, cpu::gradients(&network, &batch, None, 1.0, &workspace).unwrap().0);
}

#[test]
fn passes_refuse_a_batch_that_does_not_fit() {
    let network = Network::new(ModelConfig::TINY, 1, &Device::Cpu).unwrap();
    let workspace = Workspace::default();
    let whole = random_batch(2, 16, 3);
    let mut out_of_range = whole.clone();
    out_of_range.event[1][5] = 1000;
    let mut short = whole.clone();
    short.mask[2].pop();
    let long = random_batch(1, ModelConfig::TINY.n_context + 1, 3);
    for batch in [out_of_range, short, long, model::data::batch::Batch::default()] {
        assert!(cpu::gradients(&network, &batch, None, 1.0, &workspace).is_err());
    }
}

#[test]
fn gradients_predict_small_changes_of_the_loss() {
    let network = Network::new(ModelConfig::TINY, 3, &Device::Cpu).unwrap();
    let batch = random_batch(2, 32, 4);
    // Ten times the usual first weights, so that no gradient drowns in rounding.
    for var in network.parameters().values().filter(|var| var.dims().len() > 1) {
        var.set(&(var.as_tensor() * 10.0).unwrap()).unwrap();
    }
    let gradients = loss(&network, &batch, None).backward().unwrap();
    let loss = || f64::from(loss(&network, &batch, None).to_scalar::<f32>().unwrap());
    for (name, var) in network.parameters() {
        let start = var.as_tensor().copy().unwrap();
        let gradient = gradients.get(var).unwrap();
        let square = f64::from(gradient.sqr().unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap());
        // As far along the gradient as changes the loss by 0.02, or the parameter by 0.05.
        let step = (0.01 / square).min(0.05 / square.sqrt());
        let at = |step: f64| {
            var.set(&(&start + (gradient * step).unwrap()).unwrap()).unwrap();
            loss()
        };
        let slope = (at(step) - at(-step)) / (2.0 * step);
        var.set(&start).unwrap();
        assert!((slope / square - 1.0).abs() < 0.05, "{name}: the loss rises by {slope}, not {square}");
    }
}

#[test]
fn loss_falls_on_a_toy_batch() {
    let network = Network::new(ModelConfig::TINY, 5, &Device::Cpu).unwrap();
    let mut optimiser = AdamW::new(&network).unwrap();
    let mut likelihood = Likelihood::default();
    let batch = random_batch(2, 16, 6);
    let before = loss(&network, &batch, None).to_scalar::<f32>().unwrap();
    for step in 0..60 {
        let dropout = Some(Dropout { rate: 0.1, seed: step });
        likelihood.step(&mut optimiser, &network, &batch, dropout, 3e-3).unwrap();
    }
    let after = loss(&network, &batch, None).to_scalar::<f32>().unwrap();
    assert!(after < 0.5 * before, "{before} nats became {after}");
}
