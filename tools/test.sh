#!/usr/bin/env bash
# Installs what is missing, builds and runs the tests. Arguments go to ctest: tools/test.sh -R conv
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$repository"

need_packages "${build_packages[@]}" "${test_packages[@]}"
say "building"
configure release -DGRADUS_BUILD_TESTS=ON -DGRADUS_BUILD_EXAMPLES=ON
cmake --build --preset release
say "testing"
ctest --preset release "$@"
