/* sql/apitoken--1.0--1.1.sql */

-- complain if script is sourced in psql, rather than via ALTER EXTENSION
\echo Use "ALTER EXTENSION apitoken UPDATE TO '1.1'" to load this file. \quit

-- as in apitoken--1.0.sql: nothing planted is found
SET LOCAL search_path TO pg_catalog, pg_temp;

/*
 * The trail is asked what happened since a moment.  Its rows are only ever
 * added, so they lie in the order of time: a summary of each range of blocks
 * finds them, and costs a change of a status nearly nothing.
 */
CREATE INDEX api_token_transitions_at_idx ON apitoken.api_token_transitions USING brin (at) WITH (autosummarize = on);
COMMENT ON SEQUENCE apitoken.api_token_transitions_id_seq IS 'Numbers the rows of the trail; a later change of one token has a higher number.';

/*
 * Views for those who watch over the tokens.
 *
 * They read with their owner's rights, past row security, and show every
 * account: each is granted by name, to roles that may see that.  None leads to
 * a digest.  With security_barrier, a condition of somebody's own sees no row
 * that the view leaves out.
 *
 * last_access_at has no index on purpose: an access is noted without touching
 * an index, and a question of a person may read the whole table.
 */
CREATE VIEW apitoken.token_states WITH (security_barrier) AS
	SELECT a.id AS account_id,
			count(t.id) FILTER (WHERE t.status = 'Active') AS active,
			count(t.id) FILTER (WHERE t.status = 'Disabled') AS disabled,
			count(t.id) FILTER (WHERE t.status = 'Deleted') AS deleted
		FROM apitoken.accounts a
		LEFT JOIN apitoken.api_tokens t ON t.account_id = a.id
		GROUP BY a.id
	UNION ALL
	SELECT NULL,
			count(*) FILTER (WHERE t.status = 'Active'),
			count(*) FILTER (WHERE t.status = 'Disabled'),
			count(*) FILTER (WHERE t.status = 'Deleted')
		FROM apitoken.api_tokens t;
COMMENT ON VIEW apitoken.token_states IS
	'How many API tokens there are of each status: a row for each account, and one for all of them, whose account_id is null. For monitoring: shows every account, and nothing that a secret could be found by.';
COMMENT ON COLUMN apitoken.token_states.account_id IS 'The account; null in the row for all accounts.';
COMMENT ON COLUMN apitoken.token_states.active IS 'Number of Active tokens: those that authenticate.';
COMMENT ON COLUMN apitoken.token_states.disabled IS 'Number of Disabled tokens.';
COMMENT ON COLUMN apitoken.token_states.deleted IS 'Number of Deleted tokens.';
REVOKE ALL ON apitoken.token_states FROM PUBLIC;

CREATE VIEW apitoken.token_accesses WITH (security_barrier) AS
	SELECT t.account_id, t.id AS api_token_id, t.name, t.status, t.created_at, c.last_access_at
		FROM apitoken.api_tokens t
		LEFT JOIN apitoken.api_token_credentials c ON c.account_id = t.account_id AND c.api_token_id = t.id;
COMMENT ON VIEW apitoken.token_accesses IS
	'When each API token last authenticated. Not since a date: WHERE last_access_at < date. For monitoring: shows every account, and nothing that a secret could be found by.';
COMMENT ON COLUMN apitoken.token_accesses.account_id IS 'The token''s account.';
COMMENT ON COLUMN apitoken.token_accesses.api_token_id IS 'The token.';
COMMENT ON COLUMN apitoken.token_accesses.name IS 'Its name.';
COMMENT ON COLUMN apitoken.token_accesses.status IS 'Its status now: Active, Disabled or Deleted.';
COMMENT ON COLUMN apitoken.token_accesses.created_at IS 'When it was created.';
COMMENT ON COLUMN apitoken.token_accesses.last_access_at IS
	'About when it last authenticated, noted at most every apitoken.last_access_interval; null if it never has.';
REVOKE ALL ON apitoken.token_accesses FROM PUBLIC;

CREATE VIEW apitoken.tokens_never_used WITH (security_barrier) AS
	SELECT t.account_id, t.id AS api_token_id, t.name, t.created_at, t.created_by_type AS creator_type, t.created_by_id AS creator_id
		FROM apitoken.api_tokens t
		LEFT JOIN apitoken.api_token_credentials c ON c.account_id = t.account_id AND c.api_token_id = t.id
		WHERE t.status = 'Active' AND c.last_access_at IS NULL;
