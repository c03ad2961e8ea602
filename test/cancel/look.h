/*-------------------------------------------------------------------------
 *
 * look.h
 *	  Included in front of every source file: a look for an interrupt says so.
 *
 * test/cancel/look.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_TEST_LOOK_H
#define APITOKEN_TEST_LOOK_H

extern void apitoken_test_look(void);

#undef CHECK_FOR_INTERRUPTS
#define CHECK_FOR_INTERRUPTS() \
do { \
	apitoken_test_look(); \
	if (InterruptPending) \
		ProcessInterrupts(); \
} while (0)

#endif							/* APITOKEN_TEST_LOOK_H */
