//! Two voices on a staff. What sounds at once in one voice is a chord, whose notes begin and end together; where they do not, they are
//! divided, and tied. Which notes go to which voice is chosen so that there are few ties and rests, by a beam search.

use super::FINE;
use crate::note::Note;

/// Ways that are followed at once.
const WIDTH: usize = 24;
/// To divide a note.
const TIE_COST: u32 = 10;
/// A rest that is seen, and one that need not be.
const REST_COST: u32 = 6;
const GAP_COST: u32 = 3;
/// The upper voice is above the lower one.
const CROSSING_COST: u32 = 12;
/// One voice is read more easily than two.
const SECOND_COST: u32 = 2;

/// What sounds in a voice from a time to another, in parts of a tick.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) start: i64,
    pub(super) end: i64,
    /// Places in the list of notes; none is a rest.
    pub(super) notes: Vec<usize>,
}

/// The segments of the upper and of the lower voice, in order of time, without rests. `notes` are those of a staff, in
/// [`Note::order`], no key twice at once; they are called by their places in `names`.
pub(super) fn separate(notes: &[Note], names: &[usize]) -> [Vec<Segment>; 2] {
    let is_lower = assign(notes);
    [false, true].map(|lower| {
        let of_voice: Vec<usize> = (0..notes.len()).filter(|&note| is_lower[note] == lower).collect();
        segments(notes, &of_voice, names)
    })
}

/// Divides the notes of a voice wherever one of them begins or ends.
fn segments(notes: &[Note], of_voice: &[usize], names: &[usize]) -> Vec<Segment> {
    let mut times: Vec<i64> =
        of_voice.iter().flat_map(|&note| [notes[note].onset_ticks, notes[note].end_ticks()]).collect();
    times.sort_unstable();
    times.dedup();
    let mut segments = Vec::with_capacity(times.len());
    let (mut sounding, mut next): (Vec<usize>, usize) = (Vec::new(), 0);
    for pair in times.windows(2) {
        sounding.retain(|&note| notes[note].end_ticks() > pair[0]);
        while let Some(&note) = of_voice.get(next).filter(|note| notes[**note].onset_ticks <= pair[0]) {
            sounding.push(note);
            next += 1;
        }
        if !sounding.is_empty() {
            sounding.sort_by_key(|&note| notes[note].pitch);
            let notes = sounding.iter().map(|&note| names[note]).collect();
            segments.push(Segment { start: pair[0] * FINE, end: pair[1] * FINE, notes });
        }
    }
    segments
}

/// A way to assign all notes up to a time.
#[derive(Clone)]
struct Way {
    cost: u32,
    /// What sounds in each voice: end and key.
    sounding: [Vec<(i64, u8)>; 2],
    /// When each voice last ended.
    ended: [i64; 2],
    /// The place of its last choice among all.
    choice: Option<usize>,
}

/// A choice, and the one before it.
struct Choice {
    before: Option<usize>,
    /// How many groups of this time, from the highest, go to the upper voice.
    n_upper: usize,
}

/// For each note, whether it is in the lower voice.
fn assign(notes: &[Note]) -> Vec<bool> {
    let mut ways = vec![Way { cost: 0, sounding: [Vec::new(), Vec::new()], ended: [0, 0], choice: None }];
    let mut choices: Vec<Choice> = Vec::new();
    let mut moments: Vec<Vec<Vec<usize>>> = Vec::new();
    let mut from = 0;
    while from < notes.len() {
        let onset = notes[from].onset_ticks;
        let to = from + notes[from..].iter().take_while(|note| note.onset_ticks == onset).count();
        let groups = groups(notes, from..to);
        let mut next: Vec<(Way, usize)> = Vec::with_capacity(ways.len() * (groups.len() + 1));
        for way in &ways {
            let mut at = way.clone();
            at.advance(onset);
            for n_upper in 0..=groups.len() {
                let mut then = at.clone();
                then.strike(notes, onset, &groups, n_upper);
                next.push((then, n_upper));
            }
        }
        next.sort_by_key(|(way, _)| way.cost);
        let mut kept: Vec<Way> = Vec::with_capacity(WIDTH);
        for (mut way, n_upper) in next {
            if kept.len() < WIDTH && !kept.iter().any(|other| other.sounding == way.sounding) {
                choices.push(Choice { before: way.choice, n_upper });
                way.choice = Some(choices.len() - 1);
                kept.push(way);
            }
        }
        ways = kept;
        moments.push(groups);
        from = to;
    }
    let mut is_lower = vec![false; notes.len()];
    let mut choice = ways.first().and_then(|way| way.choice);
    for groups in moments.iter().rev() {
        let Some(Choice { before, n_upper }) = choice.map(|place| &choices[place]) else { break };
        for &note in groups.iter().skip(*n_upper).flatten() {
            is_lower[note] = true;
        }
        choice = *before;
    }
    is_lower
}

/// Notes of one onset that end together, from the highest group down. Groups that interlock are ordered by their highest note.
fn groups(notes: &[Note], struck: std::ops::Range<usize>) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for note in struck.rev() {
        match groups.iter_mut().find(|group| notes[group[0]].duration_ticks == notes[note].duration_ticks) {
            Some(group) => group.push(note),
            None => groups.push(vec![note]),
        }
    }
    groups
}

impl Way {
    /// Lets end what ends before or at a time; what is left of its chord is divided there.
    fn advance(&mut self, now: i64) {
        for (voice, ended) in self.sounding.iter_mut().zip(&mut self.ended) {
            voice.sort_unstable();
            while let Some(&(end, _)) = voice.first().filter(|(end, _)| *end <= now) {
                voice.retain(|(other, _)| *other > end);
                *ended = end;
                // At `now` itself it is divided only if something begins in its voice, which is counted then.
                if end < now {
                    self.cost += TIE_COST * count(voice.len());
                }
            }
        }
    }

    fn strike(&mut self, notes: &[Note], onset: i64, groups: &[Vec<usize>], n_upper: usize) {
        let shares = [&groups[..n_upper], &groups[n_upper..]];
        for (voice, share) in shares.iter().enumerate() {
            let was_silent = self.sounding[voice].is_empty();
            let ends_here = self.ended[voice] == onset;
            if share.is_empty() {
                // Held on while others of its chord end here: divided all the same.
                if ends_here && !was_silent {
                    self.cost += TIE_COST * count(self.sounding[voice].len());
                }
                continue;
            }
            self.cost += TIE_COST * count(self.sounding[voice].len());
            if was_silent && !ends_here {
                self.cost += if voice == 0 { REST_COST } else { GAP_COST };
            }
            if voice == 1 {
                self.cost += SECOND_COST;
            }
            let struck = share.iter().flatten().map(|&note| (notes[note].end_ticks(), notes[note].pitch.get()));
            self.sounding[voice].extend(struck);
        }
        let [upper, lower] = &self.sounding;
        let low = upper.iter().map(|(_, key)| *key).min();
        let high = lower.iter().map(|(_, key)| *key).max();
        match (low, high) {
            (Some(low), Some(high)) if low < high => self.cost += CROSSING_COST,
            // Alone, a voice is the upper one.
            (None, Some(_)) => self.cost += REST_COST,
            _ => {}
        }
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX / 1000)
}
