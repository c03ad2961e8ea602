/*
 * The documented URLs of API tokens as calls of the functions that PostgREST
 * exposes, and every error as a problem document (RFC 9457).
 *
 * It has to run in njs 0.7.9, which knows neither destructuring nor default
 * arguments nor classes.
 */

const crypto = require('crypto');

const ROOTS = ['/v1/accounts', '/public/v1/accounts'];

/*
 * Where calls that are no reads are counted, and what is before the path by which they
 * reach PostgREST: with a credential or without, and which of the two, since those that
 * stop a token have one of their own.
 */
const WAYS = {
	change: {counted: '/apitoken-change', prefix: '/change'},
	rescue: {counted: '/apitoken-rescue', prefix: '/rescue'},
	anonymous: {counted: '/apitoken-revocation', prefix: '/anonymous'},
};

/* What can be done with which resource, and the status that says it was. */
const CALLS = [
	{resource: 'collection', method: 'GET', name: 'apitoken_list', body: listBody, status: 200},
	{resource: 'collection', method: 'POST', name: 'apitoken_create', body: createBody, status: 201},
	{resource: 'collection/feed', method: 'GET', name: 'apitoken_feed', body: feedBody, status: 200},
	{resource: 'token', method: 'GET', name: 'apitoken_get', body: getBody, status: 200},
	{resource: 'token', method: 'PUT', name: 'apitoken_update', body: updateBody, status: 200},
	{resource: 'token', method: 'DELETE', name: 'apitoken_delete', body: idBody, status: 204},
	{resource: 'token/enable', method: 'POST', name: 'apitoken_enable', body: tokenBody, status: 200},
	{resource: 'token/disable', method: 'POST', name: 'apitoken_disable', body: tokenBody, status: 200, way: WAYS.rescue},
	{resource: 'token/ensure-disabled', method: 'POST', name: 'apitoken_ensure_disabled', body: holdBody, status: 200, way: WAYS.rescue},
	{resource: 'token/release', method: 'POST', name: 'apitoken_release', body: tokenBody, status: 200},
	{resource: 'token/rotate', method: 'POST', name: 'apitoken_rotate', body: rotateBody, status: 200},
	{resource: 'account/disable', method: 'POST', name: 'apitoken_disable_all', body: accountDisableBody, status: 200, way: WAYS.rescue},
	{resource: 'account/hold', method: 'POST', name: 'apitoken_hold_account', body: accountBody, status: 204, way: WAYS.rescue},
	{resource: 'account/release', method: 'POST', name: 'apitoken_release_account', body: accountBody, status: 204},
	{resource: 'collection/disable', method: 'POST', name: 'apitoken_disable_all', body: disableBody, status: 200, way: WAYS.rescue},
	{resource: 'collection/revoke', method: 'POST', name: 'apitoken_revoke', body: revokeBody, status: 204, way: WAYS.anonymous},
	{resource: 'collection/enable', method: 'POST', name: 'apitoken_enable_all', body: takeBackBody, status: 200},
];

/*
 * Title, type and detail of an error that has no text of its own.  Titles are
 * HTTP's; types are where it defines them.
 */
