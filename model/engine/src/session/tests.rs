use super::*;
use crate::network::simd::Isa;
use crate::sampling::grammar::Onset;
use crate::sampling::sample::Sampling;
use crate::{ModelConfig, Pitch, Precision, Velocity, random_file};

fn music() -> impl Iterator<Item = (Note, Conditions)> {
    (0..150i64).map(|i| {
        let pitch = Pitch::new(40 + u8::try_from(i * i % 41).unwrap()).unwrap();
        let duration_ticks = u32::try_from(i % 50 + 1).unwrap();
        let note = Note { onset_ticks: i * i % 13 + i * 20, duration_ticks, pitch, velocity: Velocity::MEDIUM };
        (note, Conditions { style: u8::try_from(i % 3).unwrap(), ..Conditions::default() })
    })
}

fn ask() -> NoteRequest {
    NoteRequest {
        conditions: Conditions::default(),
        sampling: Sampling { temperature: 1.0, top_p: 0.95 },
        lowest: Pitch::new(21).unwrap(),
        highest: Pitch::new(108).unwrap(),
        onset: Onset::NotBefore(0),
        may_end: false,
    }
}

#[test]
fn kernels_and_batches_make_no_difference_to_the_last_bit() {
    let file = random_file(ModelConfig::TINY, Precision::Q8, 3).unwrap();
    let probe = |session: &mut Session| {
        let checkpoint = session.checkpoint();
        let nats = session.score(Event::Note(music().last().unwrap().0), Conditions::default());
        assert!(session.rewind(&checkpoint));
        nats.map(f32::to_bits)
    };
    let nats = |isa: Isa, n_at_once: usize| {
        let mut weights = Weights::parse(&file).unwrap();
        weights.network.isa = isa;
        let mut session = Session::new(Arc::new(weights));
        let notes: Vec<_> = music().collect();
        let part = |part: &[(Note, Conditions)]| {
            part.chunks(n_at_once).for_each(|phrase| session.feed_all(phrase.iter().copied()));
            probe(&mut session)
        };
        // Long enough for several contexts of 64 notes.
        notes.chunks(30).map(part).collect::<Vec<_>>()
    };
    let one_by_one = nats(Isa::best(), 1);
    for isa in Isa::all() {
        for n_at_once in [1, 3, 10, 30] {
            assert_eq!(nats(isa, n_at_once), one_by_one, "{}, {n_at_once} at once", isa.name());
        }
    }
}

#[test]
fn candidates_choose_the_same_notes_together_as_alone() {
    let file = random_file(ModelConfig::TINY, Precision::Q8, 3).unwrap();
    let choose = |isa: Isa, together: bool| {
        let mut weights = Weights::parse(&file).unwrap();
        weights.network.isa = isa;
        let mut first = Session::new(Arc::new(weights));
        first.feed_all(music().take(40));
        let mut candidates: [Session; 4] = std::array::from_fn(|_| Session::new(Arc::clone(&first.weights)));
        for (candidate, seed) in candidates.iter_mut().zip(0..) {
            assert!(candidate.copy_from(&first));
            candidate.seed(seed);
        }
        // Each on its own way: what one chose goes on while another goes back. Over several edges of the context.
        let mut events = Vec::new();
        for i in 0..150u8 {
            let ask = NoteRequest {
                conditions: Conditions { style: i % 3, ..Conditions::default() },
                lowest: Pitch::new(30 + i % 7).unwrap(),
                may_end: i % 5 == 0,
                ..ask()
            };
            let asks = [(ask, LogitBias::default()); 4];
            if i % 11 == 3 {
                candidates[1].feed_all(music().skip(100).take(7));
            }
            let checkpoint = candidates[2].checkpoint();
            if together {
                events.push(Session::next_batch(candidates.each_mut(), asks));
            } else {
                events.push(candidates.each_mut().map(|candidate| candidate.next_biased(&ask, &LogitBias::default())));
            }
            if i % 3 == 0 {
                assert!(candidates[2].rewind(&checkpoint));
            }
        }
        events
    };
    let alone = choose(Isa::best(), false);
    assert!(alone.iter().any(|events| events[0] != events[1] && events[2] != events[3]), "seeds matter");
    for isa in Isa::all() {
        assert_eq!(choose(isa, true), alone, "{}", isa.name());
    }
}

#[test]
fn sessions_of_other_weights_take_nothing_over_but_play_along() {
    let session = |seed| {
        let file = random_file(ModelConfig::TINY, Precision::Q8, seed).unwrap();
        Session::new(Arc::new(Weights::parse(&file).unwrap()))
    };
    let (mut one, mut other) = (session(3), session(4));
    assert!(!one.copy_from(&other));
    for _ in 0..5 {
        let together = Session::next_batch([&mut one, &mut other], [(ask(), LogitBias::default()); 2]);
        assert_ne!(together[0], together[1]);
    }
}

#[test]
fn a_lean_is_the_same_on_all_kernels_and_nothing_at_0() {
    let file = random_file(ModelConfig::TINY, Precision::Q8, 3).unwrap();
    let play = |isa: Isa, cache_weight: f32, learns: bool| {
        let mut weights = Weights::parse(&file).unwrap();
        weights.network.isa = isa;
        let mut session = Session::new(Arc::new(weights));
        session.set_cache_weight(cache_weight);
        // A scale up and down, again and again.
        for (note, i) in music().map(|(note, _)| note).zip(0u8..) {
            let key = 60 + (i % 12).min(12 - i % 12);
            let note = Note { onset_ticks: i64::from(i) * 24, pitch: Pitch::new(key).unwrap(), ..note };
            session.feed(note, Conditions::default());
            if learns {
                session.add_user_note(note, i == 0);
            }
        }
        let events: [Event; 30] = std::array::from_fn(|_| session.next(&ask()));
        (events, session.score(events[0], Conditions::default()).map(f32::to_bits))
    };
    let plain = play(Isa::best(), 0.0, false);
    assert_eq!(play(Isa::best(), 0.0, true), plain);
    let with_cache = play(Isa::best(), 0.8, true);
    assert_ne!(with_cache.0, plain.0);
    for isa in Isa::all() {
        assert_eq!(play(isa, 0.8, true), with_cache, "{}", isa.name());
    }
}
