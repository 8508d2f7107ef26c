//! Joins the notes that have ended to those that begin, from the lowest up, at the smallest sum of costs.

/// A voice that ends or begins costs as much as an interval of so many semitones.
const SKIP: i32 = 10;
/// As much as a semitone for each so many ticks of rest.
const REST_TICKS: i32 = 6;
/// For each held note that a voice passes.
const CROSSING: i32 = 4;
/// A join is sure if all ways to do without it cost more by so much.
const MARGIN: i32 = 5;
/// And if it is no wider than a fifth, or just an octave: wider ones were wrong half of the time, unless nothing else moves.
const WIDEST_SURE: i32 = 7;
/// The same where one note ends and one begins.
const WIDEST_ALONE: i32 = 16;
/// A repeated note is not sure if a voice that lies so near could have come to it, and left its own note to this one.
const NEAR: i32 = 4;
/// After a longer rest a voice has often left the music, and another has come: sure only if nothing else sounds.
const MOST_SURE_REST_TICKS: i32 = 12;
/// Where more notes than this end or begin at once there are no voices to speak of.
const MOST_NOTES: usize = 12;

/// A note that ends or begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    /// Among all notes.
    pub(super) index: usize,
    pub(super) pitch: i32,
    /// Since its end.
    pub(super) rest_ticks: i32,
}

/// One moment's problem, with memory that is used again for the next.
#[derive(Clone, Debug, Default)]
pub(super) struct Matching {
    pub(super) ended: Vec<Candidate>,
    pub(super) starting: Vec<Candidate>,
    /// Pitches of notes that sound on.
    pub(super) held: Vec<i32>,
    // (ended, starting)
    costs: Vec<i32>,
    // (ended + 1, starting + 1), the cheapest way to join the first of both
    table: Vec<i32>,
    joined: Vec<(usize, usize, bool)>,
}

impl Matching {
    pub(super) fn clear(&mut self) {
        self.ended.clear();
        self.starting.clear();
        self.held.clear();
    }

    /// Who goes on to whom, and whether that is sure.
    pub(super) fn solve(&mut self) -> &[(usize, usize, bool)] {
        self.joined.clear();
        let n = self.starting.len();
        if self.ended.is_empty() || n == 0 || self.ended.len().max(n) > MOST_NOTES {
            return &self.joined;
        }
        self.ended.sort_by_key(|candidate| (candidate.pitch, candidate.index));
        self.costs.clear();
        for from in &self.ended {
            for to in &self.starting {
                let (low, high) = (from.pitch.min(to.pitch), from.pitch.max(to.pitch));
                let n_crossed = self.held.iter().filter(|&&held| low < held && held < high).count();
                let crossings = CROSSING * i32::try_from(n_crossed).unwrap_or(0);
                self.costs.push(high - low + from.rest_ticks / REST_TICKS + crossings);
            }
        }
        let least = self.least_cost(None);
        let (mut i, mut j) = (self.ended.len(), n);
        let mut pairs = [(0, 0); MOST_NOTES];
        let mut n_pairs = 0;
        while i > 0 && j > 0 {
            let here = self.table[i * (n + 1) + j];
            if here == self.table[(i - 1) * (n + 1) + j - 1] + self.costs[(i - 1) * n + j - 1] {
                (i, j) = (i - 1, j - 1);
                pairs[n_pairs] = (i, j);
                n_pairs += 1;
            } else if here == self.table[(i - 1) * (n + 1) + j] + SKIP {
                i -= 1;
            } else {
                j -= 1;
            }
        }
        for &(i, j) in &pairs[..n_pairs] {
            let interval = (self.ended[i].pitch - self.starting[j].pitch).abs();
            let is_narrow = match self.ended.len().max(n) {
                1 => interval <= WIDEST_ALONE,
                _ => interval <= WIDEST_SURE || interval == 12,
            };
            let is_soon = self.ended[i].rest_ticks <= MOST_SURE_REST_TICKS
                || self.held.is_empty() && self.ended.len().max(n) == 1;
            let is_near = |pitch: i32| (pitch - self.starting[j].pitch).abs() <= NEAR;
            let may_be_exchanged = interval == 0
                && pairs[..n_pairs]
                    .iter()
                    .any(|&(k, l)| k != i && is_near(self.ended[k].pitch) && is_near(self.starting[l].pitch));
            let is_plain = is_narrow && is_soon && !may_be_exchanged;
            let is_sure = is_plain && self.least_cost(Some((i, j))) - least >= MARGIN;
            self.joined.push((self.ended[i].index, self.starting[j].index, is_sure));
        }
        &self.joined
    }

    /// What the cheapest way to join all costs, without that one join.
    fn least_cost(&mut self, forbidden: Option<(usize, usize)>) -> i32 {
        let n = self.starting.len();
        self.table.clear();
        for i in 0..=self.ended.len() {
            for j in 0..=n {
                let above = |table: &[i32]| table[(i - 1) * (n + 1) + j] + SKIP;
                let cost = match (i, j) {
                    (0, 0) => 0,
                    (0, _) => self.table[j - 1] + SKIP,
                    (_, 0) => above(&self.table),
                    _ => {
                        let skipped = above(&self.table).min(self.table[i * (n + 1) + j - 1] + SKIP);
                        let joined = self.table[(i - 1) * (n + 1) + j - 1] + self.costs[(i - 1) * n + j - 1];
                        if forbidden == Some((i - 1, j - 1)) { skipped } else { skipped.min(joined) }
                    }
                };
                self.table.push(cost);
            }
        }
        self.table.last().copied().unwrap_or(0)
    }
}
