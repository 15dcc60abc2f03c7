#!/usr/bin/env bash
# A stock Redmine 5 (Debian, SQLite, puma) on 127.0.0.1, seeded for the tests.
#
#   redmine.sh up|info|down|purge      prints KEY=VALUE
#
# Environment: SDSYNC_BOOT_HOME (data folder; default below the user's cache),
# REDMINE_PORT (default: a free one), REDMINE_THREADS (1). Mail goes to files in MAIL_DIR.
# With WEBHOOK_URL and WEBHOOK_SECRET it gets the plugin that we ship.
product=redmine
. "$(dirname "$(readlink -f "$0")")/lib.sh"
here=$(dirname "$(readlink -f "$0")")

info() {
    cat <<-FACTS
	PRODUCT=$product
	BASE_URL=http://127.0.0.1:$(cat "$home/port")
	VERSION=$(dpkg-query -W -f '${Version}' redmine)
	SDSYNC_LOGIN=sdsync
	SDSYNC_TOKEN=$(cat "$home/secret-sdsync")
	AGENT1_TOKEN=$(cat "$home/secret-agent1")
	AGENT2_TOKEN=$(cat "$home/secret-agent2")
	REPORTER_TOKEN=$(cat "$home/secret-reporter")
	ADMIN_LOGIN=admin
	ADMIN_PASSWORD=$(cat "$home/secret-password")
	ADMIN_TOKEN=$(cat "$home/secret-admin")
	MAIL_DIR=$home/mail
	DATA_DIR=$home
	PID=$(cut -d' ' -f1 "$home/web.pid" 2>/dev/null || true)
	FACTS
}

# The package finds its data below its own folder, which only root may write:
# so the program is copied (16 MB) and gets a data folder of its own.
configure() {
    local site=$home/app/instances/default
    if [ ! -d "$home/app" ]; then
        cp -r --no-dereference /usr/share/redmine "$home/app.new"
        rm -f "$home/app.new/instances" "$home/app.new/Gemfile.lock"
        chmod -R u+w "$home/app.new"
        mv "$home/app.new" "$home/app"
    fi
    mkdir -p "$home/mail" "$site"/{config,files,log,tmp/cache,tmp/pdf,public/plugin_assets}
    rm -f "$home/app/config/database.yml"
    cat >"$site/config/database.yml" <<-YAML
	production: {adapter: sqlite3, database: $home/redmine.db, encoding: utf8, timeout: 10000}
	YAML
    cp "$site/config/database.yml" "$home/app/config/database.yml"
    cat >"$home/app/config/configuration.yml" <<-YAML
	default:
	  email_delivery:
	    delivery_method: :file
	    file_settings:
	      location: $home/mail
	YAML
    cp "$home/app/config/configuration.yml" "$site/config/configuration.yml"
    secret session 64 >"$site/config/secret_key.txt"
    if [ -n "${WEBHOOK_URL:-}" ]; then  # the plugin that we ship
        mkdir -p "$home/app/plugins/sdsync_bell"
        sed -e "s|URI('.*')|URI('$WEBHOOK_URL')|" -e "s|SECRET = '.*'|SECRET = '$WEBHOOK_SECRET'|" \
            "$here/../../../sdsync/connectors/redmine/webhook_plugin.rb" >"$home/app/plugins/sdsync_bell/init.rb"
    fi
    printf 'eval_gemfile "%s/app/Gemfile"\ngem "puma"\n' "$home" >"$home/Gemfile"
    export BUNDLE_GEMFILE=$home/Gemfile RAILS_ENV=production REDMINE_LANG=en SCHEMA=$home/schema.rb
    export LANG=C.UTF-8 BUNDLE_SILENCE_ROOT_WARNING=1 BUNDLE_APP_CONFIG=$home/bundle HOME_PORT=$port
    unset REDMINE_INSTANCE X_DEBIAN_SITEID
    [ -s "$home/Gemfile.lock" ] || bundle install --local >"$home/bundle.log" 2>&1 ||
        { tail -n 20 "$home/bundle.log" >&2; exit 1; }
}

seed() {
    [ ! -f "$home/ready" ] || return 0
    say "making the database"
    rm -f "$home/redmine.db"
    for name in admin sdsync agent1 agent2 reporter; do secret "$name" 40 >/dev/null; done
    secret password >/dev/null
    # Two processes: the default data does not see the columns of a fresh migration.
    (
        cd "$home/app"
        bundle exec rake db:migrate && bundle exec rake redmine:load_default_data
    ) >"$home/migrate.log" 2>&1 || { tail -n 20 "$home/migrate.log" >&2; exit 1; }
    (cd "$home/app" && BOOT_HOME=$home bundle exec bin/rails runner "$here/redmine_seed.rb") \
        >"$home/seed.log" 2>&1 || { tail -n 20 "$home/seed.log" >&2; exit 1; }
    touch "$home/ready"
}

# Ruby has a bundler of its own. Where an update made it newer than Debian's it is the one that is
# started, and takes Debian's gems, which have no folder, for missing: the package itself, which
# calls it when it is installed, fails then.
debians_bundler() {
    need ruby-bundler
    BUNDLER_VERSION=$(dpkg-query -W -f '${Version}' ruby-bundler | cut -d- -f1)
    export BUNDLER_VERSION
}

up() {
    debians_bundler
    need redmine redmine-sqlite ruby-sqlite3 puma curl
    choose_port "${REDMINE_PORT:-}"
    configure
    seed
    if ! alive "$home/web.pid"; then
        (
            cd "$home/app"
            # One thread: whoever waits for SQLite's lock keeps all others of the process from
            # running, also the one that has it, and both fail after the database's timeout.
            setsid bundle exec puma -e production -b "tcp://127.0.0.1:$port" \
                -t "1:${REDMINE_THREADS:-1}" config.ru >"$home/web.log" 2>&1 </dev/null 9>&- &
            note_pid "$home/web.pid" $!
        )
    fi
    wait_for "http://127.0.0.1:$port/users/current.json" "X-Redmine-API-Key: $(cat "$home/secret-sdsync")" \
        "$home/web.pid" "$home/web.log"
    info
}

down() { stop "$home/web.pid"; }

main "$@"
