//! Reserves memory for the heads of requests while they come.
//!
//! Thousands of connections may each send a head without end. Heads of ordinary size cost
//! nothing here.

use std::io;
use std::sync::Arc;

use super::exchange::Exchange;
use crate::limits::{BufferedBytes, CallerClass, Reservation};

/// How long a head may be without a reservation: longer than those of ordinary requests, and
/// no more than a connection takes anyway.
const FREE_BYTES: usize = 16 * 1024;

/// Of one connection.
#[derive(Debug)]
pub(super) struct HeadBytes {
    buffered: Arc<BufferedBytes>,
    /// When the head began, as [`Exchange::turn`] counts.
    turn: u32,
    in_head: usize,
    reservation: Option<Reservation>,
}

impl HeadBytes {
    pub(super) fn new(buffered: Arc<BufferedBytes>) -> Self {
        Self { buffered, turn: 0, in_head: 0, reservation: None }
    }

    /// So many bytes more were read.
    ///
    /// # Errors
    /// They are of a long head, for which there is no room.
    pub(super) fn read(&mut self, bytes: usize, exchange: &Exchange) -> io::Result<()> {
        if exchange.turn() != self.turn {
            self.turn = exchange.turn();
            self.in_head = 0;
            self.reservation = None;
        }
        if exchange.awaits_answer() {
            // A body, which has a reservation of its own.
            return Ok(());
        }
        self.in_head = self.in_head.saturating_add(bytes);
        let Some(beyond) = self.in_head.checked_sub(FREE_BYTES).filter(|beyond| *beyond > 0) else {
            return Ok(());
        };
        // Nobody knows yet from whom it is.
        let reservation = self
            .reservation
            .get_or_insert_with(|| self.buffered.reservation(CallerClass::Anonymous));
        reservation.grow(beyond.saturating_sub(reservation.bytes())).map_err(io::Error::other)
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Version;

    use super::*;

    #[test]
    fn long_heads_are_reserved_for_until_the_request_begins() {
        let buffered = Arc::new(BufferedBytes::new(40_000));
        let exchange = Exchange::default();
        let mut one = HeadBytes::new(Arc::clone(&buffered));
        let mut other = HeadBytes::new(Arc::clone(&buffered));
        assert!(one.read(FREE_BYTES, &exchange).is_ok());
        assert_eq!(buffered.used(), 0);
        assert!(one.read(20_000, &exchange).is_ok());
        assert_eq!(buffered.used(), 20_000);
        assert!(other.read(FREE_BYTES + 20_000, &exchange).is_err());
        exchange.begin(Version::HTTP_11);
        assert!(one.read(1_000_000, &exchange).is_ok());
        assert_eq!(buffered.used(), 0);
    }

    #[test]
    fn requests_of_one_connection_do_not_add_up() {
        let buffered = Arc::new(BufferedBytes::new(40_000));
        let exchange = Exchange::default();
        let mut heads = HeadBytes::new(Arc::clone(&buffered));
        for _ in 0..1000 {
            // Head and body come in one piece.
            assert!(heads.read(FREE_BYTES, &exchange).is_ok());
            exchange.begin(Version::HTTP_11);
            exchange.answered();
        }
        assert_eq!(buffered.used(), 0);
    }
}
