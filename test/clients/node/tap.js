// Says in TAP what a client finds.
'use strict';

const { execFileSync } = require('node:child_process');
const { isDeepStrictEqual } = require('node:util');

const { SECRET_ADMINISTRATOR: administrator, SECRET_EXPORT: exporter } = process.env;

let count = 0;

// Checks that two values are deeply equal.
function equal(have, want, description) {
    count += 1;
    if (isDeepStrictEqual(have, want)) {
        console.log(`ok ${count} - ${description}`);
        return;
    }
    console.log(`not ok ${count} - ${description}`);
    console.log(`# have: ${JSON.stringify(have)?.slice(0, 1000)}`);
    console.log(`# want: ${JSON.stringify(want)?.slice(0, 1000)}`);
}

// Returns the error that a promise is rejected with.
async function caught(promise) {
    try {
        await promise;
    } catch (error) {
        return error;
    }
    return null;
}

// Runs a statement in a session of its own, as the superuser, and commits it.
function elsewhere(statement) {
    execFileSync('psql', ['-Xq', '-o', '/dev/null', '-c', statement]);
}

// Returns PostgreSQL's error as four strings.
function fieldsOf(error) {
    if (!error) {
        return ['no error'];
    }
    return [error.code, error.message, error.detail ?? null, error.hint ?? null];
}

// Runs the tests, and closes the report: a rejected one ends the program, without a plan.
async function run(...tests) {
    for (const test of tests) {
        await test();
    }
    console.log(`1..${count}`);
}

module.exports = {
    administrator,
    cases: require('../cases.json'),
    caught,
    commits: require('../commit.json'),
    elsewhere,
    equal,
    fieldsOf,
    run,
    secrets: { administrator, export: exporter },
};
