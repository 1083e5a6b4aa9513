//! What a caller may do, in three words of this gateway and in Portkey's.
//!
//! Source: <https://portkey.ai/docs/product/enterprise-offering/org-management/api-keys-authn-and-authz>.

use std::fmt;

/// May call models.
pub const INFERENCE: &str = "inference";
/// May read what the admin API tells.
pub const ADMIN_READ: &str = "admin.read";
/// May do everything that the admin API does.
pub const ADMIN_WRITE: &str = "admin.write";

/// Portkey's kinds of API keys, each of which has scopes of its own.
const API_KEYS: [&str; 3] =
    ["organisation_service_api_keys", "workspace_service_api_keys", "workspace_user_api_keys"];

/// Portkey's other resources. Those that this gateway has not may be named too,
/// without effect.
const RESOURCES: [&str; 20] = [
    "agent_servers",
    "analytics",
    "audit_logs",
    "completions",
    "configs",
    "guardrails",
    "integrations",
    "logs",
    "mcp",
    "mcp_servers",
    "models",
    "organisation_integrations",
    "organisation_users",
    "policies",
    "prompts",
    "providers",
    "secret_references",
    "virtual_keys",
    "workspace_integrations",
    "workspaces",
];

/// What Portkey lets one do with a resource.
const ACTIONS: [&str; 12] = [
    "create", "delete", "export", "invoke", "list", "publish", "read", "render", "rotate",
    "update", "view", "write",
];

/// Something that not every caller may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Call models.
    Inference,
    /// An action (`create`, `list`, ...) on virtual keys.
    VirtualKeys(&'static str),
    /// An action (`create`, `list`, ...) on gateway keys.
    ApiKeys(&'static str),
    /// Read the audit log.
    AuditLogs,
}

impl Permission {
    /// Whether one of these scopes allows it.
    #[must_use]
    pub fn is_in(self, scopes: &[String]) -> bool {
        scopes.iter().any(|scope| self.is_given_by(scope))
    }

    /// The word for it in the audit log.
    #[must_use]
    pub fn action(self) -> String {
        match self {
            Self::ApiKeys(action) => format!("api_keys.{action}"),
            Self::Inference | Self::VirtualKeys(_) | Self::AuditLogs => self.to_string(),
        }
    }

    fn is_given_by(self, scope: &str) -> bool {
        let (resource, action) = scope.split_once('.').unwrap_or((scope, ""));
        match self {
            Self::Inference => scope == INFERENCE || scope == "completions.write",
            Self::VirtualKeys(needed) => {
                is_admin(scope, needed) || (resource == "virtual_keys" && action == needed)
            }
            Self::ApiKeys(needed) => {
                is_admin(scope, needed) || (API_KEYS.contains(&resource) && action == needed)
            }
            Self::AuditLogs => is_admin(scope, "list") || scope == "audit_logs.list",
        }
    }
}

/// Says the scope that Portkey would ask for.
impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inference => f.write_str(INFERENCE),
            Self::VirtualKeys(action) => write!(f, "virtual_keys.{action}"),
            Self::ApiKeys(action) => write!(f, "workspace_service_api_keys.{action}"),
            Self::AuditLogs => f.write_str("audit_logs.list"),
        }
    }
}

fn is_admin(scope: &str, action: &str) -> bool {
    scope == ADMIN_WRITE || (scope == ADMIN_READ && matches!(action, "list" | "read"))
}

/// Whether a word is a scope: one of ours, or one of Portkey's.
#[must_use]
pub fn is_known(scope: &str) -> bool {
    [INFERENCE, ADMIN_READ, ADMIN_WRITE].contains(&scope)
        || scope.split_once('.').is_some_and(|(resource, action)| {
            (RESOURCES.contains(&resource)
                || API_KEYS.contains(&resource)
                || resource == "workspace_users")
                && ACTIONS.contains(&action)
        })
}

/// The first of `wanted` that somebody with `own` scopes may not give to others:
/// nobody gives what they do not have, but for those who may do everything.
#[must_use]
pub fn not_grantable<'a>(own: &[String], wanted: &'a [String]) -> Option<&'a String> {
    if own.iter().any(|scope| scope == ADMIN_WRITE) {
        return None;
    }
    wanted.iter().find(|scope| !own.contains(scope))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(scope: &str, permission: Permission) -> bool {
        permission.is_in(&[scope.to_owned()])
    }

    #[test]
    fn each_scope_allows_its_own() {
        let (list, create) = (Permission::VirtualKeys("list"), Permission::VirtualKeys("create"));
        let keys = Permission::ApiKeys("create");
        for (scope, expected) in [
            // inference, list, create, keys, audit logs
            ("inference", [true, false, false, false, false]),
            ("completions.write", [true, false, false, false, false]),
            ("admin.read", [false, true, false, false, true]),
            ("admin.write", [false, true, true, true, true]),
            ("virtual_keys.list", [false, true, false, false, false]),
            ("virtual_keys.create", [false, false, true, false, false]),
            ("workspace_user_api_keys.create", [false, false, false, true, false]),
            ("audit_logs.list", [false, false, false, false, true]),
            ("configs.create", [false; 5]),
            ("", [false; 5]),
        ] {
            let permissions = [Permission::Inference, list, create, keys, Permission::AuditLogs];
            assert_eq!(
                permissions.map(|permission| allows(scope, permission)),
                expected,
                "{scope}"
            );
            assert!(scope.is_empty() || is_known(scope), "{scope}");
        }
        for unknown in ["admin", "virtual_key.create", "virtual_keys.make", "inference "] {
            assert!(!is_known(unknown), "{unknown}");
        }
    }

    #[test]
    fn nobody_gives_what_they_do_not_have() {
        let list =
            |scopes: &[&str]| scopes.iter().map(|&scope| scope.to_owned()).collect::<Vec<_>>();
        let maker = list(&["workspace_service_api_keys.create", "inference"]);
        assert_eq!(not_grantable(&maker, &list(&["inference"])), None);
        let more = list(&["inference", "admin.write"]);
        assert_eq!(not_grantable(&maker, &more).unwrap(), "admin.write");
        assert_eq!(not_grantable(&list(&["admin.write"]), &more), None);
    }
}
