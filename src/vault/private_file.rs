//! Small files that only the gateway's user reads, and that are written whole.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::error::Error;

/// Writes a file that is not there yet and that nobody else may read.
pub(super) fn create(path: &Path, text: &str) -> Result<(), Error> {
    let failed = failed_at(path);
    write_new(path, text).map_err(&failed)?;
    sync_folder_of(path).map_err(failed)
}

/// Replaces a file, or creates it: a reader sees the old file or the new one, whole. Who
/// may read `like` may read the new file too, and nobody else. Two processes must not
/// replace the same file at once.
pub(super) fn replace(path: &Path, like: &Path, text: &str) -> Result<(), Error> {
    let new = beside(path, ".new");
    // Left behind by a process that was killed.
    drop(fs::remove_file(&new));
    let replaced =
        write_like(like, &new, text).and_then(|()| fs::rename(&new, path).map_err(failed_at(path)));
    if replaced.is_err() {
        // It may hold keys, and nobody would look for them there.
        drop(fs::remove_file(&new));
    }
    replaced?;
    // Before anything happens that relies on the new file, which a crash of the machine
    // would take back.
    sync_folder_of(path).map_err(failed_at(path))
}

/// The path with something after the name of the file.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

pub(super) fn failed_at(path: &Path) -> impl Fn(io::Error) -> Error {
    |error| Error::File { path: path.to_owned(), error }
}

fn write_new(path: &Path, text: &str) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    Ok(file)
}

fn write_like(like: &Path, new: &Path, text: &str) -> Result<(), Error> {
    let file = write_new(new, text).map_err(failed_at(new))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt as _, fchown};
        let old = fs::metadata(like).map_err(failed_at(like))?;
        let made = file.metadata().map_err(failed_at(new))?;
        if (old.uid(), old.gid()) != (made.uid(), made.gid()) {
            fchown(&file, Some(old.uid()), Some(old.gid()))
                .map_err(|_| Error::FileOwner { path: like.to_owned() })?;
        }
        // After the owner: until then others would be let in.
        file.set_permissions(old.permissions()).map_err(failed_at(new))?;
    }
    file.sync_all().map_err(failed_at(new))
}

/// The file's name survives a crash of the machine when its folder is written.
fn sync_folder_of(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}
