# A private nginx with the configuration of deploy/nginx, and clients of it.
package Proxy;

use strict;
use warnings;
use IO::Socket::UNIX;
use POSIX 'WNOHANG';
use StandIn;

# Replaces what a test on the machine cannot leave as it is; dies if that is
# no longer there, so that what is tested stays what is shipped.
sub change {
	my ($file, @changes) = @_;
	my $text = StandIn::read_file($file);

	while (my ($old, $new) = splice @changes, 0, 2) {
		$text =~ s/\Q$old\E/$new/g or die "$file has no \"$old\"";
	}
	StandIn::write_file($file, $text);
}

# Which of the two ways to say HTTP/2 nginx of this version knows, by what -v prints.
sub listen_file {
	my ($version) = @_;
	my ($minor, $patch) = $version =~ m{nginx/1\.(\d+)\.(\d+)};

	return $minor > 25 || $minor == 25 && $patch > 0 ? 'listen_tls.conf' : 'listen_tls_1_22.conf';
}

# Starts nginx below a folder in which conf/apitoken is a copy of deploy/nginx.
sub start {
	my ($class, $folder) = @_;
	my $conf = "$folder/conf/apitoken";
	my $self = bless {folder => $folder, socket => "$folder/http.sock",
		tls_socket => "$folder/tls.sock"}, $class;

	# one server that is always down, and the stand-in, twice
	change("$conf/upstream.conf", 'server unix:/run/postgrest/apitoken.sock;', join "\n\t",
		map { "server unix:$folder/$_.sock max_fails=0;" } qw(down postgrest postgrest));
	change("$conf/upstream.conf", 'server unix:/run/postgrest/apitoken.sock max_conns', "server unix:$folder/postgrest.sock max_conns");
	change("$conf/upstream.conf", 'server unix:/run/postgrest-rescue/apitoken.sock;',
		"server unix:$folder/" . (-e "$folder/rescue.sock" ? 'rescue' : 'postgrest') . '.sock;');
	my $listen = listen_file(scalar `nginx -v 2>&1`);
	change("$conf/site.conf", 'listen 127.0.0.1:8080;', "listen unix:$self->{socket};",
		'# include apitoken/tls.conf;', 'include apitoken/tls.conf;',
		"# include apitoken/$listen;", "include apitoken/$listen;",
		'/var/log/nginx/', "$folder/");
	change("$conf/$listen", 'listen 443 ', "listen unix:$self->{tls_socket} ",
		'listen [::]:443 ', '# listen [::]:443 ');
	change("$conf/tls.conf",
		'/etc/ssl/certs/', "$folder/", '/etc/ssl/private/', "$folder/");
	# only one test is meant to meet the limit
	change("$conf/apitoken.conf", 'rate=50r/s', 'rate=1000r/s');
	return $self->launch;
}

# Starts it again, with what is changed in its files: by their names, old and new text.
sub restart {
	my ($self, %files) = @_;

	$self->stop;
	unlink @$self{qw(socket tls_socket)};
	change("$self->{folder}/conf/apitoken/$_", @{$files{$_}}) for keys %files;
	return $self->launch;
}

sub launch {
	my ($self) = @_;
	my $folder = $self->{folder};

	$self->{pid} = fork // die "fork: $!";
	if ($self->{pid} == 0) {
		exec 'nginx', '-p', $folder, '-c', "$folder/conf/nginx.conf" or die "nginx: $!";
	}
	for (1 .. 600) {
		return $self->forbid_files if IO::Socket::UNIX->new($self->{socket});
		last if waitpid($self->{pid}, WNOHANG) != 0;
		select(undef, undef, undef, 0.1);
	}
	die "nginx does not start";
}

# Answers may hold secrets: none is ever written to a file.
sub forbid_files {
	my ($self) = @_;

	chmod 0500, "$self->{folder}/unwritable" or die "unwritable: $!";
	return $self;
}

sub stop {
	my ($self) = @_;

	kill('TERM', $self->{pid});
	waitpid($self->{pid}, 0);
}

