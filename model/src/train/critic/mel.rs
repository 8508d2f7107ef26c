//! The ablation that listens: mel spectra of rendered sound in the place of piano rolls. The sound is a plain additive one, a few
//! partials that fade, as high ones do sooner: enough to say what is heard of notes, no instrument.

use engine::critic::roll::{COLUMN_TICKS, GROUP_COLUMNS, MOST_COLUMNS, N_OCTAVES};
use engine::{Note, Velocity};
use realfft::RealFftPlanner;

use super::views::Picture;

/// Bands of each of eight rows.
pub(super) const N_CHANNELS: usize = 12;
const N_BANDS: usize = N_OCTAVES * N_CHANNELS;
const SAMPLE_RATE: f32 = 11_025.0;
/// At 120 beats a minute.
const SAMPLES_PER_TICK: f32 = SAMPLE_RATE / 96.0;
const WINDOW: usize = 2048;
const N_PARTIALS: u8 = 6;
const RELEASE_SECONDS: f32 = 0.05;
/// The bands lie between these, evenly in mel.
const LOWEST_HZ: f32 = 55.0;
const HIGHEST_HZ: f32 = 5000.0;
/// Energies below are silence.
const FLOOR: f32 = 1e-4;

/// Log energies of mel bands, a column for each sixteenth from the start on; notes are moved by semitones.
pub(super) fn picture(notes: &[Note], [start, end]: [i64; 2], moved: i32, has_dynamics: bool) -> Picture {
    let end = if end == i64::MAX { notes.iter().map(Note::end_ticks).max().unwrap_or(start) } else { end };
    let n_columns = usize::try_from((end - start).div_euclid(COLUMN_TICKS)).unwrap_or(0);
    let n_columns = n_columns.clamp(1, MOST_COLUMNS).next_multiple_of(GROUP_COLUMNS);
    let sound = render(notes, start, n_columns, moved, has_dynamics);
    let fft = RealFftPlanner::<f32>::new().plan_fft_forward(WINDOW);
    let (mut spectrum, mut frame) = (fft.make_output_vec(), fft.make_input_vec());
    let bands = bands();
    let mut cells = vec![0.0; N_OCTAVES * n_columns * N_CHANNELS];
    for column in 0..n_columns {
        let from = samples(column_ticks(column));
        for (i, (to, sample)) in frame.iter_mut().zip(&sound[from..]).enumerate() {
            let phase = std::f32::consts::TAU * as_f32(i) / as_f32(WINDOW);
            *to = sample * (0.5 - 0.5 * phase.cos());
        }
        if fft.process(&mut frame, &mut spectrum).is_err() {
            continue;
        }
        for (band, edges) in bands.windows(3).enumerate() {
            let energy = band_energy(&spectrum, [edges[0], edges[1], edges[2]]);
            let (row, channel) = (band / N_CHANNELS, band % N_CHANNELS);
            cells[(row * n_columns + column) * N_CHANNELS + channel] = (energy.max(FLOOR) / FLOOR).ln() / 4.0;
        }
    }
    Picture::of(&cells, n_columns, N_CHANNELS)
}

fn band_energy(spectrum: &[realfft::num_complex::Complex<f32>], [low, middle, high]: [f32; 3]) -> f32 {
    let hz_per_bin = SAMPLE_RATE / as_f32(WINDOW);
    let share = |i: usize| {
        let hz = as_f32(i) * hz_per_bin;
        ((hz - low) / (middle - low)).min((high - hz) / (high - middle)).max(0.0)
    };
    let first = whole(low / hz_per_bin);
    let last = whole(high / hz_per_bin) + 1;
    let bins = spectrum.iter().enumerate().take(last + 1).skip(first);
    bins.map(|(i, value)| share(i) * value.norm_sqr()).sum::<f32>() / as_f32(WINDOW)
}

/// Edges and middles of all bands.
fn bands() -> Vec<f32> {
    let mel = |hz: f32| 2595.0 * (1.0 + hz / 700.0).log10();
    let (low, high) = (mel(LOWEST_HZ), mel(HIGHEST_HZ));
    let hz = |i: usize| {
        let mel = low + (high - low) * as_f32(i) / as_f32(N_BANDS + 1);
        700.0 * (10f32.powf(mel / 2595.0) - 1.0)
    };
    (0..N_BANDS + 2).map(hz).collect()
}