COMMENT ON VIEW apitoken.tokens_never_used IS
	'Active API tokens that have never authenticated. For monitoring: shows every account, and nothing that a secret could be found by.';
COMMENT ON COLUMN apitoken.tokens_never_used.account_id IS 'The token''s account.';
COMMENT ON COLUMN apitoken.tokens_never_used.api_token_id IS 'The token.';
COMMENT ON COLUMN apitoken.tokens_never_used.name IS 'Its name.';
COMMENT ON COLUMN apitoken.tokens_never_used.created_at IS 'When it was created.';
COMMENT ON COLUMN apitoken.tokens_never_used.creator_type IS 'What created it: user or token; null if nobody is known.';
COMMENT ON COLUMN apitoken.tokens_never_used.creator_id IS 'Id of the user or API token that created it.';
REVOKE ALL ON apitoken.tokens_never_used FROM PUBLIC;

CREATE VIEW apitoken.tokens_to_review WITH (security_barrier) AS
	SELECT t.account_id, t.id AS api_token_id, t.name, a.status AS account_status,
			t.created_by_type AS creator_type, t.created_by_id AS creator_id, COALESCE(u.status, k.status) AS creator_status
		FROM apitoken.api_tokens t
		JOIN apitoken.accounts a ON a.id = t.account_id
		LEFT JOIN apitoken.users u ON t.created_by_type = 'user' AND u.id = t.created_by_id
		LEFT JOIN apitoken.api_tokens k ON t.created_by_type = 'token' AND k.id = t.created_by_id
		WHERE t.status = 'Active'
			AND (a.status = 'Disabled' OR u.status IN ('Blocked', 'Disabled', 'Deleted') OR k.status IN ('Disabled', 'Deleted'));
COMMENT ON VIEW apitoken.tokens_to_review IS
	'Active API tokens that may be left over: their account is Disabled, or the user or API token that created them is Blocked, Disabled or Deleted. They still authenticate. For monitoring: shows every account, and nothing that a secret could be found by.';
COMMENT ON COLUMN apitoken.tokens_to_review.account_id IS 'The token''s account.';
COMMENT ON COLUMN apitoken.tokens_to_review.api_token_id IS 'The token.';
COMMENT ON COLUMN apitoken.tokens_to_review.name IS 'Its name.';
COMMENT ON COLUMN apitoken.tokens_to_review.account_status IS 'Status of the account: Active, Enabled or Disabled.';
COMMENT ON COLUMN apitoken.tokens_to_review.creator_type IS 'What created it: user or token; null if nobody is known.';
COMMENT ON COLUMN apitoken.tokens_to_review.creator_id IS 'Id of the user or API token that created it.';
COMMENT ON COLUMN apitoken.tokens_to_review.creator_status IS 'Status of that user or API token; null if nobody is known.';
REVOKE ALL ON apitoken.tokens_to_review FROM PUBLIC;

CREATE VIEW apitoken.token_transitions WITH (security_barrier) AS
	SELECT l.id, l.at, l.account_id, l.api_token_id, t.name, t.status, l.from_status, l.to_status,
			l.actor_type, l.actor_id, COALESCE(u.name, k.name) AS actor_name, l.database_role, l.client_address
		FROM apitoken.api_token_transitions l
		JOIN apitoken.api_tokens t ON t.account_id = l.account_id AND t.id = l.api_token_id
		LEFT JOIN apitoken.users u ON l.actor_type = 'user' AND u.id = l.actor_id
		LEFT JOIN apitoken.api_tokens k ON l.actor_type = 'token' AND k.id = l.actor_id;
COMMENT ON VIEW apitoken.token_transitions IS
	'The trail with names: who changed which API token''s status. The last hour: WHERE at > now() - interval ''1 hour''. For monitoring: shows every account, and nothing that a secret could be found by.';
