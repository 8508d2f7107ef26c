//! The host itself: a clock, a transport, events in, events out.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::{Event, Instance, Message, Parameter, Settings, Transport};

/// Keeps rounding errors from moving the end of a loop that falls exactly on a sample.
const GUARD: f64 = 1e-4;

/// How the rig's clock relates to the wall's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// As fast as the plugin allows: for offline renders, and for tests in which nothing is generated.
    Unpaced,
    /// This many seconds of music each second; 1 is a live performance. A plugin that thinks on its own thread needs
    /// the time.
    RealTime(f64),
}

/// A host with one plugin.
pub struct Rig<I: Instance> {
    /// The plugin.
    pub plugin: I,
    /// Length of the blocks, in samples; may change at any time up to the settings' longest.
    pub block: u32,
    /// Whether a block ends where the song's loop does, as in most hosts. Else the plugin is told of the jump with the next block.
    pub splits_at_loop_end: bool,
    /// Whether the plugin is told where the loop is, in a format whose instances can.
    pub tells_loop: bool,
    /// All that the plugin sent so far, in the order it sent it.
    pub heard: Vec<Event>,
    /// All samples that the plugin put out, left and right, if they are kept.
    pub sound: Option<[Vec<f32>; 2]>,
    /// What each call of `process` took.
    pub process_times: Vec<Duration>,
    settings: Settings,
    pace: Pace,
    /// Clock: samples since the start of the session.
    now_samples: u64,
    /// Wall time at which sample zero was due.
    started: Instant,
    transport: Transport,
    /// The clock when `transport` was true.
    transport_at_samples: u64,
    /// Events to come, in order of time.
    queue: Vec<Event>,
    output: Vec<(u32, Message)>,
}

impl<I: Instance> Rig<I> {
    /// A stopped host around a plugin that was started with the same settings.
    pub fn new(plugin: I, settings: Settings, pace: Pace) -> Self {
        Self {
            plugin,
            block: settings.max_block,
            splits_at_loop_end: true,
            tells_loop: true,
            heard: Vec::new(),
            sound: None,
            process_times: Vec::new(),
            settings,
            pace,
            now_samples: 0,
            started: Instant::now(),
            transport: Transport::default(),
            transport_at_samples: 0,
            queue: Vec::new(),
            output: Vec::with_capacity(4096),
        }
    }

    /// The clock, in samples since the start of the session.
    pub fn now(&self) -> u64 {
        self.now_samples
    }

    /// What the plugin was started with.
    pub fn settings(&self) -> Settings {
        self.settings
    }

    /// Seconds as samples, rounded.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates; a test lasts minutes")]
    pub fn samples(&self, seconds: f64) -> u64 {
        (seconds * self.settings.sample_rate).round() as u64
    }

    /// The transport at the clock's present.
    pub fn transport(&self) -> Transport {
        let mut transport = self.transport;
        if transport.is_playing {
            transport.beats += self.beats(self.now_samples - self.transport_at_samples);
        }
        transport
    }

    /// Starts, stops, seeks, or changes tempo or metre, from the next block on.
    pub fn set_transport(&mut self, transport: Transport) {
        self.transport = transport;
        self.transport_at_samples = self.now_samples;
    }

    /// Queues a message for an absolute sample; one in the past goes into the next block.
    pub fn send(&mut self, at_samples: u64, message: Message) {
        let place = self.queue.partition_point(|queued| queued.at_samples <= at_samples);
        self.queue.insert(place, Event { at_samples, message });
    }

    /// Queues a whole note.
    pub fn send_note(&mut self, at_samples: u64, length_samples: u64, key: u8, velocity: u8) {
        self.send(at_samples, Message::NoteOn { channel: 0, key, velocity });
        self.send(at_samples + length_samples, Message::NoteOff { channel: 0, key });
    }

    /// The parameter of that name.
    ///
    /// # Errors
    /// Lists the names there are.
    pub fn parameter(&self, name: &str) -> Result<Parameter> {
        let all = self.plugin.parameters();
        all.iter().find(|p| p.name.eq_ignore_ascii_case(name)).cloned().with_context(|| {
            let names: Vec<_> = all.iter().map(|p| p.name.as_str()).collect();
            format!("the plugin has no parameter \"{name}\"; it has {}", names.join(", "))
        })
    }

