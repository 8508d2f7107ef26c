//! Writes a sound font of one instrument, as "SoundFont Technical Specification" 2.04 has it (sections 4 to 8).

use anyhow::{Context, Result};

/// Silence behind each sample, and what is played of a loop again before it (sections 6.1 and 7.10).
const N_SILENT: usize = 46;
const N_REPEATED: usize = 8;

/// One instrument, and a preset that plays it.
pub(crate) struct Font {
    pub(crate) name: &'static str,
    pub(crate) copyright: &'static str,
    pub(crate) comments: &'static str,
    pub(crate) layers: Vec<Layer>,
    pub(crate) zones: Vec<Zone>,
}

/// What strengths of a key add to the instrument's generators.
pub(crate) struct Layer {
    pub(crate) velocities: [i32; 2],
    pub(crate) generators: Vec<(Generator, i32)>,
}

/// A sample, and the keys that play it.
pub(crate) struct Zone {
    pub(crate) keys: [i32; 2],
    pub(crate) generators: Vec<(Generator, i32)>,
    pub(crate) sample: Sample,
}

/// A sound that goes on from `loop_start` when it is over.
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) rate_hz: i32,
    pub(crate) loop_start: usize,
    /// In steps of 16 bits.
    pub(crate) data: Vec<f64>,
}

/// The numbers of section 8.1.2.
#[derive(Clone, Copy)]
pub(crate) enum Generator {
    CutoffCents = 8,
    Pan = 17,
    HoldTimecents = 35,
    DecayTimecents = 36,
    SustainCentibels = 37,
    ReleaseTimecents = 38,
    Instrument = 41,
    Keys = 43,
    Velocities = 44,
    SampleId = 53,
    SampleModes = 54,
    RootKey = 58,
}

impl Font {
    /// # Errors
    /// When a number does not fit into its field.
    pub(crate) fn write(&self) -> Result<Vec<u8>> {
        let mut samples = Vec::new();
        let mut headers = Vec::new();
        for zone in &self.zones {
            headers.extend(zone.sample.write(&mut samples)?);
        }
        headers.extend(named("EOS", &[0; 26]));

        let layers = self.layers.iter().map(|layer| {
            let mut all = vec![(Generator::Velocities, range(layer.velocities))];
            all.extend(&layer.generators);
            all.push((Generator::Instrument, 0));
            all
        });
        let zones = self.zones.iter().enumerate().map(|(i, zone)| {
            let mut all = vec![(Generator::Keys, range(zone.keys))];
            all.extend(&zone.generators);
            all.push((Generator::SampleId, i32::try_from(i).unwrap_or(i32::MAX)));
            all
        });
        let (pbag, pgen) = bags(layers)?;
        let (ibag, igen) = bags(zones)?;
        // Program, bank, first zone, and three numbers that mean nothing.
        let preset = |first: usize| {
            Ok::<_, anyhow::Error>([&[0; 4], &u16::try_from(first)?.to_le_bytes()[..], &[0; 12]].concat())
        };
        let phdr = [named(self.name, &preset(0)?), named("EOP", &preset(self.layers.len())?)].concat();
        let n_zones = u16::try_from(self.zones.len())?.to_le_bytes();
        let inst = [named(self.name, &[0; 2]), named("EOI", &n_zones)].concat();

        let info = [
            chunk(b"ifil", &[2, 0, 4, 0]),
            chunk(b"isng", &text("EMU8000")),
            chunk(b"INAM", &text(self.name)),
            chunk(b"ICOP", &text(self.copyright)),
            chunk(b"ICMT", &text(self.comments)),
        ];
        let modulators = [0; 10];
        let hydra = [
            chunk(b"phdr", &phdr),
            chunk(b"pbag", &pbag),
            chunk(b"pmod", &modulators),
            chunk(b"pgen", &pgen),
            chunk(b"inst", &inst),
            chunk(b"ibag", &ibag),
            chunk(b"imod", &modulators),
            chunk(b"igen", &igen),
            chunk(b"shdr", &headers),
        ];
        let lists = [
            list(b"LIST", b"INFO", &info.concat()),
            list(b"LIST", b"sdta", &chunk(b"smpl", &samples)),
            list(b"LIST", b"pdta", &hydra.concat()),
        ];
        Ok(list(b"RIFF", b"sfbk", &lists.concat()))
    }
}

