//! Sealing everything anew, under the master key that seals now.

use std::collections::BTreeSet;

use super::api_key;
use super::envelope::{self, Place};
use super::error::Error;
use super::virtual_key;
use super::{HASH_KEY, HASH_KEY_PLACE, Vault};

/// How many times a record that changes meanwhile is tried again: changes are made
/// by people.
const ATTEMPTS: usize = 5;

/// What a rotation did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rotated {
    /// Records that were sealed anew.
    pub records: usize,
}

impl Vault {
    /// The same vault, which seals under a key that is held here although there is one
    /// of KMS.
    ///
    /// # Errors
    /// There is none.
    pub fn sealing_here(self) -> Result<Self, Error> {
        Ok(Self { masters: self.masters.sealing_here()?, ..self })
    }

    /// Whether there is the master key of every record: the hash key alone does not tell
    /// after a rotation that was cut off, and a record without would be found to be lost
    /// when it is first used. Nothing is decrypted.
    pub(super) fn check_opening(&self) -> Result<(), Error> {
        let snapshot = self.snapshot.load();
        let credentials = snapshot.virtual_keys().iter().map(|key| &key.row().credentials);
        let defaults = snapshot.api_keys().iter().filter_map(|key| key.row().defaults.as_ref());
        let masters = credentials.chain(defaults).filter_map(|sealed| envelope::master_of(sealed));
        for id in masters.collect::<BTreeSet<_>>() {
            if !self.masters.has(&id)? {
                return Err(Error::UnknownMasterKey { id });
            }
        }
        Ok(())
    }

    /// Whether new records can be sealed. Who only opens need not ask: a key of KMS that
    /// is to be left may be allowed to decrypt alone.
    ///
    /// # Errors
    /// KMS does not seal under the key that is set.
    pub async fn check_sealing(&self) -> Result<(), Error> {
        self.masters.check(&HASH_KEY_PLACE.to_string()).await
    }

    /// Seals every record anew, each under a new data key, while gateways go on: this is
    /// the first part, in which others may change records meanwhile. A rotation can be
    /// cut off and begun again.
    ///
    /// # Errors
    /// A record does not open, or the database cannot be written.
    pub async fn reseal_each(&self) -> Result<Rotated, Error> {
        let (records, _) = self.reseal_records(false).await?;
        Ok(Rotated { records })
    }

    /// The second part: what a gateway sealed under an old key meanwhile, until there
    /// is nothing of that any more. An old key may go only after this.
    ///
    /// # Errors
    /// As of [`Self::reseal_each`], or gateways go on to seal under an old key.
    pub async fn reseal_rest(&self) -> Result<Rotated, Error> {
        let mut rotated = Rotated::default();
        for _ in 0..ATTEMPTS {
            let (done, missed) = self.reseal_records(true).await?;
            rotated.records += done;
            if done == 0 && missed == 0 {
                // Last: what it is sealed under then opens everything else.
                self.reseal_hash_key().await?;
                rotated.records += 1;
                self.changed().await?;
                self.write_mark(true).await?;
                return Ok(rotated);
            }
        }
        Err(Error::Conflict)
    }

    async fn reseal_hash_key(&self) -> Result<(), Error> {
        for _ in 0..ATTEMPTS {
            let Some(old) = self.store.value(HASH_KEY).await? else { break };
            let new = self.resealed(HASH_KEY_PLACE, &old).await?;
            if self.store.replace_value(HASH_KEY, &old, &new).await? {
                return Ok(());
            }
        }
        Err(Error::Conflict)
    }

    /// How many were sealed anew, and how many were changed by others meanwhile.
    async fn reseal_records(&self, only_old: bool) -> Result<(usize, usize), Error> {
        let sealing = self.masters.sealing_id();
        let is_due = |envelope: &str| !only_old || !envelope::is_sealed_by(envelope, &sealing);
        let (mut done, mut missed) = (0, 0);
        let mut count = |replaced: bool| if replaced { done += 1 } else { missed += 1 };
        for row in self.store.virtual_keys().await? {
            if is_due(&row.credentials) {
                let new = self.resealed(virtual_key::place(&row.id), &row.credentials).await?;
                count(self.store.reseal_virtual_key(&row.id, &row.credentials, &new).await?);
            }
        }
        for row in self.store.api_keys().await? {
            if let Some(old) = row.defaults.filter(|envelope| is_due(envelope)) {
                let new = self.resealed(api_key::place(&row.id), &old).await?;
                count(self.store.reseal_api_key(&row.id, &old, &new).await?);
            }
        }
        Ok((done, missed))
    }

    async fn resealed(&self, place: Place<'_>, old: &str) -> Result<String, Error> {
        let content = envelope::open(&self.masters, place, old).await?;
        envelope::seal(&self.masters, place, &content).await
    }
}
