//! The weight file (".antiphon"), version 1: reading it, with every way in which a file can be damaged, and writing it.
//!
//! A file as `container.rs` says, of magic word `ANTIPHON`, with a JSON [`Header`]. Its data are the tensors in the order
//! of [`ModelConfig::tensors`], each from a multiple of 64 bytes (stored as `quant.rs` says). The length follows from the
//! header.

use serde::{Deserialize, Serialize};

use crate::conditions::N_STYLES;
use crate::files::container;
use crate::network::config::{ModelConfig, TensorShape};
pub use crate::network::error::{Precision, TOKENISER, WeightsError};
use crate::network::layers::Network;
pub use crate::network::quant::rounding_error;
use crate::network::quant::{self, Reader};

pub(crate) const MAGIC: &[u8; 8] = b"ANTIPHON";
/// A network that is ready to play. It never changes: sessions share it in an `Arc`.
#[derive(Debug)]
pub struct Weights {
    header: Header,
    checksum: [u8; 32],
    pub(crate) network: Network,
}

/// What a weight file says about itself, in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Sizes of the network.
    pub config: ModelConfig,
    /// How linear layers and tables are stored.
    pub precision: Precision,
    /// Name to show.
    pub name: String,
    /// Names of the styles, at most [`N_STYLES`]; the first means "any".
    pub styles: Vec<String>,
    /// Licence of the weights.
    pub licence: String,
    /// Who must be named.
    pub credits: String,
    /// Data and notes seen, in free text.
    pub training: String,
    /// Version of the representation: [`TOKENISER`].
    pub tokeniser: u32,
}

impl Weights {
    /// Reads a weight file, copying what it needs. Nothing is allocated by a number from the file before the file's
    /// length has been checked against it.
    ///
    /// # Errors
    /// Refuses anything damaged, see [`WeightsError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, WeightsError> {
        let (header, end) = Header::read(bytes)?;
        let shapes = header.config.tensors();
        let data_end = shapes.iter().fold(quant::aligned(end as u64), |at, shape| {
            quant::aligned(at) + quant::stored_bytes(shape, header.precision)
        });
        let (body, checksum) = container::body(bytes, data_end)?;
        let mut reader = Reader::new(body, end, header.precision, shapes);
        let network = Network::read(header.config, &mut reader)?;
        Ok(Self { header, checksum, network })
    }

    /// SHA-256 of the file but for the checksum itself, with which it ends.
    #[must_use]
    pub fn checksum(&self) -> [u8; 32] {
        self.checksum
    }

    /// All tensors as floats, row-major, in the order of [`ModelConfig::tensors`]; each is made when it is asked for.
    pub fn tensors(&self) -> impl Iterator<Item = (TensorShape, Vec<f32>)> + '_ {
        let shapes = self.header.config.tensors();
        shapes.into_iter().zip(self.network.layers()).map(|(shape, layer)| {
            let values = layer.values(&shape, &self.network.tiles);
            (shape, values)
        })
    }

    /// Sizes of the network.
    #[must_use]
    pub fn config(&self) -> &ModelConfig {
        &self.header.config
    }

    /// What the file says about itself.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Name of a style, by its place in the list; "" if there is none.
    #[must_use]
    pub fn style_name(&self, style: u8) -> &str {
        self.header.styles.get(usize::from(style)).map_or("", String::as_str)
    }

    /// The style of this name; upper and lower case are the same, and a word is enough if only one style has it.
    #[must_use]
    pub fn style_index(&self, name: &str) -> Option<u8> {
        let wanted = name.trim().to_lowercase();
        let names: Vec<String> = self.header.styles.iter().map(|s| s.to_lowercase()).collect();
        let has_word = |s: &String| s.split(|c: char| !c.is_alphanumeric()).any(|word| word == wanted);
        let index = names.iter().position(|s| *s == wanted).or_else(|| {
            let mut hits = names.iter().enumerate().filter(|(_, s)| !wanted.is_empty() && has_word(s));
            let first = hits.next();
            first.filter(|_| hits.next().is_none()).map(|(i, _)| i)
        })?;
        u8::try_from(index).ok()
    }
}

impl Header {
    /// Reads the header of a weight file, and nothing behind it: so quickly that a window can wait for it.
    ///
    /// # Errors
    /// Refuses what is no weight file, or of another version.
    pub fn peek(bytes: &[u8]) -> Result<Self, WeightsError> {
        Ok(Self::read(bytes)?.0)
    }

    /// The header, and where it ends.
    fn read(bytes: &[u8]) -> Result<(Self, usize), WeightsError> {
        let (json, end) = container::header(bytes, MAGIC)?;
        let header: Self = serde_json::from_slice(json).map_err(|e| WeightsError::Header(e.to_string()))?;
        header.check()?;
        Ok((header, end))
    }

    fn check(&self) -> Result<(), WeightsError> {
        check_representation(self.tokeniser)?;
        self.config.check().map_err(WeightsError::Header)?;
        if !(1..=N_STYLES).contains(&self.styles.len()) {
            return Err(WeightsError::Header(format!("it lists {} styles, not 1 to {N_STYLES}", self.styles.len())));
        }
        if self.styles.iter().any(|name| name.trim().is_empty()) {
            return Err(WeightsError::Header("a style has no name".into()));
        }
        Ok(())
    }
}

/// Refuses files of another representation.
pub(crate) fn check_representation(found: u32) -> Result<(), WeightsError> {
    if found == TOKENISER { Ok(()) } else { Err(WeightsError::Representation(found)) }
}

/// Writes a weight file. `tensor` is asked for each tensor in turn: row-major, (rows, columns) of the shape it is given.
/// With [`Precision::Q8`] the values are rounded to 8 bits here.
///
/// # Errors
/// What `tensor` returns; a header that [`Weights::parse`] would refuse; a tensor of the wrong length or with numbers
/// that are not sane.
pub fn write<E: From<WeightsError>>(
    header: &Header,
    tensor: &mut dyn FnMut(&TensorShape) -> Result<Vec<f32>, E>,
) -> Result<Vec<u8>, E> {
    header.check()?;
    let mut file = container::begin(MAGIC, header)?;
    for shape in header.config.tensors() {
        let values = tensor(&shape)?;
        let expected = shape.rows * shape.columns;
        if values.len() != expected {
            return Err(WeightsError::Shape { tensor: shape.name, expected, found: values.len() }.into());
        }
        file.resize(file.len().next_multiple_of(64), 0);
        quant::store(&shape, header.precision, &values, &mut file)?;
    }
    Ok(container::seal(file))
}
