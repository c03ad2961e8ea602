# What clients of the documented URLs send, what of it arrives at PostgREST, and
# what they are answered.
use strict;
use warnings;
use utf8;
use Cwd qw(getcwd);
use JSON::PP;
use Test::More;
use Proxy;
use StandIn;

binmode Test::More->builder->$_, ':utf8' for qw(output failure_output todo_output);

my $secret = 'idt:TKN-1671-0642:' . 'Zm9-_' x 8 . 'abc';
my $jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJVU1ItMDAwMS0wMDAxIn0.c2ln-_A=';
my $base = '/v1/accounts/api-tokens';
my @bearer = ('--header', "Authorization: Bearer $secret");
my @json = ('--header', 'Content-Type: application/json');

my ($upstream, $proxy);

END {
	# the exit status is that of the tests, not of what is ended here
	local $?;
	$proxy->stop if $proxy;
	$upstream->down if $upstream && $upstream->{pid};
}
$SIG{$_} = sub { exit 1 } for qw(HUP INT TERM);

# A response of PostgREST, with the headers that it adds.
sub response {
	my ($status, $body, @headers) = @_;

	return join("\r\n", "HTTP/1.1 $status", 'Server: postgrest/16.1', 'Content-Range: 0-0/*',
		'Content-Type: application/json; charset=utf-8', @headers,
		'Content-Length: ' . length($body), '', $body);
}

# One of its errors; undefined members are null, as they are there.
sub error_response {
	my ($status, $code, $message, $details, $hint) = @_;

	return response($status, JSON::PP->new->utf8->encode({code => $code, message => $message,
		details => $details, hint => $hint}), "Proxy-Status: PostgREST; error=$code");
}

# Sends a request with the usual credential, and returns its answer; the
# response is what PostgREST is to say.
sub call {
	my ($response, $method, $target, @arguments) = @_;

	$upstream->answer($response);
	return $proxy->request($method, $target, @bearer, @arguments);
}

