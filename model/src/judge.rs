//! Whether our answers can be told from what composers wrote, by what, and how far from real music they are.
//!
//! The judge is never the trainer: nothing here chooses or trains answers, and what does so may not be made of this.
//!
//! Every number stands between other real music and answers that are bad for certain, made to the same calls and measured in the same
//! way; a measure that does not tell bad from real is dropped, by name.
//!
//! Reading order: `calls` chooses what is answered, `anchors` answers badly, `sets` makes all answers; [`features`] is what a
//! judge sees of one, `boosting` how it learns from them, `roll` is a judge that looks at the notes themselves, `discriminator`
//! says how well a judge tells; `interval` says how sure a number is. `embedding` makes points of passages, `frechet` says how far
//! apart they are, `style` which style they are of; `measures` has them all in one form, and [`report`] writes them down. [`listen`] asks
//! people.

mod anchors;
mod boosting;
mod calls;
mod discriminator;
mod embedding;
pub mod features;
mod frechet;
mod interval;
pub mod listen;
mod measures;
pub mod report;
mod roll;
mod sets;
mod style;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Result, ensure};
use engine::Weights;
use engine::answer::Controls;
use indicatif::{ProgressBar, ProgressStyle};

use crate::data::corpus::Split;
use crate::evaluate::music::Music;
use crate::evaluate::{chosen_whole, load, shipped};
use discriminator::{Scores, by_features};
use embedding::{Embedder, outside};
use features::Passage;
use measures::Corpus;
use report::{Report, ToldBy};
use sets::{Kind, Sets, sets};
use style::StyleClassifier;

pub use anchors::Anchor;
pub use discriminator::{Tell, Verdict};
pub use interval::Interval;
pub use measures::{Better, Figure, Measure};

/// Calls without which nothing can be said.
const LEAST_CALLS: usize = 15;

/// A way to make answers. What an answer depends on beside weights, call and seed is in the controls, so that a setting of
/// the plugin is judged by giving it a value here.
#[derive(Clone, Debug)]
pub struct Setting {
    /// In tables.
    pub name: String,
    /// What the player has set. The style is that of each call's piece.
    pub controls: Controls,
}

/// What to judge.
#[derive(Clone, Debug)]
pub struct JudgeConfig {
    /// A weight file; the plugin's own weights when not given.
    pub weights: Option<PathBuf>,
    /// A folder that `model prepare` wrote, or music to prepare.
    pub data: PathBuf,
    /// Whose calls are answered.
    pub split: Split,
    /// Calls to answer, at most.
    pub n_calls: usize,
    /// Ways to answer them, each on its own beside the same real music.
    pub settings: Vec<Setting>,
    /// A Python that has music21, for an embedding that knows no network.
    pub python: Option<PathBuf>,
}

/// Reads a weight file, or takes the plugin's own.
///
/// # Errors
/// When it cannot be opened, or is refused.
pub fn weights(path: Option<&std::path::Path>) -> Result<Weights> {
    path.map_or_else(shipped, load)
}

