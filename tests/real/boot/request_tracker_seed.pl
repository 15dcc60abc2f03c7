# What the tests find in Request Tracker: three queues, two agents, one customer, the
# account of sdsync with sensible rights, and the custom fields that it asks for.
use strict;
use warnings;
use lib '/usr/share/request-tracker5/lib', '/usr/local/share/request-tracker5/lib';
use RT;
RT::LoadConfig();
RT::Init();
require RT::AuthToken;

my $home = $ENV{BOOT_HOME};
my $system = RT->SystemUser;

sub check {
    my ( $what, $ok, $message ) = @_;
    die "$what: " . ( $message // 'refused' ) . "\n" unless $ok;
    return $ok;
}

sub read_file {
    open my $file, '<', shift or die $!;
    chomp( my $line = <$file> );
    return $line;
}

sub token_for {
    my $user = shift;
    my $token = RT::AuthToken->new($system);
    my ( $id, $message, $text ) = $token->Create( Owner => $user->id, Description => 'tests' );
    check( 'token', $id, $message );
    open my $file, '>', "$home/token-" . $user->Name or die $!;
    print {$file} $text;
    close $file or die $!;
}

sub person {
    my ( $login, $name, $privileged ) = @_;
    my $user = RT::User->new($system);
    check( $login, $user->Create(
        Name         => $login,
        RealName     => $name,
        EmailAddress => "$login\@example.org",
        Privileged   => $privileged,
    ) );
    return $user;
}

my $root = RT::User->new($system);
$root->Load('root');
check( 'password', $root->SetPassword( read_file("$home/secret-admin") ) );
token_for($root);

my $escalated = RT::Queue->new($system);
check( 'queue', $escalated->Create( Name => 'Escalated', Description => 'What development must see' ) );
my $general = RT::Queue->new($system);
$general->Load('General');

# Its tickets have a team: a role that takes groups.
my $teams = RT::Queue->new($system);
check( 'queue', $teams->Create( Name => 'Teams', Description => 'What groups work on' ) );
my $role = RT::CustomRole->new($system);
check( 'role', $role->Create( Name => 'Team', MaxValues => 0 ) );
check( 'role', $role->AddToObject( ObjectId => $teams->id ) );

my $agents = RT::Group->new($system);
check( 'group', $agents->CreateUserDefinedGroup( Name => 'Agents', Description => 'The desk' ) );
for my $who ( [ 'agent1', 'Agent One' ], [ 'agent2', 'Agent Two' ] ) {
    my $user = person( @$who, 1 );
    check( 'member', $agents->AddMember( $user->PrincipalId ) );
    token_for($user);
}
my $second = RT::Group->new($system);
check( 'group', $second->CreateUserDefinedGroup( Name => 'Second line' ) );
my $first = RT::User->new($system);
$first->Load('agent1');
check( 'member', $second->AddMember( $first->PrincipalId ) );
person( 'customer1', 'Customer One', 0 );
my $sdsync = person( 'sdsync', 'sdsync', 1 );
token_for($sdsync);

# What agents need, and what sdsync needs: no rights to administer anything.
my @work = qw(
    SeeQueue CreateTicket ShowTicket ShowTicketComments CommentOnTicket ReplyToTicket
    ModifyTicket OwnTicket Watch WatchAsAdminCc SeeCustomField ModifyCustomField SeeGroup
);
for my $right (@work) {
    check( $right, $agents->PrincipalObj->GrantRight( Right => $right, Object => RT->System ) );
    check( $right, $sdsync->PrincipalObj->GrantRight( Right => $right, Object => RT->System ) );
}
# Without it an account may only give away what it owns itself, or what nobody owns.
for my $who ( $agents, $sdsync ) {
    check( 'ReassignTicket', $who->PrincipalObj->GrantRight( Right => 'ReassignTicket', Object => RT->System ) );
}
check( 'DeleteTicket', $agents->PrincipalObj->GrantRight( Right => 'DeleteTicket', Object => RT->System ) );

my %fields = (
    'sdsync mark' => [ 'Freeform', 1 ],
    'sdsync tags' => [ 'Freeform', 0 ],
    'sdsync peer' => [ 'Freeform', 1 ],
    'Environment' => [ 'Select', 1, qw(Production Staging Test) ],
);
for my $name ( sort keys %fields ) {
    my ( $type, $max, @values ) = @{ $fields{$name} };
    my $field = RT::CustomField->new($system);
    check( $name, $field->Create(
        Name => $name, Type => $type, MaxValues => $max, LookupType => 'RT::Queue-RT::Ticket',
    ) );
    check( $name, $field->AddValue( Name => $_ ) ) for @values;
    check( $name, $field->AddToObject($_) ) for $escalated, $teams;
}
# With WEBHOOK_URL and WEBHOOK_SECRET in the environment: the scrip that we ship.
if ( $ENV{WEBHOOK_URL} ) {
    open my $file, '<', $ENV{WEBHOOK_SCRIP} or die $!;
    my $code = do { local $/; <$file> };
    $code =~ s/^my \$url .*$/my \$url = '$ENV{WEBHOOK_URL}';/m;
    $code =~ s/^my \$secret .*$/my \$secret = '$ENV{WEBHOOK_SECRET}';/m;
    my $scrip = RT::Scrip->new($system);
    check( 'scrip', $scrip->Create(
        Queue             => 0,
        Description       => 'sdsync',
        ScripCondition    => 'On Transaction',
        ScripAction       => 'User Defined',
        Template          => 'Blank',
        CustomPrepareCode => 'return 1;',
        CustomCommitCode  => $code,
    ) );
}
print "SEEDED\n";
