//! How much answers repeat themselves.

use super::*;

/// Notes in passages that say the same four times or more, for four beats or longer.
fn n_in_loops(notes: &[PlannedNote]) -> usize {
    let mut is_in_loop = vec![false; notes.len()];
    for period in 1..notes.len() {
        let distance = |i: usize| notes[i].on_ticks - notes[i - period].on_ticks;
        let is_same = |i: usize| notes[i].key == notes[i - period].key && distance(i) > 0;
        let mut start = period;
        while start < notes.len() {
            let is_on = |&i: &usize| is_same(i) && distance(i) == distance(start);
            let n_same = (start..notes.len()).take_while(is_on).count();
            let passage = start - period..start + n_same;
            if n_same >= 3 * period && notes[passage.end - 1].on_ticks - notes[passage.start].on_ticks >= 192 {
                is_in_loop[passage].fill(true);
            }
            start += n_same.max(1);
        }
    }
    is_in_loop.into_iter().filter(|is| *is).count()
}

#[test]
fn the_shipped_network_repeats_itself_no_more_than_composers_do() {
    let tastes = Controls { style: 0, temperature: 0.9, rhythm_temperature: 0.9, top_p: 0.95, ..CONTROLS };
    let file = include_bytes!("../../../../../model/weights/nano.antiphon");
    let shipped = Arc::new(Weights::parse(file).unwrap());
    let (mut n_notes, mut n_looped) = (0, 0);
    for seed in 1..=24 {
        let (lowest, highest) = (Pitch::nearest(36), Pitch::nearest(96));
        let controls = Controls { style: u8::try_from(seed % 15).unwrap(), lowest, highest, ..tastes };
        let mut planner = Planner::new(Arc::clone(&shipped));
        let metre = Metre::Bars { bar_line_ticks: 0, bar_ticks: 192 };
        let begin = asked(1, request(seed, 384, 1920), 1920, controls);
        let messages = [ToWorker::Metre(metre)].into_iter().chain(call(0));
        let notes = tell(&mut planner, messages.chain([ToWorker::Begin(begin)]));
        n_notes += notes.len();
        n_looped += n_in_loops(&notes);
    }
    println!("{n_looped} of {n_notes} notes are in loops");
    assert!(n_notes > 1000, "{n_notes} notes");
    // 1.1 of 100 in 418 held-out scores.
    assert!(n_looped * 50 <= n_notes, "{n_looped} of {n_notes} notes are in loops");
}
