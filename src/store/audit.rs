//! Rows of the audit log.

use sqlx::sqlite::SqliteQueryResult;
use sqlx::{FromRow, QueryBuilder, Sqlite, SqliteConnection, Transaction};

use super::values::json_list;
use super::{Error, MAX_AUDIT_ROWS, MAX_REFUSED_ROWS, Seconds, Store};

/// How many rows come between two looks at the bounds.
const TRIM_EVERY: i64 = 1_000;

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
    /// The id of the gateway key, or the subject of the JWT; names can be chosen.
    pub actor_id: Option<String>,
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
    /// Only what somebody may see.
    pub visible: Option<Visible>,
    /// How many.
    pub limit: i64,
    /// How many to pass over.
    pub offset: i64,
}

/// The rows that somebody may see: those of its own actions, and those about keys that
/// it sees.
#[derive(Debug, Clone, Default)]
pub struct Visible {
    /// Its kind, as in the rows.
    pub actor_type: String,
    /// Its id, as in the rows.
    pub actor_id: Option<String>,
    /// Slugs of the virtual keys that it sees; `None` for all.
    pub virtual_keys: Option<Vec<String>>,
    /// Ids of the gateway keys that it sees.
    pub api_keys: Vec<String>,
}

impl Visible {
    fn condition(&self, sql: &mut QueryBuilder<Sqlite>) {
        sql.push(" AND ((actor_type = ").push_bind(self.actor_type.clone());
        sql.push(" AND actor_id = ").push_bind(self.actor_id.clone());
        // One parameter each, however many there are: `SQLite` bounds their number.
        sql.push(") OR (resource_type = 'virtual_key'");
        if let Some(slugs) = &self.virtual_keys {
            sql.push(" AND resource_id IN (SELECT value FROM json_each(");
            sql.push_bind(json_list(slugs)).push("))");
        }
        sql.push(
            ") OR (resource_type = 'api_key' AND resource_id IN (SELECT value FROM json_each(",
        );
        sql.push_bind(json_list(&self.api_keys)).push("))))");
    }
}

impl AuditQuery {
    /// `select` with the conditions that are given and no others: `SQLite` plans before
    /// it knows the values, and takes no index for a condition that may not hold.
    fn conditions(&self, select: &str) -> QueryBuilder<Sqlite> {
        let mut sql = QueryBuilder::new(select);
        let mut all = sql.separated(" AND ");
        all.push(" WHERE TRUE");
        if let Some(start) = self.start {
            all.push("at >= ").push_bind_unseparated(start);
        }
        if let Some(end) = self.end {
            all.push("at <= ").push_bind_unseparated(end);
        }
        if let Some(action) = &self.action {
            all.push("action = ").push_bind_unseparated(action);
        }
        if let Some(actor) = &self.actor {
            all.push("actor = ").push_bind_unseparated(actor);
        }
        if let Some(visible) = &self.visible {
            visible.condition(&mut sql);
        }
        sql
    }
}

impl AuditRow {
    /// Adds the row to a transaction, and from time to time drops the oldest beyond the
    /// bounds. What was refused has a bound of its own: anybody can be refused, and
    /// must not push out what tells of changes.
    pub(super) async fn insert(&self, connection: &mut SqliteConnection) -> Result<(), Error> {
        let id = sqlx::query(
            "INSERT INTO audit_logs (at, action, outcome, status, actor, actor_type, actor_id, \
             resource_type, resource_id, client_ip, method, uri, request_id, detail) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(self.at)
        .bind(&self.action)
        .bind(&self.outcome)
        .bind(self.status)
        .bind(&self.actor)
        .bind(&self.actor_type)
        .bind(&self.actor_id)
        .bind(&self.resource_type)
        .bind(&self.resource_id)
        .bind(&self.client_ip)
        .bind(&self.method)
        .bind(&self.uri)
        .bind(&self.request_id)
        .bind(&self.detail)
        .execute(&mut *connection)
        .await?
        .last_insert_rowid();
        if id % TRIM_EVERY == 0 {
            for (is_refused, most) in [(true, MAX_REFUSED_ROWS), (false, MAX_AUDIT_ROWS)] {
                trim(connection, is_refused, most).await?;
            }
        }
        Ok(())
    }
}

impl AuditRow {
    /// Ends the transaction of a change with the row that tells of it; `false` if
    /// nothing was changed, of which nothing is told.
    pub(super) async fn told_of(
        &self,
        change: &SqliteQueryResult,
        mut transaction: Transaction<'_, Sqlite>,
    ) -> Result<bool, Error> {
        if change.rows_affected() == 0 {
            return Ok(false);
        }
        self.insert(&mut transaction).await?;
        transaction.commit().await?;
        Ok(true)
    }
}

/// Drops the oldest of what was refused, or was not, beyond so many.
async fn trim(connection: &mut SqliteConnection, is_refused: bool, most: i64) -> Result<(), Error> {
    sqlx::query(
        "DELETE FROM audit_logs WHERE (outcome = 'refused') = ?1 AND id <= \
         (SELECT id FROM audit_logs WHERE (outcome = 'refused') = ?1 \
          ORDER BY id DESC LIMIT 1 OFFSET ?2)",
    )
    .bind(is_refused)
    .bind(most)
    .execute(connection)
    .await?;
    Ok(())
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
        let mut rows = query.conditions("SELECT * FROM audit_logs");
        rows.push(" ORDER BY id DESC LIMIT ").push_bind(query.limit);
        rows.push(" OFFSET ").push_bind(query.offset);
        let rows = rows.build_query_as().fetch_all(&self.pool).await?;
        let mut total = query.conditions("SELECT count(*) FROM audit_logs");
        let total = total.build_query_scalar().fetch_one(&self.pool).await?;
        Ok((rows, total))
    }
}

#[cfg(test)]
mod tests {
    use sqlx::Row as _;

    use super::*;

    #[tokio::test]
    async fn what_was_refused_does_not_push_out_what_was_done() {
        let folder = std::env::temp_dir().join(format!("bedrock-gateway-{}", uuid::Uuid::new_v4()));
        let store = Store::open(&folder).await.unwrap();
        let row = |outcome: &str| AuditRow { outcome: outcome.into(), ..AuditRow::default() };
        let rows = [vec![row("success"); 3], vec![row("refused"); 20]].concat();
        store.add_audit_rows(&rows).await.unwrap();
        let mut connection = store.pool.acquire().await.unwrap();
        trim(&mut connection, true, 5).await.unwrap();
        trim(&mut connection, false, 5).await.unwrap();
        drop(connection);
        let all = AuditQuery { limit: 100, ..AuditQuery::default() };
        let (rows, total) = store.audit_rows(&all).await.unwrap();
        assert_eq!(total, 8);
        assert_eq!((rows[0].id, rows[4].id, rows[5].id), (23, 19, 3));
        store.close().await;
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[tokio::test]
    async fn a_time_is_found_by_the_index() {
        let folder = std::env::temp_dir().join(format!("bedrock-gateway-{}", uuid::Uuid::new_v4()));
        let store = Store::open(&folder).await.unwrap();
        for query in [
            AuditQuery { start: Some(1), ..AuditQuery::default() },
            AuditQuery { end: Some(1), actor: Some("a".into()), ..AuditQuery::default() },
        ] {
            let mut plan = query.conditions("EXPLAIN QUERY PLAN SELECT count(*) FROM audit_logs");
            let plan = plan.build().fetch_one(&store.pool).await.unwrap();
            let plan: String = plan.get("detail");
            assert!(plan.contains("audit_logs_at"), "{plan}");
        }
        store.close().await;
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
