//! The piano roll: time goes to the right, the present stands still, and what is to come is outlined. Behind each note of the player is,
//! faintly, how it was understood.

use egui::{Align2, Color32, Painter, Rect, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};

use super::theme::{ANSWER, BODY, CALL, LINE, MUTED, PANEL, RADIUS, SMALL, TEXT};
use live::timeline::{LineKind, PARTS_PER_TICK, Roll, Span, TimelineNote, Who};

/// How much of the past is seen, in ticks: eleven beats.
pub(crate) const PAST_TICKS: i64 = 11 * 48;
/// How much of the future: a little more than is planned ahead.
pub(crate) const FUTURE_TICKS: i64 = 5 * 48;

/// Room for the bar numbers and the legend.
const HEAD: f32 = 26.0;
/// A narrower roll has room for the bar numbers, but not for all of the legend beside them.
const WHOLE_LEGEND: f32 = 720.0;
/// What the legend says to a pointer that rests on it.
const ABOUT: &str = "Behind each of your notes, which are drawn as you played them, the pale box says where I understood it to belong \
    and for how long, and the thin lines how I heard each beat divided.";
/// How a note was understood.
const PALE: Color32 = Color32::from_rgba_premultiplied(17, 34, 51, 51);
const RIM: Color32 = Color32::from_rgba_premultiplied(38, 74, 112, 112);
/// Of middle C.
const MIDDLE_OCTAVE: f32 = 5.0;
/// Room for the name of a key.
const LEAST_NAME: f32 = 15.0;
const LEAST_KEYS: f32 = 24.0;
/// The least height of a note: with all keys in a small window, it still is seen.
const LEAST_NOTE: f32 = 3.0;

/// Where times, in parts of a tick, and keys are.
struct Scale {
    field: Rect,
    now_parts: i64,
    lowest: f32,
    keys: f32,
}

impl Scale {
    fn x(&self, parts: i64) -> f32 {
        let (past, future) = (PAST_TICKS * PARTS_PER_TICK, FUTURE_TICKS * PARTS_PER_TICK);
        #[expect(clippy::cast_precision_loss, reason = "what is seen is near")]
        let share = (parts.saturating_sub(self.now_parts).clamp(-past, future) + past) as f32 / (past + future) as f32;
        self.field.left() + share * self.field.width()
    }

    fn row(&self) -> f32 {
        self.field.height() / self.keys
    }

    /// The upper edge of a key's row.
    fn y(&self, key: f32) -> f32 {
        self.field.bottom() - (key - self.lowest + 1.0) * self.row()
    }

    fn note(&self, span: &Span, right: i64) -> Rect {
        let (left, right) = (self.x(span.on_parts), self.x(span.off_parts.min(right)));
        let y = self.y(f32::from(span.key));
        Rect::from_min_max(
            pos2(left, y + 1.0),
            pos2((right - 1.0).max(left + 4.0), (y + self.row() - 1.0).max(y + 1.0 + LEAST_NOTE)),
        )
    }
}

/// Paints the roll into `rect`.
pub(crate) fn show(ui: &Ui, rect: Rect, roll: &Roll) {
    let response = ui.interact(rect, ui.scope_id().with("roll"), egui::Sense::hover());
    let (n_notes, n_planned) = (roll.notes.len(), roll.planned.len());
    response.widget_info(|| {
        WidgetInfo::labeled(egui::Role::Image, true, format!("Piano roll: {n_notes} notes, {n_planned} to come"))
    });
    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, RADIUS, PANEL);
    let field = Rect::from_min_max(rect.min + vec2(40.0, HEAD), rect.max - vec2(8.0, 8.0));
    let (lowest, keys) = range(roll);
    // Glides when the notes go higher or lower.
    let glide = |name, value| ui.ctx().animate_value_with_time(ui.scope_id().with(name), value, 0.3);
    let scale = Scale {
        field,
        now_parts: roll.now_ticks * PARTS_PER_TICK,
        lowest: glide("lowest shown", lowest),
        keys: glide("keys shown", keys).max(1.0),
    };
    let inside = painter.with_clip_rect(field.intersect(rect));
    keyboard(&painter, &inside, &scale);
    let legend = legend(ui, &painter, rect);
    lines(&painter, &scale, roll, legend);
    for note in &roll.notes {
        understood(&inside, &scale, note);
    }
    for span in &roll.planned {
        let place = scale.note(span, i64::MAX);
        inside.rect(place, 3.0, ANSWER.gamma_multiply(0.10), Stroke::new(1.5, ANSWER), StrokeKind::Inside);
    }
    for note in &roll.notes {
        sounding(&inside, &scale, note);
    }
    let now = scale.x(scale.now_parts);
    painter.vline(now, field.y_range(), Stroke::new(2.0, TEXT));
    painter.circle_filled(pos2(now, field.top()), 4.0, TEXT);
    if roll.notes.is_empty() && roll.planned.is_empty() {
        let hint =
            "What you play, and what comes back, appears here.\nIf nothing does: arm this track, or send it notes.";
        painter.text(pos2((field.left() + now) / 2.0, field.center().y), Align2::CENTER_CENTER, hint, BODY, MUTED);
    }
}

/// The lowest key and how many keys are shown.
fn range(roll: &Roll) -> (f32, f32) {
    let keys = || roll.notes.iter().map(|note| note.span.key).chain(roll.planned.iter().map(|span| span.key));
    let (lowest, highest) = match (keys().min(), keys().max()) {
        (Some(lowest), Some(highest)) => (f32::from(lowest) - 2.0, f32::from(highest) + 2.0),
        _ => (52.0, 76.0),
    };
    let missing = (LEAST_KEYS - (highest - lowest + 1.0)).max(0.0);
    ((lowest - missing / 2.0).round(), highest - lowest + 1.0 + missing)
}

