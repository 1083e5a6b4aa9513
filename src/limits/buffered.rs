//! The bytes that requests hold in memory, with one bound for all of them.
//!
//! A request reserves for what it holds: its body and what is read from it, what it has
//! fetched, and what is about to be sent. What is not reserved is small: heads, and the
//! parts of answers that are passed on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

/// Who a request is from, as far as memory goes. Neither class can use up what the other
/// needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallerClass {
    /// Callers without a gateway key or token.
    Anonymous,
    /// Callers with one.
    Known,
}

/// Of how many parts one class may have all but one, so that the other always has a part;
/// and of how many parts of that large requests may have all but one, so that small ones
/// always have a part.
const PARTS: usize = 4;
/// Beyond so many bytes a request is large. Ordinary conversations are not.
const LARGE_REQUEST_BYTES: usize = 512 * 1024;

/// The bound, and what is used of it.
#[derive(Debug)]
pub struct BufferedBytes {
    max: usize,
    used: AtomicUsize,
    used_by_anonymous: AtomicUsize,
    used_by_known: AtomicUsize,
}

/// There is no room for so many bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoRoom {
    /// Not now.
    #[error("the gateway holds as many bytes of other requests as it may")]
    Now,
    /// Never: it is more than a caller may hold in all.
    #[error("no request may hold more than {max} bytes")]
    Ever {
        /// How many one may.
        max: usize,
    },
}

impl BufferedBytes {
    /// A bound of `max` bytes.
    #[must_use]
    pub fn new(max: usize) -> Self {
        Self {
            max,
            used: AtomicUsize::new(0),
            used_by_anonymous: AtomicUsize::new(0),
            used_by_known: AtomicUsize::new(0),
        }
    }

    /// An empty reservation.
    #[must_use]
    pub fn reservation(self: &Arc<Self>, class: CallerClass) -> Reservation {
        Reservation { of: Arc::clone(self), class, bytes: 0 }
    }

    /// How many bytes are reserved.
    #[must_use]
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// How much one class may hold by requests of this size.
    fn max_by(&self, request_bytes: usize) -> usize {
        let all = self.max - self.max / PARTS;
        if request_bytes > LARGE_REQUEST_BYTES { all - all / PARTS } else { all }
    }

    fn of_class(&self, class: CallerClass) -> &AtomicUsize {
        match class {
            CallerClass::Anonymous => &self.used_by_anonymous,
            CallerClass::Known => &self.used_by_known,
        }
    }

    fn take(&self, class: CallerClass, bytes: usize, max: usize) -> Result<(), NoRoom> {
        let add = |counter: &AtomicUsize, max: usize| {
            let more = |used: usize| used.checked_add(bytes).filter(|used| *used <= max);
            counter.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
        };
        if !add(self.of_class(class), max) {
            return Err(NoRoom::Now);
        }
        if !add(&self.used, self.max) {
            self.of_class(class).fetch_sub(bytes, Ordering::Relaxed);
            return Err(NoRoom::Now);
        }
        Ok(())
    }

