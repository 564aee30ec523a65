#!/usr/bin/env bash
# Builds and runs the programs of examples/papers, as many at once as there are processors, and
# prints what each paper reports beside what was found here.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$repository"

usage() {
  echo "usage: tools/papers.sh [--quick] [--seed N] [--pictures FOLDER]"
  echo "  --quick            a few seconds each: too short for what is said of training"
  echo "  --seed N           of the initial weights and the data (default 1)"
  echo "  --pictures FOLDER  where to write the figures (default build/papers)"
}

logs=build/papers
pictures="$logs"
arguments=()
while (($# > 0)); do
  case "$1" in
    --quick) arguments+=("$1") ;;
    --seed | --pictures)
      if (($# < 2)); then
        usage >&2
        exit 2
      fi
      if [[ "$1" == --seed ]]; then arguments+=("$1" "$2"); else pictures="$2"; fi
      shift
      ;;
    --help)
      usage
      exit
      ;;
    *)
      usage >&2
      exit 2
      ;;
  esac
  shift
done

need_packages "${build_packages[@]}"
# The longest first, so that none is left running alone.
papers=(glorot_bengio_2010 pascanu_2013 ioffe_szegedy_2015 he_2015 he_2016 saxe_2014 klambauer_2017)
say "building"
configure release -DGRADUS_BUILD_TESTS=OFF -DGRADUS_BUILD_EXAMPLES=ON
cmake --build --preset release --target "${papers[@]/#/paper_}"

say "running; full output: $logs/*.txt"
mkdir -p "$logs" "$pictures"
start=$SECONDS
run_one() {
  local paper="$1" log="$2"
  shift 2
  "build/release/examples/papers/$paper" "$@" >"$log/$paper.txt" 2>&1 ||
    echo "$paper failed: see $log/$paper.txt"
}
export -f run_one
failures="$(printf '%s\n' "${papers[@]}" |
  xargs -P "$CMAKE_BUILD_PARALLEL_LEVEL" -I '{}' \
    bash -c 'run_one "$@"' run_one '{}' "$logs" --pictures "$pictures" "${arguments[@]}")"

for paper in "${papers[@]}"; do
  say "$paper"
  sed -n '/^claim /,/claims hold$/p' "$logs/$paper.txt"
done
say "summary, $((SECONDS - start)) s"
cd "$logs"
awk '/ of [0-9]+ claims hold$/ { held += $1; all += $3 }
  END { printf "%d of %d claims hold\n", held, all }' "${papers[@]/%/.txt}"
if [[ -n "$failures" ]]; then
  echo "$failures" >&2
  exit 1
fi
