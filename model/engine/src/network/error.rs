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

impl std::fmt::Display for WeightsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const AGAIN: &str = "copy or download it again";
        match self {
            Self::NotAntiphon => f.write_str("this is not a weight file; choose one that ends in .antiphon"),
            Self::NewerVersion(version) => {
                write!(f, "the file is of version {version}, this Antiphon reads up to {VERSION}; update Antiphon")
            }
            Self::Truncated { expected, found } => {
                write!(f, "the file ends early ({found} bytes, {expected} needed); {AGAIN}")
            }
            Self::TooLong { expected, found } => {
                write!(f, "the file is too long ({found} bytes, {expected} expected); {AGAIN}")
            }
            Self::Checksum => write!(f, "the file is damaged (its checksum does not match); {AGAIN}"),
            Self::Header(why) => write!(f, "the file's header is not usable: {why}; {AGAIN}, or make it anew"),
            Self::Representation(found) if *found < TOKENISER => write!(
                f,
                "it was made for an earlier Antiphon (representation {found}, now {TOKENISER}); make it again from the same \
                 music with this version"
            ),
            Self::Representation(found) => write!(
                f,
                "it was made for a later Antiphon (representation {found}, here {TOKENISER}); update Antiphon"
            ),
            Self::Values(tensor) => {
                write!(f, "the file holds senseless numbers in {tensor}; train or quantise the model again")
            }
            Self::Shape { tensor, expected, found } => {
                write!(
                    f,
                    "{tensor} has {found} values, but the config asks for {expected}; check the checkpoint's config"
                )
            }
        }
    }
}

impl std::error::Error for WeightsError {}
