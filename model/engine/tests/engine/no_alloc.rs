//! After construction nothing is allocated. The counter is per thread, in debug and release builds alike.

use std::sync::Arc;

use allocation_counter::measure;
use engine::critic::{Critic, CriticConfig, CriticSession};
use engine::{Conditions, Event, LogitBias, Metre, Note, Onset, Precision, Session};

use crate::common::{ask, music, next_note, session};

#[test]
fn the_counter_counts() {
    let info = measure(|| drop(std::hint::black_box(vec![1u8; 100])));
    assert_eq!((info.count_total, info.bytes_total), (1, 100));
}

#[test]
fn a_session_allocates_nothing_after_construction() {
    for precision in [Precision::Q8, Precision::F32] {
        let mut session = session(precision);
        let mut candidates = [0; 3].map(|_| Session::new(Arc::clone(session.weights())));
        let notes = music(200, 1);
        // More notes than any ring or context holds: TINY has a context of 64.
        let info = measure(|| {
            session.seed(1);
            session.set_cache_weight(0.5);
            session.set_metre(Metre::Bars { bar_line_ticks: 0, bar_ticks: 144 });
            for round in 0..3 {
                let start = session.checkpoint();
                for &note in &notes {
                    let note = Note { onset_ticks: note.onset_ticks + 40_000 * round, ..note };
                    session.feed(note, Conditions::default());
                    (0..4).for_each(|_| session.add_user_note(note, false));
                    let mark = session.checkpoint();
                    let chosen = next_note(&mut session);
                    assert!(session.rewind(&mark));
                    session.score(Event::Note(chosen), Conditions { style: 1, ..Conditions::default() });
                    session.amend(note);
                }
                session.feed_all(notes.iter().map(|&note| (note, Conditions::default())));
                assert!(candidates.iter_mut().all(|candidate| candidate.copy_from(&session)));
                for _ in 0..100 {
                    let asks = [(ask(Onset::NotBefore(i64::MIN)), LogitBias::default()); 3];
                    Session::next_batch(candidates.each_mut(), asks);
                }
                session.score(Event::End { at_ticks: 1_000_000 }, Conditions::default());
                assert!(!session.rewind(&start) || session.n_notes() == 0);
            }
            session.reset();
            session.feed(notes[0], Conditions::default());
        });
        assert_eq!(info.count_total, 0, "{precision:?}");
    }
}

#[test]
fn a_critic_allocates_nothing_after_construction_but_for_the_rules() {
    let file = engine::critic::random_file(CriticConfig::TINY, 1).unwrap();
    let mut critic = CriticSession::new(Arc::new(Critic::parse(&file).unwrap()));
    let (call, answer) = (music(200, 1), music(150, 2));
    // The rates of the rules are read at their first use.
    critic.hear(&call, Metre::Free, "Folk");
    let info = measure(|| {
        for metre in [Metre::Free, Metre::Bars { bar_line_ticks: 0, bar_ticks: 144 }] {
            critic.hear(&call, metre, "Folk");
            assert!(critic.logit(&answer, 0, i64::MAX).is_finite());
        }
    });
    assert_eq!(info.count_total, 0);
}
