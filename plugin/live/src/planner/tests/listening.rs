//! What the planner hears of keys and pedals.

use super::*;

#[test]
fn the_pedal_holds_notes_until_it_comes_up() {
    let mut planner = planner();
    let mut play = |messages: &[ToWorker]| drop(tell(&mut planner, messages.iter().copied()));
    play(&[
        ToWorker::Pedal { ticks: 0, channel: 0, is_down: true },
        on(0, 60, 60),
        ToWorker::Off { ticks: 10, parts: 0, strike: 60 },
        on(96, 64, 64),
        ToWorker::Off { ticks: 100, parts: 0, strike: 64 },
    ]);
    assert_eq!(planner.heard.len(), 2, "both still sound");
    tell(&mut planner, [ToWorker::Pedal { ticks: 192, channel: 0, is_down: false }]);
    let lengths: Vec<_> = planner.heard.iter().map(|heard| heard.note.duration_ticks).collect();
    assert_eq!(lengths, [192, 96]);
}

#[test]
fn each_strike_of_a_key_has_its_own_length() {
    let on = |ticks, strike| on(ticks, 60, strike);
    let off = |ticks, strike| ToWorker::Off { ticks, parts: 0, strike };
    let pedal = |ticks, is_down| ToWorker::Pedal { ticks, channel: 0, is_down };
    let lengths = |messages: &[ToWorker]| {
        let mut planner = planner();
        tell(&mut planner, messages.iter().copied().chain([off(999, 99)]));
        planner.heard.iter().map(|heard| (heard.note.onset_ticks, heard.note.duration_ticks)).collect::<Vec<_>>()
    };
    let within = [on(0, 1), on(48, 2), off(96, 2), off(192, 1)];
    assert_eq!(lengths(&within), [(0, 192), (48, 48)], "a short note within a long one");
    assert_eq!(lengths(&[on(0, 1), on(48, 2), off(48, 1), off(96, 2)]), [(0, 48), (48, 48)], "one after the other");
    let pedalled = [pedal(0, true), on(0, 1), off(10, 1), on(48, 2), off(50, 2), pedal(96, false)];
    assert_eq!(lengths(&pedalled), [(0, 48), (48, 48)], "a string that rings is struck again");
    assert_eq!(lengths(&[on(0, 1), off(24, 7), off(48, 1)]), [(0, 48)], "nobody knows of strike 7");
}

/// A song in which the player plays by hand: keys, turns and changes of metre as they come.
fn song(seed: u64) -> Vec<ToWorker> {
    let mut state = seed;
    let mut below = move |n: i64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(state >> 33).unwrap() % n
    };
    let mut messages = vec![bars(0)];
    let (mut ticks, mut strike) = (0, 0);
    for turn in 1..8 {
        for _ in 0..3 + below(8) {
            ticks += [0, 6, 12, 23, 24, 24, 25, 48][usize::try_from(below(8)).unwrap()];
            strike += 1;
            let key = u8::try_from(55 + below(20)).unwrap();
            let on_parts = ticks * PARTS_PER_TICK + below(15) - 7;
            let velocity = u8::try_from(40 + below(60)).unwrap();
            ticks += 4 + below(20);
            messages.extend(press((on_parts, ticks * PARTS_PER_TICK), key, velocity, strike));
            // After each key an answer is asked for; with the next it is taken back.
            messages
                .extend([begin(100 * turn + strike, ticks + 48, 192), ToWorker::Cancel { turn: 100 * turn + strike }]);
            if below(9) == 0 {
                messages.push(if below(2) == 0 { bars(below(48)) } else { ToWorker::Metre(Metre::Free) });
            }
        }
        let start_ticks = ticks + 48;
        let from_ticks = start_ticks + 24 + below(90);
        let feel = Controls { feel: 1.0, ..CONTROLS };
        messages.extend([
            begin(turn, start_ticks, 192),
            ToWorker::Replace { turn, from_ticks, until_ticks: start_ticks + 192, controls: feel },
            ToWorker::Finish { turn, at_ticks: start_ticks + 192 },
        ]);
        ticks = start_ticks + 192;
    }
    messages
}

#[test]
fn how_far_the_worker_is_behind_changes_nothing() {
    for seed in 0..40 {
        let song = song(seed);
        let play = |is_behind: bool| {
            let (mut planner, mut ears) = (planner(), Ears::default());
            for (i, message) in song.iter().enumerate() {
                ears.next = song.get(i + 1).copied().filter(|_| is_behind);
                planner.handle(*message, &mut ears);
            }
            (planner.to_remember(), ears.notes)
        };
        let ((memory, notes), (memory_behind, notes_behind)) = (play(false), play(true));
        // Who is behind does not make what is taken back.
        let played = |notes: &[PlannedNote]| notes.iter().copied().filter(|note| note.turn < 100).collect::<Vec<_>>();
        assert_eq!(played(&notes), played(&notes_behind), "song {seed}");
        assert_eq!(memory, memory_behind, "song {seed}");
    }
}
