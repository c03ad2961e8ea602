/*-------------------------------------------------------------------------
 * distribution.h
 *	  Are the tables distributed over several servers?
 *
 * src/store/distribution.h
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_DISTRIBUTION_H
#define APITOKEN_DISTRIBUTION_H

#include "compat.h"

extern bool apitoken_distribution_is_there(void);

#endif							/* APITOKEN_DISTRIBUTION_H */
