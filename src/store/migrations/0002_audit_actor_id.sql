-- Who did it: the id of a gateway key, or the subject of a JWT. Names can be chosen, so
-- they do not tell whose rows these are.
ALTER TABLE audit_logs ADD COLUMN actor_id TEXT;
