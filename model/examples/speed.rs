//! scratch
#[path = "../tests/common/mod.rs"]
mod common;
use candle_core::{Device, Tensor};
use engine::ModelConfig;
use std::time::Instant;
fn main() {
    let network = model::network::Network::new(ModelConfig::NANO, 1, &Device::Cpu).unwrap();
    let mut opt = model::optimiser::AdamW::new(&network).unwrap();
    let (rows, steps) = (8, 512);
    let batch = common::random_batch(rows, steps, 2);
    for i in 0..8 {
        let t = Instant::now();
        let nats = network.nats(&batch, Some(i)).unwrap();
        let loss = (Tensor::cat(&nats, 0).unwrap().sum_all().unwrap() / 4096.0).unwrap();
        let f = t.elapsed();
        let g = loss.backward().unwrap();
        let b = t.elapsed();
        opt.step(&network, &g, 1e-3).unwrap();
        let s = t.elapsed();
        println!("fwd {:?} bwd {:?} opt {:?}  {:.0} notes/s loss {}", f, b - f, s - b, 4096.0 / s.as_secs_f64(), loss.to_scalar::<f32>().unwrap());
    }
}
