//! The network against a slow and plain one in f64, written from the same description: whole sequences at once, no cache.

use std::collections::HashMap;
use std::sync::Arc;

use engine::config::TensorShape;
use engine::tokens::{Encoder, TokenEvent};
use engine::{
    Conditions, Event, Metre, ModelConfig, Note, Position, Precision, Session, Weights, WeightsError, conditions,
    weights,
};
use oorandom::Rand32;

use crate::common::{music, session};

const METRE: Metre = Metre::Bars { bar_line_ticks: 96, bar_ticks: 144 };
const WISH: Conditions = Conditions::from_values([3, 2, 5, 1, 4, 6, 2, 1, 50]);
/// Two key heads, each for two query heads.
const GROUPED: ModelConfig = ModelConfig { n_heads: 4, n_kv_heads: 2, ..ModelConfig::TINY };

struct Plain {
    config: ModelConfig,
    tensors: HashMap<String, (TensorShape, Vec<f32>)>,
}

impl Plain {
    fn row(&self, name: &str, row: u8) -> Vec<f64> {
        let (shape, values) = &self.tensors[name];
        let start = usize::from(row) * shape.columns;
        values[start..start + shape.columns].iter().map(|&v| f64::from(v)).collect()
    }

    fn linear(&self, name: &str, x: &[f64]) -> Vec<f64> {
        let rows = self.tensors[name].1.chunks_exact(x.len());
        rows.map(|row| row.iter().zip(x).map(|(&w, x)| f64::from(w) * x).sum()).collect()
    }

    fn norm(&self, name: &str, x: &[f64]) -> Vec<f64> {
        let n = x.len() as f64;
        let mean = x.iter().sum::<f64>() / n;
        let deviation = (x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n + 1e-5).sqrt();
        let (gain, bias) = (self.row(&format!("{name}.gain"), 0), self.row(&format!("{name}.bias"), 0));
        x.iter().zip(gain).zip(bias).map(|((v, g), b)| (v - mean) / deviation * g + b).collect()
    }

    fn rotated(&self, head: &[f64], position: usize) -> Vec<f64> {
        let half = head.len() / 2;
        let mut out = head.to_vec();
        for i in 0..half {
            let angle = position as f64 / 10_000f64.powf(2.0 * i as f64 / head.len() as f64);
            out[i] = head[i] * angle.cos() - head[i + half] * angle.sin();
            out[i + half] = head[i] * angle.sin() + head[i + half] * angle.cos();
        }
        out
    }

    /// The final state of each step.
    fn states(&self, events: &[(TokenEvent, Position)]) -> Vec<Vec<f64>> {
        let embed = |&(event, position): &(TokenEvent, Position)| {
            let names = ["shift", "pitch", "duration", "velocity"];
            let parts = names.iter().zip(event.values());
            let mut x: Vec<f64> = parts.flat_map(|(name, v)| self.row(&format!("embed.{name}"), v)).collect();
            let places = [("beat_phase", position.beat_phase), ("bar_beat", position.bar_beat)];
            let wishes = conditions::TABLES.map(|(name, _)| name).into_iter().zip(WISH.values());
            for (name, value) in places.into_iter().chain(wishes) {
                add(&mut x, &self.row(&format!("embed.{name}"), value));
            }
            x
        };
        let mut states: Vec<Vec<f64>> = events.iter().map(embed).collect();
        for b in 0..self.config.n_blocks {
            let name = |part: &str| format!("blocks.{b}.{part}");
            let qkv: Vec<_> = states.iter().map(|x| self.linear(&name("qkv"), &self.norm(&name("norm1"), x))).collect();
            for (t, x) in states.iter_mut().enumerate() {
                add(x, &self.linear(&name("out"), &self.attended(&qkv, t)));
                let mut wide = self.linear(&name("up"), &self.norm(&name("norm2"), x));
                wide.iter_mut().for_each(gelu);
                add(x, &self.linear(&name("down"), &wide));
            }
        }
        states.iter().map(|x| self.norm("norm", x)).collect()
    }

