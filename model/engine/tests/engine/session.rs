//! Sessions as the plugin and the trainer use them.

use std::sync::Arc;

use engine::vocab::{TIMES_TICKS, velocity_of};
use engine::{
    Conditions, Event, LogitBias, Metre, ModelConfig, Note, NoteRequest, Onset, Pitch, Precision, Sampling, Session,
    Velocity, Weights, random_file,
};
use oorandom::Rand32;

use crate::common::{ask, music, next_note, next_notes, note, session, tiny};

const BARS: Metre = Metre::Bars { bar_line_ticks: 0, bar_ticks: 192 };

#[test]
fn the_same_seed_gives_the_same_notes_and_another_gives_others() {
    let play = |seed| {
        let mut session = tiny();
        session.set_metre(BARS);
        session.seed(seed);
        next_notes(&mut session, 200)
    };
    assert_eq!(play(7), play(7));
    assert_ne!(play(7), play(8));

    let mut session = tiny();
    session.set_metre(BARS);
    next_notes(&mut session, 150);
    session.reset();
    assert_eq!(session.n_notes(), 0);
    session.seed(7);
    assert_eq!(next_notes(&mut session, 200), play(7), "after a reset");
}

#[test]
fn feeding_what_another_session_chose_comes_to_the_same_place() {
    let (mut one, mut two) = (tiny(), tiny());
    for session in [&mut one, &mut two] {
        session.set_metre(BARS);
        music(20, 1).iter().for_each(|note| session.feed(*note, Conditions::default()));
        session.seed(3);
    }
    // Long enough for several contexts of 64 notes.
    for i in 0..300 {
        let note = next_note(&mut one);
        two.feed(note, Conditions::default());
        assert_eq!(one.n_notes(), two.n_notes());
        if i % 17 == 0 {
            let (here, there) = (one.checkpoint(), two.checkpoint());
            let (event, conditions) = (Event::Note(Note { duration_ticks: 9, ..note }), Conditions::default());
            assert_eq!(one.score(event, conditions), two.score(event, conditions), "note {i}");
            assert!(one.rewind(&here) && two.rewind(&there));
        }
    }
}

#[test]
fn going_back_is_as_if_nothing_had_happened() {
    let mut session = tiny();
    session.seed(1);
    // Marks at many places: in the first context, and on both sides of a change of context; short and long ways back.
    for n in 0..130 {
        let mark = session.checkpoint();
        let n_notes = session.n_notes();
        let first = next_notes(&mut session, 1 + n * 7 % 90);
        assert!(session.rewind(&mark));
        assert_eq!(session.n_notes(), n_notes);
        assert_eq!(next_notes(&mut session, first.len()), first, "from note {n}");
        assert!(session.rewind(&mark));
        session.feed(first[0], Conditions::default());
    }
}

#[test]
fn a_mark_that_has_lost_its_notes_is_refused() {
    let mut session = tiny();
    let start = session.checkpoint();
    next_notes(&mut session, 5);
    let five = session.checkpoint();
    next_notes(&mut session, 5);
    let ten = session.checkpoint();
    assert!(session.rewind(&five));
    assert!(!session.rewind(&ten), "it lies ahead");
    session.feed(note(100_000, 5, 50, 50), Conditions::default());
    next_notes(&mut session, 10);
    assert!(!session.rewind(&ten), "other notes came");
    assert_eq!(session.n_notes(), 16);
    assert!(session.rewind(&five) && session.rewind(&start));
    assert_eq!(session.n_notes(), 0);

    next_notes(&mut session, 10);
    let ten = session.checkpoint();
    next_notes(&mut session, 3 * 64);
    let late = session.checkpoint();
    assert!(session.rewind(&ten));
    assert!(!session.rewind(&late));
    next_notes(&mut session, 400);
    assert!(!session.rewind(&ten), "too long ago");
    session.reset();
    assert!(!session.rewind(&ten), "forgotten");
}

#[test]
fn conditions_and_metre_matter_and_unknown_ones_do_no_harm() {
    let score = |metre, conditions| {
        let mut session = tiny();
        session.set_metre(metre);
        music(10, 2).into_iter().map(|note| session.score(Event::Note(note), conditions)).collect::<Vec<_>>()
    };
    let any = Conditions::default();
    let plain = score(BARS, any);
    assert_ne!(plain, score(Metre::Free, any));
    for other in [
        Conditions { style: 1, ..any },
        Conditions { mode: 1, ..any },
        Conditions { density: 4, ..any },
        Conditions { polyphony: 2, ..any },
        Conditions { difficulty: 7, ..any },
        Conditions { bars_left: 1, ..any },
        Conditions { relation: 1, ..any },
        Conditions { feel: 2, ..any },
        Conditions { harmony: 40, ..any },
    ] {
        assert_ne!(plain, score(BARS, other));
    }
    // The test network has four styles.
    assert_eq!(plain, score(BARS, Conditions::from_values([4, 9, 255, 77, 9, 11, 4, 4, 110])));
}

