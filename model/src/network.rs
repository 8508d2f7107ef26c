//! The network, for training: the same parameters and the same arithmetic as `engine`'s, over whole batches.

pub mod cpu;
pub mod initial;
pub mod ops;

use std::collections::BTreeMap;

use candle_core::{DType, Device, Result, Tensor, Var, bail};
use engine::config::{TensorKind, TensorShape};
use engine::{ModelConfig, Weights, conditions};

use crate::data::batch::{ATTRIBUTES, Batch, LEVELS};
use crate::network::initial::Initial;
use crate::network::ops::{AttentionShape, Dropout, Kernels, Table};

/// How much a nat of a level counts in the loss, beside a nat of a note's attribute.
pub const LEVEL_WEIGHT: f32 = 0.1;

/// The tensors that predict levels (see [`LEVELS`]), in their order: in training only, behind those of
/// [`ModelConfig::tensors`].
#[must_use]
pub fn level_tensors(config: &ModelConfig) -> Vec<TensorShape> {
    let tensors = |(name, n): (&str, usize)| {
        let part = |part: &str, kind, rows, columns| TensorShape {
            name: format!("levels.{name}.{part}"),
            kind,
            rows,
            columns,
        };
        [part("logits", TensorKind::Linear, n, config.d_model), part("bias", TensorKind::Vector, 1, n)]
    };
    LEVELS.into_iter().flat_map(tensors).collect()
}

/// Parameters by the names of [`ModelConfig::tensors`]. Linear layers and tables are (rows, columns), vectors (columns).
#[derive(Clone, Debug)]
pub struct Network {
    config: ModelConfig,
    parameters: BTreeMap<String, Var>,
    device: Device,
    kernels: Kernels,
}

impl Network {
    /// A new network with [`Initial`] weights.
    ///
    /// # Errors
    /// When memory or the device fails.
    pub fn new(config: ModelConfig, seed: u64, device: &Device) -> Result<Self> {
        let mut initial = Initial::new(seed);
        Self::of_shapes(config, Self::all_shapes(&config), device, |shape| Ok(initial.values(&config, shape)))
    }

    /// A network of given parameters, each row-major, without those that predict levels.
    ///
    /// # Errors
    /// When `values` does, or returns another number of values than the shape has.
    pub fn from_values(
        config: ModelConfig,
        device: &Device,
        values: impl FnMut(&TensorShape) -> Result<Vec<f32>>,
    ) -> Result<Self> {
        Self::of_shapes(config, config.tensors(), device, values)
    }

    /// The network of a weight file, on the CPU and in floats.
    ///
    /// # Errors
    /// When memory fails.
    pub fn of_weights(weights: &Weights) -> Result<Self> {
        let mut tensors = weights.tensors();
        Self::from_values(*weights.config(), &Device::Cpu, |_| {
            Ok(tensors.next().map(|(_, values)| values).unwrap_or_default())
        })
    }

    /// The tensors of a network in training, those that predict levels among them.
    #[must_use]
    pub fn all_shapes(config: &ModelConfig) -> Vec<TensorShape> {
        let mut shapes = config.tensors();
        shapes.extend(level_tensors(config));
        shapes
    }

    /// As [`Network::from_values`], of these tensors: those of the config, with or without [`level_tensors`].
    ///
    /// # Errors
    /// As [`Network::from_values`].
    pub fn of_shapes(
        config: ModelConfig,
        shapes: Vec<TensorShape>,
        device: &Device,
        mut values: impl FnMut(&TensorShape) -> Result<Vec<f32>>,
    ) -> Result<Self> {
        let mut parameters = BTreeMap::new();
        for shape in shapes {
            let values = values(&shape)?;
            let tensor = match shape.kind {
                TensorKind::Vector => Tensor::from_vec(values, shape.columns, device)?,
                TensorKind::Linear | TensorKind::Table => {
                    Tensor::from_vec(values, (shape.rows, shape.columns), device)?
                }
            };
            parameters.insert(shape.name, Var::from_tensor(&tensor)?);
        }
        Ok(Self { config, parameters, device: device.clone(), kernels: Kernels::of(device) })
    }

    /// The same network, computed by other kernels.
    #[must_use]
    pub fn with_kernels(self, kernels: Kernels) -> Self {
        Self { kernels, ..self }
    }

    /// A network that differs in its parameters only; it must have the same ones.
    #[must_use]
    pub fn with_parameters(&self, parameters: BTreeMap<String, Var>) -> Self {
        Self { parameters, ..self.clone() }
    }

