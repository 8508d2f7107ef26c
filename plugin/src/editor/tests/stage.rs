//! A window without a screen: runs egui, and paints its triangles.
#![expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "places and colours of pixels")]

use std::collections::HashMap;

use egui::epaint::{Primitive, Vertex};
use egui::{
    Color32, ColorImage, Context, Event, FullOutput, Modifiers, PointerButton, Pos2, RawInput, Rect, Shape, TextureId,
    Vec2, pos2,
};

use super::super::view::Wish;
use super::super::{Window, page, theme};

pub(super) struct Stage {
    context: Context,
    size: Vec2,
    time: f64,
    output: Option<FullOutput>,
    textures: HashMap<TextureId, ColorImage>,
}

/// All words on the screen, with their places.
pub(super) struct Words(Vec<(String, Rect)>);

impl Words {
    pub(super) fn contains(&self, text: &str) -> bool {
        self.0.iter().any(|(word, _)| word.contains(text))
    }

    pub(super) fn count(&self, text: &str) -> usize {
        self.0.iter().filter(|(word, _)| word == text).count()
    }

    fn place(&self, text: &str) -> Pos2 {
        let place = self.0.iter().find(|(word, _)| word == text).map(|(_, rect)| rect.center());
        place.unwrap_or_else(|| panic!("{text} is nowhere to be seen"))
    }
}

pub(super) struct Picture {
    width: usize,
    pixels: Vec<[f32; 3]>,
}

impl Picture {
    pub(super) fn at(&self, x: u32, y: u32) -> [u8; 3] {
        self.pixels[y as usize * self.width + x as usize].map(|part| part.round() as u8)
    }
}

impl Stage {
    pub(super) fn new(size: Vec2) -> Self {
        let context = Context::default();
        theme::apply(&context);
        Self { context, size, time: 0.0, output: None, textures: HashMap::new() }
    }

    /// Shows the window for a few frames, and reads it.
    pub(super) fn show(&mut self, window: &mut Window) -> Words {
        for _ in 0..4 {
            self.frame(window, Vec::new());
        }
        self.words()
    }

    /// Clicks on a word. What was wished for meanwhile comes back, and is not fulfilled.
    pub(super) fn click(&mut self, window: &mut Window, text: &str) -> Vec<Wish> {
        self.drag(window, text, 0.0)
    }

    /// Presses on a word, moves to the right, and lets go.
    pub(super) fn drag(&mut self, window: &mut Window, text: &str, by: f32) -> Vec<Wish> {
        let at = self.show(window).place(text);
        let to = at + Vec2::new(by, 0.0);
        let press = |pos, pressed| Event::PointerButton {
            pos,
            button: PointerButton::Primary,
            pressed,
            modifiers: Modifiers::NONE,
        };
        let mut wishes = self.frame(window, vec![Event::PointerMoved(at)]);
        wishes.extend(self.frame(window, vec![press(at, true)]));
        wishes.extend(self.frame(window, vec![Event::PointerMoved(to)]));
        wishes.extend(self.frame(window, vec![press(to, false)]));
        wishes.extend(self.frame(window, vec![Event::PointerGone]));
        // So that the next click is not the second of two.
        self.time += 1.0;
        wishes
    }

    fn frame(&mut self, window: &mut Window, events: Vec<Event>) -> Vec<Wish> {
        self.time += 0.1;
        let screen_rect = Some(Rect::from_min_size(Pos2::ZERO, self.size));
        let input = RawInput { screen_rect, time: Some(self.time), events, ..RawInput::default() };
        let view = window.view();
        let mut wishes = Vec::new();
        let mut output = self.context.run_ui(input, |ui| {
            let full = ui.ctx().content_rect();
            ui.scope_builder(egui::UiBuilder::new().max_rect(full), |ui| {
                wishes.extend(page::show(ui, &view, &mut window.memory));
            });
        });
        for (&id, deltas) in &output.textures_delta.set {
            for delta in deltas {
                let egui::ImageData::Color(image) = &delta.image;
                match delta.pos {
                    None => drop(self.textures.insert(id, (**image).clone())),
                    Some([left, top]) => {
                        let whole = self.textures.get_mut(&id).unwrap();
                        for (y, row) in image.pixels.chunks(image.size[0]).enumerate() {
                            let start = (top + y) * whole.size[0] + left;
                            whole.pixels[start..start + row.len()].copy_from_slice(row);
                        }
                    }
                }
            }
        }
        output.textures_delta.clear();
        self.output = Some(output);
        wishes
    }

