-- What the vault and the audit log keep. Times are seconds since 1970, UTC.

-- Single values of the vault, such as the sealed key of the hashes.
CREATE TABLE vault_values (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE virtual_keys (
    id           TEXT NOT NULL PRIMARY KEY,
    slug         TEXT NOT NULL UNIQUE,
    name         TEXT NOT NULL,
    provider     TEXT NOT NULL,
    note         TEXT,
    workspace_id TEXT,
    -- JSON array of model ids and patterns; NULL: any model.
    models       TEXT,
    disabled     INTEGER NOT NULL,
    expires_at   INTEGER,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    -- Credentials, region and endpoint as a sealed envelope.
    credentials  TEXT NOT NULL
) STRICT;

CREATE TABLE api_keys (
    id           TEXT NOT NULL PRIMARY KEY,
    name         TEXT NOT NULL,
    description  TEXT,
    type         TEXT NOT NULL,
    sub_type     TEXT NOT NULL,
    workspace_id TEXT,
    user_id      TEXT,
    -- HMAC-SHA-256 of the key; the HMAC's own key is sealed in vault_values.
    hash         BLOB NOT NULL UNIQUE,
    -- The key's last characters, for people to tell keys apart.
    hint         TEXT NOT NULL,
    -- JSON arrays; virtual_keys NULL: any.
    scopes       TEXT NOT NULL,
    virtual_keys TEXT,
    -- Metadata and config as a sealed envelope; a config may hold credentials.
    defaults     TEXT,
    expires_at   INTEGER,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    -- A revoked key stays, so that a gateway that had keys never opens again.
    revoked_at   INTEGER
) STRICT;

CREATE TABLE audit_logs (
    id            INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at            INTEGER NOT NULL,
    action        TEXT NOT NULL,
    outcome       TEXT NOT NULL,
    status        INTEGER,
    actor         TEXT NOT NULL,
    actor_type    TEXT NOT NULL,
    resource_type TEXT,
    resource_id   TEXT,
    client_ip     TEXT,
    method        TEXT,
    uri           TEXT,
    request_id    TEXT,
    detail        TEXT
) STRICT;

CREATE INDEX audit_logs_at ON audit_logs (at);
-- What was refused is bounded apart from what was done.
CREATE INDEX audit_logs_refused ON audit_logs (outcome = 'refused', id);

-- Counts the changes that running gateways must see. Triggers count, so that no
-- way of writing can forget to.
CREATE TABLE revision (
    only_row INTEGER NOT NULL PRIMARY KEY CHECK (only_row = 0),
    number   INTEGER NOT NULL
) STRICT;
INSERT INTO revision VALUES (0, 0);

CREATE TRIGGER virtual_keys_inserted AFTER INSERT ON virtual_keys
BEGIN UPDATE revision SET number = number + 1; END;
CREATE TRIGGER virtual_keys_updated AFTER UPDATE ON virtual_keys
BEGIN UPDATE revision SET number = number + 1; END;
CREATE TRIGGER virtual_keys_deleted AFTER DELETE ON virtual_keys
BEGIN UPDATE revision SET number = number + 1; END;
CREATE TRIGGER api_keys_inserted AFTER INSERT ON api_keys
BEGIN UPDATE revision SET number = number + 1; END;
CREATE TRIGGER api_keys_updated AFTER UPDATE ON api_keys
BEGIN UPDATE revision SET number = number + 1; END;
CREATE TRIGGER api_keys_deleted AFTER DELETE ON api_keys
BEGIN UPDATE revision SET number = number + 1; END;
