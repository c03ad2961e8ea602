/*
 * What cppcheck has to know of PostgreSQL's macros (make lint).  With the real
 * headers it would take minutes and complain of them.
 */
#define PG_MODULE_MAGIC
#define PG_FUNCTION_INFO_V1(function) extern int function##_info
#define PG_FUNCTION_ARGS FunctionCallInfo fcinfo
#define Assert(condition) do { if (!(condition)) abort(); } while (0)
#define CppAsString(identifier) #identifier
#define CppAsString2(value) CppAsString(value)
#define lengthof(array) (sizeof(array) / sizeof((array)[0]))
#define foreach(cell, list) \
	for (ListCell *cell##_next = list; (cell = cell##_next) != 0; cell##_next++)
#define PG_TRY() do {
#define PG_CATCH() } while (0); do {
#define PG_FINALLY() } while (0); do {
#define PG_END_TRY() } while (0)
