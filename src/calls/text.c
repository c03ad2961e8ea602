/*-------------------------------------------------------------------------
 *
 * text.c
 *	  What the texts in the tables may be.
 *
 * Names, descriptions, ids and icons are shown by applications that trust them
 * to be what they look like.  So a text has no control characters, none that
 * change the direction of writing, and none that nobody sees; and what an
 * application makes a link or an image of leads nowhere but to the web.
 *
 * The rules are kept by triggers and not by constraints: a row that was there
 * before them stays as it is, in whatever else is changed about it, and comes
 * back from a dump.
 *
 * src/calls/text.c
 *
 *-------------------------------------------------------------------------
 */
#include "calls/text.h"

#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "errors.h"
#include "executor/spi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "rights/secret.h"
#include "store/trigger_row.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

/* What may be in a column's text. */
typedef struct TextRule
{
	const char *name;			/* as the triggers' arguments have it */
	bool		breaks;			/* tabs, and several lines? */
	bool		joiners;		/* what joins or varies another? */
	bool		is_name;
	bool		is_id;
	bool		is_url;
} TextRule;

static const TextRule rules[] = {
	{"line", false, true, false, false, false},
	{"name", false, true, true, false, false},
	{"text", true, true, false, false, false},
	{"id", false, false, true, true, false},
	{"url", false, false, false, false, true},
};

static const TextRule *
FindRule(const char *name)
{
	for (int i = 0; i < (int) lengthof(rules); i++)
	{
		if (strcmp(rules[i].name, name) == 0)
			return &rules[i];
	}
	return NULL;
}

/*
 * Characters
 */

typedef struct CharacterRange
{
	pg_wchar	first;
	pg_wchar	last;
} CharacterRange;

/* Unicode's control characters, and its separators of lines and paragraphs. */
static const CharacterRange controls[] = {
	{0x0001, 0x001F}, {0x007F, 0x009F}, {0x2028, 0x2029}
};

/* What has Unicode's property Bidi_Control. */
static const CharacterRange directions[] = {
	{0x061C, 0x061C}, {0x200E, 0x200F}, {0x202A, 0x202E}, {0x2066, 0x2069}
};

/*
 * What has its property Default_Ignorable_Code_Point, but for those below; what
 * draws nothing (the empty Braille pattern, the joiners of hieroglyphs), or stands for
 * something else; and what is no character.
 */
static const CharacterRange invisibles[] = {
	{0x00AD, 0x00AD}, {0x115F, 0x1160}, {0x17B4, 0x17B5}, {0x180E, 0x180E}, {0x200B, 0x200B},
	{0x2060, 0x2065}, {0x206A, 0x206F}, {0x2800, 0x2800}, {0x3164, 0x3164}, {0xFDD0, 0xFDEF},
	{0xFEFF, 0xFEFF}, {0xFFA0, 0xFFA0}, {0xFFF0, 0xFFFC}, {0x13430, 0x1343F}, {0x1BCA0, 0x1BCA3},
	{0x1D173, 0x1D17A}, {0xE0000, 0xE00FF}, {0xE01F0, 0xE0FFF}
};

/* Unicode's White_Space, but for what are controls. */
static const CharacterRange spaces[] = {
	{0x0020, 0x0020}, {0x00A0, 0x00A0}, {0x1680, 0x1680}, {0x2000, 0x200A}, {0x202F, 0x202F},
	{0x205F, 0x205F}, {0x3000, 0x3000}
};

/*
 * Joiners and variation selectors: nothing by themselves, but Persian, Hindi
 * and many an emoji are not written without them.
 */
static const CharacterRange joiners[] = {
	{0x034F, 0x034F}, {0x180B, 0x180D}, {0x180F, 0x180F}, {0x200C, 0x200D}, {0xFE00, 0xFE0F},
	{0xE0100, 0xE01EF}
};

#define ZERO_WIDTH_JOINER 0x200D
#define EMOJI_SELECTOR 0xFE0F

static bool
IsIn(pg_wchar c, const CharacterRange *ranges, int count)
{
	for (int i = 0; i < count; i++)
	{
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	}
	return false;
}

#define IS_IN(c, ranges) IsIn(c, ranges, lengthof(ranges))

static bool
IsBreak(pg_wchar c)
{
	return c == '\t' || c == '\n' || c == '\r' || c == 0x2028 || c == 0x2029;
}

/* Does a joiner or selector change how the character before it looks? */
static bool
Joins(pg_wchar before, pg_wchar c)
{
	/* a keycap is a digit, # or * with the selector behind it */
	if (before < 0x80)
		return c == EMOJI_SELECTOR &&
			((before >= '0' && before <= '9') || before == '#' || before == '*');
	return !IS_IN(before, joiners) || (before == EMOJI_SELECTOR && c == ZERO_WIDTH_JOINER);
}

static bool
IsAllowed(const TextRule *rule, pg_wchar before, pg_wchar c)
{
	if (c >= ' ' && c < 0x7F)
		return true;
	if (rule->breaks && IsBreak(c))
		return true;
	if (IS_IN(c, joiners))
		return rule->joiners && Joins(before, c);
	/* the last two of each plane are no characters */
	return (c & 0xFFFE) != 0xFFFE &&
		!IS_IN(c, controls) && !IS_IN(c, directions) && !IS_IN(c, invisibles);
}

/* Are all characters of a text, length bytes of UTF-8, allowed? */
static bool
HasAllowedCharacters(const TextRule *rule, const char *string, int length)
{
	const unsigned char *bytes = (const unsigned char *) string;
	pg_wchar	before = 0;

	for (int next = 0; next < length; next += pg_utf_mblen(bytes + next))
	{
		pg_wchar	c = utf8_to_unicode(bytes + next);

		CHECK_FOR_INTERRUPTS();
		if (!IsAllowed(rule, before, c))
			return false;
		before = c;
	}
	return true;
}

