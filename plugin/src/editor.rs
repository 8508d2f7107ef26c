//! The window: one sentence on what Antiphon is doing and why, the numbers behind it, and the parameters.
//!
//! On Linux, nice-plug 0.4.2 can abort a VST3 host when a parameter changes while this window is opened or closed: its
//! wrapper borrows the editor on two threads.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use egui::{Color32, ComboBox, Grid, RichText, Ui};
use nice_plug::context::gui::GuiContext;
use nice_plug::editor::dpi::LogicalSize;
use nice_plug::prelude::*;
use nice_plug_egui::widgets::ParamSlider;
use nice_plug_egui::{
    EguiEditor, EguiEditorState, EguiNiceSettings, Frame, NiceEguiApp, RepaintNotifier, baseview, create_egui_editor,
};

use crate::params::{AntiphonParams, NOT_IN_THIS_MODEL};
use crate::status::{Doing, Engine, Priority, Status};

/// The editor's type, for the framework.
pub(crate) type Editor = EguiEditor<Window>;

const SIZE: LogicalSize<f32> = LogicalSize { width: 620.0, height: 640.0 };
const REFRESH: Duration = Duration::from_millis(50);
const LIVE_HELP: &str = "\
Ableton Live takes no notes from a plugin on the same track, so use two tracks.\n\
1. Put Antiphon on a MIDI track, arm it and play there.\n\
2. On a second MIDI track with your instrument, choose that first track under \"MIDI From\", \
and Antiphon in the list below it.\n\
3. Set the second track's Monitor to In. You hear yourself (Thru) and the answers.";

/// Makes the editor; its window opens later.
pub(crate) fn create(params: Arc<AntiphonParams>, status: Arc<Status>) -> Option<Editor> {
    let state = EguiEditorState::from_size(SIZE, 1.0);
    let settings = EguiNiceSettings::new().with_tile("Antiphon");
    create_egui_editor(state, RepaintNotifier::default(), settings, Window { params, status, context: None })
}

/// What is drawn. Public only because the framework names it.
pub struct Window {
    params: Arc<AntiphonParams>,
    status: Arc<Status>,
    context: Option<GuiContext>,
}

impl NiceEguiApp for Window {
    fn build(&mut self, _: egui::Context, context: GuiContext, _: &mut Frame) -> Result<(), baseview::HandlerError> {
        self.context = Some(context);
        Ok(())
    }

    fn ui(&mut self, ui: &mut Ui, _: &mut Frame) {
        ui.ctx().request_repaint_after(REFRESH);
        let Some(context) = &self.context else { return };
        egui::CentralPanel::default().show(ui, |ui| {
            egui::ScrollArea::vertical().show(ui, |ui| self.contents(ui, &context.param_setter()));
        });
    }

    fn editor_closed(&mut self) {
        self.context = None;
    }
}

impl Window {
    fn contents(&self, ui: &mut Ui, setter: &ParamSetter) {
        let (sentence, colour) = sentence(&self.status);
        ui.label(RichText::new(sentence).size(26.0).color(colour));
        ui.add_space(4.0);
        self.numbers(ui);
        ui.separator();
        self.parameters(ui, setter);
        ui.separator();
        ui.horizontal(|ui| {
            let panic = &self.params.panic;
            let is_down = ui.button(RichText::new("Panic").strong()).is_pointer_button_down_on();
            if is_down != panic.value() {
                set(setter, panic, is_down);
            }
            ui.label("ends everything that sounds");
        });
        ui.collapsing("Ableton Live: how to hear the answers", |ui| ui.label(LIVE_HELP));
    }

    fn numbers(&self, ui: &mut Ui) {
        let status = &self.status;
        let lost = status.n_queue_full.get() + status.n_refused.get();
        let numbers = [
            ("heard", status.n_heard.get().to_string()),
            ("played", status.n_played.get().to_string()),
            ("late", status.n_late.get().to_string()),
            ("dropped", status.n_dropped.get().to_string()),
            ("no room", lost.to_string()),
            ("hand-over", format!("{:.1} ms", status.hand_over_ms.load(Relaxed))),
        ];
        ui.horizontal_wrapped(|ui| {
            for (name, value) in numbers {
                ui.label(format!("{name} {value}"));
                ui.add_space(8.0);
            }
        });
        if matches!(status.engine(), Engine::Ready | Engine::Recovered) {
            let priority = match status.priority() {
                Priority::Normal => "normal priority",
                Priority::Raised => "raised priority",
                Priority::RealTime => "real-time priority",
            };
            ui.label(format!("Model: {}, run at {priority}", status.message()));
        }
    }

