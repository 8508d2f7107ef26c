//! The layers of the network, as [`crate::network::forward`] runs them.

use crate::conditions::N_CONDITIONS;
use crate::network::config::ModelConfig;
use crate::network::error::WeightsError;
use crate::network::quant::{Layer, Linear, Reader, Table};
use crate::network::simd::Isa;
use crate::network::tiles::Group;

/// All layers, in the order of the file.
#[derive(Debug)]
pub(crate) struct Network {
    pub(crate) config: ModelConfig,
    /// What it is computed with.
    pub(crate) isa: Isa,
    /// Those of all linear layers, in the order in which a step reads them.
    pub(crate) tiles: Vec<Group>,
    /// Shift, pitch, duration, velocity of the fed event.
    pub(crate) attributes: [Table; 4],
    /// Beat phase and bar beat of the fed event.
    pub(crate) position: [Table; 2],
    /// Conditions of the event to come, in the order of [`crate::conditions::TABLES`].
    pub(crate) conditions: [Table; N_CONDITIONS],
    pub(crate) blocks: Vec<Block>,
    pub(crate) norm: Norm,
    /// Shift, pitch, duration, velocity.
    pub(crate) heads: [Head; 4],
    /// Cosine and sine of every rotation. (n_context, d_head / 2, 2)
    pub(crate) rotations: Vec<[f32; 2]>,
}

/// A transformer block.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) norm1: Norm,
    pub(crate) qkv: Linear,
    pub(crate) out: Linear,
    pub(crate) norm2: Norm,
    pub(crate) up: Linear,
    pub(crate) down: Linear,
}

/// Layer norm.
#[derive(Debug)]
pub(crate) struct Norm {
    pub(crate) gain: Vec<f32>,
    pub(crate) bias: Vec<f32>,
}

/// The head of one attribute.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) hidden: Linear,
    /// One table for each attribute before this one.
    pub(crate) from_earlier: Vec<Table>,
    /// Beat phase and bar beat of the onset to come; the shift head has none.
    pub(crate) from_position: Option<[Table; 2]>,
    pub(crate) logits: Linear,
    pub(crate) bias: Vec<f32>,
}

impl Network {
    pub(crate) fn read(config: ModelConfig, file: &mut Reader<'_>) -> Result<Self, WeightsError> {
        Ok(Self {
            config,
            isa: Isa::best(),
            attributes: [file.table()?, file.table()?, file.table()?, file.table()?],
            position: [file.table()?, file.table()?],
            conditions: file.tables()?,
            blocks: (0..config.n_blocks).map(|_| Block::read(file)).collect::<Result<_, _>>()?,
            norm: Norm::read(file)?,
            heads: [Head::read(0, file)?, Head::read(1, file)?, Head::read(2, file)?, Head::read(3, file)?],
            rotations: rotations(&config),
            tiles: file.take_tiles(),
        })
    }
}

impl Network {
    /// All tensors in the order of the file.
    pub(crate) fn layers(&self) -> Vec<Layer<'_>> {
        let tables = self.attributes.iter().chain(&self.position).chain(&self.conditions);
        let mut layers: Vec<_> = tables.map(Layer::Table).collect();
        for Block { norm1, qkv, out, norm2, up, down } in &self.blocks {
            layers.extend(norm1.layers());
            layers.extend([qkv, out].map(Layer::Linear));
            layers.extend(norm2.layers());
            layers.extend([up, down].map(Layer::Linear));
        }
        layers.extend(self.norm.layers());
        for Head { hidden, from_earlier, from_position, logits, bias } in &self.heads {
            layers.push(Layer::Linear(hidden));
            layers.extend(from_earlier.iter().chain(from_position.iter().flatten()).map(Layer::Table));
            layers.extend([Layer::Linear(logits), Layer::Vector(bias)]);
        }
        layers
    }
}

impl Block {
    fn read(file: &mut Reader<'_>) -> Result<Self, WeightsError> {
        Ok(Self {
            norm1: Norm::read(file)?,
            qkv: file.linear()?,
            out: file.linear()?,
            norm2: Norm::read(file)?,
            up: file.linear()?,
            down: file.linear()?,
        })
    }
}

impl Norm {
    fn read(file: &mut Reader<'_>) -> Result<Self, WeightsError> {
        Ok(Self { gain: file.vector()?, bias: file.vector()? })
    }

    fn layers(&self) -> [Layer<'_>; 2] {
        [Layer::Vector(&self.gain), Layer::Vector(&self.bias)]
    }
}

impl Head {
    fn read(attribute: usize, file: &mut Reader<'_>) -> Result<Self, WeightsError> {
        Ok(Self {
            hidden: file.linear()?,
            from_earlier: (0..attribute).map(|_| file.table()).collect::<Result<_, _>>()?,
            from_position: if attribute == 0 { None } else { Some([file.table()?, file.table()?]) },
            logits: file.linear()?,
            bias: file.vector()?,
        })
    }
}

/// Rotary position embedding (Su et al. 2021), base 10,000: position p turns pair i by p / 10000^(2i / d_head).
fn rotations(config: &ModelConfig) -> Vec<[f32; 2]> {
    let half = config.d_head() / 2;
    let mut all = Vec::with_capacity(config.n_context * half);
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "small numbers, rounded to f32")]
    for position in 0..config.n_context {
        for pair in 0..half {
            let angle = position as f64 * libm::pow(10_000.0, -(pair as f64) / half as f64);
            all.push([libm::cos(angle) as f32, libm::sin(angle) as f32]);
        }
    }
    all
}
