# A stand-in for PostgREST: writes down every request as it arrives, byte for
# byte, and answers what it was told to.
package StandIn;

use strict;
use warnings;
use IO::Socket::UNIX;
use JSON::PP;
use POSIX ();
use Socket qw(SOMAXCONN);

sub write_file {
	my ($path, $content) = @_;

	open(my $file, '>:raw', "$path.new") or die "$path.new: $!";
	print $file $content;
	close($file) or die "$path.new: $!";
	rename("$path.new", $path) or die "$path: $!";
}

sub read_file {
	my ($path) = @_;

	open(my $file, '<:raw', $path) or return '';
	local $/;
	return <$file> // '';
}

# Starts one that listens at folder/postgrest.sock.
sub start {
	my ($class, $folder) = @_;
	my $self = bless {folder => $folder, socket => "$folder/postgrest.sock"}, $class;

	$self->up;
	return $self;
}

sub up {
	my ($self) = @_;
	my $listener = IO::Socket::UNIX->new(Local => $self->{socket}, Listen => SOMAXCONN)
		or die "$self->{socket}: $!";

	$self->{pid} = fork // die "fork: $!";
	return if $self->{pid};

	# a group of its own, so that the processes of its connections end with it
	setpgrp;
	$SIG{TERM} = 'DEFAULT';
	$SIG{CHLD} = 'IGNORE';
	while (1) {
		my $connection = $listener->accept or next;
		my $pid = fork // die "fork: $!";
		if ($pid == 0) {
			1 while $self->serve($connection);
			POSIX::_exit(0);
		}
	}
}

sub down {
	my ($self) = @_;

	kill('TERM', -$self->{pid}, $self->{pid});
	waitpid($self->{pid}, 0);
	unlink $self->{socket};
}

# Says what the next requests are answered: the bytes of an HTTP response, ''
# to close the connection instead, undef for no answer at all.
sub answer {
	my ($self, $response) = @_;

	$self->say($response);
	unlink "$self->{folder}/requests";
}

# The same, and those that have arrived are still there.
sub say {
	my ($self, $response) = @_;

	write_file("$self->{folder}/response", $response // 'none');
}

# Returns the requests since then.
sub requests {
	my ($self) = @_;

	return map { decode_json($_) } split /\n/, read_file("$self->{folder}/requests");
}

# Returns them when there are so many; or those that there are, when no more are to be expected.
sub wait_for {
	my ($self, $number) = @_;

	for (1 .. 1200) {
		last if $self->requests >= $number;
		select(undef, undef, undef, 0.1);
	}
	return $self->requests;
}

# Serves one request; returns false when the connection is done.
sub serve {
	my ($self, $connection) = @_;
	my $request = read_request($connection) or return 0;

	# first, since who sees that the request is there may say something else
	my $response = read_file("$self->{folder}/response");
	open(my $file, '>>:raw', "$self->{folder}/requests") or die "requests: $!";
	syswrite($file, encode_json($request) . "\n");
	close $file;

	sleep 60 if $response eq 'none';
	print $connection $response;
	$connection->flush;

	# without a length the end of the connection ends the body
	return $response !~ /\r\nConnection: close\r\n/ &&
		$response =~ /^HTTP\S+ 204|\r\nContent-Length:/i;
}

# Characters of what is read stand for bytes.
sub read_request {
	my ($connection) = @_;
	my ($line, %request) = (scalar <$connection>);

	return unless defined $line;
	@request{qw(method target version)} = $line =~ m{^(\S+) (\S+) (HTTP/\S+)\r\n$}
		or die "request line: $line";
	$request{headers} = [];
	while (defined($line = <$connection>) && $line ne "\r\n") {
		push @{$request{headers}}, [$line =~ /^([^:]+): ?(.*)\r\n$/];
	}
	my ($length) = map { $_->[1] } grep { lc $_->[0] eq 'content-length' } @{$request{headers}};
	$request{body} = '';
	read($connection, $request{body}, $length) if $length;
	return \%request;
}

1;
