/*
 * What the generator and the contenders share.  The names of rows are worked
 * out of their numbers: pgbench need not look one up.
 */
CREATE SCHEMA bench;
SET search_path = pg_catalog, pg_temp;

/*
 * The classes of account.  Numbers of accounts go from first_account to
 * last_account; all have ten tokens, numbered so that the tokens of an account
 * lie far apart, as they do where they were made over the years.
 *
 * An account has as many users and buyers as it takes for each of them to be
 * in two of its groups.  Modules are reference data, and the default group's
 * bound those of the others, so all groups of an account have the same.
 */
CREATE TABLE bench.classes (
	class text PRIMARY KEY,
	first_account integer NOT NULL,
	last_account integer NOT NULL,
	groups integer NOT NULL,
	modules integer NOT NULL,
	group_users integer NOT NULL,
	group_buyers integer NOT NULL,
	users integer NOT NULL,
	buyers integer NOT NULL
);

-- STABLE as to_char is: so the planner dissolves them.
CREATE FUNCTION bench.account_id(account integer) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT to_char(account, '"ACC-"FM0000"-"0000') $$;

CREATE FUNCTION bench.token_id(token integer) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT to_char(token, '"TKN-"FM0000"-"0000') $$;

CREATE FUNCTION bench.secret(token integer) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT to_char(token, '"idt:TKN-"FM0000"-"0000":bench-bench-bench-bench-bench-bench-bench-x"') $$;

-- What belongs to an account: PREFIX-account-number.
CREATE FUNCTION bench.part_id(prefix text, account integer, part integer) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT prefix || to_char(account, '"-"FM0000"-"0000') || to_char(part, '"-"FM00000') $$;

-- A number below the limit, the same for the same arguments.
CREATE FUNCTION bench.draw(number bigint, what integer, below integer) RETURNS integer
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
	SELECT ((hashint8extended(number * 64 + what, current_setting('bench.seed')::bigint) & 9223372036854775807) % below)::integer
$$;

CREATE FUNCTION bench.pick(number bigint, what integer, variadic words text[]) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT words[1 + bench.draw(number, what, cardinality(words))] $$;

-- A moment within so many days from the beginning of 2024, with milliseconds.
CREATE FUNCTION bench.moment(number bigint, what integer, days integer DEFAULT 600) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
	SELECT timestamptz '2024-01-01 00:00:00Z'
		+ (bench.draw(number, what, days * 86400)::bigint * 1000 + bench.draw(number, what + 1, 1000)) * interval '1 millisecond'
$$;

-- Reads all pages of the tables and their trees in this session.
CREATE FUNCTION bench.meet_pages() RETURNS numeric
LANGUAGE sql
AS $$
	SELECT sum(CASE c.relkind WHEN 'r' THEN (public.pgstattuple(c.oid)).table_len ELSE (public.pgstatindex(c.oid)).index_size END)
		FROM pg_class c LEFT JOIN pg_am m ON m.oid = c.relam
		WHERE c.relnamespace IN ('apitoken'::regnamespace, to_regnamespace('plain')) AND (c.relkind = 'r' OR c.relkind = 'i' AND m.amname = 'btree')
$$;
