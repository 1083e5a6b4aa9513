//! What all requests together may take: bytes in memory, and threads that parse.

mod buffered;
mod heavy;
mod memory;

pub use buffered::{BufferedBytes, CallerClass, NoRoom, Reservation};
pub use heavy::HeavyWork;
pub use memory::usable_memory;
