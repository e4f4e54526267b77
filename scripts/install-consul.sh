#!/usr/bin/env bash
# Prints the path of a consul binary on standard output; where none can be had, says why on standard error and exits 1.
#
# Looks at CONSUL_BIN, the PATH and the cache first. Otherwise it fetches Debian's own package (consul 1.8.7, from the
# older release bullseye) from the mirror that this machine already uses, with a package list in a folder of its own,
# and unpacks it without installing: neither the system's sources nor its packages change.
set -euo pipefail

cache="${XDG_CACHE_HOME:-$HOME/.cache}/turnpike/consul"
binary="$cache/usr/bin/consul"

give_up() {
  echo "consul can't be had: $1" >&2
  exit 1
}

works() { [ -n "$1" ] && "$1" version >/dev/null 2>&1; }

for candidate in "${CONSUL_BIN:-}" "$(command -v consul || true)" "$binary"; do
  if works "$candidate"; then
    echo "$candidate"
    exit 0
  fi
done

command -v apt-get >/dev/null || give_up "no apt-get here; install Consul and set CONSUL_BIN"
command -v dpkg >/dev/null || give_up "no dpkg here; install Consul and set CONSUL_BIN"

# The mirror of this machine's Debian suite, in the one-line or in the deb822 form; security archives hold no consul.
mirror="$(
  {
    sed -nE 's/^deb +(\[[^]]*\] +)?([^ ]+) +.*/\2/p' /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null
    sed -nE 's/^URIs: *([^ ]+).*/\1/p' /etc/apt/sources.list.d/*.sources 2>/dev/null
  } | grep -E '/debian/?$' | head -n 1 || true
)"
[ -n "$mirror" ] || give_up "no Debian mirror in the apt sources"

keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -r "$keyring" ] || give_up "no $keyring to verify the package list with"

mkdir -p "$cache"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/archives/partial"
chmod -R a+rx "$work" # apt drops to the user _apt
echo "deb [signed-by=$keyring] $mirror bullseye main" >"$work/sources.list"

apt_options=(
  -o "Dir::Etc::sourcelist=$work/sources.list"
  -o Dir::Etc::sourceparts=-
  -o "Dir::State::lists=$work/lists"
  -o "Dir::Cache::archives=$work/archives"
  -o Dir::Cache::pkgcache=
  -o Dir::Cache::srcpkgcache=
  -o Acquire::Languages=none
  -o Acquire::Retries=2
  -o Acquire::http::Timeout=30
  -o APT::Sandbox::User=root
)
apt-get "${apt_options[@]}" update >"$work/log" 2>&1 || give_up "the package list of bullseye does not load: $(tail -n 1 "$work/log")"
(cd "$work" && apt-get "${apt_options[@]}" download consul >"$work/log" 2>&1) ||
  give_up "the package does not download: $(tail -n 1 "$work/log")"
dpkg -x "$work"/consul_*.deb "$cache" || give_up "the package does not unpack"
works "$binary" || give_up "the unpacked binary does not run on this machine"
echo "$binary"
