//! Cuts the piano out of a large sound font: `cargo run -p piano --example cut_font -- FluidR3_GM.sf2 plugin/sound/font/piano.sf2`.
//!
//! What is left out: all other instruments; the lowest of the piano's 20 samples, whose keys the next one plays; and of the samples
//! up to A#5 the highest octave, where next to nothing is: they are kept at half the rate. The source has one strength of each
//! sample; here a softer key is duller too, which players of sound fonts without modulators would miss.
//!
//! Reading order: `resample` halves rates, and `sf2` writes the file; what is kept is said here.
#![forbid(unsafe_code)]

mod resample;
mod sf2;

use std::fs::File;
use std::io::BufReader;

use anyhow::{Context, Result, ensure};
use rustysynth::{InstrumentRegion, Preset, SoundFont};
use sf2::{Font, Generator, Layer, Sample, Zone};

/// Roots up to here are kept at half the rate: of A#5, -53 dB lie above 8 kHz.
const LAST_HALVED_ROOT: i32 = 70;
/// Softest to hardest, this many cents are added to the cutoff frequency: the source's own is that of a medium key.
const SOFT_TO_HARD_CENTS: i32 = 2000;
/// The source keeps its cutoff this far down, by an envelope that never moves.
const SOURCE_CUTOFF_CENTS: i32 = -1000;
/// Peaks of full scale would clip when their rate is halved.
const SCALE: f64 = 0.95;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(from), Some(to)) = (arguments.next(), arguments.next()) else {
        anyhow::bail!("give the sound font to cut, and the file to write");
    };
    let file = File::open(&from).with_context(|| format!("cannot open {from}"))?;
    let source = SoundFont::new(&mut BufReader::new(file)).with_context(|| format!("cannot read {from}"))?;
    let font = cut(&source)?.write()?;
    std::fs::write(&to, &font).with_context(|| format!("cannot write {to}"))?;
    println!("{to}: {} bytes", font.len());
    Ok(())
}

/// The piano of a General MIDI sound font.
fn cut(source: &SoundFont) -> Result<Font> {
    let is_piano = |preset: &&Preset| preset.get_bank_number() == 0 && preset.get_patch_number() == 0;
    let preset = source.get_presets().iter().find(is_piano).context("it has no piano: no preset 0 in bank 0")?;
    let layers = preset.get_regions();
    let instrument = layers.first().context("its piano has no layers")?.get_instrument_id();
    ensure!(
        layers.iter().all(|layer| layer.get_instrument_id() == instrument),
        "its piano has several instruments; this cutter knows one"
    );
    let layers = layers.iter().map(|layer| {
        let velocities = [layer.get_velocity_range_start(), layer.get_velocity_range_end()];
        let middle = i32::midpoint(velocities[0], velocities[1]);
        let cutoff_cents = SOFT_TO_HARD_CENTS * middle / 127 - SOFT_TO_HARD_CENTS;
        let release = timecents(layer.get_release_volume_envelope());
        let generators = vec![(Generator::CutoffCents, cutoff_cents), (Generator::ReleaseTimecents, release)];
        Layer { velocities, generators }
    });
    let layers = layers.collect();
    let mut regions: Vec<&InstrumentRegion> = source.get_instruments()[instrument].get_regions().iter().collect();
    regions.retain(|region| region.get_key_range_start() > 0);
    let lowest = regions.iter().map(|region| region.get_key_range_start()).min().context("its piano has no samples")?;
    let zones = regions.iter().map(|region| {
        let first_key = region.get_key_range_start();
        let keys = [if first_key == lowest { 0 } else { first_key }, region.get_key_range_end()];
        // The highest goes on for keys that no piano has.
        let keys = if keys[1] == 108 { [keys[0], 127] } else { keys };
        let generators = vec![
            (Generator::Pan, rounded(region.get_pan() * 10.0)),
            (Generator::CutoffCents, cents(region.get_initial_filter_cutoff_frequency())),
            (Generator::HoldTimecents, timecents(region.get_hold_volume_envelope())),
            (Generator::DecayTimecents, timecents(region.get_decay_volume_envelope())),
            (Generator::SustainCentibels, rounded(region.get_sustain_volume_envelope() * 10.0)),
            (Generator::ReleaseTimecents, timecents(region.get_release_volume_envelope())),
            (Generator::RootKey, region.get_root_key()),
            // It loops.
            (Generator::SampleModes, 1),
        ];
        Ok(Zone { keys, generators, sample: sample(source, region)? })
    });
    Ok(Font {
        name: "Antiphon piano",
        copyright: "Copyright (c) 2000-2002, 2008 Frank Wen. MIT licence.",
        comments: "The piano of Fluid (R3), cut for Antiphon. The notice lies beside this file.",
        layers,
        zones: zones.collect::<Result<_>>()?,
    })
}

/// From its start to the end of its loop.
fn sample(source: &SoundFont, region: &InstrumentRegion) -> Result<Sample> {
    let header = &source.get_sample_headers()[region.get_sample_id()];
    let place = |at: i32| usize::try_from(at).context("a sample begins before the first one");
    let (start, end) = (place(region.get_sample_start())?, place(region.get_sample_end_loop())?);
    let loop_start = place(region.get_sample_start_loop())?.checked_sub(start).context("a loop begins too early")?;
    let data: Vec<f64> = source.get_wave_data()[start..end].iter().map(|&value| f64::from(value) * SCALE).collect();
    ensure!(loop_start < data.len(), "a sample has no loop");
    let whole = Sample { name: header.get_name().into(), rate_hz: header.get_sample_rate(), loop_start, data };
    Ok(if region.get_root_key() <= LAST_HALVED_ROOT { resample::halve(&whole) } else { whole })
}

/// Of the source's cutoff frequency.
fn cents(hertz: f32) -> i32 {
    rounded(1200.0 * (hertz / 8.176).log2()) + SOURCE_CUTOFF_CENTS + SOFT_TO_HARD_CENTS / 2
}

fn timecents(seconds: f32) -> i32 {
    rounded(1200.0 * seconds.log2())
}

#[expect(clippy::cast_possible_truncation, reason = "generators are 16 bits wide, and `sf2` refuses what is wider")]
fn rounded(value: f32) -> i32 {
    value.round() as i32
}
