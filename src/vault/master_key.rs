//! Master keys: what seals the data keys of records.
//!
//! They come from the environment, from a file, or stay in AWS KMS. There may be
//! several of the first two kinds: the first seals, all open, so that a key can be
//! replaced while gateways run.

use std::fmt;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::envelope::{self, KEY_BYTES, SecretKey};
use super::error::Error;
use super::private_file::{self, failed_at};
use crate::aws::kms::DataKeys;

/// The longest file of master keys that is read: a thousand keys.
const MAX_FILE_BYTES: u64 = 64 * 1024;
/// How the id of a key begins that is held here.
const LOCAL: &str = "local:";
/// The id of every key that is held by KMS, whose blobs name the key themselves.
const KMS: &str = "kms";

/// Where master keys come from.
#[derive(Debug, Clone, Default)]
pub struct MasterKeyOptions {
    /// `BEDROCK_GATEWAY_VAULT_MASTER_KEY`: keys, separated by commas or lines.
    pub text: Option<SecretString>,
    /// A file with keys.
    pub file: Option<PathBuf>,
}

/// All master keys of a gateway.
pub struct MasterKeys {
    local: ArcSwap<Vec<LocalKey>>,
    options: MasterKeyOptions,
    kms: Option<DataKeys>,
    /// Whether a key that is held here seals although there is one of KMS.
    seals_here: bool,
}

struct LocalKey {
    id: String,
    key: SecretKey,
}

/// A new data key, open and sealed.
pub(super) struct NewDataKey {
    pub(super) key: SecretKey,
    pub(super) master: String,
    pub(super) sealed: Vec<u8>,
}

impl fmt::Debug for MasterKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<String> = self.local.load().iter().map(|key| key.id.clone()).collect();
        f.debug_struct("MasterKeys").field("local", &ids).field("kms", &self.kms.is_some()).finish()
    }
}

impl MasterKeys {
    /// Reads the keys that are held here; `kms` seals if it is given.
    ///
    /// # Errors
    /// There are none at all, or a source does not hold what it should.
    pub fn load(options: &MasterKeyOptions, kms: Option<DataKeys>) -> Result<Self, Error> {
        let keys = read_all(options)?;
        #[cfg(unix)]
        options.file.iter().for_each(|file| warn_if_others_read(file));
        if keys.is_empty() && kms.is_none() {
            return Err(Error::NoMasterKey);
        }
        let local = ArcSwap::from_pointee(keys);
        Ok(Self { local, options: options.clone(), kms, seals_here: false })
    }

    /// The same, where a key that is held here seals, and KMS only opens: the way back
    /// from KMS.
    ///
    /// # Errors
    /// There is none.
    pub fn sealing_here(self) -> Result<Self, Error> {
        if self.local.load().is_empty() {
            return Err(Error::NoMasterKey);
        }
        Ok(Self { seals_here: true, ..self })
    }

    /// The key of KMS, if that is what seals.
    fn sealing_kms(&self) -> Option<&DataKeys> {
        self.kms.as_ref().filter(|_| !self.seals_here)
    }

    /// Which key seals, as far as is known: its id, or `kms`.
    pub(super) fn sealing_id(&self) -> String {
        match self.sealing_kms() {
            Some(_) => KMS.to_owned(),
            None => self.local.load().first().map(|key| key.id.clone()).unwrap_or_default(),
        }
    }

    /// Whether there will be data keys: KMS, which opens what it sealed under any of its
    /// keys, is asked whether it seals under the one that is set.
    pub(super) async fn check(&self, place: &str) -> Result<(), Error> {
        if let Some(kms) = self.sealing_kms() {
            kms.generate(place).await?;
        }
        Ok(())
    }

    /// Makes a data key for `place`.
    pub(super) async fn new_data_key(&self, place: &str) -> Result<NewDataKey, Error> {
        if let Some(kms) = self.sealing_kms() {
            let made = kms.generate(place).await?;
            let key = secret_key(&made.plaintext, place)?;
            return Ok(NewDataKey { key, master: KMS.to_owned(), sealed: made.sealed });
        }
        // What seals must be the newest key: a rotation takes the old ones away. It is
        // taken from what was read just now: a slower reader may have put an older list
        // in its place meanwhile.
        let masters = self.reread()?.unwrap_or_else(|| self.local.load_full());
        let key = envelope::random_key();
        let master = masters.first().ok_or(Error::NoMasterKey)?;
        let sealed = envelope::encrypt(&master.key, place, key.as_slice())?;
        Ok(NewDataKey { key, master: master.id.clone(), sealed })
    }

    /// Opens a data key that was made for `place` under the master key `id`.
    pub(super) async fn open_data_key(
        &self,
        id: &str,
        sealed: &[u8],
        place: &str,
    ) -> Result<SecretKey, Error> {
        let unknown = || Error::UnknownMasterKey { id: id.to_owned() };
        if id == KMS {
            let kms = self.kms.as_ref().ok_or_else(unknown)?;
            return secret_key(&kms.open(sealed, place).await?, place);
        }
        let key = self.local_key(id)?.ok_or_else(unknown)?;
        let opened = envelope::decrypt(&key, place, sealed);
        secret_key(&opened.ok_or_else(|| broken(place))?, place)
    }

