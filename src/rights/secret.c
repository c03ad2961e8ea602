/*-------------------------------------------------------------------------
 *
 * secret.c
 *	  Secrets of API tokens: idt:<token id>:<opaque>.
 *
 * The opaque part is 256 bits from the server's strong random source, in the
 * alphabet of base64url.  Only a SHA-256 digest of the whole secret is kept: a
 * secret of that many random bits cannot be guessed, so that the digest needs
 * neither salt nor a slow function, and checking it costs little.
 *
 * src/rights/secret.c
 *
 *-------------------------------------------------------------------------
 */
#include "rights/secret.h"

#include <ctype.h>

#include "errors.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#define SECRET_PREFIX "idt:"
#define MASK "****"
#define SECRET_MASK ":" MASK
#define RANDOM_BYTES 32

/*
 * Longest id (255 characters of at most four bytes) with what is around it.
 * What is longer cannot be a secret, and is not digested either.
 */
#define MAX_SECRET_LENGTH 1200

/* Characters of the opaque part of a secret that this extension has made. */
#define OPAQUE_LENGTH ((RANDOM_BYTES * 8 + 5) / 6)

/* Appends what may be shown of the secret of the token with that id. */
void
apitoken_secret_append_masked(StringInfo buffer, const text *id)
{
	appendStringInfoString(buffer, SECRET_PREFIX);
	appendBinaryStringInfo(buffer, VARDATA_ANY(id), VARSIZE_ANY_EXHDR(id));
	appendStringInfoString(buffer, SECRET_MASK);
}

/*
 * Finds the token's id in a secret, length bytes of it.  Sets id and id_length
 * to a part of secret and returns true, or returns false if secret has not the
 * form of one.  The opaque part has no colon, so the last one ends the id.
 */
bool
apitoken_secret_find_id(const char *secret, int length, const char **id, int *id_length)
{
	int			start = strlen(SECRET_PREFIX);
	int			end = length - 1;

	if (length > MAX_SECRET_LENGTH || length < start ||
		memcmp(secret, SECRET_PREFIX, start) != 0)
		return false;

	while (end > start && secret[end] != ':')
		end--;
	if (end <= start || end == length - 1)
		return false;

	*id = secret + start;
	*id_length = end - start;
	return true;
}

/*
 * Secrets in other texts
 *
 * Whoever gives a secret where something else belongs has typed it, pasted it
 * behind something, or taken it from a URL.  So it is found in the middle of a
 * text, in capitals and percent-encoded, be it several times over.
 */

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

	for (const char *expected = SECRET_PREFIX; *expected != '\0'; expected++)
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

/*
 * Says whether something in a text has the shape of a secret, or of the opaque
 * part of one.  Allocates nothing: an error may be under way.
 */
bool
apitoken_secret_is_in(const char *string)
{
	int			length = strlen(string);

	if (FindOpaque(string, length) >= 0)
		return true;
	for (int next = 0; next < length;)
	{
		int			run = RunLength(string, length, next);

		if (run == OPAQUE_LENGTH)
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
apitoken_secret_mask(const char *string)
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

		if (run == OPAQUE_LENGTH)
			appendStringInfoString(&shown, MASK);
		else
			appendBinaryStringInfo(&shown, string + next, Max(run, 1));
		next += Max(run, 1);
	}
	if (opaque >= 0)
		appendStringInfoString(&shown, MASK);
	return shown.data;
}

static void
FillRandom(unsigned char *bytes, int length)
{
	if (!pg_strong_random(bytes, length))
		apitoken_error_no_randomness();
}

/*
 * Returns a new secret for the token with that id, a C string in the current
 * memory context.  Raises XX000 if the server has no strong random source.
 */
char *
apitoken_secret_generate(const char *id)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	unsigned char bytes[RANDOM_BYTES];
	StringInfoData secret;
	uint32		bits = 0;
	int			pending = 0;

	FillRandom(bytes, sizeof(bytes));
	initStringInfo(&secret);
	appendStringInfo(&secret, SECRET_PREFIX "%s:", id);
	for (int i = 0; i < RANDOM_BYTES; i++)
	{
		bits = bits << 8 | bytes[i];
		for (pending += 8; pending >= 6; pending -= 6)
			appendStringInfoChar(&secret, alphabet[bits >> (pending - 6) & 0x3F]);
	}
	appendStringInfoChar(&secret, alphabet[bits << (6 - pending) & 0x3F]);
	explicit_bzero(bytes, sizeof(bytes));
	return secret.data;
}

/*
 * Returns an id of the documented shape, TKN-nnnn-nnnn, at random; whether it
 * is free is for the caller to see.  A C string in the current memory context.
 */
char *
apitoken_secret_generate_id(void)
{
	uint64		number;

	FillRandom((unsigned char *) &number, sizeof(number));
	return psprintf("TKN-%04d-%04d", (int) (number / 10000 % 10000), (int) (number % 10000));
}

/*
 * Returns the SHA-256 digest of length bytes, in the current memory context.
 * What is longer than any secret is cut off, so that a failure costs the same.
 */
bytea *
apitoken_secret_digest(const char *secret, int length)
{
	text	   *bytes = cstring_to_text_with_len(secret, Min(length, MAX_SECRET_LENGTH));

	return DatumGetByteaP(DirectFunctionCall1(sha256_bytea, PointerGetDatum(bytes)));
}

/*
 * Compares two digests, in a time that does not tell where they differ.
 * Returns false if one has not a digest's length.
 */
bool
apitoken_secret_digests_equal(const bytea *a, const bytea *b)
{
	const volatile unsigned char *left = (const unsigned char *) VARDATA_ANY(a);
	const volatile unsigned char *right = (const unsigned char *) VARDATA_ANY(b);
	unsigned char difference = 0;

	if (VARSIZE_ANY_EXHDR(a) != APITOKEN_DIGEST_LENGTH ||
		VARSIZE_ANY_EXHDR(b) != APITOKEN_DIGEST_LENGTH)
		return false;

	for (int i = 0; i < APITOKEN_DIGEST_LENGTH; i++)
		difference |= left[i] ^ right[i];
	return difference == 0;
}
