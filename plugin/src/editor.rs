//! The window. `page` draws a [`View`] and returns wishes; this file makes the view and fulfils the wishes, on the host's
//! GUI thread. Nothing here is ever waited for by the audio thread.

mod controls;
mod files;
mod foot;
mod head;
mod health;
mod help;
mod kept;
mod logged;
mod packs;
mod page;
mod roll;
mod sentence;
mod slider;
mod theme;
mod tips;
mod view;
mod widgets;

use std::sync::Arc;
use std::time::{Duration, Instant};

use egui::Ui;
use nice_plug::context::gui::GuiContext;
use nice_plug::editor::ResizeHint;
use nice_plug::editor::dpi::LogicalSize;
use nice_plug::prelude::*;
use nice_plug_egui::{
    EguiEditor, EguiEditorState, EguiNiceSettings, Frame, NiceEguiApp, RepaintNotifier, baseview, create_egui_editor,
};

use takes::Take;

use self::controls::Handle;
use self::logged::LogList;
use self::packs::Packs;
use self::page::Memory;
use self::view::{Learn, Notice, View, Wish};
use crate::chosen::Standing;
use crate::learn::KNOBS;
use crate::params::AntiphonParams;
use crate::presets;
use crate::status::Status;
use crate::timeline::MAX_TAKES;

/// The editor's type, for the framework.
pub(crate) type Editor = EguiEditor<Window>;

const SIZE: LogicalSize<f32> = LogicalSize { width: 1000.0, height: 680.0 };
const LEAST_SIZE: LogicalSize<f32> = LogicalSize { width: 640.0, height: 480.0 };
/// While the roll moves, and while nothing does.
const REFRESH: Duration = Duration::from_millis(50);
const CALM_REFRESH: Duration = Duration::from_millis(250);
const NOTICE_TIME: Duration = Duration::from_secs(12);
/// Lists of takes that can be brought back.
const MAX_UNDO: usize = 32;

/// Makes the editor; its window opens later.
pub(crate) fn create(params: Arc<AntiphonParams>, status: Arc<Status>) -> Option<Editor> {
    let state = EguiEditorState::from_size(SIZE, 1.0);
    let resize = ResizeHint::RESIZABLE.with_min_logical_size(LEAST_SIZE);
    let settings = EguiNiceSettings::new().with_tile("Antiphon").with_resize_hint(resize);
    create_egui_editor(state, RepaintNotifier::default(), settings, Window::new(params, status))
}

/// What is drawn. Public only because the framework names it.
pub struct Window {
    params: Arc<AntiphonParams>,
    status: Arc<Status>,
    context: Option<GuiContext>,
    memory: Memory,
    /// The lists of takes before the latest changes.
    undo: Vec<Vec<Take>>,
    notice: Option<(Instant, Notice)>,
    /// The control that takes the number of the next key or controller as its value, and the count when it began.
    learning: Option<(&'static str, u32)>,
    /// The control that a hand is on.
    touched: Option<&'static str>,
    packs: Packs,
    log: LogList,
}

impl NiceEguiApp for Window {
    fn build(&mut self, egui: egui::Context, context: GuiContext, _: &mut Frame) -> Result<(), baseview::HandlerError> {
        theme::apply(&egui);
        self.context = Some(context);
        Ok(())
    }

    fn ui(&mut self, ui: &mut Ui, _: &mut Frame) {
        self.learn();
        self.follow_pack();
        self.follow_export();
        if let Some(context) = &self.context {
            self.params.tell_host(&context.param_setter());
        }
        let view = self.view();
        let is_moving = !view.roll.notes.is_empty() || !view.roll.planned.is_empty();
        ui.ctx().request_repaint_after(if is_moving { REFRESH } else { CALM_REFRESH });
        for wish in page::show(ui, &view, &mut self.memory) {
            self.fulfil(wish);
            ui.ctx().request_repaint();
        }
    }

