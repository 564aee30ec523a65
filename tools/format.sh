#!/usr/bin/env bash
# Formats every C++ and JavaScript file; with --check it changes nothing and fails where something would change.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$repository"

mode=(-i)
case "${1:-}" in
  "") ;;
  --check) mode=(--dry-run --Werror) ;;
  *)
    echo "usage: tools/format.sh [--check]" >&2
    exit 2
    ;;
esac
command -v clang-format >/dev/null || need_packages clang-format
git ls-files -z --cached --others --exclude-standard -- '*.h' '*.cpp' '*.js' |
  xargs -0 clang-format "${mode[@]}"
