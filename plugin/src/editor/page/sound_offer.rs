//! The way to a sound, for who has put Antiphon on a track and hears nothing: no instrument plays its notes yet.

use egui::{Align2, Rect, Ui, vec2};

use super::super::theme::{self, GAP, TEXT};
use super::super::view::UiAction;
use super::super::widgets::{Look, button, fitted};
use crate::params::ParamId;

/// The piano plays the call and the answer.
const BOTH: f32 = 1.0;

/// Draws the offer in a row: a question, and a button for each answer to it.
pub(super) fn show(ui: &Ui, row: Rect, actions: &mut Vec<UiAction>) {
    let (question, rest) = row.split_left_right_at_x(row.left() + 0.22 * row.width());
    fitted(ui.painter(), question, Align2::LEFT_CENTER, "No sound yet?", theme::VALUE, theme::SMALL.size, TEXT);
    let (yes, no) = rest.split_left_right_at_x(rest.right() - 0.24 * rest.width());
    let tip = "The built-in piano plays what you and I play. Preview sound, under Output, switches it off.";
    if button(ui, yes, "Hear it on the built-in piano", Look::Main, true).on_hover_text(tip).clicked() {
        actions.extend(UiAction::change(ParamId::Preview, BOTH));
    }
    let no = Rect::from_min_max(no.min + vec2(GAP, 0.0), no.max);
    let tip = "An instrument of yours plays the notes. I do not ask again in this song.";
    if button(ui, no, "I hear it", Look::Plain, true).on_hover_text(tip).clicked() {
        actions.push(UiAction::HearsNotes);
    }
}
