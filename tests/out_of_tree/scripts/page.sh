#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# page.sh PAGE FOLDER: does what a page of the documentation shows.  Blocks are taken in their order: `sh` is run (`sh fails`: and must
# fail), every line of a `text` must be in what the commands of the block before printed, and a `diff` is applied.
set -uo pipefail
page=$1 folder=$2
mkdir -p "$folder" && cd "$folder" || exit 1
export HOME=$folder/home
mkdir -p "$HOME"
awk '/^```(sh|sh fails|text|diff)$/ { n++; kind = substr($0, 4); gsub(/ /, "-", kind); file = sprintf("block-%02d.%s", n, kind); print file; next }
     /^```/ { file = ""; next }
     file != "" { print > file }' "$page" >blocks
fail() {
  printf '%s\n' "$*"
  exit 1
}
blocks=$PWD where=$PWD output=""
[[ $(grep -c 'sh' blocks) -gt 3 ]] || fail "$page has no commands"
while read -r block; do
  case $block in
    *.sh | *.sh-fails)
      code=0
      # The commands stay in the folder that the block before went into.
      output=$(cd "$where" && bash -euo pipefail -c "$(cat "$blocks/$block"); pwd >'$blocks/where'" 2>&1 </dev/null) || code=$?
      [[ $block == *.sh && $code != 0 ]] && fail "$block failed ($code):"$'\n'"$(cat "$blocks/$block")"$'\n'"$output"
      [[ $block == *.sh-fails && $code == 0 ]] && fail "$block must fail:"$'\n'"$output"
      [[ $code == 0 ]] && where=$(cat "$blocks/where")
      ;;
    *.text)
      while IFS= read -r line; do
        [[ $output == *"$line"* ]] || fail "the page shows"$'\n'"$line"$'\n'"which is not in"$'\n'"$output"
      done <"$blocks/$block"
      ;;
    *.diff) (cd "$where" && patch -p0) <"$blocks/$block" || fail "$block cannot be applied" ;;
  esac
done <blocks
