/*-------------------------------------------------------------------------
 *
 * gather.h
 *	  Reads what a document needs.
 *
 * src/gather.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_GATHER_H
#define APITOKEN_GATHER_H

#include "document.h"

extern void apitoken_gather(ApitokenDocument *document);

#endif							/* APITOKEN_GATHER_H */
