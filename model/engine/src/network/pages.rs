//! Memory on huge pages: a step reads all weights, and looking up thousands of small pages takes longer than some layers.

/// The size of a huge page on most machines, and a multiple of every small page.
#[cfg(target_os = "linux")]
const HUGE_BYTES: usize = 2 << 20;

/// An empty vector, on huge pages where the system gives them to those who ask (Linux). Elsewhere it is as any other.
pub(crate) fn vec_on_huge_pages<T>(capacity: usize) -> Vec<T> {
    let vector = Vec::with_capacity(capacity);
    #[cfg(target_os = "linux")]
    {
        let start: *const T = vector.as_ptr();
        let end = start.wrapping_add(vector.capacity()).addr() / HUGE_BYTES * HUGE_BYTES;
        let start = start.map_addr(|addr| addr.next_multiple_of(HUGE_BYTES));
        if size_of::<T>() > 0 && start.addr() < end {
            #[expect(unsafe_code)]
            // SAFETY: these pages are within the vector's own memory, and the advice does not change what they hold. It
            // may be refused, which is no harm.
            unsafe {
                libc::madvise(start.cast_mut().cast(), end - start.addr(), libc::MADV_HUGEPAGE);
            }
        }
    }
    vector
}