    /// Whether the master key `id` is here: the local ones by their ids, and KMS.
    pub(super) fn has(&self, id: &str) -> Result<bool, Error> {
        match id {
            KMS => Ok(self.kms.is_some()),
            id => Ok(self.local_key(id)?.is_some()),
        }
    }

    /// A key that is held here, by its id.
    fn local_key(&self, id: &str) -> Result<Option<SecretKey>, Error> {
        let find =
            |keys: &[LocalKey]| keys.iter().find(|key| key.id == id).map(|found| found.key.clone());
        let known = find(&self.local.load());
        if known.is_some() {
            return Ok(known);
        }
        // A command may have put a new key into the file.
        Ok(self.reread()?.and_then(|keys| find(&keys)))
    }

    /// Reads the file again, if there is one, and returns what there is then: its keys
    /// come to those that were there.
    fn reread(&self) -> Result<Option<Arc<Vec<LocalKey>>>, Error> {
        if self.options.file.is_none() {
            return Ok(None);
        }
        let mut keys = read_all(&self.options)?;
        let known = self.local.load();
        for key in known.iter() {
            if keys.iter().all(|new| new.id != key.id) {
                keys.push(LocalKey { id: key.id.clone(), key: key.key.clone() });
            }
        }
        let keys = Arc::new(keys);
        self.local.store(Arc::clone(&keys));
        Ok(Some(keys))
    }
}

/// A new key, as a text that [`MasterKeyOptions`] take.
#[must_use]
pub fn generate() -> SecretString {
    SecretString::from(encode(&envelope::random_key()).as_str())
}

/// Makes a file with a new key, which nobody else may read.
///
/// # Errors
/// The file is there already, or cannot be written.
pub fn create_file(path: &Path) -> Result<(), Error> {
    private_file::create(path, &format!("{}\n", *encode(&envelope::random_key())))
}

/// Puts a new key before those of a file; the file is replaced whole.
///
/// # Errors
/// The file cannot be read or written.
pub fn add_key_to_file(path: &Path) -> Result<(), Error> {
    let keys = read(path)?;
    let lines = std::iter::once(encode(&envelope::random_key()))
        .chain(keys.iter().map(|key| encode(&key.key)))
        .fold(Zeroizing::new(String::new()), |text, line| {
            Zeroizing::new(format!("{}{}\n", *text, *line))
        });
    private_file::replace(path, path, &lines)
}

/// Leaves the first key of a file and takes out the others.
///
/// # Errors
/// The file cannot be read or written.
pub fn keep_first_key_of_file(path: &Path) -> Result<(), Error> {
    let keys = read(path)?;
    let first = keys.first().ok_or(Error::NoMasterKey)?;
    private_file::replace(path, path, &format!("{}\n", *encode(&first.key)))
}

fn encode(key: &SecretKey) -> Zeroizing<String> {
    Zeroizing::new(BASE64_STANDARD.encode(key.as_slice()))
}

fn read(path: &Path) -> Result<Vec<LocalKey>, Error> {
    let failed = failed_at(path);
    let mut text = Zeroizing::new(String::new());
    let file = fs::File::open(path).map_err(&failed)?;
    file.take(MAX_FILE_BYTES).read_to_string(&mut text).map_err(failed)?;
    parse(&path.display().to_string(), &text)
}

/// No more than a warning: secrets that Kubernetes mounts are so.
#[cfg(unix)]
fn warn_if_others_read(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    if fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o044 != 0) {
        tracing::warn!(
            path = %path.display(),
            "the file of the vault's master key may be read by its group or by others"
        );
    }
}

/// The keys of the environment, then those of the file: the first one seals.
fn read_all(options: &MasterKeyOptions) -> Result<Vec<LocalKey>, Error> {
    let mut keys = match &options.text {
        Some(text) => parse("BEDROCK_GATEWAY_VAULT_MASTER_KEY", text.expose_secret())?,
        None => Vec::new(),
    };
    if let Some(file) = &options.file {
        keys.extend(read(file)?);
    }
    Ok(keys)
}

fn parse(origin: &str, text: &str) -> Result<Vec<LocalKey>, Error> {
    let malformed = || Error::MalformedMasterKey { origin: origin.to_owned() };
    let entries = text.split(['\n', ',']).map(str::trim);
    let entries = entries.filter(|entry| !entry.is_empty() && !entry.starts_with('#'));
    let key = |entry| {
        let bytes = Zeroizing::new(BASE64_STANDARD.decode(entry).map_err(|_| malformed())?);
        let key = <[u8; KEY_BYTES]>::try_from(bytes.as_slice()).map_err(|_| malformed())?;
        let key = Zeroizing::new(key);
        Ok(LocalKey { id: id(&key), key })
    };
    let keys = entries.map(key).collect::<Result<Vec<_>, Error>>()?;
    if keys.is_empty() { Err(malformed()) } else { Ok(keys) }
}

