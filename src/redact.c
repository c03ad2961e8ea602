/*-------------------------------------------------------------------------
 *
 * redact.c
 *	  Keeps secrets out of what is shown and logged.
 *
 * Whoever gives a secret where something else belongs has typed it, pasted it
 * behind something, or taken it from a URL.  So it is found in the middle of a
 * text, in capitals and percent-encoded, be it several times over, in whatever
 * order: "%%369" is "%69", which is "i".
 *
 * A text is read once, from left to right, and an escape is decoded when its last
 * digit is there; what comes of it may be a digit itself, or begin another.
 *
 * src/redact.c
 *
 *-------------------------------------------------------------------------
 */
#include "redact.h"

#include <ctype.h>

#include "lib/stringinfo.h"

/*
 * So many escapes may be begun, one inside of another, and not be at their end: of
 * what is deeper, which nothing ever encodes, the outermost counts as it stands.
 */
#define MAX_BEGUN 64

/* Characters of an opaque part's alphabet, one behind another. */
typedef struct Stretch
{
	int			count;
	int			start;			/* of the first, where it was encoded */
} Stretch;

/* The longest that end with a character. */
typedef struct Stretches
{
	Stretch		decoded;		/* when all is decoded */
	Stretch		any;			/* however little of it is */
} Stretches;

typedef struct Character
{
	unsigned char byte;
	int			start;
	Stretches	before;
	Stretches	runs;
} Character;

/* A part of a text, which is masked; empty: nothing is. */
typedef struct Span
{
	int			start;
	int			end;
} Span;

typedef struct Reader
{
	const char *string;
	int			length;
	int			next;
	Stretches	runs;			/* that end there */
	Character	begun[2 * MAX_BEGUN];	/* "%", and "%" with a digit: a ring */
	unsigned int first;
	unsigned int count;
	int			matched;		/* of what a secret begins with */
	int			opaque;			/* where its opaque part begins, or -1 */
} Reader;

/* The character of escapes that are begun which is that far from the last. */
static Character *
Begun(Reader *reader, unsigned int from_last)
{
	return &reader->begun[(reader->first + reader->count - 1 - from_last) % lengthof(reader->begun)];
}

static bool
EndsWithPercent(Reader *reader)
{
	return reader->count > 0 && Begun(reader, 0)->byte == '%';
}

/* The run that ends with a byte, if the one before it is that. */
static Stretch
Extend(Stretch run, unsigned char byte, int start)
{
	Stretch		none = {0, 0};

	if (IS_HIGHBIT_SET(byte) || (!isalnum(byte) && byte != '-' && byte != '_'))
		return none;
	if (run.count == 0)
		run.start = start;
	run.count++;
	return run;
}

static Stretch
Longer(Stretch a, Stretch b)
{
	return a.count >= b.count ? a : b;
}

/* The next character as it stands. */
static Character
ReadCharacter(Reader *reader)
{
	Character	c = {.byte = reader->string[reader->next], .start = reader->next};

	reader->next++;
	c.before = reader->runs;
	c.runs.decoded = Extend(c.before.decoded, c.byte, c.start);
	c.runs.any = Extend(c.before.any, c.byte, c.start);
	return c;
}

/* What the last escape that is begun becomes by its second digit. */
static Character
EndEscape(Reader *reader, const Character *digit)
{
	char		digits[] = {Begun(reader, 0)->byte, digit->byte, '\0'};
	const Character *percent = Begun(reader, 1);
	Character	c = {.byte = (unsigned char) strtol(digits, NULL, 16), .start = percent->start};

	c.before = percent->before;
	c.runs.decoded = Extend(c.before.decoded, c.byte, c.start);
	c.runs.any = Longer(Extend(c.before.any, c.byte, c.start), digit->runs.any);
	reader->count -= 2;
	return c;
}