const STATUSES = {
	400: ['Bad Request', 'rfc9110#section-15.5.1', 'The request is malformed.'],
	401: ['Unauthorized', 'rfc9110#section-15.5.2', 'There is no valid credential.'],
	403: ['Forbidden', 'rfc9110#section-15.5.4', 'The credential does not allow this.'],
	404: ['Not Found', 'rfc9110#section-15.5.5', 'There is nothing at this path.'],
	405: ['Method Not Allowed', 'rfc9110#section-15.5.6', 'The header Allow names the methods that this path has.'],
	408: ['Request Timeout', 'rfc9110#section-15.5.9', 'The request took too long to arrive.'],
	409: ['Conflict', 'rfc9110#section-15.5.10', 'The request is in conflict with what is stored.'],
	411: ['Length Required', 'rfc9110#section-15.5.12', 'The request needs a Content-Length.'],
	412: ['Precondition Failed', 'rfc9110#section-15.5.13', 'There are no entity tags and dates to compare with.'],
	413: ['Content Too Large', 'rfc9110#section-15.5.14', 'The body is larger than 256 KiB; send the members that change, and no others.'],
	414: ['URI Too Long', 'rfc9110#section-15.5.15', 'The URL is longer than 16 KiB.'],
	415: ['Unsupported Media Type', 'rfc9110#section-15.5.16', 'The body must be JSON, and Content-Type application/json.'],
	417: ['Expectation Failed', 'rfc9110#section-15.5.18', 'The expectation cannot be met.'],
	421: ['Misdirected Request', 'rfc9110#section-15.5.20', 'This connection is for another host.'],
	429: ['Too Many Requests', 'rfc6585#section-4', 'There were too many requests from this address; try again in a second.'],
	431: ['Request Header Fields Too Large', 'rfc6585#section-5', 'A header is longer than 16 KiB.'],
	500: ['Internal Server Error', 'rfc9110#section-15.6.1', 'The service failed; its operators find the cause by the traceId.'],
	501: ['Not Implemented', 'rfc9110#section-15.6.2', 'The transfer encoding is not known.'],
	502: ['Bad Gateway', 'rfc9110#section-15.6.3', 'The service behind this one gave no valid answer.'],
	503: ['Service Unavailable', 'rfc9110#section-15.6.4', 'The service cannot answer at present; try again later.'],
	504: ['Gateway Timeout', 'rfc9110#section-15.6.5', 'The answer took too long.'],
	505: ['HTTP Version Not Supported', 'rfc9110#section-15.6.6', 'HTTP/1.1 and HTTP/2 are supported.'],
};

/*
 * Errors which have a status of their own here: in PostgREST's 405 and 401,
 * say, a client could only look for its own mistake in vain.
 */
const CODE_STATUSES = {
	'0A000': 503,	/* a standby: PostgREST asks for a transaction that writes */
	'25006': 503,	/* read only */
	'40001': 503,	/* in conflict with another transaction */
	'40P01': 503,	/* a deadlock with another one */
	'55P03': 503,	/* lock_timeout, and what a commit waits for */
	'42501': 403,	/* the role may not execute the function */
	'57014': 504,	/* statement_timeout */
	'PGRST300': 401,	/* PostgREST has no key for JWTs: it believes none */
};

/* Makes what is thrown in place of an answer; without a detail, the usual one is sent. */
function failure(status, detail) {
	return {status: status, detail: detail};
}

/* Returns the text of a buffer; throws if it is not UTF-8, which njs takes none for, too. */
function decodeText(buffer) {
	return buffer.length === 0 ? '' : new TextDecoder('utf-8', {fatal: true}).decode(buffer);
}

/* Returns what value() does; throws 400 with that detail where it throws. */
function orBadRequest(detail, value) {
	try {
		return value();
	} catch (e) {
		throw failure(400, detail);
	}
}

/* Decodes what is percent-encoded; throws if it is no text to the database. */
function decodePercent(text) {
	const decoded = decodeURIComponent(text);

	if (decoded.includes('\0')) {
		throw new Error('a null character');
	}
	return decoded;
}

/* Returns the path and the query string, byte for byte as they were sent. */
function readTarget(r) {
	const target = orBadRequest('The URL is not UTF-8.',
		() => decodeText(r.rawVariables.request_uri));
	const mark = target.indexOf('?');

	return mark < 0 ? {path: target, query: ''} :
		{path: target.slice(0, mark), query: target.slice(mark + 1)};
}

