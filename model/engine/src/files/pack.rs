//! A style pack (".antiphon" too): what a player's own style changes in a network that everybody has.
//!
//! A file as `container.rs` says, of magic word `ANTIPACK`, with a JSON [`PackHeader`]. Its data are the style's row of
//! `embed.style` (f32), then for each linear layer `W` of the base, in the order of [`ModelConfig::tensors`], the two thin
//! matrices of a low-rank adapter (Hu et al. 2021, "LoRA"): `B` (rows, rank) and `A` (rank, columns), as the upper halves
//! of f32 (bfloat16). The layer becomes `W + B A`.
//!
//! A pack is merged into a copy of the weights when it is loaded, so that a step of the network costs what it did before.
//! The copy has one style more, and all the others.

use serde::{Deserialize, Serialize};

use crate::conditions::N_STYLES;
use crate::files::container;
use crate::files::weights::{self, Weights};
use crate::network::config::{ModelConfig, TensorKind, TensorShape};
use crate::network::error::{Precision, WeightsError};
use crate::network::quant;

/// How a pack begins.
pub const PACK_MAGIC: &[u8; 8] = b"ANTIPACK";
const MAX_RANK: usize = 64;
const MAX_NAME_CHARS: usize = 64;

/// A style to add to the weights that it was made for.
#[derive(Clone, Debug, PartialEq)]
pub struct Pack {
    header: PackHeader,
    /// (d_model)
    style: Vec<f32>,
    /// One for each linear layer.
    adapters: Vec<Adapter>,
}

/// What a pack says about itself, in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackHeader {
    /// Name of the style, at most 64 characters.
    pub name: String,
    /// Who made it.
    pub author: String,
    /// Its licence.
    pub licence: String,
    /// The music that it was made from.
    pub sources: Vec<String>,
    /// How it was made and what it does, measured, in words.
    pub card: String,
    /// Version of the representation: [`weights::TOKENISER`].
    pub tokeniser: u32,
    /// Name of the weights that it belongs to.
    pub base: String,
    /// Their [`Weights::checksum`], in hexadecimal.
    pub base_sha256: String,
    /// Sizes of their network.
    pub config: ModelConfig,
    /// Rank of all adapters.
    pub rank: usize,
}

/// `W + B A` for one linear layer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Adapter {
    /// (rows, rank)
    pub b: Vec<f32>,
    /// (rank, columns)
    pub a: Vec<f32>,
}

/// Why a pack was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PackError {
    /// It is no pack, or damaged.
    File(WeightsError),
    /// It is a weight file.
    IsWeights,
    /// It was made for other weights.
    OtherBase {
        /// Name of the weights that it was made for.
        wanted: String,
        /// Name of these.
        found: String,
    },
    /// These weights have as many styles as they can hold.
    NoRoom,
}

impl From<WeightsError> for PackError {
    fn from(error: WeightsError) -> Self {
        Self::File(error)
    }
}

impl std::fmt::Display for PackError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(WeightsError::NotAntiphon) => {
                f.write_str("this is not a style pack; choose a file that `model adapt` wrote")
            }
            Self::File(WeightsError::Values(tensor)) => {
                write!(f, "the pack holds senseless numbers in {tensor}; make it again with `model adapt`")
            }
            Self::File(error) => error.fmt(f),
            Self::IsWeights => f.write_str("this is a whole network, not a style pack; make a pack with `model adapt`"),
            Self::OtherBase { wanted, found } => write!(
                f,
                "the pack was made for the network \"{wanted}\", and this is another (\"{found}\"); make it again from \
                 the same music with the `model adapt` of this version"
            ),
            Self::NoRoom => {
                write!(f, "this network has {N_STYLES} styles already, and holds no more; choose one with fewer")
            }
        }
    }
}

impl std::error::Error for PackError {}

impl Pack {
    /// Reads a pack. Nothing is allocated by a number from the file before the file's length has been checked against it.
    ///
    /// # Errors
    /// Refuses anything damaged.
    pub fn parse(bytes: &[u8]) -> Result<Self, PackError> {
        if bytes.starts_with(weights::MAGIC) {
            return Err(PackError::IsWeights);
        }
        let (json, end) = container::header(bytes, PACK_MAGIC)?;
        let header: PackHeader = serde_json::from_slice(json).map_err(|e| WeightsError::Header(e.to_string()))?;
        header.check()?;
        let layers = layers(&header.config);
        let n_halves = layers.iter().map(|layer| header.rank * (layer.rows + layer.columns)).sum::<usize>();
        let start = end.next_multiple_of(64);
        let style_end = start + 4 * header.config.d_model;
        let (body, _) = container::body(bytes, (style_end + 2 * n_halves) as u64)?;

        let cut = |from: usize, to: usize| body.get(from..to).unwrap_or_default();
        let (floats, _) = cut(start, style_end).as_chunks::<4>();
        let style: Vec<f32> = floats.iter().map(|&b| f32::from_le_bytes(b)).collect();
        let (halves, _) = cut(style_end, body.len()).as_chunks::<2>();
        let mut numbers = halves.iter().map(|&b| f32::from_bits(u32::from(u16::from_le_bytes(b)) << 16));
        let mut adapters = Vec::with_capacity(layers.len());
        for layer in &layers {
            let b: Vec<f32> = numbers.by_ref().take(layer.rows * header.rank).collect();
            let a: Vec<f32> = numbers.by_ref().take(layer.columns * header.rank).collect();
            check(&layer.name, b.iter().chain(&a))?;
            adapters.push(Adapter { b, a });
        }
        check("embed.style", &style)?;
        Ok(Self { header, style, adapters })
    }