/* Looks for a secret in what is decoded, a byte after another. */
static void
Match(Reader *reader, unsigned char byte)
{
	const char *prefix = APITOKEN_SECRET_PREFIX;

	if (prefix[reader->matched] == '\0')
	{
		if (byte == ':' && reader->opaque < 0)
			reader->opaque = reader->next;
	}
	else if (pg_tolower(byte) == (unsigned char) prefix[reader->matched])
		reader->matched++;
	else
		/* no byte of the prefix stands in it twice */
		reader->matched = pg_tolower(byte) == (unsigned char) prefix[0] ? 1 : 0;
}

/* The first of what is begun stays as it is. */
static void
MatchFirst(Reader *reader)
{
	Match(reader, Begun(reader, reader->count - 1)->byte);
	reader->first = (reader->first + 1) % lengthof(reader->begun);
	reader->count--;
}

static void
Begin(Reader *reader, const Character *c)
{
	if (reader->count == lengthof(reader->begun))
	{
		do
			MatchFirst(reader);
		while (Begun(reader, reader->count - 1)->byte != '%');
	}
	reader->count++;
	*Begun(reader, 0) = *c;
}

/*
 * Reads a character, and decodes what ends with it.  Returns the part of the text that
 * could be an opaque part, as far as it has been read.
 */
static Span
Read(Reader *reader)
{
	Character	c = ReadCharacter(reader);
	Span		span = {reader->next, reader->next};

	while (reader->count > 0 && !EndsWithPercent(reader) && isxdigit(c.byte))
		c = EndEscape(reader, &c);
	reader->runs = c.runs;

	if (c.byte == '%' || (EndsWithPercent(reader) && isxdigit(c.byte)))
		Begin(reader, &c);
	else
	{
		while (reader->count > 0)
			MatchFirst(reader);
		Match(reader, c.byte);
	}

	if (c.runs.decoded.count >= APITOKEN_OPAQUE_LENGTH)
		span.start = c.runs.decoded.start;
	if (c.runs.any.count >= APITOKEN_OPAQUE_LENGTH)
		span.start = Min(span.start, c.runs.any.start);
	return span;
}

/* Is there a secret in a text, or, if that counts, what could be the opaque part of one? */
static bool
Finds(const char *string, bool opaque_counts)
{
	Reader		reader = {.string = string, .length = strlen(string), .opaque = -1};

	while (reader.next < reader.length)
	{
		Span		span = Read(&reader);

		if (reader.opaque >= 0 || (opaque_counts && span.start < span.end))
			return true;
	}
	return false;
}

/*
 * Says whether something in a text has the shape of a secret, or of the opaque
 * part of one.  Allocates nothing: an error may be under way.
 */
bool
apitoken_redact_is_needed(const char *string)
{
	return Finds(string, true);
}

/* The same, but for an opaque part alone, which a digest of something else looks like. */
bool
apitoken_redact_is_secret(const char *string)
{
	return Finds(string, false);
}

/* Shows a text from there on up to a part that is masked; returns where that ends. */
static int
ShowMasked(StringInfo shown, const char *string, int from, Span span)
{
	if (span.start == span.end)
		return from;
	appendBinaryStringInfo(shown, string + from, span.start - from);
	appendStringInfoString(shown, APITOKEN_MASK);
	return span.end;
}

/*
 * Returns what may be shown of a string, in the current memory context: it ends
 * where the opaque part of a secret begins, since nobody knows where that ends,
 * and what could be an opaque part by itself, alone or with more of its alphabet
 * around it, is masked as well.
 */
char *
apitoken_redact(const char *string)
{
	Reader		reader = {.string = string, .length = strlen(string), .opaque = -1};
	StringInfoData shown;
	Span		masked = {0, 0};
	int			from = 0;

	initStringInfo(&shown);
	while (reader.next < reader.length && reader.opaque < 0)
	{
		Span		span = Read(&reader);

		if (span.start == span.end)
			continue;
		if (span.start > masked.end)
		{
			from = ShowMasked(&shown, string, from, masked);
			masked = span;
		}
		masked.start = Max(Min(masked.start, span.start), from);
		masked.end = span.end;
	}
	from = ShowMasked(&shown, string, from, masked);
	appendBinaryStringInfo(&shown, string + from, reader.next - from);
	if (reader.opaque >= 0)
		appendStringInfoString(&shown, APITOKEN_MASK);
	return shown.data;
}