impl Sample {
    /// Adds the sample to the others; its header.
    fn write(&self, samples: &mut Vec<u8>) -> Result<Vec<u8>> {
        let again = (0..N_REPEATED).map(|i| self.data[self.loop_start + i % (self.data.len() - self.loop_start)]);
        let place = |within: usize| u32::try_from(samples.len() / 2 + within).context("too many samples");
        let end = self.data.len();
        let places = [place(0)?, place(end + N_REPEATED)?, place(self.loop_start)?, place(end)?];
        let mut header: Vec<u8> = places.iter().flat_map(|place| place.to_le_bytes()).collect();
        header.extend(u32::try_from(self.rate_hz)?.to_le_bytes());
        // A pitch that each zone overrides, no correction, no sample that belongs to it, and mono.
        header.extend([60, 0, 0, 0, 1, 0]);
        let silence = std::iter::repeat_n(0.0, N_SILENT);
        for value in self.data.iter().copied().chain(again).chain(silence) {
            #[expect(clippy::cast_possible_truncation, reason = "it saturates")]
            let value = value.round() as i16;
            samples.extend(value.to_le_bytes());
        }
        Ok(named(&self.name, &header))
    }
}

/// Zones, and all their generators; both end with one that says where the last ends.
fn bags(zones: impl Iterator<Item = Vec<(Generator, i32)>>) -> Result<(Vec<u8>, Vec<u8>)> {
    let (mut bag, mut generators) = (Vec::new(), Vec::new());
    let begin = |bag: &mut Vec<u8>, generators: &[u8]| {
        bag.extend(u16::try_from(generators.len() / 4)?.to_le_bytes());
        bag.extend([0; 2]);
        Ok::<_, anyhow::Error>(())
    };
    for zone in zones {
        begin(&mut bag, &generators)?;
        for (generator, value) in zone {
            generators.extend((generator as u16).to_le_bytes());
            generators.extend(i16::try_from(value).context("a generator is out of range")?.to_le_bytes());
        }
    }
    begin(&mut bag, &generators)?;
    generators.extend([0; 4]);
    Ok((bag, generators))
}

/// Two numbers of 8 bits in one of 16.
fn range([first, last]: [i32; 2]) -> i32 {
    last << 8 | first
}

/// A name of 20 bytes, and what follows it.
fn named(name: &str, rest: &[u8]) -> Vec<u8> {
    let mut bytes: Vec<u8> = name.bytes().take(19).collect();
    bytes.resize(20, 0);
    [&bytes, rest].concat()
}

/// Ends with one zero or two, so that its length is even.
fn text(text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    bytes.resize((bytes.len() + 2) / 2 * 2, 0);
    bytes
}

fn chunk(id: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
    [id, &length.to_le_bytes()[..], data].concat()
}

fn list(id: &[u8; 4], kind: &[u8; 4], chunks: &[u8]) -> Vec<u8> {
    chunk(id, &[kind, chunks].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let data = [0.0, 1.4, -2.6, 40_000.0].to_vec();
        let sample = |name: &str| Sample { name: name.into(), rate_hz: 16_001, loop_start: 1, data: data.clone() };
        let zone = |keys, name| Zone {
            keys,
            generators: vec![(Generator::Pan, -500), (Generator::RootKey, 70), (Generator::HoldTimecents, 1200)],
            sample: sample(name),
        };
        let layer = |velocities, cents| Layer { velocities, generators: vec![(Generator::CutoffCents, cents)] };
        let font = Font {
            name: "Two notes",
            copyright: "none",
            comments: "odd",
            layers: vec![layer([0, 64], -1200), layer([65, 127], 0)],
            zones: vec![zone([0, 59], "low"), zone([60, 127], "high")],
        };
        let written = font.write().unwrap();
        let read = rustysynth::SoundFont::new(&mut written.as_slice()).unwrap();
        let preset = &read.get_presets()[0];
        assert_eq!((preset.get_name(), preset.get_patch_number(), preset.get_bank_number()), ("Two notes", 0, 0));
        let layers: Vec<bool> = preset.get_regions().iter().map(|layer| layer.contains(60, 65)).collect();
        assert_eq!(layers, [false, true]);
        let regions = read.get_instruments()[0].get_regions();
        assert_eq!((regions.len(), regions[1].get_root_key(), regions[1].get_key_range_start()), (2, 70, 60));
        assert!((regions[1].get_hold_volume_envelope() - 2.0).abs() < 1e-4);
        assert_eq!((regions[1].get_sample_start(), regions[1].get_sample_start_loop()), (58, 59));
        assert_eq!(&read.get_wave_data()[58..68], &[0, 1, -3, 32767, 1, -3, 32767, 1, -3, 32767]);
        assert_eq!(read.get_sample_headers()[1].get_sample_rate(), 16_001);
    }
}
