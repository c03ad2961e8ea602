/*-------------------------------------------------------------------------
 *
 * target.c
 *	  Tables that rows are written to without a statement.
 *
 * A statement that writes one row is started and ended for it, and the server reads
 * the text of each CHECK constraint and of each trigger's condition anew: that takes
 * several times what the row does.  So a row is written as the executor would write
 * it, but only where nothing is hooked, nobody else's trigger would fire, and all
 * that the server would see to is seen to:
 *
 * - the table is as fetch.c has it, and belongs to the current role, who may write
 *	 it; nothing in it is generated;
 * - triggers are the extension's own, whose work the caller does or which have
 *	 nothing to do, or are of columns that do not change;
 * - foreign keys of what changes are those that the caller sees to;
 * - constraints of what changes are evaluated, from an expression that is read once;
 *	 those of other columns hold, as they did before;
 * - the types of columns, which may be domains, are checked;
 * - the transaction is read committed: what else is to be raised, a statement raises.
 *
 * Where anything else is so, the statement is run.  Both write the same row.
 *
 * src/store/target.c
 *
 *-------------------------------------------------------------------------
 */
#include "store/target.h"

#include "access/relation.h"
#include "access/sysattr.h"
#include "access/transam.h"
#include "access/xact.h"
#include "apitoken.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "errors.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/bitmapset.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "rewrite/rewriteHandler.h"
#include "store/fetch.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/relcache.h"
#include "utils/syscache.h"

/* All that was opened in this session. */
static ApitokenTarget *targets[4];
static int	targets_count = 0;

/* For the server: something about a relation (InvalidOid: any) has changed. */
static void
ForgetRelation(Datum argument, Oid relation)
{
	for (int i = 0; i < targets_count; i++)
	{
		if (relation == InvalidOid || targets[i]->oid == relation)
			targets[i]->valid = false;
	}
}

/* The same where a function has changed: a constraint may call it, or have it inlined. */
static void
ForgetFunction(Datum argument, int cache, uint32 hash)
{
	ForgetRelation(argument, InvalidOid);
}

static void
Register(ApitokenTarget *target)
{
	for (int i = 0; i < targets_count; i++)
	{
		if (targets[i] == target)
			return;
	}
	if (targets_count == 0)
	{
		CacheRegisterRelcacheCallback(ForgetRelation, (Datum) 0);
		CacheRegisterSyscacheCallback(PROCOID, ForgetFunction, (Datum) 0);
	}
	if (targets_count == lengthof(targets))
		apitoken_error_statement(target->relation, "there are more targets than thought of");
	target->context = AllocSetContextCreate(TopMemoryContext, "apitoken target",
											ALLOCSET_SMALL_SIZES);
	targets[targets_count++] = target;
}

/*
 * Columns
 */

static Form_pg_attribute
Attribute(Relation relation, AttrNumber attnum)
{
	return TupleDescAttr(RelationGetDescr(relation), attnum - 1);
}

/* Finds the target's columns; returns whether they have the types that they should. */
static bool
FindColumns(ApitokenTarget *target, Relation relation)
{
	for (int i = 0; i < target->count; i++)
	{
		AttrNumber	attnum = get_attnum(target->oid, target->columns[i].name);

		if (attnum == InvalidAttrNumber ||
			getBaseType(Attribute(relation, attnum)->atttypid) != target->columns[i].type)
			return false;
		target->attnums[i] = attnum;
	}
	return true;
}

static int
PlaceOf(const ApitokenTarget *target, AttrNumber attnum)
{
	for (int i = 0; i < target->count; i++)
	{
		if (target->attnums[i] == attnum)
			return i;
	}
	return -1;
}

/* Is the value that a new row has by default the moment at which it is written? */
static bool
IsMoment(Relation relation, AttrNumber attnum)
{
	Node	   *value = build_column_default(relation, attnum);

	return value != NULL && IsA(value, FuncExpr) &&
		((FuncExpr *) value)->funcid == F_CLOCK_TIMESTAMP;
}

