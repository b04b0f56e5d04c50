#!/usr/bin/env bash
# Prints the directory of PostgreSQL's programs. Where they are not installed: installs Debian's package as root,
# and as anyone else unpacks it below node_modules/.cache. Writes what it does to stderr.
set -euo pipefail
cache="$(cd "$(dirname "$0")/../../.." && pwd)/node_modules/.cache/postgresql"

programs() {
  local found
  for found in /usr/lib/postgresql/*/bin "$cache"/usr/lib/postgresql/*/bin; do
    [[ -x $found/postgres && -x $found/initdb ]] && candidates+=("$found")
  done
  if found=$(command -v initdb) && [[ -x $(dirname "$found")/postgres ]]; then
    candidates+=("$(dirname "$found")")
  fi
}

fail() {
  echo "PostgreSQL is needed for the tests of the origin's sources, and could not be installed: $1." >&2
  echo "Install it by hand: apt-get install postgresql (or put the directory of initdb and postgres on PATH)." >&2
  exit 1
}

# What apt would install, as it would: PostgreSQL and those of its libraries that are not there.
unpack() {
  local packages
  mkdir -p "$cache/packages"
  cd "$cache/packages"
  packages=$(apt-get -s --no-install-recommends install postgresql | awk '/^Inst/ { print $2 }')
  [[ -n $packages ]] || fail "apt knows no package postgresql (apt-get update may help)"
  # shellcheck disable=SC2086
  apt-get download -q $packages >&2 || fail "apt-get download does not work"
  for package in ./*.deb; do dpkg -x "$package" "$cache"; done
}

# Two test files may ask at once.
mkdir -p "$cache"
exec 9> "$cache/lock"
flock 9

candidates=()
programs
if ((${#candidates[@]} == 0)); then
  command -v apt-get > /dev/null || fail "this system has no apt-get"
  echo "installing PostgreSQL for the tests" >&2
  if ((EUID == 0)); then
    # The tests have a server of their own: none is to be started for the system.
    mkdir -p /etc/postgresql-common
    [[ -e /etc/postgresql-common/createcluster.conf ]] ||
      echo "create_main_cluster = false" > /etc/postgresql-common/createcluster.conf
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -q >&2 || fail "apt-get update does not work"
    apt-get install -q -y -o Dpkg::Options::=--force-confold --no-install-recommends postgresql >&2 || fail "apt-get install does not work"
  else
    unpack
  fi
  programs
  ((${#candidates[@]} > 0)) || fail "the package has no postgres and initdb"
fi
echo "${candidates[0]}"
