//! The page of what is kept: the model's memory, the takes of the song, and the log.

use egui::{Rect, Sense, Ui, UiBuilder, pos2, vec2};

use super::super::theme::{self, CARD_HEIGHT, MUTED, TEXT};
use super::super::view::{UiAction, View};
use super::super::widgets::{Look, button};
use super::{grid, two_lines};

/// A card: a title, a word about it, what else there is to say, and what can be done.
struct Card<'a> {
    title: String,
    about: String,
    hover: &'a str,
    buttons: Vec<(&'static str, Look, bool, CardAction)>,
}

/// From button to button.
const STEP: f32 = 62.0;

/// What a button does.
#[derive(Clone, Copy)]
enum CardAction {
    Ui(UiAction),
    /// Asks whether the log is really to be erased.
    Ask,
}

/// Draws the page. `is_erasing` is set while the user is asked whether the log is really to be erased.
pub(super) fn show(ui: &mut Ui, columns: usize, view: &View, is_erasing: &mut bool, actions: &mut Vec<UiAction>) {
    let cards = cards(view, *is_erasing);
    // A take has three buttons.
    let columns = columns.saturating_sub(1).max(2);
    grid(ui, columns, CARD_HEIGHT, cards.len(), |ui, rect, place| {
        let Card { title, about, hover, buttons } = &cards[place];
        ui.painter().rect_filled(rect, theme::RADIUS, theme::CARD);
        let room = f32::from(u8::try_from(buttons.len()).unwrap_or(2)) * STEP;
        two_lines(ui, rect, room + 2.0, (title, theme::VALUE, TEXT), (about, theme::SMALL, MUTED));
        let left = rect.right() - room - 6.0;
        let mut at = Rect::from_min_size(pos2(left, rect.top() + 10.0), vec2(STEP - 4.0, rect.height() - 20.0));
        // The same labels come again in each card.
        let own = ui.new_child(UiBuilder::new().id_salt(("kept", place)));
        for &(label, look, is_enabled, action) in buttons {
            if button(&own, at, label, look, is_enabled).clicked() {
                *is_erasing = matches!(action, CardAction::Ask);
                actions.extend(if let CardAction::Ui(action) = action { Some(action) } else { None });
            }
            at = at.translate(vec2(STEP, 0.0));
        }
        let words = Rect::from_min_max(rect.min, pos2(left, rect.bottom()));
        let words = ui.interact(words, ui.scope_id().with(("about", place)), Sense::hover());
        if !hover.is_empty() {
            words.on_hover_text(*hover);
        }
    });
}

fn cards(view: &View, is_erasing: bool) -> Vec<Card<'_>> {
    let plain = |label, action| (label, Look::Plain, true, CardAction::Ui(action));
    let start = match view.n_remembered {
        0 => "empty".to_owned(),
        n => format!("{n} notes"),
    };
    let log = &view.log;
    let memory = Card {
        title: "Memory".to_owned(),
        about: start,
        hover: "What the song begins with, as if it had been played before.",
        buttons: vec![plain("Learn it", UiAction::Remember), plain("Forget", UiAction::Forget)],
    };
    let learnt = Card {
        title: "Your notes".to_owned(),
        about: format!("{} learnt from you", view.n_learnt),
        hover: "Export writes them as a MIDI file, to make a style of your own with model adapt.",
        buttons: vec![("Export", Look::Plain, view.n_learnt > 0, CardAction::Ui(UiAction::Export))],
    };
    let takes = view.takes.iter().enumerate().map(|(place, about)| Card {
        title: format!("Take {}", place + 1),
        about: about.clone(),
        hover: "Save writes a MIDI file, Score a page of MusicXML, which notation programs open.",
        buttons: vec![
            plain("Save", UiAction::SaveKept(place)),
            plain("Score", UiAction::SaveScore(place)),
            plain("Drop", UiAction::Discard(place)),
        ],
    });
    let (about, switch) = match (log.is_on, log.n_files) {
        (true, 0) => ("on; no files".to_owned(), plain("Stop", UiAction::SwitchLog(false))),
        (true, n) => (format!("on; files: {n}"), plain("Stop", UiAction::SwitchLog(false))),
        (false, 0) => ("off".to_owned(), plain("Start", UiAction::SwitchLog(true))),
        (false, n) => (format!("off; files: {n}"), plain("Start", UiAction::SwitchLog(true))),
    };
    let erase = match is_erasing {
        true => ("Sure?", Look::Danger, true, CardAction::Ui(UiAction::EraseLog)),
        false => ("Erase", Look::Plain, log.n_files > 0, CardAction::Ask),
    };
    let switch = Card { title: "Log".to_owned(), about, hover: &log.folder, buttons: vec![switch, erase] };
    let logged = log.cards.iter().enumerate().map(|(place, card)| Card {
        title: card.name.clone(),
        about: card.about.clone(),
        hover: &card.path,
        buttons: vec![plain("Keep", UiAction::KeepLogged(place)), plain("Drop", UiAction::DropLogged(place))],
    });
    [memory, learnt].into_iter().chain(takes).chain([switch]).chain(logged).collect()
}
