//! Shapes and letters on paper.

use ab_glyph::{Font, FontRef, Glyph, Point, PxScale, ScaleFont};
use tiny_skia::{Color, FillRule, Paint, PathBuilder, Pixmap, Rect, Transform};

/// Red, green and blue.
pub(super) type Colour = [u8; 3];

/// A picture that is being drawn.
pub(super) struct Canvas {
    pixels: Pixmap,
    font: FontRef<'static>,
}

impl Canvas {
    /// `None` when there is no memory for it.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and is checked")]
    pub(super) fn new(width: f32, height: f32, paper: Colour) -> Option<Self> {
        let mut pixels = Pixmap::new(width as u32, height as u32)?;
        pixels.fill(Color::from_rgba8(paper[0], paper[1], paper[2], 255));
        Some(Self { pixels, font: FontRef::try_from_slice(epaint_default_fonts::UBUNTU_LIGHT).ok()? })
    }

    pub(super) fn rectangle(&mut self, x: f32, y: f32, width: f32, height: f32, colour: Colour) {
        if let Some(rectangle) = Rect::from_xywh(x, y, width, height) {
            self.pixels.fill_rect(rectangle, &paint(colour), Transform::identity(), None);
        }
    }

    /// A rectangle with soft corners.
    pub(super) fn rounded(&mut self, x: f32, y: f32, width: f32, height: f32, colour: Colour) {
        let r = 3.5f32.min(width / 2.0).min(height / 2.0);
        let (right, bottom) = (x + width, y + height);
        let mut path = PathBuilder::new();
        path.move_to(x + r, y);
        path.line_to(right - r, y);
        path.quad_to(right, y, right, y + r);
        path.line_to(right, bottom - r);
        path.quad_to(right, bottom, right - r, bottom);
        path.line_to(x + r, bottom);
        path.quad_to(x, bottom, x, bottom - r);
        path.line_to(x, y + r);
        path.quad_to(x, y, x + r, y);
        path.close();
        if let Some(path) = path.finish() {
            self.pixels.fill_path(&path, &paint(colour), FillRule::Winding, Transform::identity(), None);
        }
    }

    /// Writes a line of text that is centred on `middle_y`; returns where it ends.
    pub(super) fn text(&mut self, x: f32, middle_y: f32, size: f32, colour: Colour, text: &str) -> f32 {
        let font = self.font.as_scaled(PxScale::from(size));
        let baseline = middle_y + (font.ascent() + font.descent()) / 2.0;
        let mut pen = x;
        let mut glyphs: Vec<Glyph> = Vec::new();
        for character in text.chars() {
            let mut glyph = font.scaled_glyph(character);
            glyph.position = Point { x: pen, y: baseline };
            pen += font.h_advance(glyph.id);
            glyphs.push(glyph);
        }
        let outlines: Vec<_> = glyphs.into_iter().filter_map(|glyph| self.font.outline_glyph(glyph)).collect();
        for outline in outlines {
            let corner = outline.px_bounds().min;
            outline.draw(|dx, dy, coverage| self.blend(corner.x + px(dx), corner.y + px(dy), colour, coverage));
        }
        pen
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and is checked after")]
    fn blend(&mut self, x: f32, y: f32, colour: Colour, coverage: f32) {
        let (width, height) = (self.pixels.width(), self.pixels.height());
        if x < 0.0 || y < 0.0 || x >= px(width) || y >= px(height) {
            return;
        }
        let at = 4 * (y as usize * width as usize + x as usize);
        let Some(pixel) = self.pixels.data_mut().get_mut(at..at + 3) else { return };
        let mixed = mix(colour, [pixel[0], pixel[1], pixel[2]], coverage);
        pixel.copy_from_slice(&mixed);
    }

    /// The picture as a PNG file.
    pub(super) fn png(&self) -> Option<Vec<u8>> {
        self.pixels.encode_png().ok()
    }
}

fn paint(colour: Colour) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color_rgba8(colour[0], colour[1], colour[2], 255);
    paint
}

/// One colour over another; `strength` is 0 to 1.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between two bytes")]
pub(super) fn mix(over: Colour, under: Colour, strength: f32) -> Colour {
    let strength = strength.clamp(0.0, 1.0);
    std::array::from_fn(|i| (f32::from(over[i]) * strength + f32::from(under[i]) * (1.0 - strength)) as u8)
}

#[expect(clippy::cast_precision_loss, reason = "pixels")]
fn px(value: u32) -> f32 {
    value as f32
}
