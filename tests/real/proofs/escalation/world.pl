# Queues of one run, a lifecycle of its own for one of them, people who lack something, and
# two automations that put a priority back.   world.pl RUN
use strict;
use warnings;
use lib '/usr/share/request-tracker5/lib', '/usr/local/share/request-tracker5/lib';
use RT;
RT::LoadConfig();
RT::Init();

my $run = shift;
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

my @queues;
for my $name (qw(plain ruled loud strict)) {
    my $queue = RT::Queue->new($system);
    my %more = $name eq 'strict' ? ( Lifecycle => 'opened first' ) : ();
    check( $name, $queue->Create( Name => "$name $run", %more ) );
    push @queues, $queue;
}
my $far = RT::Queue->new($system);
check( 'far', $far->Create( Name => "far $run" ) );
field( $_, @queues ) for 'sdsync mark', 'sdsync tags', 'sdsync peer', "Room $run", "Hidden $run";
field( "Far $run", $far );

# Nora may own nothing; of Pia no other product knows; the robot is a script with an account.
my $agents = RT::Group->new($system);
$agents->LoadUserDefinedGroup('Agents');
for my $login (qw(nora olaf pia robot)) {
    my $user = RT::User->new($system);
    check( $login, $user->Create(
        Name         => "$login-$run",
        RealName     => ucfirst($login),
        EmailAddress => "$login-$run\@example.org",
        Privileged   => 1,
    ) );
    check( $login, $agents->AddMember( $user->PrincipalId ) ) unless $login eq 'nora';
}

# Whoever raises the priority of such a ticket finds it low again.
my $raised = <<'CODE';
my $change = $self->TransactionObj;
return $change->Type eq 'Set' && $change->Field eq 'Priority' && $change->NewValue > 0
    && $self->TicketObj->Subject =~ /^WORD /;
CODE
my $lowers = <<'CODE';
my $who = RT::CurrentUser->new( RT->SystemUser );
$who->Load('WHO');
my $ticket = RT::Ticket->new($who);
$ticket->Load( $self->TicketObj->Id );
my ($ok) = $ticket->SetPriority(0);
return $ok;
CODE
my %fights = ( system => 'RT_System', robot => "robot-$run" );
for my $word ( sort keys %fights ) {
    my $scrip = RT::Scrip->new($system);
    check( 'scrip', $scrip->Create(
        Queue                  => $queues[0]->id,
        Description            => "low, says $word",
        ScripCondition         => 'User Defined',
        ScripAction            => 'User Defined',
        Template               => 'Blank',
        CustomIsApplicableCode => $raised =~ s/WORD/$word/r,
        CustomPrepareCode      => 'return 1;',
        CustomCommitCode       => $lowers =~ s/WHO/$fights{$word}/r,
    ) );
}
print "MADE\n";
