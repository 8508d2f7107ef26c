//! The help page: how to hear the answers in each host, and how to play with them.

use egui::{Align2, Rect, RichText, Role, ScrollArea, Sense, Ui, UiBuilder, WidgetInfo, vec2};

use super::super::theme::{ANSWER, BODY, GAP, MUTED, SMALL, TEXT, VALUE};
use super::super::widgets::{Look, button, fitted};

const TAB_HEIGHT: f32 = 36.0;
/// Of which build this is; the tasks that build Antiphon say so.
const BUILD: Option<&str> = option_env!("ANTIPHON_BUILD");

/// A title and its steps.
type Chapter = (&'static str, &'static [&'static str]);

/// The titles of the pages, and how many chapters each has.
const PAGES: [(&str, usize); 3] = [("To hear it", 3), ("To play", 2), ("To make it yours", 2)];

const CHAPTERS: &[Chapter] = &[
    (
        "Bitwig Studio, Reaper: one track",
        &[
            "Put Antiphon (CLAP) before an instrument on the same track.",
            "Arm the track, or switch its monitoring on.",
            "Play a phrase, and stop: the answer plays the same instrument.",
        ],
    ),
    (
        "Ableton Live: two tracks",
        &[
            "On MIDI track A, load Antiphon (VST3). Its only sound is Preview sound, under Output: switch that off at the end.",
            "On MIDI track B, load an instrument. Set MIDI From to track A, and below it choose Antiphon instead of Post FX.",
            "Set Monitor of track B to In. Arm track A, and play there.",
            "You hear yourself and the answers. To hear the answers only, switch Thru off under Output.",
        ],
    ),
    (
        "When nothing sounds",
        &[
            "The large line says what Antiphon is doing. Asleep: the host does not run this track.",
            "If it answers in the picture but not to your ear, the notes reach no instrument: see the steps for your host.",
            "Until they do, Preview sound, under Output, plays the answers, or you and the answers, on a built-in piano.",
            "What you play on channel 10 counts as drums, which pass by. Drums on channel 10, under Output, changes that.",
            "Panic ends everything that sounds.",
            "Late and Dropped, below, count notes that came too late. If they grow, close other programs or set a larger buffer.",
        ],
    ),
    (
        "Playing",
        &[
            "Answer replies to each phrase. Continue plays on by itself while the song runs. Off never answers.",
            "Drag a value; with Shift it moves finely. A double click brings its default back.",
            "Keys work too: Tab to a control; the arrows change it, Space or Enter presses it. Escape gives the host its keys back.",
            "Under Turns you choose what hands over: silence, a number of bars, a pedal or a key.",
            "Press Learn on a control and move a knob or pedal: it moves the control from then on. Press Learn twice to forget.",
            "Under Time, a Start on the next beat or bar keeps the answer in step with the song.",
            "Another plays another answer, and < the one before; so do the keys . and , in this window. Small rolls show the best.",
            "The same seed and the same call give the same answer. Another seed gives another.",
        ],
    ),
    (
        "Takes and memory",
        &[
            "Save writes your last call and its answer as a MIDI file, one track each, and says where it is.",
            "Show file then copies its path and opens its folder: drag the file from there into a track.",
            "Keep stores them with the song, under Kept. Undo takes back what you last kept or dropped.",
            "Score, beside a kept take, writes it as MusicXML for notation programs: the answer exactly, your call as it was meant.",
            "Memory, under Kept, lets the song begin as if it had heard what was played last.",
            "Learn from me, under Style, leans answers towards what you have played since the song's start; 0 % is off.",
            "Memory keeps those notes of yours too when you press Learn it; Forget lets the song begin without them.",
            "Export, beside Your notes, writes them as a MIDI file, to make a style of your own with.",
        ],
    ),
    (
        "The log",
        &[
            "It is off until you press Start, under Kept. Then what you play is written to MIDI files on this machine only.",
            "It belongs to this machine, not to a song, and the bottom line says so while it is on. Stop ends it.",
            "Keep or Drop each of the latest files. Erase deletes all of them, kept ones too, and nothing else.",
            "`model adapt` learns a style from the folder: from your notes, not from Antiphon's.",
        ],
    ),
    (
        "Your own style",
        &[
            "Under Packs, press Make beside New style, and choose 5 to 50 of your MIDI or MusicXML files, or a folder.",
            "Make begins: it takes minutes, on this machine, while you play on. Finish ends it early with what was learnt.",
            "It says what it gained on music of yours that it had not seen, and what other music lost. Use plays with it.",
            "A pack from elsewhere goes into the folder that Packs shows: press Look, and Use. It plays on while the pack is read.",
            "Its style comes last in the list under Style. The song remembers the pack's file.",
            "A whole network that you trained with `model train` goes the same way, and brings its own list of styles.",
        ],
    ),
];

/// Draws a page of the help, and the tabs that choose it.
pub(super) fn show(ui: &mut Ui, page: &mut usize) {
    let (tabs, rest) = ui.max_rect().split_top_bottom_at_y(ui.max_rect().top() + TAB_HEIGHT);
    let mut tab = Rect::from_min_size(tabs.min, vec2(150.0, TAB_HEIGHT));
    let mut first = 0;
    let mut shown: &[Chapter] = &[];
    for (place, (title, n)) in PAGES.into_iter().enumerate() {
        let look = if place == *page { Look::Chosen } else { Look::Plain };
        if button(ui, tab, title, look, true).clicked() {
            *page = place;
        }
        if place == *page {
            shown = CHAPTERS.get(first..first + n).unwrap_or_default();
        }
        first += n;
        tab = tab.translate(vec2(158.0, 0.0));
    }
    let place = Rect::from_x_y_ranges(tab.left()..=tabs.right(), tabs.y_range());
    let version = version();
    fitted(ui.painter(), place, Align2::RIGHT_CENTER, &version, SMALL, SMALL.size, MUTED);
    let response = ui.interact(place, ui.scope_id().with("version"), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &version));
    response.on_hover_text(&version);
    let rest = Rect::from_min_max(rest.min + vec2(0.0, 2.0 * GAP), rest.max);
    ui.scope_builder(UiBuilder::new().max_rect(rest), |ui| {
        ScrollArea::vertical().id_salt(*page).auto_shrink(false).show(ui, |ui| {
            if ui.available_width() > 760.0 {
                ui.columns(2, |columns| {
                    for (place, chapter) in shown.iter().enumerate() {
                        show_chapter(&mut columns[place % 2], *chapter);
                    }
                });
            } else {
                for chapter in shown {
                    show_chapter(ui, *chapter);
                }
            }
        });
    });
}

/// What to tell when something goes wrong.
fn version() -> String {
    format!("Antiphon {}, {}", env!("CARGO_PKG_VERSION"), BUILD.unwrap_or("built from source"))
}

fn show_chapter(ui: &mut Ui, (title, steps): Chapter) {
    ui.label(RichText::new(title).font(VALUE).color(ANSWER));
    ui.add_space(4.0);
    for (number, step) in (1..).zip(steps) {
        ui.horizontal_top(|ui| {
            ui.add_sized([18.0, 18.0], egui::Label::new(RichText::new(format!("{number}")).font(BODY).color(MUTED)));
            ui.add(egui::Label::new(RichText::new(*step).font(BODY).color(TEXT)).wrap());
        });
        ui.add_space(3.0);
    }
    ui.add_space(16.0);
}