#[test]
fn scores_are_probabilities() {
    let mut session = tiny();
    music(30, 3).iter().for_each(|note| session.feed(*note, Conditions::default()));
    let last = music(30, 3)[29];
    let here = session.checkpoint();
    let mut nats = |event: Event| {
        let nats = session.score(event, Conditions::default());
        assert!(session.rewind(&here));
        nats.map(|n| f64::from(-n).exp())
    };
    let plain = Note { onset_ticks: last.onset_ticks + 24, ..last };
    let mut sums = [0.0; 4];
    for shift in TIMES_TICKS {
        sums[0] += nats(Event::Note(Note { onset_ticks: last.onset_ticks + i64::from(shift), ..plain }))[0];
    }
    for key in 0..128 {
        sums[1] += nats(Event::Note(Note { pitch: Pitch::new(key).unwrap(), ..plain }))[1];
    }
    let end = nats(Event::End { at_ticks: plain.onset_ticks });
    sums[1] += end[1];
    assert_eq!(end[2..], [1.0, 1.0]);
    for duration in &TIMES_TICKS[1..] {
        sums[2] += nats(Event::Note(Note { duration_ticks: u32::from(*duration), ..plain }))[2];
    }
    for step in 0..32 {
        sums[3] += nats(Event::Note(Note { velocity: velocity_of(step), ..plain }))[3];
    }
    let [shift, pitch, duration, velocity] = sums;
    for sum in [shift, pitch, velocity] {
        assert!((sum - 1.0).abs() < 1e-5, "{sum}");
    }
    // A duration of no time has a share too, but no note has it.
    assert!(duration < 1.0 && duration > 0.8, "{duration}");
    session.reset();
    assert_eq!(session.score(Event::Note(last), Conditions::default())[0], 0.0);
}

#[test]
fn sampling_follows_the_scores() {
    let mut session = tiny();
    music(10, 4).iter().for_each(|note| session.feed(*note, Conditions::default()));
    let last = music(10, 4)[9];
    let here = session.checkpoint();
    let onset = Onset::Exactly(last.onset_ticks + 48);
    let free = NoteRequest {
        lowest: Pitch::new(0).unwrap(),
        highest: Pitch::new(127).unwrap(),
        sampling: Sampling { temperature: 1.0, top_p: 1.0 },
        may_end: true,
        ..ask(onset)
    };
    let mut counts = [0.0f64; 129];
    for draw in 0..4000 {
        assert!(session.rewind(&here));
        session.seed(draw);
        match session.next(&free) {
            Event::Note(note) => counts[usize::from(note.pitch.get())] += 1.0,
            Event::End { at_ticks } => {
                assert_eq!(at_ticks, last.onset_ticks + 48);
                counts[128] += 1.0;
            }
        }
    }
    for key in (0..128).step_by(5) {
        assert!(session.rewind(&here));
        let note = note(last.onset_ticks + 48, 24, key, 80);
        let nats = session.score(Event::Note(note), Conditions::default())[1];
        let expected = 4000.0 * f64::from(-nats).exp();
        let count = counts[usize::from(key)];
        assert!((count - expected).abs() < 5.0 * expected.sqrt() + 3.0, "key {key}: {count} of {expected}");
    }
    let end = Event::End { at_ticks: last.onset_ticks + 48 };
    assert!(session.rewind(&here));
    let expected = 4000.0 * f64::from(-session.score(end, Conditions::default())[1]).exp();
    assert!((counts[128] - expected).abs() < 5.0 * expected.sqrt() + 3.0, "{} ends of {expected}", counts[128]);
    // An end is unlikely here, but possible: wild enough, every value comes.
    let wild = NoteRequest { sampling: Sampling { temperature: 100.0, top_p: 1.0 }, ..free };
    let mut ends = (0..2000).filter(|&seed| {
        assert!(session.rewind(&here));
        session.seed(seed);
        session.next(&wild) == end
    });
    assert!(ends.next().is_some());
}