/* Returns what a path names, or undefined; a token's id is still encoded. */
function findResource(path) {
	const root = ROOTS.find((r) => path.startsWith(r + '/'));
	let segments;

	if (root === undefined) {
		return undefined;
	}

	/* with a slash at the end it is the same resource */
	segments = path.slice(root.length + 1).replace(/([^/])\/$/, '$1').split('/');
	switch (segments[0] === 'api-tokens' ? segments.length : 0) {
	case 1:
		return {name: 'collection', path: `${root}/api-tokens`};
	case 2:
		return {name: 'token', id: segments[1]};
	case 3:
		return {name: 'token/' + segments[2], id: segments[1]};
	}
	if (segments[0] === 'accounts' && segments[2] === 'api-tokens' && segments.length === 4) {
		return {name: 'account/' + segments[3], id: segments[1]};
	}
	return undefined;
}

/* Returns the calls that a resource has; none: there is no such resource. */
function findCalls(resource) {
	/* an empty id would be a list's URL with a slash; the others lead elsewhere */
	if (resource === undefined || /^(|\.|%2e|(\.|%2e)(\.|%2e))$/i.test(resource.id)) {
		return [];
	}
	/* what is behind the collection may be the id of a token, too */
	return CALLS.filter((c) => c.resource === resource.name ||
		(resource.name === 'token' && c.resource === 'collection/' + resource.id));
}

/* Returns the value of Allow. */
function listMethods(r) {
	try {
		return findCalls(findResource(readTarget(r).path))
			.map((c) => c.method === 'GET' ? 'GET, HEAD' : c.method)
			.filter((method, place, methods) => methods.indexOf(method) === place).join(', ');
	} catch (e) {
		return '';
	}
}

/* Finds out what a request asks for; throws what is wrong with it. */
function readRequest(r) {
	const target = readTarget(r);
	const resource = findResource(target.path);
	const calls = findCalls(resource);
	const method = r.method === 'HEAD' ? 'GET' : r.method;
	const call = calls.find((c) => c.method === method);

	if (calls.length === 0) {
		throw failure(404);
	}
	if (call === undefined) {
		throw failure(405);
	}
	if (call.way !== WAYS.anonymous) {
		requireCredential(r);
	}
	refuseConditions(r, method);
	return {call: call, resource: resource, query: target.query, http: r};
}

/* A request without a credential need not trouble the database. */
function requireCredential(r) {
	const secret = r.rawVariables.apitoken_secret;

	try {
		if (r.variables.apitoken_jwt || decodeText(secret) !== '') {
			return;
		}
	} catch (e) {
		/* a secret that is no text is none */
	}
	throw failure(401);
}

/*
 * Nothing here has an entity tag or a date, so these conditions do not hold.
 * nginx would find that out, too, but only when the call has been carried out.
 */
function refuseConditions(r, method) {
	const headers = r.headersIn;
	const match = headers['If-Match'];

	if ((match !== undefined && match !== '*') || headers['If-Unmodified-Since'] !== undefined ||
		(headers['If-None-Match'] === '*' && method !== 'GET'))
	{
		throw failure(412);
	}
}

/*
 * Bodies of calls
 */

/* Returns the id in the path. */
function decodeId(request) {
	return orBadRequest('The id in the path is not text in UTF-8, percent-encoded.',
		() => decodePercent(request.resource.id));
}

function readId(request) {
	return JSON.stringify(decodeId(request));
}

/* Returns the values of a parameter, still encoded; its name may be, too. */
function findValues(query, name) {
	return query.split('&').map((parameter) => /^([^=]+)=([\s\S]*)$/.exec(parameter))
		.filter((found) => found !== null && isName(found[1], name)).map((found) => found[2]);
}

function isName(encoded, name) {
	try {
		return decodeURIComponent(encoded) === name;
	} catch (e) {
		/* some other parameter, which is ignored */
		return false;
	}
}

/* Returns the values of a parameter in the query string. */
function readParameters(request, name) {
	return orBadRequest('The query string is not text in UTF-8, percent-encoded.',
		() => findValues(request.query, name).map(decodePercent));
}

/* Returns "fields" from select, as a member of an object; '' if it is not there. */
function readFields(request) {
	const selected = readParameters(request, 'select');

	return selected.length === 0 ? '' : `"fields":${JSON.stringify(selected.join(','))},`;
}

