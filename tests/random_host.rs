//! A host that does all it may, at random. No note may be left sounding, none that was played be lost, none depend on the size of
//! the blocks, and an answer must come whenever the rules promise one.
//!
//! `ANTIPHON_PHRASES` sets how many phrases are played, and `ANTIPHON_SEED` with which song to begin: a failure names
//! its song, so that it can be played again by itself. `cargo xtask validate` plays 10,000 phrases.
//!
//! Reading order: `oracle` says what must be heard, `player` is what is done at random.

mod oracle;
mod player;

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use host::{Clap, Event, Instance, Message, Pace, Rig, Settings, Vst3, bundle, pair};

use crate::common::{OFFLINE, entry};
use crate::state::Random;
use oracle::{promise, tell_apart};
use player::{Kind, Stage};

const PHRASES_PER_SONG: u64 = 25;
const N_AT_ONCE: usize = 4;
const SETTINGS: Settings = Settings { max_block: 1024, ..OFFLINE };

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn no_note_is_lost_or_left_and_each_promised_answer_comes() {
    let phrases: Vec<Outcome> = of_all_songs(300, |song| play_clap(song, None)).into_iter().flatten().collect();
    assert_all(&phrases);
}

#[test]
fn in_a_vst3_host_neither() {
    let phrases: Vec<Outcome> = of_all_songs(25, play_vst3).into_iter().flatten().collect();
    assert_all(&phrases);
}

#[test]
fn whatever_the_host_does_the_notes_are_the_same_at_any_block_size() {
    of_all_songs(100, |song| {
        let as_they_come = play_clap(song, None);
        for (i, (one, other)) in as_they_come.iter().zip(play_clap(song, Some(64))).enumerate() {
            let (Ok(one), Ok(other)) = (one, other) else { continue };
            let n_same = one.heard.iter().zip(&other.heard).take_while(|(one, other)| one == other).count();
            let (one, other) = (one.heard.get(n_same), other.heard.get(n_same));
            assert_eq!(one, other, "song {song}, phrase {i}, after {n_same} events");
        }
    });
}

/// Plays enough songs for as many phrases as are asked for, side by side: most of their time they wait for their plugins' workers.
fn of_all_songs<T: Send>(n_phrases: u64, play: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let (n_phrases, first) = (number("ANTIPHON_PHRASES", n_phrases), number("ANTIPHON_SEED", 1));
    let last = first + n_phrases.div_ceil(PHRASES_PER_SONG);
    let next = AtomicU64::new(first);
    let songs = || std::iter::from_fn(|| Some(next.fetch_add(1, Relaxed)).filter(|&song| song < last));
    std::thread::scope(|scope| {
        let players: Vec<_> = (0..N_AT_ONCE).map(|_| scope.spawn(|| songs().map(&play).collect::<Vec<T>>())).collect();
        players.into_iter().flat_map(|player| player.join().unwrap()).collect()
    })
}

struct Phrase {
    /// Notes that had to pass through, and did.
    n_passed: usize,
    /// Whether an answer was heard, and whether it was promised.
    is_answered: bool,
    is_promised: bool,
    /// What was heard while it was played, disturbed and released.
    heard: Vec<Event>,
}

/// A phrase, or what was wrong with it, and how to play it again.
type Outcome = Result<Phrase, String>;

/// Fails with all that was wrong. A rule that never applies proves nothing.
fn assert_all(outcomes: &[Outcome]) {
    let wrong: Vec<&str> = outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).map(String::as_str).collect();
    assert!(wrong.is_empty(), "of {} phrases {}:\n{}", outcomes.len(), wrong.len(), wrong.join("\n"));
    let phrases: Vec<&Phrase> = outcomes.iter().filter_map(|outcome| outcome.as_ref().ok()).collect();
    let n_answered = phrases.iter().filter(|phrase| phrase.is_answered).count();
    let n_promised = phrases.iter().filter(|phrase| phrase.is_promised).count();
    let n_passed: usize = phrases.iter().map(|phrase| phrase.n_passed).sum();
    let n = phrases.len();
    println!("{n} phrases: {n_answered} answered, {n_promised} of them as promised; {n_passed} notes passed through");
    assert!(n_answered * 5 > n * 2, "only {n_answered} of {n} phrases were answered");
    assert!(n_promised * 4 > n, "only {n_promised} of {n} phrases had to be answered");
    assert!(n_passed > n, "only {n_passed} notes of {n} phrases passed through");
}

