//! A VST3 plugin, loaded from a bundle.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;
use vst3_host::midi::PluginEventData;
use vst3_host::{BusAudioBuffers, MidiEvent, Plugin, PluginEvent, ProcessMode, TransportPosition, Vst3Host};

use crate::layout::System;
use crate::{Instance, Message, NoteEvent, Parameter, Settings, Transport};

/// The bundle that `ANTIPHON_VST3` names. Else puts the library of package `name`, as Cargo built it for the running test, into
/// a VST3 bundle, which lasts as long as the returned folder.
///
/// # Errors
/// When Cargo has built no such library, or the folder cannot be written.
pub fn bundle(name: &str) -> Result<(Option<TempDir>, PathBuf)> {
    if let Some(named) = std::env::var_os("ANTIPHON_VST3") {
        return Ok((None, named.into()));
    }
    let system = System::here();
    let file = system.library(name);
    let test = std::env::current_exe()?;
    let library = test.ancestors().skip(1).take(2).map(|folder| folder.join(&file)).find(|path| path.is_file());
    let library = library.with_context(|| format!("there is no {file} beside {}", test.display()))?;

    let folder = tempfile::tempdir()?;
    let bundle = folder.path().join(format!("{name}.vst3"));
    let binary = folder.path().join(system.vst3(name, std::env::consts::ARCH));
    std::fs::create_dir_all(binary.parent().context("a path with a parent")?)?;
    std::fs::copy(library, binary)?;
    Ok((Some(folder), bundle))
}

/// A running VST3 plugin: the first audio class of its bundle.
pub struct Vst3 {
    plugin: Plugin,
    parameters: Vec<Parameter>,
    audio: BusAudioBuffers,
    /// Sent, and not yet taken by the test.
    notes: Vec<NoteEvent>,
    clock_samples: i64,
    /// What the editor is in; closed after it, and before its window.
    #[cfg(windows)]
    window: Option<crate::HostWindow>,
}

impl Vst3 {
    /// Makes and starts an instance.
    ///
    /// # Errors
    /// Says which step the plugin refused.
    pub fn new(bundle: &Path, settings: Settings) -> Result<Self> {
        let block = settings.max_block as usize;
        let mut host = Vst3Host::builder().sample_rate(settings.sample_rate).block_size(block).build()?;
        let mut plugin = host.load_plugin(bundle)?;
        let parameters = plugin
            .get_parameters()?
            .into_iter()
            .map(|p| Parameter { id: p.id, name: p.name, range: p.min..=p.max, default: p.default })
            .collect();
        plugin.set_process_mode(mode(settings))?;
        plugin.start_processing()?;
        let audio = plugin.create_bus_audio_buffers(block)?;
        Ok(Self {
            plugin,
            parameters,
            audio,
            notes: Vec::new(),
            clock_samples: 0,
            #[cfg(windows)]
            window: None,
        })
    }

    /// Opens the plugin's window inside an X11 window.
    ///
    /// # Errors
    /// When there is no such window, or no display.
    #[cfg(target_os = "linux")]
    pub fn open_editor(&mut self, parent: u32) -> Result<()> {
        Ok(self.plugin.open_editor(vst3_host::WindowHandle::from_x11(parent))?)
    }

    /// Opens the plugin's window inside one of the host's.
    ///
    /// # Errors
    /// When the plugin refuses.
    #[cfg(windows)]
    pub fn open_editor(&mut self, window: crate::HostWindow) -> Result<&crate::HostWindow> {
        // SAFETY: the window is kept until the editor is closed.
        #[expect(unsafe_code, reason = "a window is a plain pointer to the plugin")]
        let handle = unsafe { vst3_host::WindowHandle::from_hwnd(window.handle()) };
        self.plugin.open_editor(handle)?;
        Ok(self.window.insert(window))
    }

    /// Closes the plugin's window, and then the host's around it.
    ///
    /// # Errors
    /// When the plugin refuses.
    #[cfg(windows)]
    pub fn close_editor(&mut self) -> Result<()> {
        self.plugin.close_editor()?;
        self.window = None;
        Ok(())
    }

    /// The window around the plugin's, if it is open.
    #[cfg(windows)]
    #[must_use]
    pub fn window(&self) -> Option<&crate::HostWindow> {
        self.window.as_ref()
    }

    fn send(&mut self, offset: i32, message: Message) -> Result<()> {
        let note = |data| PluginEvent { bus_index: 0, sample_offset: offset, ppq_position: 0.0, flags: 0, data };
        match message {
            Message::NoteOn { channel, key, velocity } => {
                self.plugin.send_plugin_event(note(PluginEventData::NoteOn {
                    channel: i16::from(channel),
                    pitch: i16::from(key),
                    tuning: 0.0,
                    velocity: f32::from(velocity) / 127.0,
                    length: 0,
                    note_id: -1,
                }))?
            }
            Message::NoteOff { channel, key } => self.plugin.send_plugin_event(note(PluginEventData::NoteOff {
                channel: i16::from(channel),
                pitch: i16::from(key),
                velocity: 0.0,
                note_id: -1,
                tuning: 0.0,
            }))?,
            Message::Note(NoteEvent { is_on, channel, key, id, velocity }) => {
                let number = |byte: Option<u8>| byte.map_or(-1, i16::from);
                let (channel, pitch, note_id, tuning) = (number(channel), number(key), id.unwrap_or(-1), 0.0);
                self.plugin.send_plugin_event(note(match is_on {
                    true => PluginEventData::NoteOn { channel, pitch, tuning, velocity, length: 0, note_id },
                    false => PluginEventData::NoteOff { channel, pitch, velocity, note_id, tuning },
                }))?;
            }
            Message::Midi(data) => {
                let event = MidiEvent::from_midi_bytes(&data).context("no MIDI message")?;
                self.plugin.send_midi_event_at(event, offset)?;
            }
            Message::Parameter { id, value } => self.plugin.set_parameter_at(id, value, offset)?,
        }
        Ok(())
    }
}

