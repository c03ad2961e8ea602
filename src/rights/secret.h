/*-------------------------------------------------------------------------
 *
 * secret.h
 *	  Secrets of API tokens: idt:<token id>:<opaque><checksum>.
 *
 * src/rights/secret.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_SECRET_H
#define APITOKEN_SECRET_H

#include "compat.h"

#include "lib/stringinfo.h"

#define APITOKEN_DIGEST_LENGTH 32

extern void apitoken_secret_append_masked(StringInfo buffer, const text *id);
extern bool apitoken_secret_find_id(const char *secret, int length, const char **id,
									int *id_length);
extern bool apitoken_secret_is_blank(const char *secret, int length);
extern bool apitoken_secret_is_too_long(int length);
extern bool apitoken_secret_is_mistyped(const char *secret, int length);
extern char *apitoken_secret_generate(const char *id);
extern char *apitoken_secret_generate_id(bool longer);
extern bytea *apitoken_secret_digest(const char *secret, int length);
extern bool apitoken_secret_digests_equal(const bytea *a, const bytea *b);

#endif							/* APITOKEN_SECRET_H */
