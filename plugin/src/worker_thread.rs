//! The worker: one thread per instance, which does all that takes time. It asks for work every millisecond, so that the
//! audio thread never has to wake it, and ends when the audio thread's end of the link is gone.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use engine::Weights;
use thread_priority::ThreadPriority;

use crate::chosen::Chosen;
use crate::link::{FromWorker, ToWorker, WorkerSide};
use crate::memory::Memory;
use crate::planner::{Listener, Planner};
use crate::status::{Engine, Priority, Status};
use crate::swap::{Step, Swap};
use crate::weights;

const POLL: Duration = Duration::from_millis(1);

impl Listener for WorkerSide {
    fn offer(&mut self, message: FromWorker) -> bool {
        WorkerSide::offer(self, message)
    }

    fn peek(&self) -> Option<ToWorker> {
        WorkerSide::peek(self)
    }
}

/// Starts the worker.
///
/// # Errors
/// If the system has no thread to spare.
pub(crate) fn spawn(
    side: WorkerSide,
    status: Arc<Status>,
    memory: Arc<Memory>,
    chosen: Arc<Chosen>,
) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name("antiphon-worker".into()).spawn(move || run(side, &status, &memory, chosen))
}

/// Asks the system to run this thread before other programs, but never before the host's audio threads: on a busy
/// machine, a step of the network takes many times as long otherwise. A refusal is normal.
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

fn run(mut side: WorkerSide, status: &Status, memory: &Arc<Memory>, chosen: Arc<Chosen>) {
    status.set_priority(raise_priority());
    let weights = match catch_unwind(weights::load) {
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
        let mut swap = Swap::new(base, chosen);
        let planner = Planner::new(swap.first(), Arc::clone(memory));
        status.set_engine(Engine::Ready, planner.model());
        (planner, swap)
    });
    while !side.is_abandoned() {
        if let Some((planner, _)) = live.as_ref().filter(|_| memory.take_wanted()) {
            planner.remember();
        }
        if let Some((planner, _)) = live.as_ref().filter(|_| memory.take_asked()) {
            planner.tell_learnt();
        }
        let message = side.receive();
        let mut is_busy = message.is_some();
        if let Some((planner, swap)) = &mut live {
            let outcome = catch_unwind(AssertUnwindSafe(|| match message {
                None => swap.go_on(planner),
                Some(message) => {
                    planner.handle(message, &mut side);
                    // The song begins with what was chosen for it.
                    if message == ToWorker::Reset { swap.finish(planner) } else { Step::Nothing }
                }
            }));
            match outcome {
                Ok(Step::Nothing) => {}
                Ok(Step::Some) => is_busy = true,
                Ok(Step::Last) => status.set_engine(Engine::Ready, planner.model()),
                Err(_) => {
                    *planner = begin_anew(&swap.first(), status, memory);
                }
            }
        }
        if message.is_some() {
            if let Some((planner, _)) = &live {
                status.n_learnt.set(u32::try_from(planner.n_learnt()).unwrap_or(u32::MAX));
                status.notes_per_second.set(planner.notes_per_second());
            }
            side.handled();
            status.tape.wind();
        }
        if !is_busy {
            std::thread::park_timeout(POLL);
        }
    }
}

/// After a fault of ours: the player loses this answer and the memory of the song, and no more.
fn begin_anew(weights: &Arc<Weights>, status: &Status, memory: &Arc<Memory>) -> Planner {
    let planner = Planner::new(Arc::clone(weights), Arc::clone(memory));
    status.set_engine(Engine::Recovered, planner.model());
    planner
}
