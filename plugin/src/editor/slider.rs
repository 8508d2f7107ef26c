//! A value on a scale: how it is shown, and how hands and keys move it.

use egui::{EventFilter, Key, Painter, Rect, Response, pos2, vec2};

use super::theme::{ANSWER, LINE, MUTED, TEXT};
use super::view::{Control, UiAction};

/// With Shift, a hand moves a value so much less.
const FINE: f32 = 0.1;

/// What hands and keys do to the value. A double click brings the default back.
pub(super) fn work(rect: Rect, control: &Control, response: &Response, actions: &mut Vec<UiAction>) {
    if response.double_clicked() {
        actions.extend(UiAction::change(control.id, control.default));
        return;
    }
    // A hand takes hold of the value where it is, so that a touch alone moves nothing.
    let held = response.id.with("held");
    if response.drag_started() {
        response.ctx.data_mut(|data| data.insert_temp(held, control.normalized));
        actions.push(UiAction::Touch(control.id));
    }
    if response.dragged() {
        let share = if response.ctx.input(|input| input.modifiers.shift) { FINE } else { 1.0 };
        let by = share * response.drag_delta().x / (rect.width() - 24.0).max(1.0);
        let value = response.ctx.data_mut(|data| {
            let value: &mut f32 = data.get_temp_mut_or(held, control.normalized);
            *value = (*value + by).clamp(0.0, 1.0);
            *value
        });
        actions.push(UiAction::Set(control.id, value));
    }
    if response.drag_stopped() {
        actions.push(UiAction::LetGo(control.id));
    }
    if response.has_focus() {
        keys(control, response, actions);
    }
}

/// The arrows step, and Delete brings the default back.
fn keys(control: &Control, response: &Response, actions: &mut Vec<UiAction>) {
    let filter = EventFilter { horizontal_arrows: true, ..EventFilter::default() };
    response.ctx.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
    let [down, up] = control.steps;
    let meanings = [
        (Key::ArrowLeft, down),
        (Key::ArrowRight, up),
        (Key::Delete, control.default),
        (Key::Backspace, control.default),
    ];
    for (key, value) in meanings {
        if response.ctx.input(|input| input.key_pressed(key)) {
            actions.extend(UiAction::change(control.id, value));
        }
    }
}

/// How far along a value is, with a mark at the default.
pub(super) fn show(painter: &Painter, card: Rect, control: &Control) {
    let track =
        Rect::from_min_max(pos2(card.left() + 12.0, card.bottom() - 9.0), card.right_bottom() - vec2(12.0, 5.0));
    let x = |normalized: f32| track.left() + normalized.clamp(0.0, 1.0) * track.width();
    painter.rect_filled(track, 2.0, LINE);
    let filled = Rect::from_min_max(track.min, pos2(x(control.normalized), track.max.y));
    painter.rect_filled(filled, 2.0, ANSWER);
    let mark = Rect::from_center_size(pos2(x(control.default), track.center().y), vec2(2.0, 8.0));
    painter.rect_filled(mark, 1.0, MUTED);
    painter.circle_filled(pos2(x(control.normalized), track.center().y), 5.0, TEXT);
}
