//! The two plugins, which differ only in what they declare: a CLAP note effect, and a VST3 instrument, since hosts that know no VST3
//! note effects load nothing without an audio output. Both have one for *Preview sound*; it is silent while that is off.

use std::num::NonZeroU32;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use live::{Host, Input, Output, RenderMode};
use nice_plug::context::process::SendEventError;
use nice_plug::prelude::*;

use takes::explain;

use crate::editor;
use crate::link;
use crate::midi;
use crate::params::AntiphonParams;
use crate::performer::{Performer, performer};
use crate::preview::{self, Preview, PreviewBlock};
use crate::status::{Engine, Status};
use crate::user_files::Logger;
use crate::worker_thread;

/// What both plugins are.
struct Core {
    params: Arc<AntiphonParams>,
    status: Arc<Status>,
    performer: Option<Performer>,
    preview: Preview,
    worker: Option<JoinHandle<()>>,
    logger: Option<Logger>,
    is_broken: bool,
    /// The moment from which the performer counts the time on the wall.
    begun: Instant,
}

impl Default for Core {
    fn default() -> Self {
        Self {
            params: Arc::new(AntiphonParams::default()),
            status: Arc::new(Status::new()),
            performer: None,
            preview: Preview::new(),
            worker: None,
            logger: None,
            is_broken: false,
            begun: Instant::now(),
        }
    }
}

impl Core {
    /// Starts the worker if it does not run. May be called any number of times.
    fn activate(&mut self, config: &BufferConfig, api: PluginApi) -> bool {
        self.logger.get_or_insert_with(|| Logger::spawn(Arc::clone(&self.params.files), Arc::clone(&self.status)));
        let is_running = self.worker.as_ref().is_some_and(|worker| !worker.is_finished());
        let mut performer = match self.performer.take() {
            Some(performer) if is_running && !self.is_broken => performer,
            _ => {
                let (audio_side, worker_side) = link::link();
                let (status, params) = (Arc::clone(&self.status), &self.params);
                match worker_thread::spawn(worker_side, status, Arc::clone(&params.memory), Arc::clone(&params.model)) {
                    Ok(worker) => self.replace_worker(Some(worker)),
                    Err(why) => self.status.set_engine(
                        Engine::NoWeights,
                        format!("The model cannot be read: {}; then add Antiphon again", explain(&why)),
                    ),
                }
                self.is_broken = false;
                performer(Arc::clone(&self.params), Arc::clone(&self.status), audio_side)
            }
        };
        // A VST3 host may not say that it bounces.
        let mode = match (config.process_mode, api) {
            (ProcessMode::Offline, _) => RenderMode::Offline,
            (_, PluginApi::Vst3) => RenderMode::Unknown,
            _ => RenderMode::Live,
        };
        performer.activate(config.sample_rate, mode);
        self.status.set_preview_error(self.preview.activate(config.sample_rate).err());
        self.performer = Some(performer);
        true
    }

    fn reset(&mut self) {
        if let Some(performer) = &mut self.performer {
            performer.reset();
        }
        self.preview.end();
    }

    fn process<P: Plugin<SysExMessage = ()>>(&mut self, buffer: &mut Buffer, context: &mut impl ProcessContext<P>) {
        for channel in buffer.as_slice() {
            channel.fill(0.0);
        }
        let Some(performer) = &mut self.performer else { return };
        let transport = midi::transport(context.transport());
        let n_samples = u32::try_from(buffer.samples()).unwrap_or(u32::MAX);
        let preview = self.preview.block(&self.params, buffer.as_slice());
        let mut host = HostBlock { context, preview, begun: self.begun, plugin: std::marker::PhantomData };
        if self.is_broken {
            while host.next_event().is_some() {}
            return;
        }
        // A panic must not cross into the host. This one would be a fault of ours: go silent, and say so.
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            performer.process(&transport, n_samples, &mut host);
            host.preview.finish();
        }));
        if outcome.is_err() {
            self.is_broken = true;
            host.preview.give_up();
            performer.give_up(&mut host);
        }
    }

    /// Waits for the last worker to end: it must not run on when the host unloads this library.
    fn replace_worker(&mut self, next: Option<JoinHandle<()>>) {
        if let Some(last) = std::mem::replace(&mut self.worker, next) {
            // The worker catches its own panics.
            drop(last.join());
        }
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        self.performer = None;
        self.replace_worker(None);
        self.logger = None;
    }
}

/// The host's side of a block.
struct HostBlock<'a, P, C> {
    context: &'a mut C,
    preview: PreviewBlock<'a>,
    begun: Instant,
    plugin: std::marker::PhantomData<P>,
}

