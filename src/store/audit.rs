//! Rows of the audit log.

use sqlx::{FromRow, SqliteConnection};

use super::{Error, MAX_AUDIT_ROWS, Seconds, Store};

/// Who did what, when, from where. Holds no secret.
#[derive(Debug, Clone, Default, PartialEq, Eq, FromRow)]
pub struct AuditRow {
    /// Given by the database; 0 before.
    pub id: i64,
    /// When.
    pub at: Seconds,
    /// What: `virtual_keys.create`, `authentication`, ...
    pub action: String,
    /// `success` or `refused`.
    pub outcome: String,
    /// The HTTP status of the answer.
    pub status: Option<i64>,
    /// Who: the name of a key, of a token's subject, of a user of the machine.
    pub actor: String,
    /// `api_key`, `jwt`, `command_line` or `anonymous`.
    pub actor_type: String,
    /// To what: `virtual_key`, `api_key`.
    pub resource_type: Option<String>,
    /// To which.
    pub resource_id: Option<String>,
    /// From where.
    pub client_ip: Option<String>,
    /// The request's method.
    pub method: Option<String>,
    /// The request's path.
    pub uri: Option<String>,
    /// The request's trace id.
    pub request_id: Option<String>,
    /// More for people, such as why.
    pub detail: Option<String>,
}

/// Which audit rows are wanted, newest first.
#[derive(Debug, Clone, Default)]
pub struct AuditQuery {
    /// Not before.
    pub start: Option<Seconds>,
    /// Not after.
    pub end: Option<Seconds>,
    /// Only this action.
    pub action: Option<String>,
    /// Only this actor.
    pub actor: Option<String>,
    /// How many.
    pub limit: i64,
    /// How many to pass over.
    pub offset: i64,
}

const CONDITIONS: &str = "(?1 IS NULL OR at >= ?1) AND (?2 IS NULL OR at <= ?2) \
                          AND (?3 IS NULL OR action = ?3) AND (?4 IS NULL OR actor = ?4)";

impl AuditRow {
    /// Adds the row to a transaction, and drops the oldest beyond the bound.
    pub(super) async fn insert(&self, connection: &mut SqliteConnection) -> Result<(), Error> {
        sqlx::query(
            "INSERT INTO audit_logs (at, action, outcome, status, actor, actor_type, \
             resource_type, resource_id, client_ip, method, uri, request_id, detail) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(self.at)
        .bind(&self.action)
        .bind(&self.outcome)
        .bind(self.status)
        .bind(&self.actor)
        .bind(&self.actor_type)
        .bind(&self.resource_type)
        .bind(&self.resource_id)
        .bind(&self.client_ip)
        .bind(&self.method)
        .bind(&self.uri)
        .bind(&self.request_id)
        .bind(&self.detail)
        .execute(&mut *connection)
        .await?;
        // Ids only grow, so the oldest are those far enough below the newest.
        sqlx::query("DELETE FROM audit_logs WHERE id <= last_insert_rowid() - ?")
            .bind(MAX_AUDIT_ROWS)
            .execute(connection)
            .await?;
        Ok(())
    }
}

impl Store {
    /// Adds audit rows in one transaction.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn add_audit_rows(&self, rows: &[AuditRow]) -> Result<(), Error> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        for row in rows {
            row.insert(&mut transaction).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Audit rows, newest first, and how many there are in all.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn audit_rows(&self, query: &AuditQuery) -> Result<(Vec<AuditRow>, i64), Error> {
        let rows = sqlx::query_as(sqlx::AssertSqlSafe(format!(
            "SELECT * FROM audit_logs WHERE {CONDITIONS} ORDER BY id DESC LIMIT ?5 OFFSET ?6"
        )))
        .bind(query.start)
        .bind(query.end)
        .bind(&query.action)
        .bind(&query.actor)
        .bind(query.limit)
        .bind(query.offset)
        .fetch_all(&self.pool)
        .await?;
        let total = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
            "SELECT count(*) FROM audit_logs WHERE {CONDITIONS}"
        )))
        .bind(query.start)
        .bind(query.end)
        .bind(&query.action)
        .bind(&query.actor)
        .fetch_one(&self.pool)
        .await?;
        Ok((rows, total))
    }
}
