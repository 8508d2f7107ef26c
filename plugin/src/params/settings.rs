//! The values of the parameters as the audio thread reads them.

use live::Settings;

use super::{AntiphonParams, ParamId as Id};

impl AntiphonParams {
    /// Reads all parameters.
    ///
    /// # Realtime safety
    /// Allocates nothing.
    pub(crate) fn settings(&self) -> Settings {
        live::params::settings(|id| self.value(id))
    }

    /// The value of a parameter in its own unit, or what a controller says over it.
    fn value(&self, id: Id) -> f32 {
        let param = self.get(id);
        let over = self.learned.over(id, param.normalized());
        over.map_or_else(|| param.plain(), |normalized| param.plain_at(normalized))
    }

    /// The same as a whole number: the place of a choice.
    #[expect(clippy::cast_possible_truncation, reason = "it is a whole number, and small")]
    pub(crate) fn int(&self, id: Id) -> i32 {
        self.value(id) as i32
    }

    /// Whether a switch is on.
    pub(crate) fn is_on(&self, id: Id) -> bool {
        self.int(id) != 0
    }
}