    fn words(&self) -> Words {
        fn gather(shape: &Shape, words: &mut Vec<(String, Rect)>) {
            match shape {
                Shape::Vec(shapes) => shapes.iter().for_each(|shape| gather(shape, words)),
                Shape::Text(text) => {
                    let shown: String = text.galley.rows.iter().map(|row| row.text()).collect::<Vec<_>>().join(" ");
                    words.push((shown, text.visual_bounding_rect()));
                }
                _ => {}
            }
        }
        let mut words = Vec::new();
        for clipped in &self.output.as_ref().unwrap().shapes {
            gather(&clipped.shape, &mut words);
        }
        Words(words)
    }

    /// Paints the last frame.
    pub(super) fn paint(&self) -> Picture {
        let (width, height) = (self.size.x as usize, self.size.y as usize);
        let mut picture = Picture { width, pixels: vec![[0.0; 3]; width * height] };
        let shapes = self.output.as_ref().unwrap().shapes.clone();
        for clipped in self.context.tessellate(shapes, 1.0) {
            let Primitive::Mesh(mesh) = clipped.primitive else { continue };
            let texture = &self.textures[&mesh.texture_id];
            let clip = clipped.clip_rect.intersect(Rect::from_min_size(Pos2::ZERO, self.size));
            for corners in mesh.indices.chunks_exact(3) {
                triangle(&mut picture, clip, texture, [0, 1, 2].map(|i| mesh.vertices[corners[i] as usize]));
            }
        }
        picture
    }

    /// Writes the last frame, if pictures are wanted.
    pub(super) fn save(&self, name: &str) {
        let Some(folder) = std::env::var_os("ANTIPHON_PICTURES") else { return };
        let picture = self.paint();
        let mut pixmap = tiny_skia::Pixmap::new(self.size.x as u32, self.size.y as u32).unwrap();
        for (to, from) in pixmap.pixels_mut().iter_mut().zip(&picture.pixels) {
            let [red, green, blue] = from.map(|part| part.round() as u8);
            *to = tiny_skia::PremultipliedColorU8::from_rgba(red, green, blue, 255).unwrap();
        }
        pixmap.save_png(std::path::Path::new(&folder).join(format!("{name}.png"))).unwrap();
    }
}

/// Paints a triangle as a graphics card does: each pixel whose centre is inside, each shared edge once.
fn triangle(picture: &mut Picture, clip: Rect, texture: &ColorImage, [a, mut b, mut c]: [Vertex; 3]) {
    let cross = |a: Pos2, b: Pos2, p: Pos2| (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x);
    let mut area = cross(a.pos, b.pos, c.pos);
    if area < 0.0 {
        (b, c, area) = (c, b, -area);
    }
    if area == 0.0 {
        return;
    }
    let bounds = Rect::from_points(&[a.pos, b.pos, c.pos]).intersect(clip);
    let is_inside = |from: Pos2, to: Pos2, value: f32| {
        let is_top_or_left = to.y < from.y || to.y == from.y && to.x > from.x;
        value > 0.0 || value == 0.0 && is_top_or_left
    };
    for y in bounds.top().floor().max(0.0) as usize..bounds.bottom().ceil().max(0.0) as usize {
        for x in bounds.left().floor().max(0.0) as usize..bounds.right().ceil().max(0.0) as usize {
            let p = pos2(x as f32 + 0.5, y as f32 + 0.5);
            let edges = [(b.pos, c.pos), (c.pos, a.pos), (a.pos, b.pos)];
            let weights = edges.map(|(from, to)| cross(from, to, p));
            if !clip.contains(p) || !(0..3).all(|i| is_inside(edges[i].0, edges[i].1, weights[i])) {
                continue;
            }
            let [wa, wb, wc] = weights.map(|weight| weight / area);
            let blend = |part: fn(&Vertex) -> f32| wa * part(&a) + wb * part(&b) + wc * part(&c);
            let texel = sample(texture, blend(|v| v.uv.x), blend(|v| v.uv.y));
            let parts: [fn(&Vertex) -> f32; 4] =
                [|v| v.color.r().into(), |v| v.color.g().into(), |v| v.color.b().into(), |v| v.color.a().into()];
            let colour = parts.map(blend);
            let source: [f32; 4] = std::array::from_fn(|i| colour[i] * f32::from(texel.to_array()[i]) / 255.0);
            let pixel = &mut picture.pixels[y * picture.width + x];
            for (to, from) in pixel.iter_mut().zip(source) {
                *to = (from + *to * (1.0 - source[3] / 255.0)).min(255.0);
            }
        }
    }
}

fn sample(texture: &ColorImage, u: f32, v: f32) -> Color32 {
    let [width, height] = texture.size;
    let x = ((u * width as f32) as usize).min(width - 1);
    let y = ((v * height as f32) as usize).min(height - 1);
    texture.pixels[y * width + x]
}