fn keyboard(painter: &Painter, inside: &Painter, scale: &Scale) {
    let mut key = scale.lowest.floor();
    while key < scale.lowest + scale.keys {
        #[expect(clippy::cast_possible_truncation, reason = "a key")]
        let tone = (key as i32).rem_euclid(12);
        let y = scale.y(key);
        if [1, 3, 6, 8, 10].contains(&tone) {
            let row = Rect::from_x_y_ranges(scale.field.x_range(), y..=y + scale.row());
            inside.rect_filled(row, 0.0, Color32::from_black_alpha(50));
        }
        if tone == 0 {
            let y = y + scale.row();
            inside.hline(scale.field.x_range(), y, Stroke::new(1.0, LINE.gamma_multiply(0.7)));
            // Where octaves are near, not each has room for its name.
            let every = (LEAST_NAME / (12.0 * scale.row())).ceil().max(1.0);
            let is_named = (key / 12.0 - MIDDLE_OCTAVE).rem_euclid(every) < 0.5;
            if is_named && scale.field.y_range().contains(y - 6.0) {
                // Named as the controls name keys: middle C is C4.
                let name = format!("C{}", key / 12.0 - 1.0);
                painter.text(pos2(scale.field.left() - 8.0, y - 1.0), Align2::RIGHT_BOTTOM, name, SMALL, MUTED);
            }
        }
        key += 1.0;
    }
}

/// Lines, with the numbers of bars left of the legend.
fn lines(painter: &Painter, scale: &Scale, roll: &Roll, legend: f32) {
    for line in &roll.lines {
        let x = scale.x(line.at_parts);
        let colour = match line.kind {
            LineKind::Bar(_) => MUTED.gamma_multiply(0.55),
            LineKind::Beat => LINE.gamma_multiply(0.55),
            LineKind::FoundBeat => CALL.gamma_multiply(0.42),
            LineKind::Division => CALL.gamma_multiply(0.16),
        };
        painter.vline(x, scale.field.y_range(), Stroke::new(1.0, colour));
        if let LineKind::Bar(number) = line.kind
            && x < legend - LEAST_NAME
        {
            painter.text(pos2(x + 5.0, scale.field.top() - 4.0), Align2::LEFT_BOTTOM, number, SMALL, MUTED);
        }
    }
}

/// Where a note of the player is written, and for how long; or for as long as it sounds, while that is open.
fn understood(painter: &Painter, scale: &Scale, note: &TimelineNote) {
    let Some(written) = note.written else { return };
    let on_parts = written.on_parts;
    let off_parts = match written.length_parts {
        Some(length_parts) => on_parts + length_parts,
        None => note.span.off_parts.min(scale.now_parts).max(on_parts),
    };
    let place = scale.note(&Span { on_parts, off_parts, ..note.span }, i64::MAX).expand2(vec2(0.0, 2.0));
    painter.rect(place, 3.0, PALE, Stroke::new(1.0, RIM), StrokeKind::Inside);
}

fn sounding(painter: &Painter, scale: &Scale, note: &TimelineNote) {
    let colour = if note.who == Who::Player { CALL } else { ANSWER };
    let now = scale.now_parts;
    let is_sounding = note.span.on_parts <= now && now < note.span.off_parts;
    let place = scale.note(&note.span, now);
    if is_sounding {
        painter.rect_filled(place.expand(3.0), 5.0, colour.gamma_multiply(0.3));
        if note.who == Who::Antiphon {
            // Its end is known, and still to come.
            let whole = scale.note(&note.span, i64::MAX);
            painter.rect(whole, 3.0, colour.gamma_multiply(0.10), Stroke::new(1.5, colour), StrokeKind::Inside);
        }
    }
    // Soft notes are pale.
    let strength = if is_sounding { 1.0 } else { 0.45 + 0.5 * f32::from(note.span.velocity) / 127.0 };
    painter.rect_filled(place, 3.0, PANEL.lerp_to_gamma(colour, strength));
}

/// Paints it, and says where it begins.
fn legend(ui: &Ui, painter: &Painter, rect: Rect) -> f32 {
    let mut right = rect.right() - 14.0;
    let y = rect.top() + HEAD / 2.0 + 1.0;
    let hollow = (Color32::TRANSPARENT, Stroke::new(1.5, ANSWER));
    let entries = [
        ("to come", hollow),
        ("Antiphon", (ANSWER, Stroke::NONE)),
        ("as understood", (PALE, Stroke::new(1.0, RIM))),
        ("you", (CALL, Stroke::NONE)),
    ];
    for (name, (fill, stroke)) in entries {
        if name == "as understood" && rect.width() < WHOLE_LEGEND {
            continue;
        }
        let text = painter.layout_no_wrap(name.to_owned(), SMALL, TEXT);
        let swatch = Rect::from_center_size(pos2(right - text.size().x - 14.0, y), vec2(16.0, 9.0));
        painter.rect(swatch, 3.0, fill, stroke, StrokeKind::Inside);
        let left = right - text.size().x;
        painter.galley(pos2(left, y - text.size().y / 2.0), text, TEXT);
        right = swatch.left() - 18.0;
    }
    let place = Rect::from_min_max(pos2(right, rect.top()), pos2(rect.right(), rect.top() + HEAD));
    ui.interact(place, ui.scope_id().with("legend"), egui::Sense::hover()).on_hover_text(ABOUT);
    right
}
