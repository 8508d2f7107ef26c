//! The worker: one thread per instance, which does all that takes time. It asks for work every millisecond, so that the
//! audio thread never has to wake it, and ends when the audio thread's end of the link is gone.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use engine::Weights;
use live::{FromWorker, Handover, Listener, Planner, SessionHandover, ToWorker, WeightsSource};
use thread_priority::ThreadPriority;

use crate::link::WorkerSide;
use crate::models::ActiveModel;
use crate::models::built_in;
use crate::song_memory::SharedSongMemory;
use crate::status::{Engine, Priority, Status};

const POLL: Duration = Duration::from_millis(1);

impl Listener for WorkerSide {
    fn offer(&mut self, message: FromWorker) -> bool {
        WorkerSide::offer(self, message)
    }

    fn peek(&self) -> Option<ToWorker> {
        WorkerSide::peek(self)
    }

    fn wall_clock(&self) -> Duration {
        WorkerSide::wall_clock(self)
    }
}

/// The file that the song plays with.
struct SongWeights(Arc<ActiveModel>);

impl WeightsSource for SongWeights {
    fn n_ready(&self) -> u32 {
        self.0.n_ready()
    }

    fn weights(&self) -> Option<Arc<Weights>> {
        self.0.weights()
    }

    fn wait(&self) {
        self.0.wait();
    }
}

/// Starts the worker.
///
/// # Errors
/// If the system has no thread to spare.
pub(crate) fn spawn(
    side: WorkerSide,
    status: Arc<Status>,
    memory: Arc<SharedSongMemory>,
    model: Arc<ActiveModel>,
) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name("antiphon-worker".into()).spawn(move || run(side, &status, &memory, model))
}

/// Asks the system to run this thread before other programs, but never before the host's audio threads: on a busy
/// machine, a step of the network takes many times as long otherwise. A refusal is normal.
///
/// On Windows, hosts have their audio threads run by the Multimedia Class Scheduler Service, with priorities from 16 on; the
/// highest in a program's own class is 10, or 15 in a program that raised its class: always below.
fn raise_priority() -> Priority {
    #[cfg(target_os = "linux")]
    {
        use thread_priority::{
            RealtimeThreadSchedulePolicy, ThreadSchedulePolicy, set_thread_priority_and_policy, thread_native_id,
        };
        let policy = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::RoundRobin);
        if set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, policy).is_ok() {
            return Priority::RealTime;
        }
    }
    #[cfg(windows)]
    let wanted = ThreadPriority::Os(thread_priority::WinAPIThreadPriority::Highest.into());
    #[cfg(not(windows))]
    let wanted = ThreadPriority::Max;
    if wanted.set_for_current().is_ok() { Priority::Raised } else { Priority::Normal }
}

fn run(mut side: WorkerSide, status: &Status, memory: &SharedSongMemory, model: Arc<ActiveModel>) {
    status.set_priority(raise_priority());
    let weights = match catch_unwind(built_in::load) {
        Ok(Ok(weights)) => Some(weights),
        Ok(Err(why)) => {
            status.set_engine(Engine::NoWeights, why);
            None
        }
        Err(_) => {
            status.set_engine(Engine::NoWeights, "Install Antiphon again: the model inside it cannot be read".into());
            None
        }
    };
    let mut live = weights.map(|base| {
        let mut handover = SessionHandover::new(base, SongWeights(model));
        let planner = Planner::new(handover.first());
        status.set_engine(Engine::Ready, planner.model());
        (planner, handover)
    });
    while !side.is_abandoned() {
        if let Some((planner, _)) = live.as_ref().filter(|_| memory.take_remember_request()) {
            memory.set_memory(planner.to_remember());
        }
        if let Some((planner, _)) = live.as_ref().filter(|_| memory.take_learned_notes_request()) {
            memory.provide_learned_notes(planner.metre(), planner.learned().collect());
        }
        let message = side.receive();
        let mut is_busy = message.is_some();
        if let Some((planner, handover)) = &mut live {
            let outcome = catch_unwind(AssertUnwindSafe(|| match message {
                None => handover.go_on(planner),
                Some(message @ (ToWorker::Start | ToWorker::Reset)) => {
                    planner.set_memory(memory.get());
                    planner.handle(message, &mut side);
                    // The song begins with what was chosen for it.
                    handover.finish(planner)
                }
                Some(message) => {
                    planner.handle(message, &mut side);
                    Handover::Idle
                }
            }));
            match outcome {
                Ok(Handover::Idle) => {}
                Ok(Handover::Progressed) => is_busy = true,
                Ok(Handover::Done) => status.set_engine(Engine::Ready, planner.model()),
                Err(_) => {
                    *planner = begin_anew(handover.first(), status);
                }
            }
        }
        if message.is_some() {
            if let Some((planner, _)) = &live {
                status.n_learnt.set(u32::try_from(planner.n_learnt()).unwrap_or(u32::MAX));
                status.found_us_per_beat.set(planner.found_us_per_beat().unwrap_or(0));
                status.notes_per_second.set(planner.notes_per_second());
            }
            side.handled();
            let planner = live.as_mut().map(|(planner, _)| planner);
            status
                .timeline
                .learn(planner.into_iter().flat_map(|planner| std::iter::from_fn(|| planner.take_insight())));
        }
        if !is_busy {
            // Windows keeps to a millisecond in a sleep, but not where a thread is parked.
            std::thread::sleep(POLL);
        }
    }
}

/// After a fault of ours: the player loses this answer and the memory of the song, and no more.
fn begin_anew(weights: Arc<Weights>, status: &Status) -> Planner {
    let planner = Planner::new(weights);
    status.set_engine(Engine::Recovered, planner.model());
    planner
}

#[cfg(all(test, windows))]
mod tests {
    use super::*;

    /// Elsewhere this may be refused.
    #[test]
    fn windows_raises_the_priority_of_the_worker_and_of_no_other_thread() {
        use thread_priority::{WinAPIThreadPriority, get_current_thread_priority};
        let normal = get_current_thread_priority().unwrap();
        let raised = std::thread::spawn(|| (raise_priority(), get_current_thread_priority().unwrap())).join().unwrap();
        assert_eq!(raised, (Priority::Raised, ThreadPriority::Os(WinAPIThreadPriority::Highest.into())));
        assert_eq!(get_current_thread_priority().unwrap(), normal);
    }
}
