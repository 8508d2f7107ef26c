//! What is shown of how the notes were understood.

use super::*;
use crate::timeline::{Bars, History, Line, LineKind, Roll, TimelineEvent, Who};

/// Plays to the planner and to the history, as the performer does, and lets both know of each other.
fn play(planner: &mut Planner, history: &mut History, messages: impl IntoIterator<Item = ToWorker>, bars: Bars) {
    let mut keys: Vec<(u32, u8)> = Vec::new();
    for message in messages {
        let at = |ticks: i64, parts: i8| ticks * PARTS_PER_TICK + i64::from(parts);
        let event = match message {
            ToWorker::On { ticks, parts, key, velocity, strike, .. } => {
                keys.push((strike, key));
                Some((ticks, TimelineEvent::CallOn { parts: at(ticks, parts), key, velocity }))
            }
            ToWorker::Off { ticks, parts, strike } => {
                let key = keys.iter().rfind(|(known, _)| *known == strike).unwrap().1;
                Some((ticks, TimelineEvent::CallOff { parts: at(ticks, parts), key }))
            }
            _ => None,
        };
        if let Some((ticks, event)) = event {
            history.drain([event].into_iter(), ticks, bars, 120.0, 0);
        }
        tell(planner, [message]);
        while let Some(insight) = planner.take_insight() {
            history.learn(insight);
        }
    }
}

/// Where each note of the player was played, where it is written and how long, in parts of a tick.
fn written(roll: &Roll) -> Vec<(i64, i64, Option<i64>)> {
    let of_player = roll.notes.iter().filter(|note| note.who == Who::Player);
    of_player
        .map(|note| {
            let written = note.written.unwrap_or_else(|| panic!("{:?} is not understood", note.span));
            (note.span.on_parts, written.on_parts, written.length_parts)
        })
        .collect()
}

fn lines(roll: &Roll, kind: LineKind) -> Vec<i64> {
    let mut lines: Vec<i64> =
        roll.lines.iter().filter(|line: &&Line| line.kind == kind).map(|line| line.at_parts).collect();
    lines.sort_unstable();
    lines
}

#[test]
fn by_the_songs_beat_each_note_is_shown_where_it_is_written_beside_how_it_was_played() {
    let (mut planner, mut history) = (planner(), History::default());
    let four = Bars { line_ticks: 0, length_ticks: 192 };
    // Two beats of eighths, one of triplets, and a quarter that is held short: early, late and uneven.
    let score = [(0, 24), (24, 24), (48, 24), (72, 24), (96, 16), (112, 16), (128, 16), (144, 48), (192, 48)];
    let uneven = [20, -30, 11, 25, -18, 9, -12, 30, -5];
    let press = |((ticks, length), late): (&(i64, i64), &i64), number: u8| {
        let on_parts = (192 + ticks) * PARTS_PER_TICK + late;
        press((on_parts, on_parts + length * PARTS_PER_TICK * 4 / 5), 60 + number, 80, number.into())
    };
    let hands = score.iter().zip(&uneven).zip(0..).flat_map(|(note, number)| press(note, number));
    let messages: Vec<ToWorker> = [bars(0)].into_iter().chain(hands).chain([begin(1, 480, 192)]).collect();
    play(&mut planner, &mut history, messages, four);
    let roll = history.roll(400, 200);
    let shown = written(&roll);
    for ((ticks, length), (i, (played, at, long))) in score.iter().zip(shown.iter().enumerate()) {
        assert_eq!(*at, (192 + ticks) * PARTS_PER_TICK, "note {i} was played at {played}");
        if i + 1 < score.len() {
            assert_eq!(*long, Some(length * PARTS_PER_TICK), "note {i}");
        }
        assert_eq!(played - at, uneven[i], "and is drawn as it was played");
    }
    let in_ticks = |lines: Vec<i64>| lines.into_iter().map(|parts| parts / PARTS_PER_TICK - 192).collect::<Vec<_>>();
    assert_eq!(in_ticks(lines(&roll, LineKind::Division)), [24, 72, 112, 128], "eighths and a triplet");
    assert_eq!(lines(&roll, LineKind::FoundBeat), [0; 0]);
    assert!(lines(&roll, LineKind::Beat).contains(&((192 + 48) * PARTS_PER_TICK)));
}

#[test]
fn a_first_guess_is_shown_at_once_and_is_only_shown_again_when_it_has_changed() {
    let mut planner = planner();
    tell(&mut planner, [bars(0)]);
    assert_eq!(planner.take_insight(), Some(Insight::SongBeats));
    tell(&mut planner, press((192 * PARTS_PER_TICK + 25, 230 * PARTS_PER_TICK), 60, 80, 1).into_iter().take(1));
    let first = planner.take_insight();
    let Some(Insight::Note { struck_parts: 3097, key: 60, written }) = first else { panic!("{first:?}") };
    assert_eq!((written.on_parts, written.length_parts), (192 * PARTS_PER_TICK, None));
    tell(&mut planner, [ToWorker::Pedal { ticks: 196, channel: 0, is_down: false }]);
    assert_eq!(planner.take_insight(), None);
    for _ in 0..20 {
        tell(&mut planner, call(400));
    }
    assert!(std::iter::from_fn(|| planner.take_insight()).count() <= 1024, "nobody need take them");
}

