//! Finds code that takes one of the spin locks that all large `AtomicCell`s of a program share.
//!
//! crossbeam keeps 67 of them, and a cell takes the one of its address modulo 67. While it compares a value it holds its
//! lock, so a comparison that does not end keeps the lock from everybody else.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossbeam::atomic::AtomicCell;

const N_LOCKS: usize = 67;

/// How long a lock is held from somebody who waits for it. Whoever does not need it is long done by then.
const PATIENCE: Duration = Duration::from_millis(200);

/// Where the test and the thread that holds a lock meet.
#[derive(Default)]
struct Hold {
    has_begun: AtomicBool,
    may_end: AtomicBool,
    has_lasted: AtomicBool,
}

impl Hold {
    fn last(&self) {
        self.has_begun.store(true, Ordering::Release);
        let begun = Instant::now();
        while !self.may_end.load(Ordering::Acquire) {
            if begun.elapsed() > PATIENCE {
                self.has_lasted.store(true, Ordering::Release);
                return;
            }
            std::thread::sleep(Duration::from_micros(20));
        }
    }
}

/// Too large for an atomic instruction, and of a size that makes the cells of an array use all locks.
#[derive(Clone, Copy)]
struct Large<'a> {
    hold: Option<&'a Hold>,
    _size: [usize; 2],
}

impl<'a> Large<'a> {
    fn new(hold: Option<&'a Hold>) -> Self {
        Self { hold, _size: [0; 2] }
    }
}

impl PartialEq for Large<'_> {
    fn eq(&self, other: &Self) -> bool {
        if let Some(hold) = other.hold.or(self.hold) {
            hold.last();
        }
        false
    }
}

impl Eq for Large<'_> {}

/// Does it while the lock of `cell` is held by another thread; says whether it had to wait for the lock.
fn waits_for<'a>(cell: &AtomicCell<Large<'a>>, hold: &'a Hold, action: &mut impl FnMut()) -> bool {
    std::thread::scope(|scope| {
        scope.spawn(|| cell.compare_exchange(Large::new(Some(hold)), Large::new(None)).is_ok());
        while !hold.has_begun.load(Ordering::Acquire) {
            std::thread::yield_now();
        }
        action();
        hold.may_end.store(true, Ordering::Release);
    });
    hold.has_lasted.load(Ordering::Acquire)
}

/// How many of the locks something takes. It is done some seventy times.
pub(super) fn locks_needed(mut action: impl FnMut()) -> usize {
    // Made first, so that they live longer than the cells.
    let holds: Vec<[Hold; 3]> = (0..N_LOCKS).map(|_| Default::default()).collect();
    let cells: [AtomicCell<Large>; N_LOCKS] = std::array::from_fn(|_| AtomicCell::new(Large::new(None)));
    // On a busy machine anything may take long once, but hardly each time.
    cells.iter().zip(&holds).filter(|(cell, holds)| holds.iter().all(|hold| waits_for(cell, hold, &mut action))).count()
}

#[test]
fn a_large_cell_needs_one_lock_and_a_small_one_none() {
    let large = AtomicCell::new([0usize; 3]);
    assert_eq!(locks_needed(|| large.store([1; 3])), 1);
    let small = AtomicCell::new(0usize);
    assert_eq!(locks_needed(|| small.store(1)), 0);
}
