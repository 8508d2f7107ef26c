//! Whole answers, by a network that was never trained.

use std::sync::Arc;

use super::sounding::as_sounded;
use super::*;
use crate::critic::CriticSession;
use crate::{Metre, ModelConfig, Note, Pitch, Precision, Session, Velocity, Weights, random_file};

/// All that can be neutral is.
pub(super) const NEUTRAL: Controls = Controls {
    style: 1,
    temperature: 1.0,
    rhythm_temperature: 1.0,
    top_p: 1.0,
    learn_from_me: 0.0,
    velocity_follow: 0.0,
    lowest: Pitch::nearest(48),
    highest: Pitch::nearest(72),
    key_lock: KeyLock::Off,
    quantise_strength: 0.0,
    candidates: 1,
    ..Controls::DEFAULT
};
const BARS: Metre = Metre::Bars { bar_line_ticks: 0, bar_ticks: 192 };

pub(super) fn note(onset_ticks: i64, key: u8) -> Note {
    Note { onset_ticks, duration_ticks: 24, pitch: Pitch::nearest(key), velocity: Velocity::nearest(80) }
}

pub(super) fn session() -> Session {
    let file = random_file(ModelConfig::TINY, Precision::Q8, 7).unwrap();
    Session::new(Arc::new(Weights::parse(&file).unwrap()))
}

fn call_notes() -> Vec<Note> {
    let keys = [60, 62, 64, 65, 67, 65, 64, 62];
    (0..8).zip(keys).map(|(i, key)| note(24 * i, key)).collect()
}

fn call() -> Call {
    Call::new(call_notes(), BARS)
}

fn request(start_ticks: i64, end_ticks: i64) -> AnswerRequest {
    AnswerRequest { song_seed: 1, number: 0, start_ticks, end_ticks, most_candidates: MOST_CANDIDATES }
}

#[test]
fn an_answer_has_all_its_notes_between_hand_over_and_end() {
    let request = request(240, 3120);
    let all = answer(&mut session(), &call(), request, &NEUTRAL, usize::MAX);
    assert_eq!(all[0].onset_ticks, 240);
    assert!(all.len() > 8 && all.iter().all(|note| note.end_ticks() <= 3120), "{all:?}");
    assert_eq!(answer(&mut session(), &call(), request, &NEUTRAL, usize::MAX), all);
    let endless = AnswerRequest { end_ticks: i64::MAX, ..request };
    let first = answer(&mut session(), &call(), endless, &NEUTRAL, 50);
    assert!(first.len() <= 50 && first.last().is_some_and(|note| note.onset_ticks > 300), "{first:?}");
    let other = AnswerRequest { number: 1, ..request };
    assert_ne!(answer(&mut session(), &call(), other, &NEUTRAL, usize::MAX), all, "the second answer is another one");
}

#[test]
fn a_melody_comes_to_rest_and_what_accompanies_it_goes_on_below() {
    // Of each answer the last note of its melody, and the keys of what comes after it.
    let endings = |call: &Call, voices| {
        let ending = move |number| {
            let mut session = session();
            let request = AnswerRequest { number, ..request(192, 960) };
            let controls = Controls { voices, density: 4.0, quantise_ticks: 24, quantise_strength: 1.0, ..NEUTRAL };
            let mut generator = begin_answer(&mut session, call, request, &controls);
            while generator.next_note(&mut session, &controls).is_some() {}
            let last = generator.notes.iter().find(|made| made.is_last_of_melody)?.note;
            assert!(last.onset_ticks % 48 == 0 && last.onset_ticks <= 912, "{last:?}");
            let after = generator.notes.iter().map(|made| made.note).filter(|note| note.onset_ticks > last.onset_ticks);
            Some((last, after.map(|note| note.pitch).collect::<Vec<Pitch>>()))
        };
        (0..120).filter_map(ending).collect::<Vec<_>>()
    };
    let chords = (0..16).flat_map(|i| [48, 52, 67].map(|key| note(12 * i, key)));
    let accompanied = endings(&Call::new(chords, BARS), 0);
    assert!(accompanied.len() > 15, "{accompanied:?}");
    assert!(accompanied.iter().all(|(last, after)| after.iter().all(|key| *key < last.pitch)), "{accompanied:?}");
    assert!(accompanied.iter().filter(|(_, after)| !after.is_empty()).count() > 5, "{accompanied:?}");
    let held = accompanied.iter().filter(|(last, _)| last.end_ticks() >= 960).count();
    assert!((accompanied.len() / 2..accompanied.len()).contains(&held), "some are let go early: {accompanied:?}");
    let alone = endings(&call(), 1);
    assert!(
        alone.len() > 20 && alone.iter().all(|(_, after)| after.is_empty()),
        "one voice has nothing below: {alone:?}"
    );
}

