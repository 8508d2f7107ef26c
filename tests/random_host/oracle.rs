//! What must be heard, worked out from what was done and from what the manual says, without any of the plugin's code.

use std::collections::{BTreeMap, HashMap};

use host::{Event, Message, NoteEvent, Transport};

use crate::common::TEMPO;

/// What the host does, from the next block on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// A seek, a loop, another tempo or metre.
    Move,
    Start,
    Stop,
    /// A reset, or another start of the device.
    Anew,
}

#[derive(Clone, Debug)]
enum Done {
    Act(Act),
    /// A parameter gets the value that has this text.
    Set(String, String),
    Message(Message),
}

/// All that was done in a phrase.
#[derive(Clone, Debug, Default)]
pub(super) struct Log(Vec<(u64, Done)>);

impl Log {
    pub(super) fn act(&mut self, at: u64, act: Act) {
        self.0.push((at, Done::Act(act)));
    }

    pub(super) fn set(&mut self, at: u64, name: String, text: String) {
        self.0.push((at, Done::Set(name, text)));
    }

    pub(super) fn message(&mut self, at: u64, message: Message) {
        self.0.push((at, Done::Message(message)));
    }

    /// Whether some key hands over: it is kept back, and only the plugin knows which it is.
    fn has_hand_over_key(&self) -> bool {
        self.0.iter().any(|(_, done)| matches!(done, Done::Set(name, text) if name == "Hand-over key" && text != "Off"))
    }

    /// Plays it all to a model. At one sample, the host comes first and the player last, each in the order of what was done.
    fn model(&self) -> Model {
        let mut done: Vec<_> = self.0.iter().collect();
        done.sort_by_key(|(at, what)| {
            let class = match what {
                Done::Act(_) => 0,
                Done::Set(..) => 1,
                Done::Message(_) => 2,
            };
            (*at, class)
        });
        let mut model = Model::default();
        done.into_iter().for_each(|(at, what)| model.follow(*at, what));
        model
    }
}

/// A key that is down.
struct Strike {
    at: u64,
    channel: u8,
    key: u8,
    id: Option<i32>,
    /// Which of the notes it is that passed through, until that ends.
    note: Option<usize>,
    is_heard: bool,
}

/// A note that must pass through.
#[derive(Clone, Copy, Debug)]
struct Note {
    on: u64,
    off: Option<u64>,
    channel: u8,
    key: u8,
    velocity: u8,
}

/// What the player has played since all was silent, as far as it is heard.
#[derive(Clone, Copy, Debug)]
struct Call {
    first_on: u64,
    last_on: u64,
    last_up: u64,
}

/// The rules, as far as they can be told without playing.
#[derive(Default)]
struct Model {
    settings: HashMap<String, String>,
    held: Vec<Strike>,
    notes: Vec<Note>,
    call: Option<Call>,
    /// From when on it is off or not.
    is_off: Vec<(u64, bool)>,
    /// The latest change of a setting or by the host.
    changed: u64,
    /// The latest change of a setting that says whose turn it is.
    turned: u64,
}

/// Settings that say whose turn it is. One that moves within a call may drop it, or be a hand-over itself.
const OF_TURNS: [&str; 13] = [
    "Mode",
    "Bypass",
    "Panic",
    "Drums on channel 10",
    "Chords",
    "Hand over by silence",
    "Silence",
    "Silence in beats",
    "Trade",
    "Hand-over controller",
    "Hand-over key",
    "Hand over now",
    "When I play over",
];

impl Model {
    fn is(&self, name: &str, text: &str) -> bool {
        self.settings.get(name).is_some_and(|value| value == text)
    }

    fn number(&self, name: &str) -> f64 {
        self.settings[name].split_whitespace().next().and_then(|number| number.parse().ok()).unwrap()
    }

    fn is_off_now(&self) -> bool {
        self.is("Bypass", "Bypassed") || self.is("Mode", "Off")
    }

    fn passes(&self) -> bool {
        self.is("Bypass", "Bypassed") || self.is("Thru", "On")
    }

    fn follow(&mut self, at: u64, what: &Done) {
        match what {
            Done::Act(act) => {
                self.changed = at;
                if *act != Act::Move {
                    // A start may be that of another song.
                    self.call = None;
                }
                if matches!(act, Act::Stop | Act::Anew) {
                    self.silence(at);
                }
            }
            Done::Set(name, text) => self.set(at, name, text),
            Done::Message(Message::Note(note)) if note.is_on => self.key_down(at, note),
            Done::Message(Message::Note(note)) => self.key_up(at, note),
            Done::Message(Message::Midi([status, 120 | 123, _])) if status >> 4 == 0xB => {
                self.call = None;
                self.end_all(at, |strike| strike.channel == status & 15);
                self.held.retain(|strike| strike.channel != status & 15);
            }
            Done::Message(_) => {}
        }
    }