impl<P: Plugin<SysExMessage = ()>, C: ProcessContext<P>> Host for HostBlock<'_, P, C> {
    fn next_event(&mut self) -> Option<(u32, Input)> {
        loop {
            let event = self.context.next_event()?;
            if let Some(input) = midi::read(&event, self.context.plugin_api()) {
                return Some((event.timing(), input));
            }
        }
    }

    fn send(&mut self, offset: u32, event: Output) -> bool {
        self.pass(offset, event, false)
    }

    fn send_answer(&mut self, offset: u32, event: Output) -> bool {
        self.pass(offset, event, true)
    }

    fn wall_clock(&mut self) -> Duration {
        self.begun.elapsed()
    }
}

impl<P: Plugin<SysExMessage = ()>, C: ProcessContext<P>> HostBlock<'_, P, C> {
    fn pass(&mut self, offset: u32, event: Output, is_answer: bool) -> bool {
        let is_sent = match self.context.try_send_event(midi::write(offset, event)) {
            Ok(()) => true,
            // A host that takes no notes from a plugin: they are heard all the same.
            Err((_, SendEventError::NoOutputBuffer)) => self.preview.is_on(),
            Err(_) => false,
        };
        if is_sent {
            self.preview.hear(offset, event, is_answer);
        }
        is_sent
    }
}

macro_rules! plugin {
    ($(#[$doc:meta])* $name:ident, $layouts:expr) => {
        $(#[$doc])*
        #[derive(Default)]
        pub struct $name(Core);

        impl Plugin for $name {
            const NAME: &'static str = "Antiphon";
            const VENDOR: &'static str = "Antiphon";
            const URL: &'static str = "";
            const EMAIL: &'static str = "";
            const VERSION: &'static str = env!("CARGO_PKG_VERSION");
            const AUDIO_IO_LAYOUTS: &'static [AudioIOLayout] = $layouts;
            // So that automation falls on the same notes at any block size.
            const SAMPLE_ACCURATE_AUTOMATION: bool = true;
            // Control changes bring the pedals.
            const MIDI_INPUT: MidiConfig = MidiConfig::MidiCCs;
            const MIDI_OUTPUT: MidiConfig = MidiConfig::MidiCCs;

            type Editor = editor::Editor;
            type SysExMessage = ();
            type BackgroundTask = ();

            fn filter_state(state: &mut PluginState) {
                preview::keep_old_songs_silent(state);
            }

            fn params(&self) -> Arc<dyn Params> {
                self.0.params.clone()
            }

            fn editor(&mut self, _: AsyncExecutor<Self>) -> Option<Self::Editor> {
                editor::create(self.0.params.clone(), self.0.status.clone())
            }

            fn activate(
                &mut self,
                _: &AudioIOLayout,
                config: &BufferConfig,
                context: &mut impl ActivateContext<Self>,
            ) -> bool {
                self.0.activate(config, context.plugin_api())
            }

            fn reset(&mut self) {
                self.0.reset();
            }

            // There is no `deactivate`: nothing can be sent to the host any more, so what sounds then is released in
            // the first block after the next `activate`. Hosts silence their instruments when they stop the device.

            fn process(
                &mut self,
                buffer: &mut Buffer,
                _: &mut AuxiliaryBuffers,
                context: &mut impl ProcessContext<Self>,
            ) -> ProcessStatus {
                self.0.process(buffer, context);
                // A host may not put us to sleep: an answer may be coming.
                ProcessStatus::KeepAlive
            }
        }
    };
}

/// Notes, and an output for the preview sound.
const WITH_SOUND: AudioIOLayout = AudioIOLayout {
    main_output_channels: NonZeroU32::new(2),
    names: PortNames {
        layout: Some("Notes and preview sound"),
        main_output: Some("Preview sound"),
        ..PortNames::const_default()
    },
    ..AudioIOLayout::const_default()
};

const NOTES_ONLY: AudioIOLayout = AudioIOLayout {
    names: PortNames { layout: Some("Notes only"), ..PortNames::const_default() },
    ..AudioIOLayout::const_default()
};

plugin! {
    /// The CLAP plugin: a note effect, of which a host may take the notes alone.
    AntiphonClap, &[WITH_SOUND, NOTES_ONLY]
}

plugin! {
    /// The VST3 plugin: an instrument.
    AntiphonVst3, &[WITH_SOUND]
}

impl ClapPlugin for AntiphonClap {
    const CLAP_ID: &'static str = "org.antiphon.antiphon";
    const CLAP_DESCRIPTION: Option<&'static str> = Some("Answers what you play");
    const CLAP_MANUAL_URL: Option<&'static str> = None;
    const CLAP_SUPPORT_URL: Option<&'static str> = None;
    const CLAP_FEATURES: &'static [ClapFeature] = &[ClapFeature::NoteEffect, ClapFeature::Utility];
}

impl Vst3Plugin for AntiphonVst3 {
    const VST3_CLASS_ID: [u8; 16] = *b"AntiphonAnswers1";
    const VST3_SUBCATEGORIES: &'static [Vst3SubCategory] = &[Vst3SubCategory::Instrument, Vst3SubCategory::Tools];
}
