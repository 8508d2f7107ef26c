//! The health line: the numbers that tell whether all is well.

use std::sync::atomic::Ordering::Relaxed;

use engine::conditions::harmony;

use super::view::Fact;
use crate::models::LoadState;
use crate::status::{Engine, Priority, Status};

/// Slower than this, fast music comes late.
const LEAST_NOTES_PER_SECOND: u32 = 50;

/// Each number with its name, and first what is wrong: a narrow window shows no more than the first.
pub(super) fn facts(
    status: &Status,
    is_logged: bool,
    log_error: Option<String>,
    model: &LoadState,
    is_preview_on: bool,
) -> Vec<Fact> {
    let fact = |name, value, is_bad, about| Fact { name, value, is_bad, about };
    let count = |name, n: u32, about| fact(name, n.to_string(), n > 0, about);
    let n_lost = status.n_queue_full.get() + status.n_refused.get();
    let first_note = match status.n_played.get() {
        0 => "not yet".to_owned(),
        _ => format!("{:.1} ms late", status.hand_over_ms.load(Relaxed)),
    };
    let mut facts = vec![
        count(
            "Late",
            status.n_late.get(),
            "Notes that came up to 20 ms late. If it grows, close other programs, or set a larger buffer in the host.",
        ),
        count(
            "Dropped",
            status.n_dropped.get(),
            "Notes left out, since they would have come more than 20 ms late. If it grows, close other programs, set a \
             larger buffer in the host, or lower Density.",
        ),
        fact(
            "First note",
            first_note,
            false,
            "How late the last answer began, beyond the silence and the beat that it was to wait for.",
        ),
        speed(status.notes_per_second.get()),
    ];
    facts.extend(found_tempo(status.found_us_per_beat.get()));
    facts.extend(chord(status.chord.get()));
    if n_lost > 0 {
        let about =
            "Notes that the host or a queue had no room for. Play fewer at once, or set a larger buffer in the host.";
        facts.push(count("No room", n_lost, about));
    }
    if matches!(model, LoadState::Refused(_)) {
        facts.push(fact(
            "Pack",
            "not loaded".to_owned(),
            true,
            "The song's pack or network cannot be read; Packs says why.",
        ));
    }
    if status.engine() == Engine::Recovered {
        let about = "After a fault of Antiphon's own it began anew: it has forgotten the song so far. Play on.";
        facts.push(fact("Restarted", "after a fault".to_owned(), true, about));
    }
    facts.extend(no_preview(status, is_preview_on));
    facts.extend(log_fact(is_logged, log_error));
    facts.push(fact("Heard", status.n_heard.get().to_string(), false, "Notes that you played."));
    facts.push(fact("Played", status.n_played.get().to_string(), false, "Notes that Antiphon played."));
    if matches!(status.engine(), Engine::Ready | Engine::Recovered) {
        let priority = match status.priority() {
            Priority::Normal => "normal priority",
            Priority::Raised => "raised priority",
            Priority::RealTime => "real-time priority",
        };
        let about =
            "The network, and how the system runs it: at normal priority, notes come late when the machine is busy.";
        facts.push(fact("Model", format!("{}, {priority}", status.message()), false, about));
    }
    facts.sort_by_key(|fact| !fact.is_bad);
    facts
}

/// Why *Preview sound* is on and not heard.
fn no_preview(status: &Status, is_on: bool) -> Option<Fact> {
    let value = status.preview_error().filter(|_| is_on)?.to_string();
    let about = "Preview sound is not heard. Choose another sampling rate in the host, or an instrument of yours.";
    Some(Fact { name: "Preview", value, is_bad: true, about })
}

/// The chord that is held, or that comes on the channel of chords.
fn chord(harmony: u32) -> Option<Fact> {
    let chord = harmony::chord(u8::try_from(harmony).ok()?)?;
    let about = "What the answer keeps to, above all on the beats. Chords, under Pitch, says where it comes from.";
    Some(Fact { name: "Chord", value: chord.to_string(), is_bad: false, about })
}

/// The tempo of a player who is followed.
fn found_tempo(us_per_beat: u32) -> Option<Fact> {
    let bpm = (us_per_beat > 0).then(|| 60e6 / f64::from(us_per_beat))?;
    let about = "What I found in your last phrase, and answer in: the host stands still, or Tempo is Follow me.";
    Some(Fact { name: "Your tempo", value: format!("{bpm:.0} BPM"), is_bad: false, about })
}

/// How fast the network makes notes: a step of it is a note.
fn speed(notes_per_second: u32) -> Fact {
    let (value, is_bad) = match notes_per_second {
        0 => ("not yet".to_owned(), false),
        n => (format!("{n} notes/s"), n < LEAST_NOTES_PER_SECOND),
    };
    Fact {
        name: "Speed",
        value,
        is_bad,
        about: "How fast the network makes notes here. Below 50, fast music comes late: close other programs.",
    }
}

/// Nobody is logged without a word.
fn log_fact(is_on: bool, error: Option<String>) -> Option<Fact> {
    let is_bad = error.is_some();
    let value = error.map_or_else(|| "on".to_owned(), |why| format!("not written: {why}"));
    let about = "While it is on, what you play is written to files on this machine. Stop is under Kept.";
    (is_on || is_bad).then_some(Fact { name: "Log", value, is_bad, about })
}

#[cfg(test)]
mod tests {
    use piano::PianoError;

    use super::*;

    #[test]
    fn what_is_wrong_comes_first_and_the_log_is_not_forgotten() {
        let status = Status::new();
        let names = |status: &Status, error: Option<&str>| -> Vec<&str> {
            facts(status, true, error.map(str::to_owned), &LoadState::None, true).iter().map(|fact| fact.name).collect()
        };
        let calm = ["Late", "Dropped", "First note", "Speed", "Log", "Heard", "Played"];
        assert_eq!(names(&status, None), calm);
        status.n_refused.add(1);
        status.notes_per_second.set(3);
        assert_eq!(names(&status, Some("the disk is full"))[..3], ["Speed", "No room", "Log"]);
        status.set_engine(Engine::Recovered, String::new());
        status.set_preview_error(Some(PianoError::SampleRate(8000.0)));
        let facts = facts(&status, true, None, &LoadState::Refused("it is damaged".into()), true);
        assert_eq!(
            facts.iter().take_while(|fact| fact.is_bad).map(|fact| fact.name).collect::<Vec<_>>()[2..],
            ["Pack", "Restarted", "Preview"]
        );
    }
}
