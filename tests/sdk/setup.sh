# shellcheck shell=bash
# Sourced by the programs under tests/ that need the Python packages of requirements.txt: finds a Python, installs
# once into this folder, and builds the binary under test. `fail` names the program that sourced it.

sdk=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$sdk/../.." && pwd)

fail() {
  printf '%s: %s\n' "$program" "$1" >&2
  exit 1
}

find_python() {
  local candidate
  for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
    if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      python=$candidate
      return 0
    fi
  done
  return 1
}

# Runs the installation in $2.. unless the stamp says that the files listed in $1 have not changed since.
install_once() {
  local stamp=$1 pins=$2 sum
  shift 2
  # shellcheck disable=SC2086
  sum=$(cd "$sdk" && cat $pins | cksum)
  if [ "$(cat "$stamp" 2>/dev/null)" != "$sum" ]; then
    "$@"
    printf '%s\n' "$sum" >"$stamp"
  fi
}

install_python() {
  rm -rf "$sdk/.venv"
  "$python" -m venv "$sdk/.venv"
  "$sdk/.venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$sdk/requirements.txt"
}

build() {
  if [ -n "${BEDROCK_GATEWAY_BIN:-}" ]; then
    [ -x "$BEDROCK_GATEWAY_BIN" ] || fail "BEDROCK_GATEWAY_BIN is no program: $BEDROCK_GATEWAY_BIN"
    BEDROCK_GATEWAY_BIN=$(cd "$(dirname "$BEDROCK_GATEWAY_BIN")" && pwd)/$(basename "$BEDROCK_GATEWAY_BIN")
  else
    BEDROCK_GATEWAY_BIN=$(cd "$root" && cargo build --locked --bin bedrock-gateway --message-format=json-render-diagnostics |
      sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | tail -n 1)
    [ -x "$BEDROCK_GATEWAY_BIN" ] || fail "cargo built no binary"
  fi
  export BEDROCK_GATEWAY_BIN
}