/* Is there nothing to be seen in a text, length bytes of UTF-8 that are allowed? */
static bool
IsBlank(const char *string, int length)
{
	const unsigned char *bytes = (const unsigned char *) string;

	for (int next = 0; next < length; next += pg_utf_mblen(bytes + next))
	{
		pg_wchar	c = utf8_to_unicode(bytes + next);

		CHECK_FOR_INTERRUPTS();
		if (!IS_IN(c, spaces) && !IS_IN(c, joiners))
			return false;
	}
	return true;
}

/*
 * URLs
 */

/* What a URL may begin with; anything else that is a scheme may be a script. */
static const char *const allowed_beginnings[] = {
	"http://", "https://",
	"data:image/png;", "data:image/gif;", "data:image/jpeg;", "data:image/webp;",
	"data:image/png,", "data:image/gif,", "data:image/jpeg,", "data:image/webp,"
};

/* Does it begin with a scheme, as a browser sees it? */
static bool
HasScheme(const char *url)
{
	int			length = strspn(url, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
								"0123456789+-.");

	return length > 0 && url[length] == ':';
}

/* Is there white space, or a backslash, which browsers take for a slash? */
static bool
HasForeignCharacters(const char *url)
{
	for (const unsigned char *next = (const unsigned char *) url; *next != '\0';
		 next += pg_utf_mblen(next))
	{
		CHECK_FOR_INTERRUPTS();
		if (*next == '\\' || IS_IN(utf8_to_unicode(next), spaces))
			return true;
	}
	return false;
}

/*
 * Is it a path, or a URL of an allowed kind?  One that begins with http:// or
 * https:// has a host behind it.
 */
static bool
LeadsToTheWeb(const char *url)
{
	if (HasForeignCharacters(url))
		return false;
	if (!HasScheme(url))
		return true;
	for (int i = 0; i < (int) lengthof(allowed_beginnings); i++)
	{
		const char *behind = url + strlen(allowed_beginnings[i]);

		if (pg_strncasecmp(url, allowed_beginnings[i], strlen(allowed_beginnings[i])) == 0)
			return pg_strncasecmp(url, "http", strlen("http")) != 0 ||
				(*behind != '\0' && strchr("/?#:@", *behind) == NULL);
	}
	return false;
}

/* Is a text, valid UTF-8, what the rule text allows? */
bool
apitoken_text_is_text(const char *string)
{
	return HasAllowedCharacters(FindRule("text"), string, strlen(string));
}

/* The same for the rule url. */
bool
apitoken_text_is_url(const char *string)
{
	return HasAllowedCharacters(FindRule("url"), string, strlen(string)) &&
		LeadsToTheWeb(string);
}

/*
 * The trigger
 */

static bool
IsSecret(const char *string, int length)
{
	const char *id;
	int			id_length;

	return apitoken_secret_find_id(string, length, &id, &id_length);
}

static void
CheckValue(Relation relation, const char *column, const TextRule *rule, const text *value)
{
	const char *string = VARDATA_ANY(value);
	int			length = VARSIZE_ANY_EXHDR(value);

	if (!HasAllowedCharacters(rule, string, length))
		apitoken_error_text_characters(relation, column, rule->breaks);
	if (rule->is_name && length > 0 && IsBlank(string, length))
		apitoken_error_text_blank(relation, column);
	if (rule->is_id && IsSecret(string, length))
		apitoken_error_text_secret(relation, column);
	if (rule->is_url && !LeadsToTheWeb(text_to_cstring(value)))
		apitoken_error_text_scheme(relation, column);
}

/* Checks a column of a row, if the table has such a column, of text. */
static void
CheckColumn(Relation relation, HeapTuple row, const char *column, const TextRule *rule)
{
	TupleDesc	tupdesc = RelationGetDescr(relation);
	int			attnum = SPI_fnumber(tupdesc, column);
	Datum		value;
	bool		isnull;

	if (rule == NULL || attnum <= 0 || getBaseType(SPI_gettypeid(tupdesc, attnum)) != TEXTOID)
		return;
	value = SPI_getbinval(row, tupdesc, attnum, &isnull);
	if (!isnull)
		CheckValue(relation, column, rule, DatumGetTextPP(value));
}

/*
 * Are these rows that a restore brings back?  pg_dump's scripts and pg_restore
 * switch check_function_bodies off, whatever the rows are written by.  Only the
 * table's owner is believed, who could switch the trigger off as well; and not
 * while one of our calls, or another function, is him for a while.
 */
static bool
IsRestored(Relation relation)
{
	return !check_function_bodies && !InLocalUserIdChange() &&
		has_privs_of_role(GetUserId(), relation->rd_rel->relowner);
}

PG_FUNCTION_INFO_V1(apitoken_check_text);

/*
 * apitoken.check_text(column, rule, ...): trigger before an insert or update of
 * a row.  Checks each of the columns by its rule.  Raises 23514 as a constraint
 * of the column would, 39P01 if it is called otherwise.
 */
Datum
apitoken_check_text(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	HeapTuple	row;

	apitoken_trigger_check_before_update_or_insert(fcinfo);
	row = trigger->tg_trigtuple;
	if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
		row = trigger->tg_newtuple;
	else if (IsRestored(trigger->tg_relation))
		return PointerGetDatum(row);

	for (int i = 0; i + 1 < trigger->tg_trigger->tgnargs; i += 2)
		CheckColumn(trigger->tg_relation, row, trigger->tg_trigger->tgargs[i],
					FindRule(trigger->tg_trigger->tgargs[i + 1]));
	return PointerGetDatum(row);
}
