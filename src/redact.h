/*-------------------------------------------------------------------------
 *
 * redact.h
 *	  Keeps secrets out of what is shown and logged.
 *
 * src/redact.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_REDACT_H
#define APITOKEN_REDACT_H

#include "compat.h"

/* A secret is idt:<token id>:<opaque>; the mask stands for what is not shown. */
#define APITOKEN_SECRET_PREFIX "idt:"
#define APITOKEN_MASK "****"

/*
 * Characters of the opaque part of a secret that this extension has made: of
 * random bits, and of the checksum that follows them, but for one of version 1.0.
 */
#define APITOKEN_OPAQUE_LENGTH 43
#define APITOKEN_CHECKSUM_LENGTH 6

extern bool apitoken_redact_is_needed(const char *string);
extern bool apitoken_redact_is_secret(const char *string);
extern char *apitoken_redact(const char *string);

#endif							/* APITOKEN_REDACT_H */
