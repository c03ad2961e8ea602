/*-------------------------------------------------------------------------
 *
 * gather.h
 *	  Reads what a document needs.
 *
 * src/document/gather.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_GATHER_H
#define APITOKEN_GATHER_H

#include "document/document.h"

extern int	apitoken_gather_wanted(ApitokenFields *fields);
extern void apitoken_gather(ApitokenDocument *document);

#endif							/* APITOKEN_GATHER_H */
