//! The measures of the report, each of the same columns: other real music, bad anchors, and ours.
//!
//! Reading order: this file says what a measure is and when it is dropped; `table` lists the measures of single passages, `corpus`
//! compares with training music, `clouds` all passages at once.

mod clouds;
mod corpus;
mod table;

use serde::{Deserialize, Serialize};

use super::anchors::Anchor;
use super::features::{Passage, mean};
use super::interval::{Interval, number_or_none};
use super::sets::{Kind, Sets};

pub(super) use clouds::{attributes, cosine, frechet_rows, style_rows, told};
pub(super) use corpus::Corpus;
pub(super) use table::passage_measures;

/// Which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// The lower.
    Lower,
    /// The higher.
    Higher,
    /// The nearer to what real music has.
    LikeReal,
}

/// What a measure says of a column.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// The number.
    #[serde(flatten)]
    pub interval: Interval,
    /// How bad that is: the more, the worse.
    #[serde(deserialize_with = "number_or_none")]
    pub off: f64,
    /// By more than chance: beyond the interval of other real music, or of real music's own number.
    pub is_off_for_certain: bool,
}

/// A number of each column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measure {
    /// Shown in tables.
    pub name: String,
    /// Which way is better.
    pub better: Better,
    /// Real music's own number, where it has one.
    pub real: Option<f64>,
    /// In the order of [`super::Report::columns`].
    pub figures: Vec<Figure>,
    /// Anchors that it must tell from real music, or it says nothing. The others do not touch what it looks at.
    pub sees: Vec<String>,
    /// Ours is worse than an anchor that it sees.
    pub is_beyond_an_anchor: bool,
    /// Why it is no measure, if it is none.
    pub dropped: Option<String>,
}

/// What is known of a measure before it is made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) name: &'static str,
    pub(super) better: Better,
    pub(super) sees: &'static [Anchor],
}

impl Plan {
    pub(super) const fn new(name: &'static str, better: Better, sees: &'static [Anchor]) -> Self {
        Self { name, better, sees }
    }

    /// A measure of single passages: means over those of which it can be said. `values` are of all columns.
    pub(super) fn of_values(&self, sets: &Sets, works: &[usize], values: &[Vec<f64>]) -> Measure {
        let said = |values: &[f64], places: &[usize]| {
            mean(places.iter().map(|&i| values[i]).filter(|value| value.is_finite()))
        };
        let all: Vec<usize> = (0..works.len()).collect();
        let figures = sets.compared().map(|column| {
            let (own, real) = (&values[column], &values[sets.reference(column)]);
            let interval = Interval::of(works, |places| said(own, places));
            let difference = Interval::of(works, |places| said(own, places) - said(real, places));
            (interval, difference)
        });
        self.measure(sets, Some(said(&values[0], &all)), figures.collect())
    }

    /// A measure of whole columns, in the order of [`Sets::compared`].
    pub(super) fn of_columns(&self, sets: &Sets, real: Option<f64>, figures: &[Interval]) -> Measure {
        let difference = |interval: Interval| interval.map(|value| value - real.unwrap_or(0.0));
        self.measure(sets, real, figures.iter().map(|&interval| (interval, difference(interval))).collect())
    }

    fn measure(&self, sets: &Sets, real: Option<f64>, figures: Vec<(Interval, Interval)>) -> Measure {
        let floor = figures.first().map_or(Interval::default(), |(interval, _)| *interval);
        let figure = |(interval, difference): (Interval, Interval)| {
            let (off, is_off_for_certain) = match self.better {
                Better::Lower => (interval.value, interval.low > floor.high),
                Better::Higher => (-interval.value, interval.high < floor.low),
                Better::LikeReal => (difference.value.abs(), difference.low > 0.0 || difference.high < 0.0),
            };
            Figure { interval, off, is_off_for_certain }
        };
        let figures: Vec<Figure> = figures.into_iter().map(figure).collect();
        let mut measure = Measure {
            name: self.name.to_owned(),
            better: self.better,
            real,
            figures,
            sees: self.sees.iter().map(|anchor| anchor.name().to_owned()).collect(),
            is_beyond_an_anchor: false,
            dropped: None,
        };
        let kinds: Vec<Kind> = sets.compared().map(|column| sets.columns[column].0).collect();
        measure.weigh(&kinds, self.sees);
        measure
    }
}

