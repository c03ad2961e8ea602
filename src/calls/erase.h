/*-------------------------------------------------------------------------
 *
 * erase.h
 *	  Erases what is known of a person, or of an account.
 *
 * src/calls/erase.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_ERASE_H
#define APITOKEN_ERASE_H

#include "compat.h"

extern bool apitoken_erase_is_running(void);
extern void apitoken_erase_define_setting(void);

#endif							/* APITOKEN_ERASE_H */