/* Returns the bytes of the client's body, which may be none. */
function readBytes(r) {
	try {
		return r.requestBuffer || Buffer.from('');
	} catch (e) {
		/* what is around very small chunks had no room in memory */
		throw failure(413);
	}
}

/*
 * Says whether JSON has an escape in a string that is no text to the database, which
 * would refuse it, and log what is around it: a null character, or half a surrogate
 * pair.  (In JSON that is valid, a backslash is always in a string.)
 */
function hasNoText(json) {
	return /\\u(0000|d[89a-f])/i.test(json.replace(/\\\\|\\ud[89ab]..\\ud[c-f]../gi, ' '));
}

/*
 * Returns the client's body as it is.  It becomes part of a call, so it must
 * be one JSON value, not the end of one and the beginning of another, and text.
 */
function readJson(request) {
	const json = readAnyJson(request);

	if (hasNoText(json)) {
		throw failure(400, 'The body has \\u0000 or half a surrogate pair in it, which is no text.');
	}
	return json;
}

/* The same, where it may be no text. */
function readAnyJson(request) {
	const type = request.http.headersIn['Content-Type'];
	const bytes = readBytes(request.http);

	if (type !== undefined && !/^(application|text)\/([^;\s]+\+)?json\s*(;|$)/i.test(type)) {
		throw failure(415);
	}
	return orBadRequest('The body is not JSON.', () => {
		const text = decodeText(bytes);

		JSON.parse(text);
		return text;
	});
}

/*
 * Returns what the client's body says, which may be empty: an object with no other
 * members than these.
 */
function readOptions(request, names) {
	return checkOptions(readBytes(request.http).length === 0 ? {} : JSON.parse(readJson(request)), names);
}

function checkOptions(options, names) {
	if (options === null || typeof options !== 'object' || Array.isArray(options)) {
		throw failure(400, 'The body is not a JSON object.');
	}
	Object.keys(options).forEach((name) => {
		if (!names.includes(name)) {
			throw failure(400, `The member "${name}" does not exist.`);
		}
	});
	return options;
}

/* Returns one that is true or false; undefined if it is not there. */
function readFlag(options, name) {
	if (options[name] !== undefined && typeof options[name] !== 'boolean') {
		throw failure(400, `The member "${name}" is not true or false.`);
	}
	return options[name];
}

function listBody(request) {
	return `{"query":${JSON.stringify(request.query)}}`;
}

function createBody(request) {
	return readJson(request);
}

function idBody(request) {
	readOptions(request, []);
	return `{"id":${readId(request)}}`;
}

function getBody(request) {
	return `{${readFields(request)}"id":${readId(request)}}`;
}

/* A member would be ignored that somebody has relied on: a hold, say, or a dry run. */
function tokenBody(request) {
	readOptions(request, []);
	return getBody(request);
}

/* Returns the value of a parameter; undefined if it is not there. */
function readParameter(request, name) {
	const values = readParameters(request, name);

	if (values.length > 1) {
		throw failure(400, `The parameter "${name}" is there more than once.`);
	}
	return values[0];
}

function feedBody(request) {
	const limit = readParameter(request, 'limit');

	if (limit !== undefined && !/^[0-9]{1,9}$/.test(limit)) {
		throw failure(400, 'The parameter "limit" is no number.');
	}
	return JSON.stringify({after: readParameter(request, 'after'),
		at_most: limit === undefined ? undefined : Number(limit)});
}

function holdBody(request) {
	const hold = readFlag(readOptions(request, ['hold']), 'hold');

	return `{${readFields(request)}${hold === undefined ? '' : `"hold":${hold},`}"id":${readId(request)}}`;
}

/*
 * A duration as ISO 8601 has it: the database would log what is none.  ($ matches
 * before the end of a line as well.)
 */