#[test]
fn what_is_asked_for_holds_over_thousands_of_notes() {
    let mut random = Rand32::new(9);
    let mut session = tiny();
    session.set_metre(BARS);
    let mut last: Option<Note> = None;
    for i in 0..4000 {
        let low = random.rand_range(0..128) as u8;
        let high = random.rand_range(u32::from(low)..128) as u8;
        let now = last.map_or(i64::MIN, |note| note.onset_ticks);
        let tick = now.max(0) + i64::from(random.rand_range(0..500)) - 100;
        let onset = if i % 3 == 0 { Onset::Exactly(tick) } else { Onset::NotBefore(tick) };
        let sampling = Sampling { temperature: random.rand_float() * 2.0, top_p: random.rand_float() };
        let (lowest, highest) = (Pitch::new(low).unwrap(), Pitch::new(high).unwrap());
        let Event::Note(note) = session.next(&NoteRequest { lowest, highest, sampling, ..ask(onset) }) else {
            panic!("an end that was not allowed");
        };
        assert!((lowest..=highest).contains(&note.pitch));
        assert!(note.duration_ticks >= 1);
        match onset {
            Onset::Exactly(tick) => assert_eq!(note.onset_ticks, tick.max(now)),
            Onset::NotBefore(tick) => {
                assert!(note.onset_ticks >= tick.max(now));
                let is_chord = last.is_some_and(|last| last.onset_ticks == note.onset_ticks);
                assert!(!is_chord || last.is_some_and(|last| last.pitch < note.pitch), "chords go up");
            }
        }
        last = Some(note);
    }
}

#[test]
fn an_end_leaves_the_session_where_it_was() {
    let mut session = tiny();
    music(70, 5).iter().for_each(|note| session.feed(*note, Conditions::default()));
    let mut copy = tiny();
    music(70, 5).iter().for_each(|note| copy.feed(*note, Conditions::default()));
    let end = Event::End { at_ticks: i64::MAX };
    let other = Conditions::from_values([2, 1, 3, 2, 7, 2, 1, 2, 9]);
    assert!(session.score(end, other).iter().all(|nats| nats.is_finite()));
    assert_eq!(session.n_notes(), copy.n_notes());
    assert_eq!(next_notes(&mut session, 5), next_notes(&mut copy, 5));
}

#[test]
fn hostile_notes_never_panic() {
    let mut random = Rand32::new(10);
    let mut session = tiny();
    let extremes = [i64::MIN, i64::MIN + 1, -1, 0, 1, 1 << 40, i64::MAX - 1, i64::MAX];
    for i in 0..10_000u32 {
        if i % 500 == 0 {
            session.reset();
            let bar_line_ticks = extremes[random.rand_range(0..8) as usize];
            session.set_metre(Metre::Bars { bar_line_ticks, bar_ticks: [0, 1, 192, u32::MAX][i as usize / 500 % 4] });
        }
        let onset_ticks = match random.rand_range(0..40) {
            0 => extremes[random.rand_range(0..8) as usize],
            _ => i64::from(random.rand_u32()) - (1 << 31),
        };
        let duration_ticks = [0, 1, 7, u32::MAX][random.rand_range(0..4) as usize];
        let pitch = Pitch::new(random.rand_range(0..128) as u8).unwrap();
        let velocity = Velocity::new(random.rand_range(1..128) as u8).unwrap();
        let conditions = Conditions::from_values(std::array::from_fn(|_| random.rand_range(0..256) as u8));
        session.feed(Note { onset_ticks, duration_ticks, pitch, velocity }, conditions);
        if i % 7 == 0 {
            let onset = Onset::NotBefore(extremes[random.rand_range(0..8) as usize]);
            session.next(&NoteRequest { conditions, may_end: true, ..ask(onset) });
        }
    }
    assert!(session.n_notes() > 0);
}

#[test]
fn sessions_share_weights_and_nothing_else() {
    let mut one = session(Precision::F32);
    let mut two = Session::new(Arc::clone(one.weights()));
    assert!(Arc::ptr_eq(one.weights(), two.weights()));
    let notes = next_notes(&mut one, 50);
    assert_eq!(next_notes(&mut two, 50), notes);
}