/// Names a key without telling anything of it: a digest of 256 random bits.
fn id(key: &SecretKey) -> String {
    const PURPOSE: &[u8] = b"bedrock-gateway master key id\0";
    let digest = Sha256::new().chain_update(PURPOSE).chain_update(key.as_slice()).finalize();
    let hex: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("{LOCAL}{hex}")
}

fn secret_key(bytes: &[u8], place: &str) -> Result<SecretKey, Error> {
    <[u8; KEY_BYTES]>::try_from(bytes).map(Zeroizing::new).map_err(|_| broken(place))
}

fn broken(place: &str) -> Error {
    Error::Broken { place: place.to_owned() }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// One key of 32 equal bytes.
    pub(in crate::vault) fn local(byte: u8) -> MasterKeys {
        let text = BASE64_STANDARD.encode([byte; KEY_BYTES]);
        MasterKeys::load(&MasterKeyOptions { text: Some(text.into()), file: None }, None).unwrap()
    }

    #[test]
    fn keys_are_read_by_lines_and_commas() {
        let one = BASE64_STANDARD.encode([1; KEY_BYTES]);
        let two = BASE64_STANDARD.encode([2; KEY_BYTES]);
        for text in [format!("{one},{two}"), format!("# new\n{one}\n\n  {two}  \n")] {
            let keys = parse("test", &text).unwrap();
            assert_eq!(keys.iter().map(|key| key.key[0]).collect::<Vec<_>>(), [1, 2]);
        }
        for wrong in ["", "#", "short", &one[1..], &format!("{one}{two}"), &format!("{one},x")] {
            assert!(matches!(parse("test", wrong), Err(Error::MalformedMasterKey { .. })));
        }
        assert!(matches!(
            MasterKeys::load(&MasterKeyOptions::default(), None),
            Err(Error::NoMasterKey)
        ));
    }

    #[tokio::test]
    async fn the_environments_key_seals_also_after_the_file_was_read_again() {
        let folder = std::env::temp_dir().join(format!("bedrock-gateway-{}", uuid::Uuid::new_v4()));
        fs::create_dir(&folder).unwrap();
        let file = folder.join("old.key");
        create_file(&file).unwrap();
        let text = BASE64_STANDARD.encode([9; KEY_BYTES]);
        let options = MasterKeyOptions { text: Some(text.into()), file: Some(file) };
        let both = MasterKeys::load(&options, None).unwrap();
        assert_eq!(both.new_data_key("p").await.unwrap().master, local(9).sealing_id());
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_key_has_an_id_that_tells_nothing() {
        let keys = local(7);
        let shown = format!("{keys:?}");
        assert!(shown.contains(&keys.sealing_id()) && !shown.contains("BwcH"), "{shown}");
        assert_ne!(local(8).sealing_id(), keys.sealing_id());
    }

    #[tokio::test]
    async fn a_key_that_comes_into_the_file_later_is_found_there() {
        let folder = std::env::temp_dir().join(format!("bedrock-gateway-{}", uuid::Uuid::new_v4()));
        fs::create_dir(&folder).unwrap();
        let file = folder.join("master.key");
        create_file(&file).unwrap();
        assert!(create_file(&file).is_err(), "an old key was overwritten");
        let options = MasterKeyOptions { text: None, file: Some(file.clone()) };
        let running = MasterKeys::load(&options, None).unwrap();
        let old = running.new_data_key("p").await.unwrap();

        add_key_to_file(&file).unwrap();
        let command = MasterKeys::load(&options, None).unwrap();
        assert_ne!(command.sealing_id(), running.sealing_id());
        let new = command.new_data_key("p").await.unwrap();
        let opened = command.open_data_key(&old.master, &old.sealed, "p").await.unwrap();
        assert_eq!(opened, old.key);
        assert_eq!(running.open_data_key(&new.master, &new.sealed, "p").await.unwrap(), new.key);
        assert_eq!(running.new_data_key("p").await.unwrap().master, command.sealing_id());

        // As a rotation that was killed before its `rename` leaves it.
        fs::write(folder.join("master.key.new"), "half of a ke").unwrap();
        #[cfg(unix)]
        fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o640)).unwrap();
        keep_first_key_of_file(&file).unwrap();
        #[cfg(unix)]
        {
            let mode = fs::metadata(&file).unwrap().permissions();
            let mode = std::os::unix::fs::PermissionsExt::mode(&mode);
            assert_eq!(mode & 0o777, 0o640, "who could read the file cannot any more");
        }
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "something was left behind");
        let later = MasterKeys::load(&options, None).unwrap();
        assert!(later.open_data_key(&new.master, &new.sealed, "p").await.is_ok());
        assert!(matches!(
            later.open_data_key(&old.master, &old.sealed, "p").await,
            Err(Error::UnknownMasterKey { .. })
        ));
        fs::remove_dir_all(&folder).unwrap();
    }
}