    /// A network of the same values, which does not change when this one does.
    ///
    /// # Errors
    /// When memory fails.
    pub fn copy(&self) -> Result<Self> {
        let copies = self.parameters.iter().map(|(name, var)| Ok((name.clone(), Var::from_tensor(&var.copy()?)?)));
        Ok(self.with_parameters(copies.collect::<Result<_>>()?))
    }

    /// What it is computed by.
    #[must_use]
    pub fn kernels(&self) -> Kernels {
        self.kernels
    }

    /// Sizes.
    #[must_use]
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// All parameters by name.
    #[must_use]
    pub fn parameters(&self) -> &BTreeMap<String, Var> {
        &self.parameters
    }

    /// Where its parameters are.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Its tensors, in the order of weight files; those that predict levels, if it has them, at the end.
    #[must_use]
    pub fn shapes(&self) -> Vec<TensorShape> {
        let mut shapes = Self::all_shapes(&self.config);
        shapes.retain(|shape| self.parameters.contains_key(&shape.name));
        shapes
    }

    fn get(&self, name: &str) -> Result<&Tensor> {
        match self.parameters.get(name) {
            Some(var) => Ok(var.as_tensor()),
            None => bail!("the network has no parameter {name}"),
        }
    }

    /// Nats of each target attribute, masked: four tensors of (batch size · sequence length). `dropout` drops some activations, others for
    /// every seed and in every layer.
    ///
    /// # Errors
    /// When the batch does not fit the network.
    pub fn nats(&self, batch: &Batch, dropout: Option<Dropout>) -> Result<[Tensor; 4]> {
        self.nats_of(&self.hidden(batch, dropout)?, batch)
    }

    fn nats_of(&self, h: &Tensor, batch: &Batch) -> Result<[Tensor; 4]> {
        Ok([
            self.head_nats(0, h, batch)?,
            self.head_nats(1, h, batch)?,
            self.head_nats(2, h, batch)?,
            self.head_nats(3, h, batch)?,
        ])
    }

    /// As [`Network::nats`], and the sum of what the levels cost, weighed by [`LEVEL_WEIGHT`]; 0 without their tensors.
    ///
    /// # Errors
    /// As [`Network::nats`].
    pub fn nats_and_levels(&self, batch: &Batch, dropout: Option<Dropout>) -> Result<([Tensor; 4], Tensor)> {
        let h = self.hidden(batch, dropout)?;
        Ok((self.nats_of(&h, batch)?, self.level_nats(&h, batch)?))
    }

    fn level_nats(&self, h: &Tensor, batch: &Batch) -> Result<Tensor> {
        let mut sum = Tensor::zeros((), DType::F32, &self.device)?;
        for ((name, _), levels) in LEVELS.into_iter().zip(&batch.levels) {
            let (Ok(w), Ok(bias)) =
                (self.get(&format!("levels.{name}.logits")), self.get(&format!("levels.{name}.bias")))
            else {
                break;
            };
            let logits = self.kernels.linear(h, w)?.to_dtype(DType::F32)?;
            sum = (sum + self.kernels.cross_entropy(&logits, bias, levels, &level_mask(levels))?.sum_all()?)?;
        }
        Ok(sum)
    }

    /// Logits of each target attribute, each given the target's earlier ones: four tensors of (batch size · sequence length, values).
    ///
    /// # Errors
    /// When the batch does not fit the network.
    pub fn logits(&self, batch: &Batch, dropout: Option<Dropout>) -> Result<[Tensor; 4]> {
        self.logits_of(&self.hidden(batch, dropout)?, batch)
    }

    /// As [`Network::logits`], and what the levels cost as in [`Network::nats_and_levels`].
    ///
    /// # Errors
    /// As [`Network::logits`].
    pub fn logits_and_levels(&self, batch: &Batch, dropout: Option<Dropout>) -> Result<([Tensor; 4], Tensor)> {
        let h = self.hidden(batch, dropout)?;
        Ok((self.logits_of(&h, batch)?, self.level_nats(&h, batch)?))
    }

    fn logits_of(&self, h: &Tensor, batch: &Batch) -> Result<[Tensor; 4]> {
        let logits = |attribute: usize| {
            let bias = self.get(&format!("heads.{}.bias", ATTRIBUTES[attribute]))?;
            self.head_logits(attribute, h, batch)?.to_dtype(DType::F32)?.broadcast_add(bias)
        };
        Ok([logits(0)?, logits(1)?, logits(2)?, logits(3)?])
    }

