#!/usr/bin/env bash
# Installs what is missing, builds, and times gradus beside libtorch and hand-written code.
#   --quick             few rounds: a look, not figures
#   --filter TEXT,...   only workloads whose name contains a TEXT
#   --threads N,...     default: 1 and all cores
#   --no-peer           without libtorch; it is neither installed nor run
# The figures go to build/bench/results.json.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$repository"

peer_packages=(libtorch-dev libopenblas0-openmp)
for argument in "$@"; do
  if [[ "$argument" == --no-peer ]]; then peer_packages=(); fi
done
need_packages "${build_packages[@]}" python3 "${peer_packages[@]}"
say "building"
configure release -DGRADUS_BUILD_BENCH=ON
cmake --build --preset release --target bench
exec python3 bench/compare.py --build build/release/bench --output build/bench/results.json "$@"
