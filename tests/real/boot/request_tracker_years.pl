# What a desk wrote down before anybody heard of sdsync: tickets of standard input, a line
# of JSON each, made in one process (by REST a stock RT makes two a second). Prints their
# numbers. Each is written by the person in "by"; all at once, or none; and no scrip mails
# anybody for what is long past.
use strict;
use warnings;
use lib '/usr/share/request-tracker5/lib', '/usr/local/share/request-tracker5/lib';
use JSON;
use RT;
RT::LoadConfig();
RT::Init();
{
    no warnings 'redefine';
    *RT::Scrips::Prepare = *RT::Scrips::Commit = sub { };
}

my $json = JSON->new->utf8;
my %people;

sub check {
    my ( $what, $ok, $message ) = @_;
    die "$what: " . ( $message // 'refused' ) . "\n" unless $ok;
    return $ok;
}

sub person { return $people{ $_[0] } //= RT::CurrentUser->new( $_[0] ) }

sub says {
    my ( $ticket, $how, $text ) = @_;
    my ($ok, $message) = $ticket->$how( Content => $text );
    check( $how, $ok, $message );
}

my @made;
$RT::Handle->BeginTransaction;
while ( my $line = <STDIN> ) {
    my $told = $json->decode($line);
    my ( $by, $notes, $status ) = delete @$told{qw(by notes Status)};
    my $type = delete $told->{ContentType};
    my $text = MIME::Entity->build(
        Type => $type, Charset => 'UTF-8', Data => [ Encode::encode( 'UTF-8', delete $told->{Content} ) ],
    );
    my $fields = delete $told->{CustomFields};
    for my $name ( keys %$fields ) {
        my $field = RT::CustomField->new( RT->SystemUser );
        check( $name, $field->LoadByName( Name => $name, LookupType => 'RT::Queue-RT::Ticket' ) );
        $told->{ 'CustomField-' . $field->id } = $fields->{$name};
    }
    my $ticket = RT::Ticket->new( person($by) );
    my ( $id, undef, $message ) = $ticket->Create( %$told, MIMEObj => $text );
    push @made, check( $told->{Subject}, $id, $message );
    says( $ticket, @$_ ) for @$notes;
    next if $ticket->Status eq $status;
    check( $status, $ticket->SetStatus($status) );
}
$RT::Handle->Commit;
print "MADE $_\n" for @made;
