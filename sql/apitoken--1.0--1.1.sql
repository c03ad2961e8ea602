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
 * Text
 *
 * What people give to be shown is not to look like something else, nor to run.
 * A constraint would be checked at every change of a row, and would keep one
 * that was there before it from being disabled or restored; so triggers check
 * what is new, and src/text.c says what the rules are.
 */
CREATE FUNCTION apitoken.check_text() RETURNS trigger
LANGUAGE C AS 'MODULE_PATHNAME', 'apitoken_check_text';
COMMENT ON FUNCTION apitoken.check_text() IS
	'Trigger: texts that are new have no control characters, none that change the direction of writing, and none that are invisible. The rule line is for one line; text allows tabs and line breaks; id allows no joiners either, and no secret; url is a path, or begins with http:, https: or data:image/ and png, gif, jpeg or webp. Rows that a restore inserts are taken as they are.';
REVOKE ALL ON FUNCTION apitoken.check_text() FROM PUBLIC;

DO $$
DECLARE
	ruled record;
BEGIN
	FOR ruled IN
		SELECT r.relation, c.name, r.rule, row_number() OVER (PARTITION BY r.relation ORDER BY c.name) = 1 AS is_first,
				string_agg(format('%L, %L', c.name, r.rule), ', ') OVER (PARTITION BY r.relation) AS rules
			FROM (VALUES
				('accounts', 'id', '{id}'::text[]),
				('accounts', 'line', '{name,external_id,external_name,service_level,address_line1,address_line2,post_code,city,state,country,technical_support_email}'),
				('accounts', 'text', '{description}'),
				('accounts', 'url', '{icon,website}'),
				('modules', 'id', '{id}'),
				('modules', 'line', '{code,name}'),
				('modules', 'text', '{description}'),
				('sellers', 'id', '{id}'),
				('sellers', 'line', '{name}'),
				('users', 'id', '{id}'),
				('users', 'line', '{name,first_name,last_name,email,phone_prefix,phone_number,culture_code,language_code}'),
				('users', 'url', '{icon}'),
				('user_groups', 'id', '{id}'),
				('user_groups', 'line', '{name}'),
				('user_groups', 'text', '{description}'),
				('user_groups', 'url', '{logo}'),
				('buyers', 'id', '{id}'),
				('buyers', 'line', '{name,erp_company_contact,erp_customer,account_external_id,address_line1,address_line2,post_code,city,state,country,tax_id}'),
				('buyers', 'url', '{icon}'),
				('buyer_errors', 'line', '{id}'),
				('buyer_errors', 'text', '{message}'),
				('api_tokens', 'id', '{id}'),
				('api_tokens', 'line', '{name}'),
				('api_tokens', 'text', '{description}'),
				('api_tokens', 'url', '{icon}')) AS r (relation, rule, names)
			CROSS JOIN LATERAL unnest(r.names) AS c (name)
	LOOP
		IF ruled.is_first THEN
			EXECUTE format($t$
				CREATE TRIGGER check_text BEFORE INSERT ON apitoken.%1$I
					FOR EACH ROW EXECUTE FUNCTION apitoken.check_text(%2$s)
				$t$, ruled.relation, ruled.rules);
		END IF;
		-- a trigger a column: who drops one that he does not need drops nothing else
		EXECUTE format($t$
			CREATE TRIGGER %3$I BEFORE UPDATE OF %2$I ON apitoken.%1$I
				FOR EACH ROW WHEN (OLD.%2$I IS DISTINCT FROM NEW.%2$I)
				EXECUTE FUNCTION apitoken.check_text(%2$L, %4$L)
			$t$, ruled.relation, ruled.name, 'check_' || ruled.name, ruled.rule);
	END LOOP;
END
$$;

COMMENT ON COLUMN apitoken.api_tokens.id IS
	'Id of the token, TKN-nnnn-nnnn. No control characters, none that change the direction of writing, no invisible ones, and no secret.';
COMMENT ON COLUMN apitoken.api_tokens.description IS
	'Description: at most 2,000 characters. Tabs and line breaks, but no other control characters, none that change the direction of writing, and no invisible ones.';
COMMENT ON COLUMN apitoken.api_tokens.icon IS
	'Path or URL of the token''s icon: at most 2,000 characters. A URL begins with https:, http: or data:image/ and png, gif, jpeg or webp.';

/*
 * A disable holds
 */
