# Shared by the boot scripts of this folder; sourced, never run.
# Exit 77 says: the product is not on this machine and may not be installed here.
set -euo pipefail
umask 077

cache=${SDSYNC_BOOT_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/sdsync/boot}
home=$cache/$product

say() { printf '%s: %s\n' "$product" "$*" >&2; }

# The Debian packages that are missing, one per line.
missing() {
    local package
    for package in "$@"; do
        dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || echo "$package"
    done
}

# need PACKAGE…: install what is missing, without starting any service.
need() {
    local lacking policy=/usr/sbin/policy-rc.d own_policy=
    mapfile -t lacking < <(missing "$@")
    [ ${#lacking[@]} -eq 0 ] && return
    if ! command -v apt-get >/dev/null || [ "$(id -u)" -ne 0 ]; then
        say "missing: ${lacking[*]}. Install them, or run this as root on Debian."
        exit 77
    fi
    say "installing ${lacking[*]}"
    # The packages would set up a database and start a service of their own.
    debconf-set-selections <<-'ANSWERS'
	request-tracker5 request-tracker5/dbconfig-install boolean false
	request-tracker5 request-tracker5/install-cronjobs boolean false
	redmine redmine/instances/default/dbconfig-install boolean false
	ANSWERS
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
        own_policy=yes
    fi
    export DEBIAN_FRONTEND=noninteractive
    local log=$home/install.log status=0
    mkdir -p "$home"
    {
        apt-get -o DPkg::Lock::Timeout=600 update -q &&
            apt-get -o DPkg::Lock::Timeout=600 install -y -q --no-install-recommends "${lacking[@]}"
    } >"$log" 2>&1 </dev/null || status=$?
    [ -z "$own_policy" ] || rm -f "$policy"
    [ "$status" -eq 0 ] || { tail -n 20 "$log" >&2; say "the packages could not be installed"; exit 77; }
}

free_port() { python3 -c 'import socket; s=socket.socket(); s.bind(("127.0.0.1",0)); print(s.getsockname()[1])'; }

# The port of this data folder: asked for, else the one used before, else a free one.
choose_port() {
    if [ -n "${1:-}" ]; then echo "$1" >"$home/port"; fi
    [ -s "$home/port" ] || free_port >"$home/port"
    port=$(cat "$home/port")
}

secret() { # secret NAME [LENGTH]: made once, kept in the data folder
    [ -s "$home/secret-$1" ] || head -c 64 /dev/urandom | sha256sum | cut -c1-"${2:-24}" >"$home/secret-$1"
    cat "$home/secret-$1"
}

# A pid file holds "PID START", so that a recycled pid is never taken for ours.
# The name in "stat" may hold spaces (starman writes its arguments there): cut it off.
started_at() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20 || true; }
note_pid() { printf '%s %s\n' "$2" "$(started_at "$2")" >"$1"; }
alive() {
    local pid start
    [ -s "$1" ] || return 1
    read -r pid start <"$1"
    [ -n "$start" ] && [ "$(started_at "$pid")" = "$start" ]
}
stop() {
    local pid start
    if alive "$1"; then
        read -r pid start <"$1"
        kill -"${2:-TERM}" "$pid" 2>/dev/null || true
        for _ in $(seq 100); do alive "$1" || break; sleep 0.1; done
        if alive "$1"; then kill -KILL -- "-$pid" 2>/dev/null || kill -KILL "$pid"; fi
    fi
    rm -f "$1"
}

# wait_for URL HEADER PIDFILE LOG: until the product answers 200.
wait_for() {
    for _ in $(seq 300); do
        curl -sf -m 20 -o /dev/null -H "$2" "$1" && return
        alive "$3" || break
        sleep 0.3
    done
    say "did not answer; the end of $4:"
    tail -n 20 "$4" >&2
    exit 1
}

# exclusively COMMAND…: two runs on one data folder wait for each other.
exclusively() {
    mkdir -p "$home"
    exec 9>"$home.lock"
    flock -w 600 9
    "$@"
}

main() {
    case ${1:-} in
        up) exclusively up ;;
        info) info ;;
        down) exclusively down; echo "DOWN=$product" ;;
        purge) exclusively down; rm -rf "$home" "$home.lock"; echo "PURGED=$product" ;;
        *) echo "usage: $0 up|info|down|purge" >&2; exit 2 ;;
    esac
}
