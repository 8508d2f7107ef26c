//! Scenes as sound: one piano, equally loud, equally long.
//!
//! Loudness is that of EBU R 128 (ITU-R BS.1770), for the call and each answer, since of two answers the louder one is liked better.

use anyhow::{Result, anyhow};
use ebur128::{EbuR128, Mode};
use flacenc::component::BitRepr;
use flacenc::error::Verify;
use music::{Note, Part, Score, TICKS_PER_BEAT, TimeSignature};

use super::scenes::Scene;

/// Half of it is the highest frequency, 11 kHz: a piano has little above.
const RATE_HZ: u32 = 22_050;
const RATE: f64 = 22_050.0;
/// After the last note, in which all fades.
const TAIL_SECONDS: f64 = 1.5;
/// Of each clip: loud enough, and seldom a peak beyond full scale.
const LOUDNESS_LUFS: f64 = -23.0;
/// What call and answer together may reach, of full scale.
const MOST_PEAK: f32 = 0.9;
const BITS: usize = 16;

/// Ticks that pass in a second.
pub(super) fn ticks_per_second(bpm: f64) -> f64 {
    bpm / 60.0 * f64::from(TICKS_PER_BEAT)
}

/// A scene as FLAC files of one channel.
#[derive(Debug)]
pub(super) struct Sounds {
    pub(super) call: Vec<u8>,
    pub(super) answers: [Vec<u8>; 2],
    /// When an answer begins, after the call has begun.
    pub(super) answer_at_seconds: f64,
    /// From when the answer begins until nothing of it sounds.
    pub(super) answer_seconds: f64,
}

impl Sounds {
    /// The call and one answer.
    pub(super) fn seconds(&self) -> f64 {
        self.answer_at_seconds + self.answer_seconds
    }

    pub(super) fn n_bytes(&self) -> usize {
        self.call.len() + self.answers.iter().map(Vec::len).sum::<usize>()
    }
}

/// Renders a scene.
pub(super) fn sound(scene: &Scene) -> Result<Sounds> {
    let Scene { from_ticks, start_ticks, end_ticks, bpm, .. } = *scene;
    let mut call = clip(&scene.call, (from_ticks, start_ticks), bpm)?;
    let mut answers = [Vec::new(), Vec::new()];
    for (samples, notes) in answers.iter_mut().zip(&scene.answers) {
        *samples = clip(notes, (start_ticks, end_ticks), bpm)?;
    }
    let begins = sample(seconds(start_ticks - from_ticks, bpm));
    // All three alike, if one would clip.
    let peak = answers.iter().map(|answer| peak_together(&call, answer, begins)).fold(0.0, f32::max);
    let gain = (MOST_PEAK / peak.max(MOST_PEAK)).min(1.0);
    call.iter_mut().chain(answers.iter_mut().flatten()).for_each(|sample| *sample *= gain);
    let [one, other] = &answers;
    Ok(Sounds {
        call: flac(&call)?,
        answers: [flac(one)?, flac(other)?],
        answer_at_seconds: seconds(start_ticks - from_ticks, bpm),
        answer_seconds: seconds(end_ticks - start_ticks, bpm) + TAIL_SECONDS,
    })
}

fn seconds(ticks: i64, bpm: f64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "music is shorter than 2^52 ticks")]
    let ticks = ticks.max(0) as f64;
    ticks / ticks_per_second(bpm)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some seconds")]
fn sample(seconds: f64) -> usize {
    (seconds * RATE).round() as usize
}

/// Notes from one tick to another and a tail, equally loud.
fn clip(notes: &[Note], (from_ticks, to_ticks): (i64, i64), bpm: f64) -> Result<Vec<f32>> {
    let moved = |note: &Note| Note { onset_ticks: note.onset_ticks - from_ticks, ..*note };
    let part = Part::new("", notes.iter().map(moved).collect());
    let score = Score::new(bpm, TimeSignature::COMMON).with_part(part);
    let [left, right] = piano::render(&score, RATE_HZ)?;
    let mut samples: Vec<f32> = left.iter().zip(&right).map(|(left, right)| 0.5 * (left + right)).collect();
    let (n, n_tail) = (sample(seconds(to_ticks - from_ticks, bpm) + TAIL_SECONDS), sample(TAIL_SECONDS));
    samples.resize(n, 0.0);
    let tail = samples.iter_mut().rev().zip(0_u16..).take(n_tail);
    #[expect(clippy::cast_precision_loss, reason = "of a second and a half")]
    tail.for_each(|(sample, before_end)| *sample *= f32::from(before_end) / n_tail as f32);
    let gain = loudness_lufs(&samples)?.map_or(1.0, |lufs| 10_f64.powf((LOUDNESS_LUFS - lufs) / 20.0));
    #[expect(clippy::cast_possible_truncation, reason = "a gain")]
    samples.iter_mut().for_each(|sample| *sample *= gain as f32);
    Ok(samples)
}

