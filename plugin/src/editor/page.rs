//! The window as a whole. A function of what there is to see and of what the user does: no plugin, host or clock.

mod answers;
mod footer;
mod header;
mod help;
mod new_style_page;
mod packs_page;
mod saved_page;
mod sound_offer;

use egui::{
    Align2, Color32, Event, FontId, Key, Rect, Role, ScrollArea, Sense, Ui, UiBuilder, Vec2, WidgetInfo, pos2, vec2,
};

use super::roll;
use super::theme::{self, BUTTON_HEIGHT, CARD_HEIGHT, GAP, MARGIN, MUTED, SMALL, TEXT};
use super::view::{Kind, UiAction, View};
use super::widgets::{Look, button, card, fitted, focus, is_held, wrapped};
use crate::params::ParamId;

/// What the window itself remembers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct UiState {
    /// The page of controls that is shown: the presets, a group, the packs, or what is kept.
    pub(crate) tab: usize,
    pub(crate) is_help: bool,
    /// The page of the help.
    pub(crate) help: usize,
    /// The user is asked whether the log is really to be erased.
    pub(crate) is_erasing: bool,
    /// Among the packs, a style is made.
    pub(crate) is_new_style: bool,
    /// What it is to be called.
    pub(crate) style_name: String,
}

/// Draws the window, and returns what the user asks for.
pub(crate) fn show(ui: &mut Ui, view: &View, state: &mut UiState) -> Vec<UiAction> {
    let mut actions = Vec::new();
    // A key that is held down presses a button once.
    let is_repeat = |event: &Event| matches!(event, Event::Key { key: Key::Space | Key::Enter, repeat: true, .. });
    ui.input_mut(|input| input.events.retain(|event| !is_repeat(event)));
    let all = ui.max_rect();
    ui.painter().rect_filled(all, 0.0, theme::GROUND);
    let page = all.shrink(MARGIN);
    let (top, rest) = page.split_top_bottom_at_y(page.top() + header::height(all));
    header::show(ui, all, top, view, state, &mut actions);
    let (rest, bottom) = rest.split_top_bottom_at_y(rest.bottom() - footer::HEIGHT);
    footer::health(ui, bottom, &view.health);
    let rest = Rect::from_min_max(rest.min, rest.max - vec2(0.0, GAP));
    if state.is_help {
        let inside = rest.shrink2(vec2(0.0, GAP));
        ui.painter().rect_filled(inside, theme::RADIUS, theme::PANEL);
        ui.scope_builder(UiBuilder::new().max_rect(inside.shrink(MARGIN)), |ui| help::show(ui, &mut state.help));
        if let Some(notice) = &view.notice {
            footer::notice(ui, inside, notice, &mut actions);
        }
        return actions;
    }

    let columns = columns(rest.width());
    let rows = if rest.height() > 470.0 { 2.0 } else { 1.6 };
    let cards_height = rows * (CARD_HEIGHT + 8.0) - 8.0;
    let below = cards_height + 2.0 * (BUTTON_HEIGHT + GAP);
    let (roll_place, rest) = rest.split_top_bottom_at_y(rest.bottom() - below);
    let mut roll_place = Rect::from_min_max(roll_place.min, roll_place.max - vec2(0.0, GAP));
    if view.is_sound_offered {
        let (above, bar) = roll_place.split_top_bottom_at_y(roll_place.bottom() - BUTTON_HEIGHT);
        sound_offer::show(ui, bar, &mut actions);
        roll_place = Rect::from_min_max(above.min, above.max - vec2(0.0, GAP));
    }
    let roll_place = answers::show(ui, roll_place, &view.candidates, &mut actions);
    roll::show(ui, roll_place, &view.roll);
    if let Some(notice) = &view.notice {
        footer::notice(ui, roll_place, notice, &mut actions);
    }
    let (bar, rest) = rest.split_top_bottom_at_y(rest.top() + BUTTON_HEIGHT);
    action_bar(ui, bar, view, &mut actions);
    let (bar, rest) = rest.split_top_bottom_at_y(rest.top() + GAP + BUTTON_HEIGHT);
    tabs(ui, Rect::from_min_max(bar.min + vec2(0.0, GAP), bar.max), view, state);
    let cards = Rect::from_min_max(rest.min + vec2(0.0, GAP), rest.max);
    ui.scope_builder(UiBuilder::new().max_rect(cards), |ui| {
        ScrollArea::vertical().id_salt(state.tab).auto_shrink(false).show(ui, |ui| match state.tab.checked_sub(1) {
            None => presets(ui, columns, view, &mut actions),
            Some(place) if place < view.groups.len() => {
                let group = &view.groups[place];
                let n = group.controls.len();
                // One more in a row, before a row is out of sight.
                let columns = if columns == 4 && n > 8 { 5 } else { columns };
                grid(ui, columns, CARD_HEIGHT, n, |ui, rect, place| {
                    let control = &group.controls[place];
                    card(ui, rect, control, &mut actions);
                });
            }
            Some(place) if place == view.groups.len() => packs_page::show(ui, columns, view, state, &mut actions),
            Some(_) => saved_page::show(ui, columns, view, &mut state.is_erasing, &mut actions),
        });
    });
    if !actions.is_empty() {
        state.is_erasing = false;
    }
    actions
}