# Tests that exactly one call arrived: of that function, with that body (its
# bytes, or what it means), with this credential and no other header.
sub arrived {
	my ($function, $body, $name, @credential) = @_;
	my ($request, @more) = $upstream->requests;

	@credential = ('X-Apitoken-Secret', $secret) unless @credential;
	@credential = () unless defined $credential[0];
	subtest $name => sub {
		ok $request && !@more, 'one request' or return;
		is "$request->{method} $request->{target}", "POST /rpc/$function", 'function';
		if (ref $body) {
			# characters of the record stand for bytes
			utf8::encode(my $bytes = $request->{body} // '');
			utf8::decode($bytes);
			is_deeply decode_json($bytes), $body, 'arguments';
		} else {
			is $request->{body}, $body, 'body';
		}

		my %headers;
		push @{$headers{lc $_->[0]}}, $_->[1] for @{$request->{headers}};
		like delete($headers{'x-request-id'})->[0], qr/^[0-9a-f]{32}$/, 'request id';
		like delete($headers{'x-apitoken-client'})->[0], qr/^(127[.]0[.]0[.]1|::1|unix:)$/, 'the address of the client';
		is_deeply \%headers, {
			'host' => ['localhost'],
			'accept' => ['application/json'],
			'content-type' => ['application/json'],
			'content-length' => [length $request->{body}],
			@credential ? (lc $credential[0] => [$credential[1]]) : (),
		}, 'headers';
	};
}

sub nothing_arrived {
	my ($name) = @_;

	is scalar($upstream->requests), 0, "$name: PostgREST is not asked";
}

# What is said of errors that have no text of their own.
my %details = (
	400 => 'The request is malformed.',
	401 => 'There is no valid credential.',
	403 => 'The credential does not allow this.',
	404 => 'There is nothing at this path.',
	405 => 'The header Allow names the methods that this path has.',
	409 => 'The request is in conflict with what is stored.',
	412 => 'There are no entity tags and dates to compare with.',
	413 => 'The body is larger than 256 KiB; send the members that change, and no others.',
	414 => 'The URL is longer than 16 KiB.',
	415 => 'The body must be JSON, and Content-Type application/json.',
	429 => 'There were too many requests from this address; try again in a second.',
	431 => 'A header is longer than 16 KiB.',
	500 => 'The service failed; its operators find the cause by the traceId.',
	501 => 'The transfer encoding is not known.',
	502 => 'The service behind this one gave no valid answer.',
	503 => 'The service cannot answer at present; try again later.',
	504 => 'The answer took too long.',
	505 => 'HTTP/1.1 and HTTP/2 are supported.',
);

# Tests that an answer is a problem document with exactly these members.
sub is_problem {
	my ($answer, $status, $title, $name, %members) = @_;
	my $problem = eval { decode_json($answer->{body}) } // {};

	subtest $name => sub {
		is $answer->{status}, $status, 'status';
		is $answer->{headers}{'content-type'}, 'application/problem+json', 'content type';
		like $problem->{type}, qr{^https://tools\.ietf\.org/html/rfc\d+#section-[\d.]+$}, 'type';
		like $answer->{headers}{'x-request-id'}, qr/^[0-9a-f]{32}$/, 'X-Request-Id';
		delete $problem->{type};
		is_deeply $problem, {title => $title, status => $status, detail => $details{$status},
			traceId => $answer->{headers}{'x-request-id'}, %members}, 'members';
		is_safe($answer);
	};
}

# Tests what every answer has to have, and what none may tell.
sub is_safe {
	my ($answer) = @_;
	my %headers = %{$answer->{headers}};

	is $headers{server}, 'nginx', 'Server does not tell the version';
	is $headers{'cache-control'}, 'no-store', 'Cache-Control';
	is $headers{'x-content-type-options'}, 'nosniff', 'X-Content-Type-Options';
	is $headers{'content-security-policy'}, "default-src 'none'; frame-ancestors 'none'",
		'Content-Security-Policy';
	is_deeply [grep { /^(content-range|content-profile|proxy-status|access-control-.*)$/ } keys %headers],
		[], 'no header of PostgREST';
}

$upstream = StandIn->start(getcwd);
$proxy = Proxy->start(getcwd);

my $document = '{"id": "TKN-1671-0642", "href": "/v1/accounts/api-tokens/TKN-1671-0642", "name": "Ex\"port"}';

#
# Routes
#

for my $base ('/v1/accounts/api-tokens', '/public/v1/accounts/api-tokens') {
	my $ok = response('200 OK', $document);
	my $answer;

	my $body = qq({ "account": {"id": "ACC-1"},\n\t"name": "Zo\x{c3}\x{ab}", "name": 1.50 });
	$answer = call($ok, 'POST', $base, @json, '--data-binary', $body);
	is $answer->{status}, 201, "POST $base creates: 201";
	is $answer->{body}, $document, '... and answers the document';
	is $answer->{headers}{'content-type'}, 'application/json', '... as JSON';
	is $answer->{headers}{'location'}, "$base/TKN-1671-0642", '... and says where it is';
	subtest '... safely' => sub { is_safe($answer) };
	arrived('apitoken_create', $body, '... of the body as it is');

	$answer = call($ok, 'GET', $base);
	is $answer->{status}, 200, "GET $base lists: 200";
	is $answer->{body}, $document, '... and answers what PostgREST did';
	arrived('apitoken_list', {query => ''}, '... without a query');

	$answer = call($ok, 'GET', "$base?status=Active&limit=2");
	arrived('apitoken_list', {query => 'status=Active&limit=2'}, "GET $base?... with its query");

	$answer = call($ok, 'GET', "$base/TKN-1671-0642");
	is $answer->{status}, 200, "GET $base/{id}: 200";
	is $answer->{body}, $document, '... and the document';
	is $answer->{headers}{'content-length'}, length $document, '... with its length';
	is $answer->{headers}{location}, undef, '... and no location';
	arrived('apitoken_get', {id => 'TKN-1671-0642'}, '... of that id');

	$answer = call($ok, 'PUT', "$base/TKN-1671-0642", @json, '--data-binary', '{"name": 1e2}');
	is $answer->{status}, 200, "PUT $base/{id}: 200";
	arrived('apitoken_update', '{"changes":{"name": 1e2},"id":"TKN-1671-0642"}',
		'... with the body as changes');

	$answer = call("HTTP/1.1 204 No Content\r\nContent-Range: 0-0/*\r\n\r\n", 'DELETE', "$base/TKN-1671-0642");
	is $answer->{status}, 204, "DELETE $base/{id}: 204";
	is_deeply [$answer->{body}, @{$answer->{headers}}{qw(content-type content-length)}],
		['', undef, undef], '... and nothing else';
	arrived('apitoken_delete', {id => 'TKN-1671-0642'}, '... of that id');

	for my $action (qw(enable disable)) {
		$answer = call($ok, 'POST', "$base/TKN-1671-0642/$action");
		is $answer->{status}, 200, "POST $base/{id}/$action: 200";
		is $answer->{body}, $document, '... and the document';
		arrived("apitoken_$action", {id => 'TKN-1671-0642'}, '... of that id');
	}
}

# What else stops tokens, and lets them go; and what the functions are given.
for my $root ('/v1/accounts', '/public/v1/accounts') {
	my @calls = (
		["accounts/ACC-1/api-tokens/disable", undef, 'apitoken_disable_all', '{"account_id":"ACC-1"}'],
		["accounts/ACC%2F1/api-tokens/disable?created=1&name=%22a%22", '{"hold": true, "dryRun": false}', 'apitoken_disable_all',
			'{"account_id":"ACC/1","query":"created=1&name=%22a%22","hold":true,"dry_run":false}'],
		["accounts/ACC-1/api-tokens/disable", '{"dryRun": true}', 'apitoken_disable_all', '{"account_id":"ACC-1","query":"","hold":false,"dry_run":true}'],
		["api-tokens/disable?family(TKN-1)", '{}', 'apitoken_disable_all', '{"account_id":null,"query":"family(TKN-1)","hold":false,"dry_run":false}'],
		["api-tokens/disable/", undef, 'apitoken_disable_all', '{"account_id":null,"query":"","hold":false,"dry_run":false}'],
		["api-tokens/enable", '{"disabled": ["TKN-1"], "release": true}', 'apitoken_enable_all', '{"disabled":["TKN-1"],"release":true}'],
		["api-tokens/enable", '{}', 'apitoken_enable_all', '{"disabled":null}'],
		["api-tokens/TKN-1/ensure-disabled", undef, 'apitoken_ensure_disabled', '{"id":"TKN-1"}'],
		["api-tokens/TKN-1/ensure-disabled?select=-*", '{"hold": true}', 'apitoken_ensure_disabled', '{"fields":"-*","hold":true,"id":"TKN-1"}'],
		["api-tokens/TKN-1/release?select=id", undef, 'apitoken_release', '{"fields":"id","id":"TKN-1"}'],
		["api-tokens/TKN-1/rotate", undef, 'apitoken_rotate', '{"id":"TKN-1"}'],
		["api-tokens/TKN-1/rotate/?select=token", '{"overlap": "P7D"}', 'apitoken_rotate', '{"fields":"token","overlap":"P7D","id":"TKN-1"}'],
		(map { ["api-tokens/TKN%2F1/rotate", qq({"overlap": "$_"}), 'apitoken_rotate', qq({"overlap":"$_","id":"TKN/1"})] } qw(P1Y2M3DT4H5M6S P2W PT12H P0D)),
		["accounts/ACC-1/api-tokens/hold", undef, 'apitoken_hold_account', '{"account_id":"ACC-1"}', 204],
		["accounts/ACC-1/api-tokens/release/", undef, 'apitoken_release_account', '{"account_id":"ACC-1"}', 204],
	);
	for (@calls) {
		my ($target, $sent, $function, $body, $status) = @$_;
		my $answer = call(response('200 OK', '["TKN-1"]'), 'POST', "$root/$target", defined $sent ? (@json, '--data-binary', $sent) : ());

		is $answer->{status}, $status // 200, "POST $root/$target";
		is $answer->{body}, $status ? '' : '["TKN-1"]', '... and its answer';
		arrived($function, $body, '... as a call');
	}
}

# Whoever has found a secret revokes it, with nothing else in hand: no credential goes on.
for my $target ("$base/revoke", "/public$base/revoke/") {
	my @form = ('--header', 'Content-Type: application/x-www-form-urlencoded; charset=UTF-8');
	my @sent = (
		[[@json, '--data-binary', '{"secrets": ["idt:a:b", "x"]}'], '{"secrets":["idt:a:b","x"]}'],
		[[@form, '--data-binary', 'token=idt%3Aa%3Ab&token_type_hint=access_token'], '{"secrets":["idt:a:b"]}'],
		[[@form, '--data-binary', 'token=a+b=c&token='], '{"secrets":["a b=c",""]}'],
		[[@form, '--data-binary', '%74oken=a&%zz=b&t%6Fke%6E=c'], '{"secrets":["a","c"]}'],
		# as a file's last line has it, or a line of a table
		[[@form, '--data-binary', 'token=idt%3Aa%3Ab%0A&token=%20%09x%0D%0A&token=+y+'], '{"secrets":["idt:a:b","x","y"]}'],
		[[@form, '--data-binary', "token=idt%3Aa%3Ab\r\n"], '{"secrets":["idt:a:b"]}'],
		[[@json, '--data-binary', '{"secrets": ["idt:a:b\\n", " \\tx\\r\\n", "y\\u00a0"]}'], '{"secrets":["idt:a:b","x","y"]}'],
		# what is no text, and so no secret, stands in nobody's way
		[[@form, '--data-binary', 'token=a%00b&token=idt%3Aa%3Ab'], '{"secrets":["idt:a:b"]}'],
		[[@json, '--data-binary', '{"secrets": ["\u0000", "\ud800", "idt:a:b", "a\u0000b", "\ud83d\ude00"]}'], "{\"secrets\":[\"\xef\xbf\xbd\",\"idt:a:b\",\"\xf0\x9f\x98\x80\"]}"],
		[[@bearer, @json, '--data-binary', '{"secrets": []}'], '{"secrets":[]}'],
		[['--header', "Authorization: Bearer $jwt", @json, '--data-binary', '{"secrets": []}'], '{"secrets":[]}'],
	);
	# few of the other path: there is a limit, which is met below
	for ($target =~ /public/ ? $sent[0] : @sent) {
		my ($arguments, $body) = @$_;

		$upstream->answer("HTTP/1.1 204 No Content\r\nContent-Range: 0-0/*\r\n\r\n");
		my $answer = $proxy->request('POST', $target, @$arguments);
		is $answer->{status}, 204, "POST $target: 204";
		is $answer->{body}, '', '... and nothing else';
		arrived('apitoken_revoke', $body, '... without a credential', undef);
	}
}
for (['{"secrets": "x"}', 'secrets', 'The member "secrets" is not an array of strings.'], ['{"secrets": [1]}', 'secrets', 'The member "secrets" is not an array of strings.'],
	['{}', 'secrets', 'The member "secrets" is not an array of strings.'], ['{"token": "x"}', 'token', 'The member "token" does not exist.'])
{
	my ($body, $member, $detail) = @$_;
	$upstream->answer(undef);
	is_problem($proxy->request('POST', "$base/revoke", @json, '--data-binary', $body), 400, 'Bad Request', $body, detail => $detail, errors => {$member => [$detail]});
	nothing_arrived($body);
}
is_problem($proxy->request('POST', "$base/revoke", '--header', 'Content-Type: application/x-www-form-urlencoded', '--data-binary', $_), 400, 'Bad Request', "a form without a token: $_",
	detail => 'The member "token" is missing.', errors => {token => ['The member "token" is missing.']}) for 'a=b', '', 'token', '%zz=a';
$upstream->answer("HTTP/1.1 204 No Content\r\nContent-Range: 0-0/*\r\n\r\n");
is join(' ', sort { $a <=> $b } keys %{{map { $proxy->request('POST', "$base/revoke", @json, '--data-binary', '{"secrets": []}')->{status} => 1 } 1 .. 40}}), '204 429', 'it has a limit of its own';
is $proxy->request('GET', "$base/TKN-1671-0642")->{status}, 401, '... which bounds nothing else';
$upstream->requests;
select undef, undef, undef, 0.5;

subtest 'what is asked of a rescue is not guessed' => sub {
	my %bodies = ('{"dryrun": true}' => 'The member "dryrun" does not exist.', '{"dryRun": 1}' => 'The member "dryRun" is not true or false.',
		'{"hold": "true"}' => 'The member "hold" is not true or false.', '{"query": "x"}' => 'The member "query" does not exist.',
		'[]' => 'The body is not a JSON object.', 'null' => 'The body is not a JSON object.', 'true' => 'The body is not a JSON object.',
		'{' => 'The body is not JSON.');

	for my $target ('/v1/accounts/accounts/ACC-1/api-tokens/disable', "$base/disable") {
		for my $body (sort keys %bodies) {
			my $member = $bodies{$body} =~ /"(.+?)"/ ? $1 : undef;
			is_problem(call(undef, 'POST', $target, @json, '--data-binary', $body), 400, 'Bad Request', "$target $body", detail => $bodies{$body},
				defined $member ? (errors => {$member => [$bodies{$body}]}) : ());
			nothing_arrived($body);
		}
	}
};

subtest 'the feed' => sub {
	for (['', '{}'], ['/?after=', '{"after":""}'], ['?after=a%2Bb+c&limit=10&x', '{"after":"a+b+c","at_most":10}'], ['?limit=0', '{"at_most":0}']) {
		my ($query, $body) = @$_;
		is call(response('200 OK', $document), 'GET', "$base/feed$query")->{body}, $document, "feed$query";
		arrived('apitoken_feed', $body, '... as a call');
	}
	for (['limit=x', 'The parameter "limit" is no number.'], ['limit=-1', 'The parameter "limit" is no number.'], ['limit=1234567890', 'The parameter "limit" is no number.'],
		['after=a&%61fter=b', 'The parameter "after" is there more than once.'], ['after=%00', 'The query string is not text in UTF-8, percent-encoded.'])
	{
		my ($query, $detail) = @$_;
		is_problem(call(response('200 OK', '{}'), 'GET', "$base/feed?$query"), 400, 'Bad Request', $query, detail => $detail);
		nothing_arrived($query);
	}
	call(response('200 OK', $document), 'GET', "$base/%66eed");
	arrived('apitoken_get', {id => 'feed'}, 'a token of that id');
	is call(response('200 OK', $document), 'POST', "$base/feed")->{headers}{allow}, 'GET, HEAD, PUT, DELETE', 'what else there is';
};

subtest 'a slash at the end is the same resource' => sub {
	for (['GET', "$base/", 'apitoken_list', {query => ''}], ['GET', "$base/?limit=1", 'apitoken_list', {query => 'limit=1'}], ['GET', "/public$base/", 'apitoken_list', {query => ''}],
		['GET', "$base/TKN-1/", 'apitoken_get', {id => 'TKN-1'}], ['DELETE', "$base/TKN-1/", 'apitoken_delete', {id => 'TKN-1'}],
		['POST', "$base/TKN-1/disable/?select=id", 'apitoken_disable', {id => 'TKN-1', fields => 'id'}], ['GET', "$base/a%2F/", 'apitoken_get', {id => 'a/'}],
		['GET', "$base/disable/", 'apitoken_get', {id => 'disable'}])
	{
		my ($method, $target, $function, $body) = @$_;
		like call(response('200 OK', $document), $method, $target)->{status}, qr/^20[04]$/, "$method $target";
		arrived($function, $body, "... arrives");
	}
	is call(response('200 OK', $document), 'POST', "$base/", @json, '--data', '{}')->{headers}{location}, "$base/TKN-1671-0642", 'where a new token is';
};

subtest 'an access is noted whatever the method' => sub {
	my $due = response('200 OK', $document, 'X-Apitoken-Access: due');

	for (['GET', $base], ['GET', "$base/TKN-1"], ['HEAD', "$base/TKN-1"]) {
		my $answer = call($due, @$_);
		is $answer->{status}, 200, "@$_";
		is $answer->{headers}{'x-apitoken-access'}, undef, '... nobody else is told';
		my @requests = $upstream->wait_for(2);
		is_deeply [map { "$_->{method} $_->{target} $_->{body}" } @requests[1 .. $#requests]], ['POST /rpc/apitoken_pre_request {}'], '... one call more notes it';
		is_deeply [map { $_->[1] } grep { $_->[0] eq 'X-Apitoken-Secret' } @{$requests[1]{headers}}], [$secret], '... for the same token';
	}
	call(response('200 OK', $document), 'GET', "$base/TKN-1");
	$upstream->say($due);
	$proxy->request('GET', $base, @bearer);
	is_deeply [map { $_->{target} } $upstream->wait_for(3)], [map { "/rpc/apitoken_$_" } qw(get list pre_request)], 'not due: none';
};

subtest 'an overlap is a duration, and nothing else reaches the database' => sub {
	my $detail = 'The member "overlap" is no duration such as "P7D" or "PT12H".';

	for (qw("" "P" "PT" "P1DT" "7" "7D" "p7d" "-P7D" "P-7D" "P1W2D" "P1.5D" "P1234567890D" "P999999999Y" "P100000W" "P10000000M" "P7D\n" "idt:TKN-1:x" 7 true null [] {}), '"2 days"') {
		is_problem(call(response('200 OK', '{}'), 'POST', "$base/TKN-1/rotate", @json, '--data-binary', qq({"overlap": $_})), 400, 'Bad Request', "overlap $_",
			detail => $detail, errors => {overlap => [$detail]});
		nothing_arrived($_);
	}
};

subtest 'members that a call does not have are not ignored' => sub {
	my @calls = (['POST', "$base/TKN-1/disable", 'disable', {id => 'TKN-1'}], ['POST', "$base/TKN-1/enable", 'enable', {id => 'TKN-1'}],
		['POST', "$base/TKN-1/release", 'release', {id => 'TKN-1'}], ['POST', "$base/TKN-1/rotate", 'rotate', {id => 'TKN-1'}], ['DELETE', "$base/TKN-1", 'delete', {id => 'TKN-1'}],
		['POST', '/v1/accounts/accounts/ACC-1/api-tokens/hold', 'hold_account', {account_id => 'ACC-1'}],
		['POST', '/v1/accounts/accounts/ACC-1/api-tokens/release', 'release_account', {account_id => 'ACC-1'}]);

	for (@calls) {
		my ($method, $target, $function, $body) = @$_;
		for my $member (qw(dryRun hold id fields)) {
			my $detail = "The member \"$member\" does not exist.";
			is_problem(call(response('200 OK', '{}'), $method, $target, @json, '--data-binary', "{\"$member\": true}"), 400, 'Bad Request', "$method $target $member",
				detail => $detail, errors => {$member => [$detail]});
			nothing_arrived($member);
		}
		is_problem(call(response('200 OK', '{}'), $method, $target, '--data', 'hold=true'), 415, 'Unsupported Media Type', "$method $target with a form");
		call(response('200 OK', $document), $method, $target, @json, '--data-binary', ' {} ');
		arrived("apitoken_$function", $body, "$method $target with an empty object");
	}
	call(response('200 OK', $document), 'POST', "$base/TKN-1/disable", '--header', 'Content-Type: application/x-www-form-urlencoded', '--header', 'Content-Length: 0');
	arrived('apitoken_disable', {id => 'TKN-1'}, 'a form with nothing in it is no body');
	call(response('200 OK', $document), 'GET', "$base/TKN-1", '--data-binary', 'whatever');
	arrived('apitoken_get', {id => 'TKN-1'}, 'GET');
};

subtest 'a DELETE answered 200 with null is 204 as well' => sub {
	my $answer = call(response('200 OK', 'null'), 'DELETE', "$base/TKN-1");

	is $answer->{status}, 204, 'status';
	is $answer->{body}, '', 'no body';
};

subtest 'HEAD is a GET without a body' => sub {
	for ([$base, 'apitoken_list', {query => ''}], ["$base/TKN-1", 'apitoken_get', {id => 'TKN-1'}]) {
		my ($target, $function, $body) = @$_;
		my $answer = call(response('200 OK', $document), 'HEAD', $target);

		is $answer->{status}, 200, "$target: status";
		is $answer->{headers}{'content-length'}, length $document, "$target: length";
		is $answer->{exit}, 0, "$target: no body";
		arrived($function, $body, $target);
	}
};

subtest 'large answers arrive whole' => sub {
	my $large = '{"id": "TKN-1", "text": "' . join('', map { sprintf '%09d,', $_ } 1 .. 600_000) . '"}';

	my $answer = call(response('200 OK', $large), 'GET', "$base/TKN-1");
	is $answer->{status}, 200, 'status';
	ok $answer->{body} eq $large, 'six megabytes';

	$answer = call("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n$large", 'POST', $base, @json,
		'--data-binary', '{}');
	ok $answer->{body} eq $large, 'without a length';
	is $answer->{headers}{location}, "$base/TKN-1", 'location of a large document';
};

subtest 'the location is encoded, and left out when it is not known' => sub {
	my @created = ('POST', $base, @json, '--data-binary', '{}');

	my $answer = call(response('200 OK', '{"id": "a/b \u00e9\"?\\\\\\\\", "name": "x"}'), @created);
	is $answer->{headers}{location}, "$base/a%2Fb%20%C3%A9%22%3F%5C%5C", 'characters';
	$answer = call(response('200 OK', '[{"id": "TKN-1"}]'), @created);
	is $answer->{status}, 201, 'another document';
	is $answer->{headers}{location}, undef, 'has no location';
};

#
# Query strings and ids
#

subtest 'the query of a list arrives as it was sent' => sub {
	for my $query (
		q(and(eq(name,"a,b"),ilike(name,'*%25\\*'))),
		q(name=%22a%20b%22&order=-audit.created.at,+name),
		q(in(id,(TKN-1,TKN-2))&select=+a,-b.c),
		q(a+b%2Bc&&&=&%&%zz&%00&%ff&?x=/../),
		q("quotes"&'more'&back\\slash&{}[]|^`<>),
		q(token=idt:TKN-1:abc),
		q(limit=0&limit=1&limit=0),
		"name=Zo\x{c3}\x{ab}",
	) {
		utf8::decode(my $text = $query);
		call(response('200 OK', '{}'), 'GET', "$base?$query");
		arrived('apitoken_list', {query => $text}, $text);
	}

	my $long = 'in(id,(' . join(',', map { "TKN-$_" } 1 .. 1200) . '))';
	call(response('200 OK', '{}'), 'GET', "$base?$long");
	arrived('apitoken_list', {query => $long}, length($long) . ' characters');

	is_problem(call(undef, 'GET', "$base?name=Zo\x{eb}"), 400, 'Bad Request',
		'bytes that are no UTF-8', detail => 'The URL is not UTF-8.');
	nothing_arrived('bytes that are no UTF-8');
};

subtest 'select becomes fields' => sub {
	my @calls = (['GET', '', 'get'], ['POST', '/enable', 'enable'], ['POST', '/disable', 'disable']);
	my %selections = (
		'select=-account,+modules.id' => '-account,+modules.id',
		'x=1&select=%2Da%2C%2Bb&y' => '-a,+b',
		'select=' => '',
		'select=%22%5C%C3%AB' => "\"\\\x{eb}",
		'select=+a&select=-b=c' => '+a,-b=c',
		'%73elect=+a&%zz=b&s%65l%65ct=c' => '+a,c',
	);

	for (@calls) {
		my ($method, $action, $function) = @$_;
		while (my ($query, $fields) = each %selections) {
			call(response('200 OK', '{}'), $method, "$base/TKN-1$action?$query");
			arrived("apitoken_$function", {id => 'TKN-1', fields => $fields}, "$function?$query");
		}
		call(response('200 OK', '{}'), $method, "$base/TKN-1$action?selected=a&xselect=b&select&fields=c");
		arrived("apitoken_$function", {id => 'TKN-1'}, "$function with other parameters");

		is_problem(call(undef, $method, "$base/TKN-1$action?select=$_"), 400, 'Bad Request',
			"$function?select=$_", detail => 'The query string is not text in UTF-8, percent-encoded.')
			for '%', '%zz', '%ff', '%c3';
	}

	call(response('200 OK', '{}'), 'PUT', "$base/TKN-1?select=-*,id", @json, '--data', '{}');
	arrived('apitoken_update', '{"fields":"-*,id","changes":{},"id":"TKN-1"}', 'update');
};

subtest 'ids are decoded once' => sub {
	my %ids = (
		'TKN-1%2Fdisable' => 'TKN-1/disable',
		'%2F' => '/',
		'a%2F..%2Fb' => 'a/../b',
		'%252F' => '%2F',
		'a+b%20c' => 'a+b c',
		'%22%5C%7B%7D,%27' => "\"\\{},'",
		'%C3%A9%E2%82%AC%F0%9F%94%91' => "\x{e9}\x{20ac}\x{1f511}",
		"\x{c3}\x{a9}" => "\x{e9}",
		'%0A%1F%7F' => "\n\x{1f}\x{7f}",
		'a;b=c@d:e!$&*()~' => 'a;b=c@d:e!$&*()~',
		'...' => '...',
		'%3Fselect=x' => '?select=x',
		'x' x 3000 => 'x' x 3000,
	);

	while (my ($encoded, $id) = each %ids) {
		my $name = substr($encoded, 0, 30);

		call(response('200 OK', '{}'), 'GET', "$base/$encoded");
		arrived('apitoken_get', {id => $id}, "get $name");
		call(response('200 OK', '{}'), 'POST', "$base/$encoded/disable");
		arrived('apitoken_disable', {id => $id}, "disable $name");
	}
};

subtest 'paths that lead nowhere' => sub {
	for my $path (
		'/', '/v1', '/v1/accounts', '/v1/accounts/api-token', '/v1/accounts/api-tokensx', '/V1/accounts/api-tokens',
		"$base//", "$base//disable", "$base/TKN-1//", "$base/TKN-1//disable", "$base/TKN-1/disable//",
		'/v1/accounts/accounts', '/v1/accounts/accounts/ACC-1', '/v1/accounts/accounts/ACC-1/api-tokens', '/v1/accounts/accounts//api-tokens/disable',
		'/v1/accounts/accounts/ACC-1/api-tokens/enable', '/v1/accounts/accounts/../api-tokens/disable', '/rescue/rpc/apitoken_disable', '/rescue/',
		"$base/TKN-1/disable/x", "$base/TKN-1/delete", "$base/TKN-1/Disable", "$base/TKN-1%2F/disable/x",
		"$base/TKN-1/constructor", "$base/TKN-1/__proto__",
		"$base/.", "$base/..", "$base/%2e", "$base/%2E%2e", "$base/.%2e", "$base/../api-tokens/TKN-1", "$base/TKN-1/../TKN-2",
		"/x/..$base/TKN-1", "/$base/TKN-1", "/v1//accounts/api-tokens", "/public/public$base",
		'/rpc/apitoken_list', '/rpc/apitoken_disable', '/rpc/', '/rpc', '/RPC/apitoken_list', '/x/../rpc/apitoken_list',
		'//rpc/apitoken_list', '/api_tokens', '/apitoken-problem', "$base/../../../rpc/apitoken_list", '/live',
	) {
		for my $method ('GET', 'POST') {
			is_problem(call(undef, $method, $path, $method eq 'POST' ? (@json, '--data', '{}') : ()),
				404, 'Not Found', "$method $path");
			nothing_arrived("$method $path");
		}
	}
	is_problem($proxy->request('GET', '/v1'), 404, 'Not Found', 'without a credential, too');
};

subtest 'malformed ids' => sub {
	for my $id ('%', '%2', '%zz', 'a%', '%00', 'a%00b', '%FF', '%C3', '%C0%AF', '%ED%A0%80', '%F4%90%80%80', '%80') {
		is_problem(call(undef, 'POST', "$base/$id/disable"), 400, 'Bad Request', $id,
			$id =~ /^(%|%2|%zz|a%|.*%00.*)$/ ? () : (detail => 'The id in the path is not text in UTF-8, percent-encoded.'));
		nothing_arrived($id);
	}
	for my $target ("$base/\x{ff}", "$base/TKN-1?select=\x{c3}", "$base?\x{ed}\x{a0}\x{80}") {
		$upstream->answer(undef);
		is_problem($proxy->send_bytes("GET $target HTTP/1.0\r\nAuthorization: Bearer $secret\r\n\r\n"),
			400, 'Bad Request', 'a byte that is no UTF-8', detail => 'The URL is not UTF-8.');
		nothing_arrived('a byte that is no UTF-8');
	}
};

#
# Methods
#

subtest 'wrong methods' => sub {
	is_problem(call(undef, 'TRACE', '/v1'), 405, 'Method Not Allowed', 'TRACE, which nginx itself refuses');
	my @resources = (
		[$base, 'GET, HEAD, POST', qw(PUT DELETE PATCH OPTIONS TRACE PROPFIND get XYZZY)],
		["$base/TKN-1", 'GET, HEAD, PUT, DELETE', qw(POST PATCH OPTIONS TRACE delete)],
		["$base/TKN-1/enable", 'POST', qw(GET HEAD PUT DELETE PATCH OPTIONS TRACE)],
		["/public$base/a%2Fb/disable", 'POST', qw(GET HEAD PUT DELETE PATCH OPTIONS TRACE)],
	);

	for (@resources) {
		my ($target, $allow, @methods) = @$_;
		for my $method (@methods) {
			my $answer = call(undef, $method, $target, '--header', 'Origin: https://example.com',
				'--header', 'Access-Control-Request-Method: POST');

			# nginx takes letters in lower case for a malformed request
			next if is($answer->{status}, $method =~ /[a-z]/ ? 400 : 405, "$method $target") && $method =~ /[a-z]/;
			is $answer->{headers}{allow}, $allow, '... allowed is';
			is_problem($answer, 405, 'Method Not Allowed', '... problem') unless $method eq 'HEAD';
			nothing_arrived($method);
		}
	}
	is_problem($proxy->send_bytes("OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
		400, 'Bad Request', 'OPTIONS *');
};

#
# Credentials
#

subtest 'whoever has no credential is told the same' => sub {
	my %requests = (
		'none' => [],
		'an empty one' => ['Authorization;'],
		'Bearer alone' => ['Authorization: Bearer'],
		'another scheme' => ['Authorization: Basic aWR0OlRLTi0xOmFiYw=='],
		'the secret without a scheme' => ["Authorization: $secret"],
		'a scheme without a space' => ["Authorization: Bearer$secret"],
		'two words' => ['Authorization: Bearer abc def'],
		'no JWT' => ['Authorization: Bearer a"b'],
		'a secret in capitals' => ['Authorization: Bearer IDT:TKN-1:abc'],
		'the prefix alone' => ['Authorization: Bearer idt:'],
		'bytes that are no UTF-8' => ["Authorization: Bearer idt:\x{ff}:abc"],
		'the header for PostgREST' => ["X-Apitoken-Secret: $secret"],
		'a header like it' => ["X_Apitoken_Secret: $secret", "X-APITOKEN-SECRET: $secret", "Authorization_: Bearer $secret"],
		'a cookie' => ["Cookie: Authorization=Bearer $secret"],
	);

	while (my ($name, $headers) = each %requests) {
		$upstream->answer(undef);
		my $answer = $proxy->request('POST', "$base/TKN-1/disable", map { ('--header', $_) } @$headers);
		is_problem($answer, 401, 'Unauthorized', $name);
		is $answer->{headers}{'www-authenticate'}, 'Bearer', "$name: WWW-Authenticate";
		nothing_arrived($name);
	}

	my %refusals = (
		'of the database' => error_response('401 Unauthorized', 'PT401', 'Unauthorized', 'No such token.', 'Look here.'),
		'of PostgREST' => error_response('401 Unauthorized', 'PGRST301', 'JWT expired', undef, undef),
	);
	while (my ($name, $response) = each %refusals) {
		my $answer = call($response, 'POST', "$base/TKN-1/disable");
		is_problem($answer, 401, 'Unauthorized', "a refusal $name");
		is $answer->{headers}{'www-authenticate'}, 'Bearer', "a refusal $name: WWW-Authenticate";
	}

	$upstream->answer(undef);
	is $proxy->request('HEAD', $base)->{status}, 401, 'HEAD';
	nothing_arrived('HEAD');
};

subtest 'a secret is handed on in its own header' => sub {
	my @forms = (
		["Authorization: Bearer $secret", $secret],
		["authorization: bearer   $secret  ", $secret],
		["AUTHORIZATION: BEARER $secret", $secret],
		['Authorization: Bearer idt:a b/c:d', 'idt:a b/c:d'],
		["Authorization: Bearer idt:\x{c3}\x{a9}:d", "idt:\x{c3}\x{a9}:d"],
		["Authorization:\tBearer\t$secret\t", $secret],
		["Authorization: Bearer \t $secret \t ", $secret],
		["Authorization:Bearer idt:a\tb:d", "idt:a\tb:d"],
	);

	for (@forms) {
		my ($header, $expected) = @$_;
		$upstream->answer(response('200 OK', '{}'));
		is $proxy->request('GET', $base, '--header', $header)->{status}, 200, $header;
		arrived('apitoken_list', {query => ''}, '... arrives', 'X-Apitoken-Secret', $expected);
	}
};

subtest 'a JWT is handed on' => sub {
	for my $header ("Bearer $jwt", "bearer  $jwt", "\tBearer\t$jwt\t ") {
		$upstream->answer(response('200 OK', '{}'));
		is $proxy->request('GET', $base, '--header', "Authorization: $header")->{status}, 200, $header;
		arrived('apitoken_list', {query => ''}, '... arrives', 'Authorization', "Bearer $jwt");
	}
};

subtest 'clients cannot forge, nor change what PostgREST does' => sub {
	my @forged = map { ('--header', $_) } (
		'X-Apitoken-Secret: idt:TKN-2:forged', 'x-apitoken-secret: idt:TKN-3:forged',
		'X-APITOKEN-SECRET: idt:TKN-4:forged', 'X_Apitoken_Secret: idt:TKN-5:forged',
		'X-Apitoken-Secret;', 'Connection: X-Apitoken-Secret, close',
		'Prefer: return=minimal, tx=rollback, params=single-object', 'Accept: text/csv',
		'Accept: application/vnd.pgrst.plan+json; options=analyze', 'Accept-Profile: apitoken',
		'Content-Profile: apitoken', 'Range: 0-0', 'Range-Unit: items', 'Role: postgres',
		'Accept-Encoding: gzip, br', 'If-None-Match: "a"', 'If-Match: *',
		'If-Modified-Since: Sat, 01 Jan 2050 00:00:00 GMT',
		'If-Range: "a"', 'X-HTTP-Method-Override: DELETE',
		'Cookie: a=b', 'X-Request-Id: 1', 'X-Forwarded-For: 1.2.3.4', 'Forwarded: for=1.2.3.4',
		'Content-Type: text/csv', 'Content-Encoding: gzip', 'X-Accel-Redirect: /rpc/x',
	);

	$upstream->answer(response('200 OK', $document));
	is $proxy->request('GET', "$base/TKN-1", @bearer, @forged)->{body}, $document, 'with a secret';
	arrived('apitoken_get', {id => 'TKN-1'}, 'with a secret: what arrives');

	$upstream->answer(response('200 OK', $document));
	is $proxy->request('POST', "$base/TKN-1/disable", '--header', "Authorization: Bearer $jwt", @forged)->{body},
		$document, 'with a JWT';
	arrived('apitoken_disable', {id => 'TKN-1'}, 'with a JWT: what arrives', 'Authorization', "Bearer $jwt");

	$upstream->answer(undef);
	for my $header ("X-A: b\r\n X-Apitoken-Secret: $secret", "X-Apitoken-Secret : $secret", " X-Apitoken-Secret: $secret") {
		is_problem($proxy->send_bytes("GET $base HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer $jwt\r\n" .
			"$header\r\nConnection: close\r\n\r\n"), 400, 'Bad Request', 'a folded or malformed header');
	}
	nothing_arrived('a folded or malformed header');
	is_problem($proxy->request('GET', $base, @bearer, '--header', "Authorization: Bearer $jwt"),
		400, 'Bad Request', 'two credentials');
	nothing_arrived('two credentials');
};

subtest 'conditions that do not hold' => sub {
	for my $condition ('If-Match: "a"', 'If-Match: "a", W/"b"', 'If-None-Match: *',
		'If-Unmodified-Since: Sat, 01 Jan 2050 00:00:00 GMT')
	{
		for (['POST', "$base/TKN-1/disable"], ['PUT', "$base/TKN-1", @json, '--data', '{}'],
			['DELETE', "$base/TKN-1"], ['POST', $base, @json, '--data', '{}'])
		{
			is_problem(call(undef, @$_, '--header', $condition), 412, 'Precondition Failed', "@$_[0, 1] $condition");
			nothing_arrived($condition);
		}
	}
	# newer versions of nginx answer this without looking at it
	like call(response('200 OK', $document), 'GET', $base, '--header', 'If-None-Match: *')->{status}, qr/^(304|200)$/, 'GET If-None-Match: *';
	is call(response('200 OK', $document), 'HEAD', $base, '--header', 'If-Match: "a"')->{status}, 412, 'HEAD If-Match: "a"';
};

subtest 'PostgREST cannot send a client elsewhere' => sub {
	my $answer = call(response('200 OK', $document, 'X-Accel-Redirect: /apitoken-problem', 'Set-Cookie: a=b',
		'Location: /elsewhere', 'Access-Control-Allow-Origin: *', 'Content-Profile: api'), 'GET', "$base/TKN-1");

	is $answer->{body}, $document, 'body';
	is_deeply [@{$answer->{headers}}{qw(set-cookie location access-control-allow-origin content-profile)}],
		[(undef) x 4], 'headers';
};

#
# Bodies
#

subtest 'a body has to be one JSON value' => sub {
	my @requests = (['POST', $base], ['PUT', "$base/TKN-1"]);
	my @bodies = ('', '{', '{}{}', '{"a": 1},', 'null, "id": "TKN-2"', '{}, "id": "TKN-2"', '1}, {"a": 2',
		"{'a': 1}", '{"a": NaN}', '{"a": "' . "\n" . '"}', 'name=x', "{\"a\": \"\x{ff}\"}",
		"{\"a\": \"\x{ed}\x{a0}\x{80}\"}", "{\"a\": \"\0\"}", "{}\0", '{"a": /* c */ 1}', '[1,]',
		'{"a": 1,}', '["a' . "\t" . '"]', '\u007b\u007d', '"a" "b"', '{"a"}', "{}\x{c2}\x{a0}", "{}\x{0b}",
		'[' x 100_000, '[' x 50_000 . ']' x 50_000);

	for my $request (@requests) {
		for my $body (@bodies) {
			# some bytes cannot be an argument
			my $file = getcwd . '/body';
			StandIn::write_file($file, $body);
			(my $name = "@$request " . substr $body, 0, 30) =~ s/([^ -~])/sprintf '<%02x>', ord $1/ge;
			is_problem(call(undef, @$request, @json, '--data-binary', "\@$file"),
				400, 'Bad Request', $name, detail => 'The body is not JSON.');
			nothing_arrived($name);
		}
	}
};

# The database refuses it, and would log what is around it.
subtest 'what is no text is refused' => sub {
	my @bodies = map { "{\"description\": \"$secret$_\"}" } '\u0000', '\\\\\u0000', '\"\u0000x', '\ud800', '\uDC00', '\ud83d\\\\\udd11', '\ud83d\udd11\udd11', '\uD83Dx';
	my $detail = 'The body has \\u0000 or half a surrogate pair in it, which is no text.';

	for my $request (['POST', $base], ['PUT', "$base/TKN-1"], ['POST', "$base/enable"]) {
		for my $body (@bodies, '{"a\u0000": 1}') {
			is_problem(call(response('200 OK', '{}'), @$request, @json, '--data-binary', $body), 400, 'Bad Request', "@$request $body", detail => $detail);
			nothing_arrived($body);
		}
	}
	for (['GET', "$base/TKN-1"], ['POST', "$base/TKN-1/disable"], ['PUT', "$base/TKN-1", @json, '--data', '{}']) {
		my ($method, $target, @body) = @$_;
		is_problem(call(response('200 OK', '{}'), $method, "$target?select=$secret%00", @body), 400, 'Bad Request', "$method $target?select",
			detail => 'The query string is not text in UTF-8, percent-encoded.');
		nothing_arrived('a null byte');
	}
};

subtest 'a body is not changed' => sub {
	for my $body ('{"name": "\\\\u0000 \\\\\\\\ud800 \\\\\\u00e9 \u005c\u0041", "name": 1e400, "x": 12345678901234567890.10}', ' [] ', 'null', '"text"', '0.10',
		qq(\t{"a" :\r\n[{"b":[[]]}, true]}), "{\"\x{f0}\x{9f}\x{94}\x{91}\": \"\x{c3}\x{a9}\\ud83d\\udd11\"}",
		'{"__proto__": {"id": 1}, "constructor": 2}')
	{
		call(response('200 OK', '{}'), 'POST', $base, @json, '--data-binary', $body);
		arrived('apitoken_create', $body, "create $body");
		call(response('200 OK', '{}'), 'PUT', "$base/TKN-1", @json, '--data-binary', $body);
		arrived('apitoken_update', "{\"changes\":$body,\"id\":\"TKN-1\"}", "update $body");
	}
};

subtest 'content types' => sub {
	for my $type ('application/json', 'application/json; charset=utf-8', 'APPLICATION/JSON', 'text/json',
		'application/merge-patch+json', 'application/vnd.api+json;x=y', '')
	{
		my $answer = call(response('200 OK', '{}'), 'PUT', "$base/TKN-1", '--header', "Content-Type: $type", '--data', '{}');
		is $answer->{status}, 200, "\"$type\"";
	}
	for my $type ('text/csv', 'application/x-www-form-urlencoded', 'application/jsonp', 'application/octet-stream',
		'multipart/form-data; boundary=x', 'text/plain; a=application/json', 'json')
	{
		for (['POST', $base], ['PUT', "$base/TKN-1"]) {
			is_problem(call(undef, @$_, '--header', "Content-Type: $type", '--data', '{}'),
				415, 'Unsupported Media Type', "$_->[0] $type");
			nothing_arrived($type);
		}
	}
};

subtest 'sizes of bodies' => sub {
	my $limit = 256 * 1024;
	my $file = getcwd . '/body';
	my @chunked = ('--header', 'Transfer-Encoding: chunked');

	my $body = '{"name": "' . 'x' x ($limit - 12) . '"}';
	StandIn::write_file($file, $body);
	for (['with a length'], ['in chunks', @chunked], ['after 100 Continue', '--header', 'Expect: 100-continue']) {
		my ($name, @arguments) = @$_;
		my $answer = call(response('200 OK', '{}'), 'POST', $base, @json, @arguments, '--data-binary', "\@$file");
		is $answer->{status}, 201, "the largest, $name";
		ok [$upstream->requests]->[0]{body} eq $body, '... arrives whole';
		$answer = call(response('200 OK', '{}'), 'PUT', "$base/TKN-1", @json, @arguments, '--data-binary', "\@$file");
		is $answer->{status}, 200, "... as a part of a call, $name";
	}

	# curl makes no chunks as small as that; older versions of nginx keep them as they came
	my $small = '{"name": "' . 'x' x 150_000 . '"}';
	my $chunks = join '', map { "1\r\n$_\r\n" } split //, $small;
	$upstream->answer(response('200 OK', '{}'));
	my ($answer) = $proxy->send_bytes("POST $base HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" .
		"Authorization: Bearer $secret\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n");
	if ($answer->{status} == 413) {
		is_problem($answer, 413, 'Content Too Large', 'very small chunks');
		nothing_arrived('very small chunks');
	} else {
		is $answer->{status}, 201, 'very small chunks';
		ok [$upstream->requests]->[0]{body} eq $small, '... arrive whole';
	}

	StandIn::write_file($file, "$body ");
	for (['POST', $base], ['PUT', "$base/TKN-1"], ['POST', "$base/TKN-1/disable"], ['GET', $base], ['POST', '/v1']) {
		my @request = @$_;
		for (['with a length'], ['in chunks', @chunked], ['after 100 Continue', '--header', 'Expect: 100-continue']) {
			my ($name, @arguments) = @$_;
			is_problem(call(undef, @request, @json, @arguments, '--data-binary', "\@$file"),
				413, 'Content Too Large', "@request: one byte more, $name");
			nothing_arrived("@request");
		}
	}
};

#
# Errors
#

subtest 'errors that the functions raise' => sub {
	my @errors = (
		[400, 'Bad Request', 'The API token "TKN-1" is Disabled.', 'Enable it.'],
		[403, 'Forbidden', 'The actor holds no module.', undef],
		[404, 'Not Found', "There is no API token \"\x{e9}\" that you may administer.", 'Check the id.'],
		[409, 'Conflict', undef, undef],
		[422, 'Unprocessable', 'So it is.', undef],
	);
	my @requests = (['GET', "$base/TKN-1"], ['PUT', "$base/TKN-1", @json, '--data', '{}'], ['DELETE', "$base/TKN-1"],
		['POST', "$base/TKN-1/disable"], ['POST', "$base/TKN-1/enable"], ['POST', $base, @json, '--data', '{}'], ['GET', $base]);

	for my $request (@requests) {
		for (@errors) {
			my ($status, $title, $detail, $hint) = @$_;
			my $answer = call(error_response("$status $title", "PT$status", $title, $detail, $hint), @$request);
			my $problem = eval { decode_json($answer->{body}) };

			is $answer->{status}, $status, "@$request[0, 1]: $status";
			is_deeply {%$problem, type => undef}, {
				type => undef, title => $title, status => $status, traceId => $answer->{headers}{'x-request-id'},
				detail => $detail // $details{$status}, defined $hint ? (hint => $hint) : (),
			}, '... as a problem';
			is $answer->{headers}{'content-type'}, 'application/problem+json', '... by its type';
			is $answer->{headers}{location}, undef, '... without a location';
		}
	}

	my $answer = call(error_response('404 Not Found', 'PT404', 'Not Found', 'x', undef), 'GET', "$base/TKN-1");
	is decode_json($answer->{body})->{type}, 'https://tools.ietf.org/html/rfc9110#section-15.5.5', 'type';
	$answer = call(error_response('404 Not Found', 'PT404', 'Not Found', 'x', undef), 'HEAD', "$base/TKN-1");
	is $answer->{status}, 404, 'HEAD';
};

subtest 'members that are wrong are named' => sub {
	for ('The member "modules[0].id" is no id.', 'The field "modules[0].id" does not exist: "modules" is short.') {
		is_problem(call(error_response('400 Bad Request', 'PT400', 'Bad Request', $_, 'Do.'), 'PUT', "$base/TKN-1",
			@json, '--data', '{}'), 400, 'Bad Request', $_, detail => $_, hint => 'Do.',
			errors => {'modules[0].id' => [$_]});
	}
};

subtest 'the type of a problem is what Accept asks for' => sub {
	my %types = (
		'application/json' => 1, 'application/json, text/plain' => 1, 'APPLICATION/JSON; charset=utf-8' => 1, 'text/html, application/json;q=0.1' => 1,
		'application/problem+json;q=0.5, application/json' => 1, 'application/json, */*;q=0.1' => 1, 'application/json;q=0.9, application/*;q=0.8' => 1,
		'*/*' => 0, 'application/*' => 0, 'application/problem+json' => 0, 'application/json, application/problem+json' => 0, 'text/html' => 0, '' => 0,
		'application/json;q=0' => 0, 'application/problem+json, application/json;q=0.9' => 0, 'application/json;q=0.5, */*' => 0, 'application/json;q=x' => 0, ';,;' => 0,
	);
	my %answers = (404 => sub { call(undef, 'GET', '/v1', @_) }, 405 => sub { call(undef, 'TRACE', '/v1', @_) },
		400 => sub { call(error_response('400 Bad Request', 'PT400', 'Bad Request', 'x', undef), 'GET', $base, @_) });

	for my $status (sort keys %answers) {
		while (my ($accept, $plain) = each %types) {
			my $answer = $answers{$status}->('--header', $accept eq '' ? 'Accept;' : "Accept: $accept");

			is $answer->{headers}{'content-type'}, $plain ? 'application/json' : 'application/problem+json', "$status, $accept";
			is eval { decode_json($answer->{body})->{status} }, $status, '... the same document';
		}
	}
	is $answers{404}->('--header', 'Accept:')->{headers}{'content-type'}, 'application/problem+json', 'no Accept';
};

subtest 'errors of which the client learns nothing more' => sub {
	my @errors = (
		# a connection that was lost, during COMMIT, say
		(map { ["$_ Whatever", '', 502, 'Bad Gateway'] } 400, 401, 403, 409, 503),
		['400 Bad Request', 'x', 502, 'Bad Gateway'],
		['503 Service Unavailable', '08006', 502, 'Bad Gateway'],
		['503 Service Unavailable', 'PGRST001', 502, 'Bad Gateway'],
		['503 Service Unavailable', 'PGRST000', 503, 'Service Unavailable'],
		['400 Bad Request', '22P05', 400, 'Bad Request'],
		['400 Bad Request', 'PGRST102', 400, 'Bad Request'],
		['409 Conflict', '23505', 409, 'Conflict'],
		['405 Method Not Allowed', '25006', 503, 'Service Unavailable'],
		['400 Bad Request', '0A000', 503, 'Service Unavailable'],
		['500 Internal Server Error', '55P03', 503, 'Service Unavailable'],
		['500 Internal Server Error', '40001', 503, 'Service Unavailable'],
		['500 Internal Server Error', '40P01', 503, 'Service Unavailable'],
		['503 Service Unavailable', '53100', 503, 'Service Unavailable'],
		['503 Service Unavailable', '53300', 503, 'Service Unavailable'],
		['500 Internal Server Error', '53400', 503, 'Service Unavailable'],
		['500 Internal Server Error', '55000', 500, 'Internal Server Error'],
		['500 Internal Server Error', '40003', 500, 'Internal Server Error'],
		['401 Unauthorized', '42501', 403, 'Forbidden'],
		['403 Forbidden', '42501', 403, 'Forbidden'],
		['500 Internal Server Error', '57014', 504, 'Gateway Timeout'],
		['404 Not Found', 'PGRST202', 502, 'Bad Gateway'],
		['404 Not Found', '42P01', 502, 'Bad Gateway'],
		['404 Not Found', 'PT400', 502, 'Bad Gateway'],
		['406 Not Acceptable', 'PGRST107', 502, 'Bad Gateway'],
		['300 Multiple Choices', 'PGRST203', 502, 'Bad Gateway'],
		['500 Internal Server Error', 'XX000', 500, 'Internal Server Error'],
		['500 Internal Server Error', 'PT500', 500, 'Internal Server Error'],
		['507 Insufficient Storage', 'PT507', 500, 'Internal Server Error'],
		['503 Service Unavailable', 'PGRST002', 503, 'Service Unavailable'],
		['504 Gateway Timeout', 'PGRST003', 504, 'Gateway Timeout'],
	);

	is_problem(call(error_response('500 Internal Server Error', 'PGRST300', 'Server lacks JWT secret', undef, undef),
		'GET', $base), 401, 'Unauthorized', 'a JWT, and PostgREST has no key for any',
		detail => 'There is no valid credential.');

	for (@errors) {
		my ($line, $code, $status, $title) = @$_;
		my $answer = call(error_response($line, $code, 'leaked message', 'leaked details of apitoken.api_tokens', 'leaked hint'),
			'POST', "$base/TKN-1/disable");
		is_problem($answer, $status, $title, "$line $code");
		unlike $answer->{body}, qr/leaked|\Q$code\E/, '... and nothing leaks' if length $code > 1;
		unlike $answer->{body}, qr/leaked/, '... and nothing leaks';
		is $answer->{headers}{'retry-after'}, $status == 503 ? '1' : undef, '... Retry-After';
	}

	my %bodies = ('no JSON' => '<html>leaked', 'no body' => '', 'another value' => '["leaked"]', 'null' => 'null',
		'a half' => '{"code": "PT404", "message": "leaked', 'no text' => "{\"code\": \"\xff\"}",
		'an odd code' => '{"code": {"a": "PT500"}, "message": "leaked"}');
	while (my ($name, $body) = each %bodies) {
		is_problem(call(response('500 Internal Server Error', $body), 'GET', $base), 500,
			'Internal Server Error', "an error with $name");
		is_problem(call(response('400 Bad Request', $body), 'GET', $base), 502, 'Bad Gateway', "400 with $name");
	}
	is_problem(call(response('200 OK', ''), 'GET', $base), 502, 'Bad Gateway', 'an answer that is empty');
};

subtest 'PostgREST that does not answer' => sub {
	is_problem(call('', 'DELETE', "$base/TKN-1"), 502, 'Bad Gateway', 'it closes the connection');
	is scalar($upstream->requests), 1, '... and gets the call once';
	is_problem(call("nonsense\r\n\r\n", 'GET', $base), 502, 'Bad Gateway', 'it does not speak HTTP');

	my $header = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
	my %halves = (
		'with a length' => "Connection: close\r\nContent-Length: 100\r\n\r\n{\"id\": {}}",
		'in chunks' => "Transfer-Encoding: chunked\r\n\r\n7\r\n{\"id\": ",
		'without a length' => "\r\n{\"id\": ",
	);
	for (sort keys %halves) {
		is_problem(call($header . $halves{$_}, 'GET', "$base/TKN-1"), 502, 'Bad Gateway', "half an answer $_ is none");
	}
	is call("${header}Transfer-Encoding: chunked\r\n\r\n3\r\n{}\n\r\n0\r\n\r\n", 'GET', $base)->{body}, "{}\n",
		'an answer in chunks is one';

	$upstream->down;
	is_problem($proxy->request('POST', "$base/TKN-1/disable", @bearer), 502, 'Bad Gateway', 'it is down');
	is $proxy->request('HEAD', $base, @bearer)->{status}, 502, 'it is down, HEAD';
	$upstream->up;
	is call(response('200 OK', '{}'), 'GET', $base)->{status}, 200, 'it is up again';
};

subtest 'requests that are hardly HTTP' => sub {
	my $rest = "\r\nHost: localhost\r\nConnection: close\r\n\r\n";

	$upstream->answer(undef);
	is_problem($proxy->send_bytes("GET\r\n\r\n"), 400, 'Bad Request', 'no URL');
	is_problem($proxy->send_bytes("GET $base HTTP/1.1\r\n\r\n"), 400, 'Bad Request', 'no Host');
	is_problem($proxy->send_bytes("GET $base/a b HTTP/1.1$rest"), 400, 'Bad Request', 'a space');
	is_problem($proxy->send_bytes("GET $base HTTP/3.0$rest"), 505, 'HTTP Version Not Supported', 'a version');
	is_problem($proxy->send_bytes("POST $base HTTP/1.1\r\nTransfer-Encoding: gzip$rest"), 501, 'Not Implemented',
		'a transfer encoding');
	is_problem($proxy->send_bytes("POST $base HTTP/1.1\r\nContent-Length: x$rest"), 400, 'Bad Request',
		'a length');
	is_problem($proxy->request('GET', "$base?" . 'x' x 20_000, @bearer), 414, 'URI Too Long', 'a long URL');
	is_problem($proxy->request('GET', $base, '--header', 'A: ' . 'x' x 20_000), 431,
		'Request Header Fields Too Large', 'a long header');
	nothing_arrived('hardly HTTP');

	$upstream->answer(response('200 OK', '{}'));
	is $proxy->send_bytes("GET http://other$base?a HTTP/1.1\r\nAuthorization: Bearer $secret$rest")->{status}, 200,
		'an absolute URL';
	arrived('apitoken_list', {query => 'a'}, '... is read');
	is $proxy->send_bytes("GET $base HTTP/1.0\r\nAuthorization: Bearer $secret\r\n\r\n")->{status}, 200, 'HTTP/1.0';
};

subtest 'HTTP/2, as versions of nginx have it' => sub {
	my %lines = map { my $file = $_; $file => [grep { !/^#/ } split /\n/, StandIn::read_file("conf/shipped/$file")] }
		qw(listen_tls.conf listen_tls_1_22.conf);

	is_deeply $lines{'listen_tls.conf'}, ['listen 443 ssl;', 'listen [::]:443 ssl;', 'http2 on;'], 'a directive of its own';
	is_deeply $lines{'listen_tls_1_22.conf'}, ['listen 443 ssl http2;', 'listen [::]:443 ssl http2;'], '... or of each port';
	is Proxy::listen_file("nginx version: nginx/$_\n"), 'listen_tls.conf', $_ for qw(1.25.1 1.26.3 1.30.0);
	is Proxy::listen_file("nginx version: nginx/$_\n"), 'listen_tls_1_22.conf', $_ for qw(1.18.0 1.22.1 1.25.0);
};

subtest 'TLS' => sub {
	my @tls = ('--cacert', getcwd . '/apitoken.pem', '--unix-socket', $proxy->{tls_socket}, @bearer);

	for my $version ('--http2', '--http1.1') {
		$upstream->answer(response('200 OK', $document));
		my $answer = $proxy->request('GET', "https://localhost$base/a%2Fb", @tls, $version,
			'--header', 'X-Apitoken-Secret: forged');
		is $answer->{body}, $document, $version;
		is $answer->{headers}{'strict-transport-security'}, 'max-age=63072000', "$version: HSTS";
		subtest "$version: safely" => sub { is_safe($answer) };
		arrived('apitoken_get', {id => 'a/b'}, "$version: what arrives");
	}
	is_problem($proxy->request('GET', "https://localhost$base//", @tls), 404, 'Not Found', 'an error');
	is_problem($proxy->request('GET', "http://localhost$base", @tls), 400, 'Bad Request', 'without TLS at the port for it');
};

#
# Logs
#

subtest 'logs' => sub {
	my $answer = call(error_response('404 Not Found', 'PT404', 'Not Found', 'x', undef), 'GET', "$base/a%2Fb?token=$secret");
	my ($line) = grep { /$answer->{headers}{'x-request-id'}/ } split /\n/, $proxy->log('apitoken.access.log');

	like $line, qr{^unix: \[[^]]+\] [0-9a-f]{32} GET \Q$base/a%2Fb\E 404 \d+ [\d.]+s 404/PT404$}, 'line of the access log';
	call(error_response('400 Bad Request', 'PT400', 'Bad Request', 'x', undef), 'GET', "$base/$_") for $secret, "x/$secret", 'IDT%3aTKN-1%3aabc',
		(map { $_ . substr $secret, 4 } '%69dt:', 'i%64t%3A', '%69%64%74%3a', '%49%44%54%3A', '%2569dt%253A', 'id%252574:',
			'%25%36%39dt:', 'id%25%37%34:', 'idt%25%33a', 'idt%25%33%41', 'idt%25%33%61', '%2%35%36%39dt:', '%%36%39dt:'),
		'Zm9-_' x 9, 'x' . ('%5am9-_' x 9) . '/disable', 'TKN-1:' . 'Zm9-_' x 8 . '%41bc';

	# who is gone before he is answered
	for (response('200 OK', $document), error_response('404 Not Found', 'PT404', 'Not Found', 'x', undef), "HTTP/1.1 204 No Content\r\n\r\n") {
		$upstream->answer($_);
		$_->close for begin('192.0.2.1', [map { (["GET $base?token=$secret"], ["GET $base/x?token=$secret"]) } 1 .. 5]), begin('192.0.2.2', [map { ["$base/TKN-$_/disable?token=$secret"] } 1 .. 4]);
		$_->close for begin('192.0.2.3', [map { ["DELETE $base/TKN-$_?token=$secret"], ["$base/none/x?token=$secret"] } 1 .. 4]);
		$upstream->wait_for(14);
		select undef, undef, undef, 0.5;
	}

	$upstream->down;
	$proxy->request('GET', "$base?token=$secret", @bearer);
	$upstream->up;
	for my $log ('apitoken.access.log', 'apitoken.error.log', 'main.error.log', 'main.access.log') {
		unlike $proxy->log($log), qr/idt(:|%3a)|token=|eyJ|Zm9-_/i, "$log has no secret";
	}
	is $proxy->log('main.access.log'), '', 'requests are logged once';
	is $proxy->log('apitoken.error.log'), '', 'the error log is empty';
};

#
# Limits, each where no other test can meet it
#

# What a client of that address asks for, one request after the other.
sub asked_by {
	my ($address, $number) = @_;
	my $request = "GET /v1 HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: $address\r\n";

	return $proxy->send_bytes("$request\r\n" x ($number - 1) . "${request}Connection: close\r\n\r\n");
}

subtest 'too many requests' => sub {
	# the limits are by client, and no request becomes due while they are counted
	$proxy->restart('apitoken.conf' => ['rate=1000r/s', 'rate=1r/m'],
		'site.conf' => ['# set_real_ip_from 127.0.0.1', 'set_real_ip_from unix:', '# real_ip_header', 'real_ip_header']);

	my @answers = asked_by('203.0.113.1', 103);
	is_deeply [map { $_->{status} } @answers], [(404) x 101, (429) x 2], 'what is too much is refused';
	is_problem($answers[101], 429, 'Too Many Requests', 'with its reason');
	is $answers[101]{headers}{'retry-after'}, '1', 'with Retry-After';
	is asked_by('203.0.113.2', 1)->{status}, 404, 'another address is another client';

	asked_by('2001:db8:1:2::1', 101);
	is asked_by('2001:db8:1:2:ffff:ffff:ffff:ffff', 1)->{status}, 429, 'a network of 64 bits is one client';
	is asked_by('2001:db8:1:3::1', 1)->{status}, 404, '... and the next network another';
	is asked_by('2001:db8:1:a::a', 1)->{status}, 404, '... whose address has bytes of white space';
	asked_by('::ffff:203.0.113.3', 101);
	is asked_by('::ffff:203.0.113.3', 1)->{status}, 429, 'an address of IPv4 in one of IPv6 is a client';
	is asked_by('::ffff:203.0.113.4', 1)->{status}, 404, '... and the next one another';
};

subtest 'too many requests at once' => sub {
	my @request = ('GET', "$base/TKN-1", @bearer, '--header');
	my $bytes = "GET $base/TKN-1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer $secret\r\nX-Forwarded-For: 2001:db8:2::";

	$upstream->answer(undef);
	my @connections = map { IO::Socket::UNIX->new($proxy->{socket}) or die "$proxy->{socket}: $!" } 1 .. 32;
	$connections[$_]->syswrite("$bytes$_\r\n\r\n") for 0 .. 31;
	is scalar($upstream->wait_for(32)), 32, '32 are being answered';
	$upstream->say(response('200 OK', $document));
	is_problem($proxy->request(@request, 'X-Forwarded-For: 2001:db8:2::ffff'), 429, 'Too Many Requests', 'another one of the network is refused');
	is $proxy->request(@request, 'X-Forwarded-For: 2001:db8:2:1::')->{status}, 200, '... and not of the next network';
};

# Sends requests, or their beginnings, each from another address, and keeps the connections:
# targets, which a method may precede; header lines; a credential.
sub begin {
	my ($address, $requests) = @_;
	my $number = 0;

	return map {
		my ($target, $header, $credential) = @$_;
		my ($method) = $target =~ s/^([A-Z]+) // ? $1 : 'POST';
		my $connection = IO::Socket::UNIX->new($proxy->{socket}) or die "$proxy->{socket}: $!";
		$connection->syswrite("$method $target HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " . ($credential // $secret) . "\r\n" .
			'X-Forwarded-For: ' . ($address =~ /%/ ? sprintf $address, $number++ : $address) . "\r\n" . ($header // "\r\n"));
		$connection;
	} @$requests;
}

# The rest of a request with a body in JSON.
sub with_body {
	my ($body) = @_;

	return "Content-Type: application/json\r\nContent-Length: " . length($body) . "\r\n\r\n$body";
}

# Begins requests, says how many of them PostgREST gets, and what it is to answer to others.
sub keep_waiting {
	my ($number, $description, $address, $requests) = @_;

	$upstream->answer(undef);
	my @waiting = begin($address, $requests);
	is scalar($upstream->wait_for($number)), $number, $description;
	select undef, undef, undef, 0.3;
	is scalar($upstream->requests), $number, '... and no more';
	$upstream->say(response('200 OK', $document));
	return @waiting;
}

subtest 'who waits for one token' => sub {
	my $ask = sub { $proxy->request('POST', $_[0], @bearer, '--header', 'X-Forwarded-For: ' . ($_[1] // '192.0.2.99')) };

	$upstream->answer(undef);
	my @waiting = begin('192.0.2.99', [["$base/TKN-1/disable"], ["/public$base/%54KN-1/disable/"], ["$base/TKN-1/ensure-disabled?select=id"], ["/v1//accounts/../accounts/api-tokens/TKN-1/disable"],
		["$base/TKN-1/disable?x"]]);
	is scalar($upstream->wait_for(4)), 4, 'four wait';
	$upstream->say(response('200 OK', $document));
	my $answer = $ask->("$base/TKN-1/disable");
	is_problem($answer, 503, 'Service Unavailable', 'a fifth does not');
	is $answer->{headers}{'retry-after'}, '1', '... and is told to try again';
	is $ask->("/public$base/TKN-%31/ensure-disabled/")->{status}, 503, '... nor by another path';
	is $ask->($_)->{status}, 200, $_ for "$base/TKN-2/disable", "$base/tkn-1/disable", "$base/disable?a=b", '/v1/accounts/accounts/TKN-1/api-tokens/disable', "$base/TKN-1/enable";
	$_->close for @waiting;
	select undef, undef, undef, 0.3;
	is $ask->("$base/TKN-1/disable")->{status}, 503, 'who hangs up waits there all the same';

	# a turn is for who has sent all of it, with a credential
	my @slow = begin('192.0.2.%d', [(["$base/TKN-3/disable", "Content-Length: 2\r\n\r\n"]) x 8]);
	is $ask->("$base/TKN-3/disable")->{status}, 200, 'who sends slowly keeps nobody waiting';
	is $proxy->request('POST', "$base/TKN-1/disable")->{status}, 401, 'who has no credential is told so';

	$proxy->restart;
	@waiting = keep_waiting(8, 'one credential waits for eight tokens', '192.0.2.%d', [map { ["$base/TKN-$_/disable"] } 11 .. 19]);
	is $ask->("$base/TKN-27/disable")->{status}, 503, '... and for no other';
	@waiting = keep_waiting(16, 'one client waits for sixteen tokens', '192.0.2.50', [map { ["$base/TKN-$_/disable", undef, "idt:TKN-$_:x"] } 31 .. 47]);
	is $ask->("$base/TKN-27/enable", '192.0.2.50')->{status}, 200, '... and does whatever else it likes';
	$proxy->restart;
	@waiting = keep_waiting(16, 'again', '192.0.2.50', [map { ["$base/TKN-$_/disable", undef, "idt:TKN-$_:x"] } 31 .. 47]);
	is $ask->("$base/TKN-27/disable", '192.0.2.50')->{status}, 503, '... and for no other';
	is $ask->("$base/TKN-27/disable")->{status}, 200, '... which another client disables';
};

# Nobody who keeps something locked keeps others from anything else.
subtest 'who waits to change something' => sub {
	my $other = 'idt:TKN-9:other';
	my $ask = sub {
		my ($call, $address, $credential) = @_;
		my ($method, $target) = $call =~ /^([A-Z]+) (.*)/;
		return $proxy->request($method, $target, '--header', 'Authorization: Bearer ' . ($credential // $secret), '--header', 'X-Forwarded-For: ' . ($address // '192.0.2.99'),
			$method eq 'PUT' ? (@json, '--data', '{}') : ());
	};

	$proxy->restart;
	my @waiting = keep_waiting(4, 'one client changes one token four times', '192.0.2.50', [["PUT $base/TKN-1", with_body('{"name": "x"}')], ["PUT /public$base/%54KN-1/", with_body('{}')],
		["$base/TKN-1/rotate"], ["$base/TKN-1/enable"], ["DELETE $base/TKN-1"], ["$base/TKN-1/release"]]);
	my $answer = $ask->("POST $base/TKN-1/rotate", '192.0.2.50', $other);
	is_problem($answer, 503, 'Service Unavailable', 'a fifth time it does not');
	is $answer->{headers}{'retry-after'}, '1', '... and is told to try again';
	is $ask->($_, '192.0.2.50')->{status}, 200, $_ for "GET $base/TKN-1", "POST $base/TKN-1/disable", "PUT $base/TKN-2", "POST $base/TKN-2/rotate", "POST $base/enable";
	is $ask->("PUT $base/TKN-1")->{status}, 200, '... and another client changes it';
	$_->close for @waiting;

	my $long = 'idt:TKN-1:' . 'x' x 300;
	$proxy->restart;
	begin('192.0.2.%d', [(["PUT $base/TKN-1", "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n", $long]) x 17]);
	is $ask->("PUT $base/TKN-1", undef, $long)->{status}, 200, 'who sends slowly is not counted';
	@waiting = keep_waiting(16, 'one credential changes sixteen', '192.0.2.%d', [map { ["$base/TKN-$_/rotate", undef, $long] } 11 .. 27]);
	is $ask->("PUT $base/TKN-20", undef, $long)->{status}, 503, '... and no other';
	is $ask->($_, undef, $long)->{status}, 200, "... which does $_" for "GET $base/TKN-20", "POST $base/TKN-20/disable";
	is $ask->("PUT $base/TKN-20")->{status}, 200, '... which another changes';
	$_->close for @waiting;

	$proxy->restart;
	@waiting = keep_waiting(16, 'one client changes sixteen', '192.0.2.50', [map { ["$base/TKN-$_/rotate", undef, "idt:TKN-$_:x"] } 11 .. 27]);
	is $ask->("PUT $base/TKN-30", '192.0.2.50', $other)->{status}, 503, '... and no other';
	is $ask->("PUT $base/TKN-30", undef, $other)->{status}, 200, '... which another changes';
	push @waiting, keep_waiting(8, 'another one', '192.0.2.51', [map { ["PUT $base/TKN-$_", with_body('{}'), "idt:TKN-$_:x"] } 31 .. 38]);
	$answer = $ask->("PUT $base/TKN-40", undef, $other);
	is_problem($answer, 503, 'Service Unavailable', 'twenty-four are changed at once');
	is $answer->{headers}{'retry-after'}, '1', '... and others are told to try again';
	is $ask->($_)->{status}, 200, "... and beside that $_" for "GET $base/TKN-11", "POST $base/TKN-11/disable";
	$_->close for @waiting;
};

subtest 'who waits to revoke' => sub {
	my $revocation = ["$base/revoke", with_body('{"secrets": ["idt:TKN-1:a"]}')];
	my $ask = sub { $proxy->request('POST', "$base/revoke", '--header', "X-Forwarded-For: $_[0]", @json, '--data', '{"secrets": []}')->{status} };

	$proxy->restart('apitoken.conf' => ['zone=apitoken_revoke burst=20', 'zone=apitoken_revoke burst=200']);
	my @waiting = keep_waiting(12, 'twelve revocations wait', '192.0.2.%d', [($revocation) x 14]);
	is $ask->('192.0.2.60'), 503, '... and no more';
	is $proxy->request('POST', "$base/TKN-1/$_", @bearer)->{status}, 200, "... which are in nobody's way: $_" for 'disable', 'enable';
	$_->close for @waiting;

	$proxy->restart;
	@waiting = keep_waiting(3, 'three of one client', '192.0.2.60', [($revocation) x 6]);
	is $ask->('192.0.2.60'), 503, '... and no more';
	is $ask->('192.0.2.61'), 204, '... and those of others';
	$_->close for @waiting;
};

# nginx counts a request until its client has taken the answer, or has ended the connection.
subtest 'who keeps a connection, without a credential that counts, keeps nothing else' => sub {
	$proxy->restart;
	$upstream->answer(response('401 Unauthorized', '{"code": "PT401"}'));
	my @lingering = begin('192.0.2.70', [map { [$_, "Connection: close\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}x", "idt:TKN-1:$_"] }
		("$base/TKN-1/disable") x 6, ("PUT $base/TKN-1") x 6, ("$base/disable") x 6, ("$base/revoke") x 6]);
	$upstream->wait_for(8);
	select undef, undef, undef, 0.5;
	$upstream->say(response('200 OK', $document));
	is $proxy->request('POST', "$base/TKN-1/disable", @bearer, '--header', 'X-Forwarded-For: 192.0.2.70')->{status}, 503, 'his own calls are counted';
	is $proxy->request('POST', $_, @bearer)->{status}, 200, $_ for "$base/TKN-1/disable", "$base/TKN-1/enable", "$base/disable?id=TKN-2";
	is $proxy->request('PUT', "$base/TKN-1", @bearer, @json, '--data', '{}')->{status}, 200, 'PUT';
	is $proxy->request('POST', "$base/revoke", @json, '--data', '{"secrets": []}')->{status}, 204, 'revoke';
	$_->close for @lingering;
};

subtest 'PostgREST that takes too long' => sub {
	$proxy->restart('apitoken.conf' => [map { ("proxy_read_timeout $_", 'proxy_read_timeout 1s') } qw(60s 75s)]);
	is_problem(call(undef, @$_), 504, 'Gateway Timeout', "@$_"), is scalar($upstream->requests), 1, '... and gets the call once'
		for ['POST', "$base/TKN-1/disable"], ['POST', "$base/TKN-1/enable"];
};

done_testing;