/* Are these all columns of the table, and does nothing else make their values? */
static bool
AreAllColumns(ApitokenTarget *target, Relation relation)
{
	target->sequence = InvalidOid;
	for (AttrNumber attnum = 1; attnum <= RelationGetNumberOfAttributes(relation); attnum++)
	{
		Form_pg_attribute attribute = Attribute(relation, attnum);

		if (attribute->attisdropped)
			continue;
		if (PlaceOf(target, attnum) < 0)
			return false;
		if (attribute->attidentity != '\0')
			target->sequence = apitoken_identity_sequence(relation, attnum);
		else if ((attribute->atthasdef || getBaseType(attribute->atttypid) == TIMESTAMPTZOID) &&
				 !IsMoment(relation, attnum))
			return false;
	}
	return OidIsValid(target->sequence);
}

/* The columns that are written, as the server's bitmaps have them. */
static Bitmapset *
WrittenColumns(const ApitokenTarget *target)
{
	Bitmapset  *written = NULL;

	for (int i = 0; i < target->written; i++)
		written = bms_add_member(written,
								 target->attnums[i] - FirstLowInvalidHeapAttributeNumber);
	return written;
}

/*
 * Triggers and foreign keys
 */

/* Is the function the library's of that name? */
static bool
IsInLibrary(HeapTuple function, const char *name)
{
	bool		isnull;
	Datum symbol = SysCacheGetAttr(PROCOID, function, Anum_pg_proc_prosrc, &isnull);

	return ((Form_pg_proc) GETSTRUCT(function))->prolang == ClanguageId &&
		strcmp(TextDatumGetCString(symbol), psprintf("apitoken_%s", name)) == 0;
}

/*
 * Is it the extension's trigger of that name, which is that of its function as well, and
 * does that, if it is to be in the library, still run it?
 */
static bool
IsOwnTrigger(const Trigger *trigger, const char *name, bool in_library)
{
	HeapTuple	tuple;
	Form_pg_proc function;
	bool		own;

	if (name == NULL || strcmp(trigger->tgname, name) != 0)
		return false;
	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(trigger->tgfoid));
	if (!HeapTupleIsValid(tuple))
		return false;
	function = (Form_pg_proc) GETSTRUCT(tuple);
	own = function->pronamespace == get_namespace_oid(APITOKEN_SCHEMA, true) &&
		strcmp(NameStr(function->proname), name) == 0 &&
		(!in_library || IsInLibrary(tuple, name));
	ReleaseSysCache(tuple);
	return own;
}

static bool
FiresOnWritten(const ApitokenTarget *target, const Trigger *trigger, const Bitmapset *written)
{
	int16		event = target->inserts ? TRIGGER_TYPE_INSERT : TRIGGER_TYPE_UPDATE;

	if ((trigger->tgtype & event) == 0 || trigger->tgenabled == TRIGGER_DISABLED ||
		trigger->tgenabled == TRIGGER_FIRES_ON_REPLICA)
		return false;
	if (target->inserts || trigger->tgnattr == 0)
		return true;
	for (int i = 0; i < trigger->tgnattr; i++)
	{
		if (bms_is_member(trigger->tgattr[i] - FirstLowInvalidHeapAttributeNumber, written))
			return true;
	}
	return false;
}

/* Is all that triggers would do seen to? */
static bool
TriggersFit(const ApitokenTarget *target, Relation relation, const Bitmapset *written)
{
	const TriggerDesc *triggers = relation->trigdesc;
	bool		found = target->trigger == NULL;

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		const Trigger *trigger = &triggers->triggers[i];

		if (!FiresOnWritten(target, trigger, written) ||
			RI_FKey_trigger_type(trigger->tgfoid) != RI_TRIGGER_NONE ||
			IsOwnTrigger(trigger, target->idle, true) ||
			IsOwnTrigger(trigger, target->unfired[0], false) ||
			IsOwnTrigger(trigger, target->unfired[1], false))
			continue;
		/* one that is there twice does its work twice */
		if (found || !IsOwnTrigger(trigger, target->trigger, true))
			return false;
		found = true;
	}
	return found;
}

