// An application that uses Sequelize; prints TAP.
'use strict';

const { DatabaseError, DataTypes, QueryTypes, Sequelize } = require('sequelize');

const tap = require('./tap.js');

// What deploy/clients/README.md shows.

// Calls a function; its jsonb becomes an object.
async function call(transaction, statement, ...bind) {
    const { sequelize } = transaction;
    const { answer } = await sequelize.query(statement, {
        bind,
        plain: true,
        transaction,
        type: QueryTypes.SELECT,
    });
    return answer;
}

function disable(sequelize, secret, id) {
    return sequelize.transaction(async (transaction) => {
        await call(transaction, 'SELECT api.apitoken_authenticate($1) AS answer', secret);
        return call(transaction, 'SELECT api.apitoken_disable($1) AS answer', id);
    });
}

function create(sequelize, secret, body) {
    return sequelize.transaction(async (transaction) => {
        await call(transaction, 'SELECT api.apitoken_authenticate($1) AS answer', secret);
        return call(transaction, 'SELECT api.apitoken_create($1) AS answer', JSON.stringify(body));
    });
}

function activeTokens(sequelize, secret) {
    return sequelize.transaction(async (transaction) => {
        await call(transaction, 'SELECT api.apitoken_authenticate($1) AS answer', secret);
        return call(transaction, 'SELECT api.apitoken_list($1) AS answer', 'status=Active&order=id&limit=10');
    });
}

function rotate(sequelize, secret, id, overlap) {
    return sequelize.transaction(async (transaction) => {
        await call(transaction, 'SELECT api.apitoken_authenticate($1) AS answer', secret);
        return call(transaction, 'SELECT api.apitoken_rotate($1, $2) AS answer', id, overlap);
    });
}

function revoke(sequelize, secrets) {
    return sequelize.transaction((transaction) =>
        call(transaction, 'SELECT api.apitoken_revoke($1) AS answer', secrets));
}

function defineApiToken(sequelize) {
    return sequelize.define('ApiToken', {
        id: { type: DataTypes.TEXT, primaryKey: true },
        accountId: DataTypes.TEXT,
        status: DataTypes.TEXT,
        name: DataTypes.TEXT,
        description: DataTypes.TEXT,
        updatedAt: DataTypes.DATE,
        updatedById: DataTypes.TEXT,
    }, { schema: 'apitoken', tableName: 'api_tokens', underscored: true, timestamps: false });
}

function disableAndReload(sequelize, ApiToken, id) {
    return sequelize.transaction(async (transaction) => {
        const token = await ApiToken.findByPk(id, { transaction });
        await call(transaction, 'SELECT api.apitoken_disable($1) AS answer', token.id);
        return token.reload({ transaction });
    });
}

// Returns an error of the extension as problem details; throws any other again.
function problem(error) {
    if (!(error instanceof DatabaseError) || !error.parent.code.startsWith('PT')) {
        throw error;
    }
    const { code, message, detail } = error.parent;
    return { status: Number(code.slice(2)), title: message, detail };
}

// Disables what can be disabled, in one transaction; returns what is wrong with the others.
function disableEach(sequelize, secret, ids) {
    return sequelize.transaction(async (transaction) => {
        const problems = [];
        await call(transaction, 'SELECT api.apitoken_authenticate($1) AS answer', secret);
        for (const id of ids) {
            try {
                // inside another, a transaction is a savepoint
                await sequelize.transaction({ transaction }, (savepoint) =>
                    call(savepoint, 'SELECT api.apitoken_disable($1) AS answer', id));
            } catch (error) {
                problems.push(problem(error));
            }
        }
        return problems;
    });
}

// The tests.

const logged = [];

// Connects as a role, with one connection, which every transaction uses again.
function connect(role) {
    return new Sequelize({
        dialect: 'postgres',
        host: process.env.PGHOST,
        port: process.env.PGPORT,
        database: process.env.PGDATABASE,
        username: process.env[role],
        pool: { max: 1 },
        logging: (text) => logged.push(text),
    });
}

const web = connect('WEB_ROLE');
const portal = connect('PORTAL_ROLE');
const backoffice = connect('BACKOFFICE_ROLE');

// Gets a token, in a transaction of its own.
function get(id, secret = tap.administrator) {
    return web.transaction(async (transaction) => {
        await call(transaction, 'SELECT api.apitoken_authenticate($1) AS answer', secret);
        return call(transaction, 'SELECT api.apitoken_get($1) AS answer', id);
    });
}

