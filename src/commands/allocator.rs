//! Has freed memory go back to the system.
//!
//! glibc takes large blocks from the system and gives them back when they are freed, until
//! the first is freed: then it raises the size that counts as large, up to 32 MiB, and keeps
//! what is freed below that for the next request. After a few large bodies a gateway then
//! holds several times what it uses (203 MiB instead of 76 in a container of 256 MiB under
//! attack, and 169 instead of 35 after it). Fixed thresholds keep it from doing so. They can
//! be set by environment variables, which are read before `main`, or by a function that only
//! unsafe code can call; so the program starts itself anew, once, with the variables set.
//! Other allocators: mimalloc was measured to take 8 MiB more at rest and half as much again
//! for many streams; jemalloc needs more than a C compiler to be built.
//!
//! Source: <https://man7.org/linux/man-pages/man3/mallopt.3.html>.

use crate::settings::Environment;

/// The variables, and the bytes they stand for: blocks from 256 KiB on are given back when
/// they are freed, and the end of a heap once 1 MiB of it is free.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const THRESHOLDS: [(&str, &str); 2] =
    [("MALLOC_MMAP_THRESHOLD_", "262144"), ("MALLOC_TRIM_THRESHOLD_", "1048576")];

/// Starts this program anew with fixed thresholds, in the same process; returns where that is
/// not needed, or not possible. An operator's own choice stands.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub fn restart_with_fixed_thresholds(environment: &Environment) {
    use std::os::unix::process::CommandExt as _;
    use std::process::Command;

    let chosen = |name: &str| environment.keys().any(|key| key == name);
    if chosen("GLIBC_TUNABLES") || THRESHOLDS.iter().any(|(name, _)| chosen(name)) {
        return;
    }
    let mut arguments = std::env::args_os();
    let (Ok(program), Some(name)) = (std::env::current_exe(), arguments.next()) else { return };
    // Comes back only if it fails: then memory is kept, which harms nobody at once.
    let _ = Command::new(program).arg0(name).args(arguments).envs(THRESHOLDS).exec();
}

/// Other allocators give memory back by themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn restart_with_fixed_thresholds(_environment: &Environment) {}