static bool
IsReference(const ApitokenTarget *target, const ForeignKeyCacheInfo *key,
			const ApitokenTargetReference *reference)
{
	Oid			schema = get_namespace_oid(APITOKEN_SCHEMA, true);

	return reference->relation != NULL && key->nkeys == lengthof(reference->columns) &&
		key->confrelid == get_relname_relid(reference->relation, schema) &&
		key->conkey[0] == target->attnums[reference->columns[0]] &&
		key->conkey[1] == target->attnums[reference->columns[1]];
}

/* Are the foreign keys of what is written those that the caller sees to? */
static bool
ForeignKeysFit(const ApitokenTarget *target, Relation relation, const Bitmapset *written)
{
	ListCell   *cell;

	foreach(cell, RelationGetFKeyList(relation))
	{
		const ForeignKeyCacheInfo *key = lfirst(cell);
		bool		concerned = false;

		for (int i = 0; i < key->nkeys; i++)
			concerned = concerned ||
				bms_is_member(key->conkey[i] - FirstLowInvalidHeapAttributeNumber, written);
		if (concerned && !IsReference(target, key, &target->references[0]) &&
			!IsReference(target, key, &target->references[1]))
			return false;
	}
	return true;
}

/* Is nothing changed that others' foreign keys refer to? */
static bool
KeysStay(const ApitokenTarget *target, Relation relation, const Bitmapset *written)
{
	return target->inserts ||
		!bms_overlap(RelationGetIndexAttrBitmap(relation, INDEX_ATTR_BITMAP_KEY), written);
}

/*
 * Constraints
 */

/* Does the constraint hold whatever is written, as it did before? */
static bool
IsUntouched(const ApitokenTarget *target, const ConstrCheck *check, Node *expression,
			const Bitmapset *written)
{
	Bitmapset  *columns = NULL;

	pull_varattnos(expression, 1, &columns);
	return !target->inserts && check->ccvalid && !bms_overlap(columns, written) &&
		!bms_is_member(0 - FirstLowInvalidHeapAttributeNumber, columns);
}

/* Reads the table's constraints; returns false for one that may change its mind. */
static bool
ReadConstraints(ApitokenTarget *target, Relation relation, const Bitmapset *written)
{
	const TupleConstr *constraints = RelationGetDescr(relation)->constr;

	for (int i = 0; constraints != NULL && i < constraints->num_check; i++)
	{
		const ConstrCheck *check = &constraints->check[i];
		Node	   *expression = stringToNode(check->ccbin);

		if (contain_mutable_functions(expression))
			return false;
		if (apitoken_check_is_enforced(check) &&
			!IsUntouched(target, check, expression, written))
			target->checks = lappend(target->checks,
									 ExecInitExpr(expression_planner((Expr *) expression), NULL));
	}
	return true;
}

/* Does every row keep what a NOT NULL asks for, so that it is asked of what changes alone? */
static bool
NotNullsAreValid(Relation relation)
{
	for (AttrNumber attnum = 1; attnum <= RelationGetNumberOfAttributes(relation); attnum++)
	{
		if (!apitoken_not_null_is_valid(RelationGetDescr(relation), attnum))
			return false;
	}
	return true;
}

/*
 * Opening
 */

/* Could a row be written without a statement?  The table is open. */
static bool
Examine(ApitokenTarget *target, Relation relation)
{
	const TupleConstr *constraints = RelationGetDescr(relation)->constr;
	Bitmapset  *written;

	if (!apitoken_fetch_is_ordinary(relation) || relation->rd_rel->relispartition ||
		(constraints != NULL && constraints->has_generated_stored) ||
		!NotNullsAreValid(relation) || !FindColumns(target, relation) ||
		(target->inserts && !AreAllColumns(target, relation)))
		return false;

	target->index = InvalidOid;
	if (target->key[0] != NULL)
		target->index = apitoken_fetch_unique_index(relation, target->key[0], target->key[1]);

	written = WrittenColumns(target);
	return OidIsValid(target->index) == (target->key[0] != NULL) &&
		TriggersFit(target, relation, written) && ForeignKeysFit(target, relation, written) &&
		KeysStay(target, relation, written) && ReadConstraints(target, relation, written);
}

