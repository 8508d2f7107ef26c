//! Pitch spelling: the names of notes. Keys change in a piece, and a key says how each of its keys on the piano is called; so the local
//! keys are found on the line of fifths (F C G D A E B, sharps on the right of it, flats on the left), as a path that explains the
//! notes at least cost (Viterbi). That names are near to each other on that line is Temperley's idea (*The Cognition of Basic Musical
//! Structures*, 2001, chapter 5). A note that is followed by its neighbour a semitone away is rather a step of a scale than a
//! chromatic one: leading notes go up, flattened ones down. What a name costs in a key was counted in 40 songs of OpenScore Lieder.

use crate::note::{Note, TICKS_PER_BEAT};

/// What a name costs in a major and in a minor key, if the neighbour below, none, or the one above follows: from eight fifths below the
/// key signature to twelve above. In hundredths of a natural logarithm, a fifth dearer than counted.
const NAME_COSTS: [[[i32; N_NAMES]; 3]; 2] = [
    [
        [712, 712, 287, 535, 0, 112, 67, 0, 0, 96, 467, 136, 124, 224, 217, 535, 712, 535, 712, 535, 712],
        [902, 658, 536, 490, 173, 268, 254, 2, 0, 1, 56, 85, 103, 223, 456, 658, 902, 902, 902, 902, 902],
        [696, 696, 520, 520, 271, 260, 138, 85, 408, 48, 202, 53, 0, 0, 83, 240, 520, 520, 330, 696, 451],
    ],
    [
        [712, 888, 544, 360, 476, 416, 253, 0, 0, 124, 240, 52, 252, 252, 236, 490, 338, 371, 569, 712, 712],
        [1080, 798, 899, 798, 744, 620, 521, 103, 2, 0, 7, 26, 4, 101, 368, 512, 256, 538, 688, 856, 1080],
        [889, 644, 889, 889, 569, 476, 464, 212, 229, 203, 216, 317, 0, 0, 103, 196, 37, 204, 324, 713, 889],
    ],
];
const N_NAMES: usize = 21;
const LOWEST_NAME: i32 = -8;
/// Key signatures of local keys: so many sharps, or flats if negative.
const LOWEST_KEY: i32 = -9;
const N_KEYS: usize = 19;
/// Each in major and minor.
const N_STATES: usize = 2 * N_KEYS;

/// Another key, and each fifth to it; or another mode.
const CHANGE_COST: i32 = 500;
const FIFTH_COST: i32 = 150;
const MODE_COST: i32 = 150;
/// To go round the circle of fifths, where sharps become flats.
const ROUND_FIFTHS: i32 = 3;
/// For each note: each fifth to the key of the piece, up to some, and each sharp or flat of many.
const HOME_COST: i32 = 10;
const MOST_FIFTHS: i32 = 6;
const SIGNS_COST: i32 = 15;
const FEW_SIGNS: i32 = 4;
/// For each fifth between the first key and that of the piece.
const FIRST_COST: i32 = 100;
/// Keys that a local key can come from: the cheapest ones.
const N_FROM: usize = 14;

/// A neighbour follows a note within so many notes, and so soon after its end.
const FOLLOWING_NOTES: usize = 13;
const FOLLOWING_TICKS: i64 = TICKS_PER_BEAT as i64 / 2;

/// Semitones from C to the steps C D E F G A B, and the step of each place on the line of fifths from F on.
const SEMITONES: [i32; 7] = [0, 2, 4, 5, 7, 9, 11];
const STEPS: [i32; 7] = [3, 0, 4, 1, 5, 2, 6];

/// A pitch by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spelled {
    /// 0 (C) to 6 (B).
    pub step: u8,
    /// Sharps, or flats if negative: -2 to 2.
    pub alter: i8,
    /// 4 from middle C to the B above.
    pub octave: i8,
}

impl Spelled {
    /// The name of the step.
    #[must_use]
    pub const fn letter(self) -> char {
        ['C', 'D', 'E', 'F', 'G', 'A', 'B'][self.step as usize % 7]
    }

    /// A key by its place on the line of fifths from C. What would need three accidentals is called as its neighbour.
    fn on_line(key: i32, name: i32) -> Self {
        let alter = (name + 1).div_euclid(7);
        if alter.abs() > 2 {
            return Self::on_line(key, name - 12 * alter.signum());
        }
        let step = STEPS[usize::try_from((name + 1).rem_euclid(7)).unwrap_or(0)];
        let octave = (key - alter - SEMITONES[usize::try_from(step).unwrap_or(0)]).div_euclid(12) - 1;
        let [alter, octave] = [alter, octave].map(|number| i8::try_from(number).unwrap_or(0));
        Self { step: u8::try_from(step).unwrap_or(0), alter, octave }
    }
}

