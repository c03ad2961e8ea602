-- At the publisher, whose wal_level is logical:
--
--	psql -d marketplace -f publisher.sql
--
-- Every table of the extension, by name: whole schemas can be published from
-- PostgreSQL 15 on.  Each has a primary key, which is its replica identity.
SELECT 'CREATE PUBLICATION apitoken FOR TABLE ' || string_agg(oid::regclass::text, ', ' ORDER BY oid)
	FROM pg_class WHERE relnamespace = 'apitoken'::regnamespace AND relkind = 'r' \gexec