function rotateBody(request) {
	const overlap = readOptions(request, ['overlap']).overlap;

	if (overlap !== undefined && (typeof overlap !== 'string' ||
			!/^P(?=[0-9T])(\d{1,5}W|(\d{1,5}Y)?(\d{1,7}M)?(\d{1,9}D)?(T(?=[0-9])(\d{1,9}H)?(\d{1,9}M)?(\d{1,9}S)?)?)(?!\n)$/.test(overlap))) {
		throw failure(400, 'The member "overlap" is no duration such as "P7D" or "PT12H".');
	}
	return `{${readFields(request)}${overlap === undefined ? '' : `"overlap":"${overlap}",`}"id":${readId(request)}}`;
}

function accountBody(request) {
	readOptions(request, []);
	return `{"account_id":${readId(request)}}`;
}

/*
 * There are two functions of that name: the one for all of an account, and the one
 * with a query.
 */
function readRescue(request, account) {
	const options = readOptions(request, ['hold', 'dryRun']);
	const hold = readFlag(options, 'hold');
	const dryRun = readFlag(options, 'dryRun');

	if (account !== 'null' && request.query === '' && hold === undefined && dryRun === undefined) {
		return `{"account_id":${account}}`;
	}
	return `{"account_id":${account},"query":${JSON.stringify(request.query)},` +
		`"hold":${hold === true},"dry_run":${dryRun === true}}`;
}

function accountDisableBody(request) {
	return readRescue(request, readId(request));
}

function disableBody(request) {
	return readRescue(request, 'null');
}

function takeBackBody(request) {
	const options = readOptions(request, ['disabled', 'release']);
	const release = readFlag(options, 'release');

	return `{"disabled":${JSON.stringify(options.disabled === undefined ? null : options.disabled)}` +
		`${release === undefined ? '' : `,"release":${release}`}}`;
}

/* Returns the values of "token" in a form, as RFC 7009 has it. */
function readTokens(text) {
	return orBadRequest('The body is no form in UTF-8, percent-encoded.',
		() => findValues(text.replace(/\+/g, ' '), 'token').map(decodeURIComponent));
}

/* The secrets of a form, {"token": ...}, or of an object, {"secrets": [...]}. */
function revokeBody(request) {
	const type = request.http.headersIn['Content-Type'];
	let secrets;

	if (type !== undefined && /^application\/x-www-form-urlencoded\s*(;|$)/i.test(type)) {
		secrets = readTokens(orBadRequest('The body is no form in UTF-8, percent-encoded.',
			() => decodeText(readBytes(request.http))));
		if (secrets.length === 0) {
			throw failure(400, 'The member "token" is missing.');
		}
	} else {
		secrets = checkOptions(JSON.parse(readAnyJson(request)), ['secrets']).secrets;
		if (!Array.isArray(secrets) || secrets.some((secret) => typeof secret !== 'string')) {
			throw failure(400, 'The member "secrets" is not an array of strings.');
		}
	}
	/*
	 * What the database takes for no text is no secret, and the others are revoked.
	 * The end of a line, from whatever file a secret was in, is not of the secret.
	 */
	secrets = secrets.filter((secret) => !secret.includes('\0')).map((secret) => secret.trim());
	return `{"secrets":${JSON.stringify(secrets)}}`;
}

/* The id comes last: whatever the body were taken for, the last one counts. */
function updateBody(request) {
	return `{${readFields(request)}"changes":${readJson(request)},"id":${readId(request)}}`;
}

/*
 * Answers
 */

/* Returns what PostgREST says of an error: code, message, details and hint. */
function readError(reply) {
	let error;

	try {
		error = JSON.parse(decodeText(reply.responseBuffer));
	} catch (e) {
		/* not PostgREST's: nginx's own page, say */
	}
	return error !== null && typeof error === 'object' ? error : {};
}

/*
 * Returns the status that a client is told of an error without a text of its
 * own.  What only a mistake in the set-up explains is not the client's.
 */
