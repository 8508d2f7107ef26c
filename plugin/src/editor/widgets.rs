//! The window's own parts: buttons for fingers, and cards that show and set a parameter.

use egui::epaint::Mesh;
use egui::{
    Align2, Color32, FontId, Painter, Popup, Pos2, Rect, Response, Role, ScrollArea, Sense, Shape, Stroke, StrokeKind,
    Ui, WidgetInfo, pos2, vec2,
};

use super::theme::{self, ANSWER, CARD, CARD_HOVER, LINE, MUTED, RADIUS, TEXT};
use super::view::{Control, Kind, Learn, Wish};

/// How a button looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    Plain,
    /// One of several, and this one is chosen.
    Chosen,
    /// It matters most.
    Main,
    /// It ends things.
    Danger,
}

/// A button that fills `rect`. It says its `label` to screen readers too.
pub(crate) fn button(ui: &Ui, rect: Rect, label: &str, look: Look, is_enabled: bool) -> Response {
    let sense = if is_enabled { Sense::click_and_drag() } else { Sense::hover() };
    let response = ui.interact(rect, ui.scope_id().with(("button", label)), sense);
    let is_chosen = look == Look::Chosen;
    response.widget_info(|| WidgetInfo::selected(Role::Button, is_enabled, is_chosen, label));
    let is_down = response.is_pointer_button_down_on();
    let (fill, stroke, ink) = match look {
        _ if !is_enabled => (theme::PANEL, LINE, theme::MUTED.gamma_multiply(0.6)),
        Look::Plain => (CARD, LINE, TEXT),
        Look::Chosen => (TEXT, TEXT, theme::GROUND),
        Look::Main => (ANSWER, ANSWER, theme::GROUND),
        Look::Danger => (theme::WRONG.gamma_multiply(0.18), theme::WRONG, theme::WRONG),
    };
    let fill = match look {
        _ if is_down && is_enabled => mix(fill, TEXT, 0.25),
        _ if response.hovered() && is_enabled => mix(fill, TEXT, 0.08),
        _ => fill,
    };
    ui.painter().rect(rect, RADIUS, fill, Stroke::new(1.0, stroke), StrokeKind::Inside);
    fitted(ui.painter(), rect.shrink(6.0), Align2::CENTER_CENTER, label, theme::BODY, ink);
    response
}

/// The card of a parameter: its name, its value, and how far along it is. What the user does goes into `wishes`.
pub(crate) fn card(ui: &Ui, rect: Rect, control: &Control, wishes: &mut Vec<Wish>) {
    let is_learning = control.learn.as_ref().is_some_and(|learn| learn.is_learning);
    let (card, learn) = match &control.learn {
        Some(learn) => {
            let (left, right) = rect.split_left_right_at_x(rect.right() - 62.0);
            (left, Some((right, learn)))
        }
        None => (rect, None),
    };
    let response = ui.interact(card, ui.scope_id().with(control.id), Sense::click_and_drag());
    let fill = if response.hovered() || response.dragged() { CARD_HOVER } else { CARD };
    let painter = ui.painter();
    painter.rect_filled(rect, RADIUS, fill);
    let inner = rect.shrink2(vec2(12.0, 8.0));
    let is_slider = matches!(control.kind, Kind::Slider);
    let text_width = if is_slider { 0.0 } else { 26.0 } + learn.map_or(0.0, |_| 54.0);
    let line = |y: f32| Rect::from_min_max(pos2(inner.left(), y), pos2(inner.right() - text_width, y + 20.0));
    fitted(painter, line(inner.top() - 2.0), Align2::LEFT_CENTER, &control.name, theme::SMALL, MUTED);
    let value = if is_learning { "Move it now" } else { &control.text };
    let ink = if is_learning { ANSWER } else { TEXT };
    fitted(painter, line(inner.top() + 17.0), Align2::LEFT_CENTER, value, theme::VALUE, ink);

    match &control.kind {
        Kind::Slider => {
            slide(card, control, &response, wishes);
            bar(painter, rect, control);
            let info = || WidgetInfo::slider(true, f64::from(control.normalized), &control.name);
            response.widget_info(info);
        }
        Kind::Switch => {
            let is_on = control.normalized >= 0.5;
            response.widget_info(|| WidgetInfo::selected(Role::Switch, true, is_on, &control.name));
            switch(painter, pos2(inner.right() - 20.0, inner.center().y), is_on);
            if response.clicked() {
                wishes.extend(Wish::change(control.id, if is_on { 0.0 } else { 1.0 }));
            }
        }
        Kind::Choice(choices) => {
            response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, &control.name));
            caret(painter, pos2(card.right() - if learn.is_some() { 8.0 } else { 18.0 }, inner.center().y), MUTED);
            let popup = Popup::menu(&response).width(card.width().max(160.0));
            popup.show(|ui| choose(ui, control, choices, wishes));
        }
    }
    if let Some((rect, learn)) = learn {
        let look = match learn {
            _ if is_learning => Look::Main,
            Learn { learnt: Some(_), .. } => Look::Chosen,
            Learn { .. } => Look::Plain,
        };
        let place = rect.shrink2(vec2(6.0, 10.0)).translate(vec2(0.0, if is_slider { -3.0 } else { 0.0 }));
        let label = learn.learnt.as_deref().unwrap_or("Learn");
        if button_named(ui, place, label, control.id, look).clicked() {
            wishes.push(Wish::Learn(control.id));
        }
    }
}