/// Names for notes in [`Note::order`]. `fifths` is the key signature: so many sharps, or flats if negative.
///
/// ```
/// use music::harmony::spelling::spell;
/// use music::{Note, Pitch, Velocity};
///
/// // D minor, with its leading note.
/// let (velocity, keys) = (Velocity::MEDIUM, [62, 65, 69, 70, 69, 67, 65, 64, 61, 62]);
/// let note = |(i, key): (i64, u8)| Note { onset_ticks: 24 * i, duration_ticks: 24, pitch: Pitch::nearest(key), velocity };
/// let notes: Vec<Note> = (0..).zip(keys).map(note).collect();
/// let names: String = spell(&notes, -1).iter().map(|spelled| format!("{}{} ", spelled.letter(), spelled.alter)).collect();
/// assert_eq!(names, "D0 F0 A0 B-1 A0 G0 F0 E0 C1 D0 ");
/// ```
#[must_use]
pub fn spell(notes: &[Note], fifths: i8) -> Vec<Spelled> {
    let home = i32::from(fifths);
    let names = Names::new();
    let following: Vec<usize> = (0..notes.len()).map(|place| following(notes, place)).collect();
    let mut costs: [i32; N_STATES] = std::array::from_fn(|state| FIRST_COST * (key_of(state) - home).abs());
    let mut ways: Vec<[u8; N_STATES]> = Vec::new();
    for (number, chord) in chords(notes).enumerate() {
        let mut cheapest: [usize; N_STATES] = std::array::from_fn(|state| state);
        cheapest.sort_by_key(|&state| costs[state]);
        let mut way = [0u8; N_STATES];
        let next = std::array::from_fn(|state| {
            // There is no change before the first chord.
            let all = if number == 0 { &[][..] } else { &cheapest[..N_FROM] };
            let reach = |from: usize| costs[from] + change_cost(from, state);
            let from = all.iter().copied().min_by_key(|&from| reach(from)).filter(|&from| reach(from) < costs[state]);
            let from = from.unwrap_or(state);
            way[state] = u8::try_from(from).unwrap_or(0);
            let key = key_of(state);
            let each = HOME_COST * (key - home).abs().min(MOST_FIFTHS) + SIGNS_COST * (key.abs() - FEW_SIGNS).max(0);
            let own = chord.clone().map(|note| names.of(&notes[note], following[note], state).0 + each);
            reach(from) + own.sum::<i32>()
        });
        let least = next.iter().min().copied().unwrap_or(0);
        costs = next.map(|cost| cost - least);
        ways.push(way);
    }
    let mut state = (0..N_STATES).min_by_key(|&state| costs[state]).unwrap_or(0);
    let mut spelled = vec![Spelled { step: 0, alter: 0, octave: 4 }; notes.len()];
    let chords: Vec<_> = chords(notes).collect();
    for (chord, way) in chords.into_iter().zip(&ways).rev() {
        for note in chord {
            let (_, name) = names.of(&notes[note], following[note], state);
            spelled[note] = Spelled::on_line(i32::from(notes[note].pitch.get()), name);
        }
        state = usize::from(way[state]);
    }
    spelled
}

/// The places of notes that begin together.
fn chords(notes: &[Note]) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
    let mut from = 0;
    notes.chunk_by(|one, other| one.onset_ticks == other.onset_ticks).map(move |chord| {
        let chord = from..from + chord.len();
        from = chord.end;
        chord
    })
}

/// Which neighbour follows a note: 0 the semitone below, 1 none, 2 the one above.
fn following(notes: &[Note], place: usize) -> usize {
    let note = &notes[place];
    let later = notes[place + 1..].iter().take(FOLLOWING_NOTES).filter(|next| next.onset_ticks > note.onset_ticks);
    let mut soon = later.take_while(|next| next.onset_ticks <= note.end_ticks() + FOLLOWING_TICKS);
    let is_below = soon.find_map(|next| match i32::from(next.pitch.get()) - i32::from(note.pitch.get()) {
        -1 => Some(0),
        1 => Some(2),
        _ => None,
    });
    is_below.unwrap_or(1)
}

/// The key signature of a state; the odd ones are minor.
fn key_of(state: usize) -> i32 {
    LOWEST_KEY + i32::try_from(state / 2).unwrap_or(0)
}

fn change_cost(from: usize, to: usize) -> i32 {
    match (key_of(from) - key_of(to)).abs() {
        0 if from == to => 0,
        0 => MODE_COST,
        fifths => CHANGE_COST + FIFTH_COST * fifths.min((12 - fifths).abs() + ROUND_FIFTHS),
    }
}

/// The cheapest name of each pitch class in each state, by what follows: its cost, and its place on the line of fifths from C.
struct Names([[[(i32, i32); 12]; 3]; N_STATES]);

impl Names {
    fn new() -> Self {
        Self(std::array::from_fn(|state| {
            std::array::from_fn(|following| std::array::from_fn(|class| name(state, following, class)))
        }))
    }

    fn of(&self, note: &Note, following: usize, state: usize) -> (i32, i32) {
        self.0[state][following][usize::from(note.pitch.get() % 12)]
    }
}

fn name(state: usize, following: usize, class: usize) -> (i32, i32) {
    let class = i32::try_from(class).unwrap_or(0);
    let costs = NAME_COSTS[state % 2][following].iter().zip(LOWEST_NAME..);
    let names = costs.map(|(cost, place)| (*cost, key_of(state) + place, (place - 2).abs()));
    // Seven semitones make a fifth.
    let own = names.filter(|(_, name, _)| (7 * name - class).rem_euclid(12) == 0);
    own.min_by_key(|&(cost, name, distance)| (cost, distance, name)).map_or((0, 0), |(cost, name, _)| (cost, name))
}
