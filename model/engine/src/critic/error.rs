//! Why a critic's file is refused, or could not be written.

use crate::network::error::WeightsError;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CriticError(pub WeightsError);

impl From<WeightsError> for CriticError {
    fn from(error: WeightsError) -> Self {
        Self(error)
    }
}

impl std::fmt::Display for CriticError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            WeightsError::NotAntiphon => {
                f.write_str("this is no critic; choose a file that `model critic train` wrote")
            }
            error => write!(f, "the critic cannot be used: {}; make it again with `model critic train`", error.cause()),
        }
    }
}

impl std::error::Error for CriticError {}
