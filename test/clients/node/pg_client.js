// An application that uses pg; prints TAP.
'use strict';

const { DatabaseError, Pool } = require('pg');

const tap = require('./tap.js');

// What deploy/clients/README.md shows.

// Runs statements in one transaction, on one connection.
async function transaction(pool, statements) {
    const client = await pool.connect();
    try {
        await client.query('BEGIN');
        const result = await statements(client);
        await client.query('COMMIT');
        return result;
    } catch (error) {
        await client.query('ROLLBACK');
        throw error;
    } finally {
        client.release();
    }
}

// Calls a function; its jsonb becomes an object.
async function call(client, statement, ...values) {
    const { rows } = await client.query({ text: statement, values, rowMode: 'array' });
    return rows[0][0];
}

function disable(pool, secret, id) {
    return transaction(pool, async (client) => {
        await call(client, 'SELECT api.apitoken_authenticate($1)', secret);
        return call(client, 'SELECT api.apitoken_disable($1)', id);
    });
}

function create(pool, secret, body) {
    return transaction(pool, async (client) => {
        await call(client, 'SELECT api.apitoken_authenticate($1)', secret);
        return call(client, 'SELECT api.apitoken_create($1)', body);
    });
}

function activeTokens(pool, secret) {
    return transaction(pool, async (client) => {
        await call(client, 'SELECT api.apitoken_authenticate($1)', secret);
        return call(client, 'SELECT api.apitoken_list($1)', 'status=Active&order=id&limit=10');
    });
}

function rotate(pool, secret, id, overlap) {
    return transaction(pool, async (client) => {
        await call(client, 'SELECT api.apitoken_authenticate($1)', secret);
        return call(client, 'SELECT api.apitoken_rotate($1, $2)', id, overlap);
    });
}

function revoke(pool, secrets) {
    return call(pool, 'SELECT api.apitoken_revoke($1)', secrets);
}

// Returns an error of the extension as problem details; throws any other again.
function problem(error) {
    if (!(error instanceof DatabaseError) || !error.code.startsWith('PT')) {
        throw error;
    }
    return { status: Number(error.code.slice(2)), title: error.message, detail: error.detail };
}

// Disables what can be disabled, in one transaction; returns what is wrong with the others.
function disableEach(pool, secret, ids) {
    return transaction(pool, async (client) => {
        const problems = [];
        await call(client, 'SELECT api.apitoken_authenticate($1)', secret);
        for (const id of ids) {
            await client.query('SAVEPOINT one');
            try {
                await call(client, 'SELECT api.apitoken_disable($1)', id);
                await client.query('RELEASE SAVEPOINT one');
            } catch (error) {
                await client.query('ROLLBACK TO SAVEPOINT one');
                problems.push(problem(error));
            }
        }
        return problems;
    });
}

// The tests.

// With one connection, which every transaction uses again.
const web = new Pool({ user: process.env.WEB_ROLE, max: 1 });

// Gets a token, in a transaction of its own.
function get(id, secret = tap.administrator) {
    return transaction(web, async (client) => {
        await call(client, 'SELECT api.apitoken_authenticate($1)', secret);
        return call(client, 'SELECT api.apitoken_get($1)', id);
    });
}

function runCase(test) {
    return transaction(web, async (client) => {
        if (test.readOnly) {
            await client.query('SET TRANSACTION READ ONLY');
        }
        if (test.actor) {
            await call(client, 'SELECT api.apitoken_authenticate($1)', tap.secrets[test.actor]);
        }
        return call(client, `SELECT api.${test.function}($1)`, test.argument);
    });
}

async function testFunctions() {
    const disabled = await disable(web, tap.administrator, 'TKN-1671-0642');
    tap.equal(disabled.status, 'Disabled', 'disable answers an object');
    tap.equal(disabled.audit.updated.by.id, 'TKN-3001-1002', "and it is the actor's doing");
    tap.equal(disabled.account.groups.map((group) => group.id), ['UGR-3001-0001', 'UGR-3001-0002', 'UGR-3001-0003'],
        'with arrays in it');
    tap.equal(disabled.account.groups[0].isDefault, true, 'and booleans');
    tap.equal(await get('TKN-1671-0642'), disabled, 'it is committed: get answers the same');

    const pids = 'SELECT pg_backend_pid() + $1';
    const before = await transaction(web, async (client) => {
        await call(client, 'SELECT api.apitoken_authenticate($1)', tap.administrator);
        return call(client, pids, 0);
    });
    tap.equal(await call(web, pids, 0), before, 'a connection is used again');
    tap.equal((await tap.caught(call(web, 'SELECT api.apitoken_get($1)', 'TKN-1671-0642')))?.code, 'PT401',
        'but the actor has ended with the transaction');

    const name = 'Zoë\'s "2nd" export - 漢';
    const created = await create(web, tap.administrator,
        { account: { id: 'ACC-3001-7788' }, name, modules: [{ id: 'MOD-0001' }] });
    tap.equal([created.name, created.status], [name, 'Active'], 'create answers the new token');
    tap.equal((await get(created.id, created.token)).token, `idt:${created.id}:****`,
        'its secret authenticates, and is not shown again');

    const rotated = await rotate(web, tap.administrator, created.id, '2 days');
    tap.equal(['oldSecretUntil' in rotated, (await get(created.id, created.token)).name], [true, name],
        'rotate answers another secret, beside which the old one goes on');
    await revoke(web, [created.token, 'idt:unknown:secret']);
    tap.equal((await tap.caught(get(created.id, created.token)))?.code, 'PT401', 'until it is revoked');
    tap.equal((await get(created.id, rotated.token)).status, 'Active', 'which the new one is not');

    const tokens = await activeTokens(web, tap.administrator);
    tap.equal(tokens.data.map((token) => token.id), ['TKN-3001-1002', 'TKN-3001-1003', created.id].sort(),
        "list answers the account's Active tokens");
    tap.equal(tokens.$meta, { pagination: { offset: 0, limit: 10, total: 3 }, omitted: [] }, 'and the page');
}

