//! A window without a screen: runs egui, and paints its triangles.
#![expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "places and colours of pixels")]

use std::collections::HashMap;

use egui::epaint::{Primitive, Vertex};
use egui::output::OutputEvent;
use egui::{
    Color32, ColorImage, Context, Event, FullOutput, Key, Modifiers, PointerButton, Pos2, RawInput, Rect, Shape,
    Stroke, TextureId, Vec2, ViewportId, pos2,
};

use super::super::view::UiAction;
use super::super::{Window, page, theme};

pub(super) struct Stage {
    context: Context,
    size: Vec2,
    /// Pixels of the screen for each of ours.
    scale: f32,
    time: f64,
    modifiers: Modifiers,
    output: Option<FullOutput>,
    textures: HashMap<TextureId, ColorImage>,
    /// The name of the part that has the keyboard.
    focused: Option<String>,
}

/// Words on the screen.
struct Word {
    text: String,
    place: Rect,
    size: f32,
    is_cut: bool,
}

/// All words on the screen.
pub(super) struct Words(Vec<Word>);

impl Words {
    pub(super) fn contains(&self, text: &str) -> bool {
        self.0.iter().any(|word| word.text.contains(text))
    }

    pub(super) fn count(&self, text: &str) -> usize {
        self.0.iter().filter(|word| word.text == text).count()
    }

    fn place(&self, text: &str) -> Pos2 {
        let word = self.0.iter().find(|word| word.text == text);
        word.map(|word| word.place.center()).unwrap_or_else(|| panic!("{text} is nowhere to be seen"))
    }

    /// The smallest words.
    pub(super) fn smallest(&self) -> (f32, &str) {
        let smaller = |one: &&Word, other: &&Word| one.size.total_cmp(&other.size);
        self.0.iter().min_by(smaller).map(|word| (word.size, word.text.as_str())).unwrap()
    }

    /// The size of some words.
    pub(super) fn size(&self, text: &str) -> f32 {
        self.0.iter().find(|word| word.text == text).unwrap_or_else(|| panic!("{text} is nowhere to be seen")).size
    }

    /// Words that are not there to their end.
    pub(super) fn cut(&self) -> Vec<&str> {
        self.0.iter().filter(|word| word.is_cut).map(|word| word.text.as_str()).collect()
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
        let modifiers = Modifiers::NONE;
        Self { context, size, scale: 1.0, time: 0.0, modifiers, output: None, textures: HashMap::new(), focused: None }
    }

    /// On a screen with so many pixels for each of ours.
    pub(super) fn at_scale(size: Vec2, scale: f32) -> Self {
        Self { scale, ..Self::new(size) }
    }

    /// Holds keys like Shift meanwhile.
    pub(super) fn holding<T>(&mut self, modifiers: Modifiers, act: impl FnOnce(&mut Self) -> T) -> T {
        self.modifiers = modifiers;
        let done = act(self);
        self.modifiers = Modifiers::NONE;
        done
    }

    /// Presses a key, or lets it go.
    pub(super) fn key(&mut self, window: &mut Window, key: Key, pressed: bool) -> Vec<UiAction> {
        let (physical_key, repeat, modifiers) = (None, false, self.modifiers);
        self.frame(window, vec![Event::Key { key, physical_key, pressed, repeat, modifiers }])
    }

    /// Presses a key and lets it go, with a frame between, and one after.
    pub(super) fn tap(&mut self, window: &mut Window, key: Key) -> Vec<UiAction> {
        let mut actions = self.key(window, key, true);
        actions.extend(self.key(window, key, false));
        actions.extend(self.frame(window, Vec::new()));
        actions
    }

    /// Presses Tab until the part of this name has the keyboard: as a screen reader would say it.
    pub(super) fn tab_to(&mut self, window: &mut Window, name: &str) {
        for _ in 0..80 {
            self.tap(window, Key::Tab);
            if self.focused.as_deref() == Some(name) {
                return;
            }
        }
        panic!("the keyboard does not reach {name}");
    }

    /// Shows the window for a few frames, and reads it.
    pub(super) fn show(&mut self, window: &mut Window) -> Words {
        for _ in 0..4 {
            self.frame(window, Vec::new());
        }
        self.words()
    }

    /// Rests the pointer on a word, until that is explained.
    pub(super) fn hover(&mut self, window: &mut Window, text: &str) {
        let at = self.show(window).place(text);
        self.frame(window, vec![Event::PointerMoved(at)]);
        self.time += 2.0;
        self.show(window);
    }

    /// Clicks on a word. What was wished for meanwhile comes back, and is not fulfilled.
    pub(super) fn click(&mut self, window: &mut Window, text: &str) -> Vec<UiAction> {
        self.drag(window, text, 0.0)
    }

    /// Clicks on a word twice.
    pub(super) fn double_click(&mut self, window: &mut Window, text: &str) -> Vec<UiAction> {
        let mut actions = self.click(window, text);
        // Between two clicks, time has passed that makes them two.
        self.time -= 1.6;
        actions.extend(self.click(window, text));
        actions
    }

