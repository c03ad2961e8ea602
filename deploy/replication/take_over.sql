-- At the subscriber, when it takes over from the publisher:
--
--	psql -d marketplace -f take_over.sql
--
-- Nothing is asked of the publisher, which may be gone.  If it is not, its slot is
-- left there, and keeps its log: SELECT pg_drop_replication_slot('apitoken').
\set ON_ERROR_STOP on
ALTER SUBSCRIPTION apitoken DISABLE;
ALTER SUBSCRIPTION apitoken SET (slot_name = NONE);
DROP SUBSCRIPTION apitoken;
-- Sequences are not replicated: the trail goes on after its last row.
SELECT setval('apitoken.api_token_transitions_id_seq', max(id)) FROM apitoken.api_token_transitions;