async function testErrors() {
    for (const test of tap.cases) {
        tap.equal(tap.fieldsOf(await tap.caught(runCase(test))), test.error, test.description);
    }
    tap.equal((await get('TKN-3001-1003')).status, 'Active', 'none of them has disabled anything');

    tap.equal(problem(await tap.caught(disable(web, tap.administrator, 'TKN-0000-0000'))), {
        status: 404,
        title: 'Not Found',
        detail: 'There is no API token "TKN-0000-0000" that you may administer.',
    }, 'an error becomes problem details');
}

async function testTransactions() {
    await transaction(web, async (client) => {
        await call(client, 'SELECT api.apitoken_authenticate($1)', tap.administrator);
        await call(client, 'SELECT api.apitoken_disable($1)', 'TKN-3001-1003');
        tap.equal((await tap.caught(call(client, 'SELECT api.apitoken_disable($1)', 'TKN-0000-0000')))?.code, 'PT404',
            'an error in a transaction, without a savepoint');
        tap.equal((await tap.caught(call(client, 'SELECT api.apitoken_get($1)', 'TKN-3001-1003')))?.code, '25P02',
            'aborts the transaction');
    });
    tap.equal((await get('TKN-3001-1003')).status, 'Active', 'and a commit undoes it, without a word');

    await tap.caught(transaction(web, async (client) => {
        await call(client, 'SELECT api.apitoken_authenticate($1)', tap.administrator);
        await call(client, 'SELECT api.apitoken_disable($1)', 'TKN-3001-1003');
        throw new Error("the application's own");
    }));
    tap.equal((await get('TKN-3001-1003')).status, 'Active', 'an exception of the application undoes a disable');

    const problems = await disableEach(web, tap.administrator, ['TKN-3001-1004', 'TKN-3001-1003', 'TKN-3002-1001']);
    tap.equal(problems.map((one) => one.status), [400, 404], 'errors in savepoints do not end the transaction');
    const { status, audit } = await get('TKN-3001-1003');
    tap.equal([status, audit.created.by.id, audit.updated.by], ['Disabled', 'TKN-3001-1002', '[Circular Reference]'],
        'nor the actor: what could be disabled is, by the token that had made it');
}

// Enables a token, and commits after a right has been taken away elsewhere.
function enableWhile(taken) {
    return transaction(web, async (client) => {
        await call(client, 'SELECT api.apitoken_authenticate($1)', tap.administrator);
        await call(client, 'SELECT api.apitoken_enable($1)', 'TKN-3001-1003');
        tap.elsewhere(taken);
    });
}

async function testCommit() {
    for (const test of tap.commits) {
        const error = await tap.caught(enableWhile(test.taken));
        tap.elsewhere(test.given);
        tap.equal(tap.fieldsOf(error), test.error, test.description);
        tap.equal(problem(error).title, test.error[1], 'which becomes problem details as well');
        tap.equal((await get('TKN-3001-1003')).status, 'Disabled', 'nothing is done, and the connection goes on');
    }
}

// What others see of the statement that a secret was bound to.
async function testActivity() {
    const superuser = new Pool({ max: 1 });
    const statement = await transaction(web, async (client) => {
        await call(client, 'SELECT api.apitoken_authenticate($1)', tap.administrator);
        return call(superuser, 'SELECT query FROM pg_stat_activity WHERE usename = $1 AND datname = current_database()',
            process.env.WEB_ROLE);
    });
    await superuser.end();
    tap.equal(statement, 'SELECT api.apitoken_authenticate($1)', 'the server does not show the secret as a statement');
}

tap.run(testFunctions, testErrors, testTransactions, testCommit, testActivity, () => web.end());