#[test]
fn by_the_players_beat_the_lines_are_those_that_were_found() {
    for (bpm, start) in [(72, Start::AtOnce), (100, Start::NextBeat), (132, Start::AtOnce)] {
        let (mut planner, mut history) = (planner(), History::default());
        let tune: Vec<ToWorker> = following::tune(1000, bpm);
        let n_notes = tune.len() / 2;
        play(&mut planner, &mut history, tune, Bars::default());
        let before = history.roll(2000, 500);
        assert!(before.notes.iter().all(|note| note.written.is_none()), "nothing is known yet");
        assert_eq!(lines(&before, LineKind::FoundBeat), [0; 0]);

        play(&mut planner, &mut history, [following::asked_at(1, 2100, start)], Bars::default());
        let roll = history.roll(2000, 3000);
        let shown = written(&roll);
        assert_eq!(shown.len(), n_notes);
        let us = i64::from(planner.found_us_per_beat().unwrap());
        let beat_parts = us * 48 * PARTS_PER_TICK / 500_000;
        for (played, at, _) in &shown {
            assert!((played - at).abs() * 8 < beat_parts, "{bpm} BPM: played at {played}, written at {at}");
        }
        let beats = lines(&roll, LineKind::FoundBeat);
        let of_call: Vec<i64> = beats.iter().copied().filter(|beat| *beat < 2100 * PARTS_PER_TICK).collect();
        assert!(of_call.len() >= 8 && of_call[0] <= shown[0].0 + 10, "{bpm} BPM: {of_call:?}");
        for pair in of_call.windows(2) {
            let length = pair[1] - pair[0];
            assert!((length - beat_parts).abs() * 20 < beat_parts, "{bpm} BPM: a beat of {length}, not {beat_parts}");
        }
        // The answer goes on in the same tempo, and its notes are on its own beats and their parts.
        let of_answer: Vec<i64> = beats.iter().copied().filter(|beat| *beat >= 2100 * PARTS_PER_TICK).collect();
        assert!(of_answer.len() > 5, "{bpm} BPM: {beats:?}");
        assert!(of_answer.windows(2).all(|pair| (pair[1] - pair[0] - beat_parts).abs() <= 1));
        // No line of the host, which stands still, is among them.
        let of_host = lines(&roll, LineKind::Beat);
        let (first, last) = (beats[0], beats[beats.len() - 1]);
        assert!(of_host.iter().all(|line| !(first..last).contains(line)), "{bpm} BPM");
        assert!(!lines(&roll, LineKind::Division).is_empty() || us > 600_000, "{bpm} BPM");

        // The song rolls: its beats hold.
        play(&mut planner, &mut history, [bars(0)], Bars { line_ticks: 0, length_ticks: 192 });
        let ahead = history.roll(0, 3000);
        assert_eq!(lines(&ahead, LineKind::FoundBeat), [0; 0]);
    }
}

#[test]
fn the_best_candidates_are_shown_from_the_choice_to_the_next_answer_and_which_is_played() {
    let (mut planner, mut history) = (planner(), History::default());
    let controls = Controls { candidates: 4, ..CONTROLS };
    let four = AnswerRequest { most_candidates: 4, ..request(3, 240, 1776) };
    let mut play = |messages: Vec<ToWorker>| {
        let notes = tell(&mut planner, messages);
        while let Some(insight) = planner.take_insight() {
            history.learn(insight);
        }
        (notes, history.candidates().clone())
    };
    play(call(0));
    let (notes, shown) = play(vec![ToWorker::Begin(asked(1, four, 1776, controls))]);
    assert_eq!((shown.rank, shown.answers.len()), (0, 3));
    assert!(shown.answers[0] != shown.answers[1], "{:?}", shown.answers);
    assert!(shown.answers.iter().all(|answer| answer.len() > 2), "{:?}", shown.answers);
    // The best is what is played.
    let planned = notes.iter().map(|note| (note.on_ticks - 240, note.key));
    let drawn: Vec<(i64, u8)> = shown.answers[0].iter().map(|note| (note.on_ticks, note.key)).collect();
    assert_eq!(planned.take(drawn.len()).collect::<Vec<_>>(), drawn);
    let another = ToWorker::Another { turn: 1, rank: 2, from_ticks: 240, until_ticks: 1776, controls };
    let (notes, then) = play(vec![another]);
    assert_eq!((then.rank, &then.answers), (2, &shown.answers));
    let planned = notes.iter().map(|note| (note.on_ticks - 240, note.key));
    let drawn: Vec<(i64, u8)> = then.answers[2].iter().map(|note| (note.on_ticks, note.key)).collect();
    assert_eq!(planned.take(drawn.len()).collect::<Vec<_>>(), drawn);
    // An answer without a choice, and a song that begins anew, have none.
    let (_, none) = play(vec![ToWorker::Finish { turn: 1, at_ticks: 400 }, begin(2, 480, 192)]);
    assert!(none.answers.is_empty());
    let cancel = ToWorker::Cancel { turn: 2 };
    let of_four = AnswerRequest { number: 4, start_ticks: 480, ..four };
    let (_, some) = play(vec![cancel, ToWorker::Begin(asked(3, of_four, 1776, controls))]);
    assert_eq!(some.answers.len(), 3);
    assert!(play(vec![ToWorker::Reset]).1.answers.is_empty());
}
