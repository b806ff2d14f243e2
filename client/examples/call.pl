#!/usr/bin/perl
# call.pl: calls pxd from a language without a MessagePack library: perl call.pl .../rpc.sock [METHOD]
# A request is the list [0, id, method, []]; the answer [1, id, error, result] is printed, one key a line.
use strict;
use warnings;
use IO::Socket::UNIX;

my ($path, $method) = (@ARGV, 'server.info');
my $socket = IO::Socket::UNIX->new(Peer => $path) or die "$path: $!\n";
$socket->print("\x94\x00\x01" . pack('C/a', $method) =~ s/^(.)/chr(0xa0 | ord $1)/er . "\x90");
$socket->flush;
$socket->shutdown(1);
binmode $socket;
my $answer = do { local $/; <$socket> };

sub take { my ($size) = @_; return substr $answer, 0, $size, ''; }

sub value {
    my $type = ord take(1);
    return $type if $type < 0x80;
    return { map { value() => value() } 1 .. $type & 15 } if $type < 0x90;
    return [ map { value() } 1 .. $type & 15 ] if $type < 0xa0;
    return take($type & 31) if $type < 0xc0;
    return ('nil', undef, 'false', 'true')[$type - 0xc0] if $type < 0xc4;
    my $long = {0xd9 => ['C', 1], 0xda => ['n', 2], 0xdb => ['N', 4]}->{$type};
    return take(unpack $long->[0], take $long->[1]) if $long;
    return [ map { value() } 1 .. unpack 'n', take 2 ] if $type == 0xdc;
    return { map { value() => value() } 1 .. unpack 'n', take 2 } if $type == 0xde;
    return $type - 256 if $type >= 0xe0;
    my %number = (0xca => ['f>', 4], 0xcb => ['d>', 8], 0xcc => ['C', 1], 0xcd => ['n', 2], 0xce => ['N', 4], 0xcf => ['Q>', 8], 0xd0 => ['c', 1], 0xd1 => ['s>', 2], 0xd2 => ['l>', 4], 0xd3 => ['q>', 8]);
    my $form = $number{$type} or die sprintf "unknown type %02x\n", $type;
    return unpack $form->[0], take $form->[1];
}
my (undef, undef, $error, $result) = @{ value() };
my $map = ref $error ? $error : $result;
print "$_: ", (ref $map->{$_} ? '...' : $map->{$_}), "\n" for sort keys %$map;
exit(ref $error ? 1 : 0);