/// Judges.
///
/// # Errors
/// When files cannot be read, or there are too few calls.
pub fn judge(config: &JudgeConfig) -> Result<Report> {
    let weights = Arc::new(weights(config.weights.as_deref())?);
    let music = Music::open(&config.data, false)?;
    let tasks = calls::tasks(&music, &chosen_whole(&music, config.split), config.n_calls);
    ensure!(
        tasks.len() >= LEAST_CALLS,
        "{} has {} phrases of the {} split whose answer is known, and {LEAST_CALLS} are needed; prepare more music, with bars",
        config.data.display(),
        tasks.len(),
        config.split.name()
    );
    let progress = Progress::new()?;
    progress.say("answering");
    let sets = sets(&tasks, &weights, &config.settings, &music.train());
    let works: Vec<usize> = sets.of(Kind::Real).iter().map(|passage| passage.work).collect();
    let mut measures = Vec::new();

    progress.say("looking at features");
    let (scores, tells): (Vec<Scores>, Vec<Vec<Tell>>) =
        compared(&sets).map(|(real, other)| by_features(real, other)).unzip();
    let verdicts: Vec<Verdict> = scores.iter().map(|scores| scores.verdict(&works)).collect();
    measures.extend(measures::told(report::BY_FEATURES, &sets, &verdicts));
    progress.say("looking at piano rolls");
    let by_rolls = |(real, other): (&[Passage], &[Passage])| roll::by_rolls(real, other).verdict(&works);
    let verdicts: Vec<Verdict> = compared(&sets).map(by_rolls).collect();
    measures.extend(measures::told(report::BY_ROLLS, &sets, &verdicts));

    progress.say("embedding");
    let embedder = Embedder::new(&weights)?;
    let embed = |of: fn(&Passage) -> &[music::Note]| -> Result<Vec<Vec<Vec<f64>>>> {
        let embed = |(_, passages): &(Kind, Vec<Passage>)| {
            embedder.embed_all(passages.iter().map(|passage| (of(passage), passage.metre)))
        };
        sets.columns.iter().map(embed).collect()
    };
    let (calls, answers) = (embed(|passage| &passage.call)?, embed(|passage| &passage.answer)?);
    measures.push(measures::frechet_rows(report::FRECHET_OWN, &sets, &answers));
    let python = config.python.as_deref();
    let outside = python.map(|python| {
        progress.say("asking music21");
        let columns: Vec<&[Passage]> = sets.columns.iter().map(|(_, passages)| &passages[..]).collect();
        outside::embed(python, &columns)
    });
    if let Some(points) = outside.transpose()? {
        measures.push(measures::frechet_rows(report::FRECHET_OUTSIDE, &sets, &points));
    }
    measures.push(measures::cosine(&sets, &works, &calls, &answers));

    progress.say("reading styles");
    if let Some(classifier) = StyleClassifier::learn(&music) {
        measures.extend(measures::style_rows(&sets, &works, &classifier));
    }
    progress.say("counting");
    measures.extend(measures::passage_measures(&sets, &works));
    measures.extend(measures::attributes(&sets, &works));
    if let Some(corpus) = Corpus::of(&music) {
        measures.extend(corpus.measures(&sets, &works));
    }
    progress.bar.finish_and_clear();

    let mut styles = BTreeMap::new();
    sets.of(Kind::Real).iter().for_each(|passage| *styles.entry(passage.style.clone()).or_insert(0) += 1);
    let columns: Vec<String> = sets.compared().map(|column| name(&config.settings, sets.columns[column].0)).collect();
    let told_by = columns.iter().zip(tells).map(|(column, tells)| ToldBy { column: column.clone(), tells });
    let (kept, dropped) = measures.into_iter().partition(|measure| measure.dropped.is_none());
    Ok(Report {
        weights: weights.header().name.clone(),
        split: config.split,
        n_calls: tasks.len(),
        n_works: works.iter().collect::<std::collections::BTreeSet<_>>().len(),
        styles,
        told_by: told_by.collect(),
        columns,
        measures: kept,
        dropped,
        perplexity: embedder.perplexity(sets.of(Kind::Real))?,
        has_outside: python.is_some(),
    })
}

/// Each column that is judged, with the real music that it stands beside.
fn compared(sets: &Sets) -> impl Iterator<Item = (&[Passage], &[Passage])> {
    sets.compared().map(|column| (&sets.columns[sets.reference(column)].1[..], &sets.columns[column].1[..]))
}

fn name(settings: &[Setting], kind: Kind) -> String {
    match kind {
        Kind::Real | Kind::RealPlayed => "real".to_owned(),
        Kind::Other => "other real".to_owned(),
        Kind::Anchor(anchor) => anchor.name().to_owned(),
        Kind::Ours { setting, is_played } => {
            let calls = if is_played { "played" } else { "page" };
            settings.get(setting).map_or(String::new(), |setting| format!("{}, {calls}", setting.name))
        }
    }
}

/// What is being done.
struct Progress {
    bar: ProgressBar,
}

impl Progress {
    fn new() -> Result<Self> {
        let style = ProgressStyle::with_template("{elapsed} {msg}")?;
        Ok(Self { bar: ProgressBar::new_spinner().with_style(style) })
    }

    fn say(&self, what: &'static str) {
        self.bar.set_message(what);
        self.bar.tick();
    }
}
