# A scrip of Request Tracker that rings sdsync's bell: with it a change is seen
# at once and not by the next poll. Nothing is lost without it.
#
# Admin > Scrips > Create: condition "On Transaction", action "User Defined",
# template "Blank", stage "Normal". This file is the "Custom action commit code";
# "Custom action preparation code" is: return 1;
#
# The secret is the one that `webhook = "env:…"` names in sdsync.toml. The body
# says only which ticket changed: sdsync reads the rest with its own account.
my $url    = 'https://sdsync.example.org/hooks/desk';
my $secret = 'the secret';

require Digest::SHA;
require JSON;
require LWP::UserAgent;
my @now  = gmtime;
# "once": two changes within a second must not look like one message that came twice.
my $body = JSON::encode_json( {
    kind => 'ticket',
    id   => '' . $self->TicketObj->id,
    once => join( '', map { sprintf '%04x', rand 65536 } 1 .. 4 ),
    at   => sprintf( '%04d-%02d-%02dT%02d:%02d:%02dZ', $now[5] + 1900, $now[4] + 1, @now[ 3, 2, 1, 0 ] ),
} );
# Two seconds, no repeat: whoever saves a ticket waits for this.
LWP::UserAgent->new( timeout => 2 )->post(
    $url,
    'Content-Type'        => 'application/json',
    'X-Hub-Signature-256' => 'sha256=' . Digest::SHA::hmac_sha256_hex( $body, $secret ),
    Content               => $body,
);
return 1;
