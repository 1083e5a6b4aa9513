//! Counts open connections, in total and per peer address.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The bits of an IPv6 address that name one network. A host has a whole /64 to choose its
/// addresses from.
const IPV6_NETWORK: u128 = !0 << 64;

/// Which limit a connection exceeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// There are as many connections as the gateway takes.
    Gateway,
    /// There are as many from this address as it may have.
    Address,
}

/// How many connections there may be at one time.
#[derive(Debug, Clone)]
pub(super) struct ConnectionLimits {
    max: usize,
    max_per_address: usize,
    counts: Arc<Mutex<Counts>>,
}

/// Holds an entry only for addresses with connections, so that it is no larger than their number.
#[derive(Debug, Default)]
struct Counts {
    total: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// One counted connection; uncounted when dropped.
#[derive(Debug)]
pub(super) struct Place {
    address: IpAddr,
    counts: Arc<Mutex<Counts>>,
}

impl ConnectionLimits {
    /// Limits of which nothing is used. `max_per_address` of 0 is half of `max`: one address
    /// cannot take all, and yet a load balancer has room.
    pub(super) fn new(max: usize, max_per_address: usize) -> Self {
        let per_address = if max_per_address == 0 { max.div_ceil(2) } else { max_per_address };
        Self { max, max_per_address: per_address.min(max), counts: Arc::default() }
    }

    /// The most connections.
    pub(super) fn max(&self) -> usize {
        self.max
    }

    /// The most connections from one address.
    pub(super) fn max_per_address(&self) -> usize {
        self.max_per_address
    }

    /// Counts a connection, unless it exceeds a limit.
    pub(super) fn admit(&self, peer: IpAddr) -> Result<Place, Full> {
        let address = network(peer);
        let mut counts = lock(&self.counts);
        if counts.total >= self.max {
            return Err(Full::Gateway);
        }
        let of_address = counts.by_address.entry(address).or_insert(0);
        if *of_address >= self.max_per_address {
            return Err(Full::Address);
        }
        *of_address += 1;
        counts.total += 1;
        Ok(Place { address, counts: Arc::clone(&self.counts) })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = lock(&self.counts);
        counts.total = counts.total.saturating_sub(1);
        if let Entry::Occupied(mut entry) = counts.by_address.entry(self.address) {
            *entry.get_mut() -= 1;
            if *entry.get() == 0 {
                entry.remove();
            }
        }
    }
}

/// Numbers stay right whatever happened to the thread that held the lock.
fn lock(counts: &Mutex<Counts>) -> MutexGuard<'_, Counts> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The address that connections are counted by.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & IPV6_NETWORK).into(),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_address_cannot_take_all_places() {
        let limits = ConnectionLimits::new(4, 0);
        let held: Vec<_> = (0..2).map(|_| limits.admit(address("192.0.2.1")).unwrap()).collect();
        assert_eq!(limits.admit(address("192.0.2.1")).unwrap_err(), Full::Address);
        assert_eq!(limits.admit(address("::ffff:192.0.2.1")).unwrap_err(), Full::Address);
        let others = [limits.admit(address("192.0.2.2")), limits.admit(address("192.0.2.3"))];
        assert_eq!(limits.admit(address("192.0.2.4")).unwrap_err(), Full::Gateway);
        drop(held);
        assert!(limits.admit(address("192.0.2.1")).is_ok());
        drop(others);
        assert!(lock(&limits.counts).by_address.is_empty());
        assert_eq!(lock(&limits.counts).total, 0);
    }

    #[test]
    fn ipv6_is_counted_by_network() {
        let limits = ConnectionLimits::new(10, 1);
        let _held = limits.admit(address("2001:db8:0:1::1")).unwrap();
        assert_eq!(limits.admit(address("2001:db8:0:1:ffff::2")).unwrap_err(), Full::Address);
        assert!(limits.admit(address("2001:db8:0:2::1")).is_ok());
    }

    #[test]
    fn the_limit_per_address_is_within_the_limit() {
        for (max, per_address, expected) in [(1, 0, 1), (5, 0, 3), (4, 9, 4), (4, 3, 3)] {
            assert_eq!(ConnectionLimits::new(max, per_address).max_per_address(), expected);
        }
    }
}