COMMENT ON COLUMN apitoken.token_transitions.id IS 'Number of the trail''s row; a later change of one token has a higher one.';
COMMENT ON COLUMN apitoken.token_transitions.at IS 'When the change was made.';
COMMENT ON COLUMN apitoken.token_transitions.account_id IS 'The token''s account.';
COMMENT ON COLUMN apitoken.token_transitions.api_token_id IS 'The token.';
COMMENT ON COLUMN apitoken.token_transitions.name IS 'Its name now.';
COMMENT ON COLUMN apitoken.token_transitions.status IS 'Its status now.';
COMMENT ON COLUMN apitoken.token_transitions.from_status IS 'Status before; null for a new token.';
COMMENT ON COLUMN apitoken.token_transitions.to_status IS 'Status after.';
COMMENT ON COLUMN apitoken.token_transitions.actor_type IS 'What acted: user or token; null where a trusted database role acted by itself.';
COMMENT ON COLUMN apitoken.token_transitions.actor_id IS 'Id of the user or API token that acted.';
COMMENT ON COLUMN apitoken.token_transitions.actor_name IS 'Name now of the user or API token that acted.';
COMMENT ON COLUMN apitoken.token_transitions.database_role IS 'Database role that made the call.';
COMMENT ON COLUMN apitoken.token_transitions.client_address IS 'Network address of the client; null for a local connection.';
REVOKE ALL ON apitoken.token_transitions FROM PUBLIC;

CREATE VIEW apitoken.tokens_disabled_last_day WITH (security_barrier) AS
	SELECT at, account_id, api_token_id, name, status, actor_type, actor_id, actor_name, database_role, client_address
		FROM apitoken.token_transitions
		WHERE to_status = 'Disabled' AND at > now() - interval '24 hours';
COMMENT ON VIEW apitoken.tokens_disabled_last_day IS
	'API tokens disabled in the last 24 hours, and by whom: a row for each time, also if the token was enabled or deleted since. For monitoring: shows every account, and nothing that a secret could be found by.';
COMMENT ON COLUMN apitoken.tokens_disabled_last_day.at IS 'When it was disabled.';
COMMENT ON COLUMN apitoken.tokens_disabled_last_day.account_id IS 'The token''s account.';
COMMENT ON COLUMN apitoken.tokens_disabled_last_day.api_token_id IS 'The token.';
COMMENT ON COLUMN apitoken.tokens_disabled_last_day.name IS 'Its name now.';
COMMENT ON COLUMN apitoken.tokens_disabled_last_day.status IS 'Its status now.';
COMMENT ON COLUMN apitoken.tokens_disabled_last_day.actor_type IS 'What disabled it: user or token; null where a trusted database role did by itself.';
COMMENT ON COLUMN apitoken.tokens_disabled_last_day.actor_id IS 'Id of the user or API token that disabled it.';
COMMENT ON COLUMN apitoken.tokens_disabled_last_day.actor_name IS 'Name now of the user or API token that disabled it.';
COMMENT ON COLUMN apitoken.tokens_disabled_last_day.database_role IS 'Database role that made the call.';
COMMENT ON COLUMN apitoken.tokens_disabled_last_day.client_address IS 'Network address of the client; null for a local connection.';
REVOKE ALL ON apitoken.tokens_disabled_last_day FROM PUBLIC;

/*
 * A trigger on these tables runs with the rights of their owner, who is mostly
 * a superuser: the functions write as he does.  So TRIGGER on a table, which
 * GRANT ALL includes, must not be enough to put one there.
 */
CREATE FUNCTION apitoken.refuse_trigger() RETURNS event_trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	relation regclass;
BEGIN
	SELECT t.tgrelid INTO relation
		FROM pg_event_trigger_ddl_commands() c
		JOIN pg_trigger t ON t.oid = c.objid
		JOIN pg_class r ON r.oid = t.tgrelid
		JOIN pg_namespace n ON n.oid = r.relnamespace
		WHERE c.classid = 'pg_trigger'::regclass AND n.nspname = 'apitoken' AND NOT pg_has_role(r.relowner, 'USAGE');
	IF FOUND THEN
		RAISE EXCEPTION 'must be owner of table %', relation
			USING ERRCODE = 'insufficient_privilege',
				DETAIL = 'A trigger on a table of the extension "apitoken" runs with the rights of the table''s owner.';
	END IF;
END
$$;
COMMENT ON FUNCTION apitoken.refuse_trigger() IS
	'Event trigger: only the owner of a table of the extension creates a trigger on it.';
REVOKE ALL ON FUNCTION apitoken.refuse_trigger() FROM PUBLIC;

CREATE EVENT TRIGGER apitoken_refuse_trigger ON ddl_command_end WHEN TAG IN ('CREATE TRIGGER')
	EXECUTE FUNCTION apitoken.refuse_trigger();
