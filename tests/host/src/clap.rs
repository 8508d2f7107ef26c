//! A CLAP plugin, loaded from a file or linked into the program.

mod events;

use std::ffi::{CStr, CString};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use clack_extensions::audio_ports::{AudioPortInfoBuffer, PluginAudioPorts};
use clack_extensions::audio_ports_config::PluginAudioPortsConfig;
use clack_extensions::params::{ParamInfoBuffer, PluginParams};
use clack_extensions::render::{PluginRender, RenderMode};
use clack_extensions::state::PluginState;
use clack_extensions::tail::{PluginTail, TailLength};
use clack_host::entry::EntryDescriptor;
use clack_host::events::event_types::TransportEvent;
use clack_host::events::io::{OutputEventBuffer, TryPushError};
use clack_host::prelude::*;

use crate::{Instance, Message, NoteEvent, Parameter, Settings, Transport};
use events::{push_event, read_event, read_note, transport_event};

/// A loaded CLAP library, from which plugins are made.
#[derive(Clone)]
pub struct Entry(PluginEntry);

impl Entry {
    /// Loads a `.clap` file.
    ///
    /// # Errors
    /// When the file is no CLAP library.
    pub fn from_file(path: &Path) -> Result<Self> {
        // SAFETY: loading a library runs its code; it is the plugin that the caller has just built.
        #[expect(unsafe_code, reason = "a plugin is foreign code, however it is loaded")]
        let entry = unsafe { PluginEntry::load(path) };
        Ok(Self(entry.map_err(|e| anyhow!("{} does not load as a CLAP: {e}", path.display()))?))
    }

    /// Takes the entry of a plugin that is linked into this program.
    ///
    /// # Errors
    /// When the plugin's initialisation fails.
    pub fn linked(entry: &'static EntryDescriptor) -> Result<Self> {
        // SAFETY: the descriptor is a static of a linked crate, so its functions live as long as the program.
        #[expect(unsafe_code, reason = "a plugin is foreign code, however it is loaded")]
        let entry = unsafe { PluginEntry::load_from_raw(entry, c"") };
        Ok(Self(entry.map_err(|e| anyhow!("the linked CLAP does not start: {e}"))?))
    }

    /// What the first plugin of the library says of itself, most important first: "note-effect" and the like.
    ///
    /// # Errors
    /// When it holds none.
    pub fn features(&self) -> Result<Vec<String>> {
        let factory = self.0.get_plugin_factory().context("the CLAP has no plugin factory")?;
        let descriptor = factory.plugin_descriptor(0).context("the CLAP holds no plugin")?;
        Ok(descriptor.features().map(|feature| feature.to_string_lossy().into_owned()).collect())
    }
}

/// The host's side of CLAP: it only remembers that the plugin asked to be called on the main thread.
#[derive(Default)]
struct Shared {
    wants_callback: AtomicBool,
}

impl SharedHandler<'_> for Shared {
    fn request_restart(&self) {}
    fn request_process(&self) {}
    fn request_callback(&self) {
        self.wants_callback.store(true, Ordering::Release);
    }
}

struct Handlers;

impl HostHandlers for Handlers {
    type Shared<'a> = Shared;
    type MainThread<'a> = ();
    type AudioProcessor<'a> = ();
}

/// Takes so many events, and refuses the others.
struct Room<'a> {
    buffer: &'a mut EventBuffer,
    n_left: usize,
}

impl OutputEventBuffer for Room<'_> {
    fn try_push(&mut self, event: &UnknownEvent) -> Result<(), TryPushError> {
        self.n_left = self.n_left.checked_sub(1).ok_or(TryPushError::new())?;
        self.buffer.push(event);
        Ok(())
    }
}

/// A running CLAP plugin: the first one of its library.
pub struct Clap {
    /// Events that the host takes of each block, at most.
    pub room: usize,
    instance: PluginInstance<Handlers>,
    /// `None` only while restarting.
    processor: Option<StartedPluginAudioProcessor<Handlers>>,
    parameters: Vec<Parameter>,
    /// Silence in, whatever comes out: (port, channel, sample).
    audio: Vec<Vec<Vec<f32>>>,
    ports: AudioPorts,
    input: EventBuffer,
    output: EventBuffer,
    /// Sent, and not yet taken by the test.
    notes: Vec<NoteEvent>,
    steady_samples: u64,
    process_time: Duration,
}

impl Clap {
    /// Makes and starts an instance.
    ///
    /// # Errors
    /// Says which step the plugin refused.
    pub fn new(entry: &Entry, settings: Settings) -> Result<Self> {
        Self::with_layout(entry, settings, 0)
    }