#[test]
fn the_best_candidate_is_played_and_the_session_has_heard_no_other() {
    let request = request(240, 1200);
    let controls = Controls { candidates: 5, ..NEUTRAL };
    let mut played_others = 0;
    for number in 0..6 {
        let request = AnswerRequest { number, ..request };
        let candidate = |candidate: u8| {
            let mut session = session();
            let mut generator = begin_answer(&mut session, &call(), request, &NEUTRAL);
            generator.only(candidate);
            let notes = std::iter::from_fn(|| generator.next_note(&mut session, &NEUTRAL)).collect::<Vec<_>>();
            let notes = as_sounded(&notes, 0);
            let mut critic = CriticSession::built_in();
            critic.hear(&call_notes(), BARS, session.weights().style_name(1));
            (critic.score(&notes, 240, 1200), notes, session.checkpoint())
        };
        let all: Vec<_> = (0..5).map(candidate).collect();
        let best = (0..5).rev().max_by(|&a, &b| all[a].0.total_cmp(&all[b].0)).unwrap();
        let mut session = session();
        let mut generator = begin_answer(&mut session, &call(), request, &controls);
        assert!(generator.is_choosing(&controls) && generator.offer(i64::MAX).is_none());
        let notes = std::iter::from_fn(|| generator.next_note(&mut session, &controls)).collect::<Vec<_>>();
        assert_eq!(generator.ranking[0], u8::try_from(best).unwrap());
        assert_eq!(as_sounded(&notes, 0), all[best].1);
        assert_eq!(format!("{:?}", session.checkpoint()), format!("{:?}", all[best].2));
        played_others += usize::from(best > 0);
        // Where there is no time to choose there is one candidate.
        let soon = AnswerRequest { most_candidates: 1, ..request };
        assert_eq!(answer(&mut self::session(), &call(), soon, &controls, usize::MAX), all[0].1);
    }
    assert!(played_others > 1, "{played_others}");
}

#[test]
fn another_candidate_goes_on_from_where_it_is_asked_for() {
    let controls = Controls { candidates: 3, ..NEUTRAL };
    let mut session = session();
    let mut generator = begin_answer(&mut session, &call(), request(240, 1200), &controls);
    let mut all = |generator: &mut AnswerGenerator, rank: u8, from_ticks| {
        assert!(generator.take_back(from_ticks, &mut session));
        generator.follow_candidate(rank);
        while !generator.reaches(i64::MAX) {
            generator.generate(&mut session, &controls);
        }
        generator.heard_until(i64::MAX).collect::<Vec<Note>>()
    };
    let best = all(&mut generator, 0, 240);
    let ranked = [1, 2, 3].map(|rank| all(&mut generator, rank, 240));
    assert!(ranked.iter().enumerate().all(|(i, notes)| *notes != best && !ranked[..i].contains(notes)));
    assert_eq!(all(&mut generator, 0, 240), best, "and back");
    let mixed = all(&mut generator, 1, 600);
    let before = |notes: &[Note]| notes.iter().filter(|note| note.onset_ticks < 600).copied().collect::<Vec<_>>();
    assert_eq!(before(&mixed), before(&best));
    assert_ne!(mixed, best);
}

#[test]
fn an_answer_that_is_given_up_while_its_candidates_are_made_leaves_nothing() {
    let (mut session, mut untouched) = (session(), session());
    let controls = Controls { candidates: 5, ..NEUTRAL };
    let mut generator = begin_answer(&mut session, &call(), request(240, 1200), &controls);
    begin_answer(&mut untouched, &call(), request(240, 1200), &controls);
    for _ in 0..9 {
        generator.generate(&mut session, &controls);
    }
    assert!(generator.is_choosing(&controls) && !generator.reaches(0) && generator.reached_ticks().is_none());
    assert!(generator.take_back(300, &mut session));
    assert_eq!(generator.heard_until(900).count(), 0);
    assert!(generator.settle(900, None, &mut session).is_empty());
    let next = |session: &mut Session| {
        session.seed(1);
        session.last_notes(100).collect::<Vec<_>>()
    };
    assert_eq!(next(&mut session), next(&mut untouched));
}

#[test]
fn a_key_that_is_down_at_the_hand_over_ends_there_for_the_network() {
    let notes = |duration_ticks| [note(0, 60), note(24, 62), Note { duration_ticks, ..note(48, 67) }];
    let answer_to = |duration_ticks, start_ticks| {
        let call = Call::new(notes(duration_ticks), BARS);
        answer(&mut session(), &call, request(start_ticks, 800), &NEUTRAL, usize::MAX)
    };
    assert_eq!(answer_to(200, 96), answer_to(48, 96));
    assert_ne!(answer_to(200, 192), answer_to(48, 192));
}

#[test]
fn what_begins_by_itself_is_in_the_key_of_the_song() {
    let controls = Controls { key_lock: KeyLock::Strict, ..NEUTRAL };
    let endless = AnswerRequest { song_seed: 2, ..request(0, i64::MAX) };
    let notes = answer(&mut session(), &Call::none(BARS), endless, &controls, 60);
    // D minor, with its leading note.
    assert!(notes.iter().all(|note| [0, 1, 2, 4, 5, 7, 9, 10].contains(&(note.pitch.get() % 12))), "{notes:?}");
    assert_eq!(notes[0].onset_ticks, 0);
}

#[test]
fn the_network_alone_goes_on_from_where_it_is_asked_at_its_own_pace() {
    // Nothing but the network chooses when the first note comes and how long it rests.
    let starts = (0..40).map(|song_seed| {
        let request = AnswerRequest { song_seed, ..request(168, i64::MAX) };
        let notes = answer(&mut session(), &call(), request, &Controls::raw(), 1);
        notes[0].onset_ticks
    });
    let starts: Vec<i64> = starts.collect();
    assert!(starts.iter().all(|&ticks| ticks >= 168) && starts.iter().any(|&ticks| ticks > 168), "{starts:?}");
}
