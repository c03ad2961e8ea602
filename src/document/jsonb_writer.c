/*-------------------------------------------------------------------------
 *
 * jsonb_writer.c
 *	  Writes jsonb's container form in a single pass.
 *
 * src/document/jsonb_writer.c
 *
 *-------------------------------------------------------------------------
 */
#include "document/jsonb_writer.h"

#include "errors.h"
#include "miscadmin.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

/* Stands where a buffer's bound was, once something has not found room. */
#define FULL (-1)

/*
 * Is there room for so many bytes more?  If not, nothing is written any more:
 * the document is too large as a whole, and its caller has to leave something
 * out.  The bound is in the buffer's cursor, which nobody else uses.
 */
static inline bool
HasRoom(StringInfo buffer, int length)
{
	if (length <= buffer->cursor - buffer->len)
		return true;
	buffer->cursor = FULL;
	return false;
}

/* Keys and values are short and many: room is mostly there. */
static inline void
AppendBytes(StringInfo buffer, const void *bytes, int length)
{
	if (!HasRoom(buffer, length))
		return;
	if (length >= buffer->maxlen - buffer->len)
		enlargeStringInfo(buffer, length);
	memcpy(buffer->data + buffer->len, bytes, length);
	buffer->len += length;
}

/* Containers and numerics start at a multiple of four bytes. */
static void
PadToInt(StringInfo buffer)
{
	while (buffer->len % sizeof(int32) != 0)
		appendStringInfoCharMacro(buffer, '\0');
}

/*
 * Writes the next entry of a container: its type and, as jsonb wants it, its
 * length or at every JB_OFFSET_STRIDE'th place the offset of its end.
 */
static void
WriteEntry(ApitokenContainer *container, uint32 type, int length)
{
	JEntry		entry;

	if (container->entries == FULL)
		return;

	container->size += length;
	if (container->next % JB_OFFSET_STRIDE == 0)
		entry = type | (container->size & JENTRY_OFFLENMASK) | JENTRY_HAS_OFF;
	else
		entry = type | (length & JENTRY_OFFLENMASK);

	memcpy(container->buffer->data + container->entries + container->next * sizeof(JEntry),
		   &entry, sizeof(JEntry));
	container->next++;
}

static void
StartContainer(ApitokenContainer *container, StringInfo buffer, uint32 flag, int count,
			   int entries)
{
	uint32		header = flag | count;
	int			entries_size = entries * sizeof(JEntry);

	container->buffer = buffer;
	container->start = buffer->len;
	container->entries = FULL;
	container->next = 0;
	container->size = 0;
	PadToInt(buffer);
	if (!HasRoom(buffer, sizeof(header) + entries_size))
		return;

	appendBinaryStringInfo(buffer, (char *) &header, sizeof(header));
	/* the entries are filled in as their values become known */
	enlargeStringInfo(buffer, entries_size);
	container->entries = buffer->len;
	buffer->len += entries_size;
}

/*
 * Starts an object of so many pairs at the end of buffer.  Exactly so many
 * keys, then values must be added before it is finished.
 */
void
apitoken_jsonb_start_object(ApitokenContainer *object, StringInfo buffer, int pairs)
{
	StartContainer(object, buffer, JB_FOBJECT, pairs, pairs * 2);
}

/* Starts an array of exactly so many elements at the end of buffer. */
void
apitoken_jsonb_start_array(ApitokenContainer *array, StringInfo buffer, int elements)
{
	StartContainer(array, buffer, JB_FARRAY, elements, elements);
}

/*
 * Adds a key, or a string as a value.  The string is copied; it is UTF-8, as
 * the database is.
 */
void
apitoken_jsonb_add_string(ApitokenContainer *container, const char *string, int length)
{
	AppendBytes(container->buffer, string, length);

	WriteEntry(container, JENTRY_ISSTRING, length);
}

/* Is there room for a string of so many bytes at the end of buffer? */
bool
apitoken_jsonb_has_room(StringInfo buffer, int length)
{
	return HasRoom(buffer, length);
}

/*
 * Makes a key or string of what was appended to the container's buffer since
 * it was start bytes long.
 */
void
apitoken_jsonb_end_string(ApitokenContainer *container, int start)
{
	WriteEntry(container, JENTRY_ISSTRING, container->buffer->len - start);
}

/* Adds a key, terminated. */
void
apitoken_jsonb_add_key(ApitokenContainer *object, const char *key)
{
	apitoken_jsonb_add_string(object, key, strlen(key));
}

/* Adds true or false as a value. */
void
apitoken_jsonb_add_boolean(ApitokenContainer *container, bool value)
{
	WriteEntry(container, value ? JENTRY_ISBOOL_TRUE : JENTRY_ISBOOL_FALSE, 0);
}

/* Adds null as a value. */
void
apitoken_jsonb_add_null(ApitokenContainer *container)
{
	WriteEntry(container, JENTRY_ISNULL, 0);
}

static void
AddNumeric(ApitokenContainer *container, Numeric value)
{
	int			start = container->buffer->len;

	PadToInt(container->buffer);
	AppendBytes(container->buffer, value, VARSIZE_ANY(value));

	WriteEntry(container, JENTRY_ISNUMERIC, container->buffer->len - start);
}

/* Adds an integer as a value. */
void
apitoken_jsonb_add_integer(ApitokenContainer *container, int64 value)
{
	AddNumeric(container, int64_to_numeric(value));
}

static void
AddScalar(ApitokenContainer *container, const JsonbValue *scalar)
{
	switch (scalar->type)
	{
		case jbvString:
			apitoken_jsonb_add_string(container, scalar->val.string.val,
									  scalar->val.string.len);
			break;
		case jbvNumeric:
			AddNumeric(container, scalar->val.numeric);
			break;
		case jbvBool:
			apitoken_jsonb_add_boolean(container, scalar->val.boolean);
			break;
		default:
			apitoken_jsonb_add_null(container);
	}
}

