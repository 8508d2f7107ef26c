//! A jam in real time: someone plays at random over a loop of four bars, and is to be answered each time.

mod player;

use std::time::Duration;

use anyhow::Result;
use host::{Clap, Entry, Event, Instance, Message, Pace, Played, Rig, Settings, Transport, pair};

use super::machine::{interruptions_per_second, only_read_the_clock};
use super::measure::{LOADING_SECONDS, Late, quantile, resident_mib};
use super::music::{LIVE, press};
use super::{Row, row};
use player::{LENGTHS, Phrase, Player, STARTS};

const TEMPO: f64 = 112.0;
const LOOP_BEATS: f64 = 16.0;
const BAR_BEATS: f64 = 4.0;
/// As the plugin's default is.
const SILENCE_SECONDS: f64 = 0.7;
/// Answers come on the second channel.
const ANSWERS: u8 = 1;
/// How often a line says how far it is.
const REPORT_EVERY_MINUTES: u64 = 5;

/// Beats of the song as samples from its start, which never go back though the song does.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a jam lasts hours at most")]
fn beats(beats: f64) -> u64 {
    (beats * 60.0 / TEMPO * LIVE.sample_rate).round().max(0.0) as u64
}

#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 samples")]
fn as_beats(samples: u64) -> f64 {
    samples as f64 / LIVE.sample_rate * TEMPO / 60.0
}

#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
fn count(n: usize) -> f64 {
    n as f64
}

/// A take, with its times in samples from the start of the song.
struct Take {
    phrases: Vec<Phrase>,
    heard: Vec<Event>,
    us: Vec<f64>,
    growth_mib: Option<(f64, f64)>,
}

/// Jams for so many minutes in real time, and plays the same again without haste, to know what was meant.
pub(super) fn jam(entry: &Entry, minutes: u32) -> Result<Vec<Row>> {
    let mut live = perform(entry, LIVE, Pace::RealTime(1.0), minutes)?;
    let median = quantile(&mut live.us, 0.5);
    let n_control = live.us.len().min(60 * 750);
    let mut machine = only_read_the_clock(n_control, Duration::from_secs_f64(median / 1e6));
    let rate = interruptions_per_second();
    println!("the same without haste, to know what was meant ...");
    let meant = perform(entry, Settings { is_offline: true, ..LIVE }, Pace::Unpaced, minutes)?;
    let notes = pair(&live.heard);
    let (answers, passed): (Vec<_>, Vec<_>) = notes.iter().copied().partition(|note| note.channel == ANSWERS);
    let meant: Vec<_> = pair(&meant.heard).into_iter().filter(|note| note.channel == ANSWERS).collect();
    let calls = Calls::new(&live.phrases, &answers);
    let n_struck = live.phrases.iter().flat_map(|phrase| &phrase.events).filter(|event| is_on(&event.1)).count();
    let late = Late::new(&meant, answers.clone());
    let n_held = notes.iter().filter(|note| note.off_samples.is_none()).count();
    let what = format!("{minutes} minutes");
    let mut rows = vec![
        row(format!("{what}: phrases"), "", count(live.phrases.len()), None),
        row("  notes of the player", "", count(n_struck), None),
        row("  of them passed through", "", count(passed.len()), None),
        row("  passed through wrongly: lost, moved or added", "", count(n_lost(&live)), 0.0),
        row("calls that had time for an answer", "", count(calls.n_due), None),
        row("  answered", "", count(calls.n_answered), None),
        row("  not answered", "", count(calls.unanswered.len()), 0.0),
        row("  cut by the loop's end within a beat, and silent", "", count(calls.n_cut), None),
        row("  longest silence from the last key to the answer", "s", calls.longest_silence, None),
        row("  longest from the promised moment to the first note", "ms", calls.longest_wait * 1e3, None),
        row("notes of answers", "", count(answers.len()), None),
        row(format!("  left out or late by 20 ms, of {}", late.n_meant), "%", late.percent_dropped(), 0.1),
        row("  late at all", "%", late.percent_late(), None),
        row("notes never released", "", count(n_held), 0.0),
        row("process() of 64 samples, median", "us", median, None),
        row("process() of 64 samples, p99", "us", quantile(&mut live.us, 0.99), None),
        row("process() of 64 samples, p99.9", "us", quantile(&mut live.us, 0.999), 10.0),
        row("process() of 64 samples, longest", "us", quantile(&mut live.us, 1.0), None),
        row("  only reading the clock for as long as the median: p99.9", "us", quantile(&mut machine, 0.999), None),
        row("  a loop that only reads the clock: held up for 10 us", "/s", rate, None),
    ];
    if let Some((before, growth)) = live.growth_mib {
        rows.push(row(format!("{what}: memory, growth from {before:.1} MiB"), "MiB", growth, 1.0));
    }
    for unanswered in &calls.unanswered {
        println!("not answered: {unanswered}");
    }
    Ok(rows)
}