/// A button whose label others have too.
fn button_named(ui: &Ui, rect: Rect, label: &str, name: &str, look: Look) -> Response {
    let id = ui.scope_id().with(("small", label, name));
    let response = ui.interact(rect, id, Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("{label} {name}")));
    let (fill, stroke, ink) = match look {
        Look::Main => (ANSWER, ANSWER, theme::GROUND),
        Look::Chosen => (theme::PANEL, MUTED, TEXT),
        _ => (Color32::TRANSPARENT, LINE, MUTED),
    };
    let ink = if response.hovered() && look != Look::Main { TEXT } else { ink };
    ui.painter().rect(rect, RADIUS, fill, Stroke::new(1.0, stroke), StrokeKind::Inside);
    fitted(ui.painter(), rect.shrink(3.0), Align2::CENTER_CENTER, label, theme::SMALL, ink);
    response
}

fn slide(rect: Rect, control: &Control, response: &Response, wishes: &mut Vec<Wish>) {
    if response.double_clicked() {
        wishes.extend(Wish::change(control.id, control.default));
        return;
    }
    // A hand takes hold of the value where it is, so that a touch alone moves nothing.
    let grip = response.id.with("grip");
    let along = response.interact_pointer_pos().map_or(0.0, |at| at.x / (rect.width() - 24.0).max(1.0));
    if response.drag_started() {
        response.ctx.data_mut(|data| data.insert_temp(grip, control.normalized - along));
        wishes.push(Wish::Touch(control.id));
    }
    if response.dragged() {
        let hold: f32 = response.ctx.data(|data| data.get_temp(grip)).unwrap_or(control.normalized - along);
        wishes.push(Wish::Set(control.id, (hold + along).clamp(0.0, 1.0)));
    }
    if response.drag_stopped() {
        wishes.push(Wish::LetGo(control.id));
    }
}

fn choose(ui: &mut Ui, control: &Control, choices: &[(String, f32)], wishes: &mut Vec<Wish>) {
    ui.spacing_mut().interact_size.y = 34.0;
    ScrollArea::vertical().max_height(300.0).show(ui, |ui| {
        for (text, normalized) in choices {
            let is_chosen = *text == control.text;
            let label = egui::RichText::new(text).font(theme::BODY);
            if ui.add_sized([ui.available_width(), 34.0], egui::Button::selectable(is_chosen, label)).clicked() {
                wishes.extend(Wish::change(control.id, *normalized));
                ui.close();
            }
        }
    });
}

/// How far along a value is, with a mark at the default.
fn bar(painter: &Painter, card: Rect, control: &Control) {
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

fn switch(painter: &Painter, centre: Pos2, is_on: bool) {
    let pill = Rect::from_center_size(centre, vec2(40.0, 22.0));
    painter.rect_filled(pill, 11.0, if is_on { theme::GOOD } else { LINE });
    let x = if is_on { pill.right() - 11.0 } else { pill.left() + 11.0 };
    painter.circle_filled(pos2(x, centre.y), 8.0, TEXT);
}

fn caret(painter: &Painter, centre: Pos2, colour: Color32) {
    let mut mesh = Mesh::default();
    for corner in [vec2(-5.0, -3.0), vec2(5.0, -3.0), vec2(0.0, 4.0)] {
        mesh.colored_vertex(centre + corner, colour);
    }
    mesh.add_triangle(0, 1, 2);
    painter.add(Shape::mesh(mesh));
}

/// A line of text in a rectangle; made smaller, and at last cut, if it is too wide.
pub(crate) fn fitted(painter: &Painter, rect: Rect, align: Align2, text: &str, font: FontId, colour: Color32) -> Rect {
    let mut galley = painter.layout_no_wrap(text.to_owned(), font.clone(), colour);
    if galley.size().x > rect.width() {
        let size = (font.size * rect.width() / galley.size().x).max(font.size * 0.85).floor();
        let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), FontId { size, ..font }, colour);
        job.wrap = egui::text::TextWrapping::truncate_at_width(rect.width());
        galley = painter.layout_job(job);
    }
    let place = align.align_size_within_rect(galley.size(), rect);
    painter.galley(place.min, galley, colour);
    place
}

fn mix(one: Color32, other: Color32, share: f32) -> Color32 {
    one.lerp_to_gamma(other, share)
}
