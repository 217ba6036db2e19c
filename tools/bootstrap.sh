#!/usr/bin/env bash
# First step of every `make` target: what the machine lacks, then .venv as uv.lock says.
#
#   tools/bootstrap.sh up      packages of the system, .venv without the development tools
#   tools/bootstrap.sh test    packages of the system, .venv with everything
#   tools/bootstrap.sh check   .venv with everything; no root, nothing of the system is touched
#
# Safe to repeat and to interrupt; when nothing is missing it takes 0.1 s. Ends with 0, or 2 (usage), 3 (failed), 5 (refused).
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly venv=.venv
readonly policy=/usr/sbin/policy-rc.d
readonly nginx_unit=/etc/systemd/system/nginx.service
readonly no_index="It needs the Python index: check the network (HTTPS_PROXY, PIP_INDEX_URL, UV_DEFAULT_INDEX), then run this again."
wrote_policy=no
package_lists=(tools/apt-packages.txt)

say() { printf 'bootstrap: %s\n' "$*" >&2; }

stop() {
  local code=$1
  shift
  say "$*"
  exit "$code"
}

clean_up() {
  if [[ $wrote_policy == yes ]]; then rm -f "$policy"; fi
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

refuse_wrong_machine() {
  local mode=$1
  [[ $(uname -sm) == "Linux x86_64" ]] || stop 5 "this is $(uname -sm); Boka runs on Linux x86_64."
  command -v apt-get dpkg-query > /dev/null ||
    stop 5 "no apt-get here; Boka installs its packages with apt. Use Debian 12 or newer, or Ubuntu 24.04."
  [[ $(id -u) == 0 ]] || stop 5 "this is user $(id -un); booting hosts needs root. Run: sudo make $mode"
}

declared_packages() { sed -E 's/#.*//; s/[[:space:]]+$//; /^$/d' "${package_lists[@]}"; }

missing_packages() {
  local installed
  # dpkg-query ends with 1 when it does not know a name; what it prints for the others is what counts.
  installed=$(dpkg-query --show --showformat='${db:Status-Abbrev} ${Package}\n' 2> /dev/null | sed -n 's/^.i  *//p') ||
    stop 3 "dpkg-query cannot read dpkg's database. Run: dpkg --audit"
  comm -23 <(declared_packages | sort -u) <(sort -u <<< "$installed")
}

# nginx brings a service that listens on all addresses. Boka runs its own instance, so where it was not installed before, the
# service must neither start now (policy-rc.d, for init scripts and where systemd does not run) nor at the next boot (mask).
keep_nginx_off() {
  if [[ ! -e $policy ]]; then
    wrote_policy=yes
    # shellcheck disable=SC2016  # $1 is the policy script's own
    printf '#!/bin/sh\n# Temporary, by Boka: see tools/bootstrap.sh\ncase "$1" in nginx*) exit 101 ;; esac\n' > "$policy"
    chmod 0755 "$policy"
  fi
  if [[ ! -e $nginx_unit && ! -L $nginx_unit ]]; then
    mkdir -p "${nginx_unit%/*}"
    ln -s /dev/null "$nginx_unit"
  fi
}

apt() { DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 apt-get -q -y -o DPkg::Lock::Timeout=600 "$@" >&2; }

install_packages() {
  local -a missing
  mapfile -t missing < <(missing_packages)
  ((${#missing[@]})) || return 0
  say "installing ${#missing[@]} packages: ${missing[*]} (a minute or so; waits up to 10 min if apt is busy; undo: apt-get remove)"
  case " ${missing[*]} " in *" nginx "*) keep_nginx_off ;; esac
  # The simulation needs no lock and no download: it fails where the lists are absent, as in a bare container.
  if apt-get -qq --simulate --no-install-recommends install "${missing[@]}" > /dev/null 2>&1 &&
    apt install --no-install-recommends "${missing[@]}"; then
    return 0
  fi
  say "apt's package lists are absent or old: refreshing them"
  apt update || stop 3 "apt-get update failed, see above. Repair apt's sources or the network, then run this again."
  apt install --no-install-recommends "${missing[@]}" ||
    stop 3 "apt-get install failed, see above. On Ubuntu enable universe (add-apt-repository universe), then run this again."
}

# Prints the first Python that fits; it must be able to make a virtual environment.
choose_python() {
  local candidate
  for candidate in "${PYTHON:-python3}" python3.13 python3.12 python3.11 /usr/bin/python3; do
    command -v "$candidate" > /dev/null || continue
    if "$candidate" -c 'import sys, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2> /dev/null; then
      command -v "$candidate"
      return 0
    fi
  done
  return 1
}

# What the environment was made from: the locks, the place (scripts in it name it) and how much of it.
wanted_stamp() { { printf '%s %s\n' "$1" "$PWD" && cat uv.lock pyproject.toml app/pyproject.toml tools/uv-requirements.txt; } | sha256sum; }

is_current() {
  local groups=$1
  [[ -x $venv/bin/python && -f $venv/.boka-$groups ]] && [[ $(< "$venv/.boka-$groups") == "$(wanted_stamp "$groups")" ]]
}

make_venv() {
  local python
  if [[ -x $venv/bin/python ]] && "$venv/bin/python" -c 'import pip' 2> /dev/null; then return 0; fi
  python=$(choose_python) ||
    stop 3 "no Python 3.11, 3.12 or 3.13 with venv on PATH. Install one (apt-get install python3-venv), or name it: PYTHON=/path/to/python3.11"
  say "making $venv with $python"
  "$python" -m venv --clear "$venv"
}

install_uv() {
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes \
    -r tools/uv-requirements.txt >&2
}

sync_venv() {
  local groups=$1
  local -a options
  # --inexact: what `make test` added before stays.
  if [[ $groups == run ]]; then options=(--no-dev --inexact); else options=(--all-groups); fi
  say "installing the Python packages of uv.lock into $venv (up to a minute)"
  install_uv || stop 3 "uv could not be installed, see above. $no_index"
  UV_PROJECT_ENVIRONMENT=$venv UV_PYTHON_DOWNLOADS=never \
    "$venv/bin/uv" sync --quiet --frozen --python "$venv/bin/python" "${options[@]}" >&2 ||
    stop 3 "the Python packages could not be installed, see above. $no_index"
  wanted_stamp "$groups" > "$venv/.boka-$groups"
}

prepare_venv() {
  local groups=$1
  if is_current everything || is_current "$groups"; then return 0; fi
  mkdir -p .cache
  exec 9> .cache/bootstrap.lock
  if ! flock --nonblock 9; then
    say "another run prepares $venv in this checkout; waiting for it"
    flock 9
    if is_current "$groups"; then return 0; fi
  fi
  make_venv
  rm -f "$venv"/.boka-*
  sync_venv "$groups"
}

main() {
  local mode=${1:-}
  case $mode in
    up | test)
      refuse_wrong_machine "$mode"
      if [[ $mode == test ]]; then package_lists+=(tools/apt-packages-test.txt); fi
      install_packages
      ;;
    check) ;;
    *) stop 2 "unknown mode '$mode'; it is up, test or check" ;;
  esac
  if [[ $mode == up ]]; then prepare_venv run; else prepare_venv everything; fi
}

main "$@"