fn perform(entry: &Entry, settings: Settings, pace: Pace, minutes: u32) -> Result<Take> {
    let mut rig = Rig::new(Clap::new(entry, settings)?, settings, pace);
    set_text(&mut rig, "Output channel", "2")?;
    rig.run(rig.samples(LOADING_SECONDS))?;
    rig.set_transport(Transport { loop_beats: Some((0.0, LOOP_BEATS)), ..Transport::rolling(TEMPO) });
    let start = rig.now();
    let end = start + rig.samples(60.0 * f64::from(minutes));
    // Written to, so that what is kept of an hour does not look like a leak of the plugin.
    let n_blocks = usize::try_from((end - start) / u64::from(LIVE.max_block) * 11 / 10)?;
    let mut us = if settings.is_offline { Vec::new() } else { vec![f64::NAN; n_blocks] };
    let nothing = Event { at_samples: u64::MAX, message: Message::Midi([255; 3]) };
    let mut heard = vec![nothing; usize::try_from(u64::from(minutes) * 4_000)?];
    let mut phrases = Vec::with_capacity(1000 * usize::try_from(minutes)?);
    us.clear();
    heard.clear();
    rig.heard = heard;
    let mut player = Player::new(1);
    let mut next = player.phrase();
    let pass = beats(LOOP_BEATS);
    let (quarter, report) = (start + (end - start) / 4, rig.samples(60.0) * REPORT_EVERY_MINUTES);
    let mut after_first = None;
    while rig.now() < end {
        while start + next.begins < rig.now() + pass {
            send(&mut rig, start, &next)?;
            phrases.push(std::mem::replace(&mut next, player.phrase()));
        }
        let before = rig.now();
        rig.run_until(pass.min(end - rig.now()), |rig| {
            if !settings.is_offline {
                us.push(rig.plugin.process_time().as_secs_f64() * 1e6);
            }
            false
        })?;
        rig.process_times.clear();
        rig.plugin.take_notes();
        if rig.now() > quarter {
            after_first = after_first.or_else(resident_mib);
        }
        if !settings.is_offline && (before - start) / report != (rig.now() - start) / report {
            println!(
                "{} minutes: {} phrases, {} events heard",
                (rig.now() - start) / rig.samples(60.0),
                phrases.len(),
                rig.heard.len()
            );
        }
    }
    let growth_mib = after_first.and_then(|before| Some((before, resident_mib()? - before)));
    // A phrase that has begun is played to its end, and the last answer is released when the song stops.
    rig.run(rig.samples(20.0))?;
    rig.set_transport(Transport { is_playing: false, ..rig.transport() });
    rig.run(rig.samples(1.0))?;
    let mut heard = std::mem::take(&mut rig.heard);
    heard.iter_mut().for_each(|event| event.at_samples = event.at_samples.saturating_sub(start));
    Ok(Take { phrases, heard, us, growth_mib })
}

fn set_text(rig: &mut Rig<Clap>, name: &str, text: &str) -> Result<()> {
    let value = rig.plugin.read_text(name, text)?;
    rig.set(name, value)
}