sub log {
	my ($self, $name) = @_;

	return StandIn::read_file("$self->{folder}/$name");
}

# Returns the header lines and the body that curl would send, if it is given nothing
# but headers and a body, and they are in need of nothing that it does; else nothing.
sub only_headers_and_body {
	my ($lines, $body) = ('', undef);

	while (my ($option, $value) = splice @_, 0, 2) {
		if ($option eq '--header' && $value =~ /^(?!expect|transfer-encoding)[\w-]+: [^\r\n]*\S$/i) {
			$lines .= "$value\r\n";
		} elsif ($option =~ /^--data(-binary)?$/ && !defined $body) {
			$body = $value =~ /^\@(.*)/s ? StandIn::read_file($1) : $value;
			return if length $body > 65536;
		} else {
			return;
		}
	}
	$lines .= "Accept: */*\r\n" unless $lines =~ /^accept:/im;
	return "$lines\r\n" unless defined $body;
	$lines .= "Content-Type: application/x-www-form-urlencoded\r\n" unless $lines =~ /^content-type:/im;
	return $lines . 'Content-Length: ' . length($body) . "\r\n\r\n$body";
}

# Puts a body together that came in chunks.
sub join_chunks {
	my ($answer) = @_;
	my $body = '';

	return $answer unless ($answer->{headers}{'transfer-encoding'} // '') eq 'chunked';
	while ($answer->{body} =~ /\G([0-9a-f]+)\r\n/gci && hex $1) {
		$body .= substr $answer->{body}, pos $answer->{body}, hex $1;
		pos($answer->{body}) += 2 + hex $1;
	}
	$answer->{body} = $body;
	return $answer;
}

# Sends a request, by curl, which is given further arguments, unless they are headers
# and a body alone: to start it takes longer than most answers do.  Returns the answer.  The target,
# a path or a whole URL, goes out as it is.
sub request {
	my ($self, $method, $target, @arguments) = @_;
	my $rest = $target =~ m{^/[!-~]*$} ? only_headers_and_body(@arguments) : undef;
	return join_chunks(scalar $self->send_bytes(
			"$method $target HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n$rest"))
		if defined $rest;

	my ($header, $body) = map { "$self->{folder}/answer.$_" } qw(header body);

	unlink $header, $body;
	my @command = ('curl', '--silent', '--path-as-is', '--globoff', '--max-time', 100,
		'--unix-socket', $self->{socket}, '--dump-header', $header, '--output', $body,
		$method eq 'HEAD' ? '--head' : ('--request', $method),
		@arguments, $target =~ /^http/ ? $target : "http://localhost$target");
	my $code = system { $command[0] } @command;

	return parse_header(StandIn::read_file($header), StandIn::read_file($body), $code >> 8);
}

# Sends bytes, which need not be HTTP, and returns the answer, or all of them.
sub send_bytes {
	my ($self, $bytes) = @_;
	my $connection = IO::Socket::UNIX->new($self->{socket}) or die "$self->{socket}: $!";

	print $connection $bytes;
	$connection->flush;
	my $answers = do { local $/; <$connection> } // '';
	my @answers = map { parse_header(split(/(?<=\r\n\r\n)/, $_, 2), 0) }
		split m{(?=HTTP/1\.1 \d+ )}, $answers;
	return wantarray ? @answers : $answers[0];
}

# Of several header blocks (100 Continue) the last is the answer's.
sub parse_header {
	my ($text, $body, $exit) = @_;
	my ($line, @lines) = split /\r\n/, (split /\r\n\r\n/, $text)[-1] // '';
	my %answer = (exit => $exit, body => $body, headers => {}, status => 0);

	($answer{status}) = $line =~ m{^HTTP/\S+ (\d+)} if defined $line;
	for (@lines) {
		my ($name, $value) = /^([^:]+): ?(.*)$/;
		$name = lc $name;
		$answer{headers}{$name} = exists $answer{headers}{$name} ?
			"$answer{headers}{$name} | $value" : $value;
	}
	return \%answer;
}

1;