    /// Sets a parameter from the next block on, in the host's units.
    ///
    /// # Errors
    /// For an unknown name.
    pub fn set(&mut self, name: &str, value: f64) -> Result<()> {
        let id = self.parameter(name)?.id;
        self.send(self.now_samples, Message::Parameter { id, value });
        Ok(())
    }

    /// Runs for that many samples.
    ///
    /// # Errors
    /// When the plugin fails, or sends events out of order or beyond its block.
    pub fn run(&mut self, samples: u64) -> Result<()> {
        let end = self.now_samples + samples;
        while self.now_samples < end {
            let left = u32::try_from(end - self.now_samples).unwrap_or(u32::MAX);
            self.run_block(left.min(self.block).min(self.until_loop_end()))?;
        }
        Ok(())
    }

    /// Runs until `done` says so, or for that many samples. Returns whether it was done.
    ///
    /// # Errors
    /// As [`Rig::run`].
    pub fn run_until(&mut self, samples: u64, mut done: impl FnMut(&Self) -> bool) -> Result<bool> {
        let end = self.now_samples + samples;
        while self.now_samples < end {
            let left = u32::try_from(end - self.now_samples).unwrap_or(u32::MAX);
            self.run_block(left.min(self.block).min(self.until_loop_end()))?;
            if done(self) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Changes the device's settings under the plugin; the clock goes on.
    ///
    /// # Errors
    /// When the plugin refuses.
    pub fn restart(&mut self, settings: Settings) -> Result<()> {
        self.set_transport(self.transport());
        self.plugin.restart(settings)?;
        self.settings = settings;
        self.block = settings.max_block;
        self.started = Instant::now() - self.wall(self.now_samples);
        Ok(())
    }

    fn run_block(&mut self, frames: u32) -> Result<()> {
        let end = self.now_samples + u64::from(frames);
        let due = self.queue.partition_point(|event| event.at_samples < end);
        let now = self.now_samples;
        let input: Vec<(u32, Message)> = self
            .queue
            .drain(..due)
            .map(|event| (u32::try_from(event.at_samples.saturating_sub(now)).unwrap_or(0), event.message))
            .collect();
        let mut transport = self.transport();
        transport.loop_beats = transport.loop_beats.filter(|_| self.tells_loop);

        self.output.clear();
        let begun = Instant::now();
        self.plugin.process(frames, &transport, &input, &mut self.output)?;
        self.process_times.push(begun.elapsed());
        if let (Some(kept), Some(sound)) = (&mut self.sound, self.plugin.sound()) {
            for (kept, sound) in kept.iter_mut().zip(sound) {
                kept.extend(sound);
            }
        }

        let mut last = 0;
        for &(offset, message) in &self.output {
            ensure!(offset < frames, "the plugin sent {message:?} at sample {offset} of a block of {frames}");
            ensure!(offset >= last, "the plugin sent {message:?} at sample {offset}, after one at {last}");
            last = offset;
            self.heard.push(Event { at_samples: now + u64::from(offset), message });
        }
        self.now_samples = end;
        self.wrap_loop();
        if let Pace::RealTime(_) = self.pace {
            std::thread::sleep((self.started + self.wall(end)).saturating_duration_since(Instant::now()));
        }
        Ok(())
    }

    /// Wall time that so many samples take.
    #[expect(clippy::cast_precision_loss, reason = "a session is far shorter than 2^52 samples")]
    fn wall(&self, samples: u64) -> Duration {
        let Pace::RealTime(speed) = self.pace else { return Duration::ZERO };
        Duration::from_secs_f64(samples as f64 / self.settings.sample_rate / speed)
    }

    #[expect(clippy::cast_precision_loss, reason = "a session is far shorter than 2^52 samples")]
    fn beats(&self, samples: u64) -> f64 {
        samples as f64 / self.settings.sample_rate * self.transport.tempo / 60.0
    }

    /// Samples until the loop jumps back, at least 1: hosts end a block there.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, which is what is meant")]
    fn until_loop_end(&self) -> u32 {
        let transport = self.transport();
        match transport.loop_beats {
            Some((start, end)) if self.splits_at_loop_end && transport.is_playing && end > start => {
                let seconds = (end - transport.beats) * 60.0 / transport.tempo;
                ((seconds * self.settings.sample_rate - GUARD).ceil() as u32).max(1)
            }
            _ => u32::MAX,
        }
    }

    fn wrap_loop(&mut self) {
        let transport = self.transport();
        if let Some((start, end)) = transport.loop_beats
            && transport.is_playing
            && end > start
            && transport.beats >= end - GUARD / self.settings.sample_rate * transport.tempo / 60.0
        {
            self.set_transport(Transport { beats: start + (transport.beats - end) % (end - start), ..transport });
        }
    }
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    /// Sends back what it gets, and notes where the song was.
    #[derive(Default)]
    struct Echo {
        blocks: Vec<(u32, f64)>,
        shift: u32,
    }

    impl Instance for Echo {
        fn parameters(&self) -> &[Parameter] {
            &[]
        }
        fn value(&mut self, _: u32) -> Result<f64> {
            bail!("none")
        }
        fn value_text(&mut self, _: u32, _: f64) -> Result<String> {
            bail!("none")
        }
        fn process(
            &mut self,
            frames: u32,
            transport: &Transport,
            input: &[(u32, Message)],
            output: &mut Vec<(u32, Message)>,
        ) -> Result<()> {
            self.blocks.push((frames, transport.beats));
            output.extend(input.iter().map(|&(offset, message)| (offset + self.shift, message)));
            Ok(())
        }
        fn sound(&self) -> Option<[&[f32]; 2]> {
            None
        }
        fn take_notes(&mut self) -> Vec<crate::NoteEvent> {
            Vec::new()
        }
        fn restart(&mut self, _: Settings) -> Result<()> {
            Ok(())
        }
        fn save(&mut self) -> Result<Vec<u8>> {
            bail!("none")
        }
        fn load(&mut self, _: &[u8]) -> Result<()> {
            bail!("none")
        }
    }

    fn rig(block: u32) -> Rig<Echo> {
        let settings = Settings { sample_rate: 1000.0, max_block: block, is_offline: true };
        Rig::new(Echo::default(), settings, Pace::Unpaced)
    }

    #[test]
    fn events_keep_their_samples_at_any_block_size() {
        for block in [1, 7, 100, 1000] {
            let mut rig = rig(block);
            rig.send_note(150, 333, 60, 90);
            rig.send_note(0, 1, 61, 90);
            rig.run(1000).unwrap();
            let times: Vec<u64> = rig.heard.iter().map(|event| event.at_samples).collect();
            assert_eq!(times, [0, 1, 150, 483], "blocks of {block}");
        }
    }

    #[test]
    fn a_block_ends_where_the_loop_does() {
        // At 60 BPM and 1000 Hz, a beat is 1000 samples.
        let mut rig = rig(600);
        rig.set_transport(Transport { loop_beats: Some((1.0, 2.0)), ..Transport::rolling(60.0) });
        rig.run(3300).unwrap();
        let expected = [(600, 0.0), (600, 0.6), (600, 1.2), (200, 1.8), (600, 1.0), (400, 1.6), (300, 1.0)];
        assert_eq!(rig.plugin.blocks.len(), expected.len());
        for ((frames, beats), (expected_frames, expected_beats)) in rig.plugin.blocks.iter().zip(expected) {
            assert_eq!(*frames, expected_frames);
            assert!((beats - expected_beats).abs() < 1e-9, "{beats} is not {expected_beats}");
        }
    }

    #[test]
    fn a_host_may_tell_late_that_it_has_looped() {
        let mut rig = rig(600);
        rig.splits_at_loop_end = false;
        rig.set_transport(Transport { loop_beats: Some((1.0, 2.0)), ..Transport::rolling(60.0) });
        rig.run(3000).unwrap();
        let beats: Vec<f64> = rig.plugin.blocks.iter().map(|block| (block.1 * 10.0).round() / 10.0).collect();
        assert_eq!(beats, [0.0, 0.6, 1.2, 1.8, 1.4]);
    }

    #[test]
    fn a_plugin_that_sends_beyond_its_block_is_caught() {
        let mut rig = rig(100);
        rig.plugin.shift = 60;
        rig.send_note(30, 20, 60, 90);
        assert!(rig.run(100).is_err());
    }
}
