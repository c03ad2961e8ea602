# nginx with the configuration of deploy/nginx, until the standard input ends.
use strict;
use warnings;
use Proxy;

my $proxy = Proxy->start($ENV{PWD});

$| = 1;
print "started\n";
1 while <STDIN>;
$proxy->stop;