    /// Output of the last norm, (batch size · sequence length, d_model).
    ///
    /// # Errors
    /// When the batch does not fit the network.
    pub fn hidden(&self, batch: &Batch, dropout: Option<Dropout>) -> Result<Tensor> {
        let c = &self.config;
        if batch.sequence_length > c.n_context {
            bail!("crops of {} notes do not fit a context of {}", batch.sequence_length, c.n_context);
        }
        let mut n_dropped = 0;
        let mut dropout = || {
            n_dropped += 1;
            dropout.map(|d| d.layer(n_dropped))
        };
        let zeros = Tensor::zeros((batch.batch_size * batch.sequence_length, c.d_model), DType::F32, &self.device)?;
        let embedded = self.embed(&zeros, batch)?;
        let mut x = match dropout() {
            None => embedded,
            some => self.kernels.add_dropout(&zeros, &embedded, some)?,
        };
        let shape = AttentionShape::new(c.n_heads, c.n_kv_heads, c.d_head(), batch.sequence_length);
        for b in 0..c.n_blocks {
            let part = |name: &str| self.get(&format!("blocks.{b}.{name}"));
            let normed = self.kernels.layer_norm(&x, part("norm1.gain")?, part("norm1.bias")?)?;
            let attended = self.kernels.attention(&self.kernels.linear(&normed, part("qkv")?)?, &shape)?;
            x = self.kernels.add_dropout(&x, &self.kernels.linear(&attended, part("out")?)?, dropout())?;
            let normed = self.kernels.layer_norm(&x, part("norm2.gain")?, part("norm2.bias")?)?;
            let wide = self.kernels.gelu(&self.kernels.linear(&normed, part("up")?)?)?;
            x = self.kernels.add_dropout(&x, &self.kernels.linear(&wide, part("down")?)?, dropout())?;
        }
        self.kernels.layer_norm(&x, self.get("norm.gain")?, self.get("norm.bias")?)
    }

    /// Sum of all embeddings, (batch size · sequence length, d_model).
    fn embed(&self, zeros: &Tensor, batch: &Batch) -> Result<Tensor> {
        let mut tables = Vec::new();
        for (i, name) in ATTRIBUTES.iter().enumerate() {
            let table = self.get(&format!("embed.{name}"))?;
            tables.push(Table { table, ids: &batch.event[i], column: i * self.config.d_attribute() });
        }
        let x = self.kernels.lookup_add(zeros, &tables)?;
        let [beat_phase, bar_beat] = &batch.position;
        let mut tables = Vec::new();
        let conditions = conditions::TABLES.map(|(name, _)| name).into_iter().zip(&batch.conditions);
        for (name, ids) in [("beat_phase", beat_phase), ("bar_beat", bar_beat)].into_iter().chain(conditions) {
            tables.push(Table { table: self.get(&format!("embed.{name}"))?, ids, column: 0 });
        }
        self.kernels.lookup_add(&x, &tables)
    }

    /// Masked nats of one attribute, (batch size · sequence length).
    fn head_nats(&self, attribute: usize, h: &Tensor, batch: &Batch) -> Result<Tensor> {
        let bias = self.get(&format!("heads.{}.bias", ATTRIBUTES[attribute]))?;
        let logits = self.head_logits(attribute, h, batch)?;
        self.kernels.cross_entropy(&logits, bias, &batch.target[attribute], &batch.mask[attribute])
    }

    /// Logits of one attribute without their bias, (batch size · sequence length, values). The head sees the target's earlier attributes
    /// and, once the shift is known, its position.
    fn head_logits(&self, attribute: usize, h: &Tensor, batch: &Batch) -> Result<Tensor> {
        let part = |name: &str| self.get(&format!("heads.{}.{name}", ATTRIBUTES[attribute]));
        let mut z = self.kernels.linear(h, part("hidden")?)?;
        if attribute > 0 {
            let mut tables = Vec::new();
            for (name, ids) in ATTRIBUTES[..attribute].iter().zip(&batch.target) {
                tables.push(Table { table: part(&format!("from_{name}"))?, ids, column: 0 });
            }
            for (name, ids) in ["from_beat_phase", "from_bar_beat"].into_iter().zip(&batch.target_position) {
                tables.push(Table { table: part(name)?, ids, column: 0 });
            }
            z = self.kernels.lookup_add(&z, &tables)?;
        }
        self.kernels.linear(&self.kernels.gelu(&z)?, part("logits")?)
    }
}

/// What each level counts in the loss.
#[must_use]
pub fn level_mask(levels: &[u32]) -> Vec<f32> {
    levels.iter().map(|&level| if level > 0 { LEVEL_WEIGHT } else { 0.0 }).collect()
}