    fn attended(&self, qkv: &[Vec<f64>], t: usize) -> Vec<f64> {
        let ModelConfig { d_model, n_heads, n_kv_heads, .. } = self.config;
        let (width, d_kv) = (self.config.d_head(), self.config.d_kv());
        let head = |t: usize, start: usize, i: usize| &qkv[t][start + i * width..start + (i + 1) * width];
        let mut all = Vec::new();
        for i in 0..n_heads {
            let kv = i / (n_heads / n_kv_heads);
            let query = self.rotated(head(t, 0, i), t);
            let score = |s: usize| {
                let key = self.rotated(head(s, d_model, kv), s);
                (query.iter().zip(key).map(|(q, k)| q * k).sum::<f64>() / (width as f64).sqrt()).exp()
            };
            let scores: Vec<f64> = (0..=t).map(score).collect();
            let mut out = vec![0.0; width];
            for (s, score) in scores.iter().enumerate() {
                let weight = score / scores.iter().sum::<f64>();
                out.iter_mut().zip(head(s, d_model + d_kv, kv)).for_each(|(o, v)| *o += weight * v);
            }
            all.extend(out);
        }
        all
    }

    /// Nats of the four attributes of an event.
    fn nats(&self, state: &[f64], event: TokenEvent, position: Position) -> [f64; 4] {
        let names = ["shift", "pitch", "duration", "velocity"];
        std::array::from_fn(|a| {
            let name = |part: &str| format!("heads.{}.{part}", names[a]);
            let mut z = self.linear(&name("hidden"), state);
            for (earlier, value) in names[..a].iter().zip(event.values()) {
                add(&mut z, &self.row(&name(&format!("from_{earlier}")), value));
            }
            if a > 0 {
                add(&mut z, &self.row(&name("from_beat_phase"), position.beat_phase));
                add(&mut z, &self.row(&name("from_bar_beat"), position.bar_beat));
            }
            z.iter_mut().for_each(gelu);
            let mut logits = self.linear(&name("logits"), &z);
            add(&mut logits, &self.row(&name("bias"), 0));
            logits.iter().map(|l| l.exp()).sum::<f64>().ln() - logits[usize::from(event.values()[a])]
        })
    }
}

fn add(x: &mut [f64], y: &[f64]) {
    x.iter_mut().zip(y).for_each(|(x, y)| *x += y);
}

fn gelu(x: &mut f64) {
    *x *= 0.5 * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (*x + 0.044_715 * x.powi(3))).tanh());
}

#[test]
fn floats_follow_the_description_and_bytes_are_near() {
    let mut header = session(Precision::F32).weights().header().clone();
    header.config = GROUPED;
    let (mut random, mut tensors) = (Rand32::new(21), HashMap::new());
    let mut tensor = |shape: &TensorShape| {
        let spread = if shape.rows == 1 { 0.5 } else { 2.0 / (shape.columns as f32).sqrt() };
        let middle = if shape.name.ends_with("gain") { 1.0 } else { 0.0 };
        let n = shape.rows * shape.columns;
        let values: Vec<f32> = (0..n).map(|_| middle + spread * (2.0 * random.rand_float() - 1.0)).collect();
        tensors.insert(shape.name.clone(), (shape.clone(), values.clone()));
        Ok::<_, WeightsError>(values)
    };
    let floats = weights::write(&header, &mut tensor).unwrap();
    header.precision = Precision::Q8;
    let plain = Plain { config: GROUPED, tensors };
    let mut again = |shape: &TensorShape| Ok::<_, WeightsError>(plain.tensors[&shape.name].1.clone());
    let bytes = weights::write(&header, &mut again).unwrap();

    let notes = music(50, 8);
    let mut encoder = Encoder::new();
    let position = |note: &Note| METRE.position(note.onset_ticks);
    let events: Vec<_> = notes.iter().map(|note| (encoder.encode(note), position(note))).collect();
    let fed: Vec<_> = std::iter::once((TokenEvent::BEGIN, position(&notes[0]))).chain(events.iter().copied()).collect();
    let states = plain.states(&fed);

    for (file, tolerance) in [(floats, 1e-5), (bytes, 0.15)] {
        let mut session = Session::new(Arc::new(Weights::parse(&file).unwrap()));
        session.set_metre(METRE);
        let mut apart = 0.0f64;
        for ((note, (event, position)), state) in notes.iter().zip(&events).zip(&states) {
            let mut want = plain.nats(state, *event, *position);
            let got = session.score(Event::Note(*note), WISH);
            if session.n_notes() == 1 {
                want[0] = 0.0;
            }
            for (want, got) in want.iter().zip(got) {
                apart = apart.max((want - f64::from(got)).abs());
            }
        }
        assert!(apart > 0.0 && apart < tolerance, "{apart} nats apart");
        println!("{apart} nats apart at most, {tolerance} allowed");
    }
}
