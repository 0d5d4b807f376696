#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The documentation as a site of mkdocs: all links lead somewhere, pictures are those of their sources, manual pages are in it.
cd "$(dirname "$0")/../.." || exit
. tests/guest/lib.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

check "the site can be built without a warning" mkdocs build --strict --quiet --site-dir "$work/site"
check_equal "it has each manual page" "$(cd docs/man && printf '%s\n' ./*)" \
    "$(cd "$work/site/man" && printf '%s\n' ./* | sed 's/\.html$//')"
check "with its text" grep -q "core/user_" "$work/site/man/tcmu-export.8.html"
check_equal "nothing of it is loaded from elsewhere" "" "$(grep -rhoE '(src|<link [^>]*href)="(https?:)?//[^"]*' "$work/site" --include='*.html')"
check "the pictures are up to date" docs/pictures/draw --check
check_equal "a LUN's life is drawn as it is" \
    "$(sed -nE 's/^ *LunTransition\{LunState::(\w+), LunEvent::(\w+), LunState::(\w+)\}.*/\1 \2 \3/p' handler/daemon/lun_life.hpp | sort)" \
    "$(sed -nE 's/^ *(\w+) -> (\w+) \[label="(\w+)".*/\1 \3 \2/p' docs/pictures/life-of-a-lun.dot | sort)"
finish
