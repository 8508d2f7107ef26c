//! A student comes nearer to its teacher.

mod common;

use candle_core::Device;
use engine::ModelConfig;
use model::network::Network;
use model::optim::AdamW;
use model::train::Objective;
use model::train::objective::Distillation;

#[test]
fn a_student_comes_nearer_to_its_teacher_even_where_the_notes_say_nothing() {
    let batch = common::random_batch(2, 16, 1);
    let mut teacher = Distillation::new(Network::new(ModelConfig::TINY, 2, &Device::Cpu).unwrap(), 1.0);
    let student = Network::new(ModelConfig::TINY, 3, &Device::Cpu).unwrap();
    let mut optimiser = AdamW::new(&student).unwrap();
    let batches = [batch];
    let before = teacher.distance(&student, &batches).unwrap().divergence_bits;
    for _ in 0..25 {
        let (nats, norm) = teacher.step(&mut optimiser, &student, &batches[0], None, 3e-3).unwrap();
        assert!(norm.is_finite() && nats.iter().all(|nats| nats.is_finite()));
    }
    let after = teacher.distance(&student, &batches).unwrap();
    assert!(before > 0.0 && after.divergence_bits < 0.5 * before, "{before} to {after:?}");
    assert!(after.bits_per_note.is_finite());
}

#[test]
fn without_its_opinion_a_teacher_is_as_good_as_none() {
    let batch = common::random_batch(2, 16, 4);
    let mut silent = Distillation::new(Network::new(ModelConfig::TINY, 5, &Device::Cpu).unwrap(), 0.0);
    let student = Network::new(ModelConfig::TINY, 6, &Device::Cpu).unwrap();
    let (nats, norm) = silent.step(&mut AdamW::new(&student).unwrap(), &student, &batch, None, 0.0).unwrap();
    let twin = Network::new(ModelConfig::TINY, 6, &Device::Cpu).unwrap();
    let (expected, levels) = twin.nats_and_levels(&batch, None).unwrap();
    for (nats, expected) in nats.iter().zip(&expected) {
        let expected = f64::from(expected.sum_all().unwrap().to_scalar::<f32>().unwrap());
        assert!((nats - expected).abs() < 1e-3 * expected, "{nats} instead of {expected}");
    }
    let n_events: f64 = batch.mask[1].iter().map(|&m| f64::from(m)).sum();
    let all = (candle_core::Tensor::cat(&expected, 0).unwrap().sum_all().unwrap() + levels).unwrap();
    let loss = (all / n_events).unwrap();
    let expected = AdamW::new(&twin).unwrap().step(&twin, &loss.backward().unwrap(), 0.0).unwrap();
    assert!((norm - expected).abs() < 1e-3 * expected, "{norm} instead of {expected}");
}
