//! Rows of virtual keys.

use sqlx::FromRow;

use super::{AuditRow, Error, MAX_VIRTUAL_KEYS, Seconds, Store};

/// A virtual key as it lies in the database.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct VirtualKeyRow {
    /// What its envelope is bound to; never changes.
    pub id: String,
    /// What callers name it by.
    pub slug: String,
    /// What people name it by.
    pub name: String,
    /// `bedrock` or `openai`.
    pub provider: String,
    /// For people.
    pub note: Option<String>,
    /// As the creator gave it; nothing depends on it.
    pub workspace_id: Option<String>,
    /// JSON array of model ids and patterns; `None` is any model.
    pub models: Option<String>,
    /// Whether it is switched off.
    pub disabled: bool,
    /// When it ends.
    pub expires_at: Option<Seconds>,
    /// When it was made.
    pub created_at: Seconds,
    /// When it was last changed.
    pub updated_at: Seconds,
    /// The sealed envelope.
    pub credentials: String,
}

impl Store {
    /// All virtual keys, oldest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn virtual_keys(&self) -> Result<Vec<VirtualKeyRow>, Error> {
        let query = sqlx::query_as("SELECT * FROM virtual_keys ORDER BY rowid");
        Ok(query.fetch_all(&self.pool).await?)
    }

    /// Adds a virtual key, and tells of it.
    ///
    /// # Errors
    /// The slug is taken, there are too many, or the database cannot be written.
    pub async fn add_virtual_key(
        &self,
        row: &VirtualKeyRow,
        audit: &AuditRow,
    ) -> Result<(), Error> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM virtual_keys")
            .fetch_one(&mut *transaction)
            .await?;
        if count >= MAX_VIRTUAL_KEYS {
            return Err(Error::Full(MAX_VIRTUAL_KEYS));
        }
        sqlx::query("INSERT INTO virtual_keys VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
            .bind(&row.id)
            .bind(&row.slug)
            .bind(&row.name)
            .bind(&row.provider)
            .bind(&row.note)
            .bind(&row.workspace_id)
            .bind(&row.models)
            .bind(row.disabled)
            .bind(row.expires_at)
            .bind(row.created_at)
            .bind(row.updated_at)
            .bind(&row.credentials)
            .execute(&mut *transaction)
            .await?;
        audit.insert(&mut transaction).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Writes what may change of a virtual key, and tells of it; `false` if it is
    /// gone or `before` is no longer what is there.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn update_virtual_key(
        &self,
        before: &VirtualKeyRow,
        row: &VirtualKeyRow,
        audit: &AuditRow,
    ) -> Result<bool, Error> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let done = sqlx::query(
            "UPDATE virtual_keys SET name = ?, note = ?, workspace_id = ?, models = ?, \
             disabled = ?, expires_at = ?, updated_at = ?, credentials = ? \
             WHERE id = ? AND updated_at = ? AND credentials = ?",
        )
        .bind(&row.name)
        .bind(&row.note)
        .bind(&row.workspace_id)
        .bind(&row.models)
        .bind(row.disabled)
        .bind(row.expires_at)
        .bind(row.updated_at)
        .bind(&row.credentials)
        .bind(&before.id)
        .bind(before.updated_at)
        .bind(&before.credentials)
        .execute(&mut *transaction)
        .await?;
        audit.told_of(&done, transaction).await
    }

    /// Deletes a virtual key, and tells of it; `false` if there is none.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn delete_virtual_key(&self, slug: &str, audit: &AuditRow) -> Result<bool, Error> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let done = sqlx::query("DELETE FROM virtual_keys WHERE slug = ?")
            .bind(slug)
            .execute(&mut *transaction)
            .await?;
        audit.told_of(&done, transaction).await
    }

    /// Puts an envelope in place of another, if that is still there.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn reseal_virtual_key(&self, id: &str, old: &str, new: &str) -> Result<bool, Error> {
        let done =
            sqlx::query("UPDATE virtual_keys SET credentials = ? WHERE id = ? AND credentials = ?")
                .bind(new)
                .bind(id)
                .bind(old)
                .execute(&self.pool)
                .await?;
        Ok(done.rows_affected() == 1)
    }
}
