//! How much an answer looks like what a composer would have gone on with: a small convolutional network that reads the piano rolls of
//! call and answer, and the rules of counterpoint beside it. It chooses among candidate answers, and it is trained by
//! `model critic` to tell real continuations from Antiphon's (Goodfellow et al. 2014's discriminator, without an adversary).
//!
//! Scores are made of sums and products in one order, so that each machine chooses alike.
//!
//! Reading order: [`config`] has the sizes, [`roll`] is what is read, `layers` how, [`session`] gives a score, and `error` says why a file is
//! refused.
//!
//! ```
//! use std::sync::Arc;
//!
//! use engine::critic::{Critic, CriticConfig, CriticSession};
//! use engine::{Metre, Note, Pitch, Velocity};
//!
//! let critic = Arc::new(Critic::parse(&engine::critic::random_file(CriticConfig::TINY, 1)?)?);
//! let note = |(onset_ticks, key)| Note {
//!     onset_ticks,
//!     duration_ticks: 48,
//!     pitch: Pitch::nearest(key),
//!     velocity: Velocity::MEDIUM,
//! };
//! let call = [(0, 62), (48, 65), (96, 69), (144, 74)].map(note);
//! let mut session = CriticSession::new(critic);
//! session.hear(&call, Metre::Bars { bar_line_ticks: 0, bar_ticks: 192 }, "Folk");
//! // The same notes after the hand-over, and one note alone.
//! let echo = call.map(|call| Note { onset_ticks: call.onset_ticks + 192, ..call });
//! let scores = [&echo[..], &echo[..1]].map(|answer| session.score(answer, 192, 384));
//! assert!(scores[0] != scores[1]);
//! # Ok::<(), engine::critic::CriticError>(())
//! ```

pub mod config;
mod error;
mod layers;
pub mod roll;
pub mod session;

use serde::{Deserialize, Serialize};

use crate::files::container;
use crate::network::config::TensorShape;
use crate::network::error::{Precision, WeightsError};
use crate::network::quant::{self, Layer, Reader};
pub use config::CriticConfig;
pub use error::CriticError;
use layers::Layers;
pub use session::CriticSession;

/// The critic that comes with the engine, trained on answers of the plugin's own network: `model/weights/README.md`.
pub static BUILT_IN: &[u8] = include_bytes!("../../weights/nano.critic");
const MAGIC: &[u8; 8] = b"ANTICRIT";
/// More styles than this are not believed.
const MOST_STYLES: usize = 256;
/// Nor is a weight of the rules beyond this.
const MOST_RULE_WEIGHT: f32 = 1000.0;

/// A critic that is ready to score. It never changes: sessions share it in an `Arc`.
#[derive(Debug)]
pub struct Critic {
    header: CriticHeader,
    layers: Layers,
}

/// What a critic's file says about itself, in JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CriticHeader {
    /// Sizes of the network.
    pub config: CriticConfig,
    /// Names of the styles that it knows; the first means "any".
    pub styles: Vec<String>,
    /// What a nat a note by the rules of counterpoint ([`StyleRates::score`](music::counterpoint::StyleRates::score)) counts beside
    /// a nat of the network.
    pub rule_weight: f32,
    /// Licence of the weights.
    pub licence: String,
    /// How they came about, in free text.
    pub training: String,
}

impl CriticHeader {
    fn check(&self) -> Result<(), WeightsError> {
        self.config.check().map_err(WeightsError::Header)?;
        if !(1..=MOST_STYLES).contains(&self.styles.len()) {
            return Err(WeightsError::Header(format!("it lists {} styles, not 1 to {MOST_STYLES}", self.styles.len())));
        }
        if !(0.0..=MOST_RULE_WEIGHT).contains(&self.rule_weight) {
            return Err(WeightsError::Header(format!("the rules weigh {}", self.rule_weight)));
        }
        Ok(())
    }

    fn shapes(&self) -> Vec<TensorShape> {
        self.config.tensors(self.styles.len())
    }
}

