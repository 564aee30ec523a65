#!/usr/bin/env bash
# Installs what is missing, builds, and trains the 20-layer networks of examples/digits.cpp.
# Arguments go to the program: tools/demo.sh --help
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$repository"

need_packages "${build_packages[@]}"
say "building"
configure release -DGRADUS_BUILD_TESTS=OFF -DGRADUS_BUILD_EXAMPLES=ON
cmake --build --preset release --target example_digits
exec build/release/examples/digits --report build/digits.html "$@"