fn render(notes: &[Note], start: i64, n_columns: usize, moved: i32, has_dynamics: bool) -> Vec<f32> {
    let mut sound = vec![0.0; samples(column_ticks(n_columns)) + WINDOW];
    for note in notes {
        // What began before is heard only if it is a call that is too long, whose beginning is not drawn.
        let Ok(onset_ticks) = u32::try_from(note.onset_ticks - start) else { continue };
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let (onset_ticks, length_ticks) = (onset_ticks as f32, note.duration_ticks.min(4096) as f32);
        let (from, held) = (samples(onset_ticks), samples(length_ticks));
        let n = held + whole(RELEASE_SECONDS * SAMPLE_RATE);
        let velocity = if has_dynamics { note.velocity } else { Velocity::MEDIUM };
        let Ok(key) = i16::try_from(i32::from(note.pitch.get()) + moved) else { continue };
        let fundamental_hz = 440.0 * ((f32::from(key) - 69.0) / 12.0).exp2();
        for partial in 1..=N_PARTIALS {
            let (hz, nth) = (fundamental_hz * f32::from(partial), f32::from(partial));
            if hz > SAMPLE_RATE / 2.2 || from >= sound.len() {
                break;
            }
            add(&mut sound[from..], [hz, f32::from(velocity.get()) / 127.0 / nth, 1.0 + 0.8 * nth], n, held);
        }
    }
    sound
}

/// Adds a partial that fades at a rate a second, and faster once the key is up.
fn add(sound: &mut [f32], [hz, loudness, fading]: [f32; 3], n: usize, held: usize) {
    let (turn_sin, turn_cos) = (std::f32::consts::TAU * hz / SAMPLE_RATE).sin_cos();
    let keep = (-fading / SAMPLE_RATE).exp();
    let keep_up = (-5.0 / (RELEASE_SECONDS * SAMPLE_RATE)).exp();
    let (mut sin, mut cos, mut loudness) = (0.0f32, 1.0f32, loudness);
    for (i, sample) in sound.iter_mut().take(n).enumerate() {
        *sample += loudness * sin;
        (sin, cos) = (sin * turn_cos + cos * turn_sin, cos * turn_cos - sin * turn_sin);
        loudness *= if i < held { keep } else { keep_up };
    }
}

fn column_ticks(column: usize) -> f32 {
    as_f32(column) * 12.0
}

fn samples(ticks: f32) -> usize {
    whole(ticks * SAMPLES_PER_TICK)
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn as_f32(x: usize) -> f32 {
    x as f32
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small, not negative")]
fn whole(x: f32) -> usize {
    x as usize
}

#[cfg(test)]
mod tests {
    use engine::Pitch;

    use super::*;

    #[test]
    fn a_note_is_heard_in_its_band_while_it_lasts() {
        let note = |onset_ticks, key| Note {
            onset_ticks,
            duration_ticks: 96,
            pitch: Pitch::nearest(key),
            velocity: Velocity::MEDIUM,
        };
        let picture = picture(&[note(1000, 69)], [1000, 1192], 0, true);
        assert_eq!(picture.n_columns, GROUP_COLUMNS);
        let energies = |column: u16| -> Vec<f32> {
            let mut energies = vec![0.0; N_BANDS];
            let cells = picture.cells.iter().filter(|cell| cell.1 == column);
            cells.for_each(|&(row, _, channel, value)| energies[usize::from(row * 12 + channel)] = value);
            energies
        };
        let at = |energies: &[f32]| (0..N_BANDS).max_by(|&a, &b| energies[a].total_cmp(&energies[b])).unwrap();
        let loudest = bands()[at(&energies(2)) + 1];
        assert!((loudest - 440.0).abs() < 40.0, "{loudest} Hz");
        assert!(energies(12).iter().all(|&energy| energy < 0.1), "it is over");
    }
}