    fn editor_closed(&mut self) {
        // A button that is held while the window closes must not stay down.
        if let Some(id) = self.touched {
            if matches!(id, "panic" | "hand_over") {
                self.fulfil(Wish::Set(id, 0.0));
            }
            self.fulfil(Wish::LetGo(id));
        }
        self.learning = None;
        self.context = None;
    }
}

impl Window {
    fn new(params: Arc<AntiphonParams>, status: Arc<Status>) -> Self {
        Self {
            params,
            status,
            context: None,
            memory: Memory { tab: 1, ..Memory::default() },
            undo: Vec::new(),
            notice: None,
            learning: None,
            touched: None,
            packs: Packs::default(),
            log: LogList::default(),
        }
    }

    fn view(&mut self) -> View {
        self.notice.take_if(|(since, _)| since.elapsed() > NOTICE_TIME);
        let (params, status) = (&*self.params, &*self.status);
        let (mut roll, can_keep) =
            status.timeline.read(|history| (history.roll(roll::PAST_TICKS, roll::FUTURE_TICKS), history.has_take()));
        if !status.is_answering() {
            // They were planned for an answer that did not come.
            roll.planned.clear();
        }
        let mut groups = controls::view(params);
        for control in groups.iter_mut().flat_map(|group| &mut group.controls) {
            if self.latest(control.id).is_some() {
                let is_learning = self.learning.is_some_and(|(id, _)| id == control.id);
                control.learn = Some(Learn { is_learning, learnt: None });
            }
        }
        let log = self.log.view(params.files.log().as_ref());
        let health = health::facts(status, log.is_on, params.files.trouble(), &params.chosen.standing());
        View {
            sentence: sentence::sentence(status, params),
            roll,
            mode: params.mode.view("mode"),
            groups,
            health,
            takes: params.takes.read().iter().take(MAX_TAKES).map(describe).collect(),
            can_keep,
            can_undo: !self.undo.is_empty(),
            notice: self.notice.as_ref().map(|(_, notice)| notice.clone()),
            presets: presets::all().iter().map(|preset| (preset.name.as_str(), preset.about.as_str())).collect(),
            n_remembered: params.memory.n_notes(),
            n_learnt: status.n_learnt.get(),
            log,
            packs: self.packs.cards(&params.chosen),
            packs_folder: packs::folder(),
        }
    }

    fn fulfil(&mut self, wish: Wish) {
        match wish {
            Wish::Touch(id) => {
                self.touched = Some(id);
                self.with(id, |handle, setter| handle.touch(setter));
            }
            Wish::Set(id, normalized) => self.with(id, |handle, setter| handle.set(setter, normalized)),
            Wish::LetGo(id) => {
                self.touched = None;
                self.with(id, |handle, setter| handle.let_go(setter));
            }
            Wish::Learn(id) if KNOBS.contains(&id) => {
                let learned = &self.params.learned;
                if learned.is_learning(id) { learned.forget(id) } else { learned.learn(id) }
            }
            Wish::Learn(id) => {
                let is_on = self.learning.is_some_and(|(learning, _)| learning == id);
                self.learning = self.latest(id).filter(|_| !is_on).map(|latest| (id, latest));
            }
            Wish::Keep => self.keep(),
            Wish::Undo => {
                if let Some(takes) = self.undo.pop() {
                    *self.params.takes.write() = takes;
                }
            }
            Wish::Save => {
                let take = self.status.timeline.last_take();
                self.save(take);
            }
            Wish::SaveKept(place) => {
                let take = self.params.takes.read().get(place).cloned();
                self.save(take);
            }
            Wish::Discard(place) => self.change_takes(|takes| {
                if place < takes.len() {
                    takes.remove(place);
                }
            }),
            Wish::Preset(place) => {
                if let (Some(preset), Some(context)) = (presets::all().get(place), &self.context) {
                    preset.apply(&self.params, &context.param_setter());
                    self.say(format!("{}: {}", preset.name, preset.about), false);
                }
            }
            Wish::Remember => self.params.memory.remember(),
            Wish::Forget => self.params.memory.forget(),
            Wish::Export => self.params.memory.ask(),
            Wish::SwitchLog(on) => self.switch_log(on),
            Wish::KeepLogged(place) => self.keep_logged(place),
            Wish::DropLogged(place) => self.drop_logged(place),
            Wish::EraseLog => self.erase_log(),
            Wish::ChoosePack(place) => {
                if let Some(path) = self.packs.get(place) {
                    self.params.chosen.choose(path);
                    self.packs.is_new = true;
                }
            }
            Wish::LeavePack => self.params.chosen.leave(),
            Wish::RefreshPacks => self.packs.refresh(),
            Wish::Dismiss => self.notice = None,
        }
    }

