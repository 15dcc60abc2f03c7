# A queue, and the shipped scrip in it as an administrator would make it.   scrip.pl QUEUE FILE
use strict;
use warnings;
use lib '/usr/share/request-tracker5/lib', '/usr/local/share/request-tracker5/lib';
use RT;
RT::LoadConfig();
RT::Init();

my ( $name, $file ) = @ARGV;
my $system = RT->SystemUser;
open my $in, '<:encoding(UTF-8)', $file or die "$file: $!\n";
my $code = do { local $/; <$in> };

my $queue = RT::Queue->new($system);
my ( $ok, $message ) = $queue->Create( Name => $name );
die "queue: $message\n" unless $ok;
my $scrip = RT::Scrip->new($system);
( $ok, $message ) = $scrip->Create(
    Queue                  => $queue->id,
    Description            => 'ring sdsync',
    ScripCondition         => 'On Transaction',
    ScripAction            => 'User Defined',
    Template               => 'Blank',
    Stage                  => 'TransactionCreate',
    CustomPrepareCode      => 'return 1;',
    CustomCommitCode       => $code,
);
die "scrip: $message\n" unless $ok;
print "MADE\n";
