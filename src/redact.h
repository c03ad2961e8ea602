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

/* Characters of the opaque part of a secret that this extension has made. */
#define APITOKEN_OPAQUE_LENGTH 43

extern bool apitoken_redact_is_needed(const char *string);
extern char *apitoken_redact(const char *string);

#endif							/* APITOKEN_REDACT_H */