function foreignStatus(status, code) {
	if (CODE_STATUSES[code] !== undefined) {
		return CODE_STATUSES[code];
	}
	/* the server has no room: connections, memory, disk */
	if (/^53...$/.test(code)) {
		return 503;
	}
	/* a connection that was lost, during COMMIT, say: nobody knows what was done */
	if (/^08...$/.test(code) || code === 'PGRST001') {
		return 502;
	}
	/* what PostgREST refused has a code; 400 without one is a lost connection, too */
	if ([400, 401, 403, 409, 503].includes(status)) {
		return /^(PGRST...|[0-9A-Z]{5})$/.test(code) ? status : 502;
	}
	if (status === 502 || status === 504) {
		return status;
	}
	return status >= 500 ? 500 : 502;
}

/*
 * Returns what a client is told of an error.  Only those that the functions
 * raise on purpose, PT400 to PT499, are shown: others could tell of the
 * database.
 */
function readFailure(reply, error) {
	let found;

	if (error.code !== `PT${reply.status}` || reply.status >= 500) {
		return failure(foreignStatus(reply.status, error.code));
	}

	found = failure(reply.status, error.details);
	found.title = error.message;
	found.hint = error.hint;
	return found;
}

/* Returns the path of the token that was created: jsonb gives the id first. */
function locate(request, body) {
	const id = /^\{"id": ?("(?:[^"\\]|\\.)*")/.exec(body.toString('utf8', 0, 2000));

	return id === null ? undefined :
		`${request.resource.path}/${encodeURIComponent(JSON.parse(id[1]))}`;
}

/*
 * Says whether a document has arrived to its end: nginx lets the script have
 * what there is when PostgREST breaks off.
 */
function isWhole(reply, body) {
	const length = reply.headersOut['Content-Length'];

	return body !== undefined && (length === undefined || Number(length) === body.length) &&
		/[}\]]\s*$/.test(body.toString('utf8', Math.max(body.length - 4, 0)));
}

function sendAnswer(request, reply) {
	const r = request.http;
	const body = reply.responseBuffer;
	let location;

	if (request.call.status === 204) {
		request.answered = true;
		r.return(204);
		return;
	}
	if (!isWhole(reply, body)) {
		throw failure(502);
	}
	if (request.call.status === 201) {
		location = locate(request, body);
		if (location !== undefined) {
			r.headersOut['Location'] = location;
		}
	}
	r.headersOut['Content-Type'] = 'application/json';
	request.answered = true;
	r.return(request.call.status, body);
}

/* Names the member of the body, or the field, that an error is about. */
function listErrors(found) {
	const member = /^The (?:member|field) "(.+?)" /.exec(found.detail);
	const errors = {};

	if (found.status !== 400 || member === null) {
		return undefined;
	}
	errors[member[1]] = [found.detail];
	return errors;
}

/* Returns how much a media type is wanted, by the most specific range for it. */
function findQuality(accept, type) {
	const ranges = [type, 'application/*', '*/*'];
	let best = ranges.length;
	let quality = 0;

	accept.split(',').forEach((item) => {
		const parts = item.split(';').map((part) => part.trim().toLowerCase());
		const place = ranges.indexOf(parts[0]);
		const weight = parts.slice(1).find((part) => part.startsWith('q='));

		if (place >= 0 && place < best) {
			best = place;
			quality = weight === undefined ? 1 : Number(weight.slice(2));
		}
	});
	return quality;
}

/* Returns the type of a problem document: plain JSON to who wants that rather. */
function chooseType(r) {
	const accept = r.headersIn['Accept'] || '*/*';

	return findQuality(accept, 'application/json') > findQuality(accept, 'application/problem+json') ?
		'application/json' : 'application/problem+json';
}

/* Sets what a status asks for in the header. */
function setHeaders(r, found) {
	const names = r.headersOut;

	names['Content-Type'] = chooseType(r);
	switch (found.status) {
	case 401:
		names['WWW-Authenticate'] = 'Bearer';
		break;
	case 405:
		names['Allow'] = listMethods(r);
		break;
	case 429:
	case 503:
		names['Retry-After'] = '1';
		break;
	}
}

/*
 * Sends a problem document.  There is one for every 401, so that nothing tells
 * an unknown credential from a missing, malformed or disabled one.
 */