    /// The same with another of the plugin's layouts of audio ports.
    ///
    /// # Errors
    /// Says which step the plugin refused.
    pub fn with_layout(entry: &Entry, settings: Settings, layout: u32) -> Result<Self> {
        let factory = entry.0.get_plugin_factory().context("the CLAP has no plugin factory")?;
        let id: CString = factory
            .plugin_descriptor(0)
            .and_then(|d| d.id().map(CStr::to_owned))
            .context("the CLAP holds no plugin")?;
        let info = HostInfo::new("Antiphon's test host", "Antiphon", "", env!("CARGO_PKG_VERSION"))?;
        let mut instance = PluginInstance::new(|_| Shared::default(), |_| (), &entry.0, &id, &info)
            .map_err(|e| anyhow!("the plugin does not open: {e}"))?;
        let parameters = read_parameters(&mut instance);
        if layout > 0 {
            let handle = instance.plugin_handle();
            let layouts: PluginAudioPortsConfig = handle.get_extension().context("the plugin has one layout")?;
            let id = ClapId::from_raw(layout).context("no layout has that id")?;
            layouts.select(&handle, id).map_err(|_| anyhow!("the plugin refuses layout {layout}"))?;
        }
        let audio = read_output_ports(&mut instance);
        let ports = AudioPorts::with_capacity(audio.iter().map(Vec::len).sum(), audio.len());
        let mut clap = Self {
            room: usize::MAX,
            instance,
            processor: None,
            parameters,
            audio,
            ports,
            input: EventBuffer::with_capacity(4096),
            output: EventBuffer::with_capacity(4096),
            notes: Vec::new(),
            steady_samples: 0,
            process_time: Duration::ZERO,
        };
        clap.start(settings)?;
        Ok(clap)
    }

    /// The value that the plugin reads from a text such as "Continue" or "2 beats".
    ///
    /// # Errors
    /// For an unknown parameter, or a text that the plugin does not understand.
    pub fn read_text(&mut self, name: &str, text: &str) -> Result<f64> {
        let id = self.parameters.iter().find(|p| p.name.eq_ignore_ascii_case(name)).map(|p| p.id);
        let id = id.and_then(ClapId::from_raw).with_context(|| format!("the plugin has no parameter \"{name}\""))?;
        let handle = self.instance.plugin_handle();
        let params: PluginParams = handle.get_extension().context("the plugin has no parameters")?;
        params
            .text_to_value(&handle, id, &CString::new(text)?)
            .with_context(|| format!("\"{text}\" is no value of {name}"))
    }

    /// Runs one block with events exactly as given, for tests of malformed input. What the plugin sent is returned as
    /// (sample, message) in the order it was sent.
    ///
    /// # Errors
    /// When the plugin reports a failure.
    pub fn process_raw(
        &mut self,
        frames: u32,
        transport: Option<&TransportEvent>,
        input: &EventBuffer,
    ) -> Result<Vec<(u32, Message)>> {
        self.output.clear();
        for channel in self.audio.iter_mut().flatten() {
            channel.resize(frames as usize, 0.0);
        }
        let outputs = self.audio.iter_mut().map(|port| AudioPortBuffer {
            latency: 0,
            channels: AudioPortBufferType::f32_output_only(port.iter_mut().map(Vec::as_mut_slice)),
        });
        let mut outputs = self.ports.with_output_buffers(outputs);
        // SAFETY: there are no buffers to be shorter than `frames`; this only carries the length of the block, which a
        // host without audio inputs has no other way to give.
        #[expect(unsafe_code, reason = "the only constructor that takes a length")]
        let inputs = unsafe { InputAudioBuffers::from_raw_buffers(&[], frames) };
        let processor = self.processor.as_mut().context("the plugin is not running")?;
        let mut room = Room { buffer: &mut self.output, n_left: self.room };
        let begun = Instant::now();
        #[cfg(feature = "rtsan")]
        let audio_thread = rtsan_standalone::ScopedSanitizeRealtime::default();
        let outcome = processor.process(
            &inputs,
            &mut outputs,
            &input.as_input(),
            &mut OutputEvents::from_buffer(&mut room),
            Some(self.steady_samples),
            transport,
        );
        #[cfg(feature = "rtsan")]
        drop(audio_thread);
        self.process_time = begun.elapsed();
        outcome.map_err(|e| anyhow!("the plugin failed in process: {e}"))?;
        self.steady_samples += u64::from(frames);
        self.run_callbacks();
        self.notes.extend(self.output.iter().filter_map(read_note));
        Ok(self.output.iter().filter_map(read_event).collect())
    }

    /// What the plugin's own `process` took in the latest block.
    #[must_use]
    pub fn process_time(&self) -> Duration {
        self.process_time
    }

    /// How long the plugin would sound on without input, in samples; `None` is for ever.
    ///
    /// # Errors
    /// When the plugin does not say, or is not running.
    pub fn tail_samples(&mut self) -> Result<Option<u32>> {
        let handle = self.processor.as_mut().context("the plugin is not running")?.plugin_handle();
        let tail: PluginTail = handle.get_extension().context("the plugin has no tail")?;
        Ok(match tail.get(&handle) {
            TailLength::Finite(samples) => Some(samples),
            TailLength::Infinite => None,
        })
    }

    /// Clears the plugin's playing state, as hosts do on a panic button.
    pub fn reset(&mut self) {
        if let Some(processor) = &mut self.processor {
            processor.reset();
        }
    }

