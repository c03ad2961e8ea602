-- At the subscriber, when it takes over from the publisher:
--
--	psql -d marketplace -f take_over.sql
--
-- Sequences are not replicated: the trail goes on after its last row.
DROP SUBSCRIPTION apitoken;
SELECT setval('apitoken.api_token_transitions_id_seq', max(id)) FROM apitoken.api_token_transitions;