fn play_clap(seed: u64, block: Option<u32>) -> Vec<Outcome> {
    play_song(seed, block, || {
        let rig = Rig::new(Clap::new(&entry(), SETTINGS).unwrap(), SETTINGS, Pace::Unpaced);
        Stage::new(rig, Kind { reset: Some(Clap::reset), has_wildcards: true })
    })
}

fn play_vst3(seed: u64) -> Vec<Outcome> {
    let (_folder, bundle) = bundle("antiphon").unwrap();
    play_song(seed, None, || {
        let rig = Rig::new(Vst3::new(&bundle, SETTINGS).unwrap(), SETTINGS, Pace::Unpaced);
        Stage::new(rig, Kind { reset: None, has_wildcards: false })
    })
}

/// Plays in blocks of this size, or of random ones.
fn play_song<I: Instance>(seed: u64, block: Option<u32>, open: impl FnOnce() -> Stage<I>) -> Vec<Outcome> {
    let mut random = Random(seed);
    let mut stage = open();
    // One that tells of a wrap with the next block must tell beforehand where it is, or what is cut depends on the blocks.
    stage.rig.splits_at_loop_end = random.below(2) == 0;
    stage.rig.tells_loop = !stage.rig.splits_at_loop_end || random.below(2) == 0;
    (0..PHRASES_PER_SONG)
        .map(|phrase| {
            let random_block = u32::try_from(1 + random.below(1024)).unwrap();
            stage.rig.block = block.unwrap_or(random_block);
            play_phrase(&mut stage, &mut random).map_err(|why| format!("song {seed}, phrase {phrase}: {why}"))
        })
        .collect()
}

fn play_phrase<I: Instance>(stage: &mut Stage<I>, random: &mut Random) -> Result<Phrase, String> {
    stage.begin();
    stage.set("Thru", if random.below(2) == 0 { 1.0 } else { 0.0 });
    for _ in 0..random.below(4) {
        stage.turn_a_knob(random);
    }
    stage.play_phrase(random);
    stage.disturb(random);
    let run = |stage: &mut Stage<I>, samples| stage.rig.run(samples).map_err(|error| format!("{error:#}"));
    run(stage, (4 + random.below(6)) * 12_000)?;
    let promise = promise(&stage.log, &stage.rig.transport(), SETTINGS.sample_rate);
    if let Some(promise) = promise {
        run(stage, promise.until.saturating_sub(stage.rig.now()))?;
    }
    stage.release();

    let heard = stage.rig.heard.clone();
    let held: Vec<_> = pair(&heard).into_iter().filter(|note| note.off_samples.is_none()).collect();
    if !held.is_empty() {
        return Err(format!("left {held:?}"));
    }
    let pedals = [64, 66, 69].map(|pedal| heard.iter().rev().find_map(|event| moved(event, pedal)).unwrap_or(0));
    if pedals != [0; 3] {
        return Err("left a pedal down".to_owned());
    }
    let told = tell_apart(&stage.log, &heard)?;
    if let Some(promise) = promise {
        let is_kept = told.answers.iter().any(|&at| (promise.after..=promise.until).contains(&at));
        if !is_kept {
            return Err(format!("no answer as promised, {promise:?}: {:?}", told.answers));
        }
    }
    Ok(Phrase { n_passed: told.n_passed, is_answered: !told.answers.is_empty(), is_promised: promise.is_some(), heard })
}

/// Where an event puts a controller.
fn moved(event: &Event, controller: u8) -> Option<u8> {
    match event.message {
        Message::Midi([status, number, value]) if status >> 4 == 0xB && number == controller => Some(value),
        _ => None,
    }
}