    fn give_back(&self, class: CallerClass, bytes: usize) {
        self.of_class(class).fetch_sub(bytes, Ordering::Relaxed);
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// What one request has reserved; given back when it is dropped.
#[derive(Debug)]
pub struct Reservation {
    of: Arc<BufferedBytes>,
    class: CallerClass,
    bytes: usize,
}

impl Reservation {
    /// Reserves more.
    ///
    /// # Errors
    /// There is no room; what was reserved stays.
    pub fn grow(&mut self, bytes: usize) -> Result<(), NoRoom> {
        self.check(bytes)?;
        let all = self.bytes.saturating_add(bytes);
        self.of.take(self.class, bytes, self.of.max_by(all))?;
        self.bytes = all;
        Ok(())
    }

    /// Whether so much more could be reserved at this moment. Reserves nothing, so that a
    /// client which announces much and sends little takes room from nobody.
    ///
    /// # Errors
    /// It could not.
    pub fn check(&self, bytes: usize) -> Result<(), NoRoom> {
        let all = self.bytes.saturating_add(bytes);
        let max = self.of.max_by(all);
        if all > max {
            return Err(NoRoom::Ever { max });
        }
        let in_class = self.of.of_class(self.class).load(Ordering::Relaxed);
        let fits = in_class.saturating_add(bytes) <= max
            && self.of.used().saturating_add(bytes) <= self.of.max;
        if fits { Ok(()) } else { Err(NoRoom::Now) }
    }

    /// Gives back all but so many bytes.
    pub fn shrink_to(&mut self, bytes: usize) {
        let less = self.bytes.saturating_sub(bytes);
        self.of.give_back(self.class, less);
        self.bytes -= less;
    }

    /// The same bytes, for which the reservation lasts as long as there is a handle on them.
    #[must_use]
    pub fn for_bytes(mut self, bytes: Bytes) -> Bytes {
        self.shrink_to(bytes.len());
        Bytes::from_owner(Reserved { bytes, _reservation: self })
    }

    /// How many bytes are reserved.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

struct Reserved {
    bytes: Bytes,
    _reservation: Reservation,
}

impl AsRef<[u8]> for Reserved {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.of.give_back(self.class, self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_reserved_is_given_back() {
        let all = Arc::new(BufferedBytes::new(100));
        let mut one = all.reservation(CallerClass::Known);
        assert_eq!(one.grow(60), Ok(()));
        one.shrink_to(70);
        assert_eq!((one.bytes(), all.used()), (60, 60));
        one.shrink_to(10);
        assert_eq!((one.grow(66), one.grow(65)), (Err(NoRoom::Ever { max: 75 }), Ok(())));
        assert_eq!(all.reservation(CallerClass::Known).grow(1), Err(NoRoom::Now));
        drop(one);
        assert_eq!(all.used(), 0);
    }

    #[test]
    fn bytes_hold_their_reservation_to_the_last_handle() {
        let all = Arc::new(BufferedBytes::new(100));
        let mut reservation = all.reservation(CallerClass::Known);
        reservation.grow(50).unwrap();
        let one = reservation.for_bytes(Bytes::from_static(b"ten bytes."));
        let other = one.clone();
        drop(one);
        assert_eq!((other.as_ref(), all.used()), (b"ten bytes.".as_slice(), 10));
        drop(other);
        assert_eq!(all.used(), 0);
    }

    #[test]
    fn one_class_leaves_room_for_the_other() {
        for (one, other) in [
            (CallerClass::Anonymous, CallerClass::Known),
            (CallerClass::Known, CallerClass::Anonymous),
        ] {
            let all = Arc::new(BufferedBytes::new(100));
            let mut greedy: Vec<_> = (0..100).map(|_| all.reservation(one)).collect();
            let taken = greedy.iter_mut().filter_map(|each| each.grow(1).ok()).count();
            assert_eq!(taken, 75);
            let mut modest = all.reservation(other);
            assert_eq!((modest.check(25), modest.grow(25)), (Ok(()), Ok(())));
            assert_eq!(modest.grow(1), Err(NoRoom::Now));
        }
    }

    #[test]
    fn large_requests_leave_room_for_small_ones() {
        const MIB: usize = 1024 * 1024;
        let all = Arc::new(BufferedBytes::new(64 * MIB));
        let mut large: Vec<_> = (0..64).map(|_| all.reservation(CallerClass::Anonymous)).collect();
        assert_eq!(large.iter_mut().filter_map(|each| each.grow(MIB).ok()).count(), 36);
        let mut small: Vec<_> = (0..64).map(|_| all.reservation(CallerClass::Anonymous)).collect();
        assert_eq!(small.iter_mut().filter_map(|each| each.grow(MIB / 2).ok()).count(), 24);
        let mut other = all.reservation(CallerClass::Known);
        assert_eq!(other.grow(36 * MIB), Err(NoRoom::Now));
        assert_eq!(other.grow(16 * MIB), Ok(()));
    }

    #[test]
    fn threads_never_reserve_more_than_there_is() {
        let all = Arc::new(BufferedBytes::new(1000));
        std::thread::scope(|scope| {
            for class in [CallerClass::Anonymous, CallerClass::Known] {
                for _ in 0..4 {
                    let all = &all;
                    scope.spawn(move || {
                        for n in 0..2000 {
                            let mut one = all.reservation(class);
                            let _ = one.grow(n % 300);
                            assert!(all.used() <= 1000);
                        }
                    });
                }
            }
        });
        assert_eq!(all.used(), 0);
    }
}