/// As many cards in a row as leave each room for its words and two buttons.
fn columns(width: f32) -> usize {
    match width {
        952.0.. => 4,
        712.0.. => 3,
        _ => 2,
    }
}

fn action_bar(ui: &Ui, rect: Rect, view: &View, actions: &mut Vec<UiAction>) {
    let scale = (rect.width() / 800.0).clamp(0.72, 1.0);
    let mut left = rect.left();
    let mut place = |width: f32, space: f32| {
        let place = Rect::from_min_size(pos2(left, rect.top()), vec2(width * scale, rect.height()));
        left = place.right() + space * scale;
        place
    };
    if let Kind::Choice(modes) = &view.mode.kind {
        for (text, normalized) in modes {
            let look = if *text == view.mode.text { Look::Chosen } else { Look::Plain };
            if button(ui, place(84.0, 4.0), text, look, true).on_hover_text(view.mode.id.spec().tip).clicked() {
                actions.extend(UiAction::change(view.mode.id, *normalized));
            }
        }
    }
    place(8.0, 0.0);
    for (width, label, look, id) in [
        (108.0, "Hand over", Look::Main, ParamId::HandOver),
        (28.0, "<", Look::Plain, ParamId::Back),
        (80.0, "Another", Look::Plain, ParamId::Another),
    ] {
        let key = KEYS.iter().find(|(of, ..)| *of == id).map(|(_, key, name)| (*key, name));
        let tip = id.spec().tip;
        let tip =
            key.map_or(tip.to_owned(), |(_, name)| format!("{tip} Key: {name}, while this window has the keyboard."));
        let response = button(ui, place(width, 4.0), label, look, true).on_hover_text(tip);
        hold(&response, id, key.map(|(key, _)| key), actions);
    }

    let (width, step) = (88.0 * scale, 96.0 * scale);
    let mut left = rect.right() - 2.0 * step - width;
    for (label, is_enabled, action, about) in [
        ("Undo", view.can_undo, UiAction::Undo, "Takes back what you last kept or dropped."),
        ("Keep", view.can_keep, UiAction::Keep, "Keeps your last call and its answer with the song, under Kept."),
        ("Save", view.can_keep, UiAction::Save, "Writes your last call and its answer as a MIDI file."),
    ] {
        let place = Rect::from_min_size(pos2(left, rect.top()), vec2(width, rect.height()));
        if button(ui, place, label, Look::Plain, is_enabled).on_hover_text(about).clicked() {
            actions.push(action);
        }
        left += step;
    }
}

/// Keys that press buttons wherever the keyboard is in the window, but for a text: the least in the way of what hosts do with keys.
const KEYS: [(ParamId, Key, &str); 2] = [(ParamId::Another, Key::Period, "."), (ParamId::Back, Key::Comma, ",")];

/// A button that counts while it is held, by the pointer or by a key; `key` is its own.
pub(super) fn hold(response: &egui::Response, id: ParamId, key: Option<Key>, actions: &mut Vec<UiAction>) {
    let state = response.id.with("was down");
    let was_down = response.ctx.data(|data| data.get_temp(state)).unwrap_or(false);
    // A press that is over within a frame counts for that frame.
    let is_own = key.is_some_and(|key| {
        !response.ctx.text_edit_focused()
            && response.ctx.input(|input| input.key_down(key) || input.key_pressed(key) && !was_down)
    });
    let is_down = is_held(response) || response.clicked() && !was_down || is_own;
    response.ctx.data_mut(|data| data.insert_temp(state, is_down));
    match (was_down, is_down) {
        (false, true) => actions.extend([UiAction::Touch(id), UiAction::Set(id, 1.0)]),
        (true, false) => actions.extend([UiAction::Set(id, 0.0), UiAction::LetGo(id)]),
        _ => {}
    }
}

