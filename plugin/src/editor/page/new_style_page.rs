//! Where a style is made of the user's music: what to learn from, how far it is, and what came of it.

use egui::{Align2, FontSelection, Frame, Margin, Rect, RichText, TextEdit, Ui, UiBuilder, pos2, vec2};

use super::super::theme::{self, ANSWER, BODY, CARD_HEIGHT, GAP, MUTED, SMALL, TEXT, VALUE, WRONG};
use super::super::view::{NewStyleView, StylePhase, UiAction};
use super::super::widgets::{Look, button, fitted, wrapped};
use super::{SPACE, UiState, grid, two_lines};

/// From button to button.
const STEP: f32 = 66.0;
/// A card with words in two lines, and a bar below.
const TALL: f32 = 88.0;

/// Draws the page.
pub(super) fn show(ui: &mut Ui, columns: usize, view: &NewStyleView, state: &mut UiState, actions: &mut Vec<UiAction>) {
    match &view.phase {
        StylePhase::Form { problem } => {
            let columns = columns.saturating_sub(1).max(2);
            // Beside the fourth card there is room, unless two of them stand in a row.
            let problem = problem.as_deref();
            if let Some(problem) = problem.filter(|_| columns == 2) {
                ui.label(RichText::new(problem).font(BODY).color(WRONG));
            }
            let last = form(ui, columns, view, state, actions);
            if let Some(problem) = problem.filter(|_| columns > 2) {
                let right = ui.max_rect().right();
                let room = Rect::from_min_max(pos2(last.right() + GAP, last.top()), pos2(right, last.bottom()));
                wrapped(ui.painter(), room, problem, &[BODY.size, SMALL.size], WRONG);
            }
        }
        StylePhase::Choosing => {
            let words = ["Choose in the system's window", "It may be behind this one or the host's."];
            whole(ui, words, None, &[("Cancel", Look::Plain, UiAction::CancelStyle)], state, actions);
        }
        StylePhase::Learning { title, status, share, can_finish } => {
            let finish = ("Finish", Look::Plain, UiAction::FinishStyle);
            let cancel = ("Cancel", Look::Plain, UiAction::CancelStyle);
            let buttons = if *can_finish { [finish, cancel].to_vec() } else { vec![cancel] };
            let status = if status.is_empty() { "You can play on, and close this window." } else { status };
            whole(ui, [title, status], Some(*share), &buttons, state, actions);
        }
        StylePhase::Made { title, about } => {
            let buttons = [("Use", Look::Main, UiAction::UseStyle), ("Done", Look::Plain, UiAction::CancelStyle)];
            whole(ui, [title, about], None, &buttons, state, actions);
        }
    }
    if !view.remarks.is_empty() {
        ui.label(RichText::new(view.remarks.join("\n")).font(SMALL).color(MUTED));
    }
}

/// What to learn from, how it is to be called, for how long, and the button that begins. Returns the place of that.
fn form(ui: &mut Ui, columns: usize, view: &NewStyleView, state: &mut UiState, actions: &mut Vec<UiAction>) -> Rect {
    let is_complete = view.has_music && !state.style_name.trim().is_empty();
    let mut last = Rect::NOTHING;
    grid(ui, columns, CARD_HEIGHT, 4, |ui, rect, place| {
        last = rect;
        ui.painter().rect_filled(rect, theme::RADIUS, theme::CARD);
        let minutes = format!("{} at most", view.minutes);
        let (title, about, buttons): (_, &str, &[_]) = match place {
            0 => (
                "Your music",
                &view.music,
                &[
                    ("Files", Look::Plain, true, Some(UiAction::ChooseMusic { folder: false })),
                    ("Folder", Look::Plain, true, Some(UiAction::ChooseMusic { folder: true })),
                ],
            ),
            1 => return name(ui, rect, &mut state.style_name),
            2 => (
                "Minutes",
                &minutes,
                &[
                    ("-", Look::Plain, true, Some(UiAction::StyleMinutes(-1))),
                    ("+", Look::Plain, true, Some(UiAction::StyleMinutes(1))),
                ],
            ),
            _ => (
                "Make the style",
                "while you play on",
                &[("Make", Look::Main, is_complete, Some(UiAction::LearnStyle)), ("Back", Look::Plain, true, None)],
            ),
        };
        two_lines(ui, rect, 2.0 * STEP + 2.0, (title, VALUE, TEXT), (about, SMALL, MUTED));
        let mut at = first_button(rect, buttons.len());
        for &(label, look, is_enabled, action) in buttons {
            if button(ui, at, label, look, is_enabled).clicked() {
                state.is_new_style = action.is_some();
                actions.extend(action);
            }
            at = at.translate(vec2(STEP, 0.0));
        }
    });
    last
}

