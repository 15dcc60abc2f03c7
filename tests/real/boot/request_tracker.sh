#!/usr/bin/env bash
# A stock Request Tracker 5 (Debian, SQLite) on 127.0.0.1, seeded for the tests.
#
#   request_tracker.sh up|info|down|purge      prints KEY=VALUE
#
# Environment: SDSYNC_BOOT_HOME (data folder; default below the user's cache),
# RT_PORT (default: a free one), RT_WORKERS (2), WEBHOOK_URL and WEBHOOK_SECRET (at
# the first "up": the scrip that rings there). Mail goes to files in MAIL_DIR.
product=request_tracker
. "$(dirname "$(readlink -f "$0")")/lib.sh"
here=$(dirname "$(readlink -f "$0")")

info() {
    cat <<-FACTS
	PRODUCT=$product
	BASE_URL=http://127.0.0.1:$(cat "$home/port")
	VERSION=$(dpkg-query -W -f '${Version}' request-tracker5)
	SDSYNC_LOGIN=sdsync
	SDSYNC_TOKEN=$(cat "$home/token-sdsync")
	AGENT1_TOKEN=$(cat "$home/token-agent1")
	AGENT2_TOKEN=$(cat "$home/token-agent2")
	ADMIN_LOGIN=root
	ADMIN_PASSWORD=$(cat "$home/secret-admin")
	ADMIN_TOKEN=$(cat "$home/token-root")
	MAIL_DIR=$home/mail
	DATA_DIR=$home
	PID=$(cut -d' ' -f1 "$home/web.pid" 2>/dev/null || true)
	FACTS
}

configure() {
    mkdir -p "$home"/{conf.d,log,mail,cache/mason,cache/session,local}
    cat >"$home/RT_SiteConfig.pm" <<-CONFIG
	Set(\$rtname, 'desk.example.org'); Set(\$Organization, 'desk.example.org');
	Set(\$Timezone, 'UTC'); Set(\$WebDomain, '127.0.0.1'); Set(\$WebPort, $port);
	Set(\$DatabaseType, 'SQLite'); Set(\$DatabaseName, '$home/rtdb'); Set(\$DatabaseHost, '');
	Set(\$DatabaseUser, ''); Set(\$DatabasePassword, '');
	Set(\$LogToSyslog, undef); Set(\$LogToSTDERR, 'warning'); Set(\$LogToFile, undef);
	Set(\$LogDir, '$home/log'); Set(\$MailCommand, 'testfile');
	Set(\$MasonDataDir, '$home/cache/mason'); Set(\$MasonSessionDir, '$home/cache/session');
	Set(\$MasonLocalComponentRoot, '$home/local'); Set(\$WebSecureCookies, 0);
	# Beside the stock lifecycle one as sites have them: only what was opened may wait.
	Set(%Lifecycles, 'opened first' => {
	    initial => ['new'], active => ['open', 'stalled'],
	    inactive => ['resolved', 'rejected', 'deleted'], defaults => {on_create => 'new'},
	    transitions => {
	        '' => ['new', 'open'], new => ['open', 'rejected', 'deleted'],
	        open => ['stalled', 'resolved', 'rejected', 'deleted'],
	        stalled => ['open'], resolved => ['open'], rejected => ['open'], deleted => ['open'],
	    },
	    rights => {'* -> *' => 'ModifyTicket'},
	});
	1;
	CONFIG
    export RT_SITE_CONFIG=$home/RT_SiteConfig.pm RT_SITE_CONFIG_DIR=$home/conf.d
}

seed() {
    [ ! -f "$home/ready" ] || return 0
    say "making the database"
    rm -f "$home/rtdb"
    /usr/sbin/rt-setup-database --action init --skip-create </dev/null >"$home/init.log" 2>&1 ||
        { tail -n 20 "$home/init.log" >&2; exit 1; }
    secret admin >/dev/null
    export WEBHOOK_SCRIP=$here/../../../sdsync/connectors/request_tracker/webhook_scrip.pl
    BOOT_HOME=$home perl "$here/request_tracker_seed.pl" >"$home/seed.log" 2>&1 ||
        { cat "$home/seed.log" >&2; exit 1; }
    touch "$home/ready"
}

up() {
    need request-tracker5 rt5-db-sqlite starman libdbd-sqlite3-perl curl
    choose_port "${RT_PORT:-}"
    configure
    seed
    if ! alive "$home/web.pid"; then
        # "testfile" writes its mail to the working folder.
        (
            cd "$home/mail"
            TMPDIR=$home/mail setsid starman --listen "127.0.0.1:$port" --workers "${RT_WORKERS:-2}" \
                /usr/share/request-tracker5/libexec/rt-server >"$home/web.log" 2>&1 </dev/null 9>&- &
            note_pid "$home/web.pid" $!
        )
    fi
    wait_for "http://127.0.0.1:$port/REST/2.0/rt" "Authorization: token $(cat "$home/token-sdsync")" \
        "$home/web.pid" "$home/web.log"
    info
}

down() { stop "$home/web.pid" QUIT; }

main "$@"
