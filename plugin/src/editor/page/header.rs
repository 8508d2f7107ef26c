//! The top of the window: what Antiphon is doing, in a sign and a word that are read from afar, and why.

use egui::{Align2, Color32, FontId, Pos2, Rect, Role, Sense, Shape, Stroke, Ui, WidgetInfo, pos2, vec2};

use super::super::theme::{self, ANSWER, BUTTON_HEIGHT, CALL, MUTED, TEXT, WRONG};
use super::super::view::{StatusKind, StatusLine, UiAction, View};
use super::super::widgets::{Look, button, fitted, wrapped};
use super::{UiState, hold};
use crate::params::ParamId;

/// Height of the state word's line, and of the lines below it, in a window of the usual size.
const WORD: f32 = 46.0;
const WHY: f32 = 50.0;
/// In a window of the usual size, capitals of 7 mm: legible from 1.5 m.
const WORD_SIZE: f32 = 40.0;
/// Of the lines below, if they fit.
const WHY_SIZE: f32 = 19.0;
/// The least size of the word in a narrow window.
const LEAST_WORD_SIZE: f32 = 24.0;

/// How much larger the words are in a large window: to be read from afar, the window is made larger.
fn scale(window: Rect) -> f32 {
    (window.width() / 1000.0).min(window.height() / 680.0).clamp(1.0, 1.8)
}

/// The height of the header in a window.
pub(super) fn height(window: Rect) -> f32 {
    (WORD + WHY) * scale(window)
}

/// Draws the header. `window` is all there is.
pub(super) fn show(ui: &Ui, window: Rect, rect: Rect, view: &View, state: &mut UiState, actions: &mut Vec<UiAction>) {
    let size = vec2(if rect.width() < 700.0 { 76.0 } else { 96.0 }, BUTTON_HEIGHT);
    let danger = Rect::from_min_size(pos2(rect.right() - size.x, rect.top() + 4.0), size);
    let help = danger.translate(vec2(-size.x - 8.0, 0.0));
    let (label, look) = if state.is_help { ("Back", Look::Chosen) } else { ("Help", Look::Plain) };
    if button(ui, help, label, look, true).on_hover_text("How to hear the answers, and how to play.").clicked() {
        state.is_help = !state.is_help;
    }
    hold(
        &button(ui, danger, "Panic", Look::Danger, true).on_hover_text(ParamId::Panic.spec().tip),
        ParamId::Panic,
        None,
        actions,
    );

    let StatusLine { text, why, kind } = &view.status_line;
    let word_height = WORD * scale(window);
    let diameter = word_height - 8.0;
    let ink = sign(ui, rect.min + vec2(diameter / 2.0, word_height / 2.0), diameter / 2.0, *kind);
    let words = Rect::from_min_max(rect.min + vec2(diameter + 14.0, 0.0), pos2(help.left() - 16.0, rect.bottom()));
    let (word, below) = words.split_top_bottom_at_y(words.top() + word_height);
    let font = FontId::proportional(WORD_SIZE * scale(window));
    fitted(ui.painter(), word, Align2::LEFT_CENTER, text, font, LEAST_WORD_SIZE, ink);
    let sizes = [WHY_SIZE * scale(window), WHY_SIZE, theme::BODY.size, theme::SMALL.size];
    wrapped(ui.painter(), below, why, &sizes, TEXT);
    let label = ui.interact(words, ui.scope_id().with("status line"), Sense::hover());
    label.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{text}. {why}")));
    label.on_hover_text(why);
}

/// A shape for each kind, so that nobody depends on its colour; returns the colour.
fn sign(ui: &Ui, centre: Pos2, radius: f32, kind: StatusKind) -> Color32 {
    let painter = ui.painter();
    let play = || {
        let corners = [vec2(-0.6, -0.85), vec2(0.95, 0.0), vec2(-0.6, 0.85)];
        corners.map(|corner| centre + corner * radius).to_vec()
    };
    let line = |ink| Stroke::new(3.0, ink);
    match kind {
        StatusKind::Calm => {
            painter.circle_stroke(centre, radius * 0.8, line(MUTED));
            TEXT
        }
        StatusKind::Listening => {
            painter.circle_filled(centre, radius * 0.85, CALL);
            CALL
        }
        // As in the roll, what is to come is outlined.
        StatusKind::Ready => {
            painter.add(Shape::closed_line(play(), line(ANSWER)));
            ANSWER
        }
        StatusKind::Answering => {
            painter.add(Shape::convex_polygon(play(), ANSWER, Stroke::NONE));
            ANSWER
        }
        StatusKind::Wrong => {
            let corners = [vec2(0.0, -0.9), vec2(1.0, 0.8), vec2(-1.0, 0.8)].map(|corner| centre + corner * radius);
            painter.add(Shape::convex_polygon(corners.to_vec(), WRONG, Stroke::NONE));
            let bar = Rect::from_center_size(centre + vec2(0.0, 0.05 * radius), vec2(0.18, 0.75) * radius);
            painter.rect_filled(bar, 0.0, theme::GROUND);
            painter.circle_filled(centre + vec2(0.0, 0.62 * radius), 0.11 * radius, theme::GROUND);
            WRONG
        }
    }
}