impl Measure {
    /// Drops it if it does not put the anchors that it should see beyond other real music, all of them, and one for certain. That
    /// ours may be worse than an anchor is no reason to drop it: that is what it is for; it is said.
    fn weigh(&mut self, kinds: &[Kind], sees: &[Anchor]) {
        let of = |wanted: Kind| kinds.iter().position(|&kind| kind == wanted).map(|place| self.figures[place]);
        let floor = of(Kind::Other).map_or(0.0, |figure| figure.off);
        let anchors: Vec<(Anchor, Figure)> =
            sees.iter().filter_map(|&anchor| Some((anchor, of(Kind::Anchor(anchor))?))).collect();
        let unseen: Vec<&str> = anchors
            .iter()
            .filter(|(_, figure)| figure.off.is_nan() || figure.off <= floor)
            .map(|(a, _)| a.name())
            .collect();
        if !unseen.is_empty() {
            self.dropped = Some(format!("it finds other real music no better than {}", unseen.join(" and ")));
        } else if !anchors.iter().any(|(_, figure)| figure.is_off_for_certain) {
            self.dropped = Some("no anchor is beyond real music by more than chance".to_owned());
        }
        let nearest = anchors.iter().map(|(_, figure)| figure.off).fold(f64::INFINITY, f64::min);
        let ours = kinds.iter().zip(&self.figures).filter(|(kind, _)| matches!(kind, Kind::Ours { .. }));
        self.is_beyond_an_anchor = ours.into_iter().any(|(_, figure)| figure.off > nearest);
    }
}

/// The values of each column, (columns, passages).
fn values(sets: &Sets, of: impl Fn(&Passage) -> f64) -> Vec<Vec<f64>> {
    sets.columns.iter().map(|(_, passages)| passages.iter().map(&of).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::features::tests::{passage, tune};
    use super::*;

    /// Columns whose passages say, as their first key, a number of their column.
    fn sets(keys: [u8; 8]) -> Sets {
        let kinds = [Kind::Real, Kind::RealPlayed, Kind::Other]
            .into_iter()
            .chain(Anchor::ALL.map(Kind::Anchor))
            .chain([false, true].map(|is_played| Kind::Ours { setting: 0, is_played }));
        let column = |(kind, key): (Kind, u8)| {
            let one =
                |work: usize| Passage { work, ..passage(tune(&[key + u8::try_from(work % 3).unwrap()], 384, 48)) };
            (kind, (0..30).map(one).collect())
        };
        Sets { columns: kinds.zip(keys).map(column).collect() }
    }

    fn first_key(passage: &Passage) -> f64 {
        f64::from(passage.answer[0].pitch.get())
    }

    fn judged(keys: [u8; 8], sees: &'static [Anchor]) -> Measure {
        let sets = sets(keys);
        let works: Vec<usize> = (0..30).collect();
        Plan::new("first key", Better::LikeReal, sees).of_values(&sets, &works, &values(&sets, first_key))
    }

    #[test]
    fn a_measure_that_orders_real_ours_and_bad_is_kept() {
        let kept = judged([60, 60, 60, 75, 74, 73, 65, 66], &Anchor::ALL);
        assert_eq!((kept.dropped.as_deref(), kept.is_beyond_an_anchor), (None, false));
        assert_eq!(kept.real, Some(61.0));
        let off: Vec<f64> = kept.figures.iter().map(|figure| figure.off.round()).collect();
        assert_eq!(off, [0.0, 15.0, 14.0, 13.0, 5.0, 6.0]);
        let certain: Vec<bool> = kept.figures.iter().map(|figure| figure.is_off_for_certain).collect();
        assert_eq!(certain, [false, true, true, true, true, true]);
    }

    #[test]
    fn a_measure_that_does_not_see_what_is_bad_is_dropped_by_name() {
        let blind = judged([60, 60, 61, 60, 74, 73, 60, 60], &Anchor::ALL);
        let why = blind.dropped.unwrap();
        assert!(why.contains("n-gram") && !why.contains("shuffled"), "{why}");
        let seen = judged([60, 60, 61, 60, 74, 73, 60, 60], &[Anchor::Shuffled, Anchor::Transposed]);
        assert_eq!(seen.dropped, None, "what an anchor does not touch need not be seen");
    }

    #[test]
    fn that_ours_is_worse_than_bad_is_said_and_not_hidden() {
        let worse = judged([60, 60, 60, 75, 74, 73, 80, 66], &Anchor::ALL);
        assert_eq!((worse.dropped.as_deref(), worse.is_beyond_an_anchor), (None, true));
    }
}
