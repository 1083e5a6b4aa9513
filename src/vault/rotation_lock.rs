//! Keeps a second rotation from a file of master keys.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use super::error::Error;
use super::private_file::{beside, failed_at};

/// How often the lock's file may be removed by a rotation that ends, just as this one
/// opens it.
const ATTEMPTS: usize = 10;

/// A lock of the operating system on a file beside the master keys: it ends with its
/// process, however that ends. The file itself says nothing.
#[derive(Debug)]
pub struct RotationLock {
    /// Holds the lock until it is closed.
    _file: File,
    path: PathBuf,
}

impl Drop for RotationLock {
    fn drop(&mut self) {
        // Left behind it would do no harm.
        drop(fs::remove_file(&self.path));
    }
}

/// Makes sure that a file is rotated by nobody else: of two that do so at once, one
/// would take out the key under which the other seals.
///
/// # Errors
/// Another process does, or the file beside it cannot be made.
pub fn lock(path: &Path) -> Result<RotationLock, Error> {
    let path = beside(path, ".lock");
    for _ in 0..ATTEMPTS {
        let file = open(&path).map_err(failed_at(&path))?;
        match file.try_lock() {
            Ok(()) if is_at(&file, &path) => return Ok(RotationLock { _file: file, path }),
            // Its former holder has removed it: the next one is locked instead.
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => break,
            Err(TryLockError::Error(error)) => return Err(Error::File { path, error }),
        }
    }
    Err(Error::RotationUnderWay { path })
}

fn open(path: &Path) -> std::io::Result<File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Whether an open file is still the one of that name.
fn is_at(file: &File, path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let id = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
        match (file.metadata(), fs::metadata(path)) {
            (Ok(opened), Ok(named)) => id(opened) == id(named),
            _ => false,
        }
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        path.exists()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_rotation_at_a_time_and_no_file_that_must_be_removed() {
        let folder = std::env::temp_dir().join(format!("bedrock-gateway-{}", uuid::Uuid::new_v4()));
        fs::create_dir(&folder).unwrap();
        let keys = folder.join("master.key");
        // As a rotation that was killed leaves it.
        fs::write(beside(&keys, ".lock"), "").unwrap();
        let rotating = lock(&keys).unwrap();
        let refused = lock(&keys).unwrap_err();
        assert!(matches!(refused, Error::RotationUnderWay { .. }), "{refused}");
        assert!(refused.to_string().contains("master.key.lock"), "{refused}");
        drop(rotating);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        drop(lock(&keys).unwrap());
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn threads_that_open_and_remove_the_file_never_share_the_lock() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        let folder = std::env::temp_dir().join(format!("bedrock-gateway-{}", uuid::Uuid::new_v4()));
        fs::create_dir(&folder).unwrap();
        let (keys, holders, locked) =
            (folder.join("master.key"), AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        let Ok(held) = lock(&keys) else { continue };
                        assert_eq!(holders.fetch_add(1, Ordering::SeqCst), 0);
                        holders.fetch_sub(1, Ordering::SeqCst);
                        locked.fetch_add(1, Ordering::SeqCst);
                        drop(held);
                    }
                });
            }
        });
        assert!(locked.load(Ordering::SeqCst) > 0);
        fs::remove_dir_all(&folder).unwrap();
    }
}
