//! Keys and pedals of the player.

use engine::note::Note;

use super::Planner;
use super::heard::Heard;
use super::hearing::Strike;

impl Planner {
    /// A key goes down.
    pub(super) fn key_down(&mut self, strike: Strike, channel: u8, number: u32, style: u8) {
        let pace = self.pace();
        let (played, velocity) = self.hearing.strike(strike);
        let note =
            Note { onset_ticks: pace.score_ticks(self.now_ticks), duration_ticks: 1, pitch: strike.pitch, velocity };
        self.heard.push(Heard {
            struck_ticks: self.now_ticks,
            played: Some(played),
            is_settled: false,
            channel,
            strike: number,
            is_key_down: true,
            ..Heard::over(note, style)
        });
    }

    /// A key goes up, at a part of a tick.
    pub(super) fn key_up(&mut self, strike: u32, off_parts: i64) {
        let (pace, now) = (self.pace(), self.now_ticks);
        let is_meant = |heard: &&mut Heard| heard.is_key_down && heard.strike == strike;
        if let Some(heard) = self.heard.iter_mut().find(is_meant) {
            let is_pedalled = self.pedals & 1 << (heard.channel & 15) != 0;
            let note = if is_pedalled { heard.note } else { heard.ended(now, &pace) };
            *heard = Heard { note, is_key_down: false, is_pedalled, ..*heard };
            if let Some(played) = &mut heard.played {
                self.hearing.release(played, off_parts);
            }
        }
    }

    /// A pedal moves.
    pub(super) fn pedal(&mut self, channel: u8, is_down: bool) {
        let bit = 1 << (channel & 15);
        self.pedals = if is_down { self.pedals | bit } else { self.pedals & !bit };
        if !is_down {
            self.release(channel, |heard| !heard.is_key_down);
        }
    }

    /// Ends notes of a channel that still sound.
    pub(super) fn release(&mut self, channel: u8, is_released: impl Fn(&Heard) -> bool) {
        let (pace, now) = (self.pace(), self.now_ticks);
        for heard in &mut self.heard {
            if heard.is_open() && heard.channel == channel && is_released(heard) {
                *heard = Heard { note: heard.ended(now, &pace), is_key_down: false, is_pedalled: false, ..*heard };
            }
        }
    }
}
