//! The bottom line: how it goes, in numbers. And above it, for a while, what came of the last action.

use egui::{Align2, Rect, Role, Sense, Stroke, StrokeKind, Ui, Vec2, WidgetInfo, pos2, vec2};

use super::super::theme::{self, GOOD, MUTED, SMALL, TEXT, WRONG};
use super::super::view::{Fact, Notice, UiAction};
use super::super::widgets::{Look, button, fitted};

pub(super) const HEIGHT: f32 = 20.0;
/// A longer value, as a share of the line, is cut, and can be read in full under the pointer: late notes may not be pushed
/// out of sight.
const MOST_VALUE: f32 = 0.25;
const SPACE: f32 = 20.0;
/// The button of a notice that has a file.
const SHOW: Vec2 = vec2(92.0, 36.0);

/// Draws as many of the numbers as there is room for.
pub(super) fn health(ui: &Ui, rect: Rect, facts: &[Fact]) {
    let width = |text: &str| ui.painter().layout_no_wrap(text.to_owned(), SMALL, TEXT).size().x;
    let mut left = rect.left();
    for fact in facts {
        let (name, value) = (width(fact.name), width(&fact.value).min(MOST_VALUE * rect.width()));
        let right = left + name + 5.0 + value;
        if right > rect.right() {
            continue;
        }
        let (ink, value_ink) = if fact.is_bad { (WRONG, WRONG) } else { (MUTED, TEXT) };
        let place = |left, right| Rect::from_x_y_ranges(left..=right, rect.y_range());
        for (text, ink, place) in
            [(fact.name, ink, place(left, left + name)), (&fact.value, value_ink, place(right - value, right))]
        {
            fitted(ui.painter(), place.expand2(vec2(0.5, 0.0)), Align2::LEFT_CENTER, text, SMALL, SMALL.size, ink);
        }
        let response = ui.interact(place(left, right), ui.scope_id().with(("fact", fact.name)), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{} {}", fact.name, fact.value)));
        response.on_hover_text(format!("{} {}\n{}", fact.name, fact.value, fact.about));
        left = right + SPACE;
    }
}

/// Draws a notice over the bottom of `above`, where nothing is pressed; a click sends it away.
pub(super) fn notice(ui: &Ui, above: Rect, notice: &Notice, actions: &mut Vec<UiAction>) {
    let ink = if notice.is_bad { WRONG } else { GOOD };
    let width = above.width() - 2.0 * 8.0;
    let (room, least_height) = if notice.file.is_some() { (SHOW.x + 14.0, SHOW.y) } else { (0.0, 0.0) };
    let text = ui.painter().layout(notice.text.clone(), theme::BODY, TEXT, width - 2.0 * 14.0 - room);
    let size = vec2(width, text.size().y.max(least_height) + 2.0 * 8.0);
    let card = Rect::from_min_size(pos2(above.left() + 8.0, above.bottom() - 8.0 - size.y), size);
    ui.painter().rect(card, theme::RADIUS, theme::CARD, Stroke::new(1.5, ink), StrokeKind::Inside);
    ui.painter().galley(pos2(card.left() + 14.0, card.center().y - text.size().y / 2.0), text, TEXT);
    let response = ui.interact(card, ui.scope_id().with("notice"), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Alert, true, &notice.text));
    super::super::widgets::focus(ui, card, &response);
    if response.clicked() {
        actions.push(UiAction::Dismiss);
    }
    if notice.file.is_some() {
        let place = Rect::from_min_size(pos2(card.right() - 8.0 - SHOW.x, card.top() + 8.0), SHOW);
        let about = "Copies the file's path, and opens its folder: drag the file from there into a track.";
        if button(ui, place, "Show file", Look::Plain, true).on_hover_text(about).clicked() {
            actions.push(UiAction::ShowFile);
        }
    }
}
