//! The plugin's controls as options of the command line.

use anyhow::{Context, Result, bail, ensure};
use engine::answer::controls::{GRID_NAMES, GRID_TICKS, RELATION_NAMES, RELATIONS};
use engine::answer::scale::{KEY_NAMES, SCALE_NAMES};
use engine::answer::{Controls, KeyChoice, KeyLock};
use engine::{Pitch, Weights};

/// What the answer should be like. The defaults are the plugin's; shares are from 0 to 1.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Controls, as in the plugin")]
pub(super) struct ControlArgs {
    /// A style of the weights, or a word of its name; any when not given
    #[arg(long)]
    style: Option<String>,
    /// A second style to mix with
    #[arg(long)]
    style2: Option<String>,
    /// Share of the notes that come in the second style
    #[arg(long, default_value_t = Controls::default().style_mix)]
    style_mix: f32,
    /// How freely to choose: 0 takes the likeliest, 1 follows the style, more is wilder
    #[arg(long, default_value_t = Controls::default().temperature)]
    temperature: f32,
    /// The temperature of time and length, times the other
    #[arg(long, default_value_t = 1.0)]
    rhythm_freedom: f32,
    /// The temperature of pitch and strength, times the other
    #[arg(long, default_value_t = 1.0)]
    pitch_freedom: f32,
    /// Choose among the likeliest values that together have this probability
    #[arg(long, default_value_t = Controls::default().top_p)]
    top_p: f32,
    /// What to do with the call: open, echo, vary or contrast
    #[arg(long)]
    relation: Option<String>,
    /// Of how many answers the best is taken, 1 to 8
    #[arg(long, default_value_t = Controls::default().candidates, value_parser = clap::value_parser!(u8).range(1..=8))]
    best_of: u8,
    /// Notes per beat, times the call's
    #[arg(long, default_value_t = Controls::default().density)]
    density: f32,
    /// From -1 to 1: fewer notes and thinner chords than the call's, or more and fuller
    #[arg(long, default_value_t = Controls::default().complexity, allow_negative_numbers = true)]
    complexity: f32,
    /// Notes at a time, at most; 0 for as many as the call has
    #[arg(long, default_value_t = Controls::default().voices)]
    voices: u8,
    /// How far the loudness is moved to the call's
    #[arg(long, default_value_t = Controls::default().velocity_follow)]
    velocity_follow: f32,
    /// The tonic, such as C or Eb; the call's when not given
    #[arg(long)]
    key: Option<String>,
    /// The scale, such as major or harmonic-minor; by the call's mode when not given
    #[arg(long)]
    scale: Option<String>,
    /// How strictly to keep to key and scale
    #[arg(long, value_enum, default_value = "lean")]
    key_lock: KeyLockName,
    /// Lowest key, 0 to 127
    #[arg(long, default_value_t = Controls::default().lowest.get())]
    lowest: u8,
    /// Highest key, 0 to 127
    #[arg(long, default_value_t = Controls::default().highest.get())]
    highest: u8,
    /// The grid that notes are drawn to, such as 1/16 or 1/8-triplet; none when not given
    #[arg(long)]
    quantise: Option<String>,
    /// How far they are drawn
    #[arg(long, default_value_t = Controls::default().quantise_strength)]
    quantise_strength: f32,
    /// How far to lean towards what was played in the call
    #[arg(long, default_value_t = Controls::default().learn_from_me)]
    learn: f32,
}

/// How strictly an answer keeps to its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::cli) enum KeyLockName {
    /// All notes are alike
    Off,
    /// Other notes are rare
    Lean,
    /// There are no others
    Strict,
}

impl From<KeyLockName> for KeyLock {
    fn from(name: KeyLockName) -> Self {
        match name {
            KeyLockName::Off => Self::Off,
            KeyLockName::Lean => Self::Lean,
            KeyLockName::Strict => Self::Strict,
        }
    }
}

impl Default for ControlArgs {
    fn default() -> Self {
        let Controls { style_mix, temperature, top_p, density, complexity, voices, velocity_follow, .. } =
            Controls::default();
        let Controls { lowest, highest, quantise_strength, learn_from_me, candidates, .. } = Controls::default();
        Self {
            style: None,
            style2: None,
            style_mix,
            temperature,
            rhythm_freedom: 1.0,
            pitch_freedom: 1.0,
            top_p,
            relation: None,
            best_of: candidates,
            density,
            complexity,
            voices,
            velocity_follow,
            key: None,
            scale: None,
            key_lock: KeyLockName::Lean,
            lowest: lowest.get(),
            highest: highest.get(),
            quantise: None,
            quantise_strength,
            learn: learn_from_me,
        }
    }
}