COMMENT ON EVENT TRIGGER apitoken_refuse_trigger IS
	'Keeps roles that were granted TRIGGER on a table of the extension apitoken from running code as its owner.';

/*
 * Who may
 */

/*
 * Rows that are written by hand
 */

/*
 * The default group's modules bound those of the account's other groups and
 * tokens.  What breaks that, an older version let be written: it stays, and is
 * shown here.
 */
CREATE VIEW apitoken.modules_to_review WITH (security_barrier) AS
	SELECT h.account_id, h.holder_type, h.holder_id, h.module_id, o.module_id IS NOT NULL AS is_offered,
			a.type = ANY (m.account_types) AS is_allowed
		FROM (SELECT l.account_id, 'group'::text, l.user_group_id, l.module_id FROM apitoken.user_group_modules l
			UNION ALL SELECT l.account_id, 'token', l.api_token_id, l.module_id FROM apitoken.api_token_modules l)
			AS h (account_id, holder_type, holder_id, module_id)
		JOIN apitoken.accounts a ON a.id = h.account_id
		JOIN apitoken.modules m ON m.id = h.module_id
		LEFT JOIN (SELECT l.account_id, l.module_id FROM apitoken.user_groups g
			JOIN apitoken.user_group_modules l ON l.account_id = g.account_id AND l.user_group_id = g.id WHERE g.is_default) o
			ON o.account_id = h.account_id AND o.module_id = h.module_id
		WHERE o.module_id IS NULL OR (a.type = ANY (m.account_types)) IS NOT TRUE;
COMMENT ON VIEW apitoken.modules_to_review IS
	'Modules that a user group or an API token has though its account''s default group does not have them, or an account of its type may not: rows that are older than version 1.1, or were restored. For monitoring: shows every account, and nothing that a secret could be found by.';
COMMENT ON COLUMN apitoken.modules_to_review.account_id IS 'The account of both.';
COMMENT ON COLUMN apitoken.modules_to_review.holder_type IS 'What has the module: group or token.';
COMMENT ON COLUMN apitoken.modules_to_review.holder_id IS 'Id of that user group or API token.';
COMMENT ON COLUMN apitoken.modules_to_review.module_id IS 'The module.';
COMMENT ON COLUMN apitoken.modules_to_review.is_offered IS 'Whether the account''s default user group has the module.';
COMMENT ON COLUMN apitoken.modules_to_review.is_allowed IS 'Whether an account of this type may hold the module (apitoken.modules.account_types).';
REVOKE ALL ON apitoken.modules_to_review FROM PUBLIC;

DO $$
DECLARE
	found bigint := (SELECT count(*) FROM apitoken.modules_to_review);
BEGIN
	IF found > 0 THEN
		RAISE WARNING 'modules that user groups or API tokens have without right: %', found
			USING DETAIL = 'Their account''s default user group does not have them, or an account of its type may not hold them. They stay; no more can be added.',
				HINT = 'See the view apitoken.modules_to_review.';
	END IF;
END
$$;

CREATE FUNCTION apitoken.check_offer() RETURNS trigger
LANGUAGE C AS 'MODULE_PATHNAME', 'apitoken_check_offer';
COMMENT ON FUNCTION apitoken.check_offer() IS
	'Trigger: a user group or API token is given a module only if the account''s default user group has it and an account of its type may hold it. A restore, in a session with row_security off that row security does not bind, brings rows back as they were.';
REVOKE ALL ON FUNCTION apitoken.check_offer() FROM PUBLIC;

CREATE FUNCTION apitoken.keep_offer() RETURNS trigger
LANGUAGE C AS 'MODULE_PATHNAME', 'apitoken_keep_offer';
COMMENT ON FUNCTION apitoken.keep_offer() IS
	'Trigger: another user group becomes the default, or the default goes, only if nobody of the account has a module that the default group then has not.';
REVOKE ALL ON FUNCTION apitoken.keep_offer() FROM PUBLIC;

CREATE FUNCTION apitoken.keep_module() RETURNS trigger
LANGUAGE C AS 'MODULE_PATHNAME', 'apitoken_keep_module';
COMMENT ON FUNCTION apitoken.keep_module() IS
	'Trigger: a module taken from a user group that becomes the default meanwhile is not left with others of the account.';
REVOKE ALL ON FUNCTION apitoken.keep_module() FROM PUBLIC;