    fn set(&mut self, at: u64, name: &str, text: &str) {
        let (was_passing, was_panic) = (self.passes(), self.is("Panic", "On"));
        self.settings.insert(name.to_owned(), text.to_owned());
        self.changed = at;
        if OF_TURNS.contains(&name) {
            self.turned = at;
        }
        if was_passing && !self.passes() {
            self.end_all(at, |_| true);
        }
        if !was_panic && self.is("Panic", "On") {
            self.silence(at);
        }
        let is_off = self.is_off_now();
        if self.is_off.last().is_none_or(|&(_, was_off)| was_off != is_off) {
            self.is_off.push((at, is_off));
            self.call = None;
            self.held.iter_mut().for_each(|strike| strike.is_heard = false);
        }
    }

    fn key_down(&mut self, at: u64, note: &NoteEvent) {
        let (channel, key) = (note.channel.unwrap(), note.key.unwrap());
        let is_chord = self.is("Chords", &format!("Channel {}", channel + 1));
        let is_music = !is_chord && (channel != 9 || self.is("Drums on channel 10", "Are heard"));
        let is_heard = !self.is_off_now() && is_music;
        let mut strike = Strike { at, channel, key, id: note.id, note: None, is_heard };
        if self.passes() {
            strike.note = Some(self.notes.len());
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to 127")]
            let velocity = (note.velocity * 127.0).round() as u8;
            self.notes.push(Note { on: at, off: None, channel, key, velocity });
        }
        self.held.push(strike);
        if is_heard {
            let first_on = self.call.map_or(at, |call| call.first_on);
            self.call = Some(Call { first_on, last_on: at, last_up: at });
        }
    }

    /// The latest strike that is meant ends; of those that are struck at this very sample, only if there is no other.
    fn key_up(&mut self, at: u64, note: &NoteEvent) {
        let is_meant = |strike: &Strike| {
            Some(strike.channel) == note.channel && strike.id == note.id && note.key.is_none_or(|key| key == strike.key)
        };
        let before = self.held.iter().rposition(|strike| strike.at < at && is_meant(strike));
        let Some(place) = before.or_else(|| self.held.iter().rposition(is_meant)) else { return };
        let strike = self.held.remove(place);
        if let Some(note) = strike.note {
            self.notes[note].off = Some(at);
        }
        if let Some(call) = self.call.as_mut().filter(|_| strike.is_heard) {
            call.last_up = at;
        }
    }

    fn end_all(&mut self, at: u64, is_meant: impl Fn(&Strike) -> bool) {
        for strike in self.held.iter_mut().filter(|strike| is_meant(strike)) {
            if let Some(note) = strike.note.take() {
                self.notes[note].off = Some(at);
            }
        }
    }

    fn silence(&mut self, at: u64) {
        self.end_all(at, |_| true);
        self.held.clear();
        self.call = None;
    }
}

/// An event without its order among others: (sample, channel, key, velocity; none for a note-off).
type Key = (u64, u8, u8, Option<u8>);

fn counted(heard: &[Event]) -> BTreeMap<Key, usize> {
    let mut counts = BTreeMap::new();
    for event in heard {
        let key = match event.message {
            Message::NoteOn { channel, key, velocity } => (event.at_samples, channel, key, Some(velocity)),
            Message::NoteOff { channel, key } => (event.at_samples, channel, key, None),
            _ => continue,
        };
        *counts.entry(key).or_default() += 1;
    }
    counts
}

fn take(counts: &mut BTreeMap<Key, usize>, key: Key) -> bool {
    counts.get_mut(&key).filter(|n| **n > 0).map(|n| *n -= 1).is_some()
}

/// What was heard, told apart.
pub(super) struct Told {
    /// Notes that had to pass through.
    pub(super) n_passed: usize,
    /// Of the answers, in order.
    pub(super) answers: Vec<u64>,
}

/// Tells apart what has passed through and what is of the answers, or says what is wrong. With Thru on, each note that is played
/// comes out at its sample, and ends when its key goes up: or earlier, if a panic, a stop, a fresh start or Thru ends it, or an
/// answer strikes its key.
pub(super) fn tell_apart(log: &Log, heard: &[Event]) -> Result<Told, String> {
    let model = log.model();
    if log.has_hand_over_key() {
        return Ok(Told { n_passed: 0, answers: Vec::new() });
    }
    let mut counts = counted(heard);
    for note in &model.notes {
        if !take(&mut counts, (note.on, note.channel, note.key, Some(note.velocity))) {
            return Err(format!("lost {note:?}"));
        }
    }
    let answers: Vec<Key> = counts.iter().filter(|&(key, n)| key.3.is_some() && *n > 0).map(|(key, _)| *key).collect();
    for note in &model.notes {
        let is_its_key = |answer: &&Key| (answer.1, answer.2) == (note.channel, note.key);
        let struck = answers.iter().filter(is_its_key).map(|answer| answer.0).find(|&at| at >= note.on);
        let Some(off) = [struck, note.off].into_iter().flatten().min() else {
            return Err(format!("nobody ended {note:?}"));
        };
        if !take(&mut counts, (off, note.channel, note.key, None)) {
            return Err(format!("no end at {off} of {note:?}"));
        }
    }
    for answer in &answers {
        let place = model.is_off.partition_point(|&(at, _)| at <= answer.0);
        if place > 0 && model.is_off[place - 1].1 {
            return Err(format!("{answer:?} was played by a plugin that was off"));
        }
    }
    Ok(Told { n_passed: model.notes.len(), answers: answers.into_iter().map(|answer| answer.0).collect() })
}

