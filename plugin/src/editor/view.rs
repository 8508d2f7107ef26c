//! All that the window shows, and all that can be asked of it. Drawing takes a [`View`] and returns [`UiAction`]s; of
//! the plugin it knows the table of parameters, and of the host nothing.

use std::path::PathBuf;

use live::timeline::{Candidates, Roll};

use crate::params::ParamId;

/// The window at one moment.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) status_line: StatusLine,
    pub(crate) roll: Roll,
    /// The answers from which one can be chosen; none while there is nothing to choose.
    pub(crate) candidates: Candidates,
    /// Stands above the groups.
    pub(crate) mode: Control,
    pub(crate) groups: Vec<Group>,
    pub(crate) health: Vec<Fact>,
    /// A word about each kept take.
    pub(crate) takes: Vec<String>,
    pub(crate) can_keep: bool,
    pub(crate) can_undo: bool,
    pub(crate) notice: Option<Notice>,
    /// Notes go out of a new instance, and it may be that nobody hears them.
    pub(crate) is_sound_offered: bool,
    /// Name and use of each preset.
    pub(crate) presets: Vec<(&'static str, &'static str)>,
    /// Notes that the song begins with.
    pub(crate) n_remembered: usize,
    /// Notes of the player that answers can lean towards now.
    pub(crate) n_learnt: u32,
    /// The log of what is played.
    pub(crate) log: LogView,
    /// The style packs that there are.
    pub(crate) packs: Vec<PackCard>,
    /// Where more of them belong.
    pub(crate) packs_folder: String,
    pub(crate) new_style: NewStyleView,
}

/// A style that is made here.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NewStyleView {
    pub(crate) phase: StylePhase,
    /// What was chosen, or what to choose.
    pub(crate) music: String,
    pub(crate) has_music: bool,
    /// It may learn for so long.
    pub(crate) minutes: u32,
    /// Lines about the files.
    pub(crate) remarks: Vec<String>,
}

/// How far a style is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum StylePhase {
    /// It waits for music and a name; or this is why there is none.
    Form {
        problem: Option<String>,
    },
    /// The system's window is open.
    Choosing,
    Learning {
        title: String,
        status: String,
        share: f32,
        can_finish: bool,
    },
    Made {
        title: String,
        about: String,
    },
}

/// The state of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LogView {
    pub(crate) is_on: bool,
    /// Where it is.
    pub(crate) folder: String,
    pub(crate) n_files: usize,
    /// The latest files that were neither kept nor dropped.
    pub(crate) cards: Vec<LogCard>,
}

/// A file of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LogCard {
    /// When it was written.
    pub(crate) name: String,
    pub(crate) about: String,
    pub(crate) path: String,
}

/// A style pack that can be chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PackCard {
    /// Of its file.
    pub(crate) name: String,
    /// Its load state, or what it is.
    pub(crate) about: String,
    /// Where it is.
    pub(crate) path: String,
    pub(crate) is_chosen: bool,
    pub(crate) is_bad: bool,
}

/// What the status line reports; each has a sign and a colour of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum StatusKind {
    #[default]
    Calm,
    Listening,
    /// An answer is planned.
    Ready,
    Answering,
    Wrong,
}

/// What Antiphon is doing, and why, or what to do about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct StatusLine {
    pub(crate) text: String,
    pub(crate) why: String,
    pub(crate) kind: StatusKind,
}

/// Controls that belong together.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) name: &'static str,
    pub(crate) controls: Vec<Control>,
}

/// A parameter as it is now.
#[derive(Clone, Debug)]
pub(crate) struct Control {
    pub(crate) id: ParamId,
    /// With its unit.
    pub(crate) text: String,
    /// 0 to 1, as is the default.
    pub(crate) normalized: f32,
    pub(crate) default: f32,
    /// A step down, and a step up.
    pub(crate) steps: [f32; 2],
    pub(crate) kind: Kind,
    /// If it can learn from what is played.
    pub(crate) learn: Option<Learn>,
}

/// What a control has learnt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Learn {
    /// It waits for a key or controller.
    pub(crate) is_learning: bool,
    /// What moves it.
    pub(crate) learnt: Option<String>,
}

/// How a control is worked.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Slider,
    Switch,
    /// Each choice with its normalized value.
    Choice(Vec<(String, f32)>),
}

/// A number of the health line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fact {
    pub(crate) name: &'static str,
    pub(crate) value: String,
    pub(crate) is_bad: bool,
    /// What it means, and what to do about it.
    pub(crate) about: &'static str,
}

/// What came of the last action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) text: String,
    pub(crate) is_bad: bool,
    /// A file that was written, to be taken out of here.
    pub(crate) file: Option<PathBuf>,
}

/// What the user asks for. Values of parameters are 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum UiAction {
    /// A hand is on the control.
    Touch(ParamId),
    Set(ParamId, f32),
    LetGo(ParamId),
    /// The next key or controller belongs to this control; again, to forget it.
    Learn(ParamId),
    Keep,
    Undo,
    Save,
    SaveKept(usize),
    /// Write a kept take as a score.
    SaveScore(usize),
    Discard(usize),
    Preset(usize),
    /// The song begins with what was played last.
    Remember,
    /// The song begins with nothing.
    Forget,
    /// Write the notes that were learnt from the player to a file.
    Export,
    /// Log what is played, or do so no longer.
    SwitchLog(bool),
    /// Of the files of the log that are listed.
    KeepLogged(usize),
    DropLogged(usize),
    /// Delete the whole log.
    EraseLog,
    /// Play with one of the packs.
    ChoosePack(usize),
    /// Play with the built-in styles only.
    LeavePack,
    /// Look for packs again.
    RefreshPacks,
    /// Play the candidate of this rank.
    ChooseAnswer(u8),
    /// Let the user choose music for a style: files, or a folder.
    ChooseMusic {
        folder: bool,
    },
    /// It may learn for longer, or not so long.
    StyleMinutes(i8),
    /// Make the style.
    LearnStyle,
    /// Make it of what was learnt so far.
    FinishStyle,
    /// End what the trainer does, or leave what came of it.
    CancelStyle,
    /// Play with the style that was made.
    UseStyle,
    /// The notes reach an instrument: no sound needs to be offered.
    HearsNotes,
    /// Copy the path of the notice's file, and open its folder.
    ShowFile,
    /// The notice has been read.
    Dismiss,
}

impl UiAction {
    /// A change all at once.
    pub(crate) fn change(id: ParamId, normalized: f32) -> [Self; 3] {
        [Self::Touch(id), Self::Set(id, normalized), Self::LetGo(id)]
    }
}