CREATE FUNCTION apitoken.keep_account_types() RETURNS trigger
LANGUAGE C AS 'MODULE_PATHNAME', 'apitoken_keep_account_types';
COMMENT ON FUNCTION apitoken.keep_account_types() IS
	'Trigger: a type of account stays among those that may hold a module while an account of that type holds it.';
REVOKE ALL ON FUNCTION apitoken.keep_account_types() FROM PUBLIC;

CREATE TRIGGER check_new_offer AFTER INSERT ON apitoken.user_group_modules
	FOR EACH ROW EXECUTE FUNCTION apitoken.check_offer();
CREATE TRIGGER check_new_offer AFTER INSERT ON apitoken.api_token_modules
	FOR EACH ROW EXECUTE FUNCTION apitoken.check_offer();
CREATE TRIGGER check_offer AFTER UPDATE ON apitoken.api_token_modules
	FOR EACH ROW WHEN ((OLD.account_id, OLD.api_token_id, OLD.module_id) IS DISTINCT FROM (NEW.account_id, NEW.api_token_id, NEW.module_id))
	EXECUTE FUNCTION apitoken.check_offer();

CREATE CONSTRAINT TRIGGER keep_account_types AFTER UPDATE ON apitoken.modules
	DEFERRABLE INITIALLY DEFERRED
	FOR EACH ROW WHEN (OLD.account_types IS DISTINCT FROM NEW.account_types)
	EXECUTE FUNCTION apitoken.keep_account_types();

CREATE CONSTRAINT TRIGGER keep_offer AFTER UPDATE ON apitoken.user_groups
	DEFERRABLE INITIALLY DEFERRED
	FOR EACH ROW WHEN (OLD.is_default AND NOT NEW.is_default)
	EXECUTE FUNCTION apitoken.keep_offer();
CREATE CONSTRAINT TRIGGER keep_offer_of_deleted AFTER DELETE ON apitoken.user_groups
	DEFERRABLE INITIALLY DEFERRED
	FOR EACH ROW WHEN (OLD.is_default)
	EXECUTE FUNCTION apitoken.keep_offer();

/*
 * Triggers fire on what has changed, and on nothing else: an UPDATE that sets
 * equal values took the account's modules away, and a status that somebody's
 * own trigger changed left no row in the trail.
 */
CREATE TRIGGER check_offer AFTER UPDATE ON apitoken.user_group_modules
	FOR EACH ROW WHEN ((OLD.account_id, OLD.user_group_id, OLD.module_id) IS DISTINCT FROM (NEW.account_id, NEW.user_group_id, NEW.module_id))
	EXECUTE FUNCTION apitoken.check_offer();

DROP TRIGGER withdraw_module ON apitoken.user_group_modules;
CREATE TRIGGER withdraw_module AFTER UPDATE ON apitoken.user_group_modules
	FOR EACH ROW WHEN ((OLD.account_id, OLD.user_group_id, OLD.module_id) IS DISTINCT FROM (NEW.account_id, NEW.user_group_id, NEW.module_id))
	EXECUTE FUNCTION apitoken.withdraw_module();
CREATE TRIGGER withdraw_deleted_module AFTER DELETE ON apitoken.user_group_modules
	FOR EACH ROW EXECUTE FUNCTION apitoken.withdraw_module();
CREATE CONSTRAINT TRIGGER keep_module AFTER UPDATE ON apitoken.user_group_modules
	DEFERRABLE INITIALLY DEFERRED
	FOR EACH ROW WHEN ((OLD.account_id, OLD.user_group_id, OLD.module_id) IS DISTINCT FROM (NEW.account_id, NEW.user_group_id, NEW.module_id))
	EXECUTE FUNCTION apitoken.keep_module();
CREATE CONSTRAINT TRIGGER keep_deleted_module AFTER DELETE ON apitoken.user_group_modules
	DEFERRABLE INITIALLY DEFERRED
	FOR EACH ROW EXECUTE FUNCTION apitoken.keep_module();

DROP TRIGGER user_groups_default_check ON apitoken.user_groups;
CREATE CONSTRAINT TRIGGER user_groups_default_check AFTER INSERT OR DELETE ON apitoken.user_groups
	DEFERRABLE INITIALLY DEFERRED
	FOR EACH ROW EXECUTE FUNCTION apitoken.check_default_group();
CREATE CONSTRAINT TRIGGER user_groups_default_update_check AFTER UPDATE ON apitoken.user_groups
	DEFERRABLE INITIALLY DEFERRED
	FOR EACH ROW WHEN (OLD.is_default IS DISTINCT FROM NEW.is_default)
	EXECUTE FUNCTION apitoken.check_default_group();