fn tabs(ui: &Ui, rect: Rect, view: &View, state: &mut UiState) {
    let kept = match view.takes.len() {
        0 => "Kept".to_owned(),
        n => format!("Kept {n}"),
    };
    let groups = view.groups.iter().map(|group| group.name);
    let names: Vec<&str> = ["Presets"].into_iter().chain(groups).chain(["Packs", kept.as_str()]).collect();
    ui.painter().hline(rect.x_range(), rect.bottom(), egui::Stroke::new(1.0, theme::LINE));
    #[expect(clippy::cast_precision_loss, reason = "a few tabs")]
    let width = (rect.width() / names.len() as f32).min(124.0);
    let mut left = rect.left();
    for (place, name) in names.into_iter().enumerate() {
        let tab = Rect::from_min_size(pos2(left, rect.top()), Vec2::new(width, rect.height()));
        let response = ui.interact(tab, ui.scope_id().with(("tab", place)), Sense::click());
        let is_chosen = place == state.tab;
        response.widget_info(|| WidgetInfo::selected(Role::Tab, true, is_chosen, name));
        let ink = if is_chosen || response.hovered() { TEXT } else { MUTED };
        fitted(ui.painter(), tab.shrink(2.0), Align2::CENTER_CENTER, name, theme::BODY, SMALL.size, ink);
        focus(ui, tab.shrink(1.0), &response);
        if is_chosen {
            let line =
                Rect::from_min_max(pos2(tab.left() + 8.0, tab.bottom() - 3.0), tab.right_bottom() - vec2(8.0, 0.0));
            ui.painter().rect_filled(line, 1.5, TEXT);
        }
        if response.clicked() {
            state.tab = place;
            state.is_erasing = false;
        }
        left = tab.right();
    }
}

fn presets(ui: &mut Ui, columns: usize, view: &View, actions: &mut Vec<UiAction>) {
    grid(ui, columns, PRESET_HEIGHT, view.presets.len(), |ui, rect, place| {
        let (name, about) = view.presets[place];
        let response = ui.interact(rect, ui.scope_id().with(("preset", place)), Sense::click());
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, name));
        let fill = if response.hovered() { theme::CARD_HOVER } else { theme::CARD };
        ui.painter().rect_filled(rect, theme::RADIUS, fill);
        focus(ui, rect, &response);
        two_lines(ui, rect, 0.0, (name, theme::VALUE, TEXT), ("", SMALL, MUTED));
        let below = Rect::from_min_max(rect.min + vec2(12.0, 31.0), rect.max - vec2(8.0, 6.0));
        wrapped(ui.painter(), below, about, &[SMALL.size], MUTED);
        if response.clicked() {
            actions.push(UiAction::Preset(place));
        }
        response.on_hover_text(about);
    });
}

type Line<'a> = (&'a str, FontId, Color32);

/// A title and a line below, with room on the right.
pub(super) fn two_lines(ui: &Ui, card: Rect, room: f32, first: Line, second: Line) {
    let inside = card.shrink2(vec2(12.0, 8.0));
    for ((text, font, ink), y) in [(first, -1.0), (second, 22.0)] {
        let line = Rect::from_min_size(inside.min + vec2(0.0, y), vec2(inside.width() - room, 20.0));
        fitted(ui.painter(), line, Align2::LEFT_CENTER, text, font, SMALL.size, ink);
    }
}

/// Two lines for what it is good for.
const PRESET_HEIGHT: f32 = 70.0;
/// Between cards.
const SPACE: f32 = 8.0;

/// Cards of one size, in rows.
pub(super) fn grid(ui: &mut Ui, columns: usize, height: f32, n: usize, mut show: impl FnMut(&mut Ui, Rect, usize)) {
    #[expect(clippy::cast_precision_loss, reason = "a few columns")]
    let width = (ui.available_width() + SPACE) / columns as f32 - SPACE;
    ui.spacing_mut().item_spacing = Vec2::splat(SPACE);
    for row in (0..n).step_by(columns) {
        ui.horizontal(|ui| {
            for place in row..n.min(row + columns) {
                let (rect, _) = ui.allocate_exact_size(vec2(width, height), Sense::hover());
                show(ui, rect, place);
            }
        });
    }
}
