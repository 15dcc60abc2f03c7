# Queues of one run and an account of sdsync's own, or a new token for it in place of the old.
#   world.pl make RUN NAME...        world.pl revoke RUN        world.pl token RUN
use strict;
use warnings;
use lib '/usr/share/request-tracker5/lib', '/usr/local/share/request-tracker5/lib';
use RT;
RT::LoadConfig();
RT::Init();
require RT::AuthToken;
require RT::AuthTokens;

my ( $deed, $run, @names ) = @ARGV;
my $system = RT->SystemUser;

sub check {
    my ( $what, $ok, $message ) = @_;
    die "$what: " . ( $message // 'refused' ) . "\n" unless $ok;
    return $ok;
}

sub field {
    my ( $name, @queues ) = @_;
    my $field = RT::CustomField->new($system);
    $field->LoadByName( Name => $name, LookupType => 'RT::Queue-RT::Ticket' );
    check( $name, $field->Create(
        Name => $name, Type => 'Freeform', MaxValues => 1, LookupType => 'RT::Queue-RT::Ticket',
    ) ) unless $field->id;
    check( $name, $field->AddToObject($_) ) for @queues;
}

my $account = RT::User->new($system);
if ( $deed eq 'make' ) {
    check( 'account', $account->Create(
        Name => "key-$run", RealName => 'Key', EmailAddress => "key-$run\@example.org",
        Privileged => 1,
    ) );
    my $stock = RT::User->new($system);
    $stock->Load('sdsync');
    my $rights = RT::ACL->new($system);
    $rights->LimitToPrincipal( Id => $stock->PrincipalId );
    while ( my $one = $rights->Next ) {
        my $right = $one->RightName;
        next if $account->HasRight( Right => $right, Object => RT->System );
        check( $right, $account->PrincipalObj->GrantRight( Right => $right, Object => RT->System ) );
    }
    my @queues;
    for my $name (@names) {
        my $queue = RT::Queue->new($system);
        check( $name, $queue->Create( Name => "$name $run" ) );
        push @queues, $queue;
    }
    field( $_, @queues ) for 'sdsync mark', 'sdsync tags', 'sdsync peer', "Stage $run";
}
$account->Load("key-$run");
if ( $deed eq 'revoke' ) {
    my $tokens = RT::AuthTokens->new($system);
    $tokens->LimitOwner( VALUE => $account->id );
    while ( my $one = $tokens->Next ) {
        check( 'token', $one->Delete );
    }
    print "REVOKED=1\n";
}
else {
    my $token = RT::AuthToken->new($system);
    my ( $id, $message, $text ) = $token->Create( Owner => $account->id, Description => 'proofs' );
    check( 'token', $id, $message );
    print "KEY=$text\n";
}
