//! The weights that are built into the plugin.

use std::sync::{Arc, OnceLock};

use engine::{Header, Weights, WeightsError};

use super::model_library;

static FILE: &[u8] = include_bytes!("../../../model/weights/nano.antiphon");

/// The weights, read once for all instances. The first call takes a moment: it belongs on a worker thread.
///
/// # Errors
/// A sentence that says what is wrong with them.
pub(crate) fn load() -> Result<Arc<Weights>, String> {
    static WEIGHTS: OnceLock<Result<Arc<Weights>, String>> = OnceLock::new();
    WEIGHTS.get_or_init(|| Weights::parse(FILE).map(Arc::new).map_err(damaged)).clone()
}

fn damaged(error: WeightsError) -> String {
    // Its own advice is for files that the user has chosen.
    format!("Install Antiphon again: the model inside it cannot be used, since {}", error.cause())
}

/// Their checksum, in hexadecimal: packs belong to weights of one.
pub(crate) fn checksum() -> String {
    model_library::checksum(FILE)
}

/// Names of the styles, from the file's header, which is quick to read; none if it cannot be read.
pub(crate) fn styles() -> &'static [String] {
    static STYLES: OnceLock<Vec<String>> = OnceLock::new();
    STYLES.get_or_init(|| Header::peek(FILE).map_or_else(|_| Vec::new(), |header| header.styles))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_that_cannot_be_used_say_what_to_do() {
        let text = damaged(WeightsError::Checksum);
        assert!(
            text.starts_with("Install Antiphon again: ") && text.ends_with("(its checksum does not match)"),
            "{text}"
        );
    }

    #[test]
    fn the_shipped_weights_can_be_played_and_name_their_styles() {
        let weights = load().unwrap();
        assert_eq!(styles(), weights.header().styles);
        assert!(styles().len() > 1);
    }
}
