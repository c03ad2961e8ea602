-- At the subscriber, in a database that has the extension and nothing in its tables:
--
--	psql -d marketplace -v publisher='host=... dbname=marketplace' -f subscriber.sql
--
-- What is there already is copied first.  The extension's triggers do not fire for
-- what is replicated: the trail's rows come as they are, once.
CREATE SUBSCRIPTION apitoken CONNECTION :'publisher' PUBLICATION apitoken;
