//! What is learnt from the player, and what a song remembers.

use super::*;

#[test]
fn answers_lean_towards_what_the_player_played() {
    let song = |learn_from_me, has_learnt: bool| {
        let mut planner = planner();
        tell(&mut planner, [bars(0)].into_iter().chain((0..4).flat_map(|i| call(192 * i))));
        assert_eq!(planner.n_learnt(), 31, "the last may still change");
        if !has_learnt {
            planner.session.clear_user_notes();
        }
        let controls = Controls { learn_from_me, ..CONTROLS };
        let begin = asked(1, request(3, 768, 3000), 3000, controls);
        tell(&mut planner, [ToWorker::Begin(begin)])
    };
    let n_as_in_the_calls = |notes: &[PlannedNote]| {
        let keys = [60, 62, 64, 65, 67, 65, 64, 62].into_iter().zip(notes);
        keys.filter(|(key, note)| note.key == *key).count()
    };
    let (plain, leaning) = (song(0.0, true), song(1.0, true));
    assert_eq!(song(0.0, false), plain, "at 0 it is as if nothing had been learnt");
    assert_eq!(song(1.0, false), plain, "and without notes of the player as well");
    let (few, many) = (n_as_in_the_calls(&plain), n_as_in_the_calls(&leaning));
    assert!(few <= 2 && many >= 6, "{few}, then {many} of 8");
    assert_eq!(song(1.0, true), leaning);
}

#[test]
fn the_players_notes_are_kept_with_the_song() {
    let controls = Controls { learn_from_me: 1.0, ..CONTROLS };
    let begin = asked(1, request(3, 240, 3000), 3000, controls);
    let song = || [ToWorker::Reset].into_iter().chain(call(0)).chain([ToWorker::Begin(begin)]);
    let mut planner = planner();
    tell(&mut planner, song());
    planner.set_memory(planner.to_remember());
    assert_eq!((planner.n_learnt(), planner.memory.learned().len()), (8, 8));
    let second = tell(&mut planner, song());
    assert_eq!((planner.n_learnt(), planner.memory.learned().len()), (16, 8), "what is kept does not grow by itself");
    assert_eq!(tell(&mut planner, song()), second);
    planner.set_memory(SongMemory::default());
    tell(&mut planner, song());
    assert_eq!(planner.n_learnt(), 8);
}

#[test]
fn what_is_remembered_is_known_from_the_next_start_on() {
    let song = || [ToWorker::Reset].into_iter().chain(call(0)).chain([begin(1, 240, 384)]);
    let mut planner = planner();
    let first = tell(&mut planner, song());
    assert_eq!(tell(&mut planner, song()), first);
    planner.set_memory(planner.to_remember());
    assert!(planner.memory.n_notes() > 8, "the call and its answer");
    let second = tell(&mut planner, song());
    assert_ne!(second, first);
    assert_eq!(tell(&mut planner, song()), second, "it does not grow by itself");
    let mut other = self::planner();
    let saved = planner.memory.notes();
    other.set_memory(SongMemory::new(saved.0, saved.1.into_iter(), planner.memory.learned().into_iter()));
    assert_eq!(tell(&mut other, song()), second, "in another instance");
    planner.set_memory(SongMemory::default());
    assert_eq!(tell(&mut planner, song()), first);
}