/* Finds out about the target's table; returns it, open and locked, or NULL. */
static Relation
Bind(ApitokenTarget *target)
{
	RangeVar   *name = makeRangeVar(APITOKEN_SCHEMA, (char *) target->relation, -1);
	MemoryContext old;
	Relation	relation;

	target->oid = RangeVarGetRelid(name, target->lock, true);
	if (!OidIsValid(target->oid))
		return NULL;

	/* whatever changes from here on makes it invalid again */
	target->valid = true;
	target->usable = false;
	relation = relation_open(target->oid, NoLock);
	MemoryContextReset(target->context);
	memset(target->domains, 0, sizeof(target->domains));
	target->checks = NIL;
	old = MemoryContextSwitchTo(target->context);
	target->expressions = CreateStandaloneExprContext();
	target->usable = Examine(target, relation);
	MemoryContextSwitchTo(old);
	return relation;
}

/* May the current role write it, past the table's policies? */
static bool
IsOpenToRole(const ApitokenTarget *target, Relation relation)
{
	Form_pg_class form = relation->rd_rel;

	return form->relowner == GetUserId() &&
		(!form->relforcerowsecurity || InNoForceRLSOperation()) &&
		pg_class_aclmask(RelationGetRelid(relation), GetUserId(), target->rights,
						 ACLMASK_ALL) == target->rights;
}

/*
 * Returns the target's table, open and locked, if a row can be written to it without a
 * statement; else NULL.
 */
Relation
apitoken_target_open(ApitokenTarget *target)
{
	Relation	relation;

	if (!apitoken_fetch_may_be_direct() || XactReadOnly || IsInParallelMode() ||
		IsolationUsesXactSnapshot() ||
		SessionReplicationRole != SESSION_REPLICATION_ROLE_ORIGIN)
		return NULL;

	Register(target);
	relation = apitoken_fetch_reopen(target->oid, target->lock, &target->valid);
	if (relation == NULL)
		relation = Bind(target);

	if (relation == NULL || (target->usable && IsOpenToRole(target, relation)))
		return relation;
	relation_close(relation, NoLock);
	return NULL;
}

/* A column's type without domains; the server's own are none, and need not be looked up. */
static Oid
BaseType(Form_pg_attribute attribute, int32 *typmod)
{
	if (attribute->atttypid < FirstGenbkiObjectId)
		return attribute->atttypid;
	return getBaseTypeAndTypmod(attribute->atttypid, typmod);
}

/*
 * Makes a value what its column takes.  Returns false if the column does not take it
 * because it is null; raises 23514 as the type of the column, a domain, does.
 */
bool
apitoken_target_coerce(ApitokenTarget *target, Relation relation, int column, Datum *value,
					   bool isnull)
{
	Form_pg_attribute attribute = Attribute(relation, target->attnums[column]);
	int32		typmod = attribute->atttypmod;
	Oid			base = BaseType(attribute, &typmod);

	if (isnull && attribute->attnotnull)
		return false;
	if (!isnull && base == TIMESTAMPTZOID && typmod >= 0)
		*value = DirectFunctionCall2(timestamptz_scale, *value, Int32GetDatum(typmod));
	if (base != attribute->atttypid)
		domain_check(*value, isnull, attribute->atttypid, &target->domains[column],
					 target->context);
	return true;
}

/* Do the table's constraints admit the row? */
bool
apitoken_target_admits(ApitokenTarget *target, TupleTableSlot *slot)
{
	ListCell   *cell;

	ResetExprContext(target->expressions);
	target->expressions->ecxt_scantuple = slot;
	foreach(cell, target->checks)
	{
		if (!ExecCheck(lfirst(cell), target->expressions))
			return false;
	}
	return true;
}
