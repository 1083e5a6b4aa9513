//! The audit log: one line and, where there is a store, one row for every action of
//! an admin and every caller that was turned away.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tracing::{error, info};

use crate::store::{AuditRow, Store};
use crate::telemetry::{chain, mask};

/// Rows that wait to be written at most. When there are more, requests that are
/// turned away wait for their turn, and others do not notice.
const MAX_WAITING: usize = 1024;
/// Rows of one transaction at most.
const MAX_BATCH: usize = 256;
/// Rows of one batch at most that tell the same of strangers.
const MAX_ALIKE: usize = 16;
/// How long the end of the program waits for the last rows.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
/// How much of a text from outside goes into a row.
const MAX_TEXT: usize = 256;

/// Something worth a row.
pub type Event = AuditRow;

enum Message {
    Row(Box<AuditRow>),
    Flush(oneshot::Sender<()>),
}

/// Writes lines and rows. Rows are written together, by a task of its own.
#[derive(Debug)]
pub struct AuditLog {
    writer: Option<(mpsc::Sender<Message>, JoinHandle<()>)>,
}

impl AuditLog {
    /// Without a store there are lines only. Must be called within a runtime.
    #[must_use]
    pub fn new(store: Option<Store>) -> Self {
        let writer = store.map(|store| {
            let (sender, receiver) = mpsc::channel(MAX_WAITING);
            (sender, tokio::spawn(write(store, receiver)))
        });
        Self { writer }
    }

    /// Writes the line of an event whose row is written elsewhere, with the change
    /// that it tells of.
    pub fn line(event: &Event) {
        info!(
            target: concat!(env!("CARGO_CRATE_NAME"), "::audit"),
            action = event.action,
            outcome = event.outcome,
            status = event.status,
            actor = event.actor,
            actor_type = event.actor_type,
            actor_id = event.actor_id,
            resource_type = event.resource_type,
            resource_id = event.resource_id,
            client_ip = event.client_ip,
            method = event.method,
            uri = event.uri,
            trace_id = event.request_id,
            detail = event.detail,
            "audit"
        );
    }

    /// Writes line and row of an event.
    pub async fn record(&self, event: Event) {
        let event = bounded(event);
        Self::line(&event);
        if let Some((sender, _)) = &self.writer {
            // The writer ends with the program only.
            let _ = sender.send(Message::Row(Box::new(event))).await;
        }
    }

    /// Waits until what was recorded before is written.
    pub async fn flush(&self) {
        if let Some((sender, _)) = &self.writer {
            let (done, is_done) = oneshot::channel();
            if sender.send(Message::Flush(done)).await.is_ok() {
                let _ = is_done.await;
            }
        }
    }

    /// Writes what is left.
    pub async fn close(&self) {
        if timeout(CLOSE_TIMEOUT, self.flush()).await.is_err() {
            error!("the last rows of the audit log were not written in time");
        }
    }
}

impl Drop for AuditLog {
    fn drop(&mut self) {
        if let Some((_, writer)) = &self.writer {
            writer.abort();
        }
    }
}

async fn write(store: Store, mut messages: mpsc::Receiver<Message>) {
    let mut batch = Vec::new();
    while messages.recv_many(&mut batch, MAX_BATCH).await > 0 {
        let (mut rows, mut waiting) = (Vec::new(), Vec::new());
        for message in batch.drain(..) {
            match message {
                Message::Row(row) => rows.push(*row),
                Message::Flush(done) => waiting.push(done),
            }
        }
        let rows = gathered(rows);
        if !rows.is_empty()
            && let Err(error) = store.add_audit_rows(&rows).await
        {
            // Their lines are there.
            let cause = chain(&error);
            error!(rows = rows.len(), cause, "rows of the audit log could not be written");
        }
        for done in waiting {
            let _ = done.send(());
        }
    }
}

/// The rows of one batch. Of many strangers who are turned away at one time for one
/// reason, most become one row with their number: each has its line.
fn gathered(rows: Vec<AuditRow>) -> Vec<AuditRow> {
    let (mut kept, mut more): (Vec<AuditRow>, Vec<(AuditRow, usize)>) = (Vec::new(), Vec::new());
    let is_alike = |one: &AuditRow, other: &AuditRow| {
        one.actor_type == "anonymous"
            && (&one.action, &one.detail, &one.client_ip, &one.actor_type)
                == (&other.action, &other.detail, &other.client_ip, &other.actor_type)
    };
    for row in rows {
        if kept.iter().filter(|known| is_alike(known, &row)).count() < MAX_ALIKE {
            kept.push(row);
        } else if let Some((_, count)) = more.iter_mut().find(|(known, _)| is_alike(known, &row)) {
            *count += 1;
        } else {
            more.push((row, 1));
        }
    }
    kept.extend(more.into_iter().map(|(row, count)| AuditRow {
        detail: Some(format!("{} ({count} more)", row.detail.unwrap_or_default())),
        ..row
    }));
    kept
}

/// An event as it may be logged and stored: gateway keys in its texts are masked, and
/// its texts are cut, so that nobody fills the log with one request.
#[must_use]
pub fn bounded(mut event: Event) -> Event {
    let texts = [
        Some(&mut event.actor),
        event.actor_id.as_mut(),
        event.resource_type.as_mut(),
        event.resource_id.as_mut(),
        event.client_ip.as_mut(),
        event.method.as_mut(),
        event.uri.as_mut(),
        event.request_id.as_mut(),
        event.detail.as_mut(),
    ];
    for text in texts.into_iter().flatten() {
        // Before it is cut: part of a key may be too short to be recognised.
        *text = mask::mask(std::mem::take(text));
        if let Some((end, _)) = text.char_indices().nth(MAX_TEXT) {
            text.truncate(end);
        }
    }
    event
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::AuditQuery;

    #[test]
    fn many_strangers_at_one_time_become_one_row() {
        let row = |actor: &str, kind: &str| Event {
            actor: actor.into(),
            actor_type: kind.into(),
            detail: Some("invalid_api_key".into()),
            ..Event::default()
        };
        let strangers = vec![row("", "anonymous"); 100];
        let rows = gathered([strangers, vec![row("known", "api_key"); 100]].concat());
        assert_eq!(rows.len(), MAX_ALIKE + 100 + 1);
        assert_eq!(rows.last().unwrap().detail.as_deref(), Some("invalid_api_key (84 more)"));
    }

    #[tokio::test]
    async fn rows_are_there_after_a_flush_and_none_is_too_long() {
        let folder = std::env::temp_dir().join(format!("bedrock-gateway-{}", uuid::Uuid::new_v4()));
        let store = Store::open(&folder).await.unwrap();
        let log = AuditLog::new(Some(store.clone()));
        for at in 0..600 {
            let detail = Some("ä".repeat(1000));
            log.record(Event { at, action: "authentication".into(), detail, ..Event::default() })
                .await;
        }
        log.flush().await;
        let query = AuditQuery { limit: 1, ..AuditQuery::default() };
        let (rows, total) = store.audit_rows(&query).await.unwrap();
        assert_eq!((rows[0].at, total), (599, 600));
        assert_eq!(rows[0].detail.as_ref().unwrap().chars().count(), MAX_TEXT);
        drop(log);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
