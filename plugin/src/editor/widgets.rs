//! The window's own parts: buttons for fingers, and cards that show and set a parameter.

use std::sync::Arc;

use egui::epaint::Mesh;
use egui::text::{LayoutJob, TextWrapping};
use egui::{
    Align2, Color32, FontId, Galley, Key, Painter, Popup, Pos2, Rect, Response, Role, ScrollArea, Sense, Shape, Stroke,
    StrokeKind, Ui, WidgetInfo, pos2, vec2,
};

use super::slider;
use super::theme::{self, ANSWER, CARD, CARD_HOVER, LINE, MUTED, RADIUS, TEXT};
use super::view::{Control, Kind, Learn, UiAction};
use crate::params::Spec;

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
    let is_down = is_held(&response);
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
    fitted(ui.painter(), rect.shrink(4.0), Align2::CENTER_CENTER, label, theme::BODY, theme::SMALL.size, ink);
    focus(ui, rect, &response);
    response
}

/// Whether the pointer or a key holds a button down.
pub(crate) fn is_held(response: &Response) -> bool {
    let is_key_down = || response.ctx.input(|input| input.key_down(Key::Space) || input.key_down(Key::Enter));
    response.is_pointer_button_down_on() || response.has_focus() && is_key_down()
}

/// The card of a parameter: its name, its value, and how far along it is. What the user does goes into `actions`.
pub(crate) fn card(ui: &Ui, rect: Rect, control: &Control, actions: &mut Vec<UiAction>) {
    let Spec { id, name, tip, .. } = *control.id.spec();
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
    focus(ui, rect, &response);
    let inner = rect.shrink2(vec2(12.0, 8.0));
    let is_slider = matches!(control.kind, Kind::Slider);
    let text_width = if is_slider { 0.0 } else { 26.0 } + learn.map_or(0.0, |_| 54.0);
    let line = |y: f32| Rect::from_min_max(pos2(inner.left(), y), pos2(inner.right() - text_width, y + 20.0));
    let least = theme::SMALL.size;
    fitted(painter, line(inner.top() - 2.0), Align2::LEFT_CENTER, name, theme::SMALL, least, MUTED);
    let value = if is_learning { "Move it now" } else { &control.text };
    let ink = if is_learning { ANSWER } else { TEXT };
    fitted(painter, line(inner.top() + 17.0), Align2::LEFT_CENTER, value, theme::VALUE, least, ink);

    match &control.kind {
        Kind::Slider => {
            slider::work(rect, control, &response, actions);
            slider::show(painter, rect, control);
            let info = || WidgetInfo::slider(true, f64::from(control.normalized), name);
            response.widget_info(info);
        }
        Kind::Switch => {
            let is_on = control.normalized >= 0.5;
            response.widget_info(|| WidgetInfo::selected(Role::Switch, true, is_on, name));
            switch(painter, pos2(inner.right() - 20.0, inner.center().y), is_on);
            if response.clicked() {
                actions.extend(UiAction::change(control.id, if is_on { 0.0 } else { 1.0 }));
            }
        }
        Kind::Choice(choices) => {
            response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, name));
            caret(painter, pos2(card.right() - if learn.is_some() { 8.0 } else { 18.0 }, inner.center().y), MUTED);
            let popup = Popup::menu(&response).width(card.width().max(160.0));
            popup.show(|ui| choose(ui, control, choices, actions));
        }
    }
    let how = if is_slider { "\nDrag; with Shift, finely. Double click: the default." } else { "" };
    response.on_hover_text(format!("{tip}{how}"));
    if let Some((rect, learn)) = learn {
        let look = match learn {
            _ if is_learning => Look::Main,
            Learn { learnt: Some(_), .. } => Look::Chosen,
            Learn { .. } => Look::Plain,
        };
        let place = rect.shrink2(vec2(6.0, 10.0)).translate(vec2(0.0, if is_slider { -3.0 } else { 0.0 }));
        let label = learn.learnt.as_deref().unwrap_or("Learn");
        let about = "Press, and move a knob or pedal: it moves this from then on. Press twice to forget.";
        if button_named(ui, place, label, id, look).on_hover_text(about).clicked() {
            actions.push(UiAction::Learn(control.id));
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
    fitted(ui.painter(), rect.shrink(3.0), Align2::CENTER_CENTER, label, theme::SMALL, theme::SMALL.size, ink);
    focus(ui, rect, &response);
    response
}

fn choose(ui: &mut Ui, control: &Control, choices: &[(String, f32)], actions: &mut Vec<UiAction>) {
    ui.spacing_mut().interact_size.y = 34.0;
    ScrollArea::vertical().max_height(300.0).show(ui, |ui| {
        for (text, normalized) in choices {
            let is_chosen = *text == control.text;
            let label = egui::RichText::new(text).font(theme::BODY);
            if ui.add_sized([ui.available_width(), 34.0], egui::Button::selectable(is_chosen, label)).clicked() {
                actions.extend(UiAction::change(control.id, *normalized));
                ui.close();
            }
        }
    });
}

fn switch(painter: &Painter, centre: Pos2, is_on: bool) {
    let pill = Rect::from_center_size(centre, vec2(40.0, 22.0));
    let (fill, stroke, knob, x) = match is_on {
        true => (theme::GOOD, theme::GOOD, theme::GROUND, pill.right() - 11.0),
        false => (theme::PANEL, MUTED, TEXT, pill.left() + 11.0),
    };
    painter.rect(pill, 11.0, fill, Stroke::new(1.5, stroke), StrokeKind::Inside);
    painter.circle_filled(pos2(x, centre.y), 7.0, knob);
}

fn caret(painter: &Painter, centre: Pos2, colour: Color32) {
    let mut mesh = Mesh::default();
    for corner in [vec2(-5.0, -3.0), vec2(5.0, -3.0), vec2(0.0, 4.0)] {
        mesh.colored_vertex(centre + corner, colour);
    }
    mesh.add_triangle(0, 1, 2);
    painter.add(Shape::mesh(mesh));
}

/// A line of text in a rectangle; made smaller, though not below `least`, and at last cut, if it is too wide.
pub(crate) fn fitted(
    painter: &Painter,
    rect: Rect,
    align: Align2,
    text: &str,
    font: FontId,
    least: f32,
    colour: Color32,
) -> Rect {
    let mut galley = painter.layout_no_wrap(text.to_owned(), font.clone(), colour);
    if galley.size().x > rect.width() {
        let size = (font.size * rect.width() / galley.size().x).floor().max(least);
        galley = rows(painter, rect.width(), 1, text, FontId { size, ..font }, colour);
    }
    let place = align.align_size_within_rect(galley.size(), rect);
    painter.galley(place.min, galley, colour);
    place
}

/// Text in as many rows as a rectangle has room for: in the first of these sizes in which all of it fits, and at last cut.
pub(crate) fn wrapped(painter: &Painter, rect: Rect, text: &str, sizes: &[f32], colour: Color32) {
    let in_rows = |&size: &f32| {
        let n_rows = (1_u8..9).take_while(|&n| f32::from(n) * size * 1.18 <= rect.height()).count().max(1);
        rows(painter, rect.width(), n_rows, text, FontId::proportional(size), colour)
    };
    let mut galleys = sizes.iter().map(in_rows);
    let fits = galleys.find(|galley| !galley.elided);
    if let Some(galley) = fits.or_else(|| sizes.last().map(in_rows)) {
        painter.galley(rect.min, galley, colour);
    }
}

fn rows(painter: &Painter, max_width: f32, max_rows: usize, text: &str, font: FontId, colour: Color32) -> Arc<Galley> {
    let mut job = LayoutJob::simple(text.to_owned(), font, colour, max_width);
    job.wrap = TextWrapping { max_width, max_rows, break_anywhere: max_rows == 1, ..TextWrapping::default() };
    painter.layout_job(job)
}

/// Shows which part has the keyboard: a light line and a dark one, to be seen on any ground.
pub(crate) fn focus(ui: &Ui, rect: Rect, response: &Response) {
    if response.has_focus() {
        ui.painter().rect_stroke(rect, RADIUS, Stroke::new(2.0, TEXT), StrokeKind::Inside);
        ui.painter().rect_stroke(rect.shrink(2.0), RADIUS, Stroke::new(2.0, theme::GROUND), StrokeKind::Inside);
    }
}

fn mix(one: Color32, other: Color32, share: f32) -> Color32 {
    one.lerp_to_gamma(other, share)
}
