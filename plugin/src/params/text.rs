//! Parameters whose values have names, and how a text finds its value.

use std::sync::Arc;

use live::params::LAST_STYLE;
use nice_plug::formatters;
use nice_plug::prelude::*;

use crate::models::ActiveModel;

/// Ends the text of styles that a larger model may have.
pub(crate) const NOT_IN_THIS_MODEL: &str = "(not in this model)";
const OFF: &str = "Off";

/// One of several names.
pub(super) fn choice(name: &str, names: &'static [&'static str], default: i32) -> IntParam {
    let last = i32::try_from(names.len() - 1).unwrap_or(0);
    IntParam::new(name, default, IntRange::Linear { min: 0, max: last })
        .with_value_to_string(Arc::new(move |value| at(names, value).unwrap_or("").to_owned()))
        .with_string_to_value(Arc::new(move |text| find(names, text)))
}

/// One of the model's styles: the built-in ones and the chosen pack's after them, or those of the chosen network.
pub(super) fn style(name: &str, model: &Arc<ActiveModel>) -> IntParam {
    let (writer, reader) = (Arc::clone(model), Arc::clone(model));
    let text = move |value: i32| {
        let (names, n_playable) = writer.styles();
        let place = usize::try_from(value).unwrap_or(usize::MAX);
        match names.get(place) {
            Some(name) if place < n_playable => name.clone(),
            Some(name) => format!("{name} {NOT_IN_THIS_MODEL}"),
            None => format!("{value} {NOT_IN_THIS_MODEL}"),
        }
    };
    IntParam::new(name, 0, IntRange::Linear { min: 0, max: LAST_STYLE })
        .with_value_to_string(Arc::new(text))
        .with_string_to_value(Arc::new(move |text| {
            let (names, _) = reader.styles();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let text = text.trim().trim_end_matches(NOT_IN_THIS_MODEL);
            find(&names, text).or_else(|| text.split_whitespace().next()?.parse().ok())
        }))
}

/// A MIDI key.
pub(super) fn key(name: &str, default: i32) -> IntParam {
    IntParam::new(name, default, IntRange::Linear { min: 0, max: 127 })
        .with_value_to_string(formatters::v2s_i32_key_formatter())
        .with_string_to_value(Arc::new(read_key))
}

/// A MIDI key, or -1 for none.
pub(super) fn key_or_off(name: &str) -> IntParam {
    let key_name = formatters::v2s_i32_key_formatter();
    IntParam::new(name, -1, IntRange::Linear { min: -1, max: 127 })
        .with_value_to_string(Arc::new(move |value| if value < 0 { OFF.to_owned() } else { key_name(value) }))
        .with_string_to_value(Arc::new(|text| if is_off(text) { Some(-1) } else { read_key(text) }))
}

/// A MIDI controller, or -1 for none.
pub(super) fn controller_or_off(name: &str) -> IntParam {
    let text = |value| match value {
        ..0 => OFF.to_owned(),
        64 => "CC 64 (sustain pedal)".to_owned(),
        66 => "CC 66 (sostenuto pedal)".to_owned(),
        67 => "CC 67 (soft pedal)".to_owned(),
        _ => format!("CC {value}"),
    };
    let read = |text: &str| {
        let number = text.trim().trim_start_matches(|c: char| !c.is_ascii_digit());
        let end = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
        if is_off(text) { Some(-1) } else { number[..end].parse().ok() }
    };
    IntParam::new(name, -1, IntRange::Linear { min: -1, max: 127 })
        .with_value_to_string(Arc::new(text))
        .with_string_to_value(Arc::new(read))
}

/// A share from 0 to `most`, shown in percent.
pub(super) fn percent(name: &str, default: f32, least: f32, most: f32) -> FloatParam {
    FloatParam::new(name, default, FloatRange::Linear { min: least, max: most })
        .with_step_size(0.01)
        .with_unit(" %")
        .with_value_to_string(formatters::v2s_f32_percentage(0))
        .with_string_to_value(formatters::s2v_f32_percentage())
}

fn is_off(text: &str) -> bool {
    text.trim().eq_ignore_ascii_case(OFF)
}

fn read_key(text: &str) -> Option<i32> {
    text.trim().parse().ok().or_else(|| formatters::s2v_i32_key_formatter()(text))
}

fn at(names: &[&'static str], value: i32) -> Option<&'static str> {
    names.get(usize::try_from(value).ok()?).copied()
}

/// The place of a name: all of it, or a word or part of it that no other name has ("2" for "2 bars", "Bach" for
/// "J. S. Bach").
fn find(names: &[&str], text: &str) -> Option<i32> {
    let text = text.trim().to_lowercase();
    let only = |fits: &dyn Fn(&str) -> bool| {
        let mut hits = names.iter().enumerate().filter(|(_, name)| fits(&name.to_lowercase()));
        hits.next().filter(|_| hits.next().is_none()).map(|(place, _)| place)
    };
    let words = |name: &str| name.split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect::<Vec<_>>();
    let place = names
        .iter()
        .position(|name| name.to_lowercase() == text)
        .or_else(|| only(&|name| name.split(' ').next() == Some(&text)))
        .or_else(|| only(&|name| words(name).contains(&text)))
        .or_else(|| only(&|name| !text.is_empty() && name.contains(&text)))?;
    i32::try_from(place).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_or_part_is_enough_if_only_one_name_has_it() {
        const STYLES: &[&str] = &["Any style", "J. S. Bach: chorales", "C. P. E. Bach", "Scott Joplin, rags"];
        let cases = [
            ("any", Some(0)),
            ("ANY STYLE", Some(0)),
            ("bach", None),
            ("chorales", Some(1)),
            ("chor", Some(1)),
            ("S. Bach", Some(1)),
            ("p. e.", Some(2)),
            ("joplin", Some(3)),
            (" Rags ", Some(3)),
            ("", None),
            ("jazz", None),
        ];
        for (text, expected) in cases {
            assert_eq!(find(STYLES, text), expected, "{text:?}");
        }
        assert_eq!(find(&["1", "2", "12"], "2"), Some(1), "a whole name comes first");
        assert_eq!(find(&["1 bar", "2 bars", "4 bars"], "2"), Some(1));
        assert_eq!(find(&["At once", "Next beat", "Next bar"], "next"), None);
    }
}
