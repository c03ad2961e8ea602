# make                 builds the extension for the PostgreSQL of pg_config
# make install         installs it there (PG_CONFIG=/path/to/pg_config: elsewhere)
# make installcheck    runs the regression and isolation tests in a running server
# make clean
#
# These work at once, in a private server that is gone afterwards:
#
# make demo            shows what the extension does
# make shell           psql in a database with sample data
# make check           builds and runs every test (TESTS="test/a.sql": just those)
# make sanitize        runs the tests with gcc's sanitizers in the extension
# make coverage        measures how much of the code the tests run
# make valgrind        runs the tests under valgrind's memcheck
# make lint            checks the layout of the code and looks for mistakes in it
# make fuzz            fuzzes the parsers, each for SECONDS_EACH=30 seconds
# make soak            crashes, concurrency, replication, and the like (FORM=long: longer)
# make bench           measures it beside what one would write instead (FORM=short)
# make matrix          make check with each PostgreSQL that Debian has, in folders
# make dist            the release archives, in build/
# make abi             builds with the headers of an older minor version, and runs the
#                      tests with that in this one's server
# make deb             Debian packages, built and tried, in build/deb/
# make image           an OCI image for CloudNativePG, made and tried, in build/image/
# make reference       writes docs/reference.md from the comments of a database
# make pictures        draws docs/*.svg from docs/*.dot and from make demo
# make indent          lays out the C code as PostgreSQL's own
SCRIPT_GOALS = abi bench check coverage deb demo dist fuzz image indent lint matrix pictures reference sanitize shell soak valgrind

PG_CONFIG ?= pg_config

# make -f /path/to/Makefile builds into the current folder.
this := $(lastword $(MAKEFILE_LIST))
here := $(dir $(this))

ifneq ($(filter $(SCRIPT_GOALS),$(MAKECMDGOALS)),)

# PGXS may not be installed yet, and its own "check" only says that it is not
# supported; so it stays out of these goals.
.PHONY: $(MAKECMDGOALS)

$(SCRIPT_GOALS):
	@$(here)scripts/$@

# PGXS' goals in the same call (make clean check) get a make of their own.
$(filter-out $(SCRIPT_GOALS),$(MAKECMDGOALS)):
	@$(MAKE) --no-print-directory -f $(this) $@

else

EXTENSION = apitoken
MODULE_big = apitoken
OBJS = $(patsubst $(here)%.c,%.o,$(sort $(wildcard $(here)src/*.c $(here)src/*/*.c)))
rooms = $(sort $(patsubst %/,%,$(dir $(OBJS))))

# (PGXS has a VERSION of its own.)
APITOKEN_VERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'.*/\1/p" $(here)apitoken.control)

# The present schema is named after its version; the others lead up to it.
DATA = $(patsubst $(here)%,%,$(wildcard $(here)sql/apitoken--*--*.sql))
DATA_built = apitoken--$(APITOKEN_VERSION).sql

PG_CPPFLAGS = -I$(srcdir)/src -DAPITOKEN_VERSION=\"$(APITOKEN_VERSION)\"

# Every function that SQL calls has PG_FUNCTION_ARGS, used or not; PostgreSQL's
# macros for lengths and alignment mix signed and unsigned; what a row of a table
# leaves out is zero, of which gcc 10 warns even so.
PG_CFLAGS = -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers

# The tests' databases are alike whatever the server's locale; what the tests
# write goes into build/.  Both lists may be empty, and then PGXS skips them.
ENCODING = UTF8
NO_LOCALE = 1
REGRESS := $(patsubst $(here)test/regress/sql/%.sql,%,$(sort $(wildcard $(here)test/regress/sql/*.sql)))
REGRESS_OPTS = --inputdir=$(here)test/regress --outputdir=build/regress
ISOLATION := $(patsubst $(here)test/isolation/specs/%.spec,%,$(sort $(wildcard $(here)test/isolation/specs/*.spec)))
ISOLATION_OPTS = --inputdir=$(here)test/isolation --outputdir=build/isolation
REGRESS_PREP = test-folders
EXTRA_CLEAN = build

# The path is there without the files when only libpq-dev is installed.
PGXS := $(wildcard $(shell $(PG_CONFIG) --pgxs 2>/dev/null))
ifeq ($(PGXS),)
$(error PostgreSQL's files for building extensions are missing. Install them: apt-get install postgresql-server-dev-$(or $(shell $(here)scripts/pg-major),all))
endif

# What was built beside the sources would be taken for what is to be built here.  PGXS of a
# PostgreSQL that was built in the folder of its sources sets no VPATH.
ifneq ($(abspath $(here)),$(CURDIR))
VPATH := $(here)
ifneq ($(wildcard $(here)src/*.o $(here)src/*/*.o $(here)$(DATA_built)),)
$(error The sources have been built in $(here) already. Clean that first: make -C $(here) clean)
endif
endif

# Debian's packages of 13 have no isolation tester.
ifeq ($(wildcard $(dir $(PGXS))../../src/test/isolation/pg_isolation_regress),)
ISOLATION :=
endif

include $(PGXS)

$(DATA_built): $(here)sql/apitoken.sql $(here)apitoken.control
	cp $< $@

# PGXS knows nothing of headers, nor where the version is from.
$(OBJS) $(OBJS:.o=.bc): $(wildcard $(here)src/*.h $(here)src/*/*.h) $(here)apitoken.control $(this) | $(addprefix $(CURDIR)/,$(rooms))
$(addprefix $(CURDIR)/,$(rooms)):
	@mkdir -p $@

# pg_regress creates no folder above the one it writes to.
.PHONY: test-folders
test-folders:
	@mkdir -p build/regress build/isolation

endif
