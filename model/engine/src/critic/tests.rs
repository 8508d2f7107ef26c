//! The critic's file, what it reads, and its scores.

use std::sync::Arc;

use super::roll::{Frame, GROUP_COLUMNS, MOST_COLUMNS, N_CHANNELS, Roll};
use super::*;
use crate::files::random::random_file as random_weights;
use crate::network::config::ModelConfig;
use crate::{Metre, Note, Pitch, Velocity};

const BARS: Metre = Metre::Bars { bar_line_ticks: 0, bar_ticks: 192 };

fn note(onset_ticks: i64, duration_ticks: u32, key: u8, velocity: u8) -> Note {
    Note { onset_ticks, duration_ticks, pitch: Pitch::nearest(key), velocity: Velocity::nearest(velocity) }
}

/// A tune in this key, of eighths, that grows louder.
fn tune(tonic: u8, from: i64, n: i64) -> Vec<Note> {
    let step = |i: i64| [0, 2, 4, 5, 7, 4, 5, 2, 4, 0, 7, 0][usize::try_from(i % 12).unwrap()];
    (0..n).map(|i| note(from + 24 * i, 24, tonic + step(i), 40 + u8::try_from(i % 20).unwrap() * 4)).collect()
}

fn session(config: CriticConfig) -> CriticSession {
    CriticSession::new(Arc::new(Critic::parse(&random_file(config, 3).unwrap()).unwrap()))
}

fn drawn(answer: &[Note], frame: &Frame, start: i64, end: i64) -> Roll {
    let mut roll = Roll::new();
    roll.draw_answer(frame, answer, start, end);
    roll
}

#[test]
fn notes_lie_on_the_roll_where_their_bar_and_their_degree_are() {
    let frame = Frame::of(&tune(62, 0, 16), BARS);
    assert_eq!(frame.moved, -2);
    // The D above middle C on the second beat, three ticks late, two and a quarter sixteenths long.
    let roll = drawn(&[note(192 + 48 + 3, 27, 62, 74)], &frame, 192 + 48, 2 * 192);
    assert_eq!(roll.n_columns(), GROUP_COLUMNS);
    let cell = |octave: usize, column: usize| &roll.cells()[(octave * GROUP_COLUMNS + column) * N_CHANNELS..][..4];
    let loudness = cell(4, 4)[2];
    assert_eq!(cell(4, 4), [1.0, 0.75, loudness, 0.25]);
    assert_eq!([5, 6, 7].map(|column| cell(4, column)[1]), [1.0, 0.5, 0.0]);
    assert!(cell(4, 5)[0] == 0.0 && loudness > 0.0);
    let sum: f32 = roll.cells().iter().sum();
    assert_eq!(sum, 1.0 + 2.25 + loudness + 0.25 + 8.0, "and a bar line in each octave; the end is on the next column");
}

#[test]
fn a_key_is_read_as_another_and_an_early_bar_as_a_late_one() {
    let mut session = session(CriticConfig::SHIPPED);
    let mut score = |up: u8, later: i64| {
        let moved =
            |notes: Vec<Note>| notes.into_iter().map(|n| Note { onset_ticks: n.onset_ticks + later, ..n }).collect();
        let (call, answer): (Vec<Note>, Vec<Note>) = (moved(tune(60 + up, 0, 16)), moved(tune(60 + up, 384, 14)));
        session.hear(&call, Metre::Bars { bar_line_ticks: later, bar_ticks: 192 }, "Folk");
        session.logit(&answer, 384 + later, 768 + later)
    };
    let first = score(0, 0);
    assert_eq!([(2, 0), (0, 192), (5, -1_000_000_007), (0, 7)].map(|(up, later)| score(up, later)), [first; 4]);
    assert_ne!(score(7, 0), first, "an octave lower beside its tonic");
}

#[test]
fn what_says_nothing_of_dynamics_is_read_without_them() {
    let flat = |notes: Vec<Note>| -> Vec<Note> {
        notes.into_iter().map(|n| Note { velocity: Velocity::MEDIUM, ..n }).collect()
    };
    let mut session = session(CriticConfig::TINY);
    session.hear(&flat(tune(60, 0, 16)), BARS, "");
    assert_eq!(session.logit(&tune(60, 384, 16), 384, 768), session.logit(&flat(tune(60, 384, 16)), 384, 768));
    session.hear(&tune(60, 0, 16), BARS, "");
    assert_ne!(session.logit(&tune(60, 384, 16), 384, 768), session.logit(&flat(tune(60, 384, 16)), 384, 768));
}

#[test]
fn the_order_of_notes_and_earlier_calls_leave_no_trace() {
    let mut session = session(CriticConfig::TINY);
    let (call, mut answer) = (tune(65, 0, 40), tune(65, 960, 33));
    session.hear(&call, BARS, "Folk");
    let first = session.score(&answer, 960, 1920);
    session.hear(&tune(61, 0, 90), Metre::Free, "");
    let _ = session.score(&tune(61, 2000, 200), 2000, i64::MAX);
    session.hear(&call.into_iter().rev().collect::<Vec<_>>(), BARS, "Folk");
    answer.reverse();
    assert_eq!(session.logit(&answer, 960, 1920) + session.rules(&tune(65, 960, 33)), first);
}