/* Adds any jsonb (not toasted) as a value; it is copied. */
void
apitoken_jsonb_add_jsonb(ApitokenContainer *container, const Jsonb *value)
{
	JsonbValue	scalar;

	if (JB_ROOT_IS_SCALAR(value) &&
		JsonbExtractScalar((JsonbContainer *) &value->root, &scalar))
		AddScalar(container, &scalar);
	else
		apitoken_jsonb_add_copy(container, VARDATA(value), VARSIZE(value) - VARHDRSZ);
}

/*
 * Adds as a value a container that was written before: its bytes, without the
 * padding in front of it.
 */
void
apitoken_jsonb_add_copy(ApitokenContainer *container, const char *bytes, int length)
{
	int			start = container->buffer->len;

	PadToInt(container->buffer);
	AppendBytes(container->buffer, bytes, length);

	WriteEntry(container, JENTRY_ISCONTAINER, container->buffer->len - start);
}

/* The same for one in the container's own buffer, which may move meanwhile. */
void
apitoken_jsonb_add_own_copy(ApitokenContainer *container, int start, int length)
{
	StringInfo	buffer = container->buffer;

	if (HasRoom(buffer, length + sizeof(int32)))
		enlargeStringInfo(buffer, length + sizeof(int32));
	apitoken_jsonb_add_copy(container, buffer->data + start, length);
}

/*
 * Finishes a container, and makes it the next value of its parent; parent is
 * NULL for the outermost one.
 */
void
apitoken_jsonb_finish(ApitokenContainer *container, ApitokenContainer *parent)
{
	if (parent != NULL)
		WriteEntry(parent, JENTRY_ISCONTAINER, container->buffer->len - container->start);
}

/*
 * Prepares buffer, allocated in the current memory context, for containers that
 * take at most limit bytes.
 */
void
apitoken_jsonb_start_buffer(StringInfo buffer, int limit)
{
	initStringInfo(buffer);
	buffer->cursor = limit;
}

/* Has something found no room in the buffer?  What is in it is no jsonb then. */
bool
apitoken_jsonb_is_full(const StringInfoData *buffer)
{
	return buffer->cursor == FULL;
}

/*
 * Prepares buffer for a whole jsonb of at most limit bytes, of which jsonb can
 * hold JENTRY_OFFLENMASK; the bytes expected save growing it step by step.
 */
void
apitoken_jsonb_start_bounded(StringInfo buffer, int expected, int limit)
{
	apitoken_jsonb_start_buffer(buffer, limit);
	enlargeStringInfo(buffer, expected);
	buffer->len = VARHDRSZ;
}

/* The same for one that is as large as jsonb can hold. */
void
apitoken_jsonb_start_document(StringInfo buffer, int expected)
{
	apitoken_jsonb_start_bounded(buffer, expected, JENTRY_OFFLENMASK);
}

/*
 * Returns the jsonb that buffer was filled with, which is buffer's own memory;
 * NULL if it is larger than its bound.
 */
Jsonb *
apitoken_jsonb_finish_document(StringInfo buffer)
{
	Jsonb	   *document = (Jsonb *) buffer->data;

	if (apitoken_jsonb_is_full(buffer))
		return NULL;
	SET_VARSIZE(document, buffer->len);
	return document;
}

/* The same, but raises 54000 if it is too large. */
Jsonb *
apitoken_jsonb_finish_answer(StringInfo buffer)
{
	Jsonb	   *answer = apitoken_jsonb_finish_document(buffer);

	if (answer == NULL)
		apitoken_error_document_too_large();
	return answer;
}

/*
 * Length as text
 */

static Size
StringTextLength(const char *string, int length)
{
	Size		text_length = length + 2;

	for (int i = 0; i < length; i++)
	{
		CHECK_FOR_INTERRUPTS();
		switch (string[i])
		{
			case '"':
			case '\\':
			case '\b':
			case '\f':
			case '\n':
			case '\r':
			case '\t':
				text_length++;
				break;
			default:
				if ((unsigned char) string[i] < ' ')
					text_length += strlen("\\u0000") - 1;
		}
	}
	return text_length;
}

static Size
ScalarTextLength(const JsonbValue *scalar)
{
	char	   *digits;
	Size		length;

	switch (scalar->type)
	{
		case jbvString:
			return StringTextLength(scalar->val.string.val, scalar->val.string.len);
		case jbvNumeric:
			digits = DatumGetCString(DirectFunctionCall1(numeric_out,
														 NumericGetDatum(scalar->val.numeric)));
			length = strlen(digits);
			pfree(digits);
			return length;
		default:
			return strlen("false");
	}
}

/*
 * Returns how many bytes a jsonb (not toasted) has as text, or somewhat more.
 * That may be many times its own: a control character takes six, and a number
 * with an exponent more than a hundred thousand.
 */
Size
apitoken_jsonb_text_length(Jsonb *jsonb)
{
	JsonbIterator *iterator = JsonbIteratorInit(&jsonb->root);
	JsonbIteratorToken token;
	JsonbValue	value;
	Size		length = 0;

	while ((token = JsonbIteratorNext(&iterator, &value, false)) != WJB_DONE)
	{
		CHECK_FOR_INTERRUPTS();
		/* what is around it, too: ", " and ": ", or a pair of brackets */
		length += 2;
		if (token == WJB_KEY || token == WJB_VALUE || token == WJB_ELEM)
			length += ScalarTextLength(&value);
	}
	return length;
}