/// An answer that must come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Promise {
    /// After this sample,
    pub(super) after: u64,
    /// and not after this one.
    pub(super) until: u64,
}

/// A beat that is found in what was played is no longer than this.
const SLOWEST_BEAT_SECONDS: f64 = 1.67;

/// Whether an answer is promised, if nothing more is done: all keys are up, silence hands over, and nothing has happened since the
/// call's first key that drops it.
pub(super) fn promise(log: &Log, transport: &Transport, sample_rate: f64) -> Option<Promise> {
    let model = log.model();
    let call = model.call?;
    let is_clear = !model.held.iter().any(|strike| strike.is_heard)
        && !model.is_off_now()
        && model.turned < call.first_on
        && !model.is("Hand over by silence", "Off")
        && model.is("Hand-over controller", "Off")
        // What is played while an answer sounds is no call then, and here nobody knows whether one does.
        && !model.is("Chords", "My held keys")
        && !log.has_hand_over_key()
        && model.is("When I play over", "Stop");
    if !is_clear {
        return None;
    }
    // In a loop between two bar lines there is no next one.
    let has_line = transport.loop_beats.is_none_or(|(start, end)| end - start >= transport.bar_beats());
    if !has_line && !model.is("Start", "At once") {
        return None;
    }
    let beat_seconds = 60.0 / transport.tempo;
    let silence = match model.is("Hand over by silence", "Time") {
        true => model.number("Silence") / 1000.0,
        false => model.number("Silence in beats") * beat_seconds,
    };
    let wait_beats = match model.settings["Start"].as_str() {
        "At once" => 0.0,
        // The next beat of the player's own tempo, which is no slower than this.
        _ if !transport.is_playing || !model.is("Tempo", "Host's") => SLOWEST_BEAT_SECONDS / beat_seconds,
        "Next beat" => 1.0,
        _ => transport.bar_beats(),
    };
    // A beat more, for a first note that is drawn to a grid.
    // It is counted in ticks, which are longer in a song that has become slower since.
    let silence = silence * (TEMPO / transport.tempo).max(1.0);
    let wait = silence + (wait_beats + 1.0) * beat_seconds;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a minute at most")]
    let until = call.last_up.max(model.changed) + (wait * sample_rate).ceil() as u64;
    Some(Promise { after: call.last_on, until })
}

/// An oracle that never objects proves nothing either.
#[test]
fn what_is_lost_moved_or_left_is_told() {
    let mut log = Log::default();
    let done = [("Thru", "On"), ("Mode", "Answer"), ("Bypass", "Not Bypassed")];
    done.into_iter().for_each(|(name, text)| log.set(0, name.to_owned(), text.to_owned()));
    let note = NoteEvent { is_on: true, channel: Some(0), key: Some(60), id: None, velocity: 90.0 / 127.0 };
    log.message(100, Message::Note(note));
    log.message(200, Message::Note(NoteEvent { is_on: false, ..note }));
    let on = |at_samples, key, velocity| Event { at_samples, message: Message::NoteOn { channel: 0, key, velocity } };
    let off = |at_samples, key| Event { at_samples, message: Message::NoteOff { channel: 0, key } };
    let answers = |heard: &[Event]| tell_apart(&log, heard).map(|told| told.answers);
    assert_eq!(answers(&[on(100, 60, 90), off(200, 60)]), Ok(vec![]));
    assert_eq!(answers(&[on(100, 60, 90), on(150, 62, 9), off(190, 62), off(200, 60)]), Ok(vec![150]));
    assert_eq!(answers(&[on(100, 60, 90), off(150, 60), on(150, 60, 9), off(200, 60)]), Ok(vec![150]));
    for heard in [
        vec![],
        vec![on(101, 60, 90), off(200, 60)],
        vec![on(100, 60, 91), off(200, 60)],
        vec![on(100, 60, 90)],
        vec![on(100, 60, 90), off(201, 60)],
    ] {
        assert!(answers(&heard).is_err(), "{heard:?}");
    }
    log.set(120, "Mode".to_owned(), "Off".to_owned());
    let told = tell_apart(&log, &[on(100, 60, 90), on(150, 62, 9), off(190, 62), off(200, 60)]);
    assert!(told.is_err(), "a plugin that is off does not answer");
}
