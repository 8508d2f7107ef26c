//! Loudness signs and hairpins, as velocities.

use super::part::At;
use super::xml::Element;
use crate::note::Velocity;

/// From *ppp* to *fff*: the steps that notation programs play.
const SIGNS: [(&str, u8); 10] = [
    ("pppp", 10),
    ("ppp", 16),
    ("pp", 33),
    ("p", 49),
    ("mp", 64),
    ("mf", 80),
    ("f", 96),
    ("ff", 112),
    ("fff", 126),
    ("ffff", 127),
];
/// What a hairpin changes that leads to no sign.
const HAIRPIN: i64 = 16;

/// The velocity of a sign; `None` for what is none, or holds for one note only.
pub(super) fn velocity_of(sign: &str) -> Option<u8> {
    let sign = if sign == "fp" { "p" } else { sign };
    SIGNS.iter().find(|(name, _)| *name == sign).map(|(_, velocity)| *velocity)
}

/// All that a part says of its loudness.
#[derive(Debug, Default)]
pub(super) struct Loudness {
    /// When, in which staff.
    levels: Vec<(At, u8, u8)>,
    /// From where to where, and whether it grows.
    wedges: Vec<Wedge>,
    /// Of the wedges that have not ended, the number in the file.
    open: Vec<(u8, usize)>,
}

#[derive(Debug)]
struct Wedge {
    from: At,
    to: Option<At>,
    staff: u8,
    grows: bool,
}

impl Loudness {
    pub(super) fn n_signs(&self) -> usize {
        self.levels.len() + self.wedges.len()
    }

    /// From here on, as loud as that.
    pub(super) fn set(&mut self, at: At, staff: u8, velocity: Velocity) {
        self.levels.push((at, staff, velocity.get()));
    }

    pub(super) fn sign(&mut self, at: At, staff: u8, dynamics: &Element) {
        let velocity = dynamics.children().find_map(|sign| velocity_of(sign.name()));
        self.levels.extend(velocity.map(|velocity| (at, staff, velocity)));
    }

    pub(super) fn wedge(&mut self, at: At, staff: u8, wedge: &Element) {
        let number = wedge.attribute("number").and_then(|number| number.parse().ok()).unwrap_or(1);
        let place = self.open.iter().position(|(of, _)| *of == number).map(|place| self.open.swap_remove(place).1);
        match wedge.attribute("type") {
            Some("stop") => {
                if let Some(wedge) = place.and_then(|place| self.wedges.get_mut(place)) {
                    wedge.to = Some(at);
                }
            }
            Some(kind @ ("crescendo" | "diminuendo")) => {
                self.open.push((number, self.wedges.len()));
                self.wedges.push(Wedge { from: at, to: None, staff, grows: kind == "crescendo" });
            }
            _ => {}
        }
    }

    /// The loudness over time of one staff, with times in ticks. A sign of the first staff is for all that have none at its time.
    pub(super) fn curve(&self, staff: u8, ticks: impl Fn(At) -> i64) -> Curve {
        let is_own = |of: u8| of == staff || of == 1;
        let mut levels: Vec<(i64, bool, u8)> = Vec::new();
        levels.extend(
            self.levels.iter().filter(|(_, of, _)| is_own(*of)).map(|&(at, of, v)| (ticks(at), of == staff, v)),
        );
        levels.sort_by_key(|&(at, own, _)| (at, own));
        levels.dedup_by(|later, earlier| {
            let same = later.0 == earlier.0;
            if same {
                *earlier = *later;
            }
            same
        });
        let mut wedges: Vec<(i64, i64, bool)> = Vec::new();
        for wedge in self.wedges.iter().filter(|wedge| is_own(wedge.staff)) {
            wedges.extend(wedge.to.map(|to| (ticks(wedge.from), ticks(to), wedge.grows)));
        }
        wedges.sort_unstable();
        Curve::new(&levels, &wedges)
    }
}

/// Velocity over time: constant, or a slope.
#[derive(Debug, Default)]
pub(super) struct Curve {
    points: Vec<Point>,
}

/// From a time on, a velocity; and until when it slopes to which.
#[derive(Clone, Copy, Debug)]
struct Point {
    from: i64,
    velocity: i64,
    slope: Option<(i64, i64)>,
}

impl Curve {
    fn new(levels: &[(i64, bool, u8)], wedges: &[(i64, i64, bool)]) -> Self {
        let mut points: Vec<Point> = Vec::with_capacity(levels.len() + 2 * wedges.len());
        let mut now = i64::from(Velocity::MEDIUM.get());
        let mut levels = levels.iter().map(|&(at, _, velocity)| (at, i64::from(velocity))).peekable();
        for &(from, to, grows) in wedges {
            while let Some((at, velocity)) = levels.next_if(|(at, _)| *at <= from) {
                now = velocity;
                points.push(Point { from: at, velocity: now, slope: None });
            }
            // It leads to the sign at its end, if there is one soon that it can lead to.
            let room = (to - from).max(1);
            let goal = levels.peek().filter(|(at, velocity)| *at <= to + room / 4 && (*velocity > now) == grows);
            let step = if grows { HAIRPIN } else { -HAIRPIN };
            let goal = goal.map_or(now + step, |(_, velocity)| *velocity).clamp(10, 127);
            if points.last().is_none_or(|last| last.from <= from) {
                points.push(Point { from, velocity: now, slope: Some((to.max(from), goal)) });
                points.push(Point { from: to.max(from), velocity: goal, slope: None });
                now = goal;
            }
        }
        points.extend(levels.map(|(from, velocity)| Point { from, velocity, slope: None }));
        points.sort_by_key(|point| point.from);
        Self { points }
    }

    pub(super) fn at(&self, ticks: i64) -> Velocity {
        let n_begun = self.points.partition_point(|point| point.from <= ticks);
        let Some(&Point { from, velocity, slope }) = n_begun.checked_sub(1).map(|place| &self.points[place]) else {
            return Velocity::MEDIUM;
        };
        let value = match slope {
            Some((to, goal)) if to > from => {
                let share =
                    i128::from(goal - velocity) * i128::from((ticks - from).min(to - from)) / i128::from(to - from);
                velocity + i64::try_from(share).unwrap_or(0)
            }
            _ => velocity,
        };
        Velocity::nearest(u8::try_from(value.clamp(1, 127)).unwrap_or(127))
    }
}
