// An application that uses pg; prints TAP.
'use strict';

const { execFileSync } = require('node:child_process');
const { createServer } = require('node:http');
const path = require('node:path');
const { isDeepStrictEqual } = require('node:util');

const { Pool } = require('pg');

const { equal, run } = require('../clients/node/tap.js');

const { withApiToken } = require(path.join(__dirname, '../../deploy/application/tokens_node.js'));

const { SECRET_ORDERS: ours, SECRET_OTHER: other, SECRET_POWERLESS: powerless, SUPERHOST, SUPERPORT, PREPARES } = process.env;
const unauthorized = [401, { title: 'Unauthorized', detail: 'There is no valid credential.' }];

// Runs a statement in a session of its own, as the superuser; returns what it prints.
function elsewhere(statement) {
    const env = { ...process.env, PGHOST: SUPERHOST, PGPORT: SUPERPORT, PGUSER: 'postgres' };
    return execFileSync('psql', ['-XqAt', '-c', statement], { env, encoding: 'utf8' }).trim();
}

// The application: GET lists items, POST orders what the path names.
async function shop(request, client) {
    if (request.method === 'POST') {
        const item = request.url.slice(1);
        await client.query('INSERT INTO shop.orders (item) VALUES ($1)', [item]);
        if (item === 'leaked') {
            elsewhere("SELECT api.apitoken_disable('TKN-3001-1003')");
        }
        if (item === 'refused') {
            return { status: 422, body: null };
        }
        if (item === 'broken') {
            throw new Error('broken');
        }
        if (item === 'swallowed') {
            await client.query('SELECT 1 / 0').catch(() => {});
            return { status: 200, body: null };
        }
    }
    // a name makes it a prepared statement
    const name = PREPARES === 'no' ? undefined : 'items';
    const { rows } = await client.query({ name, text: 'SELECT item FROM shop.orders ORDER BY id', rowMode: 'array' });
    return { status: 200, body: rows.flat() };
}

async function main() {
    const pool = new Pool({ user: 'shop', max: 2 });
    const server = createServer(withApiToken(pool, shop));
    await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });

    // Returns the status and the body of an answer.
    async function request(secret, item) {
        const response = await fetch(`http://127.0.0.1:${server.address().port}/${item ?? ''}`, {
            method: item === undefined ? 'GET' : 'POST',
            headers: secret === undefined ? {} : { Authorization: `Bearer ${secret}` },
        });
        return [response.status, await response.json()];
    }

    equal(await request(ours), [200, ['bags', 'cups']], "a token sees its account's orders");
    equal(await request(other), [200, ['trains']], 'and another its own');
    equal(await request(), unauthorized, 'no credential');
    equal(await request('idt:TKN-3001-1003:x'), unauthorized, 'a wrong one');
    equal((await request(powerless))[0], 403, 'a token without the module');
    equal(await request(ours, 'pens'), [200, ['bags', 'cups', 'pens']], 'an order');
    equal((await request(ours, 'refused'))[0], 422, 'a request that the application refuses');
    equal((await request(ours, 'broken'))[0], 500, 'one that it fails at');
    equal((await request(ours, 'swallowed'))[0], 500, 'one whose statement has failed, which it does not tell');
    equal(await request(ours), [200, ['bags', 'cups', 'pens']], 'leave nothing behind');
    const { rows } = await pool.query('SELECT api.apitoken_actor() AS actor');
    equal(rows, [{ actor: null }], 'nobody acts on a connection that has been given back');

    const secrets = Array.from({ length: 200 }, (_, i) => (i % 2 ? ours : other));
    const answers = await Promise.all(secrets.map((secret) => request(secret)));
    equal(answers.filter(([, items], i) => !isDeepStrictEqual(items, i % 2 ? ['bags', 'cups', 'pens'] : ['trains'])), [],
        'of 200 requests at a time, each sees its own');

    equal(await request(ours, 'leaked'), unauthorized, 'a token that is disabled in the middle of a request');
    equal(elsewhere("SELECT count(*) FROM shop.orders WHERE item = 'leaked'"), '0', 'nothing of it is there');
    equal(await request(ours), unauthorized, 'nor does it get in again');
    server.close();
    await pool.end();
}

run(main);