impl Instance for Vst3 {
    fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    fn value(&mut self, id: u32) -> Result<f64> {
        Ok(self.plugin.get_parameter(id)?)
    }

    fn value_text(&mut self, id: u32, value: f64) -> Result<String> {
        Ok(self.plugin.format_parameter(id, value)?)
    }

    fn process(
        &mut self,
        frames: u32,
        transport: &Transport,
        input: &[(u32, Message)],
        output: &mut Vec<(u32, Message)>,
    ) -> Result<()> {
        for &(offset, message) in input {
            self.send(i32::try_from(offset)?, message)?;
        }
        let (numerator, denominator) = transport.signature;
        self.plugin.set_tempo(transport.tempo)?;
        self.plugin.set_time_signature(i32::from(numerator), i32::from(denominator))?;
        self.plugin.set_playing(transport.is_playing)?;
        let position = TransportPosition { samples: self.clock_samples, quarter_notes: transport.beats };
        self.plugin.set_transport_position(position)?;
        for channel in self.audio.outputs.iter_mut().flat_map(|bus| &mut bus.channels) {
            channel.resize(frames as usize, 0.0);
        }
        self.plugin.process_bus_audio(&mut self.audio)?;
        self.clock_samples += i64::from(frames);
        for event in self.plugin.take_output_events() {
            output.push((u32::try_from(event.sample_offset)?, read_event(&event)?));
            self.notes.extend(read_note(&event));
        }
        Ok(())
    }

    fn sound(&self) -> Option<[&[f32]; 2]> {
        let [left, right] = self.audio.outputs.first()?.channels.get(..2)? else { return None };
        Some([left, right])
    }

    fn take_notes(&mut self) -> Vec<NoteEvent> {
        std::mem::take(&mut self.notes)
    }

    fn restart(&mut self, settings: Settings) -> Result<()> {
        self.plugin.stop_processing()?;
        self.plugin.reconfigure(settings.sample_rate, settings.max_block as usize)?;
        self.plugin.set_process_mode(mode(settings))?;
        self.plugin.start_processing()?;
        self.audio = self.plugin.create_bus_audio_buffers(settings.max_block as usize)?;
        Ok(())
    }

    fn save(&mut self) -> Result<Vec<u8>> {
        Ok(self.plugin.save_state()?)
    }

    fn load(&mut self, state: &[u8]) -> Result<()> {
        Ok(self.plugin.load_state(state)?)
    }
}

fn mode(settings: Settings) -> ProcessMode {
    if settings.is_offline { ProcessMode::Offline } else { ProcessMode::Realtime }
}

fn read_event(event: &PluginEvent) -> Result<Message> {
    Ok(match event.data {
        PluginEventData::NoteOn { channel, pitch, velocity, .. } => Message::NoteOn {
            channel: u8::try_from(channel)?,
            key: u8::try_from(pitch)?,
            velocity: seven_bits(velocity),
        },
        PluginEventData::NoteOff { channel, pitch, .. } => {
            Message::NoteOff { channel: u8::try_from(channel)?, key: u8::try_from(pitch)? }
        }
        PluginEventData::PolyPressure { channel, pitch, pressure, .. } => {
            Message::Midi([0xA0 | u8::try_from(channel)?, u8::try_from(pitch)?, seven_bits(pressure)])
        }
        // Numbers above those of MIDI's controllers are for its other messages.
        PluginEventData::LegacyMidiCcOut { control_number, channel, value, value2 } => {
            let channel = u8::try_from(channel)?;
            Message::Midi(match control_number {
                0..128 => [0xB0 | channel, control_number, value],
                128 => [0xD0 | channel, value, 0],
                129 => [0xE0 | channel, value, value2],
                other => bail!("the plugin sent the legacy event {other}, which it has no reason to"),
            })
        }
        ref other => bail!("the plugin sent {other:?}, which it has no reason to"),
    })
}

/// A note-on or note-off with all that it says.
fn read_note(event: &PluginEvent) -> Option<NoteEvent> {
    let (is_on, channel, pitch, note_id, velocity) = match event.data {
        PluginEventData::NoteOn { channel, pitch, note_id, velocity, .. } => (true, channel, pitch, note_id, velocity),
        PluginEventData::NoteOff { channel, pitch, note_id, velocity, .. } => {
            (false, channel, pitch, note_id, velocity)
        }
        _ => return None,
    };
    let byte = |number: i16| u8::try_from(number).ok();
    Some(NoteEvent { is_on, channel: byte(channel), key: byte(pitch), id: (note_id >= 0).then_some(note_id), velocity })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1 in, 0 to 127 out")]
fn seven_bits(value: f32) -> u8 {
    (value.clamp(0.0, 1.0) * 127.0).round() as u8
}