fn send(rig: &mut Rig<Clap>, start: u64, phrase: &Phrase) -> Result<()> {
    let texts = [("Start", STARTS[phrase.start]), ("Answer length", LENGTHS[phrase.length])];
    for (name, text) in texts.into_iter().chain([("Thru", if phrase.is_thru { "On" } else { "Off" })]) {
        let (id, value) = (rig.parameter(name)?.id, rig.plugin.read_text(name, text)?);
        rig.send(start + phrase.begins, Message::Parameter { id, value });
    }
    for &(at, message) in &phrase.events {
        rig.send(start + at, message);
    }
    if let Some(pressed) = phrase.pressed {
        press(rig, "Hand over now", start + pressed)?;
    }
    Ok(())
}

fn is_on(message: &Message) -> bool {
    matches!(message, Message::NoteOn { .. })
}

/// Beginnings and ends that should have passed through and did not, or did and should not have.
fn n_lost(take: &Take) -> usize {
    let is_key = |message: &Message| match *message {
        Message::NoteOn { channel, .. } | Message::NoteOff { channel, .. } => channel != ANSWERS,
        _ => false,
    };
    let in_order = |mut events: Vec<(u64, String)>| {
        events.sort_unstable();
        events
    };
    let sent = take.phrases.iter().filter(|phrase| phrase.is_thru).flat_map(|phrase| &phrase.events);
    let sent = sent.filter(|(_, message)| is_key(message)).map(|(at, message)| (*at, format!("{message:?}")));
    let heard = take.heard.iter().filter(|event| is_key(&event.message));
    let heard = heard.map(|event| (event.at_samples, format!("{:?}", event.message)));
    let (sent, heard) = (in_order(sent.collect()), in_order(heard.collect()));
    let missing = |of: &[(u64, String)], from: &[(u64, String)]| {
        of.iter().filter(|event| from.binary_search(event).is_err()).count()
    };
    missing(&sent, &heard) + missing(&heard, &sent) + sent.len().abs_diff(heard.len())
}

/// What became of the calls, as the manual has it: a silence or the button hands over, and the answer begins at once, or on the
/// next beat or bar.
#[derive(Default)]
struct Calls {
    n_due: usize,
    n_answered: usize,
    /// The answer began less than a beat before the loop's end, which cut it before its first note.
    n_cut: usize,
    unanswered: Vec<String>,
    /// In seconds.
    longest_silence: f64,
    longest_wait: f64,
}

impl Calls {
    fn new(phrases: &[Phrase], answers: &[Played]) -> Self {
        let mut calls = Self::default();
        let seconds = |samples: u64| as_beats(samples) * 60.0 / TEMPO;
        for (i, phrase) in phrases.iter().enumerate() {
            let silent = phrase.last_up + beats(SILENCE_SECONDS * TEMPO / 60.0);
            let handed = as_beats(phrase.pressed.map_or(silent, |pressed| pressed.min(silent)));
            // A tick is the 48th of a beat, and what is nearest to it is on it.
            let grid = [1.0 / 48.0, 1.0, BAR_BEATS][phrase.start];
            let due = beats(((handed - 0.5 / 48.0) / grid).ceil() * grid);
            let next = phrases.get(i + 1).map_or(u64::MAX, |next| next.begins);
            if next < due + beats(BAR_BEATS) {
                continue;
            }
            calls.n_due += 1;
            let from = due.saturating_sub(beats(1.0 / 48.0));
            let first = answers.iter().find(|note| note.on_samples >= from).map(|note| note.on_samples);
            let wrap = beats((as_beats(due + 1) / LOOP_BEATS).ceil() * LOOP_BEATS);
            match first.filter(|&first| first < next.min(due + beats(2.0 * BAR_BEATS))) {
                Some(first) => {
                    calls.n_answered += 1;
                    calls.longest_silence = calls.longest_silence.max(seconds(first.saturating_sub(phrase.last_up)));
                    calls.longest_wait = calls.longest_wait.max(seconds(first.saturating_sub(due)));
                }
                None if wrap < due + beats(1.0) => calls.n_cut += 1,
                None => calls.unanswered.push(format!(
                    "phrase {i}, due at beat {:.2}, the next phrase at {:.2}, start {}",
                    as_beats(due),
                    as_beats(next.min(beats(1e6))),
                    STARTS[phrase.start]
                )),
            }
        }
        calls
    }
}
