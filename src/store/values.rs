//! Single values of the vault.

use serde_json::Value;

use super::{Error, Store};

/// A list as a row holds it, and as `json_each` takes it.
#[must_use]
pub fn json_list(entries: &[String]) -> String {
    Value::from(entries).to_string()
}

impl Store {
    /// A value by its name.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn value(&self, name: &str) -> Result<Option<String>, Error> {
        let query = sqlx::query_scalar("SELECT value FROM vault_values WHERE name = ?").bind(name);
        Ok(query.fetch_optional(&self.pool).await?)
    }

    /// Writes a value that is not there yet; one that is there stays.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn add_value(&self, name: &str, value: &str) -> Result<(), Error> {
        sqlx::query("INSERT INTO vault_values VALUES (?, ?) ON CONFLICT (name) DO NOTHING")
            .bind(name)
            .bind(value)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Puts `new` in place of `old`, if that is still there.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn replace_value(&self, name: &str, old: &str, new: &str) -> Result<bool, Error> {
        let done = sqlx::query("UPDATE vault_values SET value = ? WHERE name = ? AND value = ?")
            .bind(new)
            .bind(name)
            .bind(old)
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected() == 1)
    }
}