#[test]
fn a_bend_keeps_to_its_pitch_classes_and_leans_towards_them() {
    let in_c_major = |bias: f32| {
        let mut session = tiny();
        let is_inside = |class: usize| [0, 2, 4, 5, 7, 9, 11].contains(&class);
        let class_bias = std::array::from_fn(|class| if is_inside(class) { 0.0 } else { bias });
        let avoid = Pitch::new(60);
        let bend = LogitBias { class_bias, avoid, ..LogitBias::default() };
        let mut n_inside = 0;
        for i in 0..400 {
            let Event::Note(note) = session.next_biased(&ask(Onset::NotBefore(i * 12)), &bend) else {
                panic!("an end")
            };
            assert_ne!(Some(note.pitch), avoid);
            n_inside += usize::from(is_inside(usize::from(note.pitch.get() % 12)));
        }
        n_inside
    };
    let (free, leaning, strict) = (in_c_major(0.0), in_c_major(-2.0), in_c_major(f32::NEG_INFINITY));
    assert!(free + 40 < leaning && leaning < 400, "{free}, then {leaning} of 400");
    assert_eq!(strict, 400);
}

#[test]
fn the_rhythm_has_a_freedom_of_its_own() {
    let shifts = |seed| {
        let mut session = tiny();
        session.seed(seed);
        let bend = LogitBias { rhythm: Some(Sampling { temperature: 0.0, top_p: 1.0 }), ..LogitBias::default() };
        // The first note decides what follows, so it is given.
        session.feed(note(0, 24, 60, 80), Conditions::default());
        let Event::Note(note) = session.next_biased(&ask(Onset::NotBefore(0)), &bend) else { panic!("an end") };
        (note.onset_ticks, note.pitch)
    };
    let all: Vec<_> = (0..20).map(shifts).collect();
    assert!(all.iter().all(|(onset, _)| *onset == all[0].0), "the likeliest time is always the same");
    assert!(all.iter().any(|(_, pitch)| *pitch != all[0].1), "the pitch is free");
}

#[test]
fn an_amended_note_is_remembered_as_if_it_had_been_fed() {
    let (mut amended, mut fed) = (tiny(), tiny());
    for session in [&mut amended, &mut fed] {
        music(12, 5).iter().for_each(|note| session.feed(*note, Conditions::default()));
    }
    let last = music(12, 5)[11];
    let other = Note { onset_ticks: last.onset_ticks + 3, velocity: Velocity::new(5).unwrap(), ..last };
    let Event::Note(_) = amended.next(&ask(Onset::Exactly(last.onset_ticks + 9))) else { panic!("an end") };
    amended.amend(other);
    fed.feed(other, Conditions::default());
    amended.seed(1);
    fed.seed(1);
    assert_eq!(next_note(&mut amended), next_note(&mut fed));
}

#[test]
fn a_session_of_other_weights_takes_over_in_the_middle() {
    // A network of the same sizes, and ones that look back four times and half as far.
    [64, 256, 32].into_iter().for_each(take_over);
}

fn take_over(n_context: usize) {
    let config = ModelConfig { n_context, ..ModelConfig::TINY };
    let weights = |config, seed| Arc::new(Weights::parse(&random_file(config, Precision::Q8, seed).unwrap()).unwrap());
    let (first, second) = (weights(ModelConfig::TINY, 3), weights(config, 4));
    let note = |i: i64| {
        let pitch = Pitch::new(40 + u8::try_from(i * i % 41).unwrap()).unwrap();
        Note { onset_ticks: i * 20, duration_ticks: 20, pitch, velocity: Velocity::MEDIUM }
    };
    let conditions = Conditions { style: 2, ..Conditions::default() };
    let probe = |session: &mut Session| {
        let mark = session.checkpoint();
        let nats = session.score(Event::Note(note(400)), conditions).map(f32::to_bits);
        assert!(session.rewind(&mark));
        nats
    };
    for n_before in [0, 1, 5, 40, 150, 200] {
        let (mut old, mut next) = (Session::new(Arc::clone(&first)), Session::new(Arc::clone(&second)));
        let mut mark = old.checkpoint();
        for i in 0..n_before {
            old.feed(note(i), conditions);
        }
        // While it catches up, the other goes on, goes back, and goes on otherwise.
        for round in 0..20i64 {
            next.follow(&old);
            next.read_some(3);
            match round {
                3 => mark = old.checkpoint(),
                5 => assert!(old.rewind(&mark)),
                8..11 => old.feed(note(n_before + 10 + round), conditions),
                _ => old.feed(note(n_before + round), conditions),
            }
        }
        next.follow(&old);
        while !next.read_some(3) {}
        let mut fresh = Session::new(Arc::clone(&second));
        for (note, conditions) in old.last_notes(usize::MAX).collect::<Vec<_>>() {
            fresh.feed(note, conditions);
        }
        assert_eq!(probe(&mut next), probe(&mut fresh), "{n_before}, {n_context}");
        assert!(next.rewind(&mark), "marks of the old session hold in the new one");
    }
}
