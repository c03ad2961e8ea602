/*-------------------------------------------------------------------------
 *
 * jsonb_writer.h
 *	  Writes jsonb's container form in a single pass.
 *
 * PostgreSQL's own way (pushJsonbValue, then JsonbValueToJsonb) builds a tree,
 * sorts every object's keys and copies every nested container once a level.
 * Here the keys come sorted and counted, so each byte is written once, and a
 * container that was written before can be copied in as it is: all offsets in
 * it are its own.  The form is the one on disk (utils/jsonb.h), which every
 * supported version of PostgreSQL shares.
 *
 * A container is written in the order of its entries.  An object has first
 * all its keys, sorted as jsonb sorts them (shorter first, then by bytes),
 * then all its values in the same order.
 *
 * src/document/jsonb_writer.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_JSONB_WRITER_H
#define APITOKEN_JSONB_WRITER_H

#include "compat.h"

#include "lib/stringinfo.h"
#include "utils/jsonb.h"

/* A container being written. */
typedef struct ApitokenContainer
{
	StringInfo	buffer;
	int			start;			/* where it starts, padding included */
	int			entries;		/* where its JEntrys are; < 0: no room */
	int			next;			/* entry to be written next */
	uint32		size;			/* bytes of the entries so far */
} ApitokenContainer;

extern void apitoken_jsonb_start_object(ApitokenContainer *object, StringInfo buffer,
										int pairs);
extern void apitoken_jsonb_start_array(ApitokenContainer *array, StringInfo buffer,
									   int elements);
extern void apitoken_jsonb_add_string(ApitokenContainer *container, const char *string,
									  int length);
extern bool apitoken_jsonb_has_room(StringInfo buffer, int length);
extern void apitoken_jsonb_end_string(ApitokenContainer *container, int start);
extern void apitoken_jsonb_add_key(ApitokenContainer *object, const char *key);
extern void apitoken_jsonb_add_integer(ApitokenContainer *container, int64 value);
extern void apitoken_jsonb_add_boolean(ApitokenContainer *container, bool value);
extern void apitoken_jsonb_add_null(ApitokenContainer *container);
extern void apitoken_jsonb_add_jsonb(ApitokenContainer *container, const Jsonb *value);
extern void apitoken_jsonb_add_copy(ApitokenContainer *container, const char *bytes,
									int length);
extern void apitoken_jsonb_add_own_copy(ApitokenContainer *container, int start, int length);
extern void apitoken_jsonb_finish(ApitokenContainer *container, ApitokenContainer *parent);

extern void apitoken_jsonb_start_buffer(StringInfo buffer, int limit);
extern bool apitoken_jsonb_is_full(const StringInfoData *buffer);
extern void apitoken_jsonb_start_bounded(StringInfo buffer, int expected, int limit);
extern void apitoken_jsonb_start_document(StringInfo buffer, int expected);
extern Jsonb *apitoken_jsonb_finish_document(StringInfo buffer);
extern Jsonb *apitoken_jsonb_finish_answer(StringInfo buffer);
extern Size apitoken_jsonb_text_length(Jsonb *jsonb);

#endif							/* APITOKEN_JSONB_WRITER_H */