impl ControlArgs {
    /// The controls, with the styles of these weights.
    ///
    /// # Errors
    /// When a name is unknown or a number out of its range; says what would be right.
    pub(super) fn controls(&self, weights: &Weights) -> Result<Controls> {
        ensure!(self.temperature >= 0.0, "--temperature is {}; give 0 or more", self.temperature);
        ensure!(self.rhythm_freedom >= 0.0, "--rhythm-freedom is {}; give 0 or more", self.rhythm_freedom);
        ensure!(self.pitch_freedom >= 0.0, "--pitch-freedom is {}; give 0 or more", self.pitch_freedom);
        let is_density = self.density > 0.0 && self.density.is_finite();
        ensure!(is_density, "--density is {}; give more than 0, such as 0.5 or 2", self.density);
        let complexity = self.complexity;
        ensure!((-1.0..=1.0).contains(&complexity), "--complexity is {complexity}; give -1 to 1");
        let shares = [
            ("--style-mix", self.style_mix),
            ("--top-p", self.top_p),
            ("--velocity-follow", self.velocity_follow),
            ("--quantise-strength", self.quantise_strength),
            ("--learn", self.learn),
        ];
        for (name, share) in shares {
            ensure!((0.0..=1.0).contains(&share), "{name} is {share}; give 0 to 1");
        }
        let pitch = |name, key| Pitch::new(key).with_context(|| format!("{name} is {key}; give a key from 0 to 127"));
        let (lowest, highest) = (pitch("--lowest", self.lowest)?, pitch("--highest", self.highest)?);
        let key = place("--key", KEY_NAMES, self.key.as_deref())?;
        let scale = place("--scale", SCALE_NAMES, self.scale.as_deref())?;
        let relation = RELATIONS[place("--relation", RELATION_NAMES, self.relation.as_deref())?];
        let grid = place("--quantise", GRID_NAMES, self.quantise.as_deref())?;
        Ok(Controls {
            style: style(weights, self.style.as_deref())?,
            style2: style(weights, self.style2.as_deref())?,
            style_mix: self.style_mix,
            temperature: self.temperature * self.pitch_freedom,
            rhythm_temperature: self.temperature * self.rhythm_freedom,
            top_p: self.top_p,
            learn_from_me: self.learn,
            relation,
            candidates: self.best_of,
            harmony: 0,
            density: self.density,
            complexity,
            voices: self.voices,
            velocity_follow: self.velocity_follow,
            lowest: lowest.min(highest),
            highest: lowest.max(highest),
            key: KeyChoice { tonic: u8::try_from(key)?.checked_sub(1), scale: u8::try_from(scale)? },
            key_lock: self.key_lock.into(),
            quantise_ticks: GRID_TICKS[grid],
            quantise_strength: self.quantise_strength,
            ..Controls::default()
        })
    }
}

fn style(weights: &Weights, name: Option<&str>) -> Result<u8> {
    let Some(name) = name else { return Ok(0) };
    match weights.style_index(name) {
        Some(style) => Ok(style),
        None => bail!("no style \"{name}\" in these weights; they have: {}", weights.header().styles.join(", ")),
    }
}

/// The place of a name in a list; the first when none is given. Hyphens stand for spaces.
fn place(option: &str, names: &[&str], name: Option<&str>) -> Result<usize> {
    let Some(name) = name else { return Ok(0) };
    let wanted = name.trim().replace('-', " ");
    let place = names.iter().position(|known| known.eq_ignore_ascii_case(&wanted));
    place.with_context(|| format!("{option} does not know \"{name}\"; it knows: {}", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use engine::{ModelConfig, Precision, random_file};

    use super::*;

    fn controls(options: &ControlArgs) -> Result<Controls> {
        let file = random_file(ModelConfig::TINY, Precision::Q8, 3).unwrap();
        options.controls(&Weights::parse(&file).unwrap())
    }

    #[test]
    fn what_is_not_given_is_as_in_the_plugin() {
        #[derive(clap::Parser)]
        struct Cli {
            #[command(flatten)]
            options: ControlArgs,
        }
        let given = <Cli as clap::Parser>::parse_from(["model"]).options;
        assert_eq!(controls(&given).unwrap(), Controls::default());
        assert_eq!(controls(&ControlArgs::default()).unwrap(), Controls::default());
    }

    #[test]
    fn names_are_found_and_unknown_ones_answered_with_the_known() {
        let options = ControlArgs {
            style: Some("ragtime".into()),
            key: Some("eb".into()),
            scale: Some("harmonic-minor".into()),
            quantise: Some("1/8 Triplet".into()),
            rhythm_freedom: 0.5,
            lowest: 70,
            highest: 50,
            ..ControlArgs::default()
        };
        let found = controls(&options).unwrap();
        assert_eq!((found.style, found.key, found.quantise_ticks), (3, KeyChoice { tonic: Some(3), scale: 3 }, 16));
        assert_eq!((found.temperature, found.rhythm_temperature), (0.9, 0.45));
        assert_eq!((found.lowest.get(), found.highest.get()), (50, 70));
        let error = |options: ControlArgs| format!("{:#}", controls(&options).unwrap_err());
        assert!(error(ControlArgs { scale: Some("blue".into()), ..options.clone() }).contains("Blues"));
        assert!(error(ControlArgs { density: 0.0, ..options.clone() }).contains("more than 0"));
        assert!(error(ControlArgs { learn: 2.0, ..options }).contains("--learn is 2; give 0 to 1"));
    }
}
