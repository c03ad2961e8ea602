/*-------------------------------------------------------------------------
 *
 * redact.c
 *	  Keeps secrets out of what is shown and logged.
 *
 * Whoever gives a secret where something else belongs has typed it, pasted it
 * behind something, or taken it from a URL.  So it is found in the middle of a
 * text, in capitals and percent-encoded, be it several times over.
 *
 * src/redact.c
 *
 *-------------------------------------------------------------------------
 */
#include "redact.h"

#include <ctype.h>

#include "lib/stringinfo.h"

/* The byte at next, decoded; steps behind it. */
static unsigned char
ReadCharacter(const char *string, int length, int *next)
{
	unsigned char c = string[(*next)++];

	/* "%25" may be the beginning of what was encoded twice */
	while (c == '%' && *next + 2 <= length && isxdigit((unsigned char) string[*next]) &&
		   isxdigit((unsigned char) string[*next + 1]))
	{
		char		digits[] = {string[*next], string[*next + 1], '\0'};

		c = (unsigned char) strtol(digits, NULL, 16);
		*next += 2;
	}
	return c;
}

/*
 * Where the opaque part begins of a secret that begins at start; -1 if none
 * does.
 */
static int
MatchSecret(const char *string, int length, int start)
{
	int			next = start;

	for (const char *expected = APITOKEN_SECRET_PREFIX; *expected != '\0'; expected++)
	{
		if (next >= length ||
			pg_tolower(ReadCharacter(string, length, &next)) != (unsigned char) *expected)
			return -1;
	}
	while (next < length)
	{
		if (ReadCharacter(string, length, &next) == ':')
			return next;
	}
	return -1;
}

/* Where the opaque part of the first secret in a text begins; -1: there is none. */
static int
FindOpaque(const char *string, int length)
{
	for (int start = 0; start < length; start++)
	{
		int			opaque;

		if (strchr("iI%", string[start]) == NULL)
			continue;
		opaque = MatchSecret(string, length, start);
		if (opaque >= 0)
			return opaque;
	}
	return -1;
}

/* How many characters of an opaque part's alphabet there are from start on. */
static int
RunLength(const char *string, int length, int start)
{
	int			end = start;

	while (end < length && (isalnum((unsigned char) string[end]) || string[end] == '-' ||
							string[end] == '_') && !IS_HIGHBIT_SET(string[end]))
		end++;
	return end - start;
}

static bool
IsOpaqueLength(int length)
{
	return length == APITOKEN_OPAQUE_LENGTH ||
		length == APITOKEN_OPAQUE_LENGTH + APITOKEN_CHECKSUM_LENGTH;
}

/*
 * Says whether something in a text has the shape of a secret, or of the opaque
 * part of one.  Allocates nothing: an error may be under way.
 */
bool
apitoken_redact_is_needed(const char *string)
{
	int			length = strlen(string);

	if (FindOpaque(string, length) >= 0)
		return true;
	for (int next = 0; next < length;)
	{
		int			run = RunLength(string, length, next);

		if (IsOpaqueLength(run))
			return true;
		next += Max(run, 1);
	}
	return false;
}

/*
 * Returns what may be shown of a string, in the current memory context: it ends
 * where the opaque part of a secret begins, since nobody knows where that ends,
 * and what could be an opaque part by itself is masked as well.
 */
char *
apitoken_redact(const char *string)
{
	int			length = strlen(string);
	int			opaque = FindOpaque(string, length);
	StringInfoData shown;

	if (opaque >= 0)
		length = opaque;
	initStringInfo(&shown);
	for (int next = 0; next < length;)
	{
		int			run = RunLength(string, length, next);

		if (IsOpaqueLength(run))
			appendStringInfoString(&shown, APITOKEN_MASK);
		else
			appendBinaryStringInfo(&shown, string + next, Max(run, 1));
		next += Max(run, 1);
	}
	if (opaque >= 0)
		appendStringInfoString(&shown, APITOKEN_MASK);
	return shown.data;
}
