//! The health line: the numbers that tell whether all is well.

use std::sync::atomic::Ordering::Relaxed;

use super::view::Fact;
use crate::status::{Engine, Priority, Status};

/// Slower than this, fast music comes late.
const LEAST_NOTES_PER_SECOND: u32 = 50;

/// Each number with its name, and first what is wrong: a narrow window shows no more than the first.
pub(super) fn facts(status: &Status, is_logged: bool, log_trouble: Option<String>) -> Vec<Fact> {
    let fact = |name, value, is_bad| Fact { name, value, is_bad };
    let count = |name, n: u32| fact(name, n.to_string(), n > 0);
    let n_lost = status.n_queue_full.get() + status.n_refused.get();
    let first_note = match status.n_played.get() {
        0 => "not yet".to_owned(),
        _ => format!("{:.1} ms late", status.hand_over_ms.load(Relaxed)),
    };
    let mut facts = vec![
        fact("First note", first_note, false),
        count("Late", status.n_late.get()),
        count("Dropped", status.n_dropped.get()),
        speed(status.notes_per_second.get()),
    ];
    if n_lost > 0 {
        facts.push(count("No room", n_lost));
    }
    facts.extend(log_fact(is_logged, log_trouble));
    facts.push(fact("Heard", status.n_heard.get().to_string(), false));
    facts.push(fact("Played", status.n_played.get().to_string(), false));
    if matches!(status.engine(), Engine::Ready | Engine::Recovered) {
        let priority = match status.priority() {
            Priority::Normal => "normal priority",
            Priority::Raised => "raised priority",
            Priority::RealTime => "real-time priority",
        };
        facts.push(fact("Model", format!("{}, {priority}", status.message()), false));
    }
    facts.sort_by_key(|fact| !fact.is_bad);
    facts
}

/// How fast the network makes notes: a step of it is a note.
fn speed(notes_per_second: u32) -> Fact {
    let (value, is_bad) = match notes_per_second {
        0 => ("not yet".to_owned(), false),
        n => (format!("{n} notes/s"), n < LEAST_NOTES_PER_SECOND),
    };
    Fact { name: "Speed", value, is_bad }
}

/// Nobody is logged without a word.
fn log_fact(is_on: bool, trouble: Option<String>) -> Option<Fact> {
    let is_bad = trouble.is_some();
    let value = trouble.map_or_else(|| "on".to_owned(), |why| format!("not written: {why}"));
    (is_on || is_bad).then_some(Fact { name: "Log", value, is_bad })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_comes_first_and_the_log_is_not_forgotten() {
        let status = Status::new();
        let names = |status: &Status, trouble: Option<&str>| -> Vec<&str> {
            facts(status, true, trouble.map(str::to_owned)).iter().map(|fact| fact.name).collect()
        };
        let calm = ["First note", "Late", "Dropped", "Speed", "Log", "Heard", "Played"];
        assert_eq!(names(&status, None), calm);
        status.n_refused.add(1);
        status.notes_per_second.set(3);
        assert_eq!(names(&status, Some("the disk is full"))[..3], ["Speed", "No room", "Log"]);
    }
}
