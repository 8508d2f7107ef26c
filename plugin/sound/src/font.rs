//! The sound font, read once for all pianos that there are at a time.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use rustysynth::SoundFont;

use crate::PianoError;

static BYTES: &[u8] = include_bytes!("../font/piano.sf2");
static SHARED: Mutex<Weak<SoundFont>> = Mutex::new(Weak::new());

/// The font, which goes when the last piano does.
///
/// # Errors
/// If it is damaged.
pub(crate) fn shared() -> Result<Arc<SoundFont>, PianoError> {
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(font) = shared.upgrade() {
        return Ok(font);
    }
    let font = Arc::new(SoundFont::new(&mut &*BYTES).map_err(|_| PianoError::Font)?);
    *shared = Arc::downgrade(&font);
    Ok(font)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pianos_share_a_font_and_every_key_has_a_sample_to_the_left_and_to_the_right() {
        let font = shared().unwrap();
        assert!(Arc::ptr_eq(&font, &shared().unwrap()));
        let [preset] = font.get_presets() else { panic!("one preset") };
        let regions = font.get_instruments()[0].get_regions();
        for key in 0..128 {
            for velocity in 1..128 {
                let layers = preset.get_regions().iter().filter(|layer| layer.contains(key, velocity)).count();
                let mut sides: Vec<f32> = regions
                    .iter()
                    .filter(|region| region.contains(key, velocity))
                    .map(rustysynth::InstrumentRegion::get_pan)
                    .collect();
                sides.sort_by(f32::total_cmp);
                assert_eq!((layers, sides), (1, vec![-50.0, 50.0]), "key {key}, velocity {velocity}");
            }
        }
    }
}
