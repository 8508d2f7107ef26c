//! How a network may be stored, and why a file of one is refused.

use serde::{Deserialize, Serialize};

/// The only version so far, of all files.
pub(crate) const VERSION: u32 = 1;
/// Version of the representation that this engine plays: the attribute values ([`crate::tokens::vocab`]) and the conditions
/// ([`crate::conditions`]). 1 had 32 styles, and of the other conditions mode, density and polyphony only.
pub const TOKENISER: u32 = 2;

/// How linear layers and tables are stored; vectors are always 32-bit floats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32-bit floats, the reference.
    F32,
    /// 8-bit integers with a scale per row.
    Q8,
}

/// Why a weight file was refused, or could not be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WeightsError {
    /// It does not begin as a weight file does.
    NotAntiphon,
    /// It is of a later version than this one.
    NewerVersion(u32),
    /// It ends early.
    Truncated {
        /// Bytes it should have, as far as is known.
        expected: u64,
        /// Bytes it has.
        found: u64,
    },
    /// It goes on after its end.
    TooLong {
        /// Bytes it should have.
        expected: u64,
        /// Bytes it has.
        found: u64,
    },
    /// Its checksum does not match.
    Checksum,
    /// Its header cannot be read; says why.
    Header(String),
    /// It was made for another representation of music than [`TOKENISER`].
    Representation(u32),
    /// A number in this tensor is not sane.
    Values(String),
    /// The tensor given to [`crate::weights::write`] has another length.
    Shape {
        /// Name of the tensor.
        tensor: String,
        /// Values it should have.
        expected: usize,
        /// Values given.
        found: usize,
    },
}

impl WeightsError {
    /// What is wrong, without advice.
    #[must_use]
    pub fn cause(&self) -> String {
        match self {
            Self::NotAntiphon => "this is not a weight file".to_owned(),
            Self::NewerVersion(version) => {
                format!("the file is of version {version}, this Antiphon reads up to {VERSION}")
            }
            Self::Truncated { expected, found } => format!("the file ends early ({found} bytes, {expected} needed)"),
            Self::TooLong { expected, found } => format!("the file is too long ({found} bytes, {expected} expected)"),
            Self::Checksum => "the file is damaged (its checksum does not match)".to_owned(),
            Self::Header(why) => format!("the file's header is not usable: {why}"),
            Self::Representation(found) if *found < TOKENISER => {
                format!("it was made for an earlier Antiphon (representation {found}, now {TOKENISER})")
            }
            Self::Representation(found) => {
                format!("it was made for a later Antiphon (representation {found}, here {TOKENISER})")
            }
            Self::Values(tensor) => format!("the file holds senseless numbers in {tensor}"),
            Self::Shape { tensor, expected, found } => {
                format!("{tensor} has {found} values, but the config asks for {expected}")
            }
        }
    }

    /// What to do about a file that the user has chosen or made.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::NotAntiphon => "choose one that ends in .antiphon",
            Self::Truncated { .. } | Self::TooLong { .. } | Self::Checksum => "copy or download it again",
            Self::Header(_) => "copy or download it again, or make it anew",
            Self::Representation(found) if *found < TOKENISER => "make it again from the same music with this version",
            Self::NewerVersion(_) | Self::Representation(_) => "update Antiphon",
            Self::Values(_) => "train or quantise the model again",
            Self::Shape { .. } => "check the checkpoint's config",
        }
    }
}

/// The cause, and the advice.
impl std::fmt::Display for WeightsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}; {}", self.cause(), self.advice())
    }
}

impl std::error::Error for WeightsError {}