DROP TRIGGER log_transition ON apitoken.api_tokens;
CREATE TRIGGER log_transition AFTER UPDATE ON apitoken.api_tokens
	FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status)
	EXECUTE FUNCTION apitoken.log_transition();

DROP TRIGGER refuse_transition ON apitoken.api_tokens;
CREATE TRIGGER refuse_transition AFTER UPDATE ON apitoken.api_tokens
	FOR EACH ROW WHEN (OLD.status = 'Deleted' AND NEW.status <> 'Deleted')
	EXECUTE FUNCTION apitoken.refuse_transition();

-- A token without a row in the trail could be removed.
CREATE FUNCTION apitoken.keep_token() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RAISE EXCEPTION 'API tokens are never removed'
		USING ERRCODE = 'restrict_violation',
			DETAIL = format('The API token is %s.', OLD.id),
			HINT = 'Set its status to Deleted, as apitoken_delete() does.',
			SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME;
END
$$;
COMMENT ON FUNCTION apitoken.keep_token() IS
	'Trigger: rows of API tokens are never removed.';
REVOKE ALL ON FUNCTION apitoken.keep_token() FROM PUBLIC;

CREATE TRIGGER keep_token BEFORE DELETE ON apitoken.api_tokens
	FOR EACH ROW EXECUTE FUNCTION apitoken.keep_token();

/*
 * What somebody adds to these tables is no part of what CREATE EXTENSION makes,
 * and so pg_dump does not bring it back: that is said where it is added.  Every
 * column of the extension has a comment, by which others are known.
 */
CREATE FUNCTION apitoken.warn_of_restore() RETURNS event_trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	tables oid[] := ARRAY(SELECT c.oid FROM pg_class c
		JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
		JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
		WHERE e.extname = 'apitoken' AND c.relkind IN ('r', 'p'));
	added text;
BEGIN
	SELECT string_agg(DISTINCT format('%s.%I', a.attrelid::regclass, a.attname), ', ') INTO added
		FROM pg_event_trigger_ddl_commands() c
		JOIN pg_attribute a ON a.attrelid = c.objid AND a.attnum > 0 AND NOT a.attisdropped
		WHERE c.classid = 'pg_class'::regclass AND c.objid = ANY (tables) AND NOT c.in_extension
			AND col_description(a.attrelid, a.attnum) IS NULL;
	IF added IS NOT NULL THEN
		RAISE WARNING 'columns that the extension "apitoken" does not make: %', added
			USING DETAIL = 'A dump has their values, but CREATE EXTENSION makes the table without them, and the restore loses all of its rows.',
				HINT = 'Keep them in a table of your own, with a foreign key; or add them between the restore of the schema and that of the data.';
	END IF;

	SELECT string_agg(DISTINCT quote_ident(p.pubname), ', ') INTO added
		FROM pg_event_trigger_ddl_commands() c
		JOIN pg_publication_rel r ON c.classid = 'pg_publication'::regclass AND r.prpubid = c.objid
			OR c.classid = 'pg_publication_rel'::regclass AND r.oid = c.objid
		JOIN pg_publication p ON p.oid = r.prpubid
		WHERE r.prrelid = ANY (tables);
	IF added IS NOT NULL THEN
		RAISE WARNING 'publications that a dump does not bring back whole: %', added
			USING DETAIL = 'pg_dump leaves out which tables of an extension a publication has.',
				HINT = 'Add them again after a restore, or publish the schema, or all tables.';
	END IF;
END
$$;
COMMENT ON FUNCTION apitoken.warn_of_restore() IS
	'Event trigger: says of columns and publications of the extension''s tables that a dump does not bring them back.';
REVOKE ALL ON FUNCTION apitoken.warn_of_restore() FROM PUBLIC;

CREATE EVENT TRIGGER apitoken_warn_of_restore ON ddl_command_end WHEN TAG IN ('ALTER TABLE', 'CREATE PUBLICATION', 'ALTER PUBLICATION')
	EXECUTE FUNCTION apitoken.warn_of_restore();
COMMENT ON EVENT TRIGGER apitoken_warn_of_restore IS
	'Says what a dump does not bring back of what is added to the tables of the extension apitoken.';

/*
 * Text
 */

/*
 * A disable holds
 */
