# What people at a desk do while sdsync watches: edits of standard input, a line of JSON each
# ([person, ticket, deed, value]), in one process, each on its own. Deeds are RT's own words:
# Comment, Correspond, or a field to set. No scrip mails anybody for them: what is mailed
# from then on is mailed for what sdsync does.
use strict;
use warnings;
use lib '/usr/share/request-tracker5/lib', '/usr/local/share/request-tracker5/lib';
use JSON;
use RT;
RT::LoadConfig();
RT::Init();
{
    no warnings qw(redefine once);
    *RT::Scrips::Prepare = *RT::Scrips::Commit = sub { };
}

my $json = JSON->new->utf8;
while ( my $line = <STDIN> ) {
    my ( $by, $number, $deed, $value ) = @{ $json->decode($line) };
    my $ticket = RT::Ticket->new( RT::CurrentUser->new($by) );
    $ticket->Load($number) or die "no ticket $number\n";
    my $said = $deed eq 'Comment' || $deed eq 'Correspond';
    my $how = $said ? $deed : "Set$deed";
    next if $deed eq 'Status' && $ticket->Status eq $value;  # RT takes it for a transition
    my ( $ok, $message ) = $ticket->$how( $said ? ( Content => $value ) : $value );
    die "$number $deed $value: $message\n" unless $ok || $message =~ /already/;
}