function sendFailure(r, found) {
	const standard = STATUSES[found.status] || ['Error', '', 'The request failed.'];
	const told = found.status === 401 ? {} : found;

	setHeaders(r, found);
	r.return(found.status, JSON.stringify({
		type: standard[1] ? `https://tools.ietf.org/html/${standard[1]}` : 'about:blank',
		title: told.title || standard[0],
		status: found.status,
		detail: told.detail || standard[2],
		hint: told.hint || undefined,
		errors: listErrors(found),
		traceId: r.variables.request_id,
	}) + '\n');
}

/*
 * Handlers
 */

/* Returns the way of a call; undefined of one that reads. */
function findWay(call) {
	return call.method === 'GET' ? undefined : call.way || WAYS.change;
}

/* Requests are counted by what is short, and may be in a log. */
function digest(text) {
	return crypto.createHash('sha256').update(text).digest('hex');
}

/* What a call that is no read is about; nothing, where that is a new token. */
function countTarget(request) {
	const resource = request.resource;

	return resource.id === undefined ? '' : digest(`${resource.name.split('/')[0]} ${decodeId(request)}`);
}

/* Whoever calls; nothing, where that is not asked. */
function countCredential(request, way) {
	const r = request.http;

	return way === WAYS.anonymous ? '' :
		digest(Buffer.concat([r.rawVariables.apitoken_secret, Buffer.from(r.variables.apitoken_jwt || '')]));
}

/* Were all connections that nginx has for such calls in use, so that nothing was sent? */
function isFull(reply) {
	return reply.status === 502 && /^apitoken-/.test(reply.variables.upstream_addr);
}

/*
 * A read runs in a transaction that cannot write.  Where it says that it is time to
 * note an access, another call does so, whose answer nobody waits for.
 */
function noteAccess(r, reply) {
	if (reply.headersOut['X-Apitoken-Access'] === 'due') {
		r.subrequest('/rpc/apitoken_pre_request', {method: 'POST', body: '{}', detached: true});
	}
}

/* Calls the function, and answers with what it does. */
async function call(request) {
	const r = request.http;
	const way = findWay(request.call);
	const reply = await r.subrequest(`${way === undefined ? '' : way.prefix}/rpc/${request.call.name}`,
		{method: 'POST', body: request.call.body(request)});
	let error;

	if (reply.status >= 200 && reply.status < 300) {
		r.variables.apitoken_upstream = `${reply.status}`;
		noteAccess(r, reply);
		sendAnswer(request, reply);
		return;
	}

	if (isFull(reply)) {
		throw failure(503);
	}
	error = readError(reply);
	r.variables.apitoken_upstream = /^[A-Z0-9]{5,8}$/.test(error.code) ?
		`${reply.status}/${error.code}` : `${reply.status}`;
	throw readFailure(reply, error);
}

/* Does with a request what is to be done with it; answers what is thrown. */
async function respond(r, use) {
	let request;

	try {
		request = readRequest(r);
		await use(request);
	} catch (e) {
		/* a client that is gone has no other answer: nginx would log all of its request */
		if (request !== undefined && request.answered) {
			return;
		}
		/* what is not thrown on purpose is a mistake in here */
		if (e.status === undefined) {
			r.error(e.message);
		}
		sendFailure(r, e.status === undefined ? failure(500) : e);
	}
}

/* Hands a request on to the location where its like are counted, which answers it. */
function count(request, way) {
	const r = request.http;

	r.variables.apitoken_target = countTarget(request);
	r.variables.apitoken_credential = countCredential(request, way);
	r.internalRedirect(way.counted);
}

/* Answers a request of a client: a read here, what is no read where it is counted. */
function handle(r) {
	return respond(r, (request) => {
		const way = findWay(request.call);

		return way === undefined ? call(request) : count(request, way);
	});
}

/* Answers a request that is counted. */
function answer(r) {
	return respond(r, call);
}

/* Answers in place of nginx's own error pages. */
function problem(r) {
	sendFailure(r, failure(Number(r.variables.status)));
}

export default {handle, answer, problem};
