//! `GET /v1/audit-logs`.

use serde::Deserialize;

use super::call::Call;
use crate::access::admin::{parse_time, rfc3339};
use crate::api::error::ApiError;
use crate::portkey::List;
use crate::portkey::audit_log::AuditLogItem;
use crate::store::{AuditQuery, AuditRow};
use crate::vault;

/// Which rows are wanted; all members may be left out.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Wanted {
    start_time: Option<String>,
    end_time: Option<String>,
    action: Option<String>,
    user: Option<String>,
}

/// Rows of the audit log, newest first.
pub(super) async fn list(call: &mut Call) -> Result<List<AuditLogItem>, ApiError> {
    let wanted: Wanted = call.query().await?;
    let page = call.paging().await?;
    let time = |param: &str, text: Option<String>| {
        text.filter(|text| !text.is_empty()).map(|text| parse_time(param, &text)).transpose()
    };
    let as_i64 = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let query = AuditQuery {
        start: time("start_time", wanted.start_time)?,
        end: time("end_time", wanted.end_time)?,
        action: wanted.action.filter(|action| !action.is_empty()),
        actor: wanted.user.filter(|user| !user.is_empty()),
        limit: as_i64(page.page_size),
        visible: call.visible_audit_rows().await?,
        offset: as_i64(page.current_page.saturating_mul(page.page_size)),
    };
    // What happened before this request is to be in its answer.
    call.state.audit.flush().await;
    let rows = call.vault.store().audit_rows(&query).await;
    let (rows, total) = rows.map_err(vault::Error::from)?;
    let total = usize::try_from(total).unwrap_or_default();
    Ok(List { object: "list", total, data: rows.into_iter().map(item).collect() })
}

fn item(row: AuditRow) -> AuditLogItem {
    AuditLogItem {
        timestamp: rfc3339(row.at),
        action: row.action,
        outcome: row.outcome,
        response_status_code: row.status,
        user: row.actor,
        user_type: row.actor_type,
        resource_type: row.resource_type,
        resource_id: row.resource_id,
        client_ip: row.client_ip,
        method: row.method,
        uri: row.uri,
        request_id: row.request_id,
        detail: row.detail,
    }
}
