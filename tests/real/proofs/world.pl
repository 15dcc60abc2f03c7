# Queues of one run of the proofs, each with the custom field for our mark.   world.pl NAME...
use strict;
use warnings;
use lib '/usr/share/request-tracker5/lib', '/usr/local/share/request-tracker5/lib';
use RT;
RT::LoadConfig();
RT::Init();

my $system = RT->SystemUser;

sub check {
    my ( $what, $ok, $message ) = @_;
    die "$what: " . ( $message // 'refused' ) . "\n" unless $ok;
    return $ok;
}

my $everyone = RT::Group->new($system);
$everyone->LoadSystemInternalGroup('Everyone');
my $mark = RT::CustomField->new($system);
$mark->LoadByName( Name => 'sdsync mark', LookupType => 'RT::Queue-RT::Ticket' );
check( 'sdsync mark', $mark->id, 'no such field' );
for my $name (@ARGV) {
    my $queue = RT::Queue->new($system);
    check( $name, $queue->Create( Name => $name ) );
    check( $name, $mark->AddToObject($queue) );
    # What a queue that takes customers' mail needs.
    for my $right (qw(CreateTicket ReplyToTicket)) {
        check( $right, $everyone->PrincipalObj->GrantRight( Right => $right, Object => $queue ) );
    }
}

print "MADE\n";