    fn start(&mut self, settings: Settings) -> Result<()> {
        let handle = self.instance.plugin_handle();
        if let Some(render) = handle.get_extension::<PluginRender>() {
            let mode = if settings.is_offline { RenderMode::Offline } else { RenderMode::Realtime };
            render.set(&handle, mode)?;
        }
        let configuration = PluginAudioConfiguration {
            sample_rate: settings.sample_rate,
            min_frames_count: 1,
            max_frames_count: settings.max_block,
        };
        let stopped =
            self.instance.activate(|_, _| (), configuration).map_err(|e| anyhow!("the plugin does not start: {e}"))?;
        let started = stopped.start_processing();
        self.processor = Some(started.map_err(|e| anyhow!("the plugin does not start processing: {e}"))?);
        self.run_callbacks();
        Ok(())
    }

    fn run_callbacks(&mut self) {
        if self.instance.access_shared_handler(|shared| shared.wants_callback.swap(false, Ordering::AcqRel)) {
            self.instance.call_on_main_thread_callback();
        }
    }

    fn stop(&mut self) {
        if let Some(processor) = self.processor.take() {
            self.instance.deactivate(processor.stop_processing());
        }
    }
}

impl Drop for Clap {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Instance for Clap {
    fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    fn value(&mut self, id: u32) -> Result<f64> {
        let handle = self.instance.plugin_handle();
        let params: PluginParams = handle.get_extension().context("the plugin has no parameters")?;
        let id = ClapId::from_raw(id).context("no parameter has that id")?;
        params.get_value(&handle, id).context("the plugin does not know that parameter")
    }

    fn value_text(&mut self, id: u32, value: f64) -> Result<String> {
        let handle = self.instance.plugin_handle();
        let params: PluginParams = handle.get_extension().context("the plugin has no parameters")?;
        let id = ClapId::from_raw(id).context("no parameter has that id")?;
        let mut buffer = [0; 256];
        let text = params.value_to_text(&handle, id, value, &mut buffer);
        Ok(String::from_utf8_lossy(text.map_err(|_| anyhow!("the plugin cannot write that value"))?).into_owned())
    }

    fn process(
        &mut self,
        frames: u32,
        transport: &Transport,
        input: &[(u32, Message)],
        output: &mut Vec<(u32, Message)>,
    ) -> Result<()> {
        let mut buffer = std::mem::take(&mut self.input);
        buffer.clear();
        for &(offset, message) in input {
            push_event(&mut buffer, offset, message);
        }
        let heard = self.process_raw(frames, Some(&transport_event(transport)), &buffer);
        self.input = buffer;
        output.extend(heard?);
        Ok(())
    }

    fn sound(&self) -> Option<[&[f32]; 2]> {
        let [left, right] = self.audio.first()?.get(..2)? else { return None };
        Some([left, right])
    }

    fn take_notes(&mut self) -> Vec<NoteEvent> {
        std::mem::take(&mut self.notes)
    }

    fn restart(&mut self, settings: Settings) -> Result<()> {
        self.stop();
        self.start(settings)
    }

    fn save(&mut self) -> Result<Vec<u8>> {
        let handle = self.instance.plugin_handle();
        let state: PluginState = handle.get_extension().context("the plugin keeps no state")?;
        let mut bytes = Vec::new();
        state.save(&handle, &mut bytes)?;
        Ok(bytes)
    }

    fn load(&mut self, mut bytes: &[u8]) -> Result<()> {
        let handle = self.instance.plugin_handle();
        let state: PluginState = handle.get_extension().context("the plugin keeps no state")?;
        let loaded = state.load(&handle, &mut bytes);
        self.run_callbacks();
        Ok(loaded?)
    }
}

fn read_parameters(instance: &mut PluginInstance<Handlers>) -> Vec<Parameter> {
    let handle = instance.plugin_handle();
    let Some(params) = handle.get_extension::<PluginParams>() else { return Vec::new() };
    (0..params.count(&handle))
        .filter_map(|index| {
            let mut buffer = ParamInfoBuffer::new();
            params.get_info(&handle, index, &mut buffer).map(|info| Parameter {
                id: info.id.get(),
                name: String::from_utf8_lossy(info.name).into_owned(),
                range: info.min_value..=info.max_value,
                default: info.default_value,
            })
        })
        .collect()
}

/// Empty buffers of the right shape for the plugin's audio outputs.
fn read_output_ports(instance: &mut PluginInstance<Handlers>) -> Vec<Vec<Vec<f32>>> {
    let handle = instance.plugin_handle();
    let Some(ports) = handle.get_extension::<PluginAudioPorts>() else { return Vec::new() };
    (0..ports.count(&handle, false))
        .filter_map(|index| {
            let mut buffer = AudioPortInfoBuffer::new();
            ports.get(&handle, index, false, &mut buffer).map(|info| vec![Vec::new(); info.channel_count as usize])
        })
        .collect()
}