    /// What the pack says about itself.
    #[must_use]
    pub fn header(&self) -> &PackHeader {
        &self.header
    }

    /// A copy of the weights with this style as their last one.
    ///
    /// # Errors
    /// When the pack was made for others, or there is no room for a style.
    pub fn apply(&self, base: &Weights) -> Result<Weights, PackError> {
        Ok(Weights::parse(&self.merged(base, base.header().precision)?)?)
    }

    /// As [`Pack::apply`], as a weight file.
    ///
    /// # Errors
    /// As [`Pack::apply`].
    pub fn merged(&self, base: &Weights, precision: Precision) -> Result<Vec<u8>, PackError> {
        let mut header = base.header().clone();
        if hex(&base.checksum()) != self.header.base_sha256 || header.config != self.header.config {
            return Err(PackError::OtherBase { wanted: self.header.base.clone(), found: header.name });
        }
        if header.styles.len() >= N_STYLES {
            return Err(PackError::NoRoom);
        }
        let place = header.styles.len();
        header.precision = precision;
        header.styles.push(self.header.name.clone());
        header.name = format!("{} + {}", header.name, self.header.name);
        let (mut tensors, mut adapters) = (base.tensors(), self.adapters.iter());
        weights::write(&header, &mut |shape| {
            let mut values = tensors.next().map(|(_, values)| values).unwrap_or_default();
            if shape.name == "embed.style" {
                let row = values.iter_mut().skip(place * shape.columns);
                row.zip(&self.style).for_each(|(value, &new)| *value = new);
            } else if shape.kind == TensorKind::Linear
                && let Some(adapter) = adapters.next()
            {
                adapter.add_to(&mut values, shape.columns);
            }
            Ok(values)
        })
    }
}

impl PackHeader {
    fn check(&self) -> Result<(), WeightsError> {
        weights::check_representation(self.tokeniser)?;
        self.config.check().map_err(WeightsError::Header)?;
        let name = self.name.trim();
        if name.is_empty() || name.chars().count() > MAX_NAME_CHARS || name.chars().any(char::is_control) {
            return Err(WeightsError::Header(format!("the style's name must have 1 to {MAX_NAME_CHARS} letters")));
        }
        if !(1..=MAX_RANK).contains(&self.rank) {
            return Err(WeightsError::Header(format!("its rank is {}, not 1 to {MAX_RANK}", self.rank)));
        }
        Ok(())
    }
}

impl Adapter {
    /// `values += B A`. values: (rows, columns)
    pub fn add_to(&self, values: &mut [f32], columns: usize) {
        let rank = self.a.len() / columns.max(1);
        for (row, b) in values.chunks_mut(columns.max(1)).zip(self.b.chunks(rank.max(1))) {
            for (&b, a) in b.iter().zip(self.a.chunks(columns.max(1))) {
                row.iter_mut().zip(a).for_each(|(value, &a)| *value += b * a);
            }
        }
    }
}

/// The layers that have an adapter, in their order.
#[must_use]
pub fn layers(config: &ModelConfig) -> Vec<TensorShape> {
    config.tensors().into_iter().filter(|shape| shape.kind == TensorKind::Linear).collect()
}

/// Writes a pack. `style`: (d_model); `adapters`: one for each of [`layers`].
///
/// # Errors
/// A header that [`Pack::parse`] would refuse; numbers that are not sane, or not as many as there must be.
pub fn write(header: &PackHeader, style: &[f32], adapters: &[Adapter]) -> Result<Vec<u8>, WeightsError> {
    header.check()?;
    let mut file = container::begin(PACK_MAGIC, header)?;
    let fits = |tensor: &str, expected: usize, found: usize| {
        if found == expected { Ok(()) } else { Err(WeightsError::Shape { tensor: tensor.into(), expected, found }) }
    };
    let layers = layers(&header.config);
    fits("embed.style", header.config.d_model, style.len())?;
    fits("the list of adapters", layers.len(), adapters.len())?;
    check("embed.style", style)?;
    style.iter().for_each(|v| file.extend(v.to_le_bytes()));
    for (layer, Adapter { b, a }) in layers.iter().zip(adapters) {
        fits(&layer.name, layer.rows * header.rank, b.len())?;
        fits(&layer.name, layer.columns * header.rank, a.len())?;
        check(&layer.name, b.iter().chain(a))?;
        b.iter().chain(a).for_each(|&v| file.extend(half(v).to_le_bytes()));
    }
    Ok(container::seal(file))
}

/// The upper half of a float, rounded to the nearest, ties to even.
fn half(value: f32) -> u16 {
    let bits = value.to_bits();
    let rounded = bits + 0x7fff + (bits >> 16 & 1);
    u16::try_from(rounded >> 16).unwrap_or(u16::MAX)
}

fn check<'a>(tensor: &str, values: impl IntoIterator<Item = &'a f32>) -> Result<(), WeightsError> {
    let is_sane = values.into_iter().all(|&v| quant::is_sane(v));
    if is_sane { Ok(()) } else { Err(WeightsError::Values(tensor.into())) }
}

/// Bytes in hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