    /// Chooses the style of a pack that was chosen here, once it can be played, or the first of a network: any style. Or
    /// says why it cannot be played.
    fn follow_pack(&mut self) {
        if !self.packs.is_new {
            return;
        }
        match self.params.chosen.standing() {
            Standing::Loading => return,
            Standing::None => {}
            Standing::Ready => {
                let chosen = &self.params.chosen;
                let name = chosen.name().unwrap_or_default();
                let first = chosen.styles().0.into_iter().next().filter(|_| chosen.is_network());
                let style_name = first.unwrap_or_else(|| name.clone());
                if let (Some(style), Some(context)) = (self.params.by_id("style"), &self.context)
                    && let Some(value) = style.read(&style_name)
                {
                    style.set(value, &context.param_setter());
                }
                let what = if self.params.chosen.is_network() { "network" } else { "style" };
                self.say(format!("The {what} is {name} now"), false);
            }
            Standing::Refused(why) => self.say(format!("The style stays as it was: {why}"), true),
        }
        self.packs.is_new = false;
    }

    fn with(&self, id: &str, act: impl FnOnce(&dyn Handle, &ParamSetter)) {
        if let (Some(handle), Some(context)) = (controls::find(&self.params, id), &self.context) {
            act(handle, &context.param_setter());
        }
    }

    /// What came last of what a control can take as its value, with the count of them; `None` if it takes neither.
    fn latest(&self, id: &str) -> Option<u32> {
        match id {
            "hand_key" => Some(self.status.last_key.get()),
            "hand_cc" => Some(self.status.last_controller.get()),
            _ => None,
        }
    }

    /// Sets the control that learns, once a key or controller has come.
    fn learn(&mut self) {
        let Some((id, before)) = self.learning else { return };
        let Some(latest) = self.latest(id).filter(|&latest| latest != before) else { return };
        self.learning = None;
        let number = u8::try_from(latest & 127).unwrap_or(0);
        self.with(id, |handle, setter| {
            let place = handle.place_of(number);
            handle.touch(setter);
            handle.set(setter, place);
            handle.let_go(setter);
        });
    }

    fn keep(&mut self) {
        let Some(take) = self.status.timeline.last_take() else { return };
        let n_kept = self.params.takes.read().len();
        if self.params.takes.read().last() == Some(&take) {
            self.say(format!("That is take {n_kept} already"), false);
        } else if n_kept >= MAX_TAKES {
            self.say(format!("{MAX_TAKES} takes are kept; drop one under Kept first"), true);
        } else {
            self.change_takes(|takes| takes.push(take));
            self.say(format!("Kept as take {}, with the song", n_kept + 1), false);
        }
    }

    fn change_takes(&mut self, change: impl FnOnce(&mut Vec<Take>)) {
        let mut takes = self.params.takes.write();
        if self.undo.len() == MAX_UNDO {
            self.undo.remove(0);
        }
        self.undo.push(takes.clone());
        change(&mut takes);
    }

    fn say(&mut self, text: String, is_bad: bool) {
        self.notice = Some((Instant::now(), Notice { text, is_bad }));
    }
}

/// A take in a few words.
fn describe(take: &Take) -> String {
    let n_answer = take.notes.iter().filter(|note| note.is_answer).count();
    format!("{} + {} notes", take.notes.len() - n_answer, n_answer)
}

#[cfg(test)]
mod tests;