    /// The name of the part that has the keyboard.
    pub(super) fn focused(&self) -> &str {
        self.focused.as_deref().unwrap_or_default()
    }

    /// Presses on a word, moves to the right, and lets go.
    pub(super) fn drag(&mut self, window: &mut Window, text: &str, by: f32) -> Vec<UiAction> {
        let at = self.show(window).place(text);
        let to = at + Vec2::new(by, 0.0);
        let modifiers = self.modifiers;
        let press = |pos, pressed| Event::PointerButton { pos, button: PointerButton::Primary, pressed, modifiers };
        let mut actions = self.frame(window, vec![Event::PointerMoved(at)]);
        actions.extend(self.frame(window, vec![press(at, true)]));
        actions.extend(self.frame(window, vec![Event::PointerMoved(to)]));
        actions.extend(self.frame(window, vec![press(to, false)]));
        actions.extend(self.frame(window, vec![Event::PointerGone]));
        // So that the next click is not the second of two.
        self.time += 1.0;
        actions
    }

    fn frame(&mut self, window: &mut Window, events: Vec<Event>) -> Vec<UiAction> {
        self.time += 0.1;
        let modifiers = Event::ModifiersChanged(self.modifiers);
        let events = [modifiers].into_iter().chain(events).collect();
        let screen_rect = Some(Rect::from_min_size(Pos2::ZERO, self.size));
        let mut input = RawInput { screen_rect, time: Some(self.time), events, ..RawInput::default() };
        input.viewports.entry(ViewportId::ROOT).or_default().native_pixels_per_point = Some(self.scale);
        let view = window.view();
        let mut actions = Vec::new();
        let mut output = self.context.run_ui(input, |ui| {
            let full = ui.ctx().content_rect();
            ui.scope_builder(egui::UiBuilder::new().max_rect(full), |ui| {
                actions.extend(page::show(ui, &view, &mut window.ui_state));
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
        for event in &output.platform_output.events {
            if let OutputEvent::FocusGained(info) = event {
                self.focused = info.label.clone();
            }
        }
        self.output = Some(output);
        actions
    }

    /// How many parts are framed, as that is which has the keyboard.
    pub(super) fn frames(&self) -> usize {
        let shapes = self.output.as_ref().unwrap().shapes.iter();
        let is_frame =
            |shape: &Shape| matches!(shape, Shape::Rect(rect) if rect.stroke == Stroke::new(2.0, theme::TEXT));
        shapes.filter(|clipped| is_frame(&clipped.shape)).count()
    }

    /// All words of the last frame.
    pub(super) fn words(&self) -> Words {
        fn gather(shape: &Shape, words: &mut Vec<Word>) {
            match shape {
                Shape::Vec(shapes) => shapes.iter().for_each(|shape| gather(shape, words)),
                Shape::Text(text) => {
                    let galley = &text.galley;
                    let rows = galley.rows.iter().map(|row| row.text().trim_end().to_owned());
                    let shown = rows.collect::<Vec<_>>().join(" ");
                    let sizes = galley.job.sections.iter().map(|section| section.format.font_id.size);
                    words.push(Word {
                        text: shown,
                        place: text.visual_bounding_rect(),
                        size: sizes.fold(f32::INFINITY, f32::min),
                        is_cut: galley.elided,
                    });
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
        self.paint_part(Rect::EVERYTHING)
    }

    /// Paints a part of the last frame, which is quicker. The rest is black.
    pub(super) fn paint_part(&self, part: Rect) -> Picture {
        let size = self.size * self.scale;
        let (width, height) = (size.x as usize, size.y as usize);
        let mut picture = Picture { width, pixels: vec![[0.0; 3]; width * height] };
        let shapes = self.output.as_ref().unwrap().shapes.clone();
        for clipped in self.context.tessellate(shapes, self.scale) {
            let Primitive::Mesh(mesh) = clipped.primitive else { continue };
            let texture = &self.textures[&mesh.texture_id];
            let clip =
                (clipped.clip_rect.intersect(part) * self.scale).intersect(Rect::from_min_size(Pos2::ZERO, size));
            let corner = |index: u32| {
                let corner = mesh.vertices[index as usize];
                Vertex { pos: corner.pos * self.scale, ..corner }
            };
            for corners in mesh.indices.chunks_exact(3) {
                triangle(&mut picture, clip, texture, [0, 1, 2].map(|i| corner(corners[i])));
            }
        }
        picture
    }

    /// Writes the last frame, if pictures are wanted.
    pub(super) fn save(&self, name: &str) {
        let Some(folder) = std::env::var_os("ANTIPHON_PICTURES") else { return };
        let picture = self.paint();
        let size = self.size * self.scale;
        let mut pixmap = tiny_skia::Pixmap::new(size.x as u32, size.y as u32).unwrap();
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
