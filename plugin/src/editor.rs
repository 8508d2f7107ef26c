//! The window. `page` draws a [`View`] and returns actions; this file makes the view and performs the actions, on the host's
//! GUI thread. Nothing here is ever waited for by the audio thread.

mod answer_choice;
mod controls;
mod files;
mod health;
mod log_page;
mod packs;
mod page;
mod roll;
mod slider;
mod status_line;
mod theme;
mod view;
mod widgets;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
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

use self::answer_choice::AnswerChoice;
use self::log_page::LogList;
use self::packs::{NewStyle, Packs};
use self::page::UiState;
use self::view::{Learn, Notice, UiAction, View};
use crate::models::LoadState;
use crate::params::presets;
use crate::params::{AntiphonParams, AnyParam, ParamId};
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
/// A new instance offers a sound for so long.
const SOUND_OFFER_TIME: Duration = Duration::from_secs(600);
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
    ui_state: UiState,
    /// The lists of takes before the latest changes.
    undo: Vec<Vec<Take>>,
    notice: Option<(Instant, Notice)>,
    /// The control that takes the number of the next key or controller as its value, and the count when it began.
    learning: Option<(ParamId, u32)>,
    /// The control that a hand is on.
    touched: Option<ParamId>,
    /// The answer that was chosen, until it is played.
    choice: Option<AnswerChoice>,
    packs: Packs,
    new_style: NewStyle,
    log: LogList,
    /// When the instance was made.
    begun: Instant,
    /// The file whose path is to be copied and whose folder opened.
    to_show: Option<PathBuf>,
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
        self.follow_style();
        self.follow_choice(Instant::now());
        self.follow_export();
        self.drop_old_notice(Instant::now());
        if let Some(context) = &self.context {
            self.params.tell_host(&context.param_setter());
        }
        let view = self.view();
        let is_moving = self.choice.is_some() || !view.roll.notes.is_empty() || !view.roll.planned.is_empty();
        ui.ctx().request_repaint_after(if is_moving { REFRESH } else { CALM_REFRESH });
        for action in page::show(ui, &view, &mut self.ui_state) {
            self.perform(action);
            ui.ctx().request_repaint();
        }
        if let Some(file) = self.to_show.take() {
            files::show(ui.ctx(), &file);
        }
    }

    fn editor_closed(&mut self) {
        self.leave_choice();
        // A button that is held while the window closes must not stay down.
        if let Some(id) = self.touched {
            if matches!(id, ParamId::Panic | ParamId::HandOver | ParamId::Another | ParamId::Back) {
                self.perform(UiAction::Set(id, 0.0));
            }
            self.perform(UiAction::LetGo(id));
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
            ui_state: UiState { tab: 1, ..UiState::default() },
            undo: Vec::new(),
            notice: None,
            learning: None,
            touched: None,
            choice: None,
            packs: Packs::default(),
            new_style: NewStyle::default(),
            log: LogList::default(),
            begun: Instant::now(),
            to_show: None,
        }
    }

    /// Whether notes go out that perhaps nobody hears: hosts do not say whether a track has an instrument.
    fn is_sound_offered(&self, now: Instant) -> bool {
        let (params, status) = (&*self.params, &*self.status);
        let is_silent = params.int(ParamId::Preview) == 0 && !params.has_sound.load(Relaxed);
        is_silent
            && status.n_heard.get() + status.n_played.get() > 0
            && now.saturating_duration_since(self.begun) < SOUND_OFFER_TIME
            && status.preview_error().is_none()
    }

    fn view(&mut self) -> View {
        let (params, status) = (&*self.params, &*self.status);
        let (mut roll, can_keep) =
            status.timeline.read(|history| (history.roll(roll::PAST_TICKS, roll::FUTURE_TICKS), history.has_take()));
        if !status.is_answering() {
            // They were planned for an answer that did not come.
            roll.planned.clear();
        }
        let candidates = self.candidates();
        let mut groups = controls::groups(params);
        for control in groups.iter_mut().flat_map(|group| &mut group.controls) {
            if self.latest(control.id).is_some() {
                let is_learning = self.learning.is_some_and(|(id, _)| id == control.id);
                control.learn = Some(Learn { is_learning, learnt: None });
            }
        }
        let log = self.log.view(params.files.log().as_ref());
        let is_preview_on = params.int(ParamId::Preview) > 0;
        let log_error = params.files.log_error();
        let health = health::facts(status, log.is_on, log_error, &params.model.load_state(), is_preview_on);
        View {
            status_line: status_line::status_line(status, params),
            roll,
            candidates,
            mode: controls::control(params, ParamId::Mode),
            groups,
            health,
            takes: params.takes.read().iter().take(MAX_TAKES).map(describe).collect(),
            can_keep,
            can_undo: !self.undo.is_empty(),
            notice: self.notice.as_ref().map(|(_, notice)| notice.clone()),
            is_sound_offered: self.is_sound_offered(Instant::now()),
            presets: presets::all().iter().map(|preset| (preset.name.as_str(), preset.about.as_str())).collect(),
            n_remembered: params.memory.n_notes(),
            n_learnt: status.n_learnt.get(),
            log,
            packs: self.packs.cards(&params.model),
            packs_folder: packs::folder(),
            new_style: self.new_style.view(),
        }
    }

    fn perform(&mut self, action: UiAction) {
        match action {
            UiAction::Touch(id) => {
                self.touched = Some(id);
                self.with(id, |param, setter| param.begin_gesture(setter));
            }
            UiAction::Set(id, normalized) => {
                if id == ParamId::Preview {
                    self.params.has_sound.store(true, Relaxed);
                }
                self.with(id, |param, setter| param.set(normalized, setter));
            }
            UiAction::LetGo(id) => {
                self.touched = None;
                self.with(id, |param, setter| param.end_gesture(setter));
            }
            UiAction::Learn(id) if id.spec().is_learnable => {
                let learned = &self.params.learned;
                if learned.is_learning(id) { learned.forget(id) } else { learned.learn(id) }
            }
            UiAction::Learn(id) => {
                let is_on = self.learning.is_some_and(|(learning, _)| learning == id);
                self.learning = self.latest(id).filter(|_| !is_on).map(|latest| (id, latest));
            }
            UiAction::Keep => self.keep(),
            UiAction::Undo => {
                if let Some(takes) = self.undo.pop() {
                    *self.params.takes.write() = takes;
                }
            }
            UiAction::Save => {
                let take = self.status.timeline.last_take();
                self.save(take);
            }
            UiAction::SaveKept(place) => {
                let take = self.params.takes.read().get(place).cloned();
                self.save(take);
            }
            UiAction::SaveScore(place) => {
                let take = self.params.takes.read().get(place).cloned();
                self.save_score(take);
            }
            UiAction::Discard(place) => self.change_takes(|takes| {
                if place < takes.len() {
                    takes.remove(place);
                }
            }),
            UiAction::Preset(place) => {
                if let (Some(preset), Some(context)) = (presets::all().get(place), &self.context) {
                    preset.apply(&self.params, &context.param_setter());
                    self.say(format!("{}: {}", preset.name, preset.about), false);
                }
            }
            UiAction::Remember => self.params.memory.remember(),
            UiAction::Forget => self.params.memory.forget(),
            UiAction::Export => self.params.memory.request_learned_notes(),
            UiAction::SwitchLog(on) => self.switch_log(on),
            UiAction::KeepLogged(place) => self.keep_logged(place),
            UiAction::DropLogged(place) => self.drop_logged(place),
            UiAction::EraseLog => self.erase_log(),
            UiAction::ChoosePack(place) => {
                if let Some(path) = self.packs.get(place) {
                    self.params.model.choose(path);
                    self.packs.is_new = true;
                }
            }
            UiAction::ChooseAnswer(rank) => self.choose_answer(rank),
            UiAction::ChooseMusic { folder } => self.new_style.choose(folder),
            UiAction::StyleMinutes(by) => self.new_style.change_minutes(by),
            UiAction::LearnStyle => self.learn_style(),
            UiAction::FinishStyle => self.new_style.finish(),
            UiAction::CancelStyle => self.new_style.cancel(),
            UiAction::UseStyle => self.use_style(),
            UiAction::LeavePack => self.params.model.unload(),
            UiAction::RefreshPacks => self.packs.refresh(),
            UiAction::HearsNotes => self.params.has_sound.store(true, Relaxed),
            UiAction::ShowFile => {
                self.to_show = self.notice.take().and_then(|(_, notice)| notice.file);
                self.say("The path is copied. Drag the file from its folder into a track".to_owned(), false);
            }
            UiAction::Dismiss => self.notice = None,
        }
    }

    /// Chooses the style of a pack that was chosen here, once it can be played, or the first of a network: any style. Or
    /// says why it cannot be played.
    fn follow_pack(&mut self) {
        if !self.packs.is_new {
            return;
        }
        match self.params.model.load_state() {
            LoadState::Loading => return,
            LoadState::None => {}
            LoadState::Ready => {
                let model = &self.params.model;
                let name = model.name().unwrap_or_default();
                let first = model.styles().0.into_iter().next().filter(|_| model.is_network());
                let style_name = first.unwrap_or_else(|| name.clone());
                let style = self.params.get(ParamId::Style);
                if let (Some(value), Some(context)) = (style.read(&style_name), &self.context) {
                    style.change(value, &context.param_setter());
                }
                let what = if self.params.model.is_network() { "network" } else { "style" };
                self.say(format!("The {what} is {name} now"), false);
            }
            LoadState::Refused(why) => self.say(format!("The style stays as it was: {why}"), true),
        }
        self.packs.is_new = false;
    }

    fn with(&self, id: ParamId, act: impl FnOnce(&AnyParam, &ParamSetter)) {
        if let Some(context) = &self.context {
            act(self.params.get(id), &context.param_setter());
        }
    }

    /// What came last of what a control can take as its value, with the count of them; `None` if it takes neither.
    fn latest(&self, id: ParamId) -> Option<u32> {
        match id {
            ParamId::HandKey => Some(self.status.last_key.get()),
            ParamId::HandCc => Some(self.status.last_controller.get()),
            _ => None,
        }
    }

    /// Sets the control that learns, once a key or controller has come.
    fn learn(&mut self) {
        let Some((id, before)) = self.learning else { return };
        let Some(latest) = self.latest(id).filter(|&latest| latest != before) else { return };
        self.learning = None;
        let number = u8::try_from(latest & 127).unwrap_or(0);
        self.with(id, |param, setter| param.change(controls::place_of(param, number), setter));
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

    /// A notice goes by itself after a while; but not while it is being drawn, which takes long on a busy machine.
    fn drop_old_notice(&mut self, now: Instant) {
        self.notice.take_if(|(since, _)| now.saturating_duration_since(*since) > NOTICE_TIME);
    }

    fn say(&mut self, text: String, is_bad: bool) {
        self.notice = Some((Instant::now(), Notice { text, is_bad, file: None }));
    }
}

/// A take in a few words.
fn describe(take: &Take) -> String {
    let n_answer = take.notes.iter().filter(|note| note.is_answer).count();
    format!("{} + {} notes", take.notes.len() - n_answer, n_answer)
}

#[cfg(test)]
mod tests;
