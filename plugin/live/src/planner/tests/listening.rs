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
    let lengths: Vec<_> = planner.player.call().iter().map(|note| note.duration_ticks).collect();
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
        planner.player.call().iter().map(|note| (note.onset_ticks, note.duration_ticks)).collect::<Vec<_>>()
    };
    let within = [on(0, 1), on(48, 2), off(96, 2), off(192, 1)];
    assert_eq!(lengths(&within), [(0, 192), (48, 48)], "a short note within a long one");
    assert_eq!(lengths(&[on(0, 1), on(48, 2), off(48, 1), off(96, 2)]), [(0, 48), (48, 48)], "one after the other");
    let pedalled = [pedal(0, true), on(0, 1), off(10, 1), on(48, 2), off(50, 2), pedal(96, false)];
    assert_eq!(lengths(&pedalled), [(0, 48), (48, 48)], "a string that rings is struck again");
    assert_eq!(lengths(&[on(0, 1), off(24, 7), off(48, 1)]), [(0, 48)], "nobody knows of strike 7");
}
