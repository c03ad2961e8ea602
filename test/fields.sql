/*
 * The selection of fields: what it takes off and gives, what $meta.omitted
 * says of it, what it refuses, and that what is not asked for is not read.
 *
 * Run it from the folder above this one: psql reads the documented response
 * from there.
 */
\ir fixtures/life.psql
\set content `cat test/reference/disable-token.response.json`

-- plans of this session are made with it: a table that is read is read by an index
SET enable_seqscan = off;

/*
 * The members that there are, from the documented response: the names from the
 * token down to each, lists' elements not counted as a step.
 */
CREATE TABLE helper.members AS
	WITH RECURSIVE node (path, value) AS (
		SELECT '{}'::text[], :'content'::jsonb
		UNION ALL
		SELECT node.path || child.key, child.value
			FROM node
			CROSS JOIN LATERAL (
				SELECT key, value FROM jsonb_each(CASE jsonb_typeof(node.value) WHEN 'object' THEN node.value ELSE '{}' END)
					WHERE key <> '$meta'
				UNION ALL
				SELECT NULL, value FROM jsonb_array_elements(CASE jsonb_typeof(node.value) WHEN 'array' THEN node.value ELSE '[]' END)
			) child
	)
	SELECT DISTINCT array_remove(path, NULL) AS path FROM node WHERE path <> '{}';

/*
 * Takes a member off a document: a second hand at what "-path" is to do.  The
 * nearest resource, which has $meta, names it; an object that has nothing left
 * is absent.
 */
CREATE FUNCTION helper.omit(resource jsonb, name text) RETURNS jsonb
LANGUAGE sql IMMUTABLE
AS $$
	SELECT jsonb_set(resource, '{$meta,omitted}', (SELECT jsonb_agg(DISTINCT o ORDER BY o)
		FROM (SELECT value::text COLLATE "C" AS o FROM jsonb_array_elements_text(resource #> '{$meta,omitted}') UNION SELECT name) names))
$$;
CREATE FUNCTION helper.without(node jsonb, path text[], owned text DEFAULT '') RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
	inner_path text := ltrim(owned || '.' || path[1], '.');
	child jsonb;
BEGIN
	IF jsonb_typeof(node) = 'array' THEN
		RETURN (SELECT COALESCE(jsonb_agg(helper.without(element, path, owned) ORDER BY place), '[]')
			FROM jsonb_array_elements(node) WITH ORDINALITY e (element, place));
	ELSIF jsonb_typeof(node) <> 'object' THEN
		RETURN node;
	ELSIF cardinality(path) = 1 THEN
		node := node - path[1];
	ELSE
		child := helper.without(node -> path[1], path[2:],
			CASE WHEN jsonb_path_exists(node -> path[1], 'lax $."$meta"') THEN '' ELSE inner_path END);
		node := CASE WHEN child = '{}' OR child IS NULL THEN node - path[1] ELSE jsonb_set(node, path[1:1], child) END;
	END IF;
	RETURN node;
END
$$;
-- The same with the names in $meta: at the resources that the member is of.
CREATE FUNCTION helper.without_member(node jsonb, path text[]) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
	steps integer := 0;
	child jsonb := node;
BEGIN
	IF jsonb_typeof(node) = 'array' THEN
		RETURN (SELECT COALESCE(jsonb_agg(helper.without_member(element, path) ORDER BY place), '[]')
			FROM jsonb_array_elements(node) WITH ORDINALITY e (element, place));
	ELSIF jsonb_typeof(node) <> 'object' THEN
		RETURN node;
	END IF;

	-- the next resource on the way, if there is one
	FOR step IN 1 .. cardinality(path) - 1 LOOP
		child := child -> path[step];
		IF jsonb_path_exists(child, 'lax $."$meta"') THEN
			RETURN jsonb_set(node, path[1:step], helper.without_member(child, path[step + 1:]));
		END IF;
		EXIT WHEN child IS NULL OR child = '"[Circular Reference]"' OR (child = '[]' AND step < cardinality(path));
	END LOOP;
	RETURN node;
END
$$;
