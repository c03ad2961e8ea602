/*-------------------------------------------------------------------------
 *
 * text.h
 *	  What the texts in the tables may be.
 *
 * src/calls/text.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_TEXT_H
#define APITOKEN_TEXT_H

#include "compat.h"

extern bool apitoken_text_is_text(const char *string);
extern bool apitoken_text_is_url(const char *string);

#endif							/* APITOKEN_TEXT_H */
