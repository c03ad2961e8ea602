/*
 * Stands in for Citus on one server: its catalog, by which it is known whether tables are
 * distributed, and those of its functions that apitoken.distribute() calls, which write
 * there what they are told.
 */
SET client_min_messages = warning;
SET allow_system_table_mods = on;
SET search_path = pg_catalog;

CREATE TABLE pg_dist_local_group (groupid integer NOT NULL);
CREATE TABLE pg_dist_node (groupid integer NOT NULL, nodename text NOT NULL, nodeport integer NOT NULL, shouldhaveshards boolean NOT NULL);
CREATE TABLE pg_dist_partition (logicalrelid regclass NOT NULL, partmethod "char" NOT NULL);
CREATE TABLE pg_dist_shard (logicalrelid regclass NOT NULL, shardid bigint NOT NULL, shardminvalue text);
CREATE TABLE pg_dist_placement (placementid bigint NOT NULL, shardid bigint NOT NULL, shardstate integer NOT NULL, shardlength bigint NOT NULL, groupid integer NOT NULL);
CREATE SEQUENCE pg_dist_shardid_seq START 102008;
CREATE SEQUENCE pg_dist_placement_placementid_seq;
INSERT INTO pg_dist_local_group VALUES (0);
INSERT INTO pg_dist_node VALUES (0, 'coordinator', 5432, false), (1, 'worker', 5432, true);
INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
	SELECT 1, 'citus', e.extowner, 'pg_catalog'::regnamespace, false, '0' FROM pg_extension e WHERE e.extname = 'plpgsql';

-- What has become distributed is announced: sessions look again.
CREATE FUNCTION note_distributed(relation regclass, method "char", minimum text) RETURNS void LANGUAGE sql SET allow_system_table_mods = on
AS $$
	INSERT INTO pg_catalog.pg_dist_partition VALUES (relation, method);
	INSERT INTO pg_catalog.pg_dist_shard VALUES (relation, pg_catalog.nextval('pg_catalog.pg_dist_shardid_seq'), minimum);
	INSERT INTO pg_catalog.pg_dist_placement
		SELECT pg_catalog.nextval('pg_catalog.pg_dist_placement_placementid_seq'), pg_catalog.currval('pg_catalog.pg_dist_shardid_seq'), 1, 0, g.groupid
			FROM pg_catalog.pg_dist_local_group g;
	UPDATE pg_catalog.pg_class SET relname = relname WHERE oid = relation;
$$;
CREATE FUNCTION create_reference_table(relation regclass) RETURNS void LANGUAGE sql
AS $$ SELECT pg_catalog.note_distributed(relation, 'n', NULL) $$;
CREATE FUNCTION create_distributed_table(relation regclass, key text, colocate_with text DEFAULT NULL) RETURNS void LANGUAGE sql
AS $$ SELECT pg_catalog.note_distributed(relation, 'h', '-2147483648') $$;

-- The worker is this server, too.
CREATE FUNCTION run_command_on_workers(command text, OUT nodename text, OUT nodeport integer, OUT success boolean, OUT result text) RETURNS SETOF record
LANGUAGE sql AS $$ SELECT NULL, NULL::integer, NULL::boolean, NULL WHERE false $$;
CREATE FUNCTION truncate_local_data_after_distributing_table(relation regclass) RETURNS void LANGUAGE sql AS '';

/*
 * As it is on a worker that has one shard of each table: the rows, with what keeps them,
 * are in a table of another name, NAME_NUMBER; a statement on the table finds them there,
 * and is none to the shard's triggers.
 */
CREATE FUNCTION place_shards() RETURNS void LANGUAGE plpgsql
AS $$
DECLARE
	part record;
BEGIN
	FOR part IN
		SELECT t.tgname, t.tgrelid::regclass AS relation FROM pg_catalog.pg_dist_shard s JOIN pg_catalog.pg_trigger t ON t.tgrelid = s.logicalrelid
			WHERE NOT t.tgisinternal AND t.tgtype::integer & 1 = 0
	LOOP
		EXECUTE format('DROP TRIGGER %I ON %s', part.tgname, part.relation);
	END LOOP;
	FOR part IN
		SELECT c.oid, c.relname, c.relname || '_' || s.shardid AS shard FROM pg_catalog.pg_dist_shard s JOIN pg_catalog.pg_class c ON c.oid = s.logicalrelid ORDER BY s.shardid
	LOOP
		EXECUTE format('ALTER TABLE apitoken.%I RENAME TO %I', part.relname, part.shard);
		-- which shard has an account is asked, and who has locked a row
		EXECUTE format('CREATE VIEW apitoken.%I AS SELECT %s FROM apitoken.%I', part.relname, CASE part.relname WHEN 'accounts' THEN '*, tableoid, xmax' WHEN 'api_tokens' THEN '*, xmax' ELSE '*' END, part.shard);
		UPDATE pg_catalog.pg_dist_partition SET logicalrelid = format('apitoken.%I', part.relname)::regclass WHERE logicalrelid = part.oid;
		UPDATE pg_catalog.pg_dist_shard SET logicalrelid = format('apitoken.%I', part.relname)::regclass WHERE logicalrelid = part.oid;
	END LOOP;
END
$$;
