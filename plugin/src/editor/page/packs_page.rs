//! The style packs, the way back to none, and the way to new ones.

use egui::{Color32, Rect, RichText, Sense, Ui, UiBuilder, pos2, vec2};

use super::super::theme::{self, CARD_HEIGHT, MUTED, SMALL, TEXT, WRONG};
use super::super::view::{StylePhase, UiAction, View};
use super::super::widgets::{Look, button};
use super::{UiState, grid, new_style_page, two_lines};

/// A card with one button.
struct Card<'a> {
    title: &'a str,
    about: &'a str,
    hover: &'a str,
    ink: Color32,
    label: &'static str,
    look: Look,
    /// Opens the page of a new style, if none.
    action: Option<UiAction>,
}

/// Draws the page, or that on which a style is made.
pub(super) fn show(ui: &mut Ui, columns: usize, view: &View, state: &mut UiState, actions: &mut Vec<UiAction>) {
    if state.is_new_style {
        new_style_page::show(ui, columns, &view.new_style, state, actions);
        return;
    }
    let cards = cards(view);
    grid(ui, columns, CARD_HEIGHT, cards.len(), |ui, rect, place| {
        let Card { title, about, hover, ink, label, look, action } = cards[place];
        ui.painter().rect_filled(rect, theme::RADIUS, theme::CARD);
        two_lines(ui, rect, 64.0, (title, theme::VALUE, TEXT), (about, theme::SMALL, ink));
        let at = Rect::from_min_size(pos2(rect.right() - 64.0, rect.top() + 10.0), vec2(54.0, rect.height() - 20.0));
        let own = ui.new_child(UiBuilder::new().id_salt(("pack", place)));
        if button(&own, at, label, look, true).clicked() {
            state.is_new_style = action.is_none();
            actions.extend(action);
        }
        let words = Rect::from_min_max(rect.min, pos2(at.left(), rect.bottom()));
        ui.interact(words, ui.scope_id().with(("about", place)), Sense::hover()).on_hover_text(hover);
    });
    for pack in view.packs.iter().filter(|pack| pack.is_bad) {
        ui.label(RichText::new(&pack.about).font(theme::BODY).color(WRONG));
    }
    ui.label(RichText::new(format!("Folder for packs: {}", view.packs_folder)).font(SMALL).color(MUTED));
}

fn cards(view: &View) -> Vec<Card<'_>> {
    let look = |is_chosen| if is_chosen { Look::Chosen } else { Look::Plain };
    let built_in = Card {
        title: "Built-in styles",
        about: "no pack",
        hover: "The styles that come with Antiphon.",
        ink: MUTED,
        label: "Use",
        look: look(!view.packs.iter().any(|pack| pack.is_chosen)),
        action: Some(UiAction::LeavePack),
    };
    let packs = view.packs.iter().enumerate().map(|(place, pack)| {
        let (about, ink, label) = match pack.is_bad {
            true => ("cannot be played", WRONG, "Retry"),
            false => (pack.about.as_str(), MUTED, "Use"),
        };
        let (title, hover, look) = (pack.name.as_str(), pack.path.as_str(), look(pack.is_chosen));
        Card { title, about, hover, ink, label, look, action: Some(UiAction::ChoosePack(place)) }
    });
    let (about, label) = match &view.new_style.phase {
        StylePhase::Form { .. } => ("learnt from your music", "Make"),
        StylePhase::Choosing => ("choose your music", "Show"),
        StylePhase::Learning { .. } => ("is being learnt", "Show"),
        StylePhase::Made { .. } => ("is ready", "Show"),
    };
    let new = Card {
        title: "New style",
        about,
        hover: "Learns a style from 5 to 50 of your MIDI or MusicXML files, on this machine, while you play on.",
        ink: MUTED,
        label,
        look: Look::Plain,
        action: None,
    };
    let more = Card {
        title: "More packs",
        about: "put them into the folder",
        hover: &view.packs_folder,
        ink: MUTED,
        label: "Look",
        look: Look::Plain,
        action: Some(UiAction::RefreshPacks),
    };
    [built_in].into_iter().chain(packs).chain([new, more]).collect()
}
