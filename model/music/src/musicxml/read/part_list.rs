//! Who plays: the names, channels and drums of the parts.

use super::xml::Element;
use crate::score::DRUM_CHANNEL;

/// Who plays a part.
#[derive(Debug, Default)]
pub(super) struct Player {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) port: u8,
    pub(super) channel: u8,
    /// Keys of drums, by the name of their instrument.
    pub(super) drum_keys: Vec<(String, u8)>,
    /// From 1, in the order of the file.
    pub(super) number: usize,
}

/// The players of a `<part-list>`.
pub(super) fn read(list: &Element) -> Vec<Player> {
    list.all("score-part").enumerate().map(|(place, part)| read_part(part, place)).collect()
}

/// A part that the list does not name; `place` is counted from 0.
pub(super) fn unnamed(id: &str, place: usize) -> Player {
    // Channels in turn, but not that of drums.
    let (port, channel) = (place / 15 % 128, place % 15);
    let channel = channel + usize::from(channel >= usize::from(DRUM_CHANNEL));
    let [port, channel] = [port, channel].map(|number| u8::try_from(number).unwrap_or(0));
    Player { id: id.to_owned(), port, channel, number: place + 1, ..Player::default() }
}

fn read_part(part: &Element, place: usize) -> Player {
    let from_one = |element: Option<&Element>, name: &str| {
        element.and_then(|element| element.number::<u8>(name)).and_then(|number| number.checked_sub(1))
    };
    let unnamed = unnamed(part.attribute("id").unwrap_or_default(), place);
    let instrument = part.child("midi-instrument");
    let port = part.child("midi-device").and_then(|device| device.attribute("port"));
    let port = port.and_then(|port| port.parse::<u8>().ok()).and_then(|port| port.checked_sub(1));
    let channel = from_one(instrument, "midi-channel").filter(|channel| *channel < 16);
    let drum_keys = part.all("midi-instrument").filter_map(|instrument| {
        Some((instrument.attribute("id")?.to_owned(), from_one(Some(instrument), "midi-unpitched")?.min(127)))
    });
    Player {
        // Names are broken into lines on pages.
        name: part.text_of("part-name").split_whitespace().collect::<Vec<_>>().join(" "),
        // Who names a channel means the first port, unless he says otherwise.
        port: port.map_or_else(|| if channel.is_some() { 0 } else { unnamed.port }, |port| port.min(127)),
        channel: channel.unwrap_or(unnamed.channel),
        drum_keys: drum_keys.collect(),
        ..unnamed
    }
}
