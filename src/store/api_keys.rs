//! Rows of gateway keys, which Portkey calls API keys.

use sqlx::FromRow;

use super::{AuditRow, Error, MAX_API_KEYS, Seconds, Store};

/// How long the rows of revoked keys stay: 90 days, in which whoever still uses one
/// is told that it was revoked.
const KEEP_REVOKED: Seconds = 90 * 24 * 60 * 60;

/// A gateway key as it lies in the database: its hash, never the key.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct ApiKeyRow {
    /// What its envelope is bound to and admins name it by; never changes.
    pub id: String,
    /// What people name it by.
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// `organisation` or `workspace`, as the creator gave it.
    #[sqlx(rename = "type")]
    pub kind: String,
    /// `service` or `user`, as the creator gave it.
    pub sub_type: String,
    /// As the creator gave it; nothing depends on it.
    pub workspace_id: Option<String>,
    /// As the creator gave it; nothing depends on it.
    pub user_id: Option<String>,
    /// Keyed hash of the key.
    pub hash: Vec<u8>,
    /// The key's last characters.
    pub hint: String,
    /// JSON array.
    pub scopes: String,
    /// JSON array of slugs; `None` is any.
    pub virtual_keys: Option<String>,
    /// The sealed envelope of metadata and config.
    pub defaults: Option<String>,
    /// When it ends.
    pub expires_at: Option<Seconds>,
    /// When it was made.
    pub created_at: Seconds,
    /// When it was last changed.
    pub updated_at: Seconds,
    /// When it was revoked.
    pub revoked_at: Option<Seconds>,
}

impl Store {
    /// All gateway keys, revoked ones included, oldest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn api_keys(&self) -> Result<Vec<ApiKeyRow>, Error> {
        let query = sqlx::query_as("SELECT * FROM api_keys ORDER BY rowid");
        Ok(query.fetch_all(&self.pool).await?)
    }

    /// Adds a gateway key, and tells of it. Rows of keys that were revoked long ago go;
    /// with the new one there is always a row left, as a gateway that had keys must
    /// never open again.
    ///
    /// # Errors
    /// There are too many, or the database cannot be written.
    pub async fn add_api_key(&self, row: &ApiKeyRow, audit: &AuditRow) -> Result<(), Error> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query("DELETE FROM api_keys WHERE revoked_at < ?")
            .bind(row.created_at.saturating_sub(KEEP_REVOKED))
            .execute(&mut *transaction)
            .await?;
        let count = "SELECT count(*) FROM api_keys WHERE revoked_at IS NULL";
        let living: i64 = sqlx::query_scalar(count).fetch_one(&mut *transaction).await?;
        let count = "SELECT count(*) FROM api_keys";
        let all: i64 = sqlx::query_scalar(count).fetch_one(&mut *transaction).await?;
        // As many again may have been revoked of late.
        if living >= MAX_API_KEYS || all >= 2 * MAX_API_KEYS {
            return Err(Error::Full(MAX_API_KEYS));
        }
        sqlx::query("INSERT INTO api_keys VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
            .bind(&row.id)
            .bind(&row.name)
            .bind(&row.description)
            .bind(&row.kind)
            .bind(&row.sub_type)
            .bind(&row.workspace_id)
            .bind(&row.user_id)
            .bind(&row.hash)
            .bind(&row.hint)
            .bind(&row.scopes)
            .bind(&row.virtual_keys)
            .bind(&row.defaults)
            .bind(row.expires_at)
            .bind(row.created_at)
            .bind(row.updated_at)
            .bind(row.revoked_at)
            .execute(&mut *transaction)
            .await?;
        audit.insert(&mut transaction).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Writes what may change of a gateway key, and tells of it; `false` if
    /// `before` is no longer what is there.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn update_api_key(
        &self,
        before: &ApiKeyRow,
        row: &ApiKeyRow,
        audit: &AuditRow,
    ) -> Result<bool, Error> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let done = sqlx::query(
            "UPDATE api_keys SET name = ?, description = ?, scopes = ?, virtual_keys = ?, \
             defaults = ?, expires_at = ?, updated_at = ?, revoked_at = ? \
             WHERE id = ? AND updated_at = ? AND defaults IS ? AND revoked_at IS NULL",
        )
        .bind(&row.name)
        .bind(&row.description)
        .bind(&row.scopes)
        .bind(&row.virtual_keys)
        .bind(&row.defaults)
        .bind(row.expires_at)
        .bind(row.updated_at)
        .bind(row.revoked_at)
        .bind(&before.id)
        .bind(before.updated_at)
        .bind(&before.defaults)
        .execute(&mut *transaction)
        .await?;
        audit.told_of(&done, transaction).await
    }

    /// Deletes all gateway keys, as somebody does who has the file.
    #[cfg(test)]
    pub(crate) async fn forget_api_keys(&self) {
        sqlx::query("DELETE FROM api_keys").execute(&self.pool).await.unwrap();
    }

    /// Puts an envelope in place of another, if that is still there.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn reseal_api_key(&self, id: &str, old: &str, new: &str) -> Result<bool, Error> {
        let done = sqlx::query("UPDATE api_keys SET defaults = ? WHERE id = ? AND defaults = ?")
            .bind(new)
            .bind(id)
            .bind(old)
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected() == 1)
    }
}
