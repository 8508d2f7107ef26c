//! The answers from which one can be chosen, beside the roll: the best of those that were made in the silence, as small rolls.

use egui::{Align2, Rect, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};
use live::timeline::{CandidateNote, Candidates};

use super::super::theme::{self, ANSWER, CARD, CARD_HOVER, GAP, LINE, MUTED, RADIUS, SMALL, TEXT};
use super::super::view::UiAction;
use super::super::widgets::{fitted, focus};

/// The strip's share of the width.
const SHARE: f32 = 0.17;
/// Seconds in which it comes and goes.
const SLIDE_S: f32 = 0.2;
/// Room for a name above the notes.
const HEAD: f32 = 18.0;
/// A lower one has its name beside the notes, which takes so much room.
const LEAST_TALL: f32 = 44.0;
const BESIDE: f32 = 50.0;
/// Ticks that are seen, at least: two bars.
const LEAST_TICKS: i64 = 384;
const LEAST_KEYS: f32 = 12.0;
const NAMES: [&str; 3] = ["Best", "Second", "Third"];

/// Draws them at the right, if there are any, and returns the room that is left.
pub(super) fn show(ui: &Ui, rect: Rect, candidates: &Candidates, actions: &mut Vec<UiAction>) -> Rect {
    let is_there = candidates.answers.len() > 1;
    let share = ui.ctx().animate_bool_with_time(ui.scope_id().with("answers"), is_there, SLIDE_S);
    let (left, strip) = rect.split_left_right_at_x(rect.right() - share * SHARE * rect.width());
    if !is_there || share < 1.0 {
        return left;
    }
    let strip = Rect::from_min_max(strip.min + vec2(GAP, 0.0), strip.max);
    let n = candidates.answers.len().min(NAMES.len());
    #[expect(clippy::cast_precision_loss, reason = "three")]
    let height = (strip.height() + GAP) / n as f32;
    let mut place = Rect::from_min_size(strip.min, vec2(strip.width(), height - GAP));
    for ((rank, name), notes) in (0_u8..).zip(NAMES).zip(&candidates.answers) {
        if answer(ui, place, name, notes, rank == candidates.rank) {
            actions.push(UiAction::ChooseAnswer(rank));
        }
        place = place.translate(vec2(0.0, height));
    }
    left
}

/// One of them. Whether it was pressed.
fn answer(ui: &Ui, rect: Rect, name: &str, notes: &[CandidateNote], is_played: bool) -> bool {
    let response = ui.interact(rect, ui.scope_id().with(("answer", name)), Sense::click());
    let n_notes = notes.len();
    let about = || format!("{name} answer: {n_notes} notes");
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, is_played, about()));
    let painter = ui.painter_at(rect);
    let (fill, edge) = if response.hovered() { (CARD_HOVER, LINE) } else { (CARD, LINE) };
    let (edge, ink) = if is_played { (ANSWER, TEXT) } else { (edge, MUTED) };
    painter.rect(rect, RADIUS, fill, Stroke::new(if is_played { 2.0 } else { 1.0 }, edge), StrokeKind::Inside);
    let inside = rect.shrink2(vec2(8.0, 4.0));
    let head = Rect::from_min_size(inside.min, vec2(inside.width(), HEAD));
    fitted(&painter, head, Align2::LEFT_CENTER, name, SMALL, theme::SMALL.size, ink);
    let corner = if inside.height() < LEAST_TALL {
        pos2(inside.left() + BESIDE, inside.top() + 2.0)
    } else {
        pos2(inside.left(), head.bottom() + 2.0)
    };
    let field = Rect::from_min_max(corner, inside.max - vec2(0.0, 2.0));
    let colour = if is_played { ANSWER } else { ANSWER.gamma_multiply(0.55) };
    for place in places(field, notes) {
        painter.rect_filled(place, 1.0, colour);
    }
    focus(ui, rect, &response);
    let tip = "Press to play this answer: from its beginning, or from the next bar if one has begun.";
    response.on_hover_text(tip).clicked()
}

/// Where its notes are: all of them are seen.
#[expect(clippy::cast_precision_loss, reason = "ticks of a few bars")]
fn places(field: Rect, notes: &[CandidateNote]) -> impl Iterator<Item = Rect> {
    let end_ticks = notes.iter().map(|note| note.off_ticks).max().unwrap_or(0).max(LEAST_TICKS);
    let keys = notes.iter().map(|note| f32::from(note.key));
    let (lowest, highest) = keys.fold((f32::INFINITY, 0.0_f32), |(low, high), key| (low.min(key), high.max(key)));
    let n_keys = (highest - lowest + 1.0).max(LEAST_KEYS);
    let lowest = lowest - (n_keys - (highest - lowest + 1.0)) / 2.0;
    let row = field.height() / n_keys;
    let x = move |ticks: i64| field.left() + field.width() * ticks.clamp(0, end_ticks) as f32 / end_ticks as f32;
    notes.iter().map(move |note| {
        let y = field.bottom() - (f32::from(note.key) - lowest + 1.0) * row;
        let left = x(note.on_ticks);
        Rect::from_min_max(pos2(left, y), pos2((x(note.off_ticks) - 1.0).max(left + 2.0), y + row.max(2.0)))
    })
}
