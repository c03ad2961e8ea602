/*-------------------------------------------------------------------------
 *
 * self.h
 *	  What a token is shown that may read nothing but itself.
 *
 * src/document/self.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_SELF_H
#define APITOKEN_SELF_H

#include "document/fields.h"
#include "rights/identity.h"

extern ApitokenFields *apitoken_self_fields(const ApitokenCaller *caller, ApitokenFields *fields);

#endif							/* APITOKEN_SELF_H */