#[test]
fn the_end_of_a_long_call_is_heard() {
    let frame = Frame::of(&tune(60, 0, 16), BARS);
    let long = tune(60, 0, 200);
    let (mut roll, mut end) = (Roll::new(), Roll::new());
    roll.draw_call(&frame, &long);
    let heard = long.iter().filter(|n| n.onset_ticks >= 200 * 24 - 7 * 192).copied().collect::<Vec<_>>();
    end.draw_call(&frame, &heard);
    assert_eq!(roll.n_columns(), MOST_COLUMNS);
    let last = |roll: &Roll| -> Vec<f32> {
        let n = roll.n_columns();
        (0..8)
            .flat_map(|row| roll.cells()[(row * n + n - 3 * 16) * N_CHANNELS..(row + 1) * n * N_CHANNELS].to_vec())
            .collect()
    };
    assert_eq!(last(&roll), last(&end));
}

/// The bits of scores by the untrained critics, which must never change: every machine and every width of vectors gives these.
const GOLDEN: [u32; 4] = [1_037_839_781, 1_038_251_354, 1_013_878_990, 1_011_349_862];

#[test]
fn scores_never_change() {
    let scores = [CriticConfig::TINY, CriticConfig::SHIPPED].map(|config| {
        let mut session = session(config);
        session.hear(&tune(57, 0, 30), BARS, "Folk");
        [session.score(&tune(57, 768, 29), 768, 1536), session.score(&tune(45, 790, 50), 768, i64::MAX)]
    });
    assert_eq!(scores.as_flattened().iter().map(|score| score.to_bits()).collect::<Vec<_>>(), GOLDEN);
}

#[test]
fn any_notes_have_a_score() {
    let mut session = session(CriticConfig::TINY);
    let far = [i64::MIN, -1, 0, i64::MAX - 5_000_000_000, i64::MAX];
    let wild: Vec<Note> = far.iter().map(|&ticks| note(ticks, u32::MAX, 127, 127)).collect();
    let metres = [
        Metre::Free,
        Metre::Bars { bar_line_ticks: i64::MIN, bar_ticks: 0 },
        Metre::Bars { bar_line_ticks: i64::MAX, bar_ticks: 1 },
        Metre::Bars { bar_line_ticks: 0, bar_ticks: u32::MAX },
    ];
    for metre in metres {
        for call in [&[][..], &wild, &wild[2..3]] {
            session.hear(call, metre, "\u{0}");
            for start in far {
                for end in far {
                    for answer in [&[][..], &wild, &wild[2..3]] {
                        assert!(session.score(answer, start, end).is_finite());
                    }
                }
            }
        }
    }
}

#[test]
fn a_file_gives_back_what_was_written() {
    let file = random_file(CriticConfig::TINY, 9).unwrap();
    let critic = Critic::parse(&file).unwrap();
    let mut tensors = critic.tensors().into_iter();
    let again = write(critic.header(), &mut |shape| {
        let (found, values) = tensors.next().unwrap();
        assert_eq!(found, *shape);
        Ok::<_, CriticError>(values)
    });
    assert_eq!(again.unwrap(), file, "8 bits are 8 bits again");
    assert_eq!(critic.style_index("Folk"), 1);
    assert_eq!(critic.style_index("Polka"), 0);
}

#[test]
fn the_shipped_size_is_small() {
    let n_parameters = CriticConfig::SHIPPED.n_parameters(24);
    assert!(n_parameters <= 300_000, "{n_parameters}");
}

#[test]
fn damaged_files_are_refused() {
    let file = random_file(CriticConfig::TINY, 1).unwrap();
    for n in [0, 7, 15, 16, 100, file.len() - 1] {
        assert!(Critic::parse(&file[..n]).is_err(), "{n} bytes");
    }
    let longer = [&file[..], &[0]].concat();
    assert!(matches!(Critic::parse(&longer), Err(CriticError(WeightsError::TooLong { .. }))));
    for at in (0..file.len()).step_by(13) {
        let mut damaged = file.clone();
        damaged[at] ^= 0x10;
        assert!(Critic::parse(&damaged).is_err(), "byte {at}");
    }
    let weights = random_weights(ModelConfig::TINY, Precision::Q8, 1).unwrap();
    let error = Critic::parse(&weights).unwrap_err();
    assert!(error.to_string().contains("this is no critic"), "{error}");
}

#[test]
fn headers_that_lie_are_refused_before_anything_is_allocated() {
    let sound = random_file(CriticConfig::TINY, 1).unwrap();
    let header = Critic::parse(&sound).unwrap().header;
    let check = |change: fn(&mut CriticHeader), why: &str| {
        let mut header = header.clone();
        change(&mut header);
        let file = container::seal(container::begin(MAGIC, &header).unwrap());
        let error = Critic::parse(&file).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    };
    check(|header| header.config.widths[2] = usize::MAX, "must be 1 to");
    check(|header| header.config.hidden = 0, "must be 1 to");
    check(|header| header.styles.clear(), "0 styles");
    check(|header| header.styles = vec![String::new(); 300], "300 styles");
    check(|header| header.rule_weight = 1e9, "rules weigh");
    check(|header| header.config.widths[0] = 256, "ends early");
}
