//! Files and folders that nobody else may read.

use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::path::Path;

use super::Error;

#[cfg(unix)]
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};

/// Makes the data directory if it is not there. One that is there keeps its
/// permissions: it may be a mounted volume, and the files in it are private anyway.
pub(super) fn prepare_directory(path: &Path) -> Result<(), Error> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    builder.mode(0o700);
    builder.create(path).map_err(|error| failed(path, error))
}

/// Makes the database's file if it is not there, and takes from others what they
/// may do with it. `SQLite` gives the files beside it the same permissions.
pub(super) fn prepare_file(path: &Path) -> Result<(), Error> {
    match create_private(path) {
        Err(Error::File { error, .. }) if error.kind() == ErrorKind::AlreadyExists => {}
        made => return made,
    }
    #[cfg(unix)]
    {
        let permissions = fs::metadata(path).map_err(|error| failed(path, error))?.permissions();
        if permissions.mode() & 0o077 != 0 {
            let private = fs::Permissions::from_mode(permissions.mode() & 0o700);
            fs::set_permissions(path, private).map_err(|error| failed(path, error))?;
        }
    }
    Ok(())
}

/// Makes an empty file that is not there yet.
pub(super) fn create_private(path: &Path) -> Result<(), Error> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    options.mode(0o600);
    options.open(path).map(drop).map_err(|error| failed(path, error))
}

fn failed(path: &Path, error: std::io::Error) -> Error {
    Error::File { path: path.to_owned(), error }
}
