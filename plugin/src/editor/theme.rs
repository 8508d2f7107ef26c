//! Colours, sizes and the look of egui's own parts: dark, for a stage, with two colours that mean something.

use egui::style::ScrollStyle;
use egui::{Color32, Context, CornerRadius, FontId, Margin, Stroke, Theme, Visuals, vec2};

pub(crate) const GROUND: Color32 = Color32::from_rgb(13, 16, 20);
pub(crate) const PANEL: Color32 = Color32::from_rgb(21, 25, 31);
pub(crate) const CARD: Color32 = Color32::from_rgb(31, 37, 45);
pub(crate) const CARD_HOVER: Color32 = Color32::from_rgb(42, 49, 59);
pub(crate) const LINE: Color32 = Color32::from_rgb(52, 60, 71);
pub(crate) const TEXT: Color32 = Color32::from_rgb(236, 240, 245);
pub(crate) const MUTED: Color32 = Color32::from_rgb(158, 169, 184);
/// What the player plays.
pub(crate) const CALL: Color32 = Color32::from_rgb(86, 168, 255);
/// What Antiphon plays.
pub(crate) const ANSWER: Color32 = Color32::from_rgb(255, 159, 67);
pub(crate) const GOOD: Color32 = Color32::from_rgb(111, 214, 146);
pub(crate) const WRONG: Color32 = Color32::from_rgb(255, 112, 100);

pub(crate) const MARGIN: f32 = 16.0;
pub(crate) const GAP: f32 = 10.0;
pub(crate) const RADIUS: CornerRadius = CornerRadius::same(8);
/// Large enough for a finger.
pub(crate) const BUTTON_HEIGHT: f32 = 44.0;
pub(crate) const CARD_HEIGHT: f32 = 58.0;

/// No text is smaller.
pub(crate) const SMALL: FontId = FontId::proportional(13.0);
pub(crate) const BODY: FontId = FontId::proportional(15.0);
pub(crate) const VALUE: FontId = FontId::proportional(17.0);

/// Gives egui's menus, labels and scroll bars this look.
pub(crate) fn apply(context: &Context) {
    context.set_theme(Theme::Dark);
    let mut visuals = Visuals::dark();
    visuals.panel_fill = GROUND;
    visuals.window_fill = CARD;
    visuals.window_stroke = Stroke::new(1.0, LINE);
    visuals.menu_corner_radius = RADIUS;
    visuals.override_text_color = Some(TEXT);
    visuals.selection.bg_fill = CALL.gamma_multiply(0.4);
    visuals.widgets.hovered.weak_bg_fill = CARD_HOVER;
    visuals.widgets.hovered.bg_stroke = Stroke::NONE;
    // The handle of a scroll bar.
    visuals.widgets.inactive.bg_fill = MUTED;
    visuals.widgets.hovered.bg_fill = TEXT;
    visuals.widgets.active.bg_fill = TEXT;
    context.set_visuals(visuals);
    context.all_styles_mut(|style| {
        style.spacing.menu_margin = Margin::same(6);
        style.spacing.button_padding = vec2(10.0, 6.0);
        style.spacing.item_spacing = vec2(8.0, 4.0);
        style.interaction.selectable_labels = false;
        // Always seen where there is more to see.
        style.spacing.scroll = ScrollStyle { bar_width: 10.0, ..ScrollStyle::solid() };
    });
}