/// None where nothing is heard.
fn loudness_lufs(samples: &[f32]) -> Result<Option<f64>> {
    let mut meter = EbuR128::new(1, RATE_HZ, Mode::I)?;
    meter.add_frames_f32(samples)?;
    Ok(Some(meter.loudness_global()?).filter(|lufs| lufs.is_finite()))
}

/// The highest sample of a call and an answer that begins at a sample of it.
fn peak_together(call: &[f32], answer: &[f32], begins: usize) -> f32 {
    let at = |i: usize| {
        let answer = i.checked_sub(begins).and_then(|i| answer.get(i));
        (call.get(i).unwrap_or(&0.0) + answer.unwrap_or(&0.0)).abs()
    };
    (0..call.len().max(begins + answer.len())).map(at).fold(0.0, f32::max)
}

/// As a file of 16 bits.
fn flac(samples: &[f32]) -> Result<Vec<u8>> {
    #[expect(clippy::cast_possible_truncation, reason = "16 bits")]
    let samples: Vec<i32> = samples.iter().map(|sample| (sample.clamp(-1.0, 1.0) * 32_767.0).round() as i32).collect();
    let failed = |why: &dyn std::fmt::Display| anyhow!("cannot encode sound: {why}");
    let config = flacenc::config::Encoder::default().into_verified().map_err(|(_, why)| failed(&why))?;
    let source = flacenc::source::MemSource::from_samples(&samples, 1, BITS, RATE_HZ as usize);
    let stream =
        flacenc::encode_with_fixed_block_size(&config, source, config.block_size).map_err(|why| failed(&why))?;
    let mut file = flacenc::bitsink::ByteSink::new();
    stream.write(&mut file).map_err(|why| failed(&why))?;
    Ok(file.into_inner())
}

#[cfg(test)]
mod tests {
    use music::Velocity;

    use super::*;
    use crate::judge::features::tests::tune;

    /// A bar of quarters at each of two strengths, after a bar.
    fn scene() -> Scene {
        let with = |notes: Vec<Note>, velocity: u8| {
            notes.into_iter().map(|note| Note { velocity: Velocity::nearest(velocity), ..note }).collect()
        };
        let answer = || tune(&[67, 65, 64, 62], 192, 48);
        Scene {
            call: tune(&[60, 62, 64, 65], 0, 48),
            answers: [with(answer(), 30), with(answer(), 110)],
            from_ticks: 0,
            start_ticks: 192,
            end_ticks: 384,
            bpm: 120.0,
            piece: String::new(),
            style: String::new(),
        }
    }

    #[test]
    fn soft_and_loud_answers_are_equally_loud_and_long() {
        let Scene { answers, .. } = scene();
        let [soft, loud] = answers.map(|notes| clip(&notes, (192, 384), 120.0).unwrap());
        assert_eq!(soft.len(), loud.len());
        assert_eq!(soft.len(), sample(2.0 + TAIL_SECONDS));
        for samples in [&soft, &loud] {
            let lufs = loudness_lufs(samples).unwrap().unwrap();
            assert!((lufs - LOUDNESS_LUFS).abs() < 0.1, "{lufs}");
            assert!(samples[samples.len() - 1].abs() < 1e-6, "it ends in silence");
            assert!(samples[..samples.len() / 2].iter().any(|sample| sample.abs() > 0.05));
        }
        let silence = clip(&[], (0, 192), 120.0).unwrap();
        assert!(silence.iter().all(|sample| sample.abs() < 1e-9), "an answer of no notes is silence");
    }

    #[test]
    fn a_scene_becomes_files_that_say_what_they_are() {
        let sounds = sound(&scene()).unwrap();
        assert!((sounds.answer_at_seconds - 2.0).abs() < 1e-9 && (sounds.seconds() - 5.5).abs() < 1e-9);
        for file in [&sounds.call, &sounds.answers[0], &sounds.answers[1]] {
            assert_eq!(&file[..4], b"fLaC");
            let n_raw = 2 * sample(2.0 + TAIL_SECONDS);
            assert!(file.len() < n_raw * 7 / 10, "{} of {n_raw}", file.len());
            // STREAMINFO: 20 bits of rate, 3 of channels less one, 5 of bits less one, 36 of samples.
            let info = u64::from_be_bytes(file[18..26].try_into().unwrap());
            assert_eq!((info >> 44, info >> 41 & 7, info >> 36 & 31), (RATE_HZ.into(), 0, 15));
            assert_eq!(info & 0xF_FFFF_FFFF, sample(2.0 + TAIL_SECONDS) as u64);
        }
    }
}
