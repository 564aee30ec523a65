# Shared by the scripts of this folder; sourced, not run.

repository="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
export CMAKE_BUILD_PARALLEL_LEVEL="${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc 2>/dev/null || echo 2)}"
export CTEST_PARALLEL_LEVEL="${CTEST_PARALLEL_LEVEL:-$CMAKE_BUILD_PARALLEL_LEVEL}"

build_packages=(g++ cmake ninja-build libfmt-dev libopenblas-dev libhwy-dev nlohmann-json3-dev)
test_packages=(catch2)

say() { printf '\n== %s\n' "$*"; }

is_installed() {
  [[ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" == installed ]]
}

as_root() {
  if [[ $EUID -eq 0 ]]; then
    "$@"
  else
    sudo "$@"
  fi
}

# need_packages NAME...: installs the Debian packages that are missing. With all of them present it
# touches neither the network nor the package manager.
need_packages() {
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "This is no Debian or Ubuntu, so nothing is installed. gradus needs a C++20 compiler" \
      "(g++ 11 or clang 16), CMake 3.22, Ninja, fmt, OpenBLAS with cblas.h, Google Highway," \
      "nlohmann's JSON and, for its tests, Catch2. Debian's names: $*" >&2
    return
  fi
  local package missing=()
  for package in "$@"; do
    is_installed "$package" || missing+=("$package")
  done
  if [[ ${#missing[@]} -eq 0 ]]; then
    return
  fi
  say "installing ${missing[*]}"
  local install=(env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends)
  if ! as_root "${install[@]}" "${missing[@]}"; then
    say "trying again with fresh package lists"
    as_root apt-get update
    as_root "${install[@]}" "${missing[@]}"
  fi
}

# configure PRESET [CMAKE_OPTION...]
configure() {
  local preset="$1" launcher=()
  shift
  if command -v ccache >/dev/null; then
    launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  fi
  cmake --preset "$preset" "${launcher[@]}" "$@"
}