impl Critic {
    /// Reads a critic's file. Nothing is allocated by a number from the file before the file's length has been checked
    /// against it.
    ///
    /// # Errors
    /// Refuses anything damaged.
    pub fn parse(bytes: &[u8]) -> Result<Self, CriticError> {
        let (json, end) = container::header(bytes, MAGIC)?;
        let header: CriticHeader = serde_json::from_slice(json).map_err(|e| WeightsError::Header(e.to_string()))?;
        header.check()?;
        let shapes = header.shapes();
        let data_end = shapes.iter().fold(quant::aligned(end as u64), |at, shape| {
            quant::aligned(at) + quant::stored_bytes(shape, Precision::Q8)
        });
        let (body, _) = container::body(bytes, data_end)?;
        let mut reader = Reader::new(body, end, Precision::Q8, shapes.clone());
        let mut values = Vec::with_capacity(shapes.len());
        for shape in &shapes {
            values.push(match shape.kind {
                config::VECTOR => reader.vector()?,
                _ => Layer::Table(&reader.table()?).values(shape, &[]),
            });
        }
        let layers = Layers::new(&header.config, values);
        Ok(Self { header, layers })
    }

    /// What the file says about itself.
    #[must_use]
    pub fn header(&self) -> &CriticHeader {
        &self.header
    }

    /// All tensors as the floats that it computes with, row-major, in the order of [`CriticConfig::tensors`].
    #[must_use]
    pub fn tensors(&self) -> Vec<(TensorShape, Vec<f32>)> {
        self.header.shapes().into_iter().zip(self.layers.values()).collect()
    }

    /// The place of a style in the list; 0, which is any, when it is not there.
    fn style_index(&self, name: &str) -> usize {
        self.header.styles.iter().position(|style| style == name).unwrap_or(0)
    }
}

/// Writes a critic's file. `tensor` is asked for each tensor in turn: row-major, (rows, columns) of the shape it is given. Matrices
/// are rounded to 8 bits, with a scale a row.
///
/// # Errors
/// What `tensor` returns; a header that [`Critic::parse`] would refuse; a tensor of the wrong length or with numbers that are
/// not sane.
pub fn write<E: From<CriticError>>(
    header: &CriticHeader,
    tensor: &mut dyn FnMut(&TensorShape) -> Result<Vec<f32>, E>,
) -> Result<Vec<u8>, E> {
    let refused = |error: WeightsError| E::from(CriticError::from(error));
    header.check().map_err(refused)?;
    let mut file = container::begin(MAGIC, header).map_err(refused)?;
    for shape in header.shapes() {
        let values = tensor(&shape)?;
        let expected = shape.rows * shape.columns;
        if values.len() != expected {
            return Err(refused(WeightsError::Shape { tensor: shape.name, expected, found: values.len() }));
        }
        file.resize(file.len().next_multiple_of(64), 0);
        quant::store(&shape, Precision::Q8, &values, &mut file).map_err(refused)?;
    }
    Ok(container::seal(file))
}

/// A critic that was never trained, for tests and benchmarks. It knows two styles, "Any style" and "Folk".
///
/// # Errors
/// If the sizes are refused by [`CriticConfig::check`].
pub fn random_file(config: CriticConfig, seed: u64) -> Result<Vec<u8>, CriticError> {
    let header = CriticHeader {
        config,
        styles: ["Any style", "Folk"].map(String::from).to_vec(),
        rule_weight: 1.0,
        licence: "CC0-1.0".into(),
        training: "none".into(),
    };
    let mut random = oorandom::Rand32::new(seed);
    write(&header, &mut |shape| {
        #[expect(clippy::cast_precision_loss, reason = "thousands")]
        let spread = if shape.kind == config::VECTOR { 0.1 } else { 2.0 / (shape.columns as f32).sqrt() };
        Ok((0..shape.rows * shape.columns).map(|_| spread * (2.0 * random.rand_float() - 1.0)).collect())
    })
}

#[cfg(test)]
mod tests;
