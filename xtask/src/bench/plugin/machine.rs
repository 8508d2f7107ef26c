//! The machine, as far as it is not the plugin's doing: the priority of this thread, and what holds any thread up.

use std::time::{Duration, Instant};

use super::music::LIVE;

/// From now on, this thread runs as hosts run their audio threads: before all else, where the system allows that. One that
/// refuses it refuses the plugin's worker too.
pub(super) fn become_audio_thread() {
    #[cfg(target_os = "linux")]
    println!(
        "{}",
        if is_raised() {
            "The audio thread has the real-time priority that hosts give it."
        } else {
            "The system allows no real-time priority: what follows is slower than in a host that has it."
        }
    );
}

#[cfg(target_os = "linux")]
fn is_raised() -> bool {
    use thread_priority::RealtimeThreadSchedulePolicy::Fifo;
    use thread_priority::{ThreadPriority, ThreadSchedulePolicy, set_thread_priority_and_policy, thread_native_id};
    let priority = 20u8.try_into().map_or(ThreadPriority::Max, ThreadPriority::Crossplatform);
    set_thread_priority_and_policy(thread_native_id(), priority, ThreadSchedulePolicy::Realtime(Fifo)).is_ok()
}

/// Does this as hosts do on their main thread, and goes on as an audio thread: threads that the plugin starts meanwhile find
/// no priority to inherit.
pub(super) fn as_main_thread<T>(work: impl FnOnce() -> T) -> T {
    #[cfg(target_os = "linux")]
    {
        use thread_priority::NormalThreadSchedulePolicy::Other;
        use thread_priority::{ThreadPriority, ThreadSchedulePolicy, set_thread_priority_and_policy, thread_native_id};
        // A nice value of 0.
        let priority = 48u8.try_into().map_or(ThreadPriority::Min, ThreadPriority::Crossplatform);
        // Nobody can be refused less.
        let _ = set_thread_priority_and_policy(thread_native_id(), priority, ThreadSchedulePolicy::Normal(Other));
    }
    let result = work();
    #[cfg(target_os = "linux")]
    is_raised();
    result
}

/// What a loop takes that only reads the clock, for `busy`, as often as a block comes: what it takes longer is the machine's
/// own, such as interrupts and the pauses of a virtual one.
pub(super) fn only_read_the_clock(n_blocks: usize, busy: Duration) -> Vec<f64> {
    let block = Duration::from_secs_f64(f64::from(LIVE.max_block) / LIVE.sample_rate);
    let started = Instant::now();
    let wait_and_read = |end: Duration| {
        std::thread::sleep((started + end).saturating_duration_since(Instant::now()));
        let begun = Instant::now();
        while begun.elapsed() < busy {}
        begun.elapsed().as_secs_f64() * 1e6
    };
    (1..).map(|i| wait_and_read(block * i)).take(n_blocks).collect()
}

/// How often in a second a thread that only reads the clock is held up for 10 us or more: by the timer of the system, by
/// interrupts, by the host of a virtual machine. No program can be free of that.
pub(super) fn interruptions_per_second() -> f64 {
    const LONG: Duration = Duration::from_micros(10);
    const RUN: Duration = Duration::from_millis(250);
    const N_RUNS: u32 = 8;
    let mut n_long = 0u32;
    for _ in 0..N_RUNS {
        // Linux stops real-time threads that never rest.
        std::thread::sleep(RUN / 4);
        let begun = Instant::now();
        let mut last = begun;
        while last - begun < RUN {
            let now = Instant::now();
            n_long += u32::from(now - last >= LONG);
            last = now;
        }
    }
    f64::from(n_long) / (f64::from(N_RUNS) * RUN.as_secs_f64())
}
