/*-------------------------------------------------------------------------
 *
 * secret.c
 *	  Secrets of API tokens: idt:<token id>:<opaque><checksum>.
 *
 * The opaque part is 256 bits from the server's strong random source, in the
 * alphabet of base64url.  Only a SHA-256 digest of the whole secret is kept: a
 * secret of that many random bits cannot be guessed, so that the digest needs
 * neither salt nor a slow function, and checking it costs little.
 *
 * The checksum is CRC-32 over all that is before it, as six digits of base 62, so
 * that whoever finds something like a secret can tell whether it is one, without
 * asking anybody.  Secrets of version 1.0 have none, and are told by their length.
 * docs/scanning.md has the same for those who look for secrets.
 *
 * src/rights/secret.c
 *
 *-------------------------------------------------------------------------
 */
#include "rights/secret.h"

#include "errors.h"
#include "fmgr.h"
#include "redact.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/pg_crc.h"

#define RANDOM_BYTES 32

/*
 * Longest id (255 characters of at most four bytes) with what is around it.
 * What is longer cannot be a secret, and is not digested either.
 */
#define MAX_SECRET_LENGTH 1200

StaticAssertDecl(APITOKEN_OPAQUE_LENGTH == (RANDOM_BYTES * 8 + 5) / 6,
				 "an opaque part is as long as its random bytes in base64url");

/* Appends what may be shown of the secret of the token with that id. */
void
apitoken_secret_append_masked(StringInfo buffer, const text *id)
{
	appendStringInfoString(buffer, APITOKEN_SECRET_PREFIX);
	appendBinaryStringInfo(buffer, VARDATA_ANY(id), VARSIZE_ANY_EXHDR(id));
	appendStringInfoString(buffer, ":" APITOKEN_MASK);
}

/* Is it white space of ASCII alone, length bytes of it?  Then no secret was given. */
bool
apitoken_secret_is_blank(const char *secret, int length)
{
	for (int i = 0; i < length; i++)
	{
		if (secret[i] == '\0' || strchr(" \t\n\v\f\r", secret[i]) == NULL)
			return false;
	}
	return true;
}

/* Is what has that many bytes no secret for that alone?  Its digest is not of all of it. */
bool
apitoken_secret_is_too_long(int length)
{
	return length > MAX_SECRET_LENGTH;
}

/*
 * Finds the token's id in a secret, length bytes of it.  Sets id and id_length
 * to a part of secret and returns true, or returns false if secret has not the
 * form of one.  The opaque part has no colon, so the last one ends the id.
 */
bool
apitoken_secret_find_id(const char *secret, int length, const char **id, int *id_length)
{
	int			start = strlen(APITOKEN_SECRET_PREFIX);
	int			end = length - 1;

	if (apitoken_secret_is_too_long(length) || length < start ||
		memcmp(secret, APITOKEN_SECRET_PREFIX, start) != 0)
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
 * Appends the checksum of what is there: CRC-32 as zlib has it, as digits of base
 * 62 with the highest one first.
 */
static void
AppendChecksum(StringInfo buffer)
{
	static const char digits[] =
		"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	char		checksum[APITOKEN_CHECKSUM_LENGTH];
	pg_crc32	crc;

	INIT_TRADITIONAL_CRC32(crc);
	COMP_TRADITIONAL_CRC32(crc, buffer->data, buffer->len);
	FIN_TRADITIONAL_CRC32(crc);
	for (int i = APITOKEN_CHECKSUM_LENGTH - 1; i >= 0; i--, crc /= 62)
		checksum[i] = digits[crc % 62];
	appendBinaryStringInfo(buffer, checksum, sizeof(checksum));
}

/*
 * Is that, length bytes of it, no secret for its checksum alone?  One without a
 * checksum, whatever it is, may be one.
 */
bool
apitoken_secret_is_mistyped(const char *secret, int length)
{
	const char *id;
	int			id_length;
	const char *checksum = secret + length - APITOKEN_CHECKSUM_LENGTH;
	StringInfoData checked;

	if (!apitoken_secret_find_id(secret, length, &id, &id_length) ||
		checksum - (id + id_length + 1) != APITOKEN_OPAQUE_LENGTH)
		return false;

	initStringInfo(&checked);
	appendBinaryStringInfo(&checked, secret, checksum - secret);
	AppendChecksum(&checked);
	return memcmp(checked.data + checked.len - APITOKEN_CHECKSUM_LENGTH, checksum,
				  APITOKEN_CHECKSUM_LENGTH) != 0;
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
	appendStringInfo(&secret, APITOKEN_SECRET_PREFIX "%s:", id);
	for (int i = 0; i < RANDOM_BYTES; i++)
	{
		bits = bits << 8 | bytes[i];
		for (pending += 8; pending >= 6; pending -= 6)
			appendStringInfoChar(&secret, alphabet[bits >> (pending - 6) & 0x3F]);
	}
	appendStringInfoChar(&secret, alphabet[bits << (6 - pending) & 0x3F]);
	AppendChecksum(&secret);
	explicit_bzero(bytes, sizeof(bytes));
	return secret.data;
}

/*
 * Returns an id of the documented shape, TKN-nnnn-nnnn, or a longer one,
 * TKN-nnnn-nnnn-nnnn, at random; whether it is free is for the caller to see.  A C
 * string in the current memory context.
 */
char *
apitoken_secret_generate_id(bool longer)
{
	uint64		number;
	char	   *id;

	FillRandom((unsigned char *) &number, sizeof(number));
	id = psprintf("TKN-%04d-%04d", (int) (number / 10000 % 10000), (int) (number % 10000));
	return longer ? psprintf("%s-%04d", id, (int) (number / 100000000 % 10000)) : id;
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