function runCase(test) {
    const argument = test.argument?.account ? JSON.stringify(test.argument) : test.argument;
    return web.transaction(async (transaction) => {
        if (test.readOnly) {
            await web.query('SET TRANSACTION READ ONLY', { transaction });
        }
        if (test.actor) {
            await call(transaction, 'SELECT api.apitoken_authenticate($1) AS answer', tap.secrets[test.actor]);
        }
        return call(transaction, `SELECT api.${test.function}($1) AS answer`, argument);
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

    const before = await web.transaction(async (transaction) => {
        await call(transaction, 'SELECT api.apitoken_authenticate($1) AS answer', tap.administrator);
        return call(transaction, 'SELECT pg_backend_pid() + $1 AS answer', 0);
    });
    await web.transaction(async (transaction) => {
        tap.equal(await call(transaction, 'SELECT pg_backend_pid() + $1 AS answer', 0), before,
            'a connection is used again');
        tap.equal((await tap.caught(call(transaction, 'SELECT api.apitoken_get($1) AS answer', 'TKN-1671-0642')))
            ?.parent.code, 'PT401', 'but the actor has ended with the transaction');
    });

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
    tap.equal((await tap.caught(get(created.id, created.token)))?.parent.code, 'PT401', 'until it is revoked');
    tap.equal((await get(created.id, rotated.token)).status, 'Active', 'which the new one is not');

    const tokens = await activeTokens(web, tap.administrator);
    tap.equal(tokens.data.map((token) => token.id), ['TKN-3001-1002', 'TKN-3001-1003', created.id].sort(),
        "list answers the account's Active tokens");
    tap.equal(tokens.$meta, { pagination: { offset: 0, limit: 10, total: 3 }, omitted: [] }, 'and the page');
}

async function testErrors() {
    for (const test of tap.cases) {
        const error = await tap.caught(runCase(test));
        tap.equal(tap.fieldsOf(error?.parent), test.error, test.description);
    }
    tap.equal((await get('TKN-3001-1003')).status, 'Active', 'none of them has disabled anything');

    tap.equal(problem(await tap.caught(disable(web, tap.administrator, 'TKN-0000-0000'))), {
        status: 404,
        title: 'Not Found',
        detail: 'There is no API token "TKN-0000-0000" that you may administer.',
    }, 'an error becomes problem details');

    logged.push(String(await tap.caught(disable(web, 'idt:TKN-3001-1002:opaque', 'TKN-3001-1003'))));
    tap.equal(logged.some((text) => text.includes('SELECT api.apitoken_authenticate($1)')), true,
        'the log shows the calls');
    tap.equal(logged.filter((text) => /opaque|idt:/.test(text)), [],
        'but neither it nor the text of an error shows a secret');
}

async function testTransactions() {
    await web.transaction(async (transaction) => {
        await call(transaction, 'SELECT api.apitoken_authenticate($1) AS answer', tap.administrator);
        await call(transaction, 'SELECT api.apitoken_disable($1) AS answer', 'TKN-3001-1003');
        tap.equal((await tap.caught(call(transaction, 'SELECT api.apitoken_disable($1) AS answer', 'TKN-0000-0000')))
            ?.parent.code, 'PT404', 'an error in a transaction, without a savepoint');
        tap.equal((await tap.caught(call(transaction, 'SELECT api.apitoken_get($1) AS answer', 'TKN-3001-1003')))
            ?.parent.code, '25P02', 'aborts the transaction');
    });
    tap.equal((await get('TKN-3001-1003')).status, 'Active', 'and a commit undoes it, without a word');

    await tap.caught(web.transaction(async (transaction) => {
        await call(transaction, 'SELECT api.apitoken_authenticate($1) AS answer', tap.administrator);
        await call(transaction, 'SELECT api.apitoken_disable($1) AS answer', 'TKN-3001-1003');
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
    return web.transaction(async (transaction) => {
        await call(transaction, 'SELECT api.apitoken_authenticate($1) AS answer', tap.administrator);
        await call(transaction, 'SELECT api.apitoken_enable($1) AS answer', 'TKN-3001-1003');
        tap.elsewhere(taken);
    });
}

async function testCommit() {
    for (const test of tap.commits) {
        const error = await tap.caught(enableWhile(test.taken));
        tap.elsewhere(test.given);
        tap.equal(tap.fieldsOf(error?.parent), test.error, test.description);
        tap.equal(problem(error).title, test.error[1], 'which becomes problem details as well');
        tap.equal((await get('TKN-3001-1003')).status, 'Disabled', 'nothing is done, and the connection goes on');
    }
}

async function testModelOfBackoffice() {
    const ApiToken = defineApiToken(backoffice);
    const token = await disableAndReload(backoffice, ApiToken, 'TKN-2001-1001');
    tap.equal([token.status, token.accountId, token.name, token.updatedById],
        ['Disabled', 'ACC-2001-3344', 'Price list upload', null], 'a model, disabled by the function, reloaded');
    tap.equal([token.updatedAt instanceof Date, Date.now() - token.updatedAt < 600000], [true, true],
        'its date is a Date');

    await backoffice.transaction(async (transaction) => {
        const stale = await ApiToken.findByPk('TKN-3002-1001', { transaction });
        await call(transaction, 'SELECT api.apitoken_disable($1) AS answer', stale.id);
        tap.equal(stale.status, 'Active', 'a model that is not reloaded is stale');
        const where = { accountId: 'ACC-3002-9900', status: 'Disabled' };
        tap.equal((await ApiToken.findAll({ where, transaction })).map((one) => one.id), ['TKN-3002-1001'],
            'a query is not');

        await stale.update({ description: 'Changed by the model' }, { transaction });
        const { description } = await call(transaction, 'SELECT api.apitoken_get($1) AS answer', stale.id);
        tap.equal(description, 'Changed by the model', 'a function sees what a model wrote');
        tap.equal(await ApiToken.update({ status: 'Active' }, { where, transaction }), [1], "a query's update");
        const { status } = await call(transaction, 'SELECT api.apitoken_get($1) AS answer', stale.id);
        tap.equal(status, 'Active', 'is seen as well');
    });
}

async function testModelOfPortal() {
    const ApiToken = defineApiToken(portal);
    tap.equal(await ApiToken.findAll(), [], 'without an actor, row security shows no token');
    await portal.transaction(async (transaction) => {
        await call(transaction, 'SELECT api.apitoken_authenticate($1) AS answer', tap.administrator);
        const tokens = await ApiToken.findAll({ transaction });
        tap.equal([...new Set(tokens.map((one) => one.accountId))], ['ACC-3001-7788'],
            'with one, those of his account');
    });
}

tap.run(testFunctions, testErrors, testTransactions, testCommit, testModelOfBackoffice, testModelOfPortal,
    () => Promise.all([web, portal, backoffice].map((one) => one.close())));