fn name(ui: &mut Ui, rect: Rect, name: &mut String) {
    let inside = rect.shrink2(vec2(12.0, 6.0));
    let title = Rect::from_min_size(inside.min, vec2(inside.width(), 18.0));
    fitted(ui.painter(), title, Align2::LEFT_CENTER, "Name", SMALL, SMALL.size, MUTED);
    let field = Rect::from_min_max(pos2(inside.left(), title.bottom()), inside.max);
    let mut own = ui.new_child(UiBuilder::new().max_rect(field));
    let frame = Frame::new().fill(theme::PANEL).corner_radius(theme::RADIUS).inner_margin(Margin::symmetric(8, 3));
    let edit = TextEdit::singleline(name)
        .font(FontSelection::FontId(BODY))
        .hint_text("of the style, as lists show it")
        .char_limit(32)
        .frame(frame)
        .desired_width(f32::INFINITY);
    own.add(edit);
}

/// A card over the whole width: two lines, perhaps a bar, and buttons; the last leaves the page for the packs.
fn whole(
    ui: &mut Ui,
    [title, about]: [&str; 2],
    share: Option<f32>,
    buttons: &[(&str, Look, UiAction)],
    state: &mut UiState,
    actions: &mut Vec<UiAction>,
) {
    grid(ui, 1, TALL, 1, |ui, rect, _| {
        ui.painter().rect_filled(rect, theme::RADIUS, theme::CARD);
        let mut at = first_button(rect, buttons.len() + 1);
        let words = Rect::from_min_max(rect.min + vec2(12.0, 8.0), pos2(at.left() - GAP, rect.bottom() - 8.0));
        let (first, second) = words.split_top_bottom_at_y(words.top() + 24.0);
        fitted(ui.painter(), first, Align2::LEFT_CENTER, title, VALUE, SMALL.size, TEXT);
        wrapped(ui.painter(), second, about, &[SMALL.size], MUTED);
        if let Some(share) = share {
            let bar = Rect::from_min_max(pos2(words.left(), words.bottom() - 6.0), words.max);
            ui.painter().rect_filled(bar, 3.0, theme::LINE);
            let done = Rect::from_min_size(bar.min, vec2(bar.width() * share.clamp(0.0, 1.0), bar.height()));
            ui.painter().rect_filled(done, 3.0, ANSWER);
        }
        for &(label, look, action) in buttons {
            if button(ui, at, label, look, true).clicked() {
                actions.push(action);
            }
            at = at.translate(vec2(STEP, 0.0));
        }
        if button(ui, at, "Back", Look::Plain, true).clicked() {
            state.is_new_style = false;
        }
    });
    ui.add_space(SPACE);
}

/// The place of the first of so many buttons at the right.
fn first_button(card: Rect, n: usize) -> Rect {
    let room = f32::from(u8::try_from(n).unwrap_or(1)) * STEP;
    let corner = pos2(card.right() - room - 6.0, card.center().y - 0.5 * (CARD_HEIGHT - 20.0));
    Rect::from_min_size(corner, vec2(STEP - 4.0, CARD_HEIGHT - 20.0))
}