    fn parameters(&self, ui: &mut Ui, setter: &ParamSetter) {
        let p = &self.params;
        Grid::new("parameters").num_columns(2).spacing([16.0, 6.0]).show(ui, |ui| {
            choice(ui, setter, &p.mode);
            choice(ui, setter, &p.style.style);
            choice(ui, setter, &p.style.style2);
            slider(ui, setter, &p.style.style_mix);
            slider(ui, setter, &p.style.temperature);
            slider(ui, setter, &p.style.top_p);
            slider(ui, setter, &p.style.rhythm_freedom);
            slider(ui, setter, &p.style.pitch_freedom);
            slider(ui, setter, &p.style.seed);
            slider(ui, setter, &p.texture.density);
            slider(ui, setter, &p.texture.complexity);
            choice(ui, setter, &p.texture.voices);
            slider(ui, setter, &p.texture.velocity_follow);
            choice(ui, setter, &p.pitch.key);
            choice(ui, setter, &p.pitch.scale);
            choice(ui, setter, &p.pitch.key_lock);
            slider(ui, setter, &p.pitch.lowest);
            slider(ui, setter, &p.pitch.highest);
            choice(ui, setter, &p.turns.hand_silence);
            slider(ui, setter, &p.turns.silence_ms);
            slider(ui, setter, &p.turns.silence_beats);
            choice(ui, setter, &p.turns.trade);
            slider(ui, setter, &p.turns.hand_cc);
            slider(ui, setter, &p.turns.hand_key);
            switch(ui, setter, &p.turns.hand_over);
            choice(ui, setter, &p.turns.length);
            choice(ui, setter, &p.turns.play_over);
            choice(ui, setter, &p.time.start);
            choice(ui, setter, &p.time.quantise);
            slider(ui, setter, &p.time.quantise_strength);
            slider(ui, setter, &p.time.ahead_ms);
            choice(ui, setter, &p.output.channel);
            switch(ui, setter, &p.output.thru);
            switch(ui, setter, &p.bypass);
        });
    }
}

/// What Antiphon is doing, and what to do if that is nothing.
fn sentence(status: &Status) -> (String, Color32) {
    const CALM: Color32 = Color32::from_rgb(190, 200, 215);
    const ACTIVE: Color32 = Color32::from_rgb(120, 210, 150);
    const WRONG: Color32 = Color32::from_rgb(240, 150, 90);
    let notes = |n: u32| if n == 1 { "1 note".to_owned() } else { format!("{n} notes") };
    match (status.engine(), status.doing()) {
        (Engine::NoWeights, _) => (format!("No answer: the model cannot be read ({})", status.message()), WRONG),
        (_, Doing::Broken) => ("Stopped after a fault: remove Antiphon and add it again".into(), WRONG),
        (_, Doing::Stuck) => ("No answer: too much at once; pause for a moment".into(), WRONG),
        (_, Doing::Asleep) => ("Asleep: the host does not run this track".into(), CALM),
        (_, Doing::Off) => ("Off: notes only pass through".into(), CALM),
        (Engine::Loading, _) => ("Loading the model".into(), CALM),
        (_, Doing::Idle) => ("Your turn: play a phrase".into(), CALM),
        (_, Doing::Listening) => (format!("Listening: {}", notes(status.n_call.get())), ACTIVE),
        (_, Doing::Planning) => (format!("Ready to answer {}", notes(status.n_call.get())), ACTIVE),
        (_, Doing::Answering) => match (status.bar.get(), status.n_bars.get()) {
            (bar, 0) => (format!("Answering: bar {bar}, until you play"), ACTIVE),
            (bar, n) => (format!("Answering: bar {} of {n}", bar.min(n)), ACTIVE),
        },
    }
}

fn set<P: Param>(setter: &ParamSetter, param: &P, value: P::Plain) {
    setter.begin_set_parameter(param);
    setter.set_parameter(param, value);
    setter.end_set_parameter(param);
}

fn slider<P: Param>(ui: &mut Ui, setter: &ParamSetter, param: &P) {
    ui.label(param.name());
    ui.add(ParamSlider::for_param(param, setter).with_width(280.0));
    ui.end_row();
}

fn switch(ui: &mut Ui, setter: &ParamSetter, param: &BoolParam) {
    ui.label(param.name());
    let mut is_on = param.value();
    if ui.checkbox(&mut is_on, "").changed() {
        set(setter, param, is_on);
    }
    ui.end_row();
}

fn choice(ui: &mut Ui, setter: &ParamSetter, param: &IntParam) {
    ui.label(param.name());
    ComboBox::from_id_salt(param.name()).width(280.0).selected_text(param.to_string()).show_ui(ui, |ui| {
        let IntRange::Linear { min, max } = param.range() else { return };
        for value in min..=max {
            let text = param.normalized_value_to_string(param.preview_normalized(value), true);
            if text.ends_with(NOT_IN_THIS_MODEL) {
                continue;
            }
            if ui.selectable_label(param.value() == value, text).clicked() {
                set(setter, param, value);
            }
        }
    });
    ui.end_row();
}
