#!/usr/bin/env bash
# Builds the API reference from the comments in the headers: build/docs/html/index.html
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$repository"

need_packages doxygen
mkdir -p build/docs
doxygen docs/Doxyfile
say "open build/docs/html/index.html"
