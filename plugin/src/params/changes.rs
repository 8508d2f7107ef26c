//! How the audio thread knows that a parameter has moved.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use nice_plug::prelude::{BoolParam, FloatParam, IntParam};

/// Counts the moves of all parameters.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changes(Arc<AtomicU32>);

impl Changes {
    /// Something has moved; what it moved to can be read by now.
    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::Release);
    }

    /// Another number than before if something has moved since.
    pub(crate) fn count(&self) -> u32 {
        self.0.load(Ordering::Acquire)
    }
}

/// A parameter that counts its moves. One that does not is not heard by the audio thread.
pub(super) trait Watched {
    fn watched(self, changes: &Changes) -> Self;
}

macro_rules! watched {
    ($($param:ident)*) => {
        $(impl Watched for $param {
            fn watched(self, changes: &Changes) -> Self {
                let changes = changes.clone();
                self.with_callback(Arc::new(move |_| changes.add()))
            }
        })*
    };
}

watched!(FloatParam IntParam BoolParam);
