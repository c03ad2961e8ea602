// node-postgres: a request is one transaction, in the name of the API token that it came with.
'use strict';

// The answer to an error of the extension; throws any other again.
function refusal(error) {
    if (!error.code?.startsWith('PT')) {
        throw error;
    }
    return { status: Number(error.code.slice(2)), body: { title: error.message, detail: error.detail } };
}

// Runs a handler in a transaction in the name of the holder of the secret: handler(client)
// returns { status, body }.  What is answered is what has been committed.
async function inTheNameOf(pool, secret, handler) {
    const client = await pool.connect();
    let broken = false;
    try {
        await client.query('BEGIN');
        await client.query('SELECT api.apitoken_authenticate($1)', [secret]);
        const answer = await handler(client);
        const { command } = await client.query(answer.status < 400 ? 'COMMIT' : 'ROLLBACK');
        // what PostgreSQL makes of COMMIT when a statement has failed, whatever was made of the error
        if (answer.status < 400 && command !== 'COMMIT') {
            throw new Error('the transaction has failed');
        }
        return answer;
    } catch (error) {
        await client.query('ROLLBACK').catch(() => {
            broken = true;
        });
        return refusal(error);
    } finally {
        client.release(broken);
    }
}

// For http.createServer: handler(request, client).
function withApiToken(pool, handler) {
    return async (request, response) => {
        const [, secret = ''] = (request.headers.authorization ?? '').split(' ');
        let answer;
        try {
            answer = await inTheNameOf(pool, secret, (client) => handler(request, client));
        } catch {
            answer = { status: 500, body: { title: 'Internal Server Error' } };
        }
        response.writeHead(answer.status, { 'Content-Type': 'application/json' }).end(JSON.stringify(answer.body));
    };
}

module.exports = { inTheNameOf, withApiToken };
